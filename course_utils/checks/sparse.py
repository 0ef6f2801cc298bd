"""Checks of notebook 05, the sparse autoencoder."""

from __future__ import annotations

import numpy as np
from scipy.special import rel_entr

from course_utils.checks.base import as_array, as_number, close, exercise, expect


@exercise(
    "05-l1",
    "l1_penalty",
    hints=(
        "Each row is one example. First, for each row, sum the absolute activations.",
        "The loss is averaged over examples, so average the rows' sums; then multiply by lambda.",
        "`lam * np.abs(a).sum(axis=1).mean()`",
    ),
)
def l1(answer, rng):
    """Lambda times the L1 norm of each row, averaged over the rows."""
    for m, units in ((4, 3), (2, 5), (7, 2)):
        a, lam = rng.normal(size=(m, units)) * 3, float(rng.uniform(0.2, 0.8))
        found = as_number(answer(a, lam), "The penalty")
        absolute = np.abs(a)
        wanted = lam * absolute.sum(axis=1).mean()
        for value, message in (
            (absolute.sum(axis=1).mean(), "lambda is missing."),
            (lam * a.sum(axis=1).mean(), "positive and negative activations cancel: take absolute values."),
            (lam * (a**2).sum(axis=1).mean(), "these are squares (an L2 penalty): L1 takes absolute values."),
            (
                lam * np.sqrt((a**2).sum(axis=1)).mean(),
                "that is the Euclidean norm of each row: L1 sums absolute values.",
            ),
            (lam * absolute.sum(), "the sum over units is right, but over the examples take the mean."),
            (lam * absolute.mean(), "over the units of one example take the sum, not the mean."),
            (
                lam * absolute.mean(axis=1).sum(),
                "sum and mean have changed places: sum over units, mean over examples.",
            ),
            (lam * np.count_nonzero(a) / m, "that counts the active units: L1 sums how active they are."),
        ):
            expect(close(found, wanted) or not close(found, value), message)
        expect(close(found, wanted), f"for a test batch expected {wanted:.3f}, yours gives {found:.3f}.")


@exercise(
    "05-kl",
    "kl_sparsity",
    hints=(
        "First rho-hat, one number for each unit: the mean of its column, `a.mean(axis=0)`.",
        "Two terms a unit: rho * log(rho / rho_hat), and the same for being *off*, with 1 - rho and 1 - rho_hat. "
        "Sum over the units.",
        "`np.sum(rho * np.log(rho / mean) + (1 - rho) * np.log((1 - rho) / (1 - mean)))` with `mean = a.mean(axis=0)`",
    ),
)
def kl(answer, rng):
    """Sum over units of KL(rho || rho-hat), against scipy."""

    def divergence(p, q):
        return rel_entr(p, q) + rel_entr(1 - p, 1 - q)

    for m, units in ((6, 3), (3, 4), (8, 2)):
        a, rho = rng.uniform(0.05, 0.95, size=(m, units)), float(rng.uniform(0.05, 0.3))
        mean = a.mean(axis=0)
        found = answer(a, rho)
        expect(
            np.ndim(found) or not np.isnan(found),
            "the penalty is nan: is rho-hat between 0 and 1? It is the mean over the examples, not the sum.",
        )
        found = as_number(found, "The penalty")
        right = divergence(rho, mean).sum()
        for value, message in (
            (
                divergence(mean, rho).sum(),
                "that is KL(rho-hat || rho): the divergence is not symmetric, rho comes first.",
            ),
            (rel_entr(rho, mean).sum(), "the second term is missing: a unit is also *off*, with probability 1 - rho."),
            (
                (rel_entr(rho, mean) - rel_entr(1 - rho, 1 - mean)).sum(),
                "the second term is added, not subtracted.",
            ),
            (
                divergence(rho, a.mean(axis=1)).sum(),
                "that averages over the units of each example: rho-hat_j is unit j's mean over the *examples*, axis=0.",
            ),
            (divergence(rho, a.mean()), "that is one mean over everything: each unit j has its own rho-hat_j."),
            (
                units * divergence(rho, a.mean()),
                "that is one mean over everything: each unit j has its own rho-hat_j.",
            ),
            (
                divergence(rho, a).sum(axis=1).mean(),
                "first average the activations over the examples, then compare with rho: not the other way round.",
            ),
            (right / units, "sum over the units, no mean."),
            (right / np.log(2), "use the natural logarithm, np.log."),
            (right / np.log(10), "use the natural logarithm, np.log."),
            (-right, "the sign is wrong: a divergence is never negative."),
        ):
            expect(close(found, right, 1e-4) or not close(found, value), message)
        expect(close(found, right, 1e-4), f"for a test batch expected {right:.3f}, yours gives {found:.3f}.")
    at_target = as_number(answer(np.full((5, 3), 0.1), 0.1), "The penalty")
    expect(abs(at_target) < 1e-4, f"at rho-hat = rho the penalty is 0, yours is {at_target:.3g}.")


