"""Checks of notebook 01, k-means from scratch."""

from __future__ import annotations

import numpy as np

from course_utils.checks.base import as_array, as_bool, as_number, close, exercise, expect


@exercise(
    "01-update",
    "update",
    hints=(
        "`x[labels == c]` are the points of cluster c. What is their mean along axis 0?",
        "Start from `centroids = np.full((k, x.shape[1]), np.nan)`, so that a cluster without points keeps its nan.",
        "In a loop over `range(k)`: `members = x[labels == c]`, and if there are any, "
        "`centroids[c] = members.mean(axis=0)`.",
    ),
)
def update(answer, rng):
    """Each centroid is the mean of its points; a cluster without points has a row of nan."""
    k, d = 4, 3
    x = rng.normal(size=(40, d)) * [1, 5, 20] + 3
    labels = np.concatenate([np.arange(k), rng.choice(k, 36, p=[0.1, 0.2, 0.3, 0.4])])
    sums = np.zeros((k, d))
    np.add.at(sums, labels, x)
    counts = np.bincount(labels, minlength=k)[:, None]

    found = as_array(answer(x, labels, k), (k, d), "The centroids")
    expect(not close(found, sums), "these are the sums of each cluster's points: divide by how many there are.")
    expect(
        not close(found, np.broadcast_to(x.mean(axis=0), (k, d))),
        "every row is the mean of all points: pick the cluster's own points first.",
    )
    expect(
        not close(found, sums / len(x)), "divide by the number of points of the cluster, not by the number m of all."
    )
    medians = np.array([np.median(x[labels == c], axis=0) for c in range(k)])
    expect(not close(found, medians), "these are medians: the sum of squares is smallest around the mean.")
    expect(np.isfinite(found).all(), "a cluster that has points has a row of nan: is `return` inside the loop?")
    expect(close(found, sums / counts), "a centroid is not the mean of its cluster's points.")

    whole = rng.integers(0, 10, size=(9, 2))
    labels = np.repeat(np.arange(3), 3)
    wanted = whole.reshape(3, 3, 2).mean(axis=1)
    found = as_array(answer(whole, labels, 3), (3, 2), "The centroids")
    expect(
        close(found, wanted),
        "for points with integer coordinates the means lose their fraction: does the result have x's integer type?",
    )

    single = as_array(answer(whole, np.array([0] + [1] * 8), 2), (2, 2), "The centroids")
    expect(close(single[0], whole[0]), "a cluster of one single point has that point as its mean.")

    labels = np.array([0, 0, 0, 2, 2, 2, 2, 2, 2])
    found = answer(whole, labels, 4, case="when clusters 1 and 3 are empty (each wants a row of nan)")
    found = as_array(found, (4, 2), "The centroids, with clusters 1 and 3 empty,")
    expect(
        np.isnan(found[[1, 3]]).all(),
        f"a cluster without points should give a row of nan, yours gives {found[1].tolist()}. "
        "A made-up place would look like a real centroid.",
    )
    expect(
        close(found[[0, 2]], [whole[:3].mean(axis=0), whole[3:].mean(axis=0)]),
        "with an empty cluster the other centroids come out wrong.",
    )


