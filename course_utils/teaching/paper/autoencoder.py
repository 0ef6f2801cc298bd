"""Paper questions of notebook 04."""

from __future__ import annotations

from math import sqrt

import numpy as np

from course_utils.teaching.paper import formulas
from course_utils.teaching.paper.question import (
    Part,
    Question,
    factor,
    is_exact,
    is_result,
    matrix,
    plain,
    point,
    products,
    squares,
    table,
    total,
)
from course_utils.teaching.paper.registry import kind, one_of, whole, wholes

# Vectors of three coordinates whose length is a whole number.
_WHOLE_VECTORS = ((1, 2, 2), (2, 3, 6), (1, 4, 8), (2, 6, 9), (4, 4, 7), (0, 3, 4), (2, 4, 4), (6, 6, 7))


@kind("04-puzzle")
def puzzle(rng: np.random.Generator) -> Question:
    """Decoder of a 2-1-2 autoencoder for three points on a line."""
    while True:
        slope, height = one_of(rng, (-3, -2, -1, 2, 3, 4)), whole(rng, -2, 4)
        bias, first, second = whole(rng, -1, 1), one_of(rng, (-1, 0, 1, 2)), one_of(rng, (-1, 0.5, 1, 2))
        rise, start = first + second * slope, bias + second * height  # z = start + rise * x_1
        if rise and all(is_exact(number, 2) for number in (1 / rise, start / rise, slope / rise)):
            break
    places = sorted(rng.permutation(6)[:3].tolist())
    points = [[x, slope * x + height] for x in places]
    w1 = [[bias], [first], [second]]
    codes = formulas.encode(points, w1)
    w2 = formulas.decoder_weights(codes, points)
    (u0, v0), (u1, v1) = w2.tolist()
    z = codes[:, 0].tolist()
    listed = ", ".join(rf"$x^{{({j})}} = {point(x)}$" for j, x in enumerate(points, 1))
    coded = "\n\n".join(
        rf"$\hat z^{{({j})}} = {plain(bias)} + {factor(first)} \cdot {factor(a)} + {factor(second)} \cdot {factor(b)} "
        rf"= {plain(code)}$"
        for j, ((a, b), code) in enumerate(zip(points, z, strict=True), 1)
    )

    def solved(axis: int, letter: str, offset: float, weight: float) -> str:
        low, high = points[0][axis], points[2][axis]
        return (
            rf"${letter}_1 = \frac{{{high} - {factor(low)}}}{{{plain(z[2])} - {factor(z[0])}}} = {plain(weight)}$, "
            rf"${letter}_0 = {low} - {factor(weight)} \cdot {factor(z[0])} = {plain(offset)}$"
        )

    return Question(
        title="A puzzle: the weights of a 2-1-2 autoencoder",
        minutes=9,
        text=f"Three points lie on a line: {listed}. A linear autoencoder has one code unit. With a leading 1 for the "
        "bias,\n\n"
        r"$$\hat z = (W^{[1]})^\top \begin{pmatrix} 1 \\ x_1 \\ x_2 \end{pmatrix}, \qquad "
        rf"W^{{[1]}} = {matrix(w1)},$$"
        "\n\n"
        r"$$\hat x = (W^{[2]})^\top \begin{pmatrix} 1 \\ \hat z \end{pmatrix}, \qquad "
        r"W^{[2]} = \begin{pmatrix} u_0 & v_0 \\ u_1 & v_1 \end{pmatrix}.$$",
        parts=(
            Part(
                r"What are the codes $\hat z$ of the three points?",
                tuple(z),
                coded,
                decimals=1,
                names=tuple(rf"$\hat z^{{({j})}}$" for j in (1, 2, 3)),
            ),
            Part(
                r"With which $u_0$ and $u_1$ does $\hat x_1 = u_0 + u_1 \hat z$ equal $x_1$ for all three points?",
                (u0, u1),
                f"From the first and the last point:\n\n{solved(0, 'u', u0, u1)}",
                decimals=2,
                names=("$u_0$", "$u_1$"),
                points=2,
            ),
            Part(
                r"With which $v_0$ and $v_1$ does $\hat x_2 = v_0 + v_1 \hat z$ equal $x_2$ for all three points?",
                (v0, v1),
                f"{solved(1, 'v', v0, v1)}\n\n"
                rf"The point in the middle: $\hat x_1 = {plain(u0)} + {factor(u1)} \cdot {factor(z[1])} = "
                rf"{plain(points[1][0])}$ and $\hat x_2 = {plain(v0)} + {factor(v1)} \cdot {factor(z[1])} = "
                rf"{plain(points[1][1])}$, as it should be.",
                decimals=2,
                names=("$v_0$", "$v_1$"),
                points=2,
            ),
        ),
        given={"points": points, "w1": [bias, first, second]},
    )


