"""Paper questions of notebook 02."""

from __future__ import annotations

from math import hypot

import numpy as np

from course_utils.teaching.paper import formulas
from course_utils.teaching.paper.question import Part, Question, is_exact, is_result, plain, point, table, total
from course_utils.teaching.paper.registry import kind, one_of, whole, wholes

# Steps in the plane whose length is a whole number.
_WHOLE_STEPS = tuple(
    (x, y) for x in range(-12, 13) for y in range(-12, 13) if 0 < hypot(x, y) <= 13 and hypot(x, y).is_integer()
)
_SLANTED_STEPS = tuple(step for step in _WHOLE_STEPS if 0 not in step)


@kind("02-silhouette")
def silhouette(rng: np.random.Generator) -> Question:
    """Silhouette of a point among three clusters."""
    while True:
        here = wholes(rng, 0, 5, 2)
        steps = [one_of(rng, _SLANTED_STEPS if rng.random() < 0.5 else _WHOLE_STEPS) for _ in range(6)]
        lengths = [round(hypot(*step)) for step in steps]
        means = [(lengths[i] + lengths[i + 1]) / 2 for i in (0, 2, 4)]
        if len(set(steps)) == 6 and len(set(means)) == 3 and (means[0] < max(means) or rng.random() < 0.2):
            break
    points = [here, *([here[0] + x, here[1] + y] for x, y in steps)]
    labels = [1, 1, 1, 2, 2, 3, 3]
    a, others = formulas.silhouette_parts(points, labels, 0)
    b, s = min(others.values()), formulas.silhouette(points, labels, 0)
    mine = [a, *others.values()]
    nearest = int(np.argmin(mine)) + 1
    rows = [
        [rf"$x^{{({j})}}$", f"${point(x)}$", str(c)] for j, (x, c) in enumerate(zip(points, labels, strict=True), 1)
    ]

    def mean_of(first: int) -> str:
        return rf"({lengths[first]} + {lengths[first + 1]}) / 2 = {plain((lengths[first] + lengths[first + 1]) / 2)}"

    distances = [
        rf"$\lVert x^{{(1)}} - x^{{({j})}} \rVert = \sqrt{{{x * x} + {y * y}}} = {length}$"
        for j, ((x, y), length) in enumerate(zip(steps, lengths, strict=True), 2)
    ]
    sign = "positive" if s > 0 else "negative"
    return Question(
        title="The silhouette of a point",
        minutes=8,
        text="Seven points in three clusters. Distances are Euclidean, and here they are whole numbers.\n\n"
        + table(("", "point", "cluster"), rows),
        parts=(
            Part(
                "What is $a$ for the point $x^{(1)}$, its mean distance to the others of its own cluster?",
                a,
                f"{', '.join(distances[:2])}\n\n$a = {mean_of(0)}$",
                decimals=1,
            ),
            Part(
                "What is $b$, the smallest of its mean distances to the other clusters?",
                b,
                "\n\n".join(
                    [
                        ", ".join(distances[2:4]),
                        f"mean distance to cluster 2: ${mean_of(2)}$",
                        ", ".join(distances[4:]),
                        f"mean distance to cluster 3: ${mean_of(4)}$",
                        f"The smaller one is $b = {plain(b)}$.",
                    ]
                ),
                decimals=1,
            ),
            Part(
                "What is its silhouette $s^{(1)}$?",
                s,
                rf"$s^{{(1)}} = \frac{{b - a}}{{\max(a, b)}} = \frac{{{plain(b)} - {plain(a)}}}{{{plain(max(a, b))}}} "
                rf"{is_result(s, 2)}$",
                decimals=2,
            ),
            Part(
                "In which cluster would this point lie best, by its mean distances?",
                f"cluster {nearest}",
                f"In cluster {nearest}: ${plain(min(mine))}$ is the smallest of ${plain(mine[0])}$, ${plain(mine[1])}$ "
                f"and ${plain(mine[2])}$. That is what the {sign} silhouette says.",
                choices=("cluster 1", "cluster 2", "cluster 3"),
            ),
        ),
        given={"points": points, "labels": labels},
    )


