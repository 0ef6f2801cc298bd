"""Checks of notebook 09, the variational autoencoder: drawing a code, the two terms of the loss, a direction."""

from __future__ import annotations

import numpy as np

from course_utils.checks.base import as_array, as_number, close, exercise, expect, from_tensor


@exercise(
    "09-sampling",
    "sample_code",
    hints=(
        "Noise of N(0, I), stretched by sigma and moved by the mean, is a draw from N(mu, sigma).",
        "log_variance is log(sigma^2) = 2 log(sigma). So log(sigma) is half of it, and sigma the exponential of that.",
        "Use `ops.exp` for sigma, so that the gradients pass; multiply by the `noise` you are given, and add the mean.",
    ),
)
def sampling(answer, rng):
    """Mean plus deviation times the given noise, in TensorFlow, so that gradients reach mean and log-variance."""
    for n, units in ((int(rng.integers(5, 9)), 3), (1, 2), (2, 1)):
        mean, log_variance, noise = (rng.normal(size=(n, units)).astype("float32") for _ in range(3))
        log_variance[0, 0] = -abs(log_variance[0, 0]) - 0.1  # a logarithm may be negative
        sigma = np.exp(log_variance / 2)
        wanted = mean + sigma * noise
        case = f"for {n} images and {units} units"
        result, slopes = answer.through(_code_and_slopes, mean, log_variance, noise, case=case)
        found = _as_array(result, (n, units), f"the code {case}")
        expect(
            np.isfinite(found).all(),
            "some codes are nan or infinite: log_variance is a logarithm and may be negative. It has no root and no "
            "logarithm, only an exponential.",
        )
        again, _ = answer.through(_code_and_slopes, mean, log_variance, noise, case=case)
        again = _as_array(again, (n, units), f"the code {case}")
        expect(
            _same(again, found),
            "two calls with the same noise give two codes: you draw noise of your own. Use the noise you are given.",
        )
        for other, message in (
            (mean, "your code is the mean itself: where is the noise?"),
            (mean + sigma, "you add sigma to the mean, without noise: sigma says how far the *noise* reaches."),
            (mean + noise, "the noise is added as it is: its deviation should be sigma, here it is 1 for all."),
            (sigma * noise, "the mean is missing: your codes lie around 0, whatever the image."),
            (mean + log_variance * noise, "you take the log-variance for sigma: it is log(sigma^2)."),
            (
                mean + np.exp(log_variance) * noise,
                "you multiply by the *variance*: exp(log_variance) is sigma squared.",
            ),
            (
                mean + log_variance / 2 * noise,
                "half the log-variance is log(sigma), not yet sigma: undo the logarithm.",
            ),
            (mean + np.exp(2 * log_variance) * noise, "log(sigma) is *half* the log-variance, not twice."),
            (mean + noise / sigma, "you divide by sigma, or the sign in the exponential is wrong."),
            (mean - sigma * noise, "the noise is subtracted: this has the same distribution, but add it here."),
            (mean + sigma + noise, "sigma is added to the noise: it should stretch it."),
            ((mean + noise) * sigma, "sigma stretches the mean too: only the noise should be stretched."),
            (noise + sigma * mean, "mean and noise have changed places."),
            (mean + sigma * noise[:1], "all images share their noise: use each row of it."),
            (mean + sigma * noise[:, :1], "the units share their noise: use each column of it."),
        ):
            expect(_same(found, wanted) or not _same(found, other), message)
        moved, _ = answer.through(_code_and_slopes, mean, log_variance, noise + 1, case=case)
        moved = _as_array(moved, (n, units), f"the code {case}")
        expect(
            not _same(moved, found),
            "other noise gives the same code: you draw noise of your own. Use the noise you are given.",
        )
        i = np.unravel_index(np.abs(found - wanted).argmax(), wanted.shape)
        expect(
            _same(found, wanted),
            f"mean {mean[i]:.2f}, log-variance {log_variance[i]:.2f} and noise {noise[i]:.2f} should give the code "
            f"{wanted[i]:.3f}; yours is {found[i]:.3f}.",
        )
        expect(
            slopes is not None,
            "the numbers are right, but no gradient passes: the result is no tensor. Compute it with `ops`, not `np`.",
        )
        expect(
            slopes[0] is not None or slopes[1] is not None,
            "the numbers are right, but no gradient passes, so the encoder could not learn: did you leave TensorFlow "
            "(np, .numpy()) or stop the gradient?",
        )
        rights = np.ones_like(mean), noise * sigma / 2
        for slope, right, name in zip(slopes, rights, ("mean", "log_variance"), strict=True):
            expect(
                slope is not None,
                f"the numbers are right, but no gradient reaches {name}: did you use `np` where `ops` is needed, or "
                "stop the gradient?",
            )
            expect(
                _same(slope, right),
                f"the numbers are right, but not the gradient with respect to {name}: only part of it passes.",
            )


