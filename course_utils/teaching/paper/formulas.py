"""The formulas of the notebooks in NumPy, for the paper questions: no TensorFlow, so that a sheet is there at once.

Where an exercise asks for a function, it is here under the exercise's name and with its arguments, and the exercise's
own check is a test of it. What the package has in NumPy already is not repeated.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray


def next_centroid_probabilities(x: ArrayLike, centroids: ArrayLike) -> NDArray[np.float64]:
    """Probability of each point to become the next centroid in k-means++: (m, d), (n, d) -> (m,)."""
    squared = squared_distances_to_nearest(x, centroids)
    return squared / squared.sum()


def squared_distances_to_nearest(x: ArrayLike, centroids: ArrayLike) -> NDArray[np.float64]:
    """Squared distance of each point to its nearest centroid: (m, d), (n, d) -> (m,)."""
    difference = np.asarray(x, dtype=float)[:, None] - np.asarray(centroids, dtype=float)
    return (difference**2).sum(axis=2).min(axis=1)


def precision_recall_f1(right: float, claimed: float, true: float) -> tuple[float, float, float]:
    """Shares of what is claimed and of what is true that are right, and their harmonic mean."""
    precision, recall = right / claimed, right / true
    return precision, recall, 2 * precision * recall / (precision + recall) if right else 0.0


def silhouette_parts(x: ArrayLike, labels: ArrayLike, j: int) -> tuple[float, dict[int, float]]:
    """Mean distance of point j to the others of its cluster, and to the points of each other cluster."""
    x, labels = np.asarray(x, dtype=float), np.asarray(labels)
    distances = np.sqrt(((x - x[j]) ** 2).sum(axis=1))
    own = labels == labels[j]
    others = {int(c): float(distances[labels == c].mean()) for c in np.unique(labels[~own])}
    return float(distances[own].sum() / max(1, own.sum() - 1)), others


def silhouette(x: ArrayLike, labels: ArrayLike, j: int) -> float:
    """Silhouette of point j, (b - a) / max(a, b): (m, d), (m,), int -> number in -1..1; 0 for a point alone."""
    a, others = silhouette_parts(x, labels, j)
    if np.count_nonzero(np.asarray(labels) == labels[j]) == 1:
        return 0.0
    b = min(others.values())
    return (b - a) / max(a, b)


def davies_bouldin_parts(x: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Mean distances to the centroids (k,), and ratios (s_c + s_c') / ||mu_c - mu_c'|| (k, k), 0 on the diagonal."""
    x, labels = np.asarray(x, dtype=float), np.asarray(labels)
    groups = [x[labels == c] for c in np.unique(labels)]
    centroids = np.array([group.mean(axis=0) for group in groups])
    spreads = np.array([np.linalg.norm(g - mu, axis=1).mean() for g, mu in zip(groups, centroids, strict=True)])
    apart = np.linalg.norm(centroids[:, None] - centroids, axis=2)
    np.fill_diagonal(apart, np.inf)
    return spreads, (spreads[:, None] + spreads) / apart


def davies_bouldin(x: ArrayLike, labels: ArrayLike) -> float:
    """Davies-Bouldin index, the mean over clusters of the largest ratio: (m, d), (m,) -> number; low is good."""
    return float(davies_bouldin_parts(x, labels)[1].max(axis=1).mean())


def dunn_parts(x: ArrayLike, labels: ArrayLike) -> tuple[float, float]:
    """Smallest distance between points of different clusters, largest within one: (m, d), (m,) -> two numbers."""
    x, labels = np.asarray(x, dtype=float), np.asarray(labels)
    distances = np.linalg.norm(x[:, None] - x, axis=2)
    same = labels[:, None] == labels
    return float(distances[~same].min()), float(distances[same].max())


def best_k(ks: ArrayLike, inertias: ArrayLike, cost_per_misfit: float, cost_per_cluster: float) -> int:
    """Number of clusters that costs least in all: (n,), (n,), number, number -> one of ks."""
    costs = cost_per_misfit * np.asarray(inertias, dtype=float) + cost_per_cluster * np.asarray(ks)
    return int(np.asarray(ks)[costs.argmin()])


