"""k-means clustering: Lloyd's algorithm as a scikit-learn estimator, and the steps it is made of.

References
----------
S. Lloyd (1982), Least squares quantization in PCM, IEEE Transactions on Information Theory 28(2).
D. Arthur, S. Vassilvitskii (2007), k-means++: the advantages of careful seeding, SODA.
"""

from __future__ import annotations

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.spatial.distance import cdist
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array, check_random_state, gen_batches, gen_even_slices
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

# Numbers in a block of scores (points x clusters) that is handled at once: it then stays in the processor's cache, and
# memory stays small however many clusters there are. Sums of squares are taken over so many points at once.
BLOCK_SCORES = 262_144
BATCH_ROWS = 8192
N_THREADS = os.cpu_count() or 1


def assign(x: ArrayLike, centroids: ArrayLike) -> NDArray[np.intp]:
    """Index of the nearest centroid for every point.

    Parameters
    ----------
    x : array of shape (m, d)
    centroids : array of shape (k, d)

    Returns
    -------
    labels : array of shape (m,), integers in 0..k-1. Ties go to the lower index.

    Raises
    ------
    ValueError
        If an array is not two-dimensional and finite, or the two differ in d.
    """
    x, centroids = _check_points(x, centroids)
    shift = centroids.mean(axis=0)
    return _assign_rows(_with_ones(x - shift), centroids - shift)


def update(x: ArrayLike, labels: ArrayLike, k: int, sample_weight: ArrayLike | None = None) -> NDArray[np.floating]:
    """(Weighted) mean of the points of each cluster.

    Parameters
    ----------
    x : array of shape (m, d)
    labels : array of shape (m,), integers in 0..k-1
    k : number of clusters
    sample_weight : array of shape (m,), optional

    Returns
    -------
    centroids : array of shape (k, d). The row of a cluster without points is nan.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a label lies outside 0..k-1.
    """
    x, labels = check_array(x, dtype=[np.float64, np.float32]), _check_labels(x, labels, k)
    weights = np.ones(len(x)) if sample_weight is None else _check_sample_weight(sample_weight, x)
    totals = _totals(_with_ones(x), labels, weights, k)
    with np.errstate(invalid="ignore"):
        return totals[:, :-1] / totals[:, -1:]