@exercise(
    "09-kl",
    "kl_divergence",
    hints=(
        "Each unit gives one term, which is 0 where mu = 0 and sigma = 1. Add up the terms of each image.",
        "A unit's term is half of mu^2 + sigma^2 - log(sigma^2) - 1.",
        "log(sigma^2) is `log_variance` itself, and sigma^2 its exponential. Sum over the units with `axis=1`.",
    ),
)
def kl(answer, rng):
    """KL divergence from N(0, I) for each image, the sum over its units, in nats."""
    for n, units in ((int(rng.integers(5, 9)), 3), (1, 4), (3, 1)):
        mean, log_variance = rng.normal(size=(n, units)) * 1.5, rng.normal(size=(n, units))
        log_variance[0, 0] = -abs(log_variance[0, 0]) - 0.1  # a logarithm may be negative
        case = f"for {n} images and {units} units"
        variance, square, sigma = np.exp(log_variance), mean**2, np.exp(log_variance / 2)
        terms = 0.5 * (square + variance - log_variance - 1)
        wanted = terms.sum(axis=1)
        with np.errstate(invalid="ignore"):
            found = _unwrap(answer(mean, log_variance, case=case))
        given = np.shape(found)
        expect(
            given != (), f"one number for each image is wanted, {n} here, yours is one number: sum over axis=1 only."
        )
        expect(
            given != (n, units),
            f"one number for each image is wanted, yours are {given}: the sum over its units is missing.",
        )
        expect(
            n == units or given != (units,),
            f"one number for each of {n} images is wanted, yours are {units}: you sum over the images, not the units.",
        )
        found = _as_array(found, (n,), f"the divergence {case}")
        expect(
            np.isfinite(found).all(),
            "some divergences are nan or infinite: log_variance is log(sigma^2) already, and may be negative.",
        )

        def half(*parts):
            return 0.5 * sum(parts).sum(axis=1)

        for other, message in (
            (-wanted, "the sign is wrong: a divergence is never negative."),
            (2 * wanted, "it is twice as large as it should be: the factor 1/2 is missing."),
            (wanted / 2, "it is half as large as it should be: one factor 1/2 is enough."),
            (terms.mean(axis=1), "over the units of an image take the sum, not the mean."),
            (terms.sum() + 0 * wanted, "every image has the sum over the whole batch: sum over axis=1 only."),
            (terms.sum(axis=1).mean() + 0 * wanted, "every image has the mean of the batch: no mean here."),
            (
                half(log_variance, (1 + square) / variance, -1),
                "that is KL[N(0, I) || N(mu, sigma)]: the divergence is not symmetric, the image's code comes first.",
            ),
            (half(square, variance, -log_variance), "the -1 is missing: for mu = 0, sigma = 1 it should be 0."),
            (half(square, variance, -log_variance, 1), "subtract the 1: for mu = 0, sigma = 1 it should be 0."),
            (wanted + 0.5 * (units - 1), "the 1 is subtracted once for an image: it belongs to the term of each unit."),
            (
                half(square, log_variance**2, -np.log(log_variance**2), -1),
                "you take the log-variance for sigma: it is log(sigma^2).",
            ),
            (
                half(square, log_variance**2, -log_variance, -1),
                "you take the log-variance for sigma: it is log(sigma^2), so sigma^2 is its exponential.",
            ),
            (
                half(square, log_variance, -log_variance, -1),
                "you take the log-variance for the variance: sigma^2 is its exponential.",
            ),
            (
                half(square, variance**2, -2 * log_variance, -1),
                "you take exp(log_variance) for sigma: it is sigma^2 already.",
            ),
            (half(square, variance**2, -log_variance, -1), "exp(log_variance) is sigma^2 already: you square it."),
            (half(square, sigma, -log_variance, -1), "that is sigma where sigma^2 should be."),
            (
                half(square, variance, -log_variance / 2, -1),
                "that is log(sigma) where log(sigma^2) should be.",
            ),
            (half(square, variance, log_variance, -1), "the logarithm is subtracted, not added."),
            (half(square, variance, -1), "the logarithm of sigma^2 is missing."),
            (half(square, -log_variance, -1), "sigma^2 is missing."),
            (half(variance, -log_variance, -1), "the mean is missing: a code far from 0 should cost more."),
            (half(mean, variance, -log_variance, -1), "the mean is to be squared."),
            (half(np.abs(mean), variance, -log_variance, -1), "the mean is to be squared."),
            (half(-square, variance, -log_variance, -1), "the squared mean is added, not subtracted."),
            (wanted / np.log(2), "that is in bits: leave it in nats, with natural logarithms."),
        ):
            expect(_same(found, wanted) or not _same(found, other), message)
        i = int(np.abs(found - wanted).argmax())
        expect(
            _same(found, wanted),
            f"{case}, image {i} should have {wanted[i]:.3f}; yours has {found[i]:.3f}.",
        )
    at_prior = _as_array(answer(np.zeros((3, 2)), np.zeros((3, 2))), (3,), "the divergence of N(0, I) from itself")
    expect(np.abs(at_prior).max() < 1e-6, f"N(0, I) has the divergence 0 from itself, yours is {at_prior[0]:.3g}.")