@exercise(
    "05-keep",
    "keep_largest",
    hints=(
        "Work row by row. `np.argsort(a, axis=1)` gives the columns from the smallest to the largest activation.",
        "Start from zeros, and copy only the entries in the last k columns of that order: `np.zeros_like(a)`.",
        "`columns = np.argsort(a, axis=1)[:, -k:]`; `np.put_along_axis(kept, columns, np.take_along_axis(a, columns, "
        "axis=1), axis=1)`",
    ),
)
def keep(answer, rng):
    """Each row keeps its k largest entries in their places; the others become 0."""
    for m, units, k in ((4, 6, 2), (3, 5, 1), (5, 4, 3), (2, 3, 3)):
        a = rng.normal(size=(m, units))
        a[0] += 2  # one row is larger as a whole
        a[1] -= 2  # and one is mostly negative
        case = f"for {units} units and k = {k}"
        found = as_array(answer(a, k, case=case), (m, units), "The result (the activations, the others set to 0)")
        ranks = a.argsort(axis=1).argsort(axis=1)
        wanted = np.where(ranks >= units - k, a, 0)
        overall = np.where(a >= np.sort(a, axis=None)[-m * k], a, 0)
        columns = np.where(a.argsort(axis=0).argsort(axis=0) >= m - min(k, m), a, 0)
        absolute = np.abs(a).argsort(axis=1).argsort(axis=1)
        columns_of_one = np.where(ranks[0] >= units - k, a, 0)
        for value, message in (
            (np.where(absolute >= units - k, a, 0), "these are the largest in absolute value: -5 is smaller than 1."),
            (columns_of_one, "the columns of one row are kept in all rows: every row has its own k largest."),
            (np.where(ranks < k, a, 0), "these are the k *smallest* activations."),
            (np.where(ranks >= units - k, 0, a), "the k largest are set to 0: keep these and drop the others."),
            (np.where(ranks >= units - k, 1, 0), "that marks the k largest: keep their *values*."),
            (overall, "these are the largest of the whole batch: choose the k largest in each *row*."),
            (columns, "these are the k largest of each column: a row is an example."),
            (np.where(ranks >= units - k - 1, a, 0), f"one too many is kept in each row: {k + 1} instead of {k}."),
            (np.where(ranks > units - k, a, 0), f"one too few is kept in each row: {k - 1} instead of {k}."),
            (
                np.where(np.arange(units) < k, -np.sort(-a, axis=1), 0),
                "the kept activations must stay in their places: unit j remains column j.",
            ),
            (
                np.where(np.arange(units) >= units - k, np.sort(a, axis=1), 0),
                "the kept activations must stay in their places: unit j remains column j.",
            ),
        ):
            expect(not close(found, value) or close(value, wanted), message)
        expect(close(found, wanted), f"{case}, the row {a[0].round(2).tolist()} became {found[0].round(2).tolist()}.")
