"""Paper questions of notebook 10."""

from __future__ import annotations

import numpy as np

from course_utils.teaching.paper import formulas
from course_utils.teaching.paper.question import (
    Part,
    Question,
    is_result,
    matrix,
    plain,
    products,
    rounded,
    table,
    total,
)
from course_utils.teaching.paper.registry import grid, kind, one_of, whole, wholes

_PLACES = ((0, 0), (0, 1), (1, 0), (1, 1))


@kind("10-weights")
def weights(rng: np.random.Generator) -> Question:
    """Importance weights of three activation maps of 2 x 2 places."""
    digit = whole(rng, 0, 9)
    while True:
        tenths = grid(rng, -9, 9, 3, 4)
        sums = [sum(values) for values in tenths]
        if all(value % 2 == 0 for value in sums) and len(set(sums)) == 3:
            break
    maps = [[[values[0] / 10, values[1] / 10], [values[2] / 10, values[3] / 10]] for values in tenths]
    alpha = formulas.importance_weights(np.moveaxis(maps, 0, -1)[None])[0].tolist()
    top = int(np.argmax(alpha)) + 1
    head = one_of(rng, (-1, 1)) * whole(rng, 2, 18) / 10
    shown = "\n\n".join(
        rf"$$\frac{{\partial \hat y^{{({digit})}}}}{{\partial A_{k}}} = {matrix(rows)}$$"
        for k, rows in enumerate(maps, 1)
    )
    steps = "\n\n".join(
        rf"$\alpha_{k}^{{({digit})}} = ({total([*rows[0], *rows[1]])}) / 4 = {plain(a)}$"
        for k, (rows, a) in enumerate(zip(maps, alpha, strict=True), 1)
    )
    return Question(
        title="The weights of Grad-CAM",
        minutes=5,
        text="A network's last convolutional layer has three activation maps of $2 \\times 2$ places. The gradients of "
        f"the score of class {digit} are\n\n{shown}",
        parts=(
            Part(
                rf"What are the importance weights $\alpha_k^{{({digit})}}$?",
                tuple(alpha),
                rf"$\alpha_k^{{({digit})}}$ is the mean over the $Z = 4$ places."
                f"\n\n{steps}",
                decimals=2,
                names=tuple(rf"$\alpha_{k}$" for k in (1, 2, 3)),
                points=2,
            ),
            Part(
                f"Activity in which map raises the score of class {digit} most?",
                f"map {top}",
                f"In map {top}: ${plain(max(alpha))}$ is the largest of the three weights.",
                choices=("map 1", "map 2", "map 3"),
            ),
            Part(
                "In another network the head takes the mean of each map, multiplies it by a weight and adds up. Map 1 "
                rf"has $2 \times 2$ places and the weight ${plain(head)}$. What is its $\alpha_1$?",
                head / 4,
                rf"Each place counts a quarter of the mean, so the gradient is ${plain(head)} / 4 = {plain(head / 4)}$ "
                "everywhere, and so is its mean.",
                decimals=3,
            ),
        ),
        given={"maps": maps, "digit": digit, "head": head},
    )


@kind("10-heat-map")
def heat_map(rng: np.random.Generator) -> Question:
    """Heat map of two activation maps, for a class and against it."""
    while True:
        alpha = [one_of(rng, (0.2, 0.3, 0.5, 0.6)), -one_of(rng, (0.1, 0.2, 0.4, 0.5))]
        maps = [grid(rng, 0, 6, 2, 2) for _ in range(2)]
        raw = [alpha[0] * maps[0][i][j] + alpha[1] * maps[1][i][j] for i, j in _PLACES]
        if max(raw) > 0.25 and min(raw) < -0.15 and all(abs(value) > 0.05 for value in raw):
            break
    if rng.random() < 0.5:
        alpha.reverse()
        maps.reverse()
    activations = np.moveaxis(np.array(maps, dtype=float), 0, -1)[None]
    found = formulas.class_map(activations, [alpha])
    scaled = formulas.scale_for_display(found)[0].ravel().tolist()
    against = formulas.class_map(activations, [[-a for a in alpha]])[0].ravel().tolist()
    found = found[0].ravel().tolist()
    raw = [alpha[0] * maps[0][i][j] + alpha[1] * maps[1][i][j] for i, j in _PLACES]
    names = "upper left", "upper right", "lower left", "lower right"
    steps = "\n\n".join(
        rf"{name}: ${products(alpha, [maps[0][i][j], maps[1][i][j]])} = {plain(value)}$"
        for name, (i, j), value in zip(names, _PLACES, raw, strict=True)
    )
    divided = "\n\n".join(
        rf"{name}: ${plain(value)} / {plain(max(found))} {is_result(part, 2)}$"
        for name, value, part in zip(names, found, scaled, strict=True)
    )
    return Question(
        title="The heat map of Grad-CAM",
        minutes=6,
        text="For a class $c$ two activation maps have these importance weights and activations:\n\n"
        rf"$$\alpha_1^{{(c)}} = {plain(alpha[0])}, \qquad A_1 = {matrix(maps[0])},$$"
        "\n\n"
        rf"$$\alpha_2^{{(c)}} = {plain(alpha[1])}, \qquad A_2 = {matrix(maps[1])}.$$",
        parts=(
            Part(
                r"What is the heat map, $\mathrm{ReLU}\left(\sum_k \alpha_k^{(c)} A_k\right)$?",
                tuple(found),
                f"{steps}\n\nThe ReLU makes 0 of what is negative: "
                f"${matrix([[found[0], found[1]], [found[2], found[3]]])}$",
                decimals=1,
                names=names,
                points=3,
            ),
            Part(
                "What is it when it is scaled for display?",
                tuple(scaled),
                f"Every value is divided by the largest one.\n\n{divided}",
                decimals=2,
                names=names,
            ),
            Part(
                "What is the counterfactual map, with the sign of the gradient reversed?",
                tuple(against),
                "All weights change their signs, and so do the sums. Now the ReLU keeps what was negative: "
                f"${matrix([[against[0], against[1]], [against[2], against[3]]])}$",
                decimals=1,
                names=names,
            ),
        ),
        given={"alpha": alpha, "maps": maps},
    )


