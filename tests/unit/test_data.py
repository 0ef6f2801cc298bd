"""The loaders: shapes, ranges, the same data every time, and no related digits across the split."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from course_utils.data import PHOTOS, POINT_KINDS, DataUnavailable, load_digits, load_photo, load_points
from course_utils.data.digits import _enlarge, read_idx


@pytest.mark.parametrize("kind", POINT_KINDS)
def test_points(kind):
    x, y = load_points(kind, n=120, seed=3)
    assert x.shape == (120, 2)
    assert x.dtype == np.float64
    assert y.shape == (120,)
    assert np.issubdtype(y.dtype, np.integer)
    np.testing.assert_array_equal(x, load_points(kind, n=120, seed=3)[0])
    assert not np.array_equal(x, load_points(kind, n=120, seed=4)[0])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("spiral",), "unknown kind of points 'spiral'"), (("blobs", 3), ">= 16, got 3"), (("blobs", 99.5), "got 99.5")],
)
def test_bad_points_are_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        load_points(*arguments)


@pytest.mark.parametrize("name", PHOTOS)
def test_photos(name):
    photo = load_photo(name)
    assert photo.dtype == np.uint8
    assert photo.ndim == 3
    assert photo.shape[2] == 3
    assert min(photo.shape[:2]) >= 200
    photo[:] = 0  # a copy of one's own
    assert load_photo(name).any()


def test_an_unknown_photo_is_named():
    with pytest.raises(ValueError, match="unknown photograph 'mona_lisa': expected one of china"):
        load_photo("mona_lisa")


@pytest.fixture(scope="module")
def digits():
    return load_digits()


def test_built_in_digits(digits):
    (x_train, _), (x_test, _) = digits
    assert x_train.shape == (8000, 28, 28, 1)
    assert x_test.shape == (360, 28, 28, 1)
    for x, y in digits:
        assert x.dtype == np.float32
        assert y.dtype == np.int64
        assert x.min() >= 0
        assert 0.9 < x.max() <= 1
        assert x.reshape(len(x), -1).max(axis=1).min() > 0.6  # no image is empty
        assert set(y) == set(range(10))
        assert np.bincount(y).min() > 0.8 * len(y) / 10


def test_built_in_digits_are_the_same_every_time(digits):
    for (x, y), (again, y_again) in zip(digits, load_digits(), strict=True):
        np.testing.assert_array_equal(x, again)
        np.testing.assert_array_equal(y, y_again)


def test_built_in_digits_look_like_mnist(digits):
    """As dark and as centred: models for one must fit the other."""
    (x, _), _ = digits
    mass = x[..., 0].sum(axis=(1, 2))
    rows = (x[..., 0].sum(axis=2) @ np.arange(28)) / mass
    assert 0.10 < x.mean() < 0.20  # MNIST: 0.13
    assert abs(rows.mean() - 14) < 0.2  # as MNIST's
    assert (x[:, :2] < 0.05).mean() > 0.97  # an empty border


def test_no_test_digit_is_among_the_training_digits(digits):
    """The unaltered originals of the training part, and their altered copies, come from other 8x8 images."""
    from sklearn.datasets import load_digits as load_uci
    from sklearn.model_selection import train_test_split

    (x_train, _), (x_test, _) = digits
    small = load_uci().images / 16
    small_train, small_test = train_test_split(small, test_size=0.2, stratify=load_uci().target, random_state=0)
    originals = {image.tobytes() for image in _enlarge(small_train)}
    test = {image.tobytes() for image in x_test[..., 0]}
    train = {image.tobytes() for image in x_train[..., 0]}
    assert test == {image.tobytes() for image in _enlarge(small_test)}
    assert originals <= train
    assert not test & train


def test_a_simple_classifier_reads_the_digits(digits):
    """The enlarged digits still are the digits their labels say."""
    from sklearn.neighbors import KNeighborsClassifier

    (x_train, y_train), (x_test, y_test) = digits
    model = KNeighborsClassifier(3).fit(x_train.reshape(8000, -1), y_train)
    assert model.score(x_test.reshape(360, -1), y_test) > 0.95


def test_an_unknown_source_is_named():
    with pytest.raises(ValueError, match="unknown source of digits 'emnist': expected one of builtin, mnist"):
        load_digits("emnist")


def test_real_digits_that_are_not_there(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    with pytest.raises(DataUnavailable, match="course data fetch mnist"):
        load_digits("mnist")
    (x, _), _ = load_digits("mnist", fallback=True)
    assert x.shape == (8000, 28, 28, 1)
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert "going on with the built-in digits" in printed


def _write_idx(path, array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, dtype=">u4").tobytes()
    path.write_bytes(gzip.compress(header + array.tobytes()))


def test_idx_files(tmp_path):
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    _write_idx(tmp_path / "good.gz", array)
    np.testing.assert_array_equal(read_idx(tmp_path / "good.gz"), array)
    for name, content in {"short": b"\0\0\x08\x01\0\0\0\x09abc", "other": b"GIF89a", "empty": b""}.items():
        (tmp_path / name).write_bytes(gzip.compress(content))
        with pytest.raises(ValueError, match="not an IDX file"):
            read_idx(tmp_path / name)


@pytest.mark.parametrize(("source", "files"), [("mnist", 2), ("mnist-full", 1)])
def test_real_digits_from_the_files_in_the_cache(source, files, monkeypatch, tmp_path):
    """The parsing, on small files of the real formats, in the place of the downloads."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (10_000, 28, 28), dtype=np.uint8), rng.integers(0, 10, 10_000, dtype=np.uint8)
    if source == "mnist":
        _write_idx(tmp_path / "images.gz", images)
        _write_idx(tmp_path / "labels.gz", labels)
        paths = [tmp_path / "images.gz", tmp_path / "labels.gz"]
    else:
        paths = [tmp_path / "mnist.npz"]
        np.savez(paths[0], x_train=images[:8000], y_train=labels[:8000], x_test=images[8000:], y_test=labels[8000:])
    monkeypatch.setattr("course_utils.data.digits.local_files", lambda name: paths)
    (x_train, y_train), (x_test, y_test) = load_digits(source)
    assert x_train.shape == (8000, 28, 28, 1)
    assert x_test.shape == (2000, 28, 28, 1)
    assert x_train.dtype == np.float32
    np.testing.assert_allclose(x_test[..., 0] * 255, images[8000:], rtol=1e-5)
    np.testing.assert_array_equal(np.concatenate([y_train, y_test]), labels)