@kind("02-davies-bouldin")
def davies_bouldin(rng: np.random.Generator) -> Question:
    """Davies-Bouldin index of three clusters of two points."""
    side = one_of(rng, (2, 4))
    corners = [(0, 0), (3 * side, 0), (0, 4 * side)]
    if rng.random() < 0.5:
        corners = [(y, x) for x, y in corners]
    corner, spreads = wholes(rng, 3, 6, 2), wholes(rng, 1, 3, 3)
    while len(set(spreads)) == 1:
        spreads = wholes(rng, 1, 3, 3)
    order = rng.permutation(3).tolist()
    points = []
    for (x, y), spread in zip([corners[i] for i in order], spreads, strict=True):
        step = (spread, 0) if rng.random() < 0.5 else (0, spread)
        points += [[corner[0] + x + sign * step[0], corner[1] + y + sign * step[1]] for sign in (-1, 1)]
    labels = [1, 1, 2, 2, 3, 3]
    s, ratios = formulas.davies_bouldin_parts(points, labels)
    index = formulas.davies_bouldin(points, labels)
    pairs = ((0, 1), (0, 2), (1, 2))
    centroids = [[(a + b) / 2 for a, b in zip(points[2 * c], points[2 * c + 1], strict=True)] for c in range(3)]
    rows = [[f"cluster {c + 1}", f"${point(points[2 * c])}$", f"${point(points[2 * c + 1])}$"] for c in range(3)]
    found = "\n\n".join(
        rf"$\mu_{c} = {point(mu)}$, and both points are ${plain(spread)}$ away: $s_{c} = {plain(spread)}$"
        for c, (mu, spread) in enumerate(zip(centroids, s.tolist(), strict=True), 1)
    )
    compared = "\n\n".join(
        rf"$R_{{{i + 1}{j + 1}}} = \frac{{s_{i + 1} + s_{j + 1}}}{{\lVert \mu_{i + 1} - \mu_{j + 1} \rVert}} "
        rf"= \frac{{{plain(s[i])} + {plain(s[j])}}}{{{plain(hypot(*np.subtract(centroids[i], centroids[j])))}}} "
        rf"{is_result(ratios[i, j], 3)}$"
        for i, j in pairs
    )
    largest = ratios.max(axis=1).tolist()
    sign = "=" if all(is_exact(ratio, 3) for ratio in largest) else r"\approx"
    return Question(
        title="The Davies–Bouldin index",
        minutes=9,
        text="Three clusters of two points each. All distances that you need are whole numbers.\n\n"
        + table(("", "first point", "second point"), rows)
        + "\n\n"
        + r"Let $R_{cc'} = \frac{s_c + s_{c'}}{\lVert \mu_c - \mu_{c'} \rVert}$, with the mean distance $s_c$ of "
        "cluster $c$'s points to its centroid $\\mu_c$.",
        parts=(
            Part(
                "What are $s_1$, $s_2$ and $s_3$?",
                tuple(s.tolist()),
                found,
                names=("$s_1$", "$s_2$", "$s_3$"),
            ),
            Part(
                "What are $R_{12}$, $R_{13}$ and $R_{23}$?",
                tuple(float(ratios[pair]) for pair in pairs),
                compared,
                decimals=3,
                names=("$R_{12}$", "$R_{13}$", "$R_{23}$"),
                points=2,
            ),
            Part(
                r"What is the index, $\text{DB} = \frac{1}{3} \sum_c \max_{c' \neq c} R_{cc'}$?",
                index,
                "The largest ratios of clusters 1, 2 and 3 are "
                rf"${plain(largest[0], 3)}$, ${plain(largest[1], 3)}$ and ${plain(largest[2], 3)}$."
                "\n\n"
                rf"$\text{{DB}} {sign} ({total(largest, 3)}) / 3 {is_result(index, 2)}$",
                decimals=2,
            ),
        ),
        given={"points": points, "labels": labels},
    )


