"""Checks of notebook 08: windows, scores of points, a threshold."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from course_utils.checks.base import as_array, as_number, close, exercise, expect


@exercise(
    "08-windows",
    "windows",
    [
        "A window begins at 0, at 1, and so on. Which is the last place where a whole one fits?",
        "A series of 5 points has 4 windows of size 2: one more than 5 - 2.",
        "Collect the slices from i to i + size in a list, and make one array of it with `np.stack`.",
    ],
)
def windows(answer, rng):
    """All windows of a series, the last one included, each moved on by one point."""
    for n, size in ((int(rng.integers(30, 40)), int(rng.integers(4, 9))), (12, 12), (7, 1)):
        values = rng.normal(size=n).cumsum()
        wanted = sliding_window_view(values, size)
        found = answer(values, size, case=f"for {n} points and windows of {size}")
        given = np.asarray(found, dtype=object).shape if isinstance(found, list) else np.shape(found)
        rows = len(wanted)
        expect(
            given != (rows - 1, size),
            f"{n} points have {rows} windows of {size}, yours are {rows - 1}: the one that ends at the last point is "
            "missing.",
        )
        expect(
            size == 1 or given != (n, size),
            f"{n} points have {rows} windows of {size}, yours are {n}: the last ones reach beyond the end.",
        )
        expect(
            rows == n // size or given != (n // size, size),
            f"windows overlap: each is moved on by one point, not by {size}.",
        )
        expect(
            rows == size or given != (size, rows),
            f"each *row* should be a window: {(rows, size)}, yours is {given}. Transpose it.",
        )
        found = as_array(found, wanted.shape, f"the result for {n} points and windows of {size}")
        expect(
            close(found[0], wanted[0]) or not close(found[0], wanted[0][::-1]),
            "your windows run backwards in time.",
        )
        wrong = np.flatnonzero([not close(a, b) for a, b in zip(found, wanted, strict=True)])
        if len(wrong):
            i = int(wrong[0])
            expect(False, f"window {i} should hold the points {i} to {i + size - 1} of the series; yours does not.")


@exercise(
    "08-points",
    "score_points",
    [
        "Window i holds the points i, i + 1, ... Add its errors to a row of totals, at these places.",
        "Count as well how many windows hold each point: the first point lies in one only.",
        "With `totals` and `counts` of shape (n_windows + size - 1,): add to `totals[i : i + size]` in a loop over i, "
        "add 1 to the same places of `counts`, and divide at the end.",
    ],
)
def points(answer, rng):
    """Each point's mean error over all windows that hold it, first and last point included."""
    for n_windows, size in ((int(rng.integers(20, 30)), int(rng.integers(3, 6))), (3, 7), (1, 5), (9, 1)):
        errors = rng.gamma(2, size=(n_windows, size))
        n = n_windows + size - 1
        case = f"for {n_windows} windows of {size}"
        wanted = _mean_over_windows(errors)
        found = answer(errors, case=case)
        expect(
            size == 1 or np.shape(found) != (n_windows,),
            f"{n_windows} windows of {size} cover {n} points, yours are {n_windows}: one score for each *point*, not "
            "for each window.",
        )
        found = as_array(found, (n,), f"the result {case}")
        expect(
            not np.isnan(found).any(),
            f"some scores {case} are nan: does every point, the last too, get the errors of its windows?",
        )
        sums = wanted * _counts(n_windows, size)
        for other, message in (
            (sums, "you return the sum over the windows. Points in the middle lie in more windows: divide."),
            (
                sums / size,
                "you divide by the window's size everywhere. The first point lies in one window only: count for each "
                "point.",
            ),
            (sums / n_windows, "you divide by the number of all windows. Count those that hold the point."),
            (_extreme(errors, np.fmax), "you take the largest of the errors: it should be their mean."),
            (_extreme(errors, np.fmin), "you take the smallest of the errors: it should be their mean."),
            (_last_window(errors), "each point has the error of the *last* window that holds it: = in place of +=?"),
            (_last_window(errors[::-1, ::-1])[::-1], "each point has the error of the *first* window that holds it."),
            (
                _mean_over_windows(np.repeat(errors.mean(axis=1, keepdims=True), size, axis=1)),
                "you spread each window's mean error over its points. Use errors[i, j], the error of window i at its "
                "point j.",
            ),
            (
                _mean_over_windows(errors[:, ::-1]),
                "errors[i, j] belongs to the point i + j; yours go backwards through the window.",
            ),
        ):
            expect(close(found, wanted) or not close(found, other), message)
        wrong = np.flatnonzero(~np.isclose(found, wanted))
        if len(wrong):
            j = int(wrong[0])
            expect(
                False,
                f"point {j} of {n} should have {wanted[j]:.3f}, the mean over the {_counts(n_windows, size)[j]} "
                f"windows that hold it ({n_windows} windows of {size}); yours has {found[j]:.3f}.",
            )