def wcss(x: ArrayLike, labels: ArrayLike, centroids: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    r"""Within-cluster sum of squares, :math:`\sum_c \sum_{x \in S_c} \lVert x - \mu_c \rVert^2`.

    Parameters
    ----------
    x : array of shape (m, d)
    labels : array of shape (m,), integers in 0..k-1
    centroids : array of shape (k, d)
    sample_weight : array of shape (m,), optional. A point of weight w counts w times.

    Returns
    -------
    float, in the squared unit of x

    Raises
    ------
    ValueError
        If the shapes do not fit, or a label lies outside 0..k-1.
    """
    x, centroids = _check_points(x, centroids)
    labels = _check_labels(x, labels, len(centroids))
    weights = np.ones(len(x)) if sample_weight is None else _check_sample_weight(sample_weight, x)
    total = 0.0
    for rows in gen_batches(len(x), BATCH_ROWS):
        difference = x[rows] - centroids[labels[rows]]
        total += float(np.einsum("ij,ij->i", difference, difference) @ weights[rows])
    return total


def kmeans_plus_plus(
    x: ArrayLike,
    k: int,
    *,
    sample_weight: ArrayLike | None = None,
    n_candidates: int | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> NDArray[np.floating]:
    """Choose k points as starting centroids, far from one another (Arthur and Vassilvitskii 2007).

    The first is drawn in proportion to the weights; each further one in proportion to weight x squared distance to
    the nearest centroid so far. With several candidates the one that lowers the inertia most is kept (greedy
    k-means++, as in scikit-learn).

    Parameters
    ----------
    x : array of shape (m, d)
    k : number of centroids, 1 <= k <= m
    sample_weight : array of shape (m,), optional
    n_candidates : drawn for each further centroid; 1 is plain k-means++, default 2 + log(k)
    random_state : seed or generator

    Returns
    -------
    centroids : array of shape (k, d), rows of x

    Raises
    ------
    ValueError
        If x is not two-dimensional and finite, k lies outside 1..m, or n_candidates is not an integer >= 1.
    """
    x = check_array(x, dtype=[np.float64, np.float32])
    _check_n_clusters(k, len(x))
    n_candidates = 2 + int(np.log(k)) if n_candidates is None else n_candidates
    if not isinstance(n_candidates, Integral) or n_candidates < 1:
        raise ValueError(f"n_candidates must be an integer >= 1, got {n_candidates!r}.")
    weights = np.ones(len(x)) if sample_weight is None else _check_sample_weight(sample_weight, x)
    rng = check_random_state(random_state)
    norms = np.einsum("ij,ij->i", x, x)

    def squared_distances(row: int) -> NDArray[np.floating]:
        return np.maximum(norms - 2 * (x @ x[row]) + norms[row], 0)

    chosen = [int(_draw(weights, 1, rng)[0])]
    closest = squared_distances(chosen[0])
    while len(chosen) < k:
        best_total = np.inf
        for row in _draw(weights * closest, n_candidates, rng):
            closest_with = np.minimum(closest, squared_distances(row))
            total = float(weights @ closest_with)
            if total < best_total:
                best_total, best_row, best_closest = total, int(row), closest_with
        chosen.append(best_row)
        closest = best_closest
    return x[chosen]


class KMeans(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, BaseEstimator):
    """k-means clustering with Lloyd's algorithm, in NumPy.

    What notebook 01 builds, plus: restarts, sample weights, clusters that lose all their points (their centroid moves
    to the point that is farthest from its own centroid), and blocks of points, so that memory stays small.

    Parameters
    ----------
    n_clusters : int, default 8
        k, the number of clusters.
    init : {"k-means++", "random"} or array of shape (k, d), default "k-means++"
        How the starting centroids are found. An array is used as it is, with a single run.
    n_init : int, default 10
        Number of runs from different starting centroids; the one with the lowest inertia is kept.
    max_iter : int, default 300
        Largest number of iterations of one run.
    tol : float, default 1e-4
        A run has converged when no label changes, or when the squared shifts of the centroids sum to at most `tol`
        times the mean variance of the features.
    random_state : int, RandomState or None
        Seed of the starting centroids.

    Attributes
    ----------
    cluster_centers_ : array of shape (k, d)
    labels_ : array of shape (m,)
    inertia_ : float
        Within-cluster sum of squares (WCSS) of the training points, weighted.
    n_iter_ : int
    inertia_history_ : array of shape (n_iter_ + 1,)
        WCSS after the assignment of every iteration, and at the end. It never rises (but for rounding).

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[1.0, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> model = KMeans(n_clusters=2, random_state=0).fit(x)
    >>> sorted(model.cluster_centers_[:, 0].tolist())
    [1.0, 10.0]
    """

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: str | ArrayLike = "k-means++",
        n_init: int = 10,
        max_iter: int = 300,
        tol: float = 1e-4,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: None = None, sample_weight: ArrayLike | None = None) -> KMeans:
        """Find the clusters of X, shape (m, d). `y` is ignored; a point of weight w counts as w points.

        Raises
        ------
        ValueError
            If X is not finite and two-dimensional, has fewer rows than clusters, or a parameter is out of its range.
        """
        X = validate_data(self, X, dtype=[np.float64, np.float32], order="C", accept_large_sparse=False)
        self._check_parameters(X)
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        used = weights > 0
        _check_n_clusters(self.n_clusters, int(used.sum()), "points with a positive sample_weight")
        x, w = (X, weights) if used.all() else (X[used], weights[used])

        # BLAS keeps its own threads spinning for a while after each call, in the way of ours: one thread for BLAS.
        with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(N_THREADS) as pool:
            # Differences of large numbers lose digits: work around the mean. The column of ones makes one matrix
            # product do two things (see `_lloyd`).
            mean = w @ x / w.sum()
            x1 = _with_ones(x)
            x1[:, :-1] -= mean

            best = None
            for centroids in self._starts(x1[:, :-1], w, mean):
                run = _lloyd(x1, w, centroids, self.max_iter, self.tol, pool)
                if best is None or run.inertia < best.inertia:
                    best = run

        self.cluster_centers_ = (best.centroids + mean).astype(x.dtype)
        self.inertia_ = best.inertia
        self.inertia_history_ = best.history
        self.n_iter_ = best.n_iter
        self.labels_ = best.labels if used.all() else assign(X, self.cluster_centers_)
        found = len(np.unique(best.labels))
        if found < self.n_clusters:
            warnings.warn(
                f"found {found} distinct clusters, fewer than n_clusters={self.n_clusters}: "
                "X may hold duplicates of few points. Ask for fewer clusters.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.intp]:
        """Index of the nearest centroid for every row of X, shape (m, d) -> (m,)."""
        return assign(self._check_new(X), self.cluster_centers_)

    def transform(self, X: ArrayLike) -> NDArray[np.floating]:
        """Euclidean distance of every row of X to every centroid, shape (m, d) -> (m, k)."""
        X = self._check_new(X)
        return cdist(X, self.cluster_centers_).astype(X.dtype)

    def score(self, X: ArrayLike, y: None = None, sample_weight: ArrayLike | None = None) -> float:
        """Minus the WCSS of X around the centroids found: higher is better."""
        X = self._check_new(X)
        return -wcss(X, assign(X, self.cluster_centers_), self.cluster_centers_, sample_weight)

    @property
    def _n_features_out(self) -> int:
        return self.cluster_centers_.shape[0]

    def _check_new(self, X: ArrayLike) -> NDArray[np.floating]:
        check_is_fitted(self)
        return validate_data(self, X, dtype=[np.float64, np.float32], reset=False)

    def _check_parameters(self, X: NDArray[np.floating]) -> None:
        _check_n_clusters(self.n_clusters, len(X))
        for name in ("n_init", "max_iter"):
            value = getattr(self, name)
            if not isinstance(value, Integral) or value < 1:
                raise ValueError(f"{name} must be an integer >= 1, got {value!r}.")
        if not isinstance(self.tol, Real) or not 0 <= self.tol < np.inf:
            raise ValueError(f"tol must be a number >= 0, got {self.tol!r}.")
        if isinstance(self.init, str) and self.init not in ("k-means++", "random"):
            raise ValueError(f'init must be "k-means++", "random" or an array, got {self.init!r}.')
        if not isinstance(self.init, str):
            shape = np.shape(self.init)
            if shape != (self.n_clusters, X.shape[1]):
                raise ValueError(
                    f"init must have one row per cluster and the columns of X, "
                    f"shape {(self.n_clusters, X.shape[1])}, got {shape}."
                )

    def _starts(self, x: NDArray[np.floating], w: NDArray[np.floating], mean: NDArray[np.floating]):
        """Starting centroids, one set per run."""
        if not isinstance(self.init, str):
            yield check_array(self.init, dtype=np.float64, input_name="init") - mean
            return
        # Seeding looks at distinct points in a fixed order: the same start whether a point is given twice or with
        # weight 2, and whatever the order of the rows.
        points, inverse = np.unique(x, axis=0, return_inverse=True)
        weights = np.bincount(inverse.reshape(-1), weights=w)
        rng = check_random_state(self.random_state)
        for _ in range(self.n_init):
            if len(points) <= self.n_clusters:
                yield np.resize(points, (self.n_clusters, x.shape[1]))
            elif self.init == "random":
                rows = rng.choice(len(points), self.n_clusters, replace=False, p=weights / weights.sum())
                yield points[rows]
            else:
                yield kmeans_plus_plus(points, self.n_clusters, sample_weight=weights, random_state=rng)


class _Run:
    """One run of Lloyd's algorithm: what it found, and its history."""

    def __init__(self, centroids, labels, inertia, history):
        self.centroids, self.labels = centroids, labels
        self.inertia, self.history, self.n_iter = inertia, np.array([*history, inertia]), len(history)


def _lloyd(x1, w, centroids, max_iter, tol, pool) -> _Run:
    """Lloyd's algorithm on points with a further column of ones, shape (m, d + 1)."""
    x = x1[:, :-1]
    energy = float(np.einsum("ij,ij->i", x, x) @ w)
    tolerance = tol * energy / (w.sum() * x.shape[1])
    labels, history, settled = None, [], False
    for _ in range(max_iter):
        old_labels, old_centroids = labels, centroids
        labels, sums, counts = _assign_and_sum(x1, w, centroids, pool)
        # sum w ||x - mu||^2 = sum w ||x||^2 - 2 sum_c mu_c . sums_c + sum_c counts_c ||mu_c||^2
        inertia = energy - 2 * np.vdot(centroids, sums) + counts @ np.einsum("ij,ij->i", centroids, centroids)
        history.append(max(float(inertia), 0.0))
        _fill_empty(x, w, labels, centroids, sums, counts)
        filled = counts > 0
        centroids = np.where(filled[:, None], sums / np.where(filled, counts, 1)[:, None], centroids)
        settled = old_labels is not None and np.array_equal(labels, old_labels)
        if settled or ((centroids - old_centroids) ** 2).sum() <= tolerance:
            break
    if not settled:
        labels, _, _ = _assign_and_sum(x1, w, centroids, pool)
    return _Run(centroids, labels, wcss(x, labels, centroids, w), history)


def _with_ones(x):
    """Append a column of ones: (m, d) -> (m, d + 1), float64."""
    x1 = np.ones((len(x), x.shape[1] + 1))
    x1[:, :-1] = x
    return x1


def _assign_and_sum(x1, w, centroids, pool):
    """One assignment: labels (m,), and each cluster's weighted sum of points (k, d) and of weights (k,)."""

    def one_part(rows):
        labels = _assign_rows(x1[rows], centroids)
        return labels, _totals(x1[rows], labels, w[rows], len(centroids))

    if len(x1) * len(centroids) <= BLOCK_SCORES:
        labels, totals = one_part(slice(None))
    else:
        parts = pool.map(one_part, gen_even_slices(len(x1), N_THREADS))
        labels, totals = zip(*parts, strict=True)
        labels, totals = np.concatenate(labels), sum(totals)
    return labels, totals[:, :-1], totals[:, -1]


def _assign_rows(x1, centroids):
    # argmin ||x - mu||^2 = argmax x . mu - ||mu||^2 / 2: ||x||^2 is the same for every centroid, and the ones in x1
    # meet the last row below.
    halves = np.einsum("ij,ij->i", centroids, centroids) / 2
    weights = np.vstack([centroids.T, -halves])
    labels = np.empty(len(x1), dtype=np.intp)
    step = min(len(x1), max(1, BLOCK_SCORES // len(centroids)))
    buffer = np.empty((step, len(centroids)))
    for start in range(0, len(x1), step):
        rows = slice(start, min(start + step, len(x1)))
        scores = np.matmul(x1[rows], weights, out=buffer[: rows.stop - start])
        scores.argmax(axis=1, out=labels[rows])
    return labels


def _totals(x1, labels, w, k):
    """Each cluster's weighted sum of rows of x1, shape (k, d + 1): the ones in the last column count the points."""
    # A row of this (m, k) matrix holds one number, the point's weight, in the column of its cluster.
    membership = sparse.csr_matrix((w, labels, np.arange(len(x1) + 1)), shape=(len(x1), k))
    return membership.T @ x1


def _fill_empty(x, w, labels, centroids, sums, counts) -> None:
    """Give each cluster without points the point farthest from its own centroid (changes sums and counts).

    A point that is alone in its cluster stays there.
    """
    empty = np.flatnonzero(counts == 0)
    if len(empty) == 0:
        return
    sizes = np.bincount(labels, minlength=len(centroids))
    distances = ((x - centroids[labels]) ** 2).sum(axis=1)
    farthest = iter(np.argsort(-distances, kind="stable"))
    for cluster in empty:
        row = next((row for row in farthest if sizes[labels[row]] > 1), None)
        if row is None:
            return
        donor = labels[row]
        sizes[donor] -= 1
        sums[donor] -= w[row] * x[row]
        counts[donor] -= w[row]
        sums[cluster] = w[row] * x[row]
        counts[cluster] = w[row]


def _draw(weights, size, rng):
    """Row numbers drawn in proportion to weights, with replacement."""
    cumulative = np.cumsum(weights, dtype=np.float64)
    if cumulative[-1] == 0:  # every point already is a centroid
        return rng.randint(len(weights), size=size)
    return np.minimum(np.searchsorted(cumulative, rng.uniform(size=size) * cumulative[-1]), len(weights) - 1)


def _check_points(x, centroids):
    x = check_array(x, dtype=[np.float64, np.float32], input_name="x")
    centroids = check_array(centroids, dtype=x.dtype, input_name="centroids")
    if x.shape[1] != centroids.shape[1]:
        raise ValueError(
            f"points and centroids must have the same number of columns, got {x.shape[1]} and {centroids.shape[1]}."
        )
    return x, centroids


def _check_labels(x, labels, k):
    labels = np.asarray(labels)
    if labels.shape != (len(x),) or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"labels must be {len(x)} integers, one per point, got shape {labels.shape} of {labels.dtype}."
        )
    if len(labels) and not 0 <= labels.min() <= labels.max() < k:
        raise ValueError(f"labels must lie in 0..{k - 1}, got {labels.min()}..{labels.max()}.")
    return labels


def _check_n_clusters(k, available, what="points"):
    if not isinstance(k, Integral) or isinstance(k, bool) or k < 1:
        raise ValueError(f"the number of clusters must be an integer >= 1, got {k!r}.")
    if k > available:
        raise ValueError(
            f"the number of clusters must not exceed the number of {what}: got {k} clusters for {available} {what}."
        )
