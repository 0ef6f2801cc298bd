"""What a code is good for."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def few_label_accuracy(
    codes: ArrayLike,
    labels: ArrayLike,
    test_codes: ArrayLike,
    test_labels: ArrayLike,
    *,
    per_class: int = 10,
    repeats: int = 10,
) -> float:
    """Test accuracy of a linear classifier that learns from a few labelled examples of each class.

    The mean over random choices of these examples; with or without standardised features, whichever serves better on
    other training examples.

    Parameters
    ----------
    codes, test_codes : arrays of shape (m, d) and (n, d), or images, which are flattened
    labels, test_labels : arrays of shape (m,) and (n,)
    per_class : labelled examples of each class
    repeats : how often to choose them

    Returns
    -------
    accuracy : in 0..1

    Raises
    ------
    ValueError
        If a class has fewer than `per_class` examples.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    codes, test_codes = (np.asarray(c).reshape(len(c), -1) for c in (codes, test_codes))
    labels = np.asarray(labels)
    classes, counts = np.unique(labels, return_counts=True)
    if counts.min() < per_class:
        raise ValueError(f"each class needs at least {per_class} examples, class {classes[counts.argmin()]} has fewer.")
    plain = LogisticRegression(max_iter=2000)
    models = (plain, make_pipeline(StandardScaler(), plain))
    held_out, scores = np.zeros((repeats, 2)), np.zeros((repeats, 2))
    with threadpool_limits(1):  # so few examples are fitted many times faster without threads
        for seed in range(repeats):
            rng = np.random.default_rng(seed)
            rows = np.concatenate([rng.choice(np.flatnonzero(labels == c), per_class, replace=False) for c in classes])
            rest = np.setdiff1d(np.arange(len(labels)), rows)[:500]
            for i, model in enumerate(models):
                model.fit(codes[rows], labels[rows])
                held_out[seed, i] = model.score(codes[rest], labels[rest]) if len(rest) else 0
                scores[seed, i] = model.score(test_codes, test_labels)
    return float(scores.mean(axis=0)[held_out.mean(axis=0).argmax()])


def keep_strongest(codes: ArrayLike, k: int) -> NDArray:
    """Keep each code's k largest entries in their places, and set the others to 0.

    Parameters
    ----------
    codes : array of shape (m, units)
    k : integer in 1..units

    Returns
    -------
    kept : array of shape (m, units)

    Raises
    ------
    ValueError
        If k is out of range.

    References
    ----------
    A. Makhzani, B. Frey (2013), k-Sparse autoencoders.
    """
    codes = np.asarray(codes)
    if codes.ndim != 2 or not 1 <= k <= codes.shape[1]:
        raise ValueError(
            f"codes must have the shape (m, units) and k lie in 1..units, got {codes.shape} and k = {k!r}."
        )
    columns = np.argpartition(codes, -k, axis=1)[:, -k:]
    kept = np.zeros_like(codes)
    np.put_along_axis(kept, columns, np.take_along_axis(codes, columns, axis=1), axis=1)
    return kept