def test_the_kinds_of_points_tell_their_stories():
    """Notebook 01: k-means finds the blobs and fails on the others, where a Gaussian mixture or DBSCAN succeeds."""
    from sklearn.cluster import DBSCAN
    from sklearn.metrics import adjusted_rand_score
    from sklearn.mixture import GaussianMixture

    from course_utils.clustering import KMeans

    def score(kind, model):
        x, y = load_points(kind)
        return adjusted_rand_score(y, model.fit_predict(x))

    assert score("blobs", KMeans(4, random_state=0)) == 1
    for kind, k in (("uneven", 3), ("elongated", 3), ("moons", 2)):
        assert score(kind, KMeans(k, random_state=0)) < 0.5
    for kind in ("uneven", "elongated"):
        assert score(kind, GaussianMixture(3, n_init=10, random_state=0)) > 0.9
    assert score("moons", DBSCAN(eps=0.2)) == 1


def test_k_means_plus_plus_and_restarts_help_on_the_pairs():
    """Notebook 01: the share of runs that reach the best solution."""
    from course_utils.clustering import KMeans, kmeans_plus_plus

    x, _ = load_points("nested", n=240)
    best = KMeans(6, n_init=30, random_state=0).fit(x).inertia_
    rng = np.random.default_rng(0)

    def share(starts):
        return np.mean([KMeans(6, init=start).fit(x).inertia_ < 1.01 * best for start in starts])

    random = share(x[rng.choice(240, 6, replace=False)] for _ in range(60))
    plus_plus = share(kmeans_plus_plus(x, 6, n_candidates=1, random_state=seed) for seed in range(60))
    assert random < 0.45 < plus_plus
