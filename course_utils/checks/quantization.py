"""Checks of notebook 03, colour quantization."""

from __future__ import annotations

import numpy as np

from course_utils.checks.base import as_array, as_number, close, exercise, expect


@exercise(
    "03-psnr",
    "psnr",
    hints=(
        "What is `np.uint8(3) - np.uint8(5)`? Try it, then turn both images into floats first.",
        "Mean squared error: the mean over all pixels *and* channels of the squared difference.",
        "`10 * np.log10(255**2 / mse)`; when mse is 0 the images are equal: return `np.inf`.",
    ),
)
def psnr(answer, rng):
    """Peak signal-to-noise ratio in dB of two uint8 images."""
    original = rng.integers(40, 200, size=(12, 15, 3), dtype=np.uint8)
    change = rng.integers(-35, 36, size=original.shape)
    approximation = (original + change).astype(np.uint8)
    mse = np.mean(change.astype(float) ** 2)
    wanted = 10 * np.log10(255**2 / mse)

    found = as_number(answer(original, approximation), "The PSNR")
    wrapped = np.mean((original - approximation) ** 2)
    half_wrapped = np.mean((original - approximation).astype(float) ** 2)
    for value in (10 * np.log10(255**2 / wrapped), 10 * np.log10(255**2 / half_wrapped)):
        expect(
            not close(found, value, 1e-4),
            "the differences were taken in uint8, where 3 - 5 is 254: turn the images into floats first.",
        )
    for value, message in (
        (10 * np.log(255**2 / mse), "the logarithm is to base 10: np.log10."),
        (
            20 * np.log10(255**2 / mse),
            "10 goes with 255**2 / mse, and 20 with 255 / sqrt(mse): yours is twice too large.",
        ),
        (10 * np.log10(255 / mse), "the peak is squared: 255**2."),
        (
            10 * np.log10(original.max() ** 2.0 / mse),
            "the peak is what a pixel can be, 255, not this image's largest value.",
        ),
        (10 * np.log10(1 / mse), "the peak of uint8 images is 255, not 1."),
        (-wanted, "the ratio is upside down: a better copy should have a higher PSNR."),
        (10 * np.log10(255**2 / np.mean(np.abs(change))), "the mean is of squared differences, not of absolute ones."),
        (10 * np.log10(255**2 / np.sqrt(mse)), "the square root is one too many: divide by the mean of the squares."),
        (10 * np.log10(255**2 / (mse * original.size)), "you add up the squares: take their mean."),
        (
            10 * np.log10(255**2 / (3 * mse)),
            "the mean runs over the three channels as well: 3 x height x width numbers.",
        ),
    ):
        expect(not close(found, value, 1e-4), message)
    expect(close(found, wanted, 1e-6), f"expected {wanted:.2f} dB for an example, yours gives {found:.2f}.")
    black, white = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 255, np.uint8)
    found = as_number(answer(black, white, case="for a black and a white image"), "The PSNR of black against white")
    expect(
        close(1 + found, 1), f"black against white has 0 dB, yours {found:.2f}: small integers overflow, use floats."
    )
    same = as_number(answer(original, original.copy()), "The PSNR of two equal images")
    expect(same == np.inf, f"two equal images have no error: the PSNR is infinite, yours gives {same:g}.")


