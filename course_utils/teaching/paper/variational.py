"""Paper questions of notebook 09."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np

from course_utils.teaching.paper import formulas
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

# Codes of two numbers whose length is a whole number.
_WHOLE_CODES = tuple(
    (first * a, second * b)
    for a, b in ((3, 4), (4, 3), (6, 8), (8, 6), (5, 12), (12, 5), (9, 12), (12, 9), (8, 15), (15, 8), (0, 5), (10, 0))
    for first in (-1, 1)
    for second in (-1, 1)
)


@kind("09-kl")
def kl(rng: np.random.Generator) -> Question:
    """KL of two units of a code, in nats and in bits."""
    while True:
        mean = [change / 2 for change in wholes(rng, -5, 5, 2)]
        sigma = [one_of(rng, (0.1, 0.2, 0.4, 0.5, 0.8, 1, 1.5, 2)) for _ in range(2)]
        if all(mu or s != 1 for mu, s in zip(mean, sigma, strict=True)) and sigma != [1, 1] and any(mean):
            break
    each = formulas.kl_to_standard_normal(mean, 2 * np.log(sigma)).tolist()
    summed = float(formulas.kl_divergence([mean], [2 * np.log(sigma)])[0])
    bits = summed / log(2)
    steps = []
    for i, (mu, s, nats) in enumerate(zip(mean, sigma, each, strict=True), 1):
        sign, result = ("=", is_result(nats, 3)) if s == 1 else (r"\approx", rf"\approx {rounded(nats, 3)}")
        steps.append(
            rf"unit {i}: $\frac{{1}}{{2}} \left({factor(mu)}^2 + {plain(s)}^2 - \ln({plain(s)}^2) - 1\right)$ "
            rf"${sign} \frac{{1}}{{2}} ({total((mu * mu, s * s, -2 * log(s), -1), 4)}) {result}$"
        )
    return Question(
        title="The KL divergence of a code",
        minutes=7,
        text="For an image $x$ the encoder returns, for two units of the code,\n\n"
        + table(("", "unit 1", "unit 2"), [[r"$\mu_x$", *mean], [r"$\sigma_x$", *sigma]])
        + "\n\nLogarithms are natural ones, the key ln.",
        parts=(
            Part(
                r"What is $KL[N(\mu, \sigma), N(0, 1)] = \frac12 (\mu^2 + \sigma^2 - \log \sigma^2 - 1)$ of each unit?",
                tuple(each),
                "\n\n".join(steps),
                decimals=3,
                unit="nats",
                names=("unit 1", "unit 2"),
                points=2,
            ),
            Part(
                r"What is $KL[N(\mu_x, \sigma_x), N(0, I)]$ of the whole code?",
                summed,
                rf"Units are independent, so their KLs add up: ${total(each, 4)} {is_result(summed, 3)}$",
                decimals=3,
                unit="nats",
            ),
            Part(
                r"How many bits are that? (A bit is $\ln 2 \approx 0.693$ nats.)",
                bits,
                rf"${plain(summed, 4)} / \ln 2 {is_result(bits, 2)}$",
                decimals=2,
                unit="bits",
            ),
        ),
        given={"mean": mean, "sigma": sigma},
    )


@kind("09-sampling")
def sampling(rng: np.random.Generator) -> Question:
    """A code drawn from its mean, log-variance and given noise."""
    mean = [change / 10 for change in wholes(rng, -20, 20, 2)]
    log_variance = [one_of(rng, (-24, -20, -16, -14, -10, -8, -6, -4, 4, 6)) / 10 for _ in range(2)]
    noise = [one_of(rng, (-1, 1)) * whole(rng, 2, 18) / 10 for _ in range(2)]
    sigma = [exp(value / 2) for value in log_variance]
    z = formulas.sample_code(mean, log_variance, noise).tolist()
    slope = sigma[0] * noise[0] / 2
    deviations = "\n\n".join(
        rf"unit {i}: $\sigma = e^{{{plain(value)} / 2}} {is_result(s, 3)}$"
        for i, (value, s) in enumerate(zip(log_variance, sigma, strict=True), 1)
    )
    drawn = "\n\n".join(
        rf"$z_{i} = \mu + \sigma \epsilon \approx {plain(mu)} + {plain(s, 3)} \cdot {factor(e)} \approx "
        rf"{rounded(code, 2)}$"
        for i, (mu, s, e, code) in enumerate(zip(mean, sigma, noise, z, strict=True), 1)
    )
    rows = [[r"$\mu_x$", *mean], [r"$\log \sigma_x^2$", *log_variance], [r"$\epsilon$", *noise]]
    return Question(
        title="Draw a code",
        minutes=6,
        text="For an image $x$ the encoder returns means and log-variances of two units, and noise "
        r"$\epsilon \sim N(0, I)$ has been drawn:"
        "\n\n" + table(("", "unit 1", "unit 2"), rows),
        parts=(
            Part(
                r"What are the standard deviations $\sigma_x$?",
                tuple(sigma),
                deviations,
                decimals=3,
                names=("unit 1", "unit 2"),
            ),
            Part(
                r"What is the code $z = \mu_x + \sigma_x \odot \epsilon$?",
                tuple(z),
                drawn,
                decimals=2,
                names=("$z_1$", "$z_2$"),
                points=2,
            ),
            Part(
                r"What is $\frac{\partial z_1}{\partial (\log \sigma^2)}$ of unit 1?",
                slope,
                r"$\sigma = e^{\frac12 \log \sigma^2}$, so the derivative is $\frac12 \sigma \epsilon$"
                "\n\n"
                rf"$\approx \frac{{1}}{{2}} \cdot {plain(sigma[0], 3)} \cdot {factor(noise[0])} "
                rf"\approx {rounded(slope, 2)}$",
                decimals=2,
            ),
        ),
        given={"mean": mean, "log_variance": log_variance, "noise": noise},
    )


@kind("09-loss")
def loss(rng: np.random.Generator) -> Question:
    """Loss of a batch of two small images."""
    while True:
        images = grid(rng, 0, 10, 2, 4)
        changes = grid(rng, -5, 5, 2, 4)
        copies = [[a + b for a, b in zip(x, change, strict=True)] for x, change in zip(images, changes, strict=True)]
        if all(0 <= value <= 10 for copy in copies for value in copy) and all(map(any, changes)):
            break
    images, copies = ([[value / 10 for value in row] for row in rows] for rows in (images, copies))
    kls, beta = (
        [(10 * i + value) / 10 for i, value in enumerate(wholes(rng, 1, 10, 2))],
        one_of(rng, (0.1, 0.2, 0.5, 2, 5)),
    )
    errors = [formulas.squared_error(x, copy) for x, copy in zip(images, copies, strict=True)]
    found = formulas.vae_loss(images, copies, kls, beta)
    rows = [
        [label, *row]
        for i, (x, copy) in enumerate(zip(images, copies, strict=True), 1)
        for label, row in ((f"$x^{{({i})}}$", x), (rf"$\hat x^{{({i})}}$", copy))
    ]
    squared = "\n\n".join(
        rf"image {i}: ${squares(x, copy)} = {plain(error)}$"
        for i, (x, copy, error) in enumerate(zip(images, copies, errors, strict=True), 1)
    )
    losses = [error + beta * value for error, value in zip(errors, kls, strict=True)]
    weighted = "\n\n".join(
        rf"image {i}: ${plain(error)} + {plain(beta)} \cdot {plain(value)} = {plain(one)}$"
        for i, (error, value, one) in enumerate(zip(errors, kls, losses, strict=True), 1)
    )
    return Question(
        title="The loss of a batch",
        minutes=6,
        text="A batch holds two images of four pixels. The decoder makes $\\hat x$ of their drawn codes:\n\n"
        + table(("", "1", "2", "3", "4"), rows)
        + rf"""