def index_bits(k: int) -> int:
    """Bits of an index into a palette of k <= 256 colours: 1, 2, 4 or 8."""
    return next(bits for bits in (1, 2, 4, 8) if 2**bits >= k)


def indexed_bytes(height: int, width: int, k: int) -> int:
    """Bytes of packed indices and of a palette of k colours, before compression."""
    return math.ceil(height * width * index_bits(k) / 8) + 3 * k


def mean_squared_error(x: ArrayLike, x_hat: ArrayLike) -> float:
    """Mean squared difference of two arrays of one shape."""
    return float(np.mean((np.asarray(x, dtype=float) - np.asarray(x_hat, dtype=float)) ** 2))


def psnr(original: ArrayLike, approximation: ArrayLike, peak: float = 255.0) -> float:
    """Peak signal-to-noise ratio of two arrays of one shape, in dB; infinite if they are equal."""
    mse = mean_squared_error(original, approximation)
    return 10 * math.log10(peak**2 / mse) if mse else math.inf


def encode(x: ArrayLike, w1: ArrayLike) -> NDArray[np.float64]:
    """Codes of a linear encoder whose first row of weights is the bias: (m, d), (d + 1, units) -> (m, units)."""
    x = np.asarray(x, dtype=float)
    return np.column_stack([np.ones(len(x)), x]) @ np.asarray(w1, dtype=float)


def decoder_weights(codes: ArrayLike, x: ArrayLike) -> NDArray[np.float64]:
    """Weights of the linear decoder with the least squared error, first row the bias: (m, u), (m, d) -> (u + 1, d)."""
    codes = np.asarray(codes, dtype=float)
    return np.linalg.lstsq(np.column_stack([np.ones(len(codes)), codes]), np.asarray(x, dtype=float), rcond=None)[0]


def reconstruct(x: ArrayLike, w1: ArrayLike, w2: ArrayLike) -> NDArray[np.float64]:
    """Reconstructions of a linear autoencoder without bias: (m, d), (d, units), (units, d) -> (m, d)."""
    return np.asarray(x, dtype=float) @ np.asarray(w1, dtype=float) @ np.asarray(w2, dtype=float)


def squared_error(x: ArrayLike, x_hat: ArrayLike) -> float:
    """Squared differences of two arrays of one shape, added up: the lecture's reconstruction loss."""
    return float(((np.asarray(x, dtype=float) - np.asarray(x_hat, dtype=float)) ** 2).sum())


