"""The elbow, the Hopkins statistic and purity, against the libraries that know them and against known cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kneed import KneeLocator
from sklearn.metrics import davies_bouldin_score, silhouette_score
from sklearn.metrics.cluster import contingency_matrix

from course_utils.clustering import KMeans, elbow_gaps, find_elbow, hopkins, purity
from course_utils.data import load_points


@given(st.integers(2, 9), st.floats(20, 200), st.floats(0.1, 5), st.integers(11, 14))
@settings(max_examples=50, deadline=None)
def test_a_curve_with_one_bend_has_its_elbow_there_and_kneed_agrees(bend, steep, flat, last):
    ks = np.arange(1, last + 1)
    inertias = np.where(ks < bend, steep * (bend - ks), 0) + flat * (last - ks) + 3
    assert find_elbow(ks, inertias) == bend
    assert KneeLocator(ks, inertias, curve="convex", direction="decreasing", S=0).knee == bend


@pytest.mark.parametrize("kind", ["blobs", "nested", "uneven", "moons", "uniform"])
def test_on_real_curves_it_agrees_with_kneed(kind):
    x, _ = load_points(kind)
    ks = np.arange(1, 11)
    inertias = [KMeans(k, random_state=0).fit(x).inertia_ for k in ks]
    knees = KneeLocator(ks, inertias, curve="convex", direction="decreasing", S=0, online=True).all_knees
    assert find_elbow(ks, inertias) in knees


@given(st.floats(0.01, 1e6), st.floats(0, 1e6))
@settings(max_examples=50, deadline=None)
def test_the_unit_of_the_wcss_does_not_matter(factor, offset):
    ks = np.array([2, 3, 5, 8, 13])
    inertias = 100.0 / ks
    assert find_elbow(ks, factor * inertias + offset) == find_elbow(ks, inertias)


def test_gaps_are_zero_at_the_ends_and_for_a_line():
    gaps = elbow_gaps([1, 2, 3, 4], [10, 3, 2, 1])
    assert gaps[0] == gaps[-1] == 0
    assert elbow_gaps([1, 2, 3], [3, 2, 1]) == pytest.approx([0, 0, 0])


@pytest.mark.parametrize(
    ("ks", "inertias", "words"),
    [
        ([1, 2], [2, 1], "length >= 3"),
        ([1, 2, 3], [3, 2], "same length"),
        ([1, 3, 2], [3, 2, 1], "must rise"),
        ([1, 2, 3], [1, 2, 3], "must fall"),
        ([1, 2, 3], [3, np.nan, 1], "finite"),
    ],
)
def test_bad_curves_are_named(ks, inertias, words):
    with pytest.raises(ValueError, match=words):
        find_elbow(ks, inertias)


def test_hopkins_tells_clusters_from_noise_from_a_grid():
    def mean(x):
        return np.mean([hopkins(x, random_state=seed) for seed in range(30)])

    grid = np.stack(np.meshgrid(np.arange(20.0), np.arange(20.0)), axis=-1).reshape(-1, 2)
    assert mean(load_points("blobs")[0]) > 0.9
    assert 0.42 < mean(load_points("uniform")[0]) < 0.58
    assert mean(grid) < 0.3


def test_hopkins_is_the_same_for_the_same_seed_and_in_any_unit():
    x, _ = load_points("moons")
    assert hopkins(x, random_state=1) == hopkins(x, random_state=1)
    assert hopkins(1000 * x, random_state=1) == pytest.approx(hopkins(x, random_state=1))


def test_hopkins_copes_with_many_dimensions():
    assert 0 <= hopkins(np.random.default_rng(0).normal(size=(60, 784)), random_state=0) <= 1


def test_bad_input_to_hopkins_is_named():
    with pytest.raises(ValueError, match="5 copies of one point"):
        hopkins(np.ones((5, 2)))
    with pytest.raises(ValueError, match=r"1..5, the number of points, got 6"):
        hopkins(np.eye(5), n_probes=6)
    with pytest.raises(ValueError, match="minimum of 2"):
        hopkins([[1.0, 2.0]])


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60))
def test_purity_is_the_share_in_the_commonest_class(pairs):
    labels, classes = np.array(pairs).T
    counts = contingency_matrix(labels, classes)
    assert purity(labels, classes) == pytest.approx(counts.max(axis=1).sum() / len(labels))
    assert purity(np.arange(len(labels)), classes) == 1


def test_bad_input_to_purity_is_named():
    with pytest.raises(ValueError, match="same length"):
        purity([0, 1], [0])
    with pytest.raises(ValueError, match="non-empty"):
        purity([], [])


def test_the_three_pairs_divide_the_criteria():
    """Notebook 02 tells this story: 3 pairs, 6 clouds, and an answer in between."""
    x, _ = load_points("nested", n=300)
    models = [KMeans(k, random_state=0).fit(x) for k in range(1, 11)]
    silhouettes = [silhouette_score(x, model.labels_) for model in models[1:]]
    indices = [davies_bouldin_score(x, model.labels_) for model in models[1:]]
    choices = find_elbow(range(1, 11), [m.inertia_ for m in models]), np.argmax(silhouettes) + 2, np.argmin(indices) + 2
    assert choices == (3, 6, 4)
