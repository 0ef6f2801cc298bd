"""Checks of notebook 00, the warm-up."""

from __future__ import annotations

import numpy as np

from course_utils.checks.base import as_number, close, exercise, expect


@exercise(
    "00-distance",
    "squared_distance",
    hints=(
        "Subtract the two arrays: NumPy does it coordinate by coordinate.",
        "Square the differences with `** 2`, and add them up with `.sum()`.",
        "`((a - b) ** 2).sum()`",
    ),
)
def distance(answer, rng):
    """Squared Euclidean distance of two points."""
    for d in (2, 5):
        a = rng.normal(size=d) * 3
        b = a + rng.uniform(1, 4, size=d) * np.resize([1, -1], d)  # differences of both signs
        wanted = ((a - b) ** 2).sum()
        found = as_number(answer(a, b), "The squared distance")
        for value, message in (
            (np.sqrt(wanted), "that is the distance itself: this time the square root is not wanted."),
            (np.abs(a - b).sum(), "these are absolute differences: square them instead."),
            ((a - b).sum() ** 2, "you square the sum: square each difference first, then add up."),
            ((a - b).sum(), "the differences cancel each other: square them before you add them up."),
            (wanted / d, "that is the mean of the squares: add them up."),
            (a @ b, "that is the dot product: subtract first."),
        ):
            expect(not close(found, value), message)
        expect(
            close(found, wanted), f"for {a.round(1)} and {b.round(1)} expected {wanted:.2f}, yours gives {found:.2f}."
        )


@exercise(
    "00-nearest",
    "nearest",
    hints=(
        "Measure the distance from the point to every candidate: one number per row.",
        "`((candidates - point) ** 2).sum(axis=1)` has one squared distance per candidate.",
        "`.argmin()` of these tells *where* the smallest one is; `.min()` tells only how small it is.",
    ),
)
def nearest(answer, rng):
    """Row number of the candidate that is nearest to a point."""
    for _ in range(5):
        point, candidates = rng.normal(size=2), rng.normal(size=(8, 2)) * 3 + 1
        squared = ((candidates - point) ** 2).sum(axis=1)
        found, wanted = as_number(answer(point, candidates), "The row number"), int(squared.argmin())
        expect(
            not close(found, squared.min()) and not close(found, np.sqrt(squared.min())),
            "that is the smallest distance: return the number of the row where it occurs.",
        )
        expect(found != wanted + 1, "rows are counted from 0 in Python: yours is one too large.")
        expect(found != squared.argmax(), "that is the farthest candidate: take the smallest distance.")
        expect(
            found == wanted,
            f"row {wanted} is nearest to the point, yours gives {found:g}.",
        )
    point = np.zeros(2)
    for candidates, message in (
        (
            [[3.0, 0], [2, 2]],
            "these are absolute differences: the squared distance of (2, 2) to (0, 0) is 8, of (3, 0) 9.",
        ),
        ([[2.0, 2], [2.5, 0]], "you look at the largest difference only: add up the squares of all coordinates."),
    ):
        row = as_number(answer(point, np.array(candidates)), "The row number")
        expect(row != 0, message)
        expect(row == 1, f"there are two candidates, row 0 and row 1; yours gives {row:g}.")