Their KL terms are ${plain(kls[0])}$ and ${plain(kls[1])}$ nats.""",
        parts=(
            Part(
                r"What is $\lVert x - \hat x \rVert^2$ of each image?",
                tuple(errors),
                squared,
                decimals=2,
                names=("image 1", "image 2"),
                points=2,
            ),
            Part(
                r"What is the loss of the batch, the mean of $\lVert x - \hat x \rVert^2 + \beta\, KL$, "
                rf"with $\beta = {plain(beta)}$?",
                found,
                f"{weighted}\n\nmean: $({total(losses)}) / 2 = {plain(found)}$",
                decimals=3,
                points=2,
            ),
        ),
        given={"images": images, "copies": copies, "kls": kls, "beta": beta},
    )


@kind("09-walk")
def walk(rng: np.random.Generator) -> Question:
    """A straight walk between two codes, and how long the code in its middle is."""
    while True:
        start, end = list(one_of(rng, _WHOLE_CODES)), list(one_of(rng, _WHOLE_CODES))
        crossed = start[0] * end[1] - start[1] * end[0]
        ends = [sqrt(sum(a * a for a in code)) for code in (start, end)]
        if crossed and start[0] * end[0] + start[1] * end[1] > -ends[0] * ends[1] / 2:  # less than 120 degrees apart
            break
    codes = formulas.interpolate(start, end, 5)
    second, middle = codes[1].tolist(), codes[2].tolist()
    length = float(np.linalg.norm(middle))
    arc = sum(ends) / 2
    return Question(
        title="A walk between two codes",
        minutes=6,
        text=rf"Two faces have the codes $a = {point(start)}$ and $b = {point(end)}$. A straight walk goes from $a$ to "
        "$b$ in five codes, both ends included, at equal distances.",
        parts=(
            Part(
                "What is the second of the five codes?",
                tuple(second),
                rf"It has gone a quarter of the way: $0.75 \cdot {point(start)} + 0.25 \cdot {point(end)} = "
                rf"{point(second)}$",
                decimals=2,
                names=("unit 1", "unit 2"),
            ),
            Part(
                "What is the code in the middle?",
                tuple(middle),
                rf"$\frac{{1}}{{2}} \left({point(start)} + {point(end)}\right) = {point(middle)}$",
                decimals=1,
                names=("unit 1", "unit 2"),
            ),
            Part(
                "How long is the code in the middle?",
                length,
                rf"$\sqrt{{{factor(middle[0])}^2 + {factor(middle[1])}^2}} = "
                rf"\sqrt{{{plain(sum(a * a for a in middle))}}} {is_result(length, 2)}$",
                decimals=2,
            ),
            Part(
                "A spherical walk turns along an arc, and the length changes evenly. How long is the code in the "
                "middle of that one?",
                arc,
                rf"$\lVert a \rVert = {plain(ends[0])}$ and $\lVert b \rVert = {plain(ends[1])}$, so "
                rf"$({plain(ends[0])} + {plain(ends[1])}) / 2 = {plain(arc)}$: the straight walk cuts the corner.",
                decimals=1,
            ),
        ),
        given={"start": start, "end": end},
    )


@kind("09-direction")
def direction(rng: np.random.Generator) -> Question:
    """Direction of an attribute, and a code that is moved along it."""
    while True:
        tenths = grid(rng, -20, 20, 4, 2)
        worn = rng.permutation([True, True, False, False]).tolist()
        codes = [[value / 10 for value in row] for row in tenths]
        found = formulas.find_direction(codes, worn).tolist()
        if all(found):
            break
    base, amount = [value / 10 for value in wholes(rng, -15, 15, 2)], one_of(rng, (0.5, 2, 3))
    moved = [a + amount * b for a, b in zip(base, found, strict=True)]
    means = [
        [sum(column) / 2 for column in zip(*(c for c, w in zip(codes, worn, strict=True) if w == kind_), strict=True)]
        for kind_ in (True, False)
    ]
    rows = [[f"face {i}", "yes" if w else "no", *code] for i, (w, code) in enumerate(zip(worn, codes, strict=True), 1)]
    return Question(
        title="Glasses, please",
        minutes=5,
        text="The codes of four faces, and who wears glasses:\n\n" + table(("", "glasses", "unit 1", "unit 2"), rows),
        parts=(
            Part(
                "Which direction adds glasses?",
                tuple(found),
                f"mean code with glasses: ${point(means[0])}$\n\nmean code without: ${point(means[1])}$\n\n"
                f"direction: ${point(means[0])} - {point(means[1])} = {point(found)}$",
                decimals=2,
                names=("unit 1", "unit 2"),
                points=2,
            ),
            Part(
                f"Another face has the code ${point(base)}$. Where does {plain(amount)} times the direction lead it?",
                tuple(moved),
                rf"${point(base)} + {plain(amount)} \cdot {point(found)} = {point(moved)}$",
                decimals=3,
                names=("unit 1", "unit 2"),
            ),
        ),
        given={"codes": codes, "worn": worn, "base": base, "amount": amount},
    )