def gradients(x: ArrayLike, w1: ArrayLike, w2: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gradients of a linear autoencoder's summed loss by its weights: (m, d), (d, units), (units, d) -> both shapes."""
    x, w1, w2 = (np.asarray(array, dtype=float) for array in (x, w1, w2))
    codes = x @ w1
    at_output = 2 * (codes @ w2 - x)
    return x.T @ (at_output @ w2.T), codes.T @ at_output


def cosine_similarity(a: ArrayLike, b: ArrayLike) -> float:
    """Cosine of the angle between two vectors: (d,), (d,) -> number in -1..1."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    return float(np.clip(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)), -1, 1))


def angular_distance(a: ArrayLike, b: ArrayLike) -> float:
    """Angle between two vectors, in radians: (d,), (d,) -> number in 0..pi."""
    return math.acos(cosine_similarity(a, b))


def l1_penalty(a: ArrayLike, lam: float) -> float:
    """Lambda times the L1 norm of the activations, averaged over images: (m, units), number -> number."""
    return float(lam * np.abs(np.asarray(a, dtype=float)).sum(axis=1).mean())


def kl_of_coins(rho: float, rho_hat: ArrayLike) -> NDArray[np.float64]:
    """KL(rho || rho_hat) of two coins in nats, for each rho_hat between 0 and 1."""
    rho_hat = np.asarray(rho_hat, dtype=float)
    return rho * np.log(rho / rho_hat) + (1 - rho) * np.log((1 - rho) / (1 - rho_hat))


def kl_sparsity(a: ArrayLike, rho: float) -> float:
    """Sum over units of KL(rho || mean activation): (m, units) in 0..1, number -> number."""
    return float(kl_of_coins(rho, np.asarray(a, dtype=float).mean(axis=0)).sum())


def dense_weights(sizes: ArrayLike) -> int:
    """Weights and biases of dense layers one after another: units of input, layers and output -> number."""
    sizes = [int(size) for size in np.asarray(sizes)]
    return sum((before + 1) * after for before, after in pairwise(sizes))


def keep_largest(a: ArrayLike, k: int) -> NDArray[np.float64]:
    """Keep each row's k largest entries in their places, the others become 0: (m, units), int -> (m, units)."""
    a = np.asarray(a)
    columns = np.argsort(a, axis=1)[:, a.shape[1] - k :]
    kept = np.zeros_like(a)
    np.put_along_axis(kept, columns, np.take_along_axis(a, columns, axis=1), axis=1)
    return kept


def convolve(image: ArrayLike, kernel: ArrayLike, stride: int) -> NDArray[np.float64]:
    """Feature map of one filter, without padding: (h, w), (kh, kw), int -> (rows, columns)."""
    image, kernel = np.asarray(image, dtype=float), np.asarray(kernel, dtype=float)
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)[::stride, ::stride]
    return (windows * kernel).sum(axis=(2, 3))


def conv_layer(
    height: int, width: int, channels: int, filters: int, kernel: int, stride: int
) -> tuple[tuple[int, int, int], int]:
    """Shape of a convolutional layer's output with padding "same", and its number of weights."""
    shape = math.ceil(height / stride), math.ceil(width / stride), filters
    return shape, (kernel * kernel * channels + 1) * filters


def transposed(z: ArrayLike, kernel: ArrayLike, stride: int) -> NDArray[np.float64]:
    """Transposed convolution in one dimension: (n,), (k,), int -> ((n - 1) * stride + k,)."""
    z, kernel = np.asarray(z, dtype=float), np.asarray(kernel, dtype=float)
    painted = np.zeros((len(z) - 1) * stride + len(kernel))
    for i, strength in enumerate(z):
        painted[i * stride : i * stride + len(kernel)] += strength * kernel
    return painted


def median_filter(image: ArrayLike, size: int) -> NDArray[np.float64]:
    """Median of every window of size x size pixels: (h, w), int -> (h - size + 1, w - size + 1)."""
    image = np.asarray(image, dtype=float)
    return np.median(np.lib.stride_tricks.sliding_window_view(image, (size, size)), axis=(2, 3))


def tune(settings: ArrayLike, validation: ArrayLike, test: ArrayLike) -> tuple[float, float]:
    """Setting that is best on validation data, and the score to report for it: three arrays (n,) -> two numbers."""
    best = int(np.argmax(validation))
    return np.asarray(settings)[best], np.asarray(test)[best]


def sample_code(mean: ArrayLike, log_variance: ArrayLike, noise: ArrayLike) -> NDArray[np.float64]:
    """Code drawn from N(mean, sigma) with given noise: three arrays of one shape -> that shape."""
    return np.asarray(mean, dtype=float) + np.exp(np.asarray(log_variance, dtype=float) / 2) * np.asarray(noise)


def kl_to_standard_normal(mean: ArrayLike, log_variance: ArrayLike) -> NDArray[np.float64]:
    """KL[N(mu, sigma), N(0, 1)] of each unit in nats: two arrays of one shape -> that shape."""
    mean, log_variance = np.asarray(mean, dtype=float), np.asarray(log_variance, dtype=float)
    return 0.5 * (mean**2 + np.exp(log_variance) - log_variance - 1)


