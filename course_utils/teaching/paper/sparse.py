"""Paper questions of notebook 05."""

from __future__ import annotations

import numpy as np

from course_utils.teaching.paper import formulas
from course_utils.teaching.paper.question import (
    Part,
    Question,
    is_result,
    plain,
    products,
    squares,
    table,
    total,
)
from course_utils.teaching.paper.registry import kind, one_of, whole, wholes


def _tenths(numbers: list[int]) -> list[float]:
    return [number / 10 for number in numbers]


@kind("05-l1")
def l1(rng: np.random.Generator) -> Question:
    """Loss with an L1 penalty of two codes for one image."""
    while True:
        x = wholes(rng, 0, 10, 4)
        dense, sparse = wholes(rng, 1, 9, 5), [0, 0, 0, *wholes(rng, 4, 15, 2)]
        close, rough = wholes(rng, -1, 1, 4), wholes(rng, -3, 3, 4)
        copies = [[a + change for a, change in zip(x, changes, strict=True)] for changes in (close, rough)]
        squared = [sum(change * change for change in changes) for changes in (close, rough)]  # hundredths
        lam = one_of(rng, (0.01, 0.02, 0.05, 0.1))
        losses = [q / 100 + lam * sum(a) / 10 for q, a in zip(squared, (dense, sparse), strict=True)]
        inside = all(0 <= value <= 10 for copy in copies for value in copy)
        apart = sum(dense) > sum(sparse) and abs(losses[0] - losses[1]) > 0.005
        if inside and apart and 0 < squared[0] < squared[1] <= 14:
            break
    sparse = rng.permutation(sparse).tolist()
    x, copies, codes = _tenths(x), [_tenths(copy) for copy in copies], [_tenths(dense), _tenths(sparse)]
    parts, found = [], []
    for name, copy, a in zip("AB", copies, codes, strict=True):
        error, penalty = formulas.squared_error(x, copy), formulas.l1_penalty([a], lam)
        found.append(error + penalty)
        parts.append(
            Part(
                f"What is the loss of autoencoder {name}?",
                found[-1],
                rf"$(\hat x - x)^\top (\hat x - x) = {squares(copy, x)} = {plain(error)}$"
                "\n\n"
                rf"$\lambda \lVert a^{{[1]}} \rVert_1 = {plain(lam)} \cdot ({total(a)}) = {plain(penalty)}$"
                "\n\n"
                f"${plain(error)} + {plain(penalty)} = {plain(found[-1])}$",
                decimals=3,
                points=2,
            )
        )
    better = "AB"[int(np.argmin(found))]
    rows = [["image $x$", *x], ["copy of A", *copies[0]], ["copy of B", *copies[1]]]
    activations = [["code of A", *codes[0]], ["code of B", *codes[1]]]
    return Question(
        title="The L1 penalty",
        minutes=7,
        text="Two autoencoders, A and B, copy an image of four pixels. The pixels:\n\n"
        + table(("", "1", "2", "3", "4"), rows)
        + "\n\nThe activations $a^{[1]}$ of their five code units:\n\n"
        + table(("", "1", "2", "3", "4", "5"), activations)
        + "\n\nThe loss is "
        r"$\varepsilon(\hat x, x) = (\hat x - x)^\top (\hat x - x) + \lambda \lVert a^{[1]} \rVert_1$ "
        rf"with $\lambda = {plain(lam)}$.",
        parts=(
            *parts,
            Part(
                "Which of the two has the smaller loss?",
                f"autoencoder {better}",
                f"Autoencoder {better}: ${plain(min(found))} < {plain(max(found))}$.",
                choices=("autoencoder A", "autoencoder B"),
            ),
        ),
        given={"x": x, "copies": copies, "codes": codes, "lam": lam},
    )


@kind("05-kl")
def kl(rng: np.random.Generator) -> Question:
    """KL sparsity penalty of two units."""
    rho, beta = one_of(rng, (0.05, 0.1, 0.2)), one_of(rng, (0.5, 2, 3, 5))
    while True:
        quiet, loud = wholes(rng, 1, 3, 4), wholes(rng, 1, 9, 4)
        if sum(loud) > sum(quiet) + 4 and rho not in (sum(quiet) / 40, sum(loud) / 40):
            break
    units = [_tenths(quiet), _tenths(loud)]
    if rng.random() < 0.5:
        units.reverse()
    activations = np.array(units).T  # (images, units)
    means = activations.mean(axis=0).tolist()
    divergences = formulas.kl_of_coins(rho, means).tolist()
    penalty = beta * formulas.kl_sparsity(activations, rho)
    terms = "\n\n".join(
        rf"unit {j}: ${plain(rho)} \ln \frac{{{plain(rho)}}}{{{plain(mean)}}} + {plain(1 - rho)} "
        rf"\ln \frac{{{plain(1 - rho)}}}{{{plain(1 - mean)}}} {is_result(divergence, 3)}$"
        for j, (mean, divergence) in enumerate(zip(means, divergences, strict=True), 1)
    )
    averages = "\n\n".join(
        rf"$\hat\rho_{j} = ({total(unit)}) / 4 = {plain(mean)}$"
        for j, (unit, mean) in enumerate(zip(units, means, strict=True), 1)
    )
    return Question(
        title="The KL sparsity penalty",
        minutes=8,
        text="Two sigmoid units of a code have these activations for four images:\n\n"
        + table(("", *(f"$x^{{({i})}}$" for i in range(1, 5))), [["unit 1", *units[0]], ["unit 2", *units[1]]])
        + rf"""

The target is $\rho = {plain(rho)}$. Logarithms are natural ones, the key ln.""",
        parts=(
            Part(
                r"What are the mean activations $\hat\rho_1$ and $\hat\rho_2$?",
                tuple(means),
                averages,
                decimals=3,
                names=(r"$\hat\rho_1$", r"$\hat\rho_2$"),
            ),
            Part(
                r"What is $KL(\rho \,\Vert\, \hat\rho_j) = \rho \log\frac{\rho}{\hat\rho_j} + "
                r"(1 - \rho) \log\frac{1 - \rho}{1 - \hat\rho_j}$ of each unit?",
                tuple(divergences),
                terms,
                decimals=3,
                names=("unit 1", "unit 2"),
                points=2,
            ),
            Part(
                rf"What is the penalty $\beta \sum_j KL(\rho \,\Vert\, \hat\rho_j)$ with $\beta = {plain(beta)}$?",
                penalty,
                rf"${plain(beta)} \cdot ({total(divergences, 4)}) {is_result(penalty, 2)}$",
                decimals=2,
            ),
        ),
        given={"units": units, "rho": rho, "beta": beta},
    )


