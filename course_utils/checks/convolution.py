"""Checks of notebook 06, the deep convolutional autoencoder."""

from __future__ import annotations

from math import ceil

import numpy as np

from course_utils.checks.base import as_array, as_number, close, exercise, expect


@exercise(
    "06-convolve",
    "convolve",
    hints=(
        "Output (r, c) sees the window of the kernel's size whose upper left corner is at (r * stride, c * stride).",
        "The window fits (height - kernel height) // stride + 1 times; make an output of that size with np.zeros, and "
        "fill it in two loops.",
        "`out[r, c] = (image[r * stride : r * stride + kh, c * stride : c * stride + kw] * kernel).sum()`",
    ),
)
def convolve(answer, rng):
    """Cross-correlation without padding, with a stride, against scipy."""
    from scipy.signal import convolve2d, correlate2d  # takes most of a second, and every notebook imports the checks

    for shape, size, stride in (((5, 7), (3, 3), 1), ((7, 6), (3, 2), 1), ((8, 9), (3, 3), 2), ((7, 10), (2, 3), 3)):
        image, kernel = rng.normal(size=shape), rng.normal(size=size)
        wanted = correlate2d(image, kernel, mode="valid")[::stride, ::stride]
        case = f"for an image {shape}, a kernel {size} and stride {stride}"
        found = answer(image, kernel, stride, case=case)
        plain = np.shape(found)
        same = correlate2d(image, kernel, mode="same")[::stride, ::stride]
        expect(
            plain == wanted.shape or plain != same.shape,
            f"{case} the output has the shape {plain}: no padding here, only windows within the image count.",
        )
        expect(
            plain == wanted.shape or plain != correlate2d(image, kernel, mode="valid").shape,
            f"{case} the output has the shape {plain}, the size for stride 1; here it is {wanted.shape}.",
        )
        expect(
            plain == wanted.shape or plain != (wanted.shape[0] - 1, wanted.shape[1] - 1),
            f"{case} the output has the shape {plain}: the last windows are missing (add 1 after dividing).",
        )
        found = as_array(found, wanted.shape, f"The output {case}")
        flipped = convolve2d(image, kernel, mode="valid")[::stride, ::stride]
        expect(
            not close(found, flipped),
            "the kernel is flipped: in deep learning the window is multiplied by the kernel as it is.",
        )
        expect(
            not close(found, wanted / kernel.size),
            "the products of a window are added up: take their sum, not their mean.",
        )
        crop = correlate2d(image, kernel, mode="valid")[: wanted.shape[0], : wanted.shape[1]]
        expect(
            stride == 1 or not close(found, crop),
            f"{case} the output has the right shape, but the window moves by one pixel: it starts at r * stride.",
        )
        expect(
            close(found, wanted),
            f"{case} the first entry should be {wanted[0, 0]:.3f}, yours is {found[0, 0]:.3f}; "
            f"the last {wanted[-1, -1]:.3f}, yours {found[-1, -1]:.3f}.",
        )