@exercise(
    "01-converged",
    "has_converged",
    hints=(
        "Two questions, joined by `or`: did the centroids hardly move? Has it been too long?",
        "The length of each centroid's own move is `np.linalg.norm(new - old, axis=1)`, one number per centroid.",
        "`np.linalg.norm(new - old, axis=1).sum() < tau_mu or t > tau_t`",
    ),
)
def converged(answer, rng):
    """Sum of the centroids' shifts below tau_mu, or more than tau_t iterations."""

    def ask(shifts, t, tau_mu, tau_t, message):
        old = rng.normal(size=(len(shifts), 2))
        wanted = np.linalg.norm(shifts, axis=1).sum() < tau_mu or t > tau_t
        found = as_bool(answer(old, old + shifts, t, tau_mu, tau_t), "The answer")
        expect(found == wanted, message)

    ask(np.zeros((3, 2)), 3, 0.01, 100, "the centroids stand still, and yet yours goes on.")
    ask(
        np.array([[0.2, 0], [0, 0.2]]), 3, 1.5, 100,
        "the shifts sum to 0.4, below tau_mu = 1.5, and yet yours goes on: compare their sum with tau_mu.",
    )  # fmt: skip
    ask(np.array([[5.0, 0], [0, 5], [3, 4]]), 101, 0.01, 100, "after more than tau_t iterations it should stop anyway.")
    ask(np.array([[5.0, 0], [0, 5], [3, 4]]), 3, 0.01, 100, "the centroids still move far, and yet yours stops.")
    ask(np.zeros((3, 2)), 101, 0.01, 100, "both conditions hold, and yet yours goes on.")
    ask(
        np.array([[2.0, 1], [-2, -1]]), 3, 0.5, 100,
        "two centroids that move in opposite directions do move: take the length of each shift before you sum.",
    )  # fmt: skip
    ask(
        np.array([[0.3, 0.4]]), 3, 0.4, 100,
        "one centroid that moves by (0.3, 0.4) moves by 0.5, more than tau_mu = 0.4. No square here.",
    )  # fmt: skip
    ask(
        np.array([[0.3, 0], [0, 0.3], [0.3, 0]]), 3, 0.6, 100,
        "three shifts of 0.3 sum to 0.9, more than tau_mu = 0.6: sum the lengths, one per centroid.",
    )  # fmt: skip
    ask(
        np.array([[0.3, 0.4]]), 3, 0.6, 100,
        "a shift of (0.3, 0.4) has the length 0.5, below tau_mu = 0.6: the Euclidean norm of each row, axis=1.",
    )  # fmt: skip
    ask(np.array([[5.0, 0]]), 100, 0.01, 100, "iteration t = tau_t is still allowed: the lecture stops at t > tau_t.")
    for _ in range(12):
        shifts = rng.normal(size=(int(rng.integers(1, 6)), 2))
        total, tau_t = np.linalg.norm(shifts, axis=1).sum(), int(rng.integers(5, 200))
        t, tau_mu = tau_t + int(rng.choice([-4, -1, 0, 1, 4])), total * float(rng.choice([0.5, 0.9, 1.1, 2]))
        ask(
            shifts, t, tau_mu, tau_t,
            f"for shifts whose lengths sum to {total:.2f}, tau_mu = {tau_mu:.2f}, t = {t} and tau_t = {tau_t} yours is "
            "wrong.",
        )  # fmt: skip


@exercise(
    "01-plusplus",
    "next_centroid_probabilities",
    hints=(
        "First find every point's squared distance to its *nearest* centroid so far: an array of shape (m,).",
        "`((x[:, None, :] - centroids[None, :, :]) ** 2).sum(axis=2)` holds all squared distances, shape (m, j). "
        "Which axis does the minimum run over?",
        "With `nearest = squared.min(axis=1)`, the probabilities are `nearest / nearest.sum()`.",
    ),
)
def plusplus(answer, rng):
    """k-means++: probability in proportion to the squared distance to the nearest centroid so far."""
    x = rng.normal(size=(30, 2)) * [1, 3]
    centroids = x[rng.choice(30, 3, replace=False)]
    distances = np.linalg.norm(x[:, None] - centroids[None], axis=2)
    squared = distances.min(axis=1) ** 2
    wanted = squared / squared.sum()

    found = as_array(answer(x, centroids), (30,), "The probabilities")
    expect(
        not close(found, squared),
        f"these squared distances are right, but as probabilities they should sum to 1, not to {found.sum():.3g}.",
    )
    expect((found > -1e-9).all(), "a probability is negative.")
    expect(close(found.sum(), 1), f"probabilities should sum to 1, yours sum to {found.sum():.4g}.")
    for values, message in (
        (distances.min(axis=1), "these are in proportion to the distance: k-means++ squares it."),
        (distances[:, -1] ** 2, "only the last centroid counts here: take the nearest of all centroids so far."),
        (distances[:, 0] ** 2, "only the first centroid counts here: take the nearest of all centroids so far."),
        ((distances**2).sum(axis=1), "you sum (or average) over the centroids: a point is as far as its nearest one."),
        (distances.max(axis=1) ** 2, "you take the farthest centroid: a point is as far as its nearest one."),
    ):
        expect(not close(found, values / values.sum()), message)
    expect(
        not (np.sort(found)[-1] > 0.999),
        "one point gets it all: k-means++ draws at random, or an outlier would always win.",
    )
    expect(
        close(found, wanted), "the probabilities are not in proportion to the squared distance to the nearest centroid."
    )
    for m, d, n in ((12, 3, 1), (25, 4, 6)):
        x, centroids = rng.normal(size=(m, d)), rng.normal(size=(n, d))
        squared = ((x[:, None] - centroids[None]) ** 2).sum(axis=2).min(axis=1)
        case = f"for {m} points of {d} features and {n} centroids"
        found = as_array(answer(x, centroids, case=case), (m,), "The probabilities")
        expect(
            close(found, squared / squared.sum()), f"{case} the probabilities are wrong: are sizes fixed in your code?"
        )


