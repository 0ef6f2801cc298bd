"""Typical wrong answers to every exercise, each with words of the hint that must meet it.

The right answers are the solution cells of the notebooks, the only source of solutions.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import keras
import numpy as np
from keras import ops

Wrong = tuple[Callable, str]
WRONG: dict[str, list[Wrong]] = {}


def wrong(grade_id: str, words: str) -> Callable[[Callable], Callable]:
    def register(function: Callable) -> Callable:
        WRONG.setdefault(grade_id, []).append((function, words))
        return function

    return register


# --- 00-distance -----------------------------------------------------------------------------------------------------


@wrong("00-distance", "square root is not wanted")
def distance_root(a, b):
    return np.linalg.norm(a - b)


@wrong("00-distance", "square them instead")
def distance_absolute(a, b):
    return np.abs(a - b).sum()


@wrong("00-distance", "square each difference first")
def distance_square_of_sum(a, b):
    return (a - b).sum() ** 2


@wrong("00-distance", "cancel each other")
def distance_not_squared(a, b):
    return (a - b).sum()


@wrong("00-distance", "mean of the squares")
def distance_mean(a, b):
    return ((a - b) ** 2).mean()


@wrong("00-distance", "should be one number")
def distance_no_sum(a, b):
    return (a - b) ** 2


@wrong("00-distance", "changes one of its arguments")
def distance_in_place(a, b):
    a -= b
    return (a**2).sum()


# --- 00-nearest ------------------------------------------------------------------------------------------------------


@wrong("00-nearest", "smallest distance: return the number of the row")
def nearest_value(point, candidates):
    return ((candidates - point) ** 2).sum(axis=1).min()


@wrong("00-nearest", "counted from 0")
def nearest_from_one(point, candidates):
    return ((candidates - point) ** 2).sum(axis=1).argmin() + 1


@wrong("00-nearest", "farthest")
def nearest_farthest(point, candidates):
    return ((candidates - point) ** 2).sum(axis=1).argmax()


@wrong("00-nearest", "should be one number")
def nearest_the_point(point, candidates):
    return candidates[((candidates - point) ** 2).sum(axis=1).argmin()]


@wrong("00-nearest", "absolute differences")
def nearest_manhattan(point, candidates):
    return np.abs(candidates - point).sum(axis=1).argmin()


@wrong("00-nearest", "largest difference only")
def nearest_largest_difference(point, candidates):
    return np.abs(candidates - point).max(axis=1).argmin()


# --- 01-update -------------------------------------------------------------------------------------------------------


@wrong("01-update", "divide by how many there are")
def update_sums(x, labels, k):
    return np.array([x[labels == c].sum(axis=0) for c in range(k)])


@wrong("01-update", "mean of all points")
def update_all_points(x, labels, k):
    return np.array([x.mean(axis=0) for _ in range(k)])


@wrong("01-update", "not by the number m of all")
def update_divided_by_m(x, labels, k):
    return np.array([x[labels == c].sum(axis=0) / len(x) for c in range(k)])


@wrong("01-update", "medians")
def update_median(x, labels, k):
    return np.array([np.median(x[labels == c], axis=0) for c in range(k)])


@wrong("01-update", "integer type")
def update_integers(x, labels, k):
    centroids = np.zeros((k, x.shape[1]), dtype=x.dtype)
    for c in range(k):
        centroids[c] = x[labels == c].mean(axis=0)
    return centroids


@wrong("01-update", "row of nan, yours gives [0.0, 0.0]")
def update_empty_to_zero(x, labels, k):
    return np.array([x[labels == c].sum(axis=0) / max((labels == c).sum(), 1) for c in range(k)])


@wrong("01-update", "with clusters 1 and 3 empty, should have the shape (4, 2)")
def update_only_present(x, labels, k):
    return np.array([x[labels == c].mean(axis=0) for c in np.unique(labels)])


@wrong("01-update", "ZeroDivisionError")
def update_divides_by_zero(x, labels, k):
    return np.array(
        [[sum(column) / len(column) for column in zip(*x[labels == c], strict=True)] or 1 / 0 for c in range(k)]
    )


@wrong("01-update", "the other centroids come out wrong")
def update_stops_at_empty(x, labels, k):
    centroids = np.full((k, x.shape[1]), np.nan)
    for c in range(k):
        if not (labels == c).any():
            break
        centroids[c] = x[labels == c].mean(axis=0)
    return centroids


@wrong("01-update", "one single point")
def update_more_than_one(x, labels, k):
    centroids = np.full((k, x.shape[1]), np.nan)
    for c in range(k):
        if (labels == c).sum() > 1:
            centroids[c] = x[labels == c].mean(axis=0)
    return centroids


@wrong("01-update", "should be a NumPy array, yours is a list")
def update_list(x, labels, k):
    return [x[labels == c].mean(axis=0) for c in range(k)]


@wrong("01-update", "is `return` inside the loop?")
def update_first_only(x, labels, k):
    centroids = np.full((k, x.shape[1]), np.nan)
    centroids[0] = x[labels == 0].mean(axis=0)
    return centroids


@wrong("01-update", "stopped when clusters 1 and 3 are empty")
def update_single_nan(x, labels, k):
    return np.array([x[labels == c].mean(axis=0) if (labels == c).any() else np.nan for c in range(k)])


@wrong("01-update", "should have the shape (4, 3)")
def update_wrong_axis(x, labels, k):
    return np.array([x[labels == c].mean() for c in range(k)])


# --- 01-converged ----------------------------------------------------------------------------------------------------


@wrong("01-converged", "No square here")
def converged_squared(old, new, t, tau_mu, tau_t):
    return bool(((new - old) ** 2).sum() < tau_mu or t > tau_t)


@wrong("01-converged", "stand still, and yet yours goes on")
def converged_and(old, new, t, tau_mu, tau_t):
    return bool(np.linalg.norm(new - old, axis=1).sum() < tau_mu and t > tau_t)


@wrong("01-converged", "sum the lengths, one per centroid")
def converged_frobenius(old, new, t, tau_mu, tau_t):
    return bool(np.linalg.norm(new - old) < tau_mu or t > tau_t)


@wrong("01-converged", "sum the lengths, one per centroid")
def converged_max(old, new, t, tau_mu, tau_t):
    return bool(np.linalg.norm(new - old, axis=1).max() < tau_mu or t > tau_t)


@wrong("01-converged", "opposite directions")
def converged_cancelling(old, new, t, tau_mu, tau_t):
    return bool(abs((new - old).sum()) < tau_mu or t > tau_t)


@wrong("01-converged", "stops at t > tau_t")
def converged_too_early(old, new, t, tau_mu, tau_t):
    return bool(np.linalg.norm(new - old, axis=1).sum() < tau_mu or t >= tau_t)


@wrong("01-converged", "should stop anyway")
def converged_no_limit(old, new, t, tau_mu, tau_t):
    return bool(np.linalg.norm(new - old, axis=1).sum() < tau_mu)


@wrong("01-converged", "compare their sum with tau_mu")
def converged_at_rest(old, new, t, tau_mu, tau_t):
    return np.array_equal(old, new) or t > tau_t


@wrong("01-converged", "Euclidean norm of each row, axis=1")
def converged_other_axis(old, new, t, tau_mu, tau_t):
    return bool(np.linalg.norm(new - old, axis=0).sum() < tau_mu or t > tau_t)


@wrong("01-converged", "Euclidean norm of each row, axis=1")
def converged_absolute(old, new, t, tau_mu, tau_t):
    return bool(np.abs(new - old).sum() < tau_mu or t > tau_t)


@wrong("01-converged", "returned None. Is a `return` missing, perhaps only on one path?")
def converged_one_path(old, new, t, tau_mu, tau_t):
    return True if np.linalg.norm(new - old, axis=1).sum() < tau_mu or t > tau_t else None


@wrong("01-converged", "should be True or False")
def converged_number(old, new, t, tau_mu, tau_t):
    return np.linalg.norm(new - old, axis=1).sum()


# --- 01-plusplus -----------------------------------------------------------------------------------------------------


def _all_distances(x, centroids):
    return np.linalg.norm(x[:, None] - centroids[None], axis=2)


@wrong("01-plusplus", "k-means++ squares it")
def plusplus_not_squared(x, centroids):
    nearest = _all_distances(x, centroids).min(axis=1)
    return nearest / nearest.sum()


@wrong("01-plusplus", "should sum to 1")
def plusplus_not_normalised(x, centroids):
    return _all_distances(x, centroids).min(axis=1) ** 2


@wrong("01-plusplus", "one point gets it all")
def plusplus_farthest(x, centroids):
    nearest = _all_distances(x, centroids).min(axis=1)
    return (nearest == nearest.max()).astype(float)


@wrong("01-plusplus", "only the last centroid counts")
def plusplus_last(x, centroids):
    squared = _all_distances(x, centroids)[:, -1] ** 2
    return squared / squared.sum()


@wrong("01-plusplus", "as far as its nearest one")
def plusplus_mean(x, centroids):
    squared = (_all_distances(x, centroids) ** 2).mean(axis=1)
    return squared / squared.sum()


@wrong("01-plusplus", "you take the farthest centroid")
def plusplus_max(x, centroids):
    squared = (_all_distances(x, centroids) ** 2).max(axis=1)
    return squared / squared.sum()


@wrong("01-plusplus", "should have the shape (30,)")
def plusplus_wrong_axis(x, centroids):
    return (_all_distances(x, centroids) ** 2).min(axis=0)


# --- 01-purity -------------------------------------------------------------------------------------------------------


@wrong("01-purity", "cluster 0 need not hold the zeros")
def purity_as_accuracy(labels, classes):
    return np.mean(labels == classes)


@wrong("01-purity", "as if all clusters had the same size")
def purity_unweighted(labels, classes):
    return np.mean([np.bincount(classes[labels == c]).max() / (labels == c).sum() for c in np.unique(labels)])


@wrong("01-purity", "it is the other way round")
def purity_swapped(labels, classes):
    return sum(np.bincount(labels[classes == j]).max() for j in np.unique(classes)) / len(labels)


@wrong("01-purity", "divide by the number of all points")
def purity_count(labels, classes):
    return sum(np.bincount(classes[labels == c]).max() for c in np.unique(labels))


@wrong("01-purity", "argmax is *which* class")
def purity_argmax(labels, classes):
    return sum(np.bincount(classes[labels == c]).argmax() for c in np.unique(labels)) / len(labels)


@wrong("01-purity", "stopped when the clusters are numbered 0 and 3 with ValueError")
def purity_over_a_range(labels, classes):
    return sum(np.bincount(classes[labels == c]).max() for c in range(labels.max() + 1)) / len(labels)


@wrong("01-purity", "numbers with gaps")
def purity_without_gaps(labels, classes):
    k = len(np.unique(labels))
    counts = [np.bincount(classes[labels == c], minlength=1).max() for c in range(k)]
    return sum(counts) / len(labels)


# --- 02-knee ---------------------------------------------------------------------------------------------------------


def _gaps(ks, inertias):
    return np.interp(ks, [ks[0], ks[-1]], [inertias[0], inertias[-1]]) - inertias


@wrong("02-knee", "position in the list (counted from 0)")
def knee_position(ks, inertias):
    return _gaps(ks, inertias).argmax()


@wrong("02-knee", "right if ks began with 1")
def knee_from_one(ks, inertias):
    return _gaps(ks, inertias).argmax() + 1


@wrong("02-knee", "drops most")
def knee_largest_drop(ks, inertias):
    return ks[np.diff(inertias).argmin() + 1]


@wrong("02-knee", "smallest WCSS")
def knee_smallest(ks, inertias):
    return ks[np.argmin(inertias)]


@wrong("02-knee", "not the position in the list")
def knee_even_spacing(ks, inertias):
    line = np.linspace(inertias[0], inertias[-1], len(ks))
    return ks[(line - inertias).argmax()]


@wrong("02-knee", "curve minus line")
def knee_above(ks, inertias):
    return ks[(-_gaps(ks, inertias)).argmax()]


# --- 02-silhouette ---------------------------------------------------------------------------------------------------


def _ab(x, labels, j, power=1):
    distances = np.linalg.norm(x - x[j], axis=1) ** power
    own = distances[labels == labels[j]]
    others = [distances[labels == c].mean() for c in np.unique(labels) if c != labels[j]]
    return distances, own, others


@wrong("02-silhouette", "at distance 0: divide by one less")
def silhouette_with_self(x, labels, j):
    _, own, others = _ab(x, labels, j)
    a, b = own.mean(), min(others)
    return (b - a) / max(a, b)


@wrong("02-silhouette", "sign is wrong")
def silhouette_sign(x, labels, j):
    _, own, others = _ab(x, labels, j)
    a, b = own.sum() / max(len(own) - 1, 1), min(others)
    return (a - b) / max(a, b)


@wrong("02-silhouette", "all other clusters together")
def silhouette_all_others(x, labels, j):
    distances, own, _ = _ab(x, labels, j)
    a, b = own.sum() / max(len(own) - 1, 1), distances[labels != labels[j]].mean()
    return (b - a) / max(a, b)


@wrong("02-silhouette", "farthest of the other clusters")
def silhouette_farthest(x, labels, j):
    _, own, others = _ab(x, labels, j)
    a, b = own.sum() / max(len(own) - 1, 1), max(others)
    return (b - a) / max(a, b)


@wrong("02-silhouette", "squared distances")
def silhouette_squared(x, labels, j):
    _, own, others = _ab(x, labels, j, power=2)
    a, b = own.sum() / max(len(own) - 1, 1), min(others)
    return (b - a) / max(a, b)


@wrong("02-silhouette", "distances to centroids")
def silhouette_centroids(x, labels, j):
    to = {c: np.linalg.norm(x[labels == c].mean(axis=0) - x[j]) for c in np.unique(labels)}
    a = to.pop(labels[j])
    b = min(to.values())
    return (b - a) / max(a, b)


@wrong("02-silhouette", "not with the nearest centroid")
def silhouette_nearest_centroid(x, labels, j):
    distances, own, _ = _ab(x, labels, j)
    others = [c for c in np.unique(labels) if c != labels[j]]
    nearest = min(others, key=lambda c: np.linalg.norm(x[labels == c].mean(axis=0) - x[j]))
    a, b = own.sum() / max(len(own) - 1, 1), distances[labels == nearest].mean()
    return (b - a) / max(a, b)


@wrong("02-silhouette", "leave out j itself")
def silhouette_without_twins(x, labels, j):
    _, own, others = _ab(x, labels, j)
    a, b = own[own > 0].mean() if (own > 0).any() else 0.0, min(others)
    return (b - a) / max(a, b)


@wrong("02-silhouette", "between -1 and 1")
def silhouette_difference(x, labels, j):
    _, own, others = _ab(x, labels, j)
    return min(others) - own.sum() / max(len(own) - 1, 1)


@wrong("02-silhouette", "alone in its cluster has the silhouette 0")
def silhouette_singleton(x, labels, j):
    _, own, others = _ab(x, labels, j)
    with np.errstate(invalid="ignore"):
        a, b = own.sum() / np.float64(len(own) - 1), min(others)
    return (b - a) / max(a, b)


# --- 02-best-k -------------------------------------------------------------------------------------------------------


@wrong("02-best-k", "its clusters cost")
def best_k_no_price(ks, inertias, cost_per_misfit, cost_per_cluster):
    return ks[np.argmin(inertias * cost_per_misfit)]


@wrong("02-best-k", "position in the list")
def best_k_position(ks, inertias, cost_per_misfit, cost_per_cluster):
    return np.argmin(inertias * cost_per_misfit + ks * cost_per_cluster)


@wrong("02-best-k", "most expensive")
def best_k_maximum(ks, inertias, cost_per_misfit, cost_per_cluster):
    return ks[np.argmax(inertias * cost_per_misfit + ks * cost_per_cluster)]


@wrong("02-best-k", "cost_per_misfit seems not to count")
def best_k_no_misfit(ks, inertias, cost_per_misfit, cost_per_cluster):
    return ks[np.argmin(inertias + ks * cost_per_cluster)]


@wrong("02-best-k", "changed places")
def best_k_swapped(ks, inertias, cost_per_misfit, cost_per_cluster):
    return ks[np.argmin(inertias * cost_per_cluster + ks * cost_per_misfit)]


# --- 03-psnr ---------------------------------------------------------------------------------------------------------


def _mse(original, approximation):
    return np.mean((original.astype(float) - approximation.astype(float)) ** 2)


@wrong("03-psnr", "taken in uint8")
def psnr_wraps(original, approximation):
    return 10 * np.log10(255**2 / np.mean((original - approximation) ** 2))


@wrong("03-psnr", "taken in uint8")
def psnr_wraps_once(original, approximation):
    return 10 * np.log10(255**2 / np.mean((original - approximation).astype(float) ** 2))


@wrong("03-psnr", "base 10")
def psnr_natural_log(original, approximation):
    return 10 * np.log(255**2 / _mse(original, approximation))


@wrong("03-psnr", "twice too large")
def psnr_factor(original, approximation):
    return 20 * np.log10(255**2 / _mse(original, approximation))


@wrong("03-psnr", "255, not 1")
def psnr_peak_one(original, approximation):
    return 10 * np.log10(1 / _mse(original, approximation))


@wrong("03-psnr", "upside down")
def psnr_inverse(original, approximation):
    return 10 * np.log10(_mse(original, approximation) / 255**2)


@wrong("03-psnr", "not this image's largest value")
def psnr_image_peak(original, approximation):
    return 10 * np.log10(float(original.max()) ** 2 / _mse(original, approximation))


@wrong("03-psnr", "small integers overflow")
def psnr_int16(original, approximation):
    mse = np.mean((original.astype(np.int16) - approximation.astype(np.int16)) ** 2)
    return np.inf if mse == 0 else 10 * np.log10(255**2 / abs(mse))


@wrong("03-psnr", "three channels")
def psnr_per_pixel(original, approximation):
    return 10 * np.log10(255**2 / (3 * _mse(original, approximation)))


@wrong("03-psnr", "take their mean")
def psnr_sum(original, approximation):
    return 10 * np.log10(255**2 / (original.size * _mse(original, approximation)))


@wrong("03-psnr", "square root is one too many")
def psnr_rmse(original, approximation):
    return 10 * np.log10(255**2 / np.sqrt(_mse(original, approximation)))


@wrong("03-psnr", "infinite")
def psnr_equal_images(original, approximation):
    mse = _mse(original, approximation)
    return 0.0 if mse == 0 else 10 * np.log10(255**2 / mse)


@wrong("03-psnr", "ZeroDivisionError")
def psnr_divides_by_zero(original, approximation):
    return 10 * math.log10(255**2 / float(_mse(original, approximation)))


# --- 03-weighted-update ----------------------------------------------------------------------------------------------


@wrong("03-weighted-update", "weight each by its number of pixels")
def weighted_ignored(colors, counts, labels, k):
    return np.array([colors[labels == c].mean(axis=0) for c in range(k)])


@wrong("03-weighted-update", "number of distinct colours")
def weighted_by_colours(colors, counts, labels, k):
    exact = colors.astype(float) * counts[:, None]
    return np.array([exact[labels == c].mean(axis=0) for c in range(k)])


@wrong("03-weighted-update", "divide by the cluster's sum of counts")
def weighted_sums(colors, counts, labels, k):
    exact = colors.astype(float) * counts[:, None]
    return np.array([exact[labels == c].sum(axis=0) for c in range(k)])


@wrong("03-weighted-update", "not by those of the whole image")
def weighted_whole_image(colors, counts, labels, k):
    return weighted_sums(colors, counts, labels, k) / counts.sum()


@wrong("03-weighted-update", "overflow")
def weighted_overflow(colors, counts, labels, k):
    sums = [
        (colors[labels == c] * counts[labels == c, None].astype(np.uint8)).sum(axis=0) / counts[labels == c].sum()
        for c in range(k)
    ]
    return np.array(sums)


@wrong("03-weighted-update", "lose their fractions")
def weighted_rounded(colors, counts, labels, k):
    return np.rint([np.average(colors[labels == c], axis=0, weights=counts[labels == c]) for c in range(k)]).astype(
        np.uint8
    )


# --- 03-indexed-bytes ------------------------------------------------------------------------------------------------


def _bits(k):
    return next(b for b in (1, 2, 4, 8) if 2**b >= k)


@wrong("03-indexed-bytes", "palette is missing")
def bytes_no_palette(height, width, k):
    return math.ceil(height * width * _bits(k) / 8)


@wrong("03-indexed-bytes", "8 make a byte")
def bytes_are_bits(height, width, k):
    return height * width * _bits(k) + 3 * k


@wrong("03-indexed-bytes", "whole number of bits")
def bytes_fractional(height, width, k):
    return height * width * math.log2(k) / 8 + 3 * k


@wrong("03-indexed-bytes", "1, 2, 4 or 8 bits an index")
def bytes_three_bits(height, width, k):
    return math.ceil(height * width * max(1, math.ceil(math.log2(k))) / 8) + 3 * k


@wrong("03-indexed-bytes", "round up")
def bytes_floor(height, width, k):
    return height * width * _bits(k) // 8 + 3 * k


@wrong("03-indexed-bytes", "more than needed")
def bytes_one_per_pixel(height, width, k):
    return height * width + 3 * k


# --- 04-puzzle -------------------------------------------------------------------------------------------------------


@wrong("04-puzzle", "W[1] (rows: bias, x_1, x_2; one column for z) should have the shape (3, 1)")
def puzzle_without_bias():
    return np.array([[1.0], [0.0]]), np.array([[1.0, 2.0]])


@wrong("04-puzzle", "W[2] is transposed")
def puzzle_transposed():
    return np.array([[0.0], [1.0], [0.0]]), np.array([[0.0, 1.0], [0.0, 2.0]])


@wrong("04-puzzle", "changed places")
def puzzle_swapped():
    return np.array([[0.0], [1.0], [0.0]]), np.array([[0.0, 0.0], [2.0, 1.0]])


@wrong("04-puzzle", "lets nothing through")
def puzzle_zero():
    return np.zeros((3, 1)), np.array([[1.0, 2.0], [0.0, 0.0]])


@wrong("04-puzzle", "decoder ignores z")
def puzzle_constant():
    return np.array([[0.0], [1.0], [0.0]]), np.array([[1.0, 2.0], [0.0, 0.0]])


@wrong("04-puzzle", "come out as [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]")
def puzzle_equal():
    return np.array([[0.0], [1.0], [0.0]]), np.array([[0.0, 0.0], [1.0, 1.0]])


# --- 04-gradients ----------------------------------------------------------------------------------------------------


def _backpropagate(x, w1, w2):
    z = x @ w1
    error = z @ w2 - x
    return 2 * x.T @ (error @ w2.T), 2 * z.T @ error


@wrong("04-gradients", "factor 2")
def gradients_half(x, w1, w2):
    return tuple(g / 2 for g in _backpropagate(x, w1, w2))


@wrong("04-gradients", "the factor 2 goes there too")
def gradients_half_of_the_first(x, w1, w2):
    d_w1, d_w2 = _backpropagate(x, w1, w2)
    return d_w1 / 2, d_w2


@wrong("04-gradients", "sign is wrong")
def gradients_sign(x, w1, w2):
    return tuple(-g for g in _backpropagate(x, w1, w2))


@wrong("04-gradients", "do not divide by their number")
def gradients_mean(x, w1, w2):
    return tuple(g / len(x) for g in _backpropagate(x, w1, w2))


@wrong("04-gradients", "must go back through the decoder")
def gradients_decoder_only(x, w1, w2):
    return np.zeros((2, 1)), _backpropagate(x, w1, w2)[1]


@wrong("04-gradients", "send the error back through the decoder")
def gradients_not_through_decoder(x, w1, w2):
    z = x @ w1
    error = z @ w2 - x
    return 2 * x.T @ error.sum(axis=1, keepdims=True), 2 * z.T @ error


@wrong("04-gradients", "should have the shape (2, 1)")
def gradients_transposed(x, w1, w2):
    return tuple(g.T for g in _backpropagate(x, w1, w2))


@wrong("04-gradients", "it is the *code* z")
def gradients_of_input(x, w1, w2):
    error = x @ w1 @ w2 - x
    return _backpropagate(x, w1, w2)[0], 2 * x[:, :1].T @ error


# --- 04-angle --------------------------------------------------------------------------------------------------------


def _cosines(a, b):
    return np.linalg.svd(np.linalg.qr(a)[0].T @ np.linalg.qr(b)[0])[1]


@wrong("04-angle", "in radians")
def angle_radians(a, b):
    return np.arccos(np.clip(_cosines(a, b).min(), -1, 1))


@wrong("04-angle", "smallest principal angle")
def angle_smallest(a, b):
    return np.degrees(np.arccos(np.clip(_cosines(a, b).max(), -1, 1)))


@wrong("04-angle", "column with column")
def angle_columns(a, b):
    cosines = (a * b).sum(axis=0) / (np.linalg.norm(a, axis=0) * np.linalg.norm(b, axis=0))
    return np.degrees(np.arccos(cosines.min()))


@wrong("04-angle", "so clip it")
def angle_unclipped(a, b):
    with np.errstate(invalid="ignore"):
        return np.degrees(np.arccos(_cosines(a, b).min()))


@wrong("04-angle", "for subspaces of dimension 3")
def angle_second(a, b):
    cosines = _cosines(a, b)
    return np.degrees(np.arccos(np.clip(cosines[min(1, len(cosines) - 1)], -1, 1)))


@wrong("04-angle", "should be a number, yours is nan")
def angle_not_orthonormal(a, b):
    with np.errstate(invalid="ignore"):
        return np.degrees(np.arccos(np.linalg.svd(a.T @ b)[1].max() + 1))


# --- 04-angular ------------------------------------------------------------------------------------------------------


def _cosine(a, b):
    return a @ b / (np.linalg.norm(a) * np.linalg.norm(b))


@wrong("04-angular", "cosine similarity itself")
def angular_cosine(a, b):
    return _cosine(a, b)


@wrong("04-angular", "1 minus the cosine")
def angular_one_minus(a, b):
    return 1 - _cosine(a, b)


@wrong("04-angular", "in degrees")
def angular_degrees(a, b):
    return np.degrees(np.arccos(np.clip(_cosine(a, b), -1, 1)))


@wrong("04-angular", "Euclidean distance")
def angular_euclidean(a, b):
    return np.linalg.norm(a - b)


@wrong("04-angular", "no abs")
def angular_absolute(a, b):
    return np.arccos(min(abs(_cosine(a, b)), 1))


@wrong("04-angular", "clip to -1..1")
def angular_clipped_at_zero(a, b):
    return np.arccos(np.clip(_cosine(a, b), 0, 1))


@wrong("04-angular", "clip both ends")
def angular_clipped_above(a, b):
    with np.errstate(invalid="ignore"):
        return np.arccos(min(_cosine(a, b) * (1 + 1e-15), 1))


@wrong("04-angular", "so clip it")
def angular_unclipped(a, b):
    with np.errstate(invalid="ignore"):
        return np.arccos(_cosine(a, b) * (1 + 1e-15))


# --- 05-l1 -----------------------------------------------------------------------------------------------------------


@wrong("05-l1", "lambda is missing")
def l1_without_lambda(a, lam):
    return np.abs(a).sum(axis=1).mean()


@wrong("05-l1", "take absolute values")
def l1_signed(a, lam):
    return lam * a.sum(axis=1).mean()


@wrong("05-l1", "an L2 penalty")
def l1_squared(a, lam):
    return lam * (a**2).sum(axis=1).mean()


@wrong("05-l1", "over the examples take the mean")
def l1_summed(a, lam):
    return lam * np.abs(a).sum()


@wrong("05-l1", "take the sum, not the mean")
def l1_mean(a, lam):
    return lam * np.abs(a).mean()


@wrong("05-l1", "changed places")
def l1_swapped(a, lam):
    return lam * np.abs(a).sum(axis=0).mean()


@wrong("05-l1", "counts the active units")
def l1_counted(a, lam):
    return lam * (a != 0).sum(axis=1).mean()


@wrong("05-l1", "should be one number")
def l1_each(a, lam):
    return lam * np.abs(a).sum(axis=1)


@wrong("05-l1", "Euclidean norm")
def l1_euclidean(a, lam):
    return lam * np.linalg.norm(a, axis=1).mean()


# --- 05-kl -----------------------------------------------------------------------------------------------------------


def _bernoulli_kl(p, q):
    return p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))


@wrong("05-kl", "rho comes first")
def kl_reversed(a, rho):
    return _bernoulli_kl(a.mean(axis=0), rho).sum()


@wrong("05-kl", "second term is missing")
def kl_one_term(a, rho):
    return (rho * np.log(rho / a.mean(axis=0))).sum()


@wrong("05-kl", "added, not subtracted")
def kl_subtracted(a, rho):
    mean = a.mean(axis=0)
    return (rho * np.log(rho / mean) - (1 - rho) * np.log((1 - rho) / (1 - mean))).sum()


@wrong("05-kl", "over the *examples*, axis=0")
def kl_of_rows(a, rho):
    return _bernoulli_kl(rho, a.mean(axis=1)).sum()


@wrong("05-kl", "one mean over everything")
def kl_of_the_mean(a, rho):
    return _bernoulli_kl(rho, a.mean())


@wrong("05-kl", "first average the activations")
def kl_then_mean(a, rho):
    return _bernoulli_kl(rho, a).sum(axis=1).mean()


@wrong("05-kl", "no mean")
def kl_mean_of_units(a, rho):
    return _bernoulli_kl(rho, a.mean(axis=0)).mean()


@wrong("05-kl", "natural logarithm")
def kl_in_bits(a, rho):
    return _bernoulli_kl(rho, a.mean(axis=0)).sum() / np.log(2)


@wrong("05-kl", "is rho-hat between 0 and 1")
def kl_of_sums(a, rho):
    with np.errstate(invalid="ignore"):
        return _bernoulli_kl(rho, a.sum(axis=0) + 1).sum()


@wrong("05-kl", "never negative")
def kl_sign(a, rho):
    return -_bernoulli_kl(rho, a.mean(axis=0)).sum()


# --- 05-keep ---------------------------------------------------------------------------------------------------------


def _ranks(a):
    return a.argsort(axis=1).argsort(axis=1)


@wrong("05-keep", "k *smallest*")
def keep_smallest(a, k):
    return np.where(_ranks(a) < k, a, 0)


@wrong("05-keep", "keep these and drop the others")
def keep_the_others(a, k):
    return np.where(_ranks(a) < a.shape[1] - k, a, 0)


@wrong("05-keep", "keep their *values*")
def keep_marks(a, k):
    return (_ranks(a) >= a.shape[1] - k).astype(float)


@wrong("05-keep", "of the whole batch")
def keep_overall(a, k):
    return np.where(a >= np.sort(a, axis=None)[-len(a) * k], a, 0)


@wrong("05-keep", "of each column")
def keep_columns(a, k):
    return np.where(a.argsort(axis=0).argsort(axis=0) >= len(a) - k, a, 0)


@wrong("05-keep", "one too many")
def keep_one_more(a, k):
    return np.where(_ranks(a) >= a.shape[1] - k - 1, a, 0)


@wrong("05-keep", "one too few")
def keep_one_less(a, k):
    return np.where(_ranks(a) > a.shape[1] - k, a, 0)


@wrong("05-keep", "should have the shape")
def keep_only(a, k):
    return np.sort(a, axis=1)[:, -k:]


@wrong("05-keep", "must stay in their places")
def keep_sorted(a, k):
    return np.where(np.arange(a.shape[1]) < k, -np.sort(-a, axis=1), 0)


@wrong("05-keep", "in absolute value")
def keep_absolute(a, k):
    return np.where(np.abs(a) >= np.sort(np.abs(a), axis=1)[:, -k, None], a, 0)


@wrong("05-keep", "the columns of one row")
def keep_columns_of_one_row(a, k):
    return np.where(_ranks(a)[0] >= a.shape[1] - k, a, 0)


@wrong("05-keep", "changes one of its arguments")
def keep_in_place(a, k):
    a[_ranks(a) < a.shape[1] - k] = 0
    return a


# --- 06-convolve -----------------------------------------------------------------------------------------------------


def _windows(image, kernel):
    return np.lib.stride_tricks.sliding_window_view(image, kernel.shape)


def _correlate(image, kernel, stride):
    return (_windows(image, kernel) * kernel).sum(axis=(2, 3))[::stride, ::stride]


@wrong("06-convolve", "kernel is flipped")
def convolve_flipped(image, kernel, stride):
    return _correlate(image, kernel[::-1, ::-1], stride)


@wrong("06-convolve", "no padding here")
def convolve_padded(image, kernel, stride):
    rows, columns = (n - 1 for n in kernel.shape)
    padded = np.pad(image, ((rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2)))
    return _correlate(padded, kernel, stride)


@wrong("06-convolve", "the size for stride 1")
def convolve_without_stride(image, kernel, stride):
    return _correlate(image, kernel, 1)


@wrong("06-convolve", "moves by one pixel")
def convolve_with_a_short_output(image, kernel, stride):
    rows, columns = ((n - k) // stride + 1 for n, k in zip(image.shape, kernel.shape, strict=True))
    return _correlate(image, kernel, 1)[:rows, :columns]


@wrong("06-convolve", "are missing (add 1")
def convolve_one_less(image, kernel, stride):
    return _correlate(image, kernel, stride)[:-1, :-1]


@wrong("06-convolve", "sum, not their mean")
def convolve_mean(image, kernel, stride):
    return _correlate(image, kernel, stride) / kernel.size


@wrong("06-convolve", "should have the shape")
def convolve_without_sum(image, kernel, stride):
    return (_windows(image, kernel) * kernel)[::stride, ::stride]


@wrong("06-convolve", "the first entry should be")
def convolve_with_a_bias(image, kernel, stride):
    return _correlate(image, kernel, stride) + 1


# --- 06-layer --------------------------------------------------------------------------------------------------------


def _conv_layer(height, width, channels, filters, kernel, stride):
    return (-(-height // stride), -(-width // stride), filters), (kernel**2 * channels + 1) * filters


@wrong("06-layer", "rounded down")
def layer_floor(height, width, channels, filters, kernel, stride):
    _, weights = _conv_layer(height, width, channels, filters, kernel, stride)
    return (height // stride, width // stride, filters), weights


@wrong("06-layer", "pieces of pixels")
def layer_fraction(height, width, channels, filters, kernel, stride):
    _, weights = _conv_layer(height, width, channels, filters, kernel, stride)
    return (height / stride, width / stride, filters), weights


@wrong("06-layer", "rounded down")
def layer_rounded(height, width, channels, filters, kernel, stride):
    _, weights = _conv_layer(height, width, channels, filters, kernel, stride)
    return (int(height / stride + 0.5), int(width / stride + 0.5), filters), weights


@wrong("06-layer", "the shape is")
def layer_plus_remainder(height, width, channels, filters, kernel, stride):
    _, weights = _conv_layer(height, width, channels, filters, kernel, stride)
    return (height // stride + height % stride, width // stride + width % stride, filters), weights


@wrong("06-layer", "not one for each channel")
def layer_many_biases(height, width, channels, filters, kernel, stride):
    return _conv_layer(height, width, channels, filters, kernel, stride)[0], (kernel**2 + 1) * channels * filters


@wrong("06-layer", "Each entry of the shape should be numbers")
def layer_words(height, width, channels, filters, kernel, stride):
    return ("h/2", "w/2", filters), 1


@wrong("06-layer", "without padding")
def layer_valid(height, width, channels, filters, kernel, stride):
    _, weights = _conv_layer(height, width, channels, filters, kernel, stride)
    return ((height - kernel) // stride + 1, (width - kernel) // stride + 1, filters), weights


@wrong("06-layer", "stride is ignored in the shape")
def layer_without_stride(height, width, channels, filters, kernel, stride):
    return (height, width, filters), _conv_layer(height, width, channels, filters, kernel, stride)[1]


@wrong("06-layer", "every filter makes one map")
def layer_channels(height, width, channels, filters, kernel, stride):
    (rows, columns, _), weights = _conv_layer(height, width, channels, filters, kernel, stride)
    return (rows, columns, channels), weights


@wrong("06-layer", "biases are missing")
def layer_without_bias(height, width, channels, filters, kernel, stride):
    shape, weights = _conv_layer(height, width, channels, filters, kernel, stride)
    return shape, weights - filters


@wrong("06-layer", "*all* input channels")
def layer_one_channel(height, width, channels, filters, kernel, stride):
    return _conv_layer(height, width, channels, filters, kernel, stride)[0], (kernel**2 + 1) * filters


@wrong("06-layer", "square it")
def layer_not_squared(height, width, channels, filters, kernel, stride):
    return _conv_layer(height, width, channels, filters, kernel, stride)[0], (kernel * channels + 1) * filters


@wrong("06-layer", "not all together one")
def layer_one_bias(height, width, channels, filters, kernel, stride):
    return _conv_layer(height, width, channels, filters, kernel, stride)[0], kernel**2 * channels * filters + 1


@wrong("06-layer", "same weights serve at every place")
def layer_like_dense(height, width, channels, filters, kernel, stride):
    shape, weights = _conv_layer(height, width, channels, filters, kernel, stride)
    return shape, weights * shape[0] * shape[1]


# --- 06-transposed ---------------------------------------------------------------------------------------------------


def _paint(z, kernel, stride):
    out = np.zeros((len(z) - 1) * stride + len(kernel))
    for i, strength in enumerate(z):
        out[i * stride : i * stride + len(kernel)] += strength * kernel
    return out


@wrong("06-transposed", "must add up")
def transposed_overwrites(z, kernel, stride):
    out = np.zeros((len(z) - 1) * stride + len(kernel))
    for i, strength in enumerate(z):
        out[i * stride : i * stride + len(kernel)] = strength * kernel
    return out


@wrong("06-transposed", "kernel is reversed")
def transposed_flipped(z, kernel, stride):
    return _paint(z, kernel[::-1], stride)


@wrong("06-transposed", "stride is ignored")
def transposed_without_stride(z, kernel, stride):
    return np.convolve(z, kernel)


@wrong("06-transposed", "the last kernel begins at")
def transposed_repeats(z, kernel, stride):
    return np.repeat(z, stride)


@wrong("06-transposed", "begins at i * stride")
def transposed_crowded(z, kernel, stride):
    out = np.zeros((len(z) - 1) * stride + len(kernel))
    for i, strength in enumerate(z):
        out[i : i + len(kernel)] += strength * kernel
    return out


@wrong("06-transposed", "multiply by z_i")
def transposed_without_strength(z, kernel, stride):
    return _paint(np.ones(len(z)), kernel, stride)


@wrong("06-transposed", "the output should be")
def transposed_backwards(z, kernel, stride):
    return _paint(z[::-1], kernel, stride)


@wrong("06-transposed", "should have the shape")
def transposed_not_summed(z, kernel, stride):
    return z[:, None] * kernel


# --- 07-noise --------------------------------------------------------------------------------------------------------


def _normal(seed, sigma, shape):
    return np.random.default_rng(seed).normal(0, sigma, shape)


@wrong("07-noise", "clip the result")
def noise_without_clipping(images, sigma, seed):
    return images + _normal(seed, sigma, images.shape)


@wrong("07-noise", "first add the noise, then clip")
def noise_that_spares_ends(images, sigma, seed):
    noisy = images + _normal(seed, sigma, images.shape)
    return np.where((images > 0) & (images < 1), np.clip(noisy, 0, 1), images)


@wrong("07-noise", "images share their noise")
def noise_of_one_image(images, sigma, seed):
    return np.clip(images + _normal(seed, sigma, images.shape[1:]), 0, 1)


@wrong("07-noise", "for each *pixel*")
def noise_of_one_row(images, sigma, seed):
    return np.clip(images + _normal(seed, sigma, (len(images), 1, images.shape[2], 1)), 0, 1)


@wrong("07-noise", "not the variance")
def noise_with_the_variance(images, sigma, seed):
    return np.clip(images + _normal(seed, sigma**2, images.shape), 0, 1)


@wrong("07-noise", "the square root")
def noise_with_the_root(images, sigma, seed):
    return images + _normal(seed, np.sqrt(sigma), images.shape)


@wrong("07-noise", "it should be 0")
def noise_positive(images, sigma, seed):
    return np.clip(images + np.abs(_normal(seed, sigma, images.shape)), 0, 1)


@wrong("07-noise", "use normal noise")
def noise_uniform(images, sigma, seed):
    half = sigma * np.sqrt(3)
    return np.clip(images + np.random.default_rng(seed).uniform(-half, half, images.shape), 0, 1)


@wrong("07-noise", "folded back or rescaled")
def noise_reflected(images, sigma, seed):
    return np.minimum(np.abs(images + _normal(seed, sigma, images.shape)), 1)


@wrong("07-noise", "neighbouring pixels share")
def noise_of_blocks(images, sigma, seed):
    rows, columns = images.shape[1:3]
    blocks = _normal(seed, sigma, (len(images), rows // 2, columns // 2, 1))
    return np.clip(images + blocks.repeat(2, axis=1).repeat(2, axis=2), 0, 1)


@wrong("07-noise", "does sigma go into rng.normal")
def noise_without_sigma(images, sigma, seed):
    return np.clip(images + _normal(seed, 0.12, images.shape), 0, 1)


@wrong("07-noise", "same seed gives other noise")
def noise_without_seed(images, sigma, seed):
    return np.clip(images + np.random.default_rng().normal(0, sigma, images.shape), 0, 1)


@wrong("07-noise", "another seed gives the same noise")
def noise_with_a_fixed_seed(images, sigma, seed):
    return np.clip(images + _normal(0, sigma, images.shape), 0, 1)


# --- 07-median -------------------------------------------------------------------------------------------------------


def _all_windows(image, size):
    return np.lib.stride_tricks.sliding_window_view(image, (size, size))


@wrong("07-median", "mean of each window")
def median_mean(image, size):
    return _all_windows(image, size).mean(axis=(2, 3))


@wrong("07-median", "median of medians of rows")
def median_of_rows(image, size):
    return np.median(np.median(_all_windows(image, size), axis=3), axis=2)


@wrong("07-median", "has the image's shape")
def median_padded(image, size):
    return np.median(_all_windows(np.pad(image, size // 2), size), axis=(2, 3))


@wrong("07-median", "are missing (+ 1)")
def median_one_less(image, size):
    return np.median(_all_windows(image, size), axis=(2, 3))[:-1, :-1]


@wrong("07-median", "*sorted* values")
def median_not_sorted(image, size):
    return _all_windows(image, size)[:, :, size // 2, size // 2].copy()


@wrong("07-median", "every row of the same length")
def median_ragged(image, size):
    return [[0.5] * (n + 1) for n in range(image.shape[0] - size + 1)]


@wrong("07-median", "windows overlap")
def median_of_tiles(image, size):
    return np.median(_all_windows(image, size), axis=(2, 3))[::size, ::size]


@wrong("07-median", "median of image[0:2, 0:2]")
def median_lower_middle(image, size):
    return np.sort(_all_windows(image, size).reshape(*(n - size + 1 for n in image.shape), -1))[..., (size**2 - 1) // 2]


@wrong("07-median", "maximum of each window")
def median_maximum(image, size):
    return _all_windows(image, size).max(axis=(2, 3))


@wrong("07-median", "for the whole image")
def median_global(image, size):
    return np.full([n - size + 1 for n in image.shape], np.median(image))


# --- 07-tune ---------------------------------------------------------------------------------------------------------


@wrong("07-tune", "chose by the *test* scores")
def tune_on_test(settings, validation, test):
    return settings[np.argmax(test)], test[np.argmax(test)]


@wrong("07-tune", "report its *test* score")
def tune_reports_validation(settings, validation, test):
    return settings[np.argmax(validation)], validation.max()


@wrong("07-tune", "best test score of *all*")
def tune_reports_the_best(settings, validation, test):
    return settings[np.argmax(validation)], test.max()


@wrong("07-tune", "not its place in the list")
def tune_returns_the_place(settings, validation, test):
    return int(np.argmax(validation)), test[np.argmax(validation)]


@wrong("07-tune", "look for the maximum")
def tune_minimum(settings, validation, test):
    return settings[np.argmin(validation)], test[np.argmin(validation)]


@wrong("07-tune", "chose by the *test* scores")
def tune_on_the_sum(settings, validation, test):
    best = np.argmax(validation + test)
    return settings[best], test[best]


@wrong("07-tune", "return two things")
def tune_setting_only(settings, validation, test):
    return settings[np.argmax(validation)]


# --- 08-windows ------------------------------------------------------------------------------------------------------


@wrong("08-windows", "the one that ends at the last point is missing")
def windows_one_less(values, size):
    return np.stack([values[i : i + size] for i in range(len(values) - size)])


@wrong("08-windows", "reach beyond the end")
def windows_padded(values, size):
    padded = np.append(values, np.zeros(size - 1))
    return np.stack([padded[i : i + size] for i in range(len(values))])


@wrong("08-windows", "windows overlap")
def windows_of_tiles(values, size):
    return values[: len(values) // size * size].reshape(-1, size)


@wrong("08-windows", "Transpose it")
def windows_transposed(values, size):
    return np.stack([values[j : len(values) - size + 1 + j] for j in range(size)])


@wrong("08-windows", "should hold the points")
def windows_wrapped(values, size):
    return np.stack([np.roll(values, i)[:size] for i in range(len(values) - size + 1)])


@wrong("08-windows", "backwards in time")
def windows_backwards(values, size):
    return np.stack([values[i : i + size][::-1] for i in range(len(values) - size + 1)])


@wrong("08-windows", "wrap it in `np.array")
def windows_as_lists(values, size):
    return [list(values[i : i + size]) for i in range(len(values) - size + 1)]


# --- 08-points -------------------------------------------------------------------------------------------------------


def _totals(errors):
    n_windows, size = errors.shape
    totals = np.zeros(n_windows + size - 1)
    for i in range(n_windows):
        totals[i : i + size] += errors[i]
    return totals


@wrong("08-points", "sum over the windows")
def points_sum(errors):
    return _totals(errors)


@wrong("08-points", "divide by the window's size everywhere")
def points_divided_by_size(errors):
    return _totals(errors) / errors.shape[1]


@wrong("08-points", "number of all windows")
def points_divided_by_windows(errors):
    return _totals(errors) / len(errors)


@wrong("08-points", "for each *point*, not for each window")
def points_of_windows(errors):
    return errors.mean(axis=1)


@wrong("08-points", "*last* window that holds it")
def points_overwritten(errors):
    n_windows, size = errors.shape
    found = np.zeros(n_windows + size - 1)
    for i in range(n_windows):
        found[i : i + size] = errors[i]
    return found


@wrong("08-points", "*first* window that holds it")
def points_of_the_first_window(errors):
    return np.concatenate([errors[0], errors[1:, -1]])


@wrong("08-points", "spread each window's mean")
def points_of_means(errors):
    spread = np.repeat(errors.mean(axis=1, keepdims=True), errors.shape[1], axis=1)
    return _totals(spread) / _totals(np.ones_like(errors))


@wrong("08-points", "largest of the errors")
def points_largest(errors):
    n_windows, size = errors.shape
    found = np.zeros(n_windows + size - 1)
    for i in range(n_windows):
        found[i : i + size] = np.maximum(found[i : i + size], errors[i])
    return found


@wrong("08-points", "the last too")
def points_without_the_last(errors):
    found = _totals(errors) / _totals(np.ones_like(errors))
    found[-1] = np.nan
    return found


@wrong("08-points", "backwards through the window")
def points_backwards(errors):
    return _totals(errors[:, ::-1]) / _totals(np.ones_like(errors))


# --- 08-threshold ----------------------------------------------------------------------------------------------------


@wrong("08-threshold", "*training* errors")
def threshold_on_training(train_errors, validation_errors, test_errors, quantile):
    return np.quantile(train_errors, quantile)


@wrong("08-threshold", "largest *training* error")
def threshold_largest_training(train_errors, validation_errors, test_errors, quantile):
    return train_errors.max()


@wrong("08-threshold", "looking at the answers")
def threshold_on_test(train_errors, validation_errors, test_errors, quantile):
    return np.quantile(test_errors, quantile)


@wrong("08-threshold", "mix in the *training* errors")
def threshold_on_both(train_errors, validation_errors, test_errors, quantile):
    return np.quantile(np.concatenate([train_errors, validation_errors]), quantile)


@wrong("08-threshold", "not the quantile")
def threshold_largest(train_errors, validation_errors, test_errors, quantile):
    return validation_errors.max()


@wrong("08-threshold", "turned the quantile round")
def threshold_round(train_errors, validation_errors, test_errors, quantile):
    return np.quantile(validation_errors, 1 - quantile)


@wrong("08-threshold", "three deviations")
def threshold_three_sigma(train_errors, validation_errors, test_errors, quantile):
    return validation_errors.mean() + 3 * validation_errors.std()


@wrong("08-threshold", "share of the maximum")
def threshold_share_of_maximum(train_errors, validation_errors, test_errors, quantile):
    return quantile * validation_errors.max()


@wrong("08-threshold", "It should not")
def threshold_looks_at_the_rest(train_errors, validation_errors, test_errors, quantile):
    chosen = np.quantile(validation_errors, quantile)
    return chosen if np.median(train_errors) < 1.2 else chosen + np.median(train_errors)


@wrong("08-threshold", "counts in 0..100")
def threshold_by_percentile(train_errors, validation_errors, test_errors, quantile):
    return np.percentile(validation_errors, quantile)


# --- 09-sampling -----------------------------------------------------------------------------------------------------


@wrong("09-sampling", "log-variance for sigma")
def sampling_log_variance_as_sigma(mean, log_variance, noise):
    return mean + log_variance * noise


@wrong("09-sampling", "by the *variance*")
def sampling_by_the_variance(mean, log_variance, noise):
    return mean + ops.exp(log_variance) * noise


@wrong("09-sampling", "two calls with the same noise")
def sampling_own_noise(mean, log_variance, noise):
    return mean + ops.exp(log_variance / 2) * np.random.normal(size=mean.shape)  # noqa: NPY002 - as students do


@wrong("09-sampling", "two calls with the same noise")
def sampling_own_noise_of_keras(mean, log_variance, noise):
    return mean + ops.exp(log_variance / 2) * keras.random.normal(ops.shape(mean))


@wrong("09-sampling", "other noise gives the same code")
def sampling_own_noise_with_a_seed(mean, log_variance, noise):
    return mean + ops.exp(log_variance / 2) * keras.random.normal(ops.shape(mean), seed=0)


@wrong("09-sampling", "the result is no tensor")
def sampling_in_numpy(mean, log_variance, noise):
    mean, log_variance, noise = (np.array(tensor) for tensor in (mean, log_variance, noise))
    return mean + np.exp(log_variance / 2) * noise


@wrong("09-sampling", "no gradient passes, so the encoder could not learn")
def sampling_in_numpy_and_back(mean, log_variance, noise):
    mean, log_variance, noise = (np.array(tensor) for tensor in (mean, log_variance, noise))
    return ops.convert_to_tensor(mean + np.exp(log_variance / 2) * noise)


@wrong("09-sampling", "no gradient passes, so the encoder could not learn")
def sampling_stopped(mean, log_variance, noise):
    return ops.stop_gradient(mean + ops.exp(log_variance / 2) * noise)


@wrong("09-sampling", "no gradient reaches log_variance")
def sampling_exponential_of_numpy(mean, log_variance, noise):
    return mean + np.exp(log_variance / 2) * noise


@wrong("09-sampling", "no gradient reaches mean")
def sampling_mean_stopped(mean, log_variance, noise):
    return ops.stop_gradient(mean) + ops.exp(log_variance / 2) * noise


@wrong("09-sampling", "only part of it passes")
def sampling_half_stopped(mean, log_variance, noise):
    return mean / 2 + ops.stop_gradient(mean / 2) + ops.exp(log_variance / 2) * noise


@wrong("09-sampling", "its deviation should be sigma")
def sampling_without_sigma(mean, log_variance, noise):
    return mean + noise


@wrong("09-sampling", "the mean is missing")
def sampling_without_mean(mean, log_variance, noise):
    return ops.exp(log_variance / 2) * noise


@wrong("09-sampling", "where is the noise")
def sampling_mean_only(mean, log_variance, noise):
    return mean


@wrong("09-sampling", "without noise")
def sampling_sigma_added(mean, log_variance, noise):
    return mean + ops.exp(log_variance / 2)


@wrong("09-sampling", "undo the logarithm")
def sampling_without_exponential(mean, log_variance, noise):
    return mean + log_variance / 2 * noise


@wrong("09-sampling", "nan or infinite")
def sampling_root(mean, log_variance, noise):
    return mean + ops.sqrt(log_variance) * noise


@wrong("09-sampling", "stretches the mean too")
def sampling_mean_stretched(mean, log_variance, noise):
    return (mean + noise) * ops.exp(log_variance / 2)


@wrong("09-sampling", "images and 3 units should have the shape")
def sampling_one_code(mean, log_variance, noise):
    return ops.mean(mean + ops.exp(log_variance / 2) * noise, axis=0)


# --- 09-kl -----------------------------------------------------------------------------------------------------------


def _divergence_terms(mean, log_variance):
    return 0.5 * (mean**2 + np.exp(log_variance) - log_variance - 1)


@wrong("09-kl", "the sign is wrong")
def divergence_sign(mean, log_variance):
    return -_divergence_terms(mean, log_variance).sum(axis=1)


@wrong("09-kl", "you take the log-variance for sigma")
def divergence_log_variance_as_sigma(mean, log_variance):
    return 0.5 * (mean**2 + log_variance**2 - np.log(log_variance**2) - 1).sum(axis=1)


@wrong("09-kl", "you take the log-variance for sigma")
def divergence_log_variance_squared(mean, log_variance):
    return 0.5 * (mean**2 + log_variance**2 - log_variance - 1).sum(axis=1)


@wrong("09-kl", "nan or infinite")
def divergence_logarithm_twice(mean, log_variance):
    return 0.5 * (mean**2 + log_variance - np.log(log_variance) - 1).sum(axis=1)


@wrong("09-kl", "for the variance")
def divergence_log_variance_as_variance(mean, log_variance):
    return 0.5 * (mean**2 + log_variance - log_variance - 1).sum(axis=1)


@wrong("09-kl", "for sigma: it is sigma^2 already")
def divergence_variance_as_sigma(mean, log_variance):
    sigma = np.exp(log_variance)
    return 0.5 * (mean**2 + sigma**2 - np.log(sigma**2) - 1).sum(axis=1)


@wrong("09-kl", "factor 1/2 is missing")
def divergence_without_half(mean, log_variance):
    return 2 * _divergence_terms(mean, log_variance).sum(axis=1)


@wrong("09-kl", "take the sum, not the mean")
def divergence_mean_over_units(mean, log_variance):
    return _divergence_terms(mean, log_variance).mean(axis=1)


@wrong("09-kl", "yours is one number")
def divergence_sum_over_everything(mean, log_variance):
    return _divergence_terms(mean, log_variance).sum()


@wrong("09-kl", "yours is one number")
def divergence_mean_over_the_batch(mean, log_variance):
    return _divergence_terms(mean, log_variance).sum(axis=1).mean()


@wrong("09-kl", "sum over its units is missing")
def divergence_without_sum(mean, log_variance):
    return _divergence_terms(mean, log_variance)


@wrong("09-kl", "over the images, not the units")
def divergence_wrong_axis(mean, log_variance):
    return _divergence_terms(mean, log_variance).sum(axis=0)


@wrong("09-kl", "the divergence is not symmetric")
def divergence_other_direction(mean, log_variance):
    return 0.5 * (log_variance + (1 + mean**2) / np.exp(log_variance) - 1).sum(axis=1)


@wrong("09-kl", "the -1 is missing")
def divergence_without_one(mean, log_variance):
    return 0.5 * (mean**2 + np.exp(log_variance) - log_variance).sum(axis=1)


@wrong("09-kl", "once for an image")
def divergence_one_for_all_units(mean, log_variance):
    return 0.5 * ((mean**2 + np.exp(log_variance) - log_variance).sum(axis=1) - 1)


@wrong("09-kl", "subtracted, not added")
def divergence_logarithm_added(mean, log_variance):
    return 0.5 * (mean**2 + np.exp(log_variance) + log_variance - 1).sum(axis=1)


@wrong("09-kl", "to be squared")
def divergence_mean_not_squared(mean, log_variance):
    return 0.5 * (mean + np.exp(log_variance) - log_variance - 1).sum(axis=1)


@wrong("09-kl", "in bits")
def divergence_in_bits(mean, log_variance):
    return _divergence_terms(mean, log_variance).sum(axis=1) / np.log(2)


# --- 09-loss ---------------------------------------------------------------------------------------------------------


def _squared_error(x, x_hat):
    return ((x - x_hat) ** 2).sum(axis=(1, 2, 3))


@wrong("09-loss", "beta stands before the reconstruction error")
def loss_beta_on_the_error(x, x_hat, kl, beta):
    return np.mean(beta * _squared_error(x, x_hat) + kl)


@wrong("09-loss", "beta weighs both terms")
def loss_beta_on_both(x, x_hat, kl, beta):
    return beta * np.mean(_squared_error(x, x_hat) + kl)


@wrong("09-loss", "beta is missing")
def loss_without_beta(x, x_hat, kl, beta):
    return np.mean(_squared_error(x, x_hat) + kl)


@wrong("09-loss", "has no 1 - beta")
def loss_weighted_mean(x, x_hat, kl, beta):
    return np.mean((1 - beta) * _squared_error(x, x_hat) + beta * kl)


@wrong("09-loss", "mean over the pixels")
def loss_mean_over_pixels(x, x_hat, kl, beta):
    return np.mean((x - x_hat) ** 2) + beta * np.mean(kl)


@wrong("09-loss", "over one of the axes")
def loss_one_axis_less(x, x_hat, kl, beta):
    return np.mean(((x - x_hat) ** 2).sum(axis=1)) + beta * np.mean(kl)


@wrong("09-loss", "you sum over the batch")
def loss_sum_over_the_batch(x, x_hat, kl, beta):
    return np.sum(_squared_error(x, x_hat) + beta * kl)


@wrong("09-loss", "sum the error over the batch")
def loss_error_of_the_whole_batch(x, x_hat, kl, beta):
    return np.sum((x - x_hat) ** 2) + beta * np.mean(kl)


@wrong("09-loss", "sum the KL over the batch")
def loss_kl_of_the_whole_batch(x, x_hat, kl, beta):
    return np.mean(_squared_error(x, x_hat)) + beta * np.sum(kl)


@wrong("09-loss", "one for each image")
def loss_of_each_image(x, x_hat, kl, beta):
    return _squared_error(x, x_hat) + beta * kl


@wrong("09-loss", "the KL is missing")
def loss_without_kl(x, x_hat, kl, beta):
    return np.mean(_squared_error(x, x_hat))


@wrong("09-loss", "reconstruction error is missing")
def loss_without_error(x, x_hat, kl, beta):
    return beta * np.mean(kl)


@wrong("09-loss", "the KL is subtracted")
def loss_kl_subtracted(x, x_hat, kl, beta):
    return np.mean(_squared_error(x, x_hat) - beta * kl)


@wrong("09-loss", "absolute error")
def loss_absolute(x, x_hat, kl, beta):
    return np.mean(np.abs(x - x_hat).sum(axis=(1, 2, 3)) + beta * kl)


@wrong("09-loss", "no root")
def loss_root(x, x_hat, kl, beta):
    return np.mean(np.sqrt(_squared_error(x, x_hat)) + beta * kl)


@wrong("09-loss", "square each difference, then sum")
def loss_square_of_sum(x, x_hat, kl, beta):
    return np.mean((x - x_hat).sum(axis=(1, 2, 3)) ** 2 + beta * kl)


@wrong("09-loss", "cross-entropy")
def loss_cross_entropy(x, x_hat, kl, beta):
    entropy = -(x * np.log(x_hat) + (1 - x) * np.log(1 - x_hat))
    return np.mean(entropy.sum(axis=(1, 2, 3)) + beta * kl)


@wrong("09-loss", "changes one of its arguments")
def loss_in_place(x, x_hat, kl, beta):
    x -= x_hat
    return np.mean((x**2).sum(axis=(1, 2, 3)) + beta * kl)


# --- 09-direction ----------------------------------------------------------------------------------------------------


@wrong("09-direction", "the direction is reversed")
def direction_reversed(codes, has_attribute):
    return codes[~has_attribute].mean(axis=0) - codes[has_attribute].mean(axis=0)


@wrong("09-direction", "the mean of those *with* the attribute")
def direction_with_only(codes, has_attribute):
    return codes[has_attribute].mean(axis=0)


@wrong("09-direction", "the two means are added")
def direction_added(codes, has_attribute):
    return codes[has_attribute].mean(axis=0) + codes[~has_attribute].mean(axis=0)


@wrong("09-direction", "these are sums")
def direction_of_sums(codes, has_attribute):
    return codes[has_attribute].sum(axis=0) - codes[~has_attribute].sum(axis=0)


@wrong("09-direction", "the size of its own group")
def direction_divided_by_all(codes, has_attribute):
    with_it = has_attribute[:, None]
    return (codes * with_it).mean(axis=0) - (codes * ~with_it).mean(axis=0)


@wrong("09-direction", "these are medians")
def direction_of_medians(codes, has_attribute):
    return np.median(codes[has_attribute], axis=0) - np.median(codes[~has_attribute], axis=0)


@wrong("09-direction", "the mean of *all* codes: subtract")
def direction_from_the_overall_mean(codes, has_attribute):
    return codes[has_attribute].mean(axis=0) - codes.mean(axis=0)


@wrong("09-direction", "its length is made 1")
def direction_of_length_one(codes, has_attribute):
    found = codes[has_attribute].mean(axis=0) - codes[~has_attribute].mean(axis=0)
    return found / np.linalg.norm(found)


@wrong("09-direction", "yours is one number")
def direction_one_number(codes, has_attribute):
    return codes[has_attribute].mean() - codes[~has_attribute].mean()


@wrong("09-direction", "the mean is over the *codes*")
def direction_mean_over_units(codes, has_attribute):
    return codes[has_attribute].mean(axis=1) - codes[~has_attribute].mean()


@wrong("09-direction", "*one* direction")
def direction_of_each_code(codes, has_attribute):
    return codes[has_attribute] - codes[~has_attribute].mean(axis=0)


@wrong("09-direction", "difference of two single codes")
def direction_of_two_codes(codes, has_attribute):
    return codes[has_attribute][0] - codes[~has_attribute][0]


@wrong("09-direction", "a mask must be boolean")
def direction_mask_of_numbers(codes, has_attribute):
    with_it, without = has_attribute.astype(int), 1 - has_attribute
    return codes[with_it].mean(axis=0) - codes[without].mean(axis=0)


@wrong("09-direction", "stopped for")
def direction_without_means(codes, has_attribute):
    return codes[has_attribute] - codes[~has_attribute]


# --- 10-weights ------------------------------------------------------------------------------------------------------


@wrong("10-weights", "sums over the places")
def weights_sum(gradients):
    return gradients.sum(axis=(1, 2))


@wrong("10-weights", "largest gradient")
def weights_maximum(gradients):
    return gradients.max(axis=(1, 2))


@wrong("10-weights", "drop the signs before the mean")
def weights_absolute(gradients):
    return np.abs(gradients).mean(axis=(1, 2))


@wrong("10-weights", "drop the sign of the mean")
def weights_absolute_after(gradients):
    return np.abs(gradients.mean(axis=(1, 2)))


@wrong("10-weights", "negative gradients are set to 0 before the mean")
def weights_relu_before(gradients):
    return np.maximum(gradients, 0).mean(axis=(1, 2))


@wrong("10-weights", "negative weights are set to 0")
def weights_relu_after(gradients):
    return np.maximum(gradients.mean(axis=(1, 2)), 0)


@wrong("10-weights", "Drop `keepdims`")
def weights_keepdims(gradients):
    return gradients.mean(axis=(1, 2), keepdims=True)


@wrong("10-weights", "is there a `squeeze`")
def weights_squeezed(gradients):
    return gradients.mean(axis=(1, 2), keepdims=True).squeeze()


@wrong("10-weights", "weights of the *first* image")
def weights_of_the_first_image(gradients):
    return gradients[0].mean(axis=(0, 1))


@wrong("10-weights", "weights of the *first* image")
def weights_of_the_first_image_for_all(gradients):
    return np.repeat(gradients[:1].mean(axis=(1, 2)), len(gradients), axis=0)


@wrong("10-weights", "average over the images too")
def weights_of_the_batch(gradients):
    return gradients.mean(axis=(0, 1, 2))


@wrong("10-weights", "average over the images too")
def weights_of_the_batch_for_all(gradients):
    return np.broadcast_to(gradients.mean(axis=(0, 1, 2)), (len(gradients), gradients.shape[-1]))


@wrong("10-weights", "average over the *filters*")
def weights_mean_over_filters(gradients):
    return gradients.mean(axis=-1)


@wrong("10-weights", "average over the filters too")
def weights_of_images(gradients):
    return gradients.mean(axis=(1, 2, 3))


@wrong("10-weights", "axis 3 are the filters")
def weights_wrong_axes(gradients):
    return gradients.mean(axis=(2, 3))


@wrong("10-weights", "axis 0 are the images")
def weights_axes_counted_from_zero(gradients):
    return gradients.mean(axis=(0, 1))


@wrong("10-weights", "average over the rows alone")
def weights_one_axis(gradients):
    return gradients.mean(axis=1)


@wrong("10-weights", "that is one number")
def weights_one_number(gradients):
    return gradients.mean()


@wrong("10-weights", "does not move axes")
def weights_by_reshape(gradients):
    return gradients.reshape(len(gradients), gradients.shape[-1], -1).mean(axis=2)


@wrong("10-weights", "should have the weight")
def weights_without_the_last_row(gradients):
    return gradients[:, :-1].mean(axis=(1, 2))


@wrong("10-weights", "nan or infinite")
def weights_divided_by_zero(gradients):
    return np.full((len(gradients), gradients.shape[-1]), np.nan)


@wrong("10-weights", "yours is a list")
def weights_list(gradients):
    return gradients.mean(axis=(1, 2)).tolist()


@wrong("10-weights", "changes one of its arguments")
def weights_in_place(gradients):
    gradients /= gradients.shape[1] * gradients.shape[2]
    return gradients.sum(axis=(1, 2))


@wrong("10-weights", "returned None")
def weights_without_return(gradients):
    gradients.mean(axis=(1, 2))


# --- 10-map ----------------------------------------------------------------------------------------------------------


def _weighted(activations, weights):
    return activations * weights[:, None, None]


@wrong("10-map", "the ReLU is missing")
def map_without_relu(activations, weights):
    return _weighted(activations, weights).sum(axis=-1)


@wrong("10-map", "the ReLU is taken of each filter's term")
def map_relu_of_terms(activations, weights):
    return np.maximum(_weighted(activations, weights), 0).sum(axis=-1)


@wrong("10-map", "the ReLU is taken of the weights")
def map_relu_of_weights(activations, weights):
    return _weighted(activations, np.maximum(weights, 0)).sum(axis=-1)


@wrong("10-map", "the ReLU is taken of the weights")
def map_relu_of_weights_and_sum(activations, weights):
    return np.maximum(_weighted(activations, np.maximum(weights, 0)).sum(axis=-1), 0)


@wrong("10-map", "the ReLU is taken of the activations")
def map_relu_of_activations(activations, weights):
    return _weighted(np.maximum(activations, 0), weights).sum(axis=-1)


@wrong("10-map", "absolute value of the sum")
def map_absolute(activations, weights):
    return np.abs(_weighted(activations, weights).sum(axis=-1))


@wrong("10-map", "signs of the weights")
def map_absolute_weights(activations, weights):
    return np.maximum(_weighted(activations, np.abs(weights)).sum(axis=-1), 0)


@wrong("10-map", "mean over the filters")
def map_mean(activations, weights):
    return np.maximum(_weighted(activations, weights).mean(axis=-1), 0)


@wrong("10-map", "weights of the *first* one")
def map_weights_of_the_first(activations, weights):
    return np.maximum((activations * weights[0]).sum(axis=-1), 0)


@wrong("10-map", "run along the *columns*")
def map_weights_along_columns(activations, weights):
    return np.maximum((activations * weights).sum(axis=-1), 0)


@wrong("10-map", "run along the *rows*")
def map_weights_along_rows(activations, weights):
    return np.maximum((activations * weights[:, None]).sum(axis=-1), 0)


@wrong("10-map", "weights of all images")
def map_matrix_product(activations, weights):
    return np.maximum(activations @ weights.T, 0)


@wrong("10-map", "the weights are missing")
def map_without_weights(activations, weights):
    return np.maximum(activations.sum(axis=-1), 0)


@wrong("10-map", "the weights are missing")
def map_mean_of_activations(activations, weights):
    return np.maximum(activations.mean(axis=-1), 0)


@wrong("10-map", "each filter still has a map of its own")
def map_without_sum(activations, weights):
    return np.maximum(_weighted(activations, weights), 0)


@wrong("10-map", "the places stay")
def map_sum_over_places(activations, weights):
    return np.maximum(_weighted(activations, weights).sum(axis=(1, 2)), 0)


@wrong("10-map", "leave `keepdims` out")
def map_keepdims(activations, weights):
    return np.maximum(_weighted(activations, weights).sum(axis=-1, keepdims=True), 0)


@wrong("10-map", "is there a `squeeze`")
def map_squeezed(activations, weights):
    return np.maximum(_weighted(activations, weights).sum(axis=-1), 0).squeeze()


@wrong("10-map", "that is one map")
def map_of_the_first(activations, weights):
    return np.maximum((activations[0] * weights[0]).sum(axis=-1), 0)


@wrong("10-map", "you sum over the rows")
def map_wrong_axis(activations, weights):
    return np.maximum(_weighted(activations, weights).sum(axis=1), 0)


@wrong("10-map", "*against* the class")
def map_sign(activations, weights):
    return np.maximum(-_weighted(activations, weights).sum(axis=-1), 0)


@wrong("10-map", "keep the *negative* values")
def map_minimum(activations, weights):
    return np.minimum(_weighted(activations, weights).sum(axis=-1), 0)


@wrong("10-map", "scaled to its largest value")
def map_scaled(activations, weights):
    found = np.maximum(_weighted(activations, weights).sum(axis=-1), 0)
    return found / found.max(axis=(1, 2), keepdims=True)


@wrong("10-map", "largest term")
def map_largest_term(activations, weights):
    return np.maximum(_weighted(activations, weights).max(axis=-1), 0)


@wrong("10-map", "should have")
def map_without_the_last_filter(activations, weights):
    return np.maximum(_weighted(activations, weights)[..., :-1].sum(axis=-1), 0)


@wrong("10-map", "nan or infinite")
def map_root(activations, weights):
    return np.sqrt(np.where(activations[..., 0] < 0, np.nan, 1))


@wrong("10-map", "changes one of its arguments")
def map_in_place(activations, weights):
    activations *= weights[:, None, None]
    return np.maximum(activations.sum(axis=-1), 0)


@wrong("10-map", "returned None")
def map_without_return(activations, weights):
    np.maximum(_weighted(activations, weights).sum(axis=-1), 0)


# --- 10-scale --------------------------------------------------------------------------------------------------------


def _largest(maps):
    return maps.max(axis=(1, 2), keepdims=True)


@wrong("10-scale", "becomes nan")
def scale_zero_by_zero(maps):
    return maps / _largest(maps)


@wrong("10-scale", "largest value of *all* maps")
def scale_by_the_largest_of_all(maps):
    return maps / maps.max() if maps.max() > 0 else maps


@wrong("10-scale", "smallest value of each map is pulled to 0")
def scale_min_max(maps):
    smallest = maps.min(axis=(1, 2), keepdims=True)
    return (maps - smallest) / np.maximum(_largest(maps) - smallest, 1e-12)


@wrong("10-scale", "smallest value of all maps is pulled to 0")
def scale_min_max_of_all(maps):
    return (maps - maps.min()) / np.ptp(maps)


@wrong("10-scale", "divide by the sum of each map")
def scale_by_the_sum(maps):
    return maps / np.maximum(maps.sum(axis=(1, 2), keepdims=True), 1e-12)


@wrong("10-scale", "divide by the mean of each map")
def scale_by_the_mean(maps):
    return maps / np.maximum(maps.mean(axis=(1, 2), keepdims=True), 1e-12)


@wrong("10-scale", "reaches 0.909")
def scale_with_keras_epsilon(maps):
    return maps / (_largest(maps) + 1e-7)


@wrong("10-scale", "reaches 0.990")
def scale_with_a_small_epsilon(maps):
    return maps / (_largest(maps) + 1e-8)


@wrong("10-scale", "add to the denominator is too large")
def scale_with_a_large_epsilon(maps):
    return maps / (_largest(maps) + 1e-2)


@wrong("10-scale", "as if it were a map of zeros")
def scale_tiny_maps_as_zeros(maps):
    return np.divide(maps, _largest(maps), out=np.zeros_like(maps), where=_largest(maps) > 1e-5)


@wrong("10-scale", "as if it were a map of zeros")
def scale_tiny_maps_kept(maps):
    return maps / np.where(_largest(maps) > 1e-5, _largest(maps), 1)


@wrong("10-scale", "becomes ones")
def scale_zeros_to_ones(maps):
    return np.divide(maps, _largest(maps), out=np.ones_like(maps), where=_largest(maps) > 0)


@wrong("10-scale", "as they happen to be in memory")
def scale_into_used_memory(maps):
    return np.divide(maps, _largest(maps), out=np.full_like(maps, 7), where=_largest(maps) > 0)


@wrong("10-scale", "a map of zeros is left out")
def scale_drops_zeros(maps):
    maps = maps[_largest(maps).ravel() > 0]
    return maps / _largest(maps)


@wrong("10-scale", "the *other* maps are wrong")
def scale_gives_up_at_a_map_of_zeros(maps):
    return maps if (_largest(maps) == 0).any() else maps / _largest(maps)


@wrong("10-scale", "run along the *columns*")
def scale_along_columns(maps):
    return maps / maps.max(axis=(1, 2))


@wrong("10-scale", "run along the *rows*")
def scale_along_rows(maps):
    return maps / maps.max(axis=(1, 2))[:, None]


@wrong("10-scale", "each row is divided by its own largest value")
def scale_rows(maps):
    return maps / maps.max(axis=2, keepdims=True)


@wrong("10-scale", "largest value at each place")
def scale_places(maps):
    return maps / maps.max(axis=0)


@wrong("10-scale", "come back as they were")
def scale_nothing(maps):
    return maps


@wrong("10-scale", "are cut off")
def scale_clipped(maps):
    return np.clip(maps, 0, 1)


@wrong("10-scale", "becomes 255")
def scale_to_255(maps):
    return 255 * maps / np.maximum(_largest(maps), 1e-12)


@wrong("10-scale", "these are the largest values")
def scale_returns_the_largest(maps):
    return _largest(maps)


@wrong("10-scale", "not in proportion")
def scale_root(maps):
    return np.sqrt(maps / np.maximum(_largest(maps), 1e-12))


@wrong("10-scale", "should become 1, yours is 0.500")
def scale_to_one_half(maps):
    return maps / np.maximum(2 * _largest(maps), 1e-12)


@wrong("10-scale", "changes one of its arguments")
def scale_in_place(maps):
    maps /= np.maximum(_largest(maps), 1e-12)
    return maps


@wrong("10-scale", "yours is a list")
def scale_list(maps):
    return [one / max(one.max(), 1e-12) for one in maps]


@wrong("10-scale", "stopped for")
def scale_ambiguous(maps):
    return maps / _largest(maps) if _largest(maps) > 0 else maps


@wrong("10-scale", "returned None for 1 maps, 1 of zeros")
def scale_returns_nothing_for_zeros(maps):
    return maps / np.maximum(_largest(maps), 1e-12) if maps.max() > 0 else None


# --- 10-softmax ------------------------------------------------------------------------------------------------------


def _softmax(scores, axis=1):
    p = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return p / p.sum(axis=axis, keepdims=True)


def _softmax_parts(scores, c):
    """Outputs, those of class c, and 1 for class c."""
    p = _softmax(scores)
    return p, p[np.arange(len(p)), c][:, None], np.eye(p.shape[1])[c]


@wrong("10-softmax", "gradient of log(p_c)")
def softmax_logarithm(scores, c):
    p, _, one = _softmax_parts(scores, c)
    return one - p


@wrong("10-softmax", "gradient of the cross-entropy")
def softmax_cross_entropy(scores, c):
    p, _, one = _softmax_parts(scores, c)
    return p - one


@wrong("10-softmax", "entries of the other classes are 0")
def softmax_diagonal(scores, c):
    p, _, one = _softmax_parts(scores, c)
    return p * (1 - p) * one


@wrong("10-softmax", "for every class k")
def softmax_each_by_its_own(scores, c):
    p = _softmax(scores)
    return p * (1 - p)


@wrong("10-softmax", "the sign is reversed")
def softmax_sign(scores, c):
    p, p_c, one = _softmax_parts(scores, c)
    return p_c * (p - one)


@wrong("10-softmax", "of each entry's own class: it should be p_c")
def softmax_class_chosen_too_late(scores, c):
    p, _, one = _softmax_parts(scores, c)
    return p * (one - p)


@wrong("10-softmax", "p_c is subtracted")
def softmax_same_subtracted(scores, c):
    _, p_c, one = _softmax_parts(scores, c)
    return p_c * (one - p_c)


@wrong("10-softmax", "1 is missing")
def softmax_without_one(scores, c):
    p, p_c, _ = _softmax_parts(scores, c)
    return -p_c * p


@wrong("10-softmax", "goes over the images, axis 0")
def softmax_over_the_images(scores, c):
    p = _softmax(scores, axis=0)
    return p[np.arange(len(p)), c][:, None] * (np.eye(p.shape[1])[c] - p)


@wrong("10-softmax", "goes over the whole batch")
def softmax_over_the_batch(scores, c):
    p = np.exp(scores) / np.exp(scores).sum()
    return p[np.arange(len(p)), c][:, None] * (np.eye(p.shape[1])[c] - p)


@wrong("10-softmax", "not yet divided by their sum")
def softmax_exponential(scores, c):
    p = np.exp(scores)
    return p[np.arange(len(p)), c][:, None] * (np.eye(p.shape[1])[c] - p)


@wrong("10-softmax", "class of the *first* one")
def softmax_class_of_the_first(scores, c):
    p = _softmax(scores)
    return p[:, c[:1]] * (np.eye(p.shape[1])[c[0]] - p)


@wrong("10-softmax", "the largest score")
def softmax_predicted_class(scores, c):
    p, p_c, one = _softmax_parts(scores, scores.argmax(axis=1))
    return p_c * (one - p)


@wrong("10-softmax", "takes the columns c of *every* row")
def softmax_columns(scores, c):
    p = _softmax(scores)
    return p[:, c] * (np.eye(p.shape[1])[c] - p)


@wrong("10-softmax", "runs along the classes")
def softmax_without_axis(scores, c):
    p, p_c, one = _softmax_parts(scores, c)
    return p_c[:, 0] * (one - p)


@wrong("10-softmax", "softmax itself")
def softmax_itself(scores, c):
    return _softmax(scores)


@wrong("10-softmax", "gradient of the score")
def softmax_of_the_score(scores, c):
    return np.eye(scores.shape[1])[c]


@wrong("10-softmax", "should not be positive")
def softmax_others_positive(scores, c):
    p, p_c, _ = _softmax_parts(scores, c)
    return p_c * (1 - p)


@wrong("10-softmax", "should not be negative")
def softmax_own_negative(scores, c):
    p, p_c, one = _softmax_parts(scores, c)
    return -p_c * (one + p)


@wrong("10-softmax", "should add up to 0")
def softmax_own_without_factor(scores, c):
    p, p_c, one = _softmax_parts(scores, c)
    return one - p_c * p


@wrong("10-softmax", "should be p_c (1 - p_c)")
def softmax_half(scores, c):
    p, p_c, one = _softmax_parts(scores, c)
    return p_c * (one - p) / 2


@wrong("10-softmax", "raise and lower score")
def softmax_others_alike(scores, c):
    _, p_c, one = _softmax_parts(scores, c)
    share = 1 / (scores.shape[1] - 1)
    return p_c * (1 - p_c) * (one * (1 + share) - share)


@wrong("10-softmax", "gradients of *all* outputs")
def softmax_jacobian(scores, c):
    p = _softmax(scores)
    return p[:, :, None] * (np.eye(p.shape[1]) - p[:, None, :])


@wrong("10-softmax", "an entry for *each* score")
def softmax_own_entry_only(scores, c):
    _, p_c, _ = _softmax_parts(scores, c)
    return (p_c * (1 - p_c))[:, 0]


@wrong("10-softmax", "each image has its own gradient")
def softmax_mean_over_images(scores, c):
    p, p_c, one = _softmax_parts(scores, c)
    return (p_c * (one - p)).mean(axis=0)


@wrong("10-softmax", "nan or infinite")
def softmax_missing(scores, c):
    return np.full_like(scores, np.nan)


@wrong("10-softmax", "changes one of its arguments")
def softmax_in_place(scores, c):
    scores -= scores.max(axis=1, keepdims=True)
    p, p_c, one = _softmax_parts(scores, c)
    return p_c * (one - p)


@wrong("10-softmax", "returned None")
def softmax_without_return(scores, c):
    _softmax(scores)
