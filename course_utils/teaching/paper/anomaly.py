"""Paper questions of notebook 08."""

from __future__ import annotations

import numpy as np

from course_utils.teaching.paper.question import Part, Question, plain, shares, table, total
from course_utils.teaching.paper.registry import grid, kind, one_of, whole, wholes


@kind("08-windows")
def windows(rng: np.random.Generator) -> Question:
    """How many windows a series has, and how many of them hold a point."""
    from course_utils.anomaly import make_windows

    size = whole(rng, 6, 48)
    n = size + whole(rng, size, 150)
    stride = whole(rng, 2, 6)
    near, middle = whole(rng, 3, size - 2), whole(rng, size, n - size)
    views = make_windows(np.arange(n), size)[..., 0]
    number, strided = len(views), make_windows(np.arange(n), size, stride)[..., 0]
    holding = [int((views == t).any(axis=1).sum()) for t in (near, middle)]
    left = n - 1 - int(strided[-1, -1])
    return Question(
        title="Windows of a series",
        minutes=5,
        text=f"A series has {n} points, counted from 0. It is cut into windows of {size} points.",
        parts=(
            Part(
                "How many windows are there, each moved on by one point?",
                number,
                f"They begin at the points 0, 1, …, ${n} - {size} = {n - size}$. That makes "
                f"${n} - {size} + 1 = {number}$ windows.",
            ),
            Part(
                f"How many of them hold the point {near}, and how many the point {middle}?",
                tuple(map(float, holding)),
                f"Point {near}: the windows that begin at 0, 1, …, {near} hold it, ${near} + 1 = {holding[0]}$.\n\n"
                f"Point {middle} lies far from both ends: it is the first, the second, …, the last point of a window, "
                f"so there are {holding[1]}.",
                names=(f"point {near}", f"point {middle}"),
                points=2,
            ),
            Part(
                f"And with a stride of {stride}: how many windows are there, and how many points at the end lie in "
                "none of them?",
                (float(len(strided)), float(left)),
                rf"$\lfloor ({n} - {size}) / {stride} \rfloor + 1 = {len(strided)}$ windows. The last one begins at "
                rf"point ${len(strided) - 1} \cdot {stride} = {(len(strided) - 1) * stride}$ and ends with point "
                rf"${(len(strided) - 1) * stride} + {size} - 1 = {n - 1 - left}$. The last point of all is {n - 1}: "
                rf"${n - 1} - {n - 1 - left} = {left}$ are left out.",
                names=("windows", "points left out"),
                points=2,
            ),
        ),
        given={"n": n, "size": size, "stride": stride, "near": near, "middle": middle},
    )


@kind("08-scores")
def scores(rng: np.random.Generator) -> Question:
    """Scores of points from the errors of overlapping windows, and a threshold."""
    from course_utils.anomaly import point_scores

    while True:
        errors = grid(rng, 0, 3, 4, 3)
        odd = whole(rng, 1, 4)
        for i in range(4):
            if 0 <= odd - i < 3:
                errors[i][odd - i] += whole(rng, 4, 9)
        sums = [sum(errors[i][t - i] for i in range(4) if 0 <= t - i < 3) for t in range(6)]
        threshold = one_of(rng, (2.2, 2.7, 3.2, 3.7, 4.2))
        largest = max(value / n for value, n in zip(sums, (1, 2, 3, 3, 2, 1), strict=True))
        if sums[2] % 3 == 0 and sums[3] % 3 == 0 and largest > threshold:
            break
    found = point_scores(errors, 6).tolist()
    flagged = [t for t, score in enumerate(found) if score > threshold]
    steps = "\n\n".join(f"$s_{t} = {_mean_error(errors, t)}{plain(score)}$" for t, score in enumerate(found))
    rows = [[f"window {i}", *row] for i, row in enumerate(errors)]
    listed = ", ".join(f"$s_{t} = {plain(found[t])}$" for t in flagged)
    return Question(
        title="From windows to points",
        minutes=6,
        text="A series of six points, counted from 0, has four windows of three points, each moved on by one point. "
        "Their errors $e_{ij}$ at each place:\n\n" + table(("", "$j = 0$", "$j = 1$", "$j = 2$"), rows),
        parts=(
            Part(
                "The score $s_t$ of a point is its mean error over all windows that hold it. What are the six scores?",
                tuple(found),
                f"Place $j$ of window $i$ is the point $t = i + j$.\n\n{steps}",
                decimals=1,
                names=tuple(f"$s_{t}$" for t in range(6)),
                points=3,
            ),
            Part(
                f"How many points are flagged with the threshold {plain(threshold)}?",
                len(flagged),
                f"Larger than {plain(threshold)}: {listed}. That makes {len(flagged)}.",
            ),
        ),
        given={"errors": errors, "threshold": threshold},
    )


def _mean_error(errors: list[list[int]], t: int) -> str:
    """Write (3 + 2) / 2 = before the mean of the errors of point t, and nothing where there is only one error."""
    held = [row[t - i] for i, row in enumerate(errors) if 0 <= t - i < len(row)]
    return f"({total(held)}) / {len(held)} = " if len(held) > 1 else ""