@kind("05-weights")
def weights(rng: np.random.Generator) -> Question:
    """Numbers of weights of an overcomplete autoencoder and of a bottleneck."""
    side = one_of(rng, (4, 5, 6, 8, 10, 12))
    pixels = side * side
    wide, narrow = pixels + one_of(rng, (4, 10, 20, 36, 50)), one_of(rng, (2, 3, 4, 5))
    many, few = (formulas.dense_weights([pixels, units, pixels]) for units in (wide, narrow))

    def counted(units: int, result: int) -> str:
        encoder, decoder = (pixels + 1) * units, (units + 1) * pixels
        return (
            rf"encoder: ${pixels} \cdot {units} + {units} = {encoder}$"
            "\n\n"
            rf"decoder: ${units} \cdot {pixels} + {pixels} = {decoder}$"
            "\n\n"
            f"together: ${encoder} + {decoder} = {result}$"
        )

    return Question(
        title="Weights of an overcomplete autoencoder",
        minutes=5,
        text=rf"Images have ${side} \times {side}$ pixels. An autoencoder has two dense layers with biases: from the "
        "pixels to the code, and from the code to the pixels.",
        parts=(
            Part(
                f"How many weights, biases included, does it have with an overcomplete code of {wide} units?",
                many,
                rf"${side} \cdot {side} = {pixels}$ pixels"
                f"\n\n{counted(wide, many)}",
                points=2,
            ),
            Part(
                f"How many does it have with a bottleneck of {narrow} units?",
                few,
                counted(narrow, few),
            ),
            Part(
                "How many times as many weights does the overcomplete one have?",
                many / few,
                f"${many} / {few} {is_result(many / few, 1)}$",
                decimals=1,
            ),
        ),
        given={"side": side, "wide": wide, "narrow": narrow},
    )


@kind("05-strongest")
def strongest(rng: np.random.Generator) -> Question:
    """Decode a code from its strongest units alone."""
    k = one_of(rng, (2, 3))
    while True:
        activations = wholes(rng, 0, 12, 6)
        if len(set(activations)) == 6:
            break
    a = _tenths(activations)
    kernel = [[whole(rng, -8, 8) / 4 for _ in range(2)] for _ in a]
    bias = [whole(rng, -4, 4) / 4 for _ in range(2)]
    kept = formulas.keep_largest([a], k)[0]
    chosen = np.flatnonzero(kept).tolist()
    outputs = (np.array(bias) + kept @ np.array(kernel)).tolist()
    rows = [[f"unit {j}", f"${plain(a[j - 1])}$", *kernel[j - 1]] for j in range(1, 7)]
    steps = "\n\n".join(
        rf"pixel {i + 1}: ${plain(bias[i])} + {products([a[j] for j in chosen], [kernel[j][i] for j in chosen])} "
        rf"= {plain(outputs[i])}$"
        for i in range(2)
    )
    names = " and ".join([", ".join(str(j + 1) for j in chosen[:-1]), str(chosen[-1] + 1)])
    return Question(
        title="Only the strongest units",
        minutes=6,
        text="The activations of six code units, and what each unit adds to two pixels when its activation is 1 "
        "(before the last sigmoid):\n\n"
        + table(("", "activation", "pixel 1", "pixel 2"), rows)
        + f"\n\nThe biases of the two pixels are ${plain(bias[0])}$ and ${plain(bias[1])}$. "
        f"Only the {k} strongest units are kept; the activations of the others become 0.",
        parts=(
            Part(
                "Which units are kept? Give their numbers, the smallest first.",
                tuple(float(j + 1) for j in chosen),
                f"The {k} largest activations are those of the units {names}.",
                names=("first unit", "second unit", "third unit")[:k],
            ),
            Part(
                "What are the two pixels, before the sigmoid?",
                tuple(outputs),
                steps,
                decimals=3,
                names=("pixel 1", "pixel 2"),
                points=2,
            ),
        ),
        given={"a": a, "kernel": kernel, "bias": bias, "k": k},
    )
