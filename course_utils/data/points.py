"""Points in the plane, each kind a story about k-means."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from numpy.typing import NDArray

_BLOB_CENTERS = np.array([[-6.0, -3.0], [-1.5, 4.5], [1.0, -4.5], [6.0, 3.0]])
_NESTED_CENTERS = np.array([[-7.0, -1.8], [-7.0, 1.8], [-2.4, 6.0], [2.4, 6.0], [6.5, -4.0], [6.5, 0.0]])


def _make_blobs(*arguments, **settings):
    from sklearn.datasets import make_blobs  # takes most of a second, and every notebook imports this package

    return make_blobs(*arguments, **settings)


def _blobs(n, rng):
    return _make_blobs(n, centers=_BLOB_CENTERS, cluster_std=1.0, random_state=rng)


def _uneven(n, rng):
    # A wide cloud and two tight ones beside it.
    sizes = [n - 2 * (n // 8), n // 8, n // 8]
    centers = [[0.0, 0.0], [7.5, 3.0], [7.5, -3.0]]
    return _make_blobs(sizes, centers=centers, cluster_std=[3.2, 0.4, 0.4], random_state=rng)


def _elongated(n, rng):
    x, y = _make_blobs(n, centers=[[-4.0, 0.0], [0.0, 0.0], [4.0, 0.0]], cluster_std=0.6, random_state=rng)
    return x @ np.array([[0.6, 0.0], [0.9, 4.0]]), y


def _nested(n, rng):
    return _make_blobs(n, centers=_NESTED_CENTERS, cluster_std=0.6, random_state=rng)


def _moons(n, rng):
    from sklearn.datasets import make_moons

    return make_moons(n, noise=0.07, random_state=rng)


def _uniform(n, rng):
    return rng.uniform(-5, 5, size=(n, 2)), np.zeros(n, dtype=int)


_GENERATORS = {
    "blobs": _blobs,
    "uneven": _uneven,
    "elongated": _elongated,
    "nested": _nested,
    "moons": _moons,
    "uniform": _uniform,
}
POINT_KINDS = tuple(_GENERATORS)


def load_points(kind: str = "blobs", n: int = 300, *, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Draw points in the plane.

    Parameters
    ----------
    kind : {"blobs", "uneven", "elongated", "nested", "moons", "uniform"}
        Four round groups; a wide one beside two tight ones; three long ones; three pairs; two crescents; no group
        at all.
    n : number of points, at least 16
    seed : the same seed gives the same points

    Returns
    -------
    x : float64 array of shape (n, 2)
    y : integer array of shape (n,), the group each point was drawn from (0 everywhere for "uniform")

    Raises
    ------
    ValueError
        If the kind is unknown or n is not an integer >= 16.
    """
    if kind not in _GENERATORS:
        raise ValueError(f"unknown kind of points {kind!r}: expected one of {', '.join(POINT_KINDS)}.")
    if not isinstance(n, Integral) or n < 16:
        raise ValueError(f"n must be an integer >= 16, got {n!r}.")
    return _GENERATORS[kind](int(n), np.random.RandomState(seed))
