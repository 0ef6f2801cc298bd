"""Checks of notebook 04, the Keras autoencoder."""

from __future__ import annotations

import numpy as np

from course_utils.checks.base import as_array, as_number, close, exercise, expect


@exercise(
    "04-puzzle",
    "puzzle_weights",
    hints=(
        "All three points lie on one line, x_2 = 2 x_1. So one number tells where a point is: let z be x_1, say.",
        "With z = x_1, W^{[1]} picks the second entry of (1, x_1, x_2). Then x_1-hat = z and x_2-hat = 2 z.",
        "`w1 = np.array([[0.0], [1.0], [0.0]])` and `w2 = np.array([[0.0, 0.0], [1.0, 2.0]])`",
    ),
)
def puzzle(answer, rng):
    """Weights of a linear 2-1-2 autoencoder, biases in the first rows, that reproduce points (t, 2t)."""
    weights = answer()
    expect(isinstance(weights, tuple | list) and len(weights) == 2, "return two arrays: `return w1, w2`.")
    w1 = as_array(weights[0], (3, 1), "W[1] (rows: bias, x_1, x_2; one column for z)")
    w2 = as_array(weights[1], (2, 2), "W[2] (rows: bias, z; one column for each output)")
    t = np.array([1.0, 2.0, 3.0, *rng.uniform(-5, 5, size=4)])
    x = np.column_stack([t, 2 * t])
    z = np.column_stack([np.ones(7), x]) @ w1
    found = np.column_stack([np.ones(7), z]) @ w2
    swapped = np.column_stack([np.ones(7), z]) @ w2.T
    expect(np.ptp(z) > 1e-9, "z is the same for every point: the encoder lets nothing through.")
    expect(np.ptp(found, axis=0).max() > 1e-9, "every point becomes the same: the decoder ignores z.")
    expect(
        not close(swapped, x) or close(found, x),
        "W[2] is transposed: its rows are bias and z, its columns the outputs.",
    )
    expect(not close(found, x[:, ::-1]), "the two outputs have changed places.")
    error = ((found - x) ** 2).sum(axis=1)
    expect(
        error[:3].max() < 1e-9,
        f"(1, 2), (2, 4), (3, 6) come out as {np.round(found[:3], 2).tolist()}.",
    )
    expect(close(found, x), "the three points come out right, but not others on the same line.")


@exercise(
    "04-gradients",
    "gradients",
    hints=(
        "Go forward first: `z = x @ w1` is (m, 1), `x_hat = z @ w2` is (m, 2). The error at the output is x_hat - x.",
        "At the decoder: `d_w2 = 2 * z.T @ (x_hat - x)`. Then send the error back through the decoder, to z.",
        "`d_z = 2 * (x_hat - x) @ w2.T` is (m, 1), and `d_w1 = x.T @ d_z`. Return `d_w1, d_w2`.",
    ),
)
def gradients(answer, rng):
    """Gradients of the squared error of a linear 2-1-2 autoencoder, compared with finite differences."""
    x = rng.normal([1, 2], 1, size=(5, 2))
    w1, w2 = rng.normal(size=(2, 1)), rng.normal(size=(1, 2))

    def error(a, b):
        return ((x @ a @ b - x) ** 2).sum()

    def numeric(which):
        slopes = np.zeros_like((w1, w2)[which])
        for place in np.ndindex(slopes.shape):
            step = np.zeros_like(slopes)
            step[place] = 1e-5
            up, down = ((w1 + s, w2) if which == 0 else (w1, w2 + s) for s in (step, -step))
            slopes[place] = (error(*up) - error(*down)) / 2e-5
        return slopes

    found = answer(x, w1, w2)
    expect(isinstance(found, tuple | list) and len(found) == 2, "return two arrays: `return d_w1, d_w2`.")
    d1 = as_array(found[0], (2, 1), "The gradient of W[1] (it has the shape of W[1])")
    d2 = as_array(found[1], (1, 2), "The gradient of W[2] (it has the shape of W[2])")
    right1, right2 = numeric(0), numeric(1)

    def same(a, b):
        return close(a, b, 1e-4)

    for factor, message in (
        (-0.5, "the sign is wrong (x_hat - x, not x - x_hat), and the square gives a factor 2."),
        (0.5, "both gradients are half as large as they should be: the square gives a factor 2."),
        (-1, "the sign is wrong: x_hat - x, not x - x_hat."),
        (1 / 5, "the error is the *sum* over the points here: do not divide by their number."),
        (1 / 10, "the error is the *sum* over points and coordinates here: no mean."),
    ):
        expect(not (same(d1, factor * right1) and same(d2, factor * right2)), message)
    expect(
        same(d2, right2),
        "the gradient of W[2] is wrong: it is the *code* z, not x, that meets the output's error there.",
    )
    expect(
        not same(d1, right1 / 2), "the gradient of W[1] is half as large as it should be: the factor 2 goes there too."
    )
    expect(not same(d1, -right1), "the sign of the gradient of W[1] is wrong: x_hat - x, not x - x_hat.")
    expect(
        np.abs(d1).max() > 0, "the gradient of W[1] is zero: the error must go back through the decoder to the encoder."
    )
    expect(
        same(d1, right1),
        "the gradient of W[1] is wrong: send the error back through the decoder (multiply by W[2] transposed) first.",
    )