@exercise(
    "09-loss",
    "vae_loss",
    hints=(
        "Two terms for each image: how wrong its pixels are, and how far its code is from N(0, I).",
        "The first is a *sum* over the axes 1, 2, 3 of the squared differences: n numbers, as kl has.",
        "Add beta times kl to these n numbers, and return the mean of what you have.",
    ),
)
def loss(answer, rng):
    """Mean over the batch of the summed squared error of an image plus beta times its KL."""
    for n, beta in ((int(rng.integers(3, 6)), float(rng.uniform(2, 6))), (4, 0.0), (1, float(rng.uniform(0.2, 0.8)))):
        h, w = 7, 6
        x, x_hat = (rng.uniform(0.05, 0.95, size=(n, h, w, 1)) for _ in range(2))
        kl = rng.gamma(3, size=n)
        case = f"for {n} images of {h} x {w} pixels and beta = {beta:.2f}"
        difference = x - x_hat
        squares = (difference**2).sum(axis=(1, 2, 3))
        absolute = np.abs(difference).sum(axis=(1, 2, 3))
        entropy = -(x * np.log(x_hat) + (1 - x) * np.log(1 - x_hat)).sum(axis=(1, 2, 3))
        wanted = np.mean(squares + beta * kl)
        found = _unwrap(answer(x, x_hat, kl, beta, case=case))
        expect(
            n == 1 or np.shape(found) != (n,),
            f"the loss should be one number, yours are {n}, one for each image: take their mean.",
        )
        found = as_number(found, "the loss")
        for other, message in (
            (np.mean(beta * squares + kl), "beta stands before the reconstruction error: it weighs the KL."),
            (beta * np.mean(squares + kl), "beta weighs both terms: it belongs to the KL alone."),
            (np.mean(squares + kl), "beta is missing: it weighs the KL."),
            (np.mean(beta * kl + (1 - beta) * squares), "beta weighs the KL alone: the error has no 1 - beta."),
            (np.mean(squares), "the KL is missing: this is an ordinary autoencoder's loss."),
            (np.mean(beta * kl), "the reconstruction error is missing."),
            (np.mean(squares - beta * kl), "the KL is subtracted: it should be small too, so add it."),
            (np.mean(squares + kl / (beta or 1)), "you divide the KL by beta: multiply."),
            (
                np.mean(squares) / (h * w) + beta * np.mean(kl),
                "you take the mean over the pixels: over the pixels of one image take the *sum*, or the KL weighs far "
                "too much.",
            ),
            (np.mean(squares) / w + beta * np.mean(kl), "over one of the axes you take the mean: sum over all pixels."),
            (np.mean(squares) / h + beta * np.mean(kl), "over one of the axes you take the mean: sum over all pixels."),
            (np.sum(squares + beta * kl), "you sum over the batch: over the images take the mean."),
            (np.sum(squares) + beta * np.mean(kl), "you sum the error over the batch: over the images take the mean."),
            (np.mean(squares) + beta * np.sum(kl), "you sum the KL over the batch: over the images take the mean."),
            (np.mean(absolute + beta * kl), "that is the absolute error: square the differences."),
            (np.mean(absolute) / (h * w) + beta * np.mean(kl), "that is the mean absolute error: sum up the squares."),
            (
                np.mean(np.sqrt(squares) + beta * kl),
                "that is the distance ||x - x_hat||: its square is wanted, no root.",
            ),
            (
                np.mean(difference.sum(axis=(1, 2, 3)) ** 2 + beta * kl),
                "too bright and too dark pixels cancel: square each difference, then sum.",
            ),
            (
                np.mean(difference.sum(axis=(1, 2, 3)) + beta * kl),
                "too bright and too dark pixels cancel: square the differences.",
            ),
            (np.mean(squares / 2 + beta * kl), "the reconstruction error is halved: here it has no factor 1/2."),
            (np.mean(entropy + beta * kl), "that is the binary cross-entropy: here the error is a sum of squares."),
        ):
            expect(_same(found, wanted) or not _same(found, other), message)
        expect(_same(found, wanted), f"{case} the loss should be {wanted:.3f}, yours is {found:.3f}.")