@kind("08-events")
def events(rng: np.random.Generator) -> Question:
    """Precision, recall and F1 of alarms, by events."""
    from course_utils.anomaly import event_scores
    from course_utils.anomaly import events as events_of

    gap = whole(rng, 2, 4)
    while True:
        faults, runs = [], []
        for slot in range(4):
            start = 30 * slot + whole(rng, 4, 8)
            stop = start + whole(rng, 9, 12)
            faults.append((start, stop))
            if rng.random() < 0.65:
                first = start + whole(rng, 0, 3)
                runs.append((first, first + whole(rng, 2, 3)))
                if rng.random() < 0.5:  # a second alarm, near enough to be one with the first, or not
                    second = runs[-1][1] + (whole(rng, 1, gap) if rng.random() < 0.5 else gap + 1)
                    runs.append((second, second + 2))
            if rng.random() < 0.4:
                false = stop + gap + whole(rng, 1, 3)
                runs.append((false, false + whole(rng, 1, 2)))
        flags = np.zeros(120, dtype=bool)
        for start, stop in runs:
            flags[start:stop] = True
        alarms = events_of(flags, gap=gap)
        result = event_scores(faults, alarms)
        if 0.2 < result.precision < 1 and 0.2 < result.recall < 1 and len(alarms) < len(runs):
            break
    right = len(alarms) - result.false_alarms
    found = [delay for delay in result.delays if delay is not None]
    asked = next(i for i, delay in enumerate(result.delays) if delay is not None)

    def listed(intervals: list[tuple[int, int]]) -> str:
        return ", ".join(f"{start}–{stop - 1}" if stop - start > 1 else str(start) for start, stop in intervals)

    return Question(
        title="Precision, recall and F1 of events",
        minutes=8,
        text=f"In a series of 120 points there are four faults, at the points {listed(faults)} (first and last point "
        f"included).\n\nA detector flags the points {listed(runs)}. Runs with at most {gap} unflagged points between "
        "them become one alarm. A fault is found if an alarm touches it; an alarm is right if it touches a fault.",
        parts=(
            Part(
                "How many alarms are there?",
                len(alarms),
                f"After joining: {listed(alarms)}. That makes {len(alarms)}.",
            ),
            Part(
                "What are precision, recall and $F_1$?",
                (result.precision, result.recall, result.f1),
                f"{right} of {len(alarms)} alarms are right, and {len(found)} of 4 faults are found.\n\n"
                + "\n\n".join(shares(right, len(alarms), len(found), 4)),
                decimals=2,
                names=("precision", "recall", "$F_1$"),
                points=3,
            ),
            Part(
                f"How many points late is the fault at {listed([faults[asked]])} noticed (its *delay*)?",
                result.delays[asked],
                f"It begins at point {faults[asked][0]}. The first flagged point in it is "
                f"{faults[asked][0] + result.delays[asked]}: "
                f"${faults[asked][0] + result.delays[asked]} - {faults[asked][0]} = {result.delays[asked]}$",
            ),
        ),
        given={"faults": [(a, b - 1) for a, b in faults], "runs": [(a, b - 1) for a, b in runs], "gap": gap},
    )


@kind("08-costs")
def costs(rng: np.random.Generator) -> Question:
    """Which threshold is cheapest for given costs of a miss and of a false alarm."""
    while True:
        missed = sorted(wholes(rng, 0, 9, 4))
        false = sorted(wholes(rng, 0, 25, 4), reverse=True)
        hours = one_of(rng, (0.5, 2, 3, 5, 10))
        prices = [hours * m + f for m, f in zip(missed, false, strict=True)]
        distinct = len(set(missed)) == len(set(false)) == len(set(prices)) == 4
        if distinct and abs(sorted(prices)[1] - min(prices)) >= 1:
            break
    thresholds = [0.5, 1, 1.5, 2]
    best = int(np.argmin(prices))
    steps = "\n\n".join(
        rf"threshold {plain(t)}: ${plain(hours)} \cdot {m} + {f} = {plain(price)}$"
        for t, m, f, price in zip(thresholds, missed, false, prices, strict=True)
    )
    rows = [["missed faults", *missed], ["false alarms", *false]]
    return Question(
        title="What mistakes cost",
        minutes=4,
        text="A detector was tried with four thresholds:\n\n"
        + table(("threshold", *map(plain, thresholds)), rows)
        + "\n\nA false alarm costs an hour, a missed fault costs "
        + ("half an hour." if hours < 1 else f"{plain(hours)} hours."),
        parts=(
            Part(
                "How many hours does each threshold cost?",
                tuple(map(float, prices)),
                steps,
                decimals=1,
                unit="h",
                names=tuple(f"threshold {plain(t)}" for t in thresholds),
                points=2,
            ),
            Part(
                "Which threshold is the cheapest?",
                plain(thresholds[best]),
                f"The threshold {plain(thresholds[best])}, with ${plain(min(prices))}$ hours.",
                choices=tuple(map(plain, thresholds)),
            ),
        ),
        given={"missed": missed, "false": false, "hours": hours},
    )
