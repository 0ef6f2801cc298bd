"""k-means and colour quantization against scikit-learn: same starting centroids, same number of iterations."""

from __future__ import annotations

import tracemalloc
import warnings
from collections.abc import Iterator

import numpy as np
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio
from sklearn.cluster import KMeans as SklearnKMeans
from sklearn.exceptions import ConvergenceWarning

from course_utils.clustering import KMeans, quantize_colors
from course_utils.data import load_digits, load_photo, load_points
from tests.benchmarks.measuring import Measured, time_ratio


def measure() -> Iterator[Measured]:
    warnings.simplefilter("ignore", ConvergenceWarning)
    yield from _agreement()
    yield from _points()
    yield from _photo()


def _agreement() -> Iterator[Measured]:
    photo = load_photo("china")[::2, ::2].reshape(-1, 3).astype(float)
    cases = {
        "blobs": (load_points("blobs", n=5000)[0], 7),
        "digits": (load_digits()[0][0][:2000].reshape(2000, -1).astype(float), 10),
        "photo pixels": (photo, 64),
    }
    for name, (x, k) in cases.items():
        start = x[np.random.default_rng(0).choice(len(x), k, replace=False)]
        ours = KMeans(k, init=start).fit(x).inertia_
        theirs = SklearnKMeans(k, init=start, n_init=1).fit(x).inertia_
        yield Measured(f"inertia against scikit-learn, {name}: relative difference", abs(ours / theirs - 1), 1e-6)


def _points() -> Iterator[Measured]:
    x = np.random.default_rng(0).normal(size=(100_000, 16))
    ours = KMeans(32, init=x[:32])
    theirs = SklearnKMeans(32, init=x[:32], n_init=1)
    ratio = time_ratio(lambda: ours.fit(x), lambda: theirs.fit(x))
    assert ours.n_iter_ == theirs.n_iter_
    what = f"100,000 x 16 points, 32 clusters, {ours.n_iter_} iterations: time / scikit-learn"
    yield Measured(what, ratio, 1.5)
    tracemalloc.start()
    KMeans(32, init=x[:32], max_iter=5).fit(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    yield Measured("the same: peak extra memory / data", peak / x.nbytes, 2)


def _photo() -> Iterator[Measured]:
    photo = load_photo("china")
    pixels = photo.reshape(-1, 3).astype(float)
    start = pixels[np.random.default_rng(0).choice(len(pixels), 64, replace=False)]

    def ours():
        return quantize_colors(photo, 64, init=start, max_iter=50).image

    def theirs():
        model = SklearnKMeans(64, init=start, n_init=1, max_iter=50).fit(photo.reshape(-1, 3).astype(float))
        return np.rint(model.cluster_centers_).astype(np.uint8)[model.labels_].reshape(photo.shape)

    yield Measured("china.jpg, 64 colours, image to image: time / scikit-learn", time_ratio(ours, theirs), 0.7)
    mine = peak_signal_noise_ratio(photo, quantize_colors(photo, 64).image)
    model = SklearnKMeans(64, n_init=1, random_state=0).fit(pixels)
    other = np.rint(model.cluster_centers_).astype(np.uint8)[model.labels_].reshape(photo.shape)
    cut = Image.fromarray(photo).quantize(64, method=Image.Quantize.MEDIANCUT, kmeans=0).convert("RGB")
    over_sklearn = mine - peak_signal_noise_ratio(photo, other)
    over_cut = mine - peak_signal_noise_ratio(photo, np.array(cut))
    yield Measured(
        "the same: PSNR minus that of scikit-learn's KMeans", over_sklearn, -0.05, "dB", larger_is_better=True
    )
    yield Measured("the same: PSNR minus that of Pillow's median cut", over_cut, 2, "dB", larger_is_better=True)
