"""Paper questions of notebook 01."""

from __future__ import annotations

import numpy as np

from course_utils.teaching.paper import formulas
from course_utils.teaching.paper.question import Part, Question, plain, point, shares, squares, table, total
from course_utils.teaching.paper.registry import grid, kind, one_of, whole


def _squared(a: list[float], b: list[float]) -> float:
    return sum((p - q) ** 2 for p, q in zip(a, b, strict=True))


def _mean_steps(c: int, points: list[list[float]], centroid: list[float]) -> str:
    r"""Write \mu_c = \frac{1}{2} ((1, 2) + (3, 4)) = \frac{1}{2} (4, 6) = (2, 3)."""
    added = " + ".join(map(point, points))
    sums = [sum(column) for column in zip(*points, strict=True)]
    start = rf"$\mu_{c} = \frac{{1}}{{{len(points)}}} \left({added}\right)$"
    return rf"{start} $= \frac{{1}}{{{len(points)}}} {point(sums)} = {point(centroid)}$"


def _is_mean(centroid: list[float], points: list[list[float]]) -> bool:
    return all(sum(column) == len(points) * a for a, column in zip(centroid, zip(*points, strict=True), strict=True))


@kind("01-iteration")
def iteration(rng: np.random.Generator) -> Question:
    """One iteration of k-means: assign five points to two centroids, then move these."""
    from course_utils.clustering import assign, update

    while True:
        old, offsets, order = grid(rng, 2, 7, 2, 2), grid(rng, -3, 4, 5, 2), rng.permutation(5).tolist()
        trio, pair = sorted(order[:3]), sorted(order[3:])
        points = [
            [min(9, max(2, a + b)) for a, b in zip(old[j in pair], offset, strict=True)]
            for j, offset in enumerate(offsets)
        ]
        for axis in range(2):  # a mean of three that has no decimals
            points[trio[0]][axis] -= sum(points[j][axis] for j in trio) % 3
        squared = [[_squared(x, mu) for mu in old] for x in points]
        if any((second < first) != (j in pair) or first == second for j, (first, second) in enumerate(squared)):
            continue
        groups = [[points[j] for j in group] for group in (trio, pair)]
        if len(set(map(tuple, points))) == 5 and not any(_is_mean(mu, g) for mu, g in zip(old, groups, strict=True)):
            break
    labels = assign(points, old)
    new = update(points, labels, 2).tolist()
    listed = [[rf"$x^{{({j})}}$", f"${point(x)}$"] for j, x in enumerate(points, 1)]
    compared = [
        [rf"$x^{{({j})}} = {point(x)}$", f"${squares(x, old[0])} = {a}$", f"${squares(x, old[1])} = {b}$", str(y)]
        for j, (x, (a, b), y) in enumerate(zip(points, squared, (labels + 1).tolist(), strict=True), 1)
    ]
    heads = ("", r"$\lVert x - \mu_1 \rVert^2$", r"$\lVert x - \mu_2 \rVert^2$", "$y$")
    return Question(
        title="One iteration of k-means",
        minutes=9,
        text=rf"k-means with $k = 2$ has the centroids $\mu_1 = {point(old[0])}$ and $\mu_2 = {point(old[1])}$. "
        "There are five points:\n\n" + table(("", "point"), listed),
        parts=(
            Part(
                r"*Assign:* to which cluster $y^{(j)}$, 1 or 2, does each point go?",
                tuple(float(y) for y in labels + 1),
                table(heads, compared),
                names=tuple(rf"$y^{{({j})}}$" for j in range(1, 6)),
                points=2,
            ),
            *(
                Part(
                    rf"*Update:* where does $\mu_{c}$ move?",
                    tuple(new[c - 1]),
                    _mean_steps(c, groups[c - 1], new[c - 1]),
                    decimals=1,
                    names=(rf"$\mu_{{{c},1}}$", rf"$\mu_{{{c},2}}$"),
                    points=2,
                )
                for c in (1, 2)
            ),
        ),
        given={"points": points, "centroids": old},
    )