@exercise(
    "03-weighted-update",
    "weighted_update",
    hints=(
        "A colour that occurs 500 times pulls 500 times as hard as one that occurs once.",
        "For one cluster: sum of (colour x count), divided by the sum of the counts. Colours as floats, please.",
        "`np.average(colors[labels == c], axis=0, weights=counts[labels == c])` does it for cluster c.",
    ),
)
def weighted_update(answer, rng):
    """Each centroid is the mean of its colours, weighted by their number of pixels."""
    k = 3
    colors = rng.integers(120, 256, size=(30, 3), dtype=np.uint8)
    counts = np.concatenate([[4000], rng.integers(1, 900, size=29)])
    labels = np.concatenate([np.arange(k), rng.integers(0, k, size=27)])
    exact = colors.astype(float)
    sums, total = np.zeros((k, 3)), np.bincount(labels, weights=counts)[:, None]
    np.add.at(sums, labels, exact * counts[:, None])

    found = as_array(answer(colors, counts, labels, k), (k, 3), "The centroids")
    plain = np.array([exact[labels == c].mean(axis=0) for c in range(k)])
    expect(not close(found, plain), "every distinct colour counts once here: weight each by its number of pixels.")
    expect(not close(found, sums), "these are the weighted sums: divide by the cluster's sum of counts.")
    expect(
        not close(found, sums / np.bincount(labels)[:, None]),
        "you divide by the number of distinct colours: divide by the cluster's sum of counts.",
    )
    expect(
        not close(found, sums / counts.sum()), "divide by the counts of the cluster, not by those of the whole image."
    )
    expect(
        not close(found, np.rint(sums / total)) and not close(found, np.floor(sums / total)),
        "the centroids lose their fractions: keep floats, and round only the finished palette.",
    )
    expect(
        (found >= colors.min() - 1e-9).all(),
        "a mean came out below all its colours: uint8 numbers overflow at 255, so turn colours into floats.",
    )
    expect(close(found, sums / total), "a centroid is not the weighted mean of its cluster's colours.")
    k = int(rng.integers(5, 9))
    counts, labels = rng.integers(1, 900, size=30), np.concatenate([np.arange(k), rng.integers(0, k, size=30 - k)])
    wanted = [np.average(exact[labels == c], axis=0, weights=counts[labels == c]) for c in range(k)]
    found = as_array(answer(colors, counts, labels, k), (k, 3), f"The result for {k} clusters")
    expect(close(found, wanted), f"right for 3 clusters, wrong for {k}: is their number fixed in your code?")


@exercise(
    "03-indexed-bytes",
    "indexed_bytes",
    hints=(
        "With b bits one can tell 2**b colours apart. Which b of 1, 2, 4, 8 is the smallest with 2**b >= k?",
        "All pixels together take height x width x b bits, and 8 bits are one byte.",
        "`math.ceil(height * width * bits / 8) + 3 * k`, with `bits = next(b for b in (1, 2, 4, 8) if 2**b >= k)`.",
    ),
)
def indexed_bytes(answer, rng):
    """Bytes of an indexed image before compression: packed indices and the palette."""
    height, width = (int(n) for n in rng.integers(15, 60, size=2) * 2 + 1)
    pixels = height * width

    def size(k, bits):
        return -(-pixels * bits // 8) + 3 * k

    for k, bits in ((64, 8), (16, 4), (2, 1), (3, 2), (5, 4), (17, 8), (256, 8), (4, 2), (1, 1)):
        found, wanted = as_number(answer(height, width, k), "The size"), size(k, bits)
        where = f"for {height} x {width} pixels and {k} colours"
        expect(found != wanted - 3 * k, f"{where} the palette is missing: 3 bytes a colour.")
        expect(found not in (pixels * bits, pixels * bits + 3 * k), f"{where} that is a number of bits: 8 make a byte.")
        exact = pixels * np.log2(k) / 8 + 3 * k
        tight = -(-pixels * max(1, int(np.ceil(np.log2(k)))) // 8) + 3 * k
        expect(
            found != tight or tight == wanted,
            f"{where} PNG stores 1, 2, 4 or 8 bits an index: {bits} here.",
        )
        expect(
            not close(found, exact, 1e-3) or close(exact, wanted, 1e-3),
            f"{where} log2(k) is a fraction or 0: an index takes a whole number of bits, and at least one.",
        )
        expect(
            found != pixels + 3 * k or bits == 8,
            f"{where} one byte a pixel is more than needed: {bits} bits are enough.",
        )
        expect(found != wanted - 1, f"{where} the last byte is only partly used, but it is there: round up.")
        expect(found == wanted, f"{where} expected {wanted} bytes, yours gives {found:g}.")
