"""Checks of notebook 02, the elbow method."""

from __future__ import annotations

import numpy as np

from course_utils.checks.base import as_number, close, exercise, expect


@exercise(
    "02-knee",
    "knee",
    hints=(
        "Draw the straight line from the first point of the curve to the last. Where is the curve farthest below it?",
        "The line's height at every k is `np.interp(ks, [ks[0], ks[-1]], [inertias[0], inertias[-1]])`.",
        "`gaps = line - inertias`; return the entry of `ks` at `gaps.argmax()`, as an `int`.",
    ),
)
def knee(answer, rng):
    """The k at which the WCSS curve is farthest below the line between its ends."""

    def curve(ks, bend):
        ks = np.asarray(ks, dtype=float)
        steep, flat = rng.uniform(80, 120), rng.uniform(1, 3)
        return 40 + np.where(ks < bend, steep * (bend - ks), 0) + flat * (ks[-1] - ks)

    ks = np.arange(2, 15)
    inertias = curve(ks, 8)
    inertias[:2] += 200  # the largest single drop comes before the bend
    found = as_number(answer(ks, inertias), "The elbow")
    expect(found != 6, "that is the position in the list (counted from 0), or one step off: return the entry of ks.")
    expect(found != 7, "that would be right if ks began with 1: return the entry of ks at that position.")
    expect(
        found not in (ks[np.abs(np.diff(inertias)).argmax()], ks[np.abs(np.diff(inertias)).argmax() + 1]),
        "that is where the curve drops most from one k to the next: the first steps always drop most. "
        "Look for the bend.",
    )
    expect(found != 2, "that is the first k: the gap is line minus curve, not curve minus line.")
    expect(found != 14, "that k has the smallest WCSS: the largest k always has. Look for the bend.")
    expect(found == 8, f"for a curve that bends at k = 8 yours gives {found:g}.")

    ks = np.array([1, 2, 3, 4, 6, 8, 12, 16, 24, 32])
    inertias = 1000.0 / ks
    line = np.interp(ks, [1, 32], [1000, inertias[-1]])
    found, wanted = as_number(answer(ks, inertias), "The elbow"), ks[(line - inertias).argmax()]
    by_position = ks[(np.linspace(1000, inertias[-1], len(ks)) - inertias).argmax()]
    expect(
        found == wanted,
        f"for ks = {ks.tolist()}, which are not evenly spaced, it is at k = {wanted}, not {found:g}."
        + (" Use ks itself along the axis, not the position in the list." if found == by_position else ""),
    )
    for _ in range(6):
        ks, inertias = _falling_curve(rng)
        line = np.interp(ks, [ks[0], ks[-1]], [inertias[0], inertias[-1]])
        found, wanted = as_number(answer(ks, inertias), "The elbow"), ks[(line - inertias).argmax()]
        expect(
            found == wanted,
            f"for ks = {ks.tolist()} and inertias = {inertias.tolist()} it is at k = {wanted}, not {found:g}.",
        )


def _falling_curve(rng):
    """Any numbers of clusters, and any WCSS that falls ever more slowly."""
    ks = rng.integers(1, 7) + np.cumsum(rng.integers(1, 5, size=rng.integers(7, 13)))
    slopes = np.sort(rng.exponential(40, size=len(ks)) * rng.choice([0.2, 1, 5], size=len(ks)))
    inertias = np.cumsum(slopes * np.diff(ks, append=ks[-1] + 1)[::-1])[::-1] + rng.uniform(0, 300)
    return ks, inertias.round(1)


