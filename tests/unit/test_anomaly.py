"""Windows, point scores, thresholds and events."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.anomaly import (
    PointScores,
    event_scores,
    events,
    extreme_value_threshold,
    make_windows,
    point_scores,
    quantile_threshold,
)

sizes = st.integers(1, 12)


def test_windows_hold_the_points_they_say_and_share_the_memory():
    values = np.arange(10.0)
    windows = make_windows(values, 4, stride=3)
    np.testing.assert_array_equal(windows[..., 0], [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9]])
    assert np.shares_memory(windows, values)
    two = make_windows(np.column_stack([values, -values]), 3)
    assert two.shape == (8, 3, 2)
    np.testing.assert_array_equal(two[5], [[5, -5], [6, -6], [7, -7]])


@given(n=st.integers(1, 60), size=sizes, stride=st.integers(1, 5))
def test_each_point_s_score_is_the_mean_over_all_windows_that_hold_it(n, size, stride):
    if n < size:
        return
    errors = np.random.default_rng(n).random((len(range(0, n - size + 1, stride)), size))
    scores = point_scores(errors, n, stride)
    for point in range(n):
        holding = [errors[w, point - w * stride] for w in range(len(errors)) if 0 <= point - w * stride < size]
        assert np.isnan(scores[point]) if not holding else np.isclose(scores[point], np.mean(holding))


def test_the_first_and_the_last_points_have_scores_of_their_own():
    errors = np.zeros((7, 4))  # ten points
    errors[0, 0], errors[-1, -1] = 5, 7
    scores = point_scores(errors, 10)
    np.testing.assert_array_equal(scores, [5, *[0] * 8, 7])


def test_a_spike_scores_highest_where_it_is():
    values = np.zeros(50)
    values[[0, 23, 49]] = 1
    scores = point_scores((make_windows(values, 8)[..., 0]) ** 2, 50)
    np.testing.assert_array_equal(np.flatnonzero(scores), [0, 23, 49])


def test_scores_added_in_parts_are_the_same():
    errors = np.random.default_rng(0).random((40, 6))
    parts = PointScores(45, 6)
    for part in np.array_split(errors, 7):
        parts.add(part)
    np.testing.assert_allclose(parts.scores(), point_scores(errors, 45))


def test_thresholds_let_the_wanted_share_of_clean_scores_pass():
    rng = np.random.default_rng(0)
    scores, fresh = rng.exponential(size=20_000), rng.exponential(size=1_000_000)
    assert (fresh > quantile_threshold(scores, 0.99)).mean() == pytest.approx(0.01, rel=0.15)
    far = extreme_value_threshold(scores, probability=1e-5)
    assert far > scores.max() * 0.8
    assert (fresh > far).mean() == pytest.approx(1e-5, rel=1.5)
    assert quantile_threshold([1, np.nan, 3], 1) == 3


def test_events_are_the_runs_of_flags():
    flags = np.array([1, 1, 0, 0, 1, 0, 1, 0, 0, 0, 1], dtype=bool)
    assert events(flags) == [(0, 2), (4, 5), (6, 7), (10, 11)]
    assert events(flags, gap=1) == [(0, 2), (4, 7), (10, 11)]
    assert events(flags, gap=2) == [(0, 7), (10, 11)]
    assert events(flags, gap=1, shortest=2) == [(0, 2), (4, 7)]
    assert events(np.zeros(5, bool)) == []
    assert events(np.ones(5, bool)) == [(0, 5)]


@given(st.lists(st.booleans(), max_size=40))
def test_events_cover_the_flags_and_nothing_else(flags):
    covered = np.zeros(len(flags), bool)
    for start, stop in events(np.array(flags, dtype=bool)):
        covered[start:stop] = True
    assert covered.tolist() == flags


def test_events_are_scored_by_touching():
    scores = event_scores([(10, 20), (40, 50), (70, 80)], [(5, 12), (15, 16), (44, 60), (90, 95)])
    assert scores.precision == pytest.approx(3 / 4)
    assert scores.recall == pytest.approx(2 / 3)
    assert scores.f1 == pytest.approx(2 * (3 / 4) * (2 / 3) / (3 / 4 + 2 / 3))
    assert scores.delays == (0, 4, None)
    assert scores.median_delay == 2
    assert scores.false_alarms == 1


def test_events_that_only_meet_do_not_touch():
    scores = event_scores([(10, 20)], [(20, 25), (5, 10)])
    assert (scores.recall, scores.precision, scores.f1, scores.false_alarms) == (0, 0, 0, 2)


def test_scores_of_nothing_are_undefined_or_zero():
    nothing = event_scores([(1, 2)], [])
    assert np.isnan(nothing.precision)
    assert (nothing.recall, nothing.f1) == (0, 0)
    assert np.isnan(nothing.median_delay)
    assert np.isnan(event_scores([], [(1, 2)]).recall)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: make_windows(np.arange(5), 6), "has 5 points, fewer than a window of 6"),
        (lambda: make_windows(np.arange(5), 0), "size must be an integer >= 1, got 0"),
        (lambda: make_windows(np.arange(5), 2, 1.5), "stride must be an integer >= 1, got 1.5"),
        (lambda: make_windows([1.0, 2.0, np.nan, 4.0], 2), "missing or infinite value at position 2"),
        (lambda: make_windows(["a", "b"], 1), "must hold numbers"),
        (lambda: point_scores(np.zeros(5), 5), r"must have the shape \(n_windows, size\)"),
        (lambda: point_scores(np.zeros((4, 3)), 5), "windows reach from point 0 to 6, but the series has 5"),
        (lambda: quantile_threshold([np.nan]), "no score"),
        (lambda: quantile_threshold([1.0], 1.2), "quantile must lie in 0..1, got 1.2"),
        (lambda: extreme_value_threshold(np.arange(100), tail=0.02), "at least 10 are needed"),
        (lambda: extreme_value_threshold(np.arange(100), 0.5, 0.1), "0 < probability <= tail < 1"),
        (lambda: events([0, 1]), "flags must be booleans"),
        (lambda: events(np.ones(3, bool), gap=-1), "gap >= 0"),
        (lambda: event_scores([(5, 5)], []), r"start < stop, got \(5, 5\)"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_it_needs_no_tensorflow():
    code = "import sys, course_utils.anomaly; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
