"""Paper questions of notebook 06."""

from __future__ import annotations

from math import ceil

import numpy as np

from course_utils.teaching.paper import formulas
from course_utils.teaching.paper.question import (
    Part,
    Question,
    factor,
    matrix,
    plain,
    point,
    products,
    table,
    with_minus,
)
from course_utils.teaching.paper.registry import grid, kind, one_of, whole, wholes


@kind("06-convolution")
def convolution(rng: np.random.Generator) -> Question:
    """Shape of a feature map, and two of its numbers."""
    size, stride = one_of(rng, ((5, 1), (5, 2), (6, 1), (6, 2)))
    while True:
        image = grid(rng, 0, 4, size, size)
        kernel = grid(rng, -1, 1, 3, 3)
        kernel[whole(rng, 0, 2)][whole(rng, 0, 2)] = 2
        if 5 <= np.count_nonzero(kernel) <= 7:
            break
    found = formulas.convolve(image, kernel, stride)
    side = found.shape[0]
    places = [(i, j) for i in range(side) for j in range(side)]
    asked = sorted(places[i] for i in rng.permutation(len(places))[:2].tolist())

    def window(row: int, column: int) -> tuple[str, str]:
        seen = [image[row * stride + i][column * stride : column * stride + 3] for i in range(3)]
        pairs = [(w, x) for ws, xs in zip(kernel, seen, strict=True) for w, x in zip(ws, xs, strict=True) if w]
        return matrix(seen), products([w for w, _ in pairs], [x for _, x in pairs])

    def asked_at(row: int, column: int) -> Part:
        seen, summed = window(row, column)
        return Part(
            rf"What is $a_{{{row}, {column}}}$?",
            float(found[row, column]),
            rf"The window begins in row {row * stride} and column {column * stride}: ${seen}$"
            "\n\n"
            rf"$a_{{{row}, {column}}} = {summed} = {plain(found[row, column])}$ (where $W$ is 0, nothing is added)",
            points=2,
        )

    return Question(
        title="A convolution sum",
        minutes=7,
        text=rf"An image $x$ of ${size} \times {size}$ pixels; rows and columns are counted from 0:"
        "\n\n"
        + table(("", *map(str, range(size))), [[str(i), *row] for i, row in enumerate(image)])
        + "\n\nA filter slides over it with stride "
        rf"$s = {stride}$, wholly within the image, without bias:"
        "\n\n"
        rf"$$a_{{r, c}} = \sum_{{i}} \sum_{{j}} W_{{i, j}}\; x_{{r s + i,\; c s + j}},$$"
        "\n\n"
        rf"$$W = {matrix(kernel)}.$$",
        parts=(
            Part(
                "How many rows and columns does the feature map have?",
                (float(side), float(side)),
                f"The window can begin in the rows {', '.join(map(str, range(0, size - 2, stride)))}, and in the same "
                f"columns: ${side}$ of each.",
                names=("rows", "columns"),
            ),
            *(asked_at(row, column) for row, column in asked),
        ),
        given={"image": image, "kernel": kernel, "stride": stride, "asked": asked},
    )


@kind("06-layers")
def layers(rng: np.random.Generator) -> Question:
    """Shapes and weights of two convolutional layers."""
    height, width, channels = whole(rng, 20, 64), whole(rng, 20, 64), one_of(rng, (1, 3))
    first, second = one_of(rng, (4, 8, 10, 16)), one_of(rng, (5, 8, 12, 20))
    size, after = one_of(rng, (3, 5)), one_of(rng, (2, 3, 4))
    stride, then = one_of(rng, (2, 3)), one_of(rng, (1, 2))
    shape, weights = formulas.conv_layer(height, width, channels, first, size, stride)
    shape2, weights2 = formulas.conv_layer(*shape, second, after, then)

    def halved(length: int, by: int) -> str:
        return rf"$\lceil {length} / {by} \rceil = {ceil(length / by)}$"

    def counted(k: int, maps: int, filters: int, result: int) -> str:
        return (
            rf"each filter: ${k} \cdot {k} \cdot {maps} + 1 = {k * k * maps + 1}$; all of them: "
            rf"${filters} \cdot {k * k * maps + 1} = {result}$"
        )

    names = ("rows", "columns", "maps")
    return Question(
        title="Two convolutional layers",
        minutes=6,
        text=rf"Images of ${height} \times {width}$ pixels with {channels} channel{'s' * (channels > 1)} "
        'go through two convolutional layers with `padding="same"` and biases:\n\n'
        + table(
            ("", "filters", "kernel", "stride"),
            [
                ["first layer", first, rf"${size} \times {size}$", stride],
                ["second layer", second, rf"${after} \times {after}$", then],
            ],
        ),
        parts=(
            Part(
                "What is the shape of the first layer's output?",
                tuple(map(float, shape)),
                f"rows: {halved(height, stride)}, columns: {halved(width, stride)}, a map for each filter: ${first}$",
                names=names,
            ),
            Part(
                "How many weights, biases included, does the first layer have?",
                weights,
                counted(size, channels, first, weights),
            ),
            Part(
                "What is the shape of the second layer's output?",
                tuple(map(float, shape2)),
                f"rows: {halved(shape[0], then)}, columns: {halved(shape[1], then)}, a map for each filter: ${second}$",
                names=names,
            ),
            Part(
                "How many weights, biases included, does the second layer have?",
                weights2,
                f"Its filters see all {first} maps of the first layer.\n\n" + counted(after, first, second, weights2),
            ),
        ),
        given={
            "shape": [height, width, channels],
            "first": [first, size, stride],
            "second": [second, after, then],
        },
    )


@kind("06-transposed")
def transposed(rng: np.random.Generator) -> Question:
    """Transposed convolution in one dimension."""
    size, stride = one_of(rng, ((3, 2), (3, 1), (4, 2), (4, 3), (2, 1)))
    z = wholes(rng, 1, 5, 3)
    while True:
        kernel = wholes(rng, -2, 3, size)
        if 0 not in (kernel[0], kernel[-1]) and len(set(kernel)) > 1:
            break
    found = formulas.transposed(z, kernel, stride).tolist()
    length = len(found)
    painted = []
    for i, strength in enumerate(z):
        row = [""] * length
        row[i * stride : i * stride + size] = [with_minus(plain(strength * weight)) for weight in kernel]
        painted.append([rf"${strength} \cdot {point(kernel)}$", *row])
    rows = [*painted, ["sum", *found]]
    return Question(
        title="Painting with a kernel",
        minutes=5,
        text=rf"A transposed convolution in one dimension gets $z = {point(z)}$. Its kernel is ${point(kernel)}$, its "
        rf"stride $s = {stride}$. Nothing is cut off at the ends.",
        parts=(
            Part(
                "How many numbers does its output have?",
                length,
                rf"$(n - 1)\, s + k = (3 - 1) \cdot {stride} + {factor(size)} = {length}$",
            ),
            Part(
                "What is the output?",
                tuple(found),
                f"Every number of $z$ paints the whole kernel, {stride} {'place' if stride == 1 else 'places'} further "
                "on; where kernels overlap, they add up.\n\n" + table(("place", *map(str, range(length))), rows),
                names=tuple(f"place {i}" for i in range(length)),
                points=3,
            ),
        ),
        given={"z": z, "kernel": kernel, "stride": stride},
    )