@exercise(
    "04-angle",
    "largest_principal_angle",
    hints=(
        "The columns are neither orthogonal nor of length 1. First make orthonormal bases: `np.linalg.qr(a)[0]`.",
        "The singular values of `q_a.T @ q_b` are the cosines of the principal angles.",
        "The largest angle has the smallest cosine: "
        "`np.degrees(np.arccos(np.clip(np.linalg.svd(q_a.T @ q_b)[1].min(), -1, 1)))`",
    ),
)
def angle(answer, rng):
    """Largest principal angle of two subspaces in degrees, against scipy."""
    from scipy.linalg import subspace_angles

    a = rng.normal(size=(6, 2)) * [1, 4]
    b = rng.normal(size=(6, 2)) + a
    wanted = np.degrees(subspace_angles(a, b))
    found = as_number(answer(a, b), "The angle")
    expect(not close(found, np.radians(wanted[0])), "that is in radians: use np.degrees.")
    expect(not close(found, wanted[1]), "that is the smallest principal angle: the largest has the smallest cosine.")
    cosines = (a * b).sum(axis=0) / (np.linalg.norm(a, axis=0) * np.linalg.norm(b, axis=0))
    expect(
        not close(found, np.degrees(np.arccos(cosines.min()))),
        "you compare column with column: a subspace has many bases, so make orthonormal ones and use singular values.",
    )
    expect(close(found, wanted[0]), f"expected {wanted[0]:.2f} degrees for an example, yours gives {found:.2f}.")
    wide_a, wide_b = rng.normal(size=(7, 3)), rng.normal(size=(7, 3))
    found = as_number(answer(wide_a, wide_b), "The angle")
    wanted = np.degrees(subspace_angles(wide_a, wide_b)).max()
    expect(
        close(found, wanted), f"for subspaces of dimension 3 expected {wanted:.2f} degrees, yours gives {found:.2f}."
    )
    for _ in range(30):
        line = rng.normal(size=(20, 1))
        with np.errstate(invalid="ignore"):
            found = answer(line, 2.7 * line, case="for two bases of the same line")
        expect(
            np.ndim(found) == 0 and not np.isnan(found),
            "two bases of the same line give nan: rounding makes a cosine slightly larger than 1, so clip it.",
        )
        found = as_number(found, "The angle")
        expect(abs(found) < 1e-3, f"two bases of the same line have the angle 0, yours is {found:.3g}.")
    turned = a @ rng.normal(size=(2, 2))
    found = answer(a, turned, case="for two bases of the same subspace")
    expect(
        np.ndim(found) == 0 and not np.isnan(found),
        "two bases of the same subspace give nan: rounding makes a cosine slightly larger than 1, so clip it.",
    )
    expect(abs(float(found)) < 1e-3, f"two bases of one subspace have the angle 0, yours is {float(found):.3g}.")


@exercise(
    "04-angular",
    "angular_distance",
    hints=(
        "First the cosine similarity: dot product, divided by both lengths.",
        "The angle is the arc cosine of it: `np.arccos`, in radians.",
        "Rounding may give 1.0000000002: `np.arccos(np.clip(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)), -1, 1))`",
    ),
)
def angular(answer, rng):
    """Angle between two vectors in radians."""
    for sign in (1, -1, 1, -1):
        a, b = rng.normal(size=4) * 3, rng.normal(size=4) + 0.5
        b = b if sign * (a @ b) > 0 else -b
        cosine = a @ b / (np.linalg.norm(a) * np.linalg.norm(b))
        wanted = np.arccos(cosine)
        found = as_number(answer(a, b), "The angular distance")
        for value, message in (
            (
                np.arccos(abs(cosine)) if cosine < 0 else np.inf,
                "an angle larger than 90 degrees comes out smaller: no abs.",
            ),
            (
                np.pi / 2 if cosine < 0 else np.inf,
                "a negative cosine is an angle larger than 90 degrees: clip to -1..1.",
            ),
            (cosine, "that is the cosine similarity itself: take its arc cosine."),
            (1 - cosine, "that is 1 minus the cosine: the lecture takes the arc cosine."),
            (np.degrees(wanted), "that is in degrees: leave it in radians."),
            (np.linalg.norm(a - b), "that is the Euclidean distance: here only the direction counts."),
        ):
            expect(not close(found, value), message)
        expect(close(found, wanted), f"expected {wanted:.3f} for an example, yours gives {found:.3f}.")
    for _ in range(20):
        a = rng.normal(size=5)
        with np.errstate(invalid="ignore"):
            found = answer(a, 3 * a, case="for two parallel vectors")
        expect(
            np.ndim(found) == 0 and not np.isnan(found),
            "two parallel vectors give nan: rounding makes the cosine slightly larger than 1, so clip it.",
        )
        expect(abs(float(found)) < 1e-6, f"parallel vectors have the angle 0, yours is {float(found):.3g}.")
        with np.errstate(invalid="ignore"):
            found = answer(a, -3 * a, case="for two opposite vectors")
        expect(
            np.ndim(found) == 0 and not np.isnan(found),
            "two opposite vectors give nan: rounding makes the cosine slightly less than -1, so clip both ends.",
        )
        found = as_number(found, "The angular distance")
        expect(abs(found - np.pi) < 1e-6, f"opposite vectors have the angle pi, yours is {found:.3g}.")
