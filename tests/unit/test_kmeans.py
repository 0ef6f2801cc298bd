"""k-means: agreement with scikit-learn, its invariants, and clear errors."""

from __future__ import annotations

import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans as SklearnKMeans
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from course_utils.clustering import KMeans, assign, kmeans_plus_plus, update, wcss
from course_utils.clustering import kmeans as module
from course_utils.data import load_digits, load_photo, load_points

POINTS = arrays(
    np.float64,
    st.tuples(st.integers(6, 40), st.integers(1, 4)),
    elements=st.floats(-1e3, 1e3, allow_nan=False, width=32),
)


@parametrize_with_checks([KMeans()])
def test_scikit_learn_accepts_the_estimator(estimator, check):
    check(estimator)


def _points(name):
    if name == "blobs":
        return load_points("blobs", n=2000)[0], 7
    if name == "digits":
        return load_digits()[0][0][:1500].reshape(1500, -1), 10
    return load_photo("china")[::2, ::2].reshape(-1, 3).astype(float), 32


@pytest.mark.parametrize("name", ["blobs", "digits", "photo"])
def test_same_start_same_tolerance_same_inertia_as_scikit_learn(name):
    x, k = _points(name)
    start = x[np.random.default_rng(0).choice(len(x), k, replace=False)]
    ours = KMeans(k, init=start).fit(x)
    theirs = SklearnKMeans(k, init=start, n_init=1).fit(x)
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-6)
    assert ours.n_iter_ == theirs.n_iter_


def test_same_weights_same_clusters_as_scikit_learn():
    x, _ = load_points("blobs", n=500)
    weight = np.random.default_rng(0).integers(0, 5, size=500)
    ours = KMeans(4, init=x[:4]).fit(x, sample_weight=weight)
    theirs = SklearnKMeans(4, init=x[:4], n_init=1).fit(x, sample_weight=weight)
    np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-9)
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-9)


