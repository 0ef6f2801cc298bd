"""Paper questions of notebook 03."""

from __future__ import annotations

from math import log10

import numpy as np

from course_utils.teaching.paper import formulas
from course_utils.teaching.paper.question import Part, Question, is_result, plain, point, products, table, total
from course_utils.teaching.paper.registry import grid, kind, one_of, whole, wholes


@kind("03-bytes")
def indexed_bytes(rng: np.random.Generator) -> Question:
    """Bytes of an indexed image, and what it saves."""
    while True:
        height, width = whole(rng, 15, 80), whole(rng, 15, 80)
        k = one_of(rng, (2, 3, 4, 6, 8, 12, 16, 20, 32, 48, 64))
        stored, full = formulas.indexed_bytes(height, width, k), 3 * height * width
        if stored < 0.6 * full:
            break
    bits, pixels = formulas.index_bits(k), height * width
    packed = stored - 3 * k
    up = "" if pixels * bits % 8 == 0 else f", rounded up to ${packed}$ bytes"
    shared = f"{pixels} \\cdot {bits} / 8 = {plain(pixels * bits / 8)}"
    saving = 100 * (1 - stored / full)
    fewer = f" and $2^{{{bits // 2}}} = {2 ** (bits // 2)} < {k}$" if bits > 1 else ""
    return Question(
        title="Bytes of an indexed image",
        minutes=5,
        text=rf"An image of ${height} \times {width}$ pixels is painted with $k = {k}$ colours. The palette has 3 "
        r"bytes for each colour. An index has $b$ bits, the fewest of 1, 2, 4 or 8 with $2^b \ge k$; the indices of "
        "all pixels are packed one after another, and rounded up to whole bytes.",
        parts=(
            Part(
                "How many bits $b$ does an index have?",
                bits,
                rf"$b = {bits}$, since $2^{{{bits}}} = {2**bits} \ge {k}${fewer}.",
            ),
            Part(
                "How many bytes are indices and palette together?",
                stored,
                rf"indices: ${height} \cdot {width} = {pixels}$ pixels, ${shared}${up}"
                "\n\n"
                rf"palette: $3 \cdot {k} = {3 * k}$ bytes"
                "\n\n"
                f"together: ${packed} + {3 * k} = {stored}$ bytes",
                unit="bytes",
                points=2,
            ),
            Part(
                "By how many per cent is that less than 3 bytes for each pixel?",
                saving,
                rf"$3 \cdot {pixels} = {full}$ bytes"
                "\n\n"
                rf"$100 \cdot (1 - {stored} / {full}) {is_result(saving, 1)}$",
                decimals=1,
                unit="%",
            ),
        ),
        given={"height": height, "width": width, "k": k},
    )


@kind("03-psnr")
def psnr(rng: np.random.Generator) -> Question:
    """PSNR of a copy of four values, and of a worse copy."""
    while True:
        values, changes = wholes(rng, 20, 235, 4), wholes(rng, -9, 9, 4)
        if sum(change != 0 for change in changes) > 2:
            break
    copy = [value + change for value, change in zip(values, changes, strict=True)]
    times = one_of(rng, (2, 3, 4, 5, 8, 10, 20))
    mse, found = formulas.mean_squared_error(values, copy), formulas.psnr(values, copy)
    worse = 10 * log10(times)
    differences = " + ".join(f"({a} - {b})^2" for a, b in zip(values, copy, strict=True))
    return Question(
        title="The PSNR of a copy",
        minutes=6,
        text="Four values of an image, from 0 to 255, and those of its copy:\n\n"
        + table(("", "1", "2", "3", "4"), [[r"$x_i$", *values], [r"$\hat x_i$", *copy]]),
        parts=(
            Part(
                "What is the mean squared error?",
                mse,
                rf"$\text{{MSE}} = ({differences}) / 4$"
                "\n\n"
                rf"$= ({total(change**2 for change in changes)}) / 4 = {plain(mse)}$",
                decimals=2,
            ),
            Part(
                "What is the PSNR?",
                found,
                rf"$10 \log_{{10}} \frac{{255^2}}{{{plain(mse)}}} {is_result(found, 2)}$",
                decimals=2,
                unit="dB",
            ),
            Part(
                f"Another copy has {times} times the mean squared error. By how many dB is its PSNR lower?",
                worse,
                rf"$10 \log_{{10}} {times} {is_result(worse, 2)}$, whatever the image.",
                decimals=2,
                unit="dB",
            ),
        ),
        given={"values": values, "copy": copy, "times": times},
    )


@kind("03-weighted-centroid")
def weighted_centroid(rng: np.random.Generator) -> Question:
    """Weighted centroid of three colours, and its share of the WCSS."""
    from course_utils.clustering import update, wcss

    middle = [10 * value for value in wholes(rng, 6, 19, 3)]
    counts = one_of(rng, ((1, 4, 5), (2, 3, 5), (1, 3, 6), (1, 2, 7), (2, 2, 6), (3, 3, 4)))
    counts = rng.permutation(counts).tolist()
    while True:
        steps = grid(rng, -4, 4, 3, 3)
        colours = [[a + 10 * step for a, step in zip(middle, row, strict=True)] for row in steps]
        if len(set(map(tuple, colours))) == 3:
            break
    labels = np.zeros(3, dtype=int)
    centroid = update(colours, labels, 1, sample_weight=counts)
    spread = wcss(colours, labels, centroid, sample_weight=counts)
    (mu,) = centroid.tolist()
    rows = [
        [f"$x^{{({j})}}$", f"${point(colour)}$", n]
        for j, (colour, n) in enumerate(zip(colours, counts, strict=True), 1)
    ]
    channels = "\n\n".join(
        rf"{name}: $({products(counts, column)}) / 10 = {plain(a)}$"
        for name, column, a in zip(("red", "green", "blue"), zip(*colours, strict=True), mu, strict=True)
    )
    squared = [sum((a - b) ** 2 for a, b in zip(colour, mu, strict=True)) for colour in colours]
    terms = "\n\n".join(
        rf"$\lVert x^{{({j})}} - \mu \rVert^2 = {total((a - b) ** 2 for a, b in zip(colour, mu, strict=True))}"
        f" = {plain(d)}$"
        for j, (colour, d) in enumerate(zip(colours, squared, strict=True), 1)
    )
    return Question(
        title="A weighted centroid",
        minutes=7,
        text="A cluster holds three distinct colours (red, green, blue), and $n_x$ pixels of each:\n\n"
        + table(("", "colour", "$n_x$"), rows),
        parts=(
            Part(
                r"What is the centroid $\mu$ of all its pixels?",
                tuple(mu),
                f"There are ${total(counts)} = 10$ pixels.\n\n{channels}",
                names=("red", "green", "blue"),
                points=3,
            ),
            Part(
                r"What does the cluster add to the WCSS, $\sum_x n_x \lVert x - \mu \rVert^2$?",
                spread,
                f"{terms}\n\n${products(counts, squared)} = {plain(spread)}$",
                points=2,
            ),
        ),
        given={"colours": colours, "counts": counts},
    )
