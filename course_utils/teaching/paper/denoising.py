"""Paper questions of notebook 07."""

from __future__ import annotations

from math import log10

import numpy as np

from course_utils.teaching.paper import formulas
from course_utils.teaching.paper.question import Part, Question, is_result, plain, squares, table, total
from course_utils.teaching.paper.registry import grid, kind, one_of, whole, wholes


@kind("07-filters")
def filters(rng: np.random.Generator) -> Question:
    """Median and mean filter of a small image with grains."""
    while True:
        base = whole(rng, 2, 8)
        tenths = [[base + change for change in row] for row in grid(rng, -2, 2, 4, 4)]
        for _ in range(2):
            tenths[whole(rng, 0, 3)][whole(rng, 0, 3)] = one_of(rng, (0, 10))
        first = sorted(value for row in tenths[:3] for value in row[:3])
        off = abs(first[4] - base), abs(sum(first) / 9 - base)
        if abs(off[0] - off[1]) > 0.2:
            break
    clean = base
    image = [[value / 10 for value in row] for row in tenths]
    medians = formulas.median_filter(image, 3)
    closer = "median" if off[0] < off[1] else "mean"
    reasons = {
        "median": "A grain pulls at the mean; to the median it is one value of nine.",
        "mean": "Where grains are few, or cancel out, the mean makes more of the nine values.",
    }
    window = [value for row in image[:3] for value in row[:3]]
    averaged = float(np.mean(window))
    steps = "\n\n".join(
        f"rows {r} to {r + 2}, columns {c} to {c + 2}, sorted: "
        rf"${', '.join(plain(v) for v in sorted(v for row in image[r : r + 3] for v in row[c : c + 3]))}$; "
        f"the fifth is ${plain(medians[r, c])}$"
        for r in range(2)
        for c in range(2)
    )
    return Question(
        title="Median and mean filter",
        minutes=6,
        text=r"An image of $4 \times 4$ pixels with some grains; rows and columns are counted from 0:"
        "\n\n" + table(("", "0", "1", "2", "3"), [[str(i), *row] for i, row in enumerate(image)]),
        parts=(
            Part(
                r"What does a median filter of $3 \times 3$ pixels return for its four windows?",
                tuple(medians.ravel().tolist()),
                steps,
                decimals=1,
                names=("upper left", "upper right", "lower left", "lower right"),
                points=2,
            ),
            Part(
                "What does a mean filter return for the upper left window?",
                averaged,
                rf"$({total(window)}) / 9 = {plain(sum(window))} / 9 {is_result(averaged, 2)}$",
                decimals=2,
            ),
            Part(
                f"Without any noise, the value in the middle of that window would be {plain(clean / 10)}. Which of the "
                "two comes closer?",
                f"the {closer}",
                f"The {closer}: the median is off by ${plain(off[0] / 10)}$, "
                f"the mean by about ${plain(off[1] / 10, 3)}$. {reasons[closer]}",
                choices=("the median", "the mean"),
            ),
        ),
        given={"image": image, "clean": clean / 10},
    )


@kind("07-gain")
def gain(rng: np.random.Generator) -> Question:
    """PSNR before and after denoising."""
    while True:
        x, noise, rest = wholes(rng, 0, 10, 5), wholes(rng, -5, 5, 5), wholes(rng, -2, 2, 5)
        noisy, restored = ([a + change for a, change in zip(x, changes, strict=True)] for changes in (noise, rest))
        squared = [sum(change * change for change in changes) for changes in (noise, rest)]
        inside = min(noisy + restored) >= 0 and max(noisy + restored) <= 10
        if inside and 0 < 2 * squared[1] <= squared[0]:
            break
    x, noisy, restored = ([value / 10 for value in values] for values in (x, noisy, restored))
    errors = [formulas.mean_squared_error(x, copy) for copy in (noisy, restored)]
    before, after = (formulas.psnr(x, copy, peak=1) for copy in (noisy, restored))
    steps = [
        rf"$\text{{MSE}} = ({squares(copy, x)}) / 5$ $= {plain(5 * error)} / 5 = {plain(error)}$"
        for copy, error in zip((noisy, restored), errors, strict=True)
    ]
    rows = [["clean $x$", *x], [r"noisy $\tilde x$", *noisy], [r"restored $\hat x$", *restored]]
    return Question(
        title="What denoising gains",
        minutes=7,
        text="Five pixels between 0 and 1:\n\n" + table(("", "1", "2", "3", "4", "5"), rows),
        parts=(
            Part(
                "What is the mean squared error of the noisy pixels, and of the restored ones?",
                tuple(errors),
                f"noisy: {steps[0]}\n\nrestored: {steps[1]}",
                decimals=3,
                names=("noisy", "restored"),
                points=2,
            ),
            Part(
                "What is the PSNR of the noisy pixels? (The largest value that a pixel can have is 1.)",
                before,
                rf"$10 \log_{{10}} \frac{{1}}{{{plain(errors[0])}}} {is_result(before, 2)}$",
                decimals=2,
                unit="dB",
            ),
            Part(
                "How many dB does the restoration gain?",
                after - before,
                rf"$10 \log_{{10}} \frac{{1}}{{{plain(errors[1])}}} {is_result(after, 2)}$ dB afterwards; the gain is "
                "the difference, or at once\n\n"
                rf"$10 \log_{{10}} \frac{{{plain(errors[0])}}}{{{plain(errors[1])}}} {is_result(after - before, 2)}$",
                decimals=2,
                unit="dB",
            ),
        ),
        given={"x": x, "noisy": noisy, "restored": restored},
    )