def _weights(rng: np.random.Generator, n: int) -> tuple[list[list[int]], list[float], list[float], list[int]]:
    """Draw n points, both weights of a 2-1-2 autoencoder without bias, and codes that are whole numbers."""
    while True:
        points = [wholes(rng, 1, 6, 2) for _ in range(n)]
        first, second = ([one_of(rng, (0.2, 0.4, 0.5, 0.6, 0.8, 1, 1.5)) for _ in range(2)] for _ in range(2))
        codes = [first[0] * x[0] + first[1] * x[1] for x in points]
        if all(is_exact(z, 0) and 1 <= z <= 8 for z in codes) and len(set(map(tuple, points))) == n:
            return points, first, second, [round(z) for z in codes]


def _network(first: list[float], second: list[float]) -> str:
    return (
        rf"$\hat z = x\, W^{{[1]}}$ and $\hat x = \hat z\, W^{{[2]}}$, without biases and with points as rows:"
        "\n\n"
        rf"$$W^{{[1]}} = {matrix([[w] for w in first])}, \qquad W^{{[2]}} = {matrix([second])}.$$"
    )


@kind("04-reconstruction")
def reconstruction(rng: np.random.Generator) -> Question:
    """Codes, reconstructions and loss of a linear 2-1-2 autoencoder."""
    points, first, second, _ = _weights(rng, 2)
    w1, w2 = np.array(first)[:, None], np.array([second])
    codes, copies = (np.array(points) @ w1)[:, 0].tolist(), formulas.reconstruct(points, w1, w2)
    loss = formulas.squared_error(points, copies)
    copies = copies.tolist()
    encoded = "\n\n".join(
        rf"$\hat z^{{({j})}} = {products(x, first)} = {plain(z)}$"
        for j, (x, z) in enumerate(zip(points, codes, strict=True), 1)
    )
    decoded = "\n\n".join(
        rf"$\hat x^{{({j})}} = {plain(z)} \cdot {point(second)} = {point(copy)}$"
        for j, (z, copy) in enumerate(zip(codes, copies, strict=True), 1)
    )
    errors = [formulas.squared_error(x, copy) for x, copy in zip(points, copies, strict=True)]
    squared = "\n\n".join(
        rf"$\varepsilon_{{x^{{({j})}}}} = {squares(copy, x)} = {plain(error)}$"
        for j, (x, copy, error) in enumerate(zip(points, copies, errors, strict=True), 1)
    )
    return Question(
        title="Code, reconstruction and loss",
        minutes=7,
        text=f"A linear autoencoder has one code unit: {_network(first, second)}\n\n"
        f"Two points are $x^{{(1)}} = {point(points[0])}$ and $x^{{(2)}} = {point(points[1])}$.",
        parts=(
            Part(
                r"What are their codes $\hat z$?",
                tuple(codes),
                encoded,
                names=(r"$\hat z^{(1)}$", r"$\hat z^{(2)}$"),
            ),
            Part(
                r"What are their reconstructions $\hat x$?",
                (*copies[0], *copies[1]),
                decoded,
                decimals=1,
                names=(r"$\hat x^{(1)}_1$", r"$\hat x^{(1)}_2$", r"$\hat x^{(2)}_1$", r"$\hat x^{(2)}_2$"),
                points=2,
            ),
            Part(
                r"What is the loss $(\hat x - x)^\top (\hat x - x)$, summed over both points?",
                loss,
                f"{squared}\n\n${total(errors)} = {plain(loss)}$",
                decimals=2,
                points=2,
            ),
        ),
        given={"points": points, "w1": first, "w2": second},
    )