def kl_divergence(mean: ArrayLike, log_variance: ArrayLike) -> NDArray[np.float64]:
    """KL[N(mu, sigma), N(0, I)] of each image in nats: two arrays (n, units) -> (n,)."""
    return kl_to_standard_normal(mean, log_variance).sum(axis=1)


def vae_loss(x: ArrayLike, x_hat: ArrayLike, kl: ArrayLike, beta: float) -> float:
    """Loss of a batch, the mean of ||x - x_hat||^2 + beta KL: two arrays (n, ...), (n,), number -> number."""
    squared = (np.asarray(x, dtype=float) - np.asarray(x_hat, dtype=float)) ** 2
    return float(np.mean(squared.reshape(len(squared), -1).sum(axis=1) + beta * np.asarray(kl)))


def interpolate(start: ArrayLike, end: ArrayLike, steps: int) -> NDArray[np.float64]:
    """Straight walk from one code to another, both included: (units,), (units,), int -> (steps, units)."""
    t = np.linspace(0, 1, steps)[:, None]
    return (1 - t) * np.asarray(start, dtype=float) + t * np.asarray(end, dtype=float)


def find_direction(codes: ArrayLike, has_attribute: ArrayLike) -> NDArray[np.float64]:
    """Mean code with an attribute minus mean code without it: (n, units), booleans (n,) -> (units,)."""
    codes, has_attribute = np.asarray(codes, dtype=float), np.asarray(has_attribute, dtype=bool)
    return codes[has_attribute].mean(axis=0) - codes[~has_attribute].mean(axis=0)


def importance_weights(gradients: ArrayLike) -> NDArray[np.float64]:
    """Grad-CAM's weights of the activation maps: (n, rows, columns, maps) -> (n, maps)."""
    return np.asarray(gradients, dtype=float).mean(axis=(1, 2))


def class_map(activations: ArrayLike, weights: ArrayLike) -> NDArray[np.float64]:
    """Grad-CAM's heat maps: (n, rows, columns, maps), (n, maps) -> (n, rows, columns)."""
    weighted = np.asarray(activations, dtype=float) * np.asarray(weights, dtype=float)[:, None, None, :]
    return np.maximum(weighted.sum(axis=3), 0)


def scale_for_display(maps: ArrayLike) -> NDArray[np.float64]:
    """Divide each map by its largest value; a map of zeros stays: (n, rows, columns) -> the same shape."""
    maps = np.asarray(maps, dtype=float)
    largest = maps.max(axis=(1, 2), keepdims=True)
    return np.divide(maps, largest, out=np.zeros_like(maps), where=largest > 0)


def softmax(scores: ArrayLike) -> NDArray[np.float64]:
    """Probabilities of the classes: (n, classes) -> (n, classes)."""
    scores = np.asarray(scores, dtype=float)
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def softmax_gradient(scores: ArrayLike, c: ArrayLike) -> NDArray[np.float64]:
    """Gradient of the probability of class c by all scores: (n, classes), (n,) -> (n, classes)."""
    p, rows = softmax(scores), np.arange(len(np.asarray(scores)))
    return p[rows, c][:, None] * (np.eye(p.shape[1])[c] - p)


def energy_inside(heatmap: ArrayLike, box: ArrayLike) -> float:
    """Share of a map's sum that lies inside a box: (rows, columns), top, left, bottom, right -> number in 0..1."""
    heatmap, (top, left, bottom, right) = np.asarray(heatmap, dtype=float), np.asarray(box)
    return float(heatmap[top:bottom, left:right].sum() / heatmap.sum())


def points_inside(heatmap: ArrayLike, box: ArrayLike) -> bool:
    """Whether a map's largest value lies inside a box: (rows, columns), top, left, bottom, right -> bool."""
    heatmap, (top, left, bottom, right) = np.asarray(heatmap, dtype=float), np.asarray(box)
    row, column = np.unravel_index(heatmap.argmax(), heatmap.shape)
    return bool(top <= row < bottom and left <= column < right)
