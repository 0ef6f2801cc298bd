"""Paper questions of notebook 00."""

from __future__ import annotations

from math import sqrt

import numpy as np

from course_utils.teaching.paper.formulas import squared_error
from course_utils.teaching.paper.question import (
    Part,
    Question,
    factor,
    is_result,
    plain,
    point,
    rounded,
    squares,
    table,
    total,
)
from course_utils.teaching.paper.registry import grid, kind, one_of, whole, wholes

# Differences of coordinates whose length is a whole number.
_WHOLE_LENGTHS = ((1, 2, 2), (2, 4, 4), (2, 3, 6), (1, 4, 8), (4, 4, 7), (2, 6, 9), (6, 6, 7), (3, 6, 6), (3, 4, 12))


@kind("00-distance")
def distance(rng: np.random.Generator) -> Question:
    """Squared distance, and distance, of two points."""
    lengths = rng.permutation(one_of(rng, _WHOLE_LENGTHS)).tolist()
    a = wholes(rng, -3, 9, 3)
    b = [start + one_of(rng, (-1, 1)) * length for start, length in zip(a, lengths, strict=True)]
    squared = squared_error(a, b)
    worked = (
        rf"$\lVert a - b \rVert^2 = {squares(a, b)}$"
        "\n\n"
        rf"$= {total((p - q) ** 2 for p, q in zip(a, b, strict=True))} = {plain(squared)}$"
    )
    return Question(
        title="The distance of two points",
        minutes=3,
        text=f"Two points with three coordinates: $a = {point(a)}$ and $b = {point(b)}$.",
        parts=(
            Part(r"What is their squared Euclidean distance $\lVert a - b \rVert^2$?", squared, worked),
            Part(
                r"What is their Euclidean distance $\lVert a - b \rVert$?",
                sqrt(squared),
                rf"$\lVert a - b \rVert = \sqrt{{{plain(squared)}}} = {plain(sqrt(squared))}$",
            ),
        ),
        given={"a": a, "b": b},
    )


@kind("00-nearest")
def nearest(rng: np.random.Generator) -> Question:
    """Nearest of four candidates."""
    from course_utils.clustering import assign

    while True:
        (here, *candidates) = grid(rng, 0, 9, 5, 2)
        squared = [squared_error(here, candidate) for candidate in candidates]
        if len(set(squared)) == 4 and min(squared) > 0:
            break
    row = int(assign([here], candidates)[0])
    steps = [
        rf"row {i}: ${squares(candidate, here)} = {plain(d)}$"
        for i, (candidate, d) in enumerate(zip(candidates, squared, strict=True))
    ]
    rows = [[f"row {i}", f"${point(candidate)}$"] for i, candidate in enumerate(candidates)]
    return Question(
        title="The nearest of four",
        minutes=4,
        text="The array `candidates` has four rows, counted from 0 as in Python. "
        f"The array `point` is ${point(here)}$.\n\n" + table(("", "candidate"), rows),
        parts=(
            Part(
                "What is the squared distance of `point` to each of them?",
                tuple(squared),
                "\n\n".join(steps),
                names=tuple(f"row {i}" for i in range(4)),
                points=2,
            ),
            Part(
                "Which row is the nearest?",
                f"row {row}",
                f"The smallest of them is ${plain(squared[row])}$, in row {row}. The square root would not change "
                "which one is smallest.",
                choices=tuple(f"row {i}" for i in range(4)),
            ),
        ),
        given={"point": here, "candidates": candidates},
    )


@kind("00-variance")
def variance(rng: np.random.Generator) -> Question:
    """Mean, variance and standard deviation of a few numbers."""
    while True:
        numbers = wholes(rng, 1, 20, one_of(rng, (4, 5)))
        n, mean = len(numbers), sum(numbers) / len(numbers)
        if mean == int(mean) and len(set(numbers)) > 2:
            break
    found = float(np.var(numbers))
    squared = [(number - mean) ** 2 for number in numbers]
    differences = " + ".join(f"({number} - {plain(mean)})^2" for number in numbers)
    return Question(
        title="Mean and variance",
        minutes=4,
        text=f"The array `x` holds the numbers ${', '.join(map(str, numbers))}$.",
        parts=(
            Part("What is their mean?", mean, rf"$({total(numbers)}) / {n} = {sum(numbers)} / {n} = {plain(mean)}$"),
            Part(
                "What is their variance, the mean of the squared differences from the mean (`x.var()`)?",
                found,
                rf"$\left({differences}\right) / {n}$"
                "\n\n"
                rf"$= ({total(squared)}) / {n} = {plain(sum(squared))} / {n} = {plain(found)}$",
                decimals=2,
            ),
            Part(
                "What is their standard deviation?",
                sqrt(found),
                rf"$\sqrt{{{plain(found)}}} {is_result(sqrt(found), 2)}$",
                decimals=2,
            ),
        ),
        given={"x": numbers},
    )


@kind("00-second-name")
def second_name(rng: np.random.Generator) -> Question:
    """What a second name for an array does, and what a copy does."""
    while True:
        numbers, place, new = wholes(rng, 1, 9, 3), whole(rng, 0, 2), whole(rng, 10, 40)
        if len(set(numbers)) == 3:
            break

    def code(second: str) -> str:
        listed = ", ".join(map(str, numbers))
        return f"```python\nx = np.array([{listed}])\ny = {second}\ny[{place}] = {new}\n```"

    x = np.array(numbers)
    y = x
    y[place] = new
    after = x.tolist()
    x = np.array(numbers)
    y = x.copy()
    y[place] = new
    return Question(
        title="A second name, and a copy",
        minutes=2,
        text=f"First these lines are run:\n\n{code('x')}\n\nThen, afresh, these:\n\n{code('x.copy()')}",
        parts=(
            Part(
                "What is `x.sum()` after the first three lines?",
                sum(after),
                f"`y` is a second name for the same array, so `x` has changed: ${point(after)}$.\n\n"
                f"${total(after)} = {rounded(sum(after), 0)}$",
            ),
            Part(
                "What is `x.sum()` after the other three?",
                int(x.sum()),
                f"`y` is an array of its own, so `x` is still ${point(numbers)}$.\n\n"
                f"${total(numbers)} = {factor(int(x.sum()))}$",
            ),
        ),
        given={"x": numbers, "place": place, "new": new},
    )
