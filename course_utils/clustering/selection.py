"""How many clusters? The elbow of the WCSS curve, the tendency to cluster at all, and the purity of a result."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics.cluster import contingency_matrix
from sklearn.neighbors import NearestNeighbors
from sklearn.utils import check_array


def elbow_gaps(ks: ArrayLike, inertias: ArrayLike) -> NDArray[np.floating]:
    """How far the WCSS curve hangs below the straight line between its ends, at every k.

    Both axes are first scaled to 0..1, as in Kneedle (Satopaa et al. 2011).

    Parameters
    ----------
    ks : array of shape (n,), rising numbers of clusters, n >= 3
    inertias : array of shape (n,), WCSS for each, falling overall

    Returns
    -------
    gaps : array of shape (n,), 0 at both ends; 0 everywhere for a straight line, near 1 for a sharp corner

    Raises
    ------
    ValueError
        If there are fewer than three values, they are not finite, ks do not rise, or the curve does not fall.
    """
    ks, inertias = np.asarray(ks, dtype=float), np.asarray(inertias, dtype=float)
    if ks.ndim != 1 or ks.shape != inertias.shape or len(ks) < 3:
        raise ValueError(
            f"ks and inertias must be two lists of the same length >= 3, got shapes {ks.shape} and {inertias.shape}."
        )
    if not (np.isfinite(ks).all() and np.isfinite(inertias).all()):
        raise ValueError("ks and inertias must be finite numbers, got nan or infinity.")
    if (np.diff(ks) <= 0).any():
        raise ValueError(f"ks must rise from value to value, got {ks.tolist()}.")
    if inertias[-1] >= inertias[0]:
        raise ValueError(
            f"the WCSS must fall from the first k to the last, got {inertias[0]:g} at k = {ks[0]:g} "
            f"and {inertias[-1]:g} at k = {ks[-1]:g}."
        )
    across = (ks - ks[0]) / (ks[-1] - ks[0])
    height = (inertias - inertias[-1]) / (inertias[0] - inertias[-1])
    return (1 - across) - height


def find_elbow(ks: ArrayLike, inertias: ArrayLike) -> int:
    """The k at which the WCSS curve bends most: where it hangs farthest below the line between its ends.

    A largest gap always exists, so a k is always returned: look at the curve, and at `elbow_gaps`, before you
    believe it.

    Parameters
    ----------
    ks : array of shape (n,), rising numbers of clusters, n >= 3
    inertias : array of shape (n,), WCSS for each

    Returns
    -------
    k : int, one of ks; the smaller one of two equal gaps

    Raises
    ------
    ValueError
        As `elbow_gaps`.

    References
    ----------
    V. Satopaa, J. Albrecht, D. Irwin, B. Raghavan (2011), Finding a "kneedle" in a haystack, ICDCS workshops.
    """
    return int(np.asarray(ks)[elbow_gaps(ks, inertias).argmax()])


def hopkins(x: ArrayLike, *, n_probes: int | None = None, random_state: int | None = None) -> float:
    """Hopkins statistic: does the data cluster at all?

    Compares how far random places in the bounding box are from their nearest data point with how far data points are
    from theirs, both to the power d.

    Parameters
    ----------
    x : array of shape (m, d), m >= 2
    n_probes : number of places and of points compared, default a tenth of m, at least 1
    random_state : seed

    Returns
    -------
    float in 0..1: about 0.5 for uniformly spread points, towards 1 for clusters, below 0.5 for a regular grid

    Raises
    ------
    ValueError
        If x is not two-dimensional and finite, has fewer than two rows or no extent, or n_probes is not in 1..m.

    References
    ----------
    B. Hopkins, J. G. Skellam (1954), A new method for determining the type of distribution of plant individuals,
    Annals of Botany 18(2). A. K. Jain, R. C. Dubes (1988), Algorithms for clustering data, section 4.6.
    """
    x = check_array(x, dtype=np.float64, ensure_min_samples=2)
    m, d = x.shape
    n_probes = max(1, m // 10) if n_probes is None else n_probes
    if not 1 <= n_probes <= m:
        raise ValueError(f"n_probes must lie in 1..{m}, the number of points, got {n_probes}.")
    if not np.ptp(x, axis=0).any():
        raise ValueError(f"x must have some extent, got {m} copies of one point.")
    rng = np.random.default_rng(random_state)
    neighbors = NearestNeighbors(n_neighbors=2).fit(x)
    places = rng.uniform(x.min(axis=0), x.max(axis=0), size=(n_probes, d))
    from_places = neighbors.kneighbors(places)[0][:, 0]
    points = x[rng.choice(m, n_probes, replace=False)]
    from_points = neighbors.kneighbors(points)[0][:, 1]  # column 0 is the point itself
    # Scaled before the power, so that many dimensions do not overflow.
    scale = max(from_places.max(), from_points.max())
    u, w = ((from_places / scale) ** d).sum(), ((from_points / scale) ** d).sum()
    return float(u / (u + w))


def purity(labels: ArrayLike, classes: ArrayLike) -> float:
    """Share of points that belong to the commonest class of their cluster.

    Parameters
    ----------
    labels : array of shape (m,), cluster of each point
    classes : array of shape (m,), true class of each point

    Returns
    -------
    float in 0..1; 1 if every cluster holds one class. It rises with the number of clusters, so compare at equal k.

    Raises
    ------
    ValueError
        If the two are empty or differ in length.

    References
    ----------
    C. D. Manning, P. Raghavan, H. Schutze (2008), Introduction to information retrieval, section 16.3.
    """
    labels, classes = np.asarray(labels), np.asarray(classes)
    if labels.ndim != 1 or labels.shape != classes.shape or len(labels) == 0:
        raise ValueError(
            f"labels and classes must be two non-empty lists of the same length, got shapes "
            f"{labels.shape} and {classes.shape}."
        )
    return float(contingency_matrix(classes, labels).max(axis=0).sum() / len(labels))