@kind("01-wcss")
def wcss(rng: np.random.Generator) -> Question:
    """WCSS of two groupings of four points."""
    from course_utils.clustering import update
    from course_utils.clustering import wcss as wcss_of

    groupings = {"A": ((0, 1), (2, 3)), "B": ((0, 2), (1, 3))}
    while True:
        points = grid(rng, 0, 9, 4, 2)
        halves = {
            name: [_squared(points[i], points[j]) for i, j in groups]  # twice the sum of squares of each pair
            for name, groups in groupings.items()
        }
        if min(map(min, halves.values())) > 0 and abs(sum(halves["A"]) - sum(halves["B"])) >= 4:
            break
    parts, found = [], {}
    for name, groups in groupings.items():
        labels = np.zeros(4, dtype=int)
        labels[list(groups[1])] = 1
        centroids = update(points, labels, 2)
        found[name] = wcss_of(points, labels, centroids)
        steps = [
            _mean_steps(c, [points[i] for i in group], mu)
            + "\n\n"
            + "\n\n".join(
                rf"$\lVert x^{{({i + 1})}} - \mu_{c} \rVert^2 = {squares(points[i], mu)}"
                f" = {plain(_squared(points[i], mu))}$"
                for i in group
            )
            for c, (group, mu) in enumerate(zip(groups, centroids.tolist(), strict=True), 1)
        ]
        terms = [_squared(points[i], mu) for group, mu in zip(groups, centroids.tolist(), strict=True) for i in group]
        parts.append(
            Part(
                f"What is the WCSS of grouping {name}?",
                found[name],
                "\n\n".join([*steps, rf"$\text{{WCSS}} = {total(terms)} = {plain(found[name])}$"]),
                decimals=1,
                points=2,
            )
        )
    better = min(found, key=found.get)
    listed = [[rf"$x^{{({j})}}$", f"${point(x)}$"] for j, x in enumerate(points, 1)]
    sets = {
        name: " and ".join(
            rf"$S_{c} = \{{{', '.join(f'x^{{({i + 1})}}' for i in group)}\}}$" for c, group in enumerate(groups, 1)
        )
        for name, groups in groupings.items()
    }
    return Question(
        title="Which grouping is better?",
        minutes=9,
        text="Four points:\n\n"
        + table(("", "point"), listed)
        + "\n\nTwo people put them into two clusters each:\n\n"
        + "\n".join(f"- grouping {name}: {words}" for name, words in sets.items()),
        parts=(
            *parts,
            Part(
                "Which of the two groupings does k-means prefer?",
                f"grouping {better}",
                f"Grouping {better}: ${plain(min(found.values()))} < {plain(max(found.values()))}$, and k-means "
                "minimises the WCSS.",
                choices=("grouping A", "grouping B"),
            ),
        ),
        given={"points": points},
    )


@kind("01-plus-plus")
def plus_plus(rng: np.random.Generator) -> Question:
    """Probabilities of k-means++ for the next centroid."""
    while True:
        points = grid(rng, 0, 9, 5, 2)
        first, second = sorted(rng.permutation(5)[:2].tolist())
        chosen = [points[first], points[second]]
        others = [i for i in range(5) if i not in (first, second)]
        pairs = [[_squared(points[i], mu) for mu in chosen] for i in others]
        squared = [min(pair) for pair in pairs]
        if min(squared) == 0 or len(set(squared)) < 3 or any(a == b for a, b in pairs) or chosen[0] == chosen[1]:
            continue
        if all(100 * d % sum(squared) == 0 for d in squared):
            break
    probabilities = formulas.next_centroid_probabilities(points, chosen)[others].tolist()
    nearest = formulas.squared_distances_to_nearest(points, chosen)[others].tolist()
    listed = [[rf"$x^{{({j})}}$", f"${point(x)}$"] for j, x in enumerate(points, 1)]
    names = [f"x^{{({i + 1})}}" for i in others]
    distances = "\n\n".join(
        rf"$D({name})^2 = \min({squares(points[i], chosen[0])},\; {squares(points[i], chosen[1])})$ "
        rf"$= \min({a}, {b}) = {min(a, b)}$"
        for name, i, (a, b) in zip(names, others, pairs, strict=True)
    )
    shares = "\n\n".join(
        rf"$p({name}) = {plain(d)} / {plain(sum(nearest))} = {plain(p)}$"
        for name, d, p in zip(names, nearest, probabilities, strict=True)
    )
    return Question(
        title="The next centroid of k-means++",
        minutes=7,
        text="Five points:\n\n"
        + table(("", "point"), listed)
        + rf"""

k-means++ has chosen $\mu_1 = x^{{({first + 1})}}$ and $\mu_2 = x^{{({second + 1})}}$ so far.""",
        parts=(
            Part(
                "What is $D(x)^2$, the squared distance to the nearest centroid so far, of each other point?",
                tuple(nearest),
                distances,
                names=tuple(f"$D({name})^2$" for name in names),
                points=2,
            ),
            Part(
                "With which probability does each of them become $\\mu_3$?",
                tuple(probabilities),
                f"The sum of all $D(x)^2$ is ${total(nearest)} = {plain(sum(nearest))}$; the points chosen already "
                f"have 0.\n\n{shares}",
                decimals=2,
                names=tuple(f"$p({name})$" for name in names),
                points=2,
            ),
        ),
        given={"points": points, "chosen": [first + 1, second + 1]},
    )


