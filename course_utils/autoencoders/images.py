"""Noise for images in 0..1, and how good a reconstruction is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def add_gaussian(images: NDArray[np.floating], sigma: float, seed: int = 0) -> NDArray[np.float32]:
    """Add normal noise of standard deviation sigma, and clip to 0..1.

    Raises
    ------
    ValueError
        If sigma is negative.
    """
    if sigma < 0:
        raise ValueError(f"sigma must be >= 0, got {sigma!r}.")
    noise = np.random.default_rng(seed).normal(0, sigma, images.shape)
    return np.clip(images + noise, 0, 1).astype(np.float32)


def add_salt_and_pepper(images: NDArray[np.floating], share: float, seed: int = 0) -> NDArray[np.float32]:
    """Set a share of the pixels, drawn at random, to 0 or 1.

    Raises
    ------
    ValueError
        If the share does not lie in 0..1.
    """
    rng = np.random.default_rng(seed)
    hit = rng.random(images.shape) < _check_share(share)
    return np.where(hit, rng.integers(0, 2, images.shape), images).astype(np.float32)


def add_masking(images: NDArray[np.floating], share: float, seed: int = 0) -> NDArray[np.float32]:
    """Set a share of the pixels, drawn at random, to 0 (as if nothing had been measured there).

    Raises
    ------
    ValueError
        If the share does not lie in 0..1.
    """
    kept = np.random.default_rng(seed).random(images.shape) >= _check_share(share)
    return (images * kept).astype(np.float32)


def mean_psnr(clean: NDArray[np.floating], images: NDArray[np.floating]) -> float:
    """Mean over images of the peak signal-to-noise ratio in dB, for images in 0..1, shape (n, h, w, 1)."""
    from skimage.metrics import peak_signal_noise_ratio

    return float(np.mean([peak_signal_noise_ratio(a, b, data_range=1) for a, b in zip(clean, images, strict=True)]))


def mean_ssim(clean: NDArray[np.floating], images: NDArray[np.floating]) -> float:
    """Mean over images of the structural similarity, for images in 0..1, shape (n, h, w, 1)."""
    from skimage.metrics import structural_similarity

    pairs = zip(clean[..., 0], images[..., 0], strict=True)
    return float(np.mean([structural_similarity(a, b, data_range=1) for a, b in pairs]))


def _check_share(share: float) -> float:
    if not 0 <= share <= 1:
        raise ValueError(f"share must lie in 0..1, got {share!r}.")
    return share