@kind("07-damage")
def damage(rng: np.random.Generator) -> Question:
    """Expected number of pixels that salt and pepper, and masking, change."""
    n, inked = one_of(rng, (200, 400, 500, 800, 1000)), one_of(rng, (10, 15, 20, 25, 30, 40))
    salted, masked = (one_of(rng, (10, 20, 30, 40, 50, 60)) for _ in range(2))
    ink = n * inked // 100
    changed, hidden = n * salted / 200, ink * masked / 100
    mse = changed / n
    psnr = 10 * log10(1 / mse)
    return Question(
        title="Salt and pepper, and masking",
        minutes=5,
        text=f"An image has {n} pixels: {ink} of ink (1), the others paper (0). *Salt and pepper* hits each pixel with "
        rf"probability ${plain(salted / 100)}$ and makes it 0 or 1, both equally likely. *Masking* hits each pixel "
        rf"with probability ${plain(masked / 100)}$ and makes it 0.",
        parts=(
            Part(
                "How many pixels does salt and pepper change, on average?",
                changed,
                rf"It hits ${n} \cdot {plain(salted / 100)} = {plain(2 * changed)}$ pixels. Half of them, ink or "
                "paper, get the value that they had; the others change: "
                rf"${plain(2 * changed)} / 2 = {plain(changed)}$",
            ),
            Part(
                "How many pixels does masking change, on average?",
                hidden,
                rf"Paper stays paper. Of the ink it takes ${ink} \cdot {plain(masked / 100)} = {plain(hidden)}$.",
                decimals=1,
            ),
            Part(
                "Suppose that salt and pepper changes exactly that many. What is the PSNR of the damaged image?",
                psnr,
                rf"Each changed pixel is off by 1: $\text{{MSE}} = {plain(changed)} / {n} = {plain(mse)}$"
                "\n\n"
                rf"$10 \log_{{10}} \frac{{1}}{{{plain(mse)}}} {is_result(psnr, 2)}$",
                decimals=2,
                unit="dB",
            ),
        ),
        given={"n": n, "ink": ink, "salted": salted / 100, "masked": masked / 100},
    )


@kind("07-tuning")
def tuning(rng: np.random.Generator) -> Question:
    """Which setting to choose, and which score to report."""
    settings = one_of(rng, ((3, 5, 7, 9, 11), (10, 20, 30, 40, 60), (0.1, 0.15, 0.2, 0.3, 0.4)))
    peak = whole(rng, 1, 3)
    level = whole(rng, 160, 220)
    while True:
        validation = [level - 4 * abs(i - peak) ** 2 + change for i, change in enumerate(wholes(rng, -6, 6, 5))]
        test = [value + change for value, change in zip(validation, wholes(rng, -9, 9, 5), strict=True)]
        ordered, best = sorted(validation), int(np.argmax(validation))
        if ordered[-1] > ordered[-2] and len(set(test)) == 5 and int(np.argmax(test)) != best:
            break
    validation, test = ([value / 10 for value in values] for values in (validation, test))
    setting, score = (float(number) for number in formulas.tune(settings, validation, test))
    return Question(
        title="Tuning honestly",
        minutes=3,
        text="A denoiser has a knob. For five settings, the PSNR in dB was measured on validation images and on test "
        "images:\n\n" + table(("setting", *map(plain, settings)), [["validation", *validation], ["test", *test]]),
        parts=(
            Part(
                "Which setting is to be chosen?",
                setting,
                f"The one that is best on *validation* images: ${plain(setting)}$, with ${plain(max(validation))}$ dB.",
                decimals=2,
            ),
            Part(
                "Which PSNR is to be reported?",
                score,
                f"The one of this setting on *test* images, which had no say in the choice: ${plain(score)}$ dB.",
                decimals=1,
                unit="dB",
            ),
            Part(
                "By how much would the report be too good if the best test score were taken instead?",
                max(test) - score,
                f"${plain(max(test))} - {plain(score)} = {plain(max(test) - score)}$",
                decimals=1,
                unit="dB",
            ),
        ),
        given={"settings": list(settings), "validation": validation, "test": test},
    )