@kind("04-step")
def step(rng: np.random.Generator) -> Question:
    """One step of gradient descent for the decoder's weights, and the gradient at the code."""
    while True:
        (x,), first, second, (code,) = _weights(rng, 1)
        copy = [code * w for w in second]
        if all(abs(a - b) > 0.05 for a, b in zip(x, copy, strict=True)):
            break
    eta = one_of(rng, (0.01, 0.05, 0.1))
    w1, w2 = np.array(first)[:, None], np.array([second])
    at_output = [2 * (a - b) for a, b in zip(copy, x, strict=True)]
    by_w1, by_w2 = formulas.gradients([x], w1, w2)
    slopes, new = by_w2[0].tolist(), (w2 - eta * by_w2)[0].tolist()
    at_code = float(by_w1[0, 0] / x[0])
    names = r"$W^{[2]}_1$", r"$W^{[2]}_2$"
    return Question(
        title="One step of gradient descent",
        minutes=8,
        text=f"A linear autoencoder has one code unit: {_network(first, second)}\n\n"
        rf"For the single point $x = {point(x)}$ the code is $\hat z = {products(x, first)} = {plain(code)}$, and the "
        r"loss is $\varepsilon_x = (\hat x - x)^\top (\hat x - x)$.",
        parts=(
            Part(
                r"What is the gradient at the output, "
                r"$\frac{\partial \varepsilon_x}{\partial \hat x} = 2 (\hat x - x)$?",
                tuple(at_output),
                rf"$\hat x = {plain(code)} \cdot {point(second)} = {point(copy)}$"
                "\n\n"
                rf"$2 \left({point(copy)} - {point(x)}\right) = {point(at_output)}$",
                decimals=1,
                names=("first entry", "second entry"),
            ),
            Part(
                r"What is the gradient by the decoder's weights, $\frac{\partial \varepsilon_x}{\partial W^{[2]}}$?",
                tuple(slopes),
                rf"$\hat z \cdot 2 (\hat x - x) = {plain(code)} \cdot {point(at_output)} = {point(slopes)}$",
                decimals=1,
                names=("first entry", "second entry"),
            ),
            Part(
                r"What is $W^{[2]}$ after a step $W^{[2]} \leftarrow W^{[2]} - \eta\, "
                rf"\frac{{\partial \varepsilon_x}}{{\partial W^{{[2]}}}}$ with $\eta = {plain(eta)}$?",
                tuple(new),
                rf"${point(second)} - {plain(eta)} \cdot {point(slopes)} = {point(new)}$",
                decimals=3,
                names=names,
                points=2,
            ),
            Part(
                r"And what is the gradient at the code, with the old $W^{[2]}$, "
                r"$\frac{\partial \varepsilon_x}{\partial \hat z}$?",
                at_code,
                "Back through the decoder: "
                rf"$2 (\hat x - x)\, (W^{{[2]}})^\top = {products(at_output, second)} = {plain(at_code)}$",
                decimals=2,
            ),
        ),
        given={"x": x, "w1": first, "w2": second, "code": code, "eta": eta},
    )


@kind("04-angle")
def angle(rng: np.random.Generator) -> Question:
    """Cosine similarity and angular distance of two codes."""
    while True:
        codes = []
        for _ in range(2):
            lengths = rng.permutation(one_of(rng, _WHOLE_VECTORS)).tolist()
            codes.append([one_of(rng, (-1, 1, 1)) * length for length in lengths])
        a, b = codes
        dot = sum(p * q for p, q in zip(a, b, strict=True))
        similarity = formulas.cosine_similarity(a, b)
        if dot and abs(similarity) < 0.95:
            break
    theta = formulas.angular_distance(a, b)
    lengths = [sqrt(sum(p * p for p in code)) for code in codes]
    norms = "\n\n".join(
        rf"$\lVert {name} \rVert = \sqrt{{{total(p * p for p in code)}}} = {plain(length)}$"
        for name, code, length in zip("ab", codes, lengths, strict=True)
    )
    return Question(
        title="Cosine similarity and angular distance",
        minutes=6,
        text="Two codes:\n\n" + table(("", "1", "2", "3"), [["$a$", *a], ["$b$", *b]]),
        parts=(
            Part(r"What is $a^\top b$?", dot, rf"${products(a, b)} = {dot}$"),
            Part(
                r"What is the cosine similarity $s = \frac{a^\top b}{\lVert a \rVert \lVert b \rVert}$?",
                similarity,
                f"{norms}\n\n"
                rf"$s = \frac{{{dot}}}{{{plain(lengths[0])} \cdot {plain(lengths[1])}}} {is_result(similarity, 3)}$",
                decimals=3,
            ),
            Part(
                r"What is the angular distance $\theta = \cos^{-1}(s)$ in radians?",
                theta,
                rf"$\theta = \cos^{{-1}}({plain(similarity, 3)}) {is_result(theta, 2)}$",
                decimals=2,
            ),
        ),
        given={"a": a, "b": b},
    )
