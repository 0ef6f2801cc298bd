"""Checks of notebook 07, the denoising autoencoder."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from course_utils.checks.base import CheckFailed, as_array, as_number, close, exercise, expect


@exercise(
    "07-noise",
    "add_noise",
    hints=(
        "`np.random.default_rng(seed)` makes a generator; its `normal(0, sigma, shape)` gives noise of any shape.",
        "One number for every pixel of every image, so the shape is images.shape. Then add, and clip.",
        "`np.clip(images + np.random.default_rng(seed).normal(0, sigma, images.shape), 0, 1)`",
    ),
)
def noise(answer, rng):
    """Clipped normal noise of the right strength, new for every pixel, the same for the same seed."""
    sigma, seed = float(rng.uniform(0.05, 0.08)), int(rng.integers(1000))
    grey = np.full((6, 30, 30, 1), 0.5)
    found = as_array(answer(grey, sigma, seed), grey.shape, "The noisy images")
    added = found - 0.5
    expect(added.std() > 0, "nothing was added: the images come back as they were.")
    spreads = np.ptp(added[0], axis=0).max(), np.ptp(added[0], axis=1).max()
    expect(min(spreads) > 1e-9, "whole rows or columns have the same noise: draw a number for each *pixel*.")
    like = np.corrcoef(added.reshape(6, -1)) - np.eye(6)
    expect(
        not np.abs(like).max() > 0.3,
        "images share their noise: draw a number for each pixel of *each* image, shape images.shape.",
    )
    expect(
        not close(added.std(), sigma**2, 0.1),
        f"for sigma {sigma:.3f} the noise has the standard deviation {added.std():.4f}, its square: "
        "rng.normal takes the standard deviation, not the variance.",
    )
    expect(
        not close(added.std(), np.sqrt(sigma), 0.1),
        f"for sigma {sigma:.3f} the noise has the standard deviation {added.std():.3f}, the square root: "
        "rng.normal takes the standard deviation.",
    )
    expect(
        abs(added.mean()) < 0.15 * sigma,
        f"the noise has the mean {added.mean():.3f}: it should be 0, as much darker as lighter. Add the noise, "
        "and clip the *sum*; clip or rescale nothing else.",
    )
    expect(
        abs(added.std() / sigma - 1) < 0.08,
        f"for sigma {sigma:.3f} the noise has the deviation {added.std():.3f}: does sigma go into rng.normal?",
    )
    near = (np.abs(added) < sigma).mean()
    expect(
        abs(near - 0.683) < 0.04,
        f"{near:.0%} of the noise lies within one sigma, for normal noise it is 68 %: use normal noise, rng.normal.",
    )
    beside = np.corrcoef(added[:, :, 1:].ravel(), added[:, :, :-1].ravel())[0, 1]
    expect(abs(beside) < 0.2, "neighbouring pixels share their noise: draw a number for each *pixel*.")
    shades = rng.uniform(0.4, 0.6, size=(3, 16, 16, 1))
    found_there = as_array(answer(shades, sigma, seed), shades.shape, "The noisy images")
    expect(
        abs((found_there - shades).std() / sigma - 1) < 0.25,
        "for images of many shades the noise has another strength: add it to the images that are passed.",
    )
    again = as_array(answer(grey, sigma, seed), grey.shape, "The noisy images")
    other = as_array(answer(grey, sigma, seed + 1), grey.shape, "The noisy images")
    expect(
        close(again, found),
        "the same seed gives other noise the second time: make a generator from it, np.random.default_rng(seed).",
    )
    expect(not close(other, found), "another seed gives the same noise: use the seed that is passed.")
    ends = np.concatenate([np.zeros((2, 40, 40, 1)), np.ones((2, 40, 40, 1))])
    found = as_array(answer(ends, 0.3, seed), ends.shape, "The noisy images")
    expect(
        found.min() >= 0 and found.max() <= 1,
        f"pixels lie between {found.min():.2f} and {found.max():.2f}: clip the result to 0..1.",
    )
    expect(
        (found[:2] > 0).mean() > 0.2 and (found[2:] < 1).mean() > 0.2,
        "white or black pixels stay as they were: first add the noise, then clip the sum.",
    )
    cut = (found[:2] == 0).mean(), (found[2:] == 1).mean()
    expect(
        min(cut) > 0.4,
        "values beyond 0 and 1 are folded back or rescaled: clip them, so that they become exactly 0 or 1.",
    )


@exercise(
    "07-median",
    "median_filter",
    hints=(
        "Output (r, c) is the median of the window `image[r : r + size, c : c + size]`.",
        "The window fits height - size + 1 times. Two loops and np.median do.",
        "`np.array([[np.median(image[r : r + size, c : c + size]) for c in range(columns)] for r in range(rows)])`",
    ),
)
def median(answer, rng):
    """Medians of all windows that lie within the image."""
    for shape, size in (((6, 7), 3), ((9, 8), 5), ((5, 6), 2), ((5, 5), 1)):
        image = rng.random(shape)
        case = f"for an image {shape} and size {size}"
        rows, columns = shape[0] - size + 1, shape[1] - size + 1
        windows = sliding_window_view(image, (size, size))
        wanted = np.median(windows, axis=(2, 3))
        found = _array(answer(image, size, case=case), f"The output {case}")
        expect(
            size == 1 or found.shape != shape,
            f"{case} the output has the image's shape: only windows within the image count, {rows} x {columns}.",
        )
        expect(
            size == 1 or found.shape != (rows - 1, columns - 1),
            f"{case} the last row and column of windows are missing (+ 1).",
        )
        tiles = (-(-shape[0] // size), -(-shape[1] // size)), (shape[0] // size, shape[1] // size)
        expect(
            found.shape == (rows, columns) or found.shape not in tiles,
            f"{case} the output has the shape {found.shape}: windows overlap, the next one begins one pixel further.",
        )
        found = as_array(found, (rows, columns), f"The output {case}")
        for value, message in (
            (windows.mean(axis=(2, 3)), "that is the mean of each window: take the median."),
            (windows.max(axis=(2, 3)), "that is the maximum of each window: take the median."),
            (windows.min(axis=(2, 3)), "that is the minimum of each window: take the median."),
            (
                np.median(np.median(windows, axis=3), axis=2),
                "that is a median of medians of rows: take the median of all pixels of the window at once.",
            ),
            (
                np.median(np.median(windows, axis=2), axis=2),
                "that is a median of medians of columns: take the median of all pixels of the window at once.",
            ),
            (
                image[size // 2 : size // 2 + rows, size // 2 : size // 2 + columns],
                "these are the middle pixels of the windows as they stand: the middle one of the *sorted* values is "
                "wanted.",
            ),
            (np.full_like(wanted, np.median(image)), "that is one median for the whole image: one for each window."),
        ):
            expect(not close(found, value) or close(value, wanted), message)
        expect(
            close(found, wanted),
            f"{case} the first entry should be {wanted[0, 0]:.3f}, the median of image[0:{size}, 0:{size}], "
            f"yours is {found[0, 0]:.3f}.",
        )


@exercise(
    "07-tune",
    "tune",
    hints=(
        "Two steps: *choose* by the validation scores; *report* the test score of what was chosen.",
        "`i = np.argmax(validation)` is the place of the best validation score.",
        "`return settings[i], test[i]`",
    ),
)
def tune(answer, rng):
    """The setting with the best validation score, and its test score."""
    for n in (3, 5, 4):
        settings = (rng.permutation(np.arange(1, n + 1)) / 8).round(3)
        validation = rng.permutation(np.linspace(12, 18, n))
        test = validation.copy()
        best = int(validation.argmax())
        order = rng.permutation([i for i in range(n) if i not in (best, validation.argmin())])
        order = np.append(order, validation.argmin())
        test[order[0]] = 2 * validation.max() - validation[order[0]] + 1  # better on test data, by luck, and in sum
        test[best] = validation.max() - 0.7
        test[order[1:]] -= 2
        found = answer(settings, validation, test)
        expect(
            isinstance(found, tuple | list | np.ndarray) and np.size(found) == 2,
            "return two things: `return setting, test_score`.",
        )
        setting, score = as_number(found[0], "The setting"), as_number(found[1], "The score")
        for value, result, message in (
            (
                settings[order[0]],
                test[order[0]],
                "you chose by the *test* scores: then the test data has helped to tune, and its score is too good.",
            ),
            (
                settings[best],
                validation[best],
                "the setting is right; but report its *test* score, not the validation one.",
            ),
            (settings[best], test.max(), "the setting is right, but that is the best test score of *all* settings."),
            (best, test[best], "return the setting itself, not its place in the list."),
            (
                settings[validation.argmin()],
                test[validation.argmin()],
                "a larger PSNR is better: look for the maximum.",
            ),
            (
                settings[(validation + test).argmax()],
                test[(validation + test).argmax()],
                "choose by the validation scores alone.",
            ),
        ):
            same = close(setting, value) and close(score, result)
            expect(not same or (close(value, settings[best]) and close(result, test[best])), message)
        expect(close(setting, settings[best]), f"the best on validation is {settings[best]}, yours is {setting}.")
        expect(close(score, test[best]), f"its test score is {test[best]:.2f}, yours is {score:.2f}.")


def _array(value, what):
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise CheckFailed(f"{what} should be an array of numbers, every row of the same length.") from None