@exercise(
    "02-silhouette",
    "silhouette",
    hints=(
        "Two averages: a over the other points of j's own cluster, b over the points of the nearest other one.",
        "`distances = np.linalg.norm(x - x[j], axis=1)`. The sum over j's own cluster holds a 0 for j itself: "
        "divide by one less.",
        "`b = min(distances[labels == c].mean() for c in set(labels) if c != labels[j])`, "
        "then `(b - a) / max(a, b)`; a point alone in its cluster gets 0.",
    ),
)
def silhouette(answer, rng):
    """Silhouette of one point, (b - a) / max(a, b)."""
    sizes = (5, 7, 9)
    labels = np.repeat(np.arange(3), sizes)
    x = rng.normal(size=(21, 2)) + np.array([[0, 0], [3, 1], [-2, 6]])[labels]
    centroids = np.array([x[labels == c].mean(axis=0) for c in range(3)])

    def parts(j, power=1):
        distances = np.linalg.norm(x - x[j], axis=1) ** power
        own = distances[labels == labels[j]]
        others = [distances[labels == c].mean() for c in range(3) if c != labels[j]]
        return own.sum() / (len(own) - 1), min(others), own.mean(), distances[labels != labels[j]].mean(), max(others)

    for j in (0, 6, 20):
        a, b, with_self, b_all, b_far = parts(j)
        squared = parts(j, power=2)
        to_centroids = np.linalg.norm(centroids - x[j], axis=1)
        near, far = np.sort(to_centroids[np.arange(3) != labels[j]])[0], to_centroids[labels[j]]
        found = as_number(answer(x, labels, j), "The silhouette")
        for wrong_a, wrong_b, message in (
            (b, a, "the sign is wrong: a point far closer to its own cluster should have a value near +1."),
            (with_self, b, "a also averages over the point itself, at distance 0: divide by one less."),
            (a, b_all, "b averages over all other clusters together: take the one with the smallest average."),
            (a, b_far, "b is the average distance to the farthest of the other clusters: take the nearest."),
            (squared[0], squared[1], "these are squared distances: the silhouette uses plain Euclidean distances."),
            (far, near, "these are distances to centroids: the silhouette averages distances to points."),
        ):
            wrong = (wrong_b - wrong_a) / max(wrong_a, wrong_b)
            expect(not close(found, wrong) or close(wrong, (b - a) / max(a, b)), message)
        expect(not close(found, b - a), "divide by the larger one of a and b, so that values lie between -1 and 1.")
        expect(
            close(found, (b - a) / max(a, b)),
            f"for a point with a = {a:.3f} and b = {b:.3f} it is {(b - a) / max(a, b):.3f}, not {found:.3f}.",
        )
    # Cluster 1 has the nearest centroid, cluster 3 the nearest point, cluster 2 the smallest mean distance.
    x = np.array([[0.0, 0], [0.5, 0], [6, 0], [-6, 0], [3, 3], [3, -3], [0, 1.5], [0, 14]])
    groups = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    a, b = 0.5, np.sqrt(18)
    found = as_number(answer(x, groups, 0), "The silhouette")
    for wrong_b, message in (
        (6.0, "the nearest cluster is the one with the smallest *mean distance*, not with the nearest centroid."),
        (7.75, "the nearest cluster is the one with the smallest *mean distance*, not with the nearest single point."),
        (1.5, "b is a mean distance, not the distance to the nearest point."),
    ):
        expect(not close(found, (wrong_b - a) / wrong_b), message)
    expect(close(found, (b - a) / b), f"for a = {a} and b = {b:.3f} it is {(b - a) / b:.3f}, not {found:.3f}.")

    twin = np.array([[0.0, 0], [0, 0], [2, 0], [9, 0]])
    found = as_number(answer(twin, np.array([0, 0, 0, 1]), 0), "The silhouette")
    expect(
        close(found, 8 / 9),
        "another point at the same place as j counts in a, at distance 0: leave out j itself, not every distance of 0.",
    )
    x, alone = rng.normal(size=(21, 2)), np.concatenate([labels[:-1], [3]])
    found = answer(x, alone, 20)
    expect(
        np.ndim(found) == 0 and found == 0,
        f"a point alone in its cluster has the silhouette 0 by definition, yours is {found!r:.30}.",
    )


@exercise(
    "02-best-k",
    "best_k",
    hints=(
        "Work out the total cost for every k first, as an array with one number per entry of ks.",
        "`total = inertias * cost_per_misfit + np.asarray(ks) * cost_per_cluster`",
        "Return the entry of ks at `total.argmin()`, as an `int`.",
    ),
)
def best_k(answer, rng):
    """The k with the lowest total cost of misfit and of clusters."""
    ks = np.array([8, 10, 12, 15, 20, 30, 45, 80])
    inertias = 500.0 / ks + rng.uniform(0, 0.02, len(ks))

    def cheapest(cost_per_misfit, cost_per_cluster):
        return int(ks[(inertias * cost_per_misfit + ks * cost_per_cluster).argmin()])

    for misfit, price in ((2, 1), (6, 1), (4, 3), (1, 1.5)):
        found, wanted = as_number(answer(ks, inertias, misfit, price), "k"), cheapest(misfit, price)
        position = int(np.flatnonzero(ks == wanted)[0])
        expect(found != position, "that is the position in the list: return the entry of ks.")
        expect(
            found != ks[(inertias * misfit + ks * price).argmax()],
            "that is the most expensive choice: look for the lowest.",
        )
        expect(
            found == wanted or found != cheapest(1, price),
            "cost_per_misfit seems not to count: multiply the WCSS by it.",
        )
        expect(
            found == wanted or found != cheapest(price, misfit),
            "the two costs seem to have changed places.",
        )
        expect(
            found != ks[-1] or wanted == ks[-1],
            "the largest k has the smallest WCSS, but its clusters cost: add cost_per_cluster for each of them.",
        )
        expect(
            found == wanted,
            f"with {misfit} a unit of misfit and {price} a cluster, k = {wanted} costs least, yours gives {found:g}.",
        )
    for _ in range(8):
        ks, inertias = _falling_curve(rng)
        misfit = float(rng.uniform(0.5, 4))
        price = float(misfit * (inertias[0] - inertias[-1]) / (ks[-1] - ks[0]) * rng.uniform(0.2, 2))
        total = inertias * misfit + ks * price
        found, wanted = as_number(answer(ks, inertias, misfit, price), "k"), ks[total.argmin()]
        expect(
            found == wanted,
            f"for ks = {ks.tolist()}, WCSS {inertias.tolist()}, {misfit:.3g} a unit of misfit and {price:.4g} a "
            f"cluster, k = {wanted} costs least, yours gives {found:g}.",
        )