@exercise(
    "01-purity",
    "purity",
    hints=(
        "Take one cluster: which class is the commonest there, and how many of the cluster's points have it?",
        "`np.bincount(classes[labels == c])` counts the classes within cluster c.",
        "Sum the largest count of every cluster, and divide by the number of all points, `len(labels)`.",
    ),
)
def purity(answer, rng):
    """Share of points that belong to the commonest class of their cluster."""
    classes = np.array([0] * 12 + [1] * 9 + [2] * 9)
    labels = np.array([2] * 10 + [0] * 2 + [0] * 7 + [1] * 2 + [1] * 3 + [0] * 6)
    counts = np.array([[np.sum((labels == c) & (classes == j)) for j in range(3)] for c in range(3)])
    order = rng.permutation(30)
    labels, classes = labels[order], classes[order]
    wanted = counts.max(axis=1).sum() / 30

    found = as_number(answer(labels, classes), "The purity")
    expect(
        not close(found, 30 * wanted), f"{found:g} is the number of such points: divide by the number of all points."
    )
    expect(
        not close(found, counts.argmax(axis=1).sum() / 30),
        "argmax is *which* class is the commonest, max is how often it occurs: here you want how often.",
    )
    expect(
        not close(found, np.mean(labels == classes)),
        "you compare cluster numbers with class numbers: cluster 0 need not hold the zeros. "
        "Find the commonest class of each cluster.",
    )
    expect(
        not close(found, (counts.max(axis=1) / counts.sum(axis=1)).mean()),
        "you average the clusters' shares as if all clusters had the same size: count points instead.",
    )
    expect(
        not close(found, counts.max(axis=0).sum() / 30),
        "you look for the commonest cluster of each class: it is the other way round.",
    )
    expect(close(found, wanted), f"expected {wanted:.3f} for an example of 30 points, yours gives {found:.3f}.")
    expect(close(as_number(answer(np.arange(3), np.arange(3)), "The purity"), 1), "pure clusters should have purity 1.")
    gap = answer(np.array([0, 0, 3, 3]), np.array([1, 1, 7, 1]), case="when the clusters are numbered 0 and 3")
    gap = as_number(gap, "The purity, with cluster numbers 0 and 3,")
    expect(
        close(gap, 0.75),
        "cluster or class numbers with gaps (0 and 3; 1 and 7) are not handled: go through `np.unique(labels)`.",
    )
    for m in rng.integers(20, 60, size=4):
        k, n_classes = (int(n) for n in rng.integers(2, 6, size=2))
        classes = rng.integers(n_classes, size=m)
        labels = np.where(rng.random(m) < 0.5, classes % k, rng.integers(k, size=m))
        largest = [np.bincount(classes[labels == c]).max() for c in np.unique(labels)]
        found = as_number(answer(labels, classes), "The purity")
        expect(
            close(found, sum(largest) / m),
            f"expected {sum(largest) / m:.3f} for {m} points, {k} clusters and {n_classes} classes; yours gives "
            f"{found:.3f}.",
        )