@kind("10-softmax")
def softmax(rng: np.random.Generator) -> Question:
    """Softmax of three scores, and its gradient for one class."""
    while True:
        scores = [value / 10 for value in wholes(rng, -10, 30, 3)]
        low, middle, high = sorted(scores)
        if middle - low > 0.15 and high - middle > 0.15 and high - low < 3:
            break
    c = whole(rng, 1, 3)
    p = formulas.softmax([scores])[0].tolist()
    slopes = formulas.softmax_gradient([scores], [c - 1])[0].tolist()
    powers = np.exp(scores).tolist()
    shares = "\n\n".join(
        rf"$p_{m} = e^{{{plain(score)}}} / \sum_j e^{{\hat y_j}} \approx {plain(power, 4)} / {plain(sum(powers), 4)} "
        rf"\approx {rounded(share, 3)}$"
        for m, (score, power, share) in enumerate(zip(scores, powers, p, strict=True), 1)
    )

    def slope(m: int) -> str:
        result = rounded(slopes[m - 1], 3)
        if m == c:
            return (
                rf"$m = c = {m}$: $p_{c} (1 - p_{c}) \approx {plain(p[c - 1], 4)} \cdot (1 - {plain(p[c - 1], 4)}) "
                rf"\approx {result}$"
            )
        return rf"$m = {m}$: $-p_{c}\, p_{m} \approx -{plain(p[c - 1], 4)} \cdot {plain(p[m - 1], 4)} \approx {result}$"

    return Question(
        title="Through a softmax",
        minutes=7,
        text="A network has the scores "
        rf"$\hat y_1 = {plain(scores[0])}$, $\hat y_2 = {plain(scores[1])}$, $\hat y_3 = {plain(scores[2])}$ for "
        r"three classes. A softmax makes probabilities of them, $p_m = e^{\hat y_m} / \sum_j e^{\hat y_j}$.",
        parts=(
            Part(
                "What are the three probabilities?",
                tuple(p),
                shares,
                decimals=3,
                names=("$p_1$", "$p_2$", "$p_3$"),
                points=2,
            ),
            Part(
                rf"What is the gradient of $p_{c}$ by the three scores, "
                rf"$\frac{{\partial p_{c}}}{{\partial \hat y_m}}$?",
                tuple(slopes),
                "\n\n".join(slope(m) for m in (1, 2, 3)),
                decimals=3,
                names=("$m = 1$", "$m = 2$", "$m = 3$"),
                points=3,
            ),
        ),
        given={"scores": scores, "c": c},
    )


@kind("10-pointing")
def pointing(rng: np.random.Generator) -> Question:
    """Energy of a heat map inside a box, and the pointing game."""
    while True:
        heat = grid(rng, 0, 9, 4, 4)
        top, left = wholes(rng, 0, 1, 2)
        bottom, right = top + whole(rng, 2, 3), left + whole(rng, 2, 3)
        values = sorted(value for row in heat for value in row)
        if values[-1] > values[-2] and (bottom - top) * (right - left) < 9 and sum(values) % 5 == 0:
            break
    box = [top, left, bottom, right]
    share, hit = formulas.energy_inside(heat, box), formulas.points_inside(heat, box)
    inside = [value for row in heat[top:bottom] for value in row[left:right]]
    row, column = divmod([value for row in heat for value in row].index(values[-1]), 4)
    verdict = "in the box" if hit else "outside of the box"
    return Question(
        title="Does the map point at the object?",
        minutes=4,
        text="A heat map; rows and columns are counted from 0:\n\n"
        + table(("", "0", "1", "2", "3"), [[str(i), *line] for i, line in enumerate(heat)])
        + f"\n\nThe object's box is top {top}, left {left}, bottom {bottom}, right {right}; bottom and right are the "
        "first row and column outside.",
        parts=(
            Part(
                "What share of the map's energy, its sum, lies inside the box?",
                share,
                f"The box holds the rows {top} to {bottom - 1} and the columns {left} to {right - 1}: "
                f"${total(inside)} = {sum(inside)}$. All values together are ${sum(values)}$.\n\n"
                f"${sum(inside)} / {sum(values)} {is_result(share, 2)}$",
                decimals=2,
                points=2,
            ),
            Part(
                "Is the map a hit in the pointing game?",
                "yes" if hit else "no",
                f"The largest value, {values[-1]}, is in row {row} and column {column}. That is {verdict}: "
                + ("yes, a hit." if hit else "no hit."),
                choices=("yes", "no"),
            ),
        ),
        given={"heat": heat, "box": box},
    )