@given(POINTS, st.integers(1, 6), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_the_inertia_never_rises_and_the_result_is_consistent(x, k, seed):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # drawn points may coincide
        model = KMeans(k, n_init=1, random_state=seed).fit(x)
    history = model.inertia_history_
    slack = 1e-9 * ((x - x.mean(axis=0)) ** 2).sum() + 1e-12
    assert (np.diff(history) <= slack).all()
    assert len(history) == model.n_iter_ + 1
    assert model.inertia_ == history[-1] == pytest.approx(wcss(x, model.labels_, model.cluster_centers_), abs=slack)
    # Every point is with a centroid that no other beats.
    squared = cdist(x, model.cluster_centers_, "sqeuclidean")
    assert (squared[np.arange(len(x)), model.labels_] <= squared.min(axis=1) + slack).all()


@given(POINTS, st.integers(1, 5), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_assign_equals_brute_force(x, k, random):
    centroids = x[[random.randrange(len(x)) for _ in range(k)]]
    squared = cdist(x, centroids, "sqeuclidean")
    slack = 1e-9 * (np.abs(x).max() ** 2 + 1e-12)
    chosen = squared[np.arange(len(x)), assign(x, centroids)]
    assert (chosen <= squared.min(axis=1) + slack).all()


def test_assign_is_exact_far_from_the_origin():
    x, _ = load_points("blobs", n=300)
    centroids = x[:4]
    np.testing.assert_array_equal(assign(x + 1e7, centroids + 1e7), assign(x, centroids))


def test_assign_gives_ties_to_the_lower_index():
    assert assign([[0.0, 0.0]], [[1.0, 0.0], [-1.0, 0.0]]).tolist() == [0]


def test_update_takes_weighted_means_and_marks_empty_clusters():
    x = np.array([[0.0, 0.0], [2.0, 4.0], [9.0, 9.0]])
    np.testing.assert_allclose(update(x, [0, 0, 2], 4), [[1, 2], [np.nan] * 2, [9, 9], [np.nan] * 2])
    np.testing.assert_allclose(update(x, [0, 0, 2], 3, sample_weight=[3, 1, 1])[0], [0.5, 1.0])


def test_wcss_is_the_formula():
    x = np.array([[0.0, 0.0], [2.0, 0.0], [5.0, 5.0]])
    assert wcss(x, [0, 0, 1], [[1.0, 0.0], [5.0, 6.0]]) == pytest.approx(1 + 1 + 1)
    assert wcss(x, [0, 0, 1], [[1.0, 0.0], [5.0, 6.0]], sample_weight=[2, 1, 10]) == pytest.approx(2 + 1 + 10)


def test_a_weight_of_two_is_a_point_given_twice_whatever_the_order():
    x, _ = load_points("nested", n=120)
    weight = np.random.default_rng(1).integers(0, 4, size=120)
    order = np.random.default_rng(2).permutation(weight.sum())
    for init in ("k-means++", "random"):
        weighted = KMeans(6, init=init, n_init=3, random_state=0).fit(x, sample_weight=weight)
        repeated = KMeans(6, init=init, n_init=3, random_state=0).fit(np.repeat(x, weight, axis=0)[order])
        np.testing.assert_allclose(weighted.cluster_centers_, repeated.cluster_centers_)
        assert weighted.inertia_ == pytest.approx(repeated.inertia_)


def test_more_runs_are_never_worse_and_the_seed_decides():
    x, _ = load_points("nested", n=240)
    one, many = (KMeans(6, init="random", n_init=n, random_state=3).fit(x) for n in (1, 20))
    assert many.inertia_ <= one.inertia_
    again = KMeans(6, init="random", n_init=20, random_state=3).fit(x)
    np.testing.assert_array_equal(many.cluster_centers_, again.cluster_centers_)


def test_small_blocks_of_rows_change_nothing(monkeypatch):
    x, _ = load_points("blobs", n=700)
    whole = KMeans(5, init=x[:5]).fit(x)
    monkeypatch.setattr(module, "BATCH_ROWS", 64)
    monkeypatch.setattr(module, "BLOCK_SCORES", 320)
    monkeypatch.setattr(module, "N_THREADS", 3)
    in_blocks = KMeans(5, init=x[:5]).fit(x)
    np.testing.assert_array_equal(whole.labels_, in_blocks.labels_)
    np.testing.assert_allclose(whole.cluster_centers_, in_blocks.cluster_centers_)


def test_many_clusters_need_little_memory():
    x = np.random.default_rng(0).normal(size=(4000, 8))
    tracemalloc.start()
    KMeans(2000, init=x[:2000], max_iter=2).fit(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4000 * 2000 * 8 / 4  # a quarter of the table of all distances


def test_an_empty_cluster_takes_the_farthest_point():
    x, _ = load_points("blobs", n=240)
    start = np.vstack([x[:3], [[1e4, 1e4]]])
    model = KMeans(4, init=start).fit(x)
    assert np.bincount(model.labels_, minlength=4).min() > 0
    assert (np.diff(model.inertia_history_) <= 1e-9).all()
    theirs = SklearnKMeans(4, init=start, n_init=1).fit(x)
    assert model.inertia_ == pytest.approx(theirs.inertia_, rel=1e-6)


def test_too_few_distinct_points_warn_and_still_cluster():
    x = np.repeat([[0.0, 0.0], [5.0, 5.0]], 10, axis=0)
    with pytest.warns(ConvergenceWarning, match="2 distinct clusters"):
        model = KMeans(3, random_state=0).fit(x)
    assert model.inertia_ == 0


def test_float32_in_float32_out():
    x = load_points("blobs", n=200)[0].astype(np.float32)
    model = KMeans(4, random_state=0).fit(x)
    assert model.cluster_centers_.dtype == model.transform(x).dtype == np.float32


def test_transform_predict_and_score_agree():
    x, _ = load_points("blobs", n=200)
    model = KMeans(4, random_state=0).fit(x)
    np.testing.assert_array_equal(model.transform(x).argmin(axis=1), model.predict(x))
    assert model.score(x) == pytest.approx(-model.inertia_)
    assert model.get_feature_names_out().tolist() == ["kmeans0", "kmeans1", "kmeans2", "kmeans3"]


def test_kmeans_plus_plus_spreads_its_centroids():
    x, y = load_points("blobs", n=300)
    hits = 0
    for seed in range(30):
        centroids = kmeans_plus_plus(x, 4, random_state=seed)
        assert all((x == row).all(axis=1).any() for row in centroids)
        hits += len({int(y[(x == row).all(axis=1)][0]) for row in centroids}) == 4
    assert hits >= 27  # four points drawn evenly hit all four groups in 9 % of cases


def test_kmeans_plus_plus_ignores_points_of_weight_zero():
    x = np.array([[0.0], [1.0], [100.0]])
    for seed in range(20):
        assert 100 not in kmeans_plus_plus(x, 2, sample_weight=[1, 1, 0], random_state=seed)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_clusters": 0}, "integer >= 1, got 0"),
        ({"n_clusters": -3}, "integer >= 1, got -3"),
        ({"n_clusters": 2.5}, "integer >= 1, got 2.5"),
        ({"n_clusters": 21}, "got 21 clusters for 20 points"),
        ({"n_init": 0}, "n_init must be an integer >= 1, got 0"),
        ({"max_iter": 0}, "max_iter must be an integer >= 1, got 0"),
        ({"tol": -1}, "tol must be a number >= 0, got -1"),
        ({"init": "k-means"}, '"k-means\\+\\+", "random" or an array, got \'k-means\''),
        ({"n_clusters": 3, "init": np.zeros((2, 2))}, r"shape \(3, 2\), got \(2, 2\)"),
        ({"n_clusters": 2, "init": np.full((2, 2), np.nan)}, "init contains NaN"),
    ],
)
def test_bad_parameters_are_named(parameters, words):
    x, _ = load_points("blobs", n=20)
    with pytest.raises(ValueError, match=words):
        KMeans(**{"n_clusters": 4, **parameters}).fit(x)


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.array([[1.0, np.nan], [0.0, 1.0]]), "NaN"),
        (np.array([[1.0, np.inf], [0.0, 1.0]]), "infinity"),
        (np.empty((0, 2)), "0 sample"),
        (np.zeros(5), "2D array"),
        (np.zeros((2, 2, 2)), "dim 3"),
        (np.array([["a", "b"], ["c", "d"]]), "could not convert string"),
    ],
)
def test_bad_points_are_named(x, words):
    with pytest.raises(ValueError, match=words):
        KMeans(2).fit(x)
    with pytest.raises(ValueError, match=words):
        assign(x, [[0.0, 0.0]])


def test_bad_weights_are_named():
    x, _ = load_points("blobs", n=20)
    with pytest.raises(ValueError, match="Negative values"):
        KMeans(2).fit(x, sample_weight=-np.ones(20))
    with pytest.raises(ValueError, match="1 points with a positive sample_weight"):
        KMeans(2).fit(x, sample_weight=np.eye(20)[0])


def test_bad_steps_are_named():
    x = np.zeros((3, 2))
    with pytest.raises(ValueError, match="same number of columns, got 2 and 3"):
        assign(x, np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"must lie in 0..1, got 0..5"):
        update(x, [0, 1, 5], 2)
    with pytest.raises(ValueError, match="3 integers, one per point"):
        wcss(x, [0, 1], np.zeros((2, 2)))
    with pytest.raises(ValueError, match="got 9 clusters for 3 points"):
        kmeans_plus_plus(x, 9)


def test_predicting_before_fitting_and_with_other_columns():
    with pytest.raises(NotFittedError):
        KMeans().predict([[0.0, 0.0]])
    model = KMeans(2, random_state=0).fit(load_points("blobs", n=20)[0])
    with pytest.raises(ValueError, match="3 features"):
        model.predict(np.zeros((2, 3)))