# Images that a cluster names rightly, images in the cluster, images of the class; precision and recall have no more
# than two decimals.
_EASY_SHARES = tuple(
    (right, size, column)
    for right in range(5, 13)
    for size in range(right, right + 7)
    for column in range(right + 1, right + 7)
    if 100 * right % size == 0 and 100 * right % column == 0
)


@kind("01-purity")
def purity(rng: np.random.Generator) -> Question:
    """Purity of a clustering, and F1 of a class."""
    from course_utils.clustering import purity as purity_of

    right, size, column = one_of(rng, _EASY_SHARES)
    clusters, named = rng.permutation(3).tolist(), rng.permutation(3).tolist()  # named: the class that names each
    cluster, first, second = clusters
    asked = named[cluster]
    while True:
        counts = grid(rng, 0, 4, 3, 3)
        m = one_of(rng, (20, 25, 40, 50))
        counts[cluster][asked], counts[first][named[first]] = right, whole(rng, 5, 12)
        counts[cluster][named[second]] = size - right - counts[cluster][named[first]]
        counts[second][asked] = column - right - counts[first][asked]
        counts[second][named[second]] += m - sum(map(sum, counts))
        small = counts[cluster][named[second]], counts[second][asked]
        if min(small) >= 0 and max(small) < 5 <= counts[second][named[second]] <= 12:
            break
    digits = sorted(rng.permutation(10)[:3].tolist())
    cells = [cell for row in counts for cell in row]
    labels, classes = np.repeat([0, 0, 0, 1, 1, 1, 2, 2, 2], cells), np.repeat([0, 1, 2] * 3, cells)
    found = purity_of(labels, classes)
    precision, recall, f1 = formulas.precision_recall_f1(right, size, column)
    largest = [max(row) for row in counts]
    rows = [[f"cluster {c}", *row] for c, row in enumerate(counts, 1)]
    return Question(
        title="Purity, and F1 of a digit",
        minutes=6,
        text=f"k-means with $k = 3$ has grouped {m} images of three digits. Now somebody looks at the labels:\n\n"
        + table(("", *(f"digit {digit}" for digit in digits)), rows)
        + "\n\nEach cluster is called by its commonest digit, as if that were a prediction.",
        parts=(
            Part(
                "What is the purity?",
                found,
                f"The commonest digits of the clusters have ${total(largest)} = {sum(largest)}$ of the {m} images.\n\n"
                f"${sum(largest)} / {m} = {plain(found)}$",
                decimals=2,
            ),
            Part(
                f"What are precision, recall and $F_1$ of digit {digits[asked]}?",
                (precision, recall, f1),
                f"Cluster {cluster + 1} is called {digits[asked]}. Of its {size} images {right} show that digit; "
                f"in all {column} images do.\n\n" + "\n\n".join(shares(right, size, right, column)),
                decimals=2,
                names=("precision", "recall", "$F_1$"),
                points=3,
            ),
        ),
        given={"counts": counts, "digits": digits, "asked": digits[asked], "m": m},
    )