@exercise(
    "08-threshold",
    "choose_threshold",
    [
        "Which of the three errors come from data that is normal, and that the network has not been trained on?",
        "The training errors are too small: the network knows these windows. The test errors may hold faults.",
        "NumPy's `np.quantile(errors, share)` gives the value that a share of the errors does not exceed.",
    ],
)
def threshold(answer, rng):
    """The quantile of the validation errors, whatever the other errors are."""
    for share in (0.99, 0.9, 1.0):
        train, validation = rng.gamma(2, 0.5, size=900), rng.gamma(2, 1.0, size=500)
        test = np.append(rng.gamma(2, 1.0, size=300), rng.gamma(9, 4.0, size=40))
        low, high = (np.quantile(validation, share, method=method) for method in ("lower", "higher"))
        wanted = np.quantile(validation, share)

        def right(value, low=low, high=high):  # every definition of a quantile lies between two of the errors
            return low * (1 - 1e-9) <= value <= high * (1 + 1e-9)

        found = as_number(answer(train, validation, test, share), "the threshold")
        everything = np.concatenate([train, validation, test])
        both = np.concatenate([train, validation])
        for other, message in (
            (np.quantile(train, share), "you use the *training* errors: the network knows these windows too well."),
            (train.max(), "you take the largest *training* error: the network knows these windows too well."),
            (np.quantile(test, share), "you use the *test* errors: this is looking at the answers."),
            (np.quantile(everything, share), "you use the *test* errors too: this is looking at the answers."),
            (np.quantile(both, share), "you mix in the *training* errors, which are too small."),
            (validation.max(), f"you take the largest validation error, not the quantile {share}."),
            (np.quantile(validation, 1 - share), "you turned the quantile round: most errors should lie *below*."),
            (validation.mean() + 3 * validation.std(), "mean plus three deviations is meant for normal numbers."),
            (share, "you return the share itself: the threshold is an error."),
            (np.quantile(validation, share / 100), "`np.percentile` counts in 0..100, `np.quantile` in 0..1."),
            (share * validation.max(), "a quantile is not a share of the maximum."),
        ):
            expect(right(found) or not close(found, other), message)
        expect(
            right(found),
            f"{share:.0%} of the validation errors should not exceed it: {wanted:.3f}, yours is {found:.3f}.",
        )
        moved = as_number(answer(train * 2, validation, test * 3, share), "the threshold")
        expect(close(moved, found), "the threshold changes with the training or the test errors. It should not.")


def _mean_over_windows(errors):
    points = np.add.outer(np.arange(errors.shape[0]), np.arange(errors.shape[1])).ravel()
    return np.bincount(points, errors.ravel()) / np.bincount(points)


def _counts(n_windows, size):
    return np.convolve(np.ones(n_windows), np.ones(size)).astype(int)


def _extreme(errors, choose):
    """Largest or smallest error of each point."""
    found = np.full(len(errors) + errors.shape[1] - 1, np.nan)
    for i, row in enumerate(errors):
        places = slice(i, i + len(row))
        found[places] = choose(found[places], row)
    return found


def _last_window(errors):
    """Error of each point in the last window that holds it."""
    found = np.empty(len(errors) + errors.shape[1] - 1)
    for i, row in enumerate(errors):
        found[i : i + len(row)] = row
    return found