@kind("02-elbow")
def elbow(rng: np.random.Generator) -> Question:
    """Elbow of five WCSS values by the largest gap, and the cheapest number of clusters."""
    from course_utils.clustering import elbow_gaps, find_elbow

    ks = [1, 2, 3, 4, 5]
    while True:
        falls = sorted((whole(rng, 2, 12), whole(rng, 3, 20), whole(rng, 10, 60), whole(rng, 30, 90)), reverse=True)
        last = whole(rng, 5, 20)
        inertias = [last + sum(falls[i:]) for i in range(5)]
        misfit, cluster = one_of(rng, (1, 2, 3)), 5 * whole(rng, 2, 12)
        costs = [misfit * inertia + cluster * k for k, inertia in zip(ks, inertias, strict=True)]
        gaps = [inertias[0] - sum(falls) * i / 4 - inertias[i] for i in range(5)]
        distinct = len(set(falls)) == 4 and len(set(gaps[1:4])) == 3 and len(set(costs)) == 5
        if sum(falls) % 4 == 0 and distinct and min(costs) < min(costs[0], costs[4]):
            break
    found = (elbow_gaps(ks, inertias)[1:4] * (inertias[0] - inertias[-1])).tolist()
    k, cheapest = find_elbow(ks, inertias), formulas.best_k(ks, inertias, misfit, cluster)
    slope = sum(falls) // 4
    lines = "\n\n".join(
        rf"$k = {i + 1}$: line ${inertias[0]} - {i} \cdot {slope} = {inertias[0] - i * slope}$, "
        rf"gap ${inertias[0] - i * slope} - {inertias[i]} = {plain(found[i - 1])}$"
        for i in (1, 2, 3)
    )
    dear = "\n\n".join(
        rf"$k = {i}$: ${misfit} \cdot {inertia} + {cluster} \cdot {i} = {cost}$"
        for i, inertia, cost in zip(ks, inertias, costs, strict=True)
    )
    return Question(
        title="The elbow",
        minutes=7,
        text="k-means reaches these values:\n\n"
        + table(("$k$", *map(str, ks)), [["WCSS", *inertias]])
        + "\n\nThe line goes straight from the first point of the curve to the last.",
        parts=(
            Part(
                r"How far does the curve hang below the line, $\text{line}(k) - \text{WCSS}(k)$, at $k = 2, 3, 4$?",
                tuple(found),
                rf"From one $k$ to the next the line falls by $({inertias[0]} - {inertias[-1]}) / 4 = {slope}$."
                f"\n\n{lines}",
                names=("$k = 2$", "$k = 3$", "$k = 4$"),
                points=2,
            ),
            Part(
                "At which $k$ is the elbow?",
                k,
                f"At $k = {k}$, where the gap is largest, ${plain(max(found))}$.",
            ),
            Part(
                f"A unit of WCSS costs {misfit}, a cluster costs {cluster}. Which of the five $k$ is the cheapest?",
                cheapest,
                rf"$\text{{cost}}(k) = {misfit} \cdot \text{{WCSS}}(k) + {cluster} \cdot k$"
                f"\n\n{dear}\n\nThe cheapest is $k = {cheapest}$.",
                points=2,
            ),
        ),
        given={"ks": ks, "inertias": inertias, "misfit": misfit, "cluster": cluster},
    )


@kind("02-dunn")
def dunn(rng: np.random.Generator) -> Question:
    """Dunn index of three clusters on a line."""
    while True:
        sizes = rng.permutation([2, 2, 3]).tolist()
        ends = np.cumsum([whole(rng, 0, 4), *wholes(rng, 1, 9, 6)]).tolist()
        first, second = sizes[0], sizes[0] + sizes[1]
        clusters = [ends[:first], ends[first:second], ends[second:]]
        widths = [members[-1] - members[0] for members in clusters]
        gaps = [ends[first] - ends[first - 1], ends[second] - ends[second - 1]]
        if gaps[0] != gaps[1] and max(widths) > sorted(widths)[1]:
            break
    labels = np.repeat([1, 2, 3], sizes)
    closest, widest = formulas.dunn_parts(np.array(ends)[:, None], labels)
    rows = [[f"cluster {c}", f"${', '.join(map(str, members))}$"] for c, members in enumerate(clusters, 1)]
    own = "\n\n".join(
        f"cluster {c}: ${members[-1]} - {members[0]} = {width}$"
        for c, (members, width) in enumerate(zip(clusters, widths, strict=True), 1)
    )
    return Question(
        title="The Dunn index",
        minutes=4,
        text="Seven points on a line, in three clusters:\n\n" + table(("", "points"), rows),
        parts=(
            Part(
                "What is the smallest distance between points of different clusters?",
                closest,
                f"from cluster 1 to 2: ${ends[first]} - {ends[first - 1]} = {gaps[0]}$\n\n"
                f"from cluster 2 to 3: ${ends[second]} - {ends[second - 1]} = {gaps[1]}$\n\n"
                f"The smaller one is ${plain(closest)}$.",
            ),
            Part(
                "What is the largest distance within a cluster?",
                widest,
                f"{own}\n\nThe largest is ${plain(widest)}$.",
            ),
            Part(
                "What is the Dunn index?",
                closest / widest,
                rf"${plain(closest)} / {plain(widest)} {is_result(closest / widest, 2)}$ (higher is better)",
                decimals=2,
            ),
        ),
        given={"clusters": clusters},
    )