@exercise(
    "06-layer",
    "conv_layer",
    hints=(
        'With padding "same" and stride 1 the size stays. With stride s there is one window in every s pixels.',
        "The height is height / stride, rounded up. One filter has kernel * kernel weights for *each* input channel, "
        "and one bias.",
        "`shape = (-(-height // stride), -(-width // stride), filters)` and "
        "`weights = (kernel * kernel * channels + 1) * filters`",
    ),
)
def layer(answer, rng):
    """Output shape and number of weights of a convolution with padding "same", against Keras's rule."""
    cases = [(28, 28, 1, 32, 3, 2), (14, 14, 32, 16, 3, 2), (7, 9, 4, 5, 5, 1), (15, 10, 3, 8, 3, 2)]
    cases += [(8, 11, 2, 3, 3, 3), (10, 7, 3, 4, 2, 3)]
    cases += [tuple(int(n) for n in rng.integers([6, 6, 2, 2, 2, 1], [30, 30, 9, 9, 6, 4])) for _ in range(3)]
    for height, width, channels, filters, kernel, stride in cases:
        case = f"for {height}x{width}x{channels}, {filters} filters of {kernel}x{kernel} and stride {stride}"
        found = answer(height, width, channels, filters, kernel, stride, case=case)
        expect(
            isinstance(found, tuple | list) and len(found) == 2,
            "return two things: `return (height, width, channels), weights`.",
        )
        shape, weights = found
        expect(
            isinstance(shape, tuple | list | np.ndarray) and len(shape) == 3,
            f"the shape should be (height, width, channels), yours is {shape!r}.",
        )
        shape = [as_number(n, "Each entry of the shape") for n in shape]
        expect(
            all(n == np.round(n) for n in shape),
            f"{case} the shape {tuple(shape)} has pieces of pixels: round up, an incomplete group counts too.",
        )
        shape = tuple(int(n) for n in shape)
        right = (ceil(height / stride), ceil(width / stride), filters)
        floor = (height // stride, width // stride, filters)
        valid = ((height - kernel) // stride + 1, (width - kernel) // stride + 1, filters)
        expect(shape[2] == filters, f"{case} there are {shape[2]} channels: every filter makes one map, so {filters}.")
        expect(shape == right or shape != (height, width, filters), f"{case} the stride is ignored in the shape.")
        expect(
            shape == right or shape != (right[1], right[0], filters), f"{case} height and width have changed places."
        )
        expect(
            shape == right or shape != floor,
            f"{case} the shape is rounded down: an incomplete group of pixels gets a window too, so round *up*.",
        )
        expect(
            shape == right or shape != valid,
            f'{case} that is the shape without padding: with "same" zeros are added around the image.',
        )
        expect(shape == right, f"{case} the shape is {right}, yours {shape}.")
        weights = as_number(weights, "The number of weights")
        expected = (kernel**2 * channels + 1) * filters
        for value, message in (
            (kernel**2 * channels * filters, "the biases are missing: one for each filter."),
            (
                (kernel**2 + 1) * filters,
                "every filter looks at *all* input channels: kernel * kernel * channels weights.",
            ),
            (
                (kernel * channels + 1) * filters,
                "a filter is kernel pixels high *and* kernel pixels wide: square it.",
            ),
            ((kernel**2 + 1) * channels * filters, "a filter has one bias, not one for each channel."),
            (kernel**2 * channels * filters + 1, "each filter has a bias of its own, not all together one."),
            (
                (kernel**2 * channels + 1) * filters * right[0] * right[1],
                "the same weights serve at every place: do not multiply by the image's size.",
            ),
        ):
            expect(weights != value or value == expected, f"{case}: {message}")
        expect(weights == expected, f"{case} there are {expected} weights, yours are {weights:g}.")


@exercise(
    "06-transposed",
    "transposed",
    hints=(
        "Every z_i paints a whole kernel, z_i * kernel, from place i * stride on.",
        "The last kernel begins at (len(z) - 1) * stride, so that the output has (len(z) - 1) * stride + len(kernel) "
        "places. Where kernels overlap, they add up.",
        "`out[i * stride : i * stride + len(kernel)] += z[i] * kernel` for each i, with `out` zeros at the start",
    ),
)
def transposed(answer, rng):
    """Transposed convolution in one dimension, against the transpose of the convolution's matrix."""
    for n, size, stride in ((3, 3, 2), (4, 2, 2), (4, 3, 1), (3, 4, 2), (4, 5, 3)):
        z, kernel = rng.normal(size=n), rng.normal(size=size)
        length = (n - 1) * stride + size
        case = f"for {n} numbers, a kernel of {size} and stride {stride}"
        matrix = np.zeros((n, length))
        for row in range(n):
            matrix[row, row * stride : row * stride + size] = kernel
        wanted = matrix.T @ z
        found = answer(z, kernel, stride, case=case)
        expect(
            np.shape(found) == (length,) or np.shape(found) not in ((n * stride,), (n * size,)),
            f"{case} the output has {np.size(found)} places: the last kernel begins at (n - 1) * stride, so {length}.",
        )
        expect(
            np.shape(found) == (length,) or np.shape(found) != (n + size - 1,),
            f"{case} the output has {np.size(found)} places: the stride is ignored.",
        )
        found = as_array(found, (length,), f"The output {case}")
        overwritten, flipped = np.zeros(length), np.zeros(length)
        for i in range(n):
            overwritten[i * stride : i * stride + size] = z[i] * kernel
            flipped[i * stride : i * stride + size] += z[i] * kernel[::-1]
        expect(
            close(overwritten, wanted) or not close(found, overwritten),
            "where two kernels overlap, the later one overwrites the earlier: they must add up (+=).",
        )
        expect(not close(found, flipped), "the kernel is reversed: paint it as it is.")
        crowded = np.zeros(length)
        for i in range(n):
            crowded[i : i + size] += z[i] * kernel
        expect(
            stride == 1 or not close(found, crowded),
            "the kernels are painted one place apart: kernel i begins at i * stride.",
        )
        expect(not close(found, matrix.T @ np.ones(n)), "the kernels are painted with strength 1: multiply by z_i.")
        expect(
            close(found, wanted),
            f"{case} the output should be {wanted.round(2).tolist()}, yours is {found.round(2).tolist()}.",
        )