@exercise(
    "09-direction",
    "find_direction",
    hints=(
        "What do those with the attribute have in common? Their mean code. And the others?",
        "`codes[has_attribute]` are the codes of those with it, `codes[~has_attribute]` of those without.",
        "Take the mean of each group over its codes, with `axis=0`, and subtract: with minus without.",
    ),
)
def direction(answer, rng):
    """Mean code of those with an attribute minus mean code of those without."""
    for n, some, units in ((int(rng.integers(12, 20)), 4, 3), (int(rng.integers(7, 10)), 6, 5), (4, 1, 2)):
        codes = rng.normal(1, 1.5, size=(n, units))
        has_attribute = rng.permutation(n) < some
        codes[has_attribute] += rng.normal(size=units)
        case = f"for {n} codes of {units} units, {some} with the attribute"
        yes, no = codes[has_attribute], codes[~has_attribute]
        wanted = yes.mean(axis=0) - no.mean(axis=0)
        found = _unwrap(answer(codes, has_attribute, case=case))
        given = np.shape(found)
        expect(
            given != (),
            f"a direction has {units} units, as a code has; yours is one number: take the means over axis=0.",
        )
        expect(
            given not in ((some,), (n - some,), (n,)) or given == (units,),
            f"a direction has {units} units, yours {given[0] if given else 0}: the mean is over the *codes*, axis=0.",
        )
        expect(
            given not in ((some, units), (n - some, units), (n, units)) or given == (1, units),
            f"*one* direction of {units} units is wanted, yours are {given}: take the mean over the codes, axis=0.",
        )
        found = _as_array(found, (units,), f"the direction {case}")
        for other, message in (
            (-wanted, "the direction is reversed: with minus without."),
            (yes.mean(axis=0), "that is the mean of those *with* the attribute: subtract the mean of the others."),
            (no.mean(axis=0), "that is the mean of those *without* the attribute."),
            (yes.mean(axis=0) + no.mean(axis=0), "the two means are added: a direction is their difference."),
            (
                yes.sum(axis=0) - no.sum(axis=0),
                "these are sums: the larger group would outweigh the other. Take means.",
            ),
            (
                (yes.sum(axis=0) - no.sum(axis=0)) / n,
                "both sums are divided by the number of all codes: divide each by the size of its own group.",
            ),
            (np.median(yes, axis=0) - np.median(no, axis=0), "these are medians: take means."),
            (
                yes.mean(axis=0) - codes.mean(axis=0),
                "you subtract the mean of *all* codes: subtract that of those without the attribute.",
            ),
            (
                codes.mean(axis=0) - no.mean(axis=0),
                "you begin with the mean of *all* codes: take that of those with the attribute.",
            ),
            (
                wanted / np.linalg.norm(wanted),
                "its length is made 1: leave it, the length says how far apart the groups are.",
            ),
            (wanted / np.abs(wanted).max(), "it is scaled: leave it, the length says how far apart the groups are."),
            (wanted / codes.std(axis=0), "it is divided by the deviation of the codes: leave the units as they are."),
            (wanted / 2, "it is half as long as it should be: it leads from one mean to the *other*."),
            (yes[0] - no[0], "that is the difference of two single codes: take the mean of each group."),
            (
                codes[has_attribute.astype(int)].mean(axis=0) - codes[(~has_attribute).astype(int)].mean(axis=0),
                "has_attribute is used as numbers of rows, 0 and 1: a mask must be boolean.",
            ),
        ):
            expect(_same(found, wanted) or not _same(found, other), message)
        j = int(np.abs(found - wanted).argmax())
        expect(
            _same(found, wanted),
            f"{case}, unit {j} should be {wanted[j]:.3f}; yours is {found[j]:.3f}.",
        )


def _code_and_slopes(function, mean, log_variance, noise):
    """The code for tensors, and the gradients of its sum by mean and log-variance; None if it is no tensor."""
    import tensorflow as tf

    tensors = [tf.constant(array) for array in (mean, log_variance, noise)]
    with tf.GradientTape() as tape:
        tape.watch(tensors[:2])
        code = function(*tensors)
    if not isinstance(code, tf.Tensor):
        return None if code is None else (code, None)
    slopes = tape.gradient(code, tensors[:2])
    return code.numpy(), [slope if slope is None else tf.convert_to_tensor(slope).numpy() for slope in slopes]


def _unwrap(value):
    """A tensor or a list as a NumPy array; anything else, a ragged list too, as it is."""
    if isinstance(value, list | tuple):
        try:
            return np.asarray(value)
        except ValueError:
            return value
    return from_tensor(value)


def _as_array(value, shape, what):
    return as_array(_unwrap(value), shape, what)


def _same(found, wanted):
    """Whether they agree in single precision."""
    return close(found, wanted, 1e-4)
