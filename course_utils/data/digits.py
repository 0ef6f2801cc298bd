"""Handwritten digits of 28x28 pixels: built in (UCI, enlarged), or MNIST."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from course_utils.data.cache import DataUnavailable, fall_back, local_files

Split = tuple[NDArray[np.float32], NDArray[np.int64]]
SOURCES = ("builtin", "mnist", "mnist-full")

_TEST_SHARE = 0.2
_N_TRAIN = 8000


def load_digits(source: str = "builtin", *, fallback: bool = False) -> tuple[Split, Split]:
    """Load handwritten digits, 0 to 9.

    Parameters
    ----------
    source : {"builtin", "mnist", "mnist-full"}
        ``"builtin"``: scikit-learn's 1,797 UCI digits of 8x8 pixels, enlarged; 1,437 of them become 8,000 training
        images (each once as it is, the others slightly turned, scaled, sheared and shifted), the other 360 are the
        test images. No test digit has a relative among the training images.
        ``"mnist"``: MNIST's file of 10,000 images (1.6 MB): 8,000 for training, 2,000 for testing.
        ``"mnist-full"``: all of MNIST (11 MB): 60,000 and 10,000.
    fallback : if real data cannot be had, print one line and return the built-in data instead

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        Images are float32 of shape (n, 28, 28, 1) in [0, 1], ink is 1; labels are int64 of shape (n,).

    Raises
    ------
    ValueError
        If the source is unknown.
    DataUnavailable
        If real data is neither in the cache nor to be had, and `fallback` is off.
    """
    if source not in SOURCES:
        raise ValueError(f"unknown source of digits {source!r}: expected one of {', '.join(SOURCES)}.")
    if source == "builtin":
        return _builtin()
    try:
        paths = local_files(source)
    except DataUnavailable as error:
        fall_back(error, fallback, "the built-in digits")
        return _builtin()
    return _mnist(*paths) if source == "mnist" else _mnist_full(*paths)


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read a gzipped IDX file of bytes, the format of MNIST.

    Raises
    ------
    ValueError
        If the header does not fit the content.
    """
    content = gzip.decompress(Path(path).read_bytes())
    n_axes = content[3] if len(content) >= 4 and content[:3] == b"\x00\x00\x08" else 0
    shape = np.frombuffer(content, dtype=">u4", count=n_axes, offset=4) if n_axes else ()
    if not n_axes or len(content) != 4 + 4 * n_axes + np.prod(shape, dtype=int):
        raise ValueError(f"{path} is not an IDX file of bytes: the header does not fit its {len(content)} bytes.")
    return np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * n_axes).reshape(shape)


def _mnist(images: Path, labels: Path) -> tuple[Split, Split]:
    x, y = _as_images(read_idx(images)), read_idx(labels).astype(np.int64)
    return (x[:_N_TRAIN], y[:_N_TRAIN]), (x[_N_TRAIN:], y[_N_TRAIN:])


def _mnist_full(path: Path) -> tuple[Split, Split]:
    with np.load(path, allow_pickle=False) as content:
        return (
            (_as_images(content["x_train"]), content["y_train"].astype(np.int64)),
            (_as_images(content["x_test"]), content["y_test"].astype(np.int64)),
        )


def _as_images(x: NDArray[np.uint8]) -> NDArray[np.float32]:
    return (x.astype(np.float32) / 255)[..., None]


def _builtin() -> tuple[Split, Split]:
    from sklearn.datasets import load_digits as load_uci_digits
    from sklearn.model_selection import train_test_split

    small, y = load_uci_digits(return_X_y=True)
    small = small.reshape(-1, 8, 8) / 16
    # Split by original image first: no test digit has an altered copy among the training images.
    small_train, small_test, y_train, y_test = train_test_split(
        small, y, test_size=_TEST_SHARE, stratify=y, random_state=0
    )
    x_train, x_test = _enlarge(small_train), _enlarge(small_test)
    rng = np.random.default_rng(0)
    extra = rng.integers(len(x_train), size=_N_TRAIN - len(x_train))
    x_train = np.concatenate([x_train, _vary(x_train[extra], rng)])
    y_train = np.concatenate([y_train, y_train[extra]])
    order = rng.permutation(_N_TRAIN)
    return (x_train[order, ..., None], y_train[order].astype(np.int64)), (x_test[..., None], y_test.astype(np.int64))


def _enlarge(small: NDArray[np.floating]) -> NDArray[np.float32]:
    """(n, 8, 8) -> (n, 28, 28): 20x20 pixels of strokes, centred by mass, as MNIST is made."""
    big = ndimage.zoom(small, (1, 2.5, 2.5), order=3, grid_mode=True, mode="nearest")
    big = 1 / (1 + np.exp(-12 * (big - 0.53)))  # soft threshold: thin, dark strokes
    big = np.pad(big, ((0, 0), (4, 4), (4, 4)))
    big = ndimage.gaussian_filter(big, (0, 0.5, 0.5))
    grid = np.arange(28)
    mass = big.sum(axis=(1, 2))
    rows, columns = (big.sum(axis=2) @ grid) / mass, (big.sum(axis=1) @ grid) / mass
    shifts = np.stack([rows - 14, columns - 14], axis=1)
    identity = np.broadcast_to(np.eye(2), (len(big), 2, 2))
    return _resample(big, identity, shifts)


def _vary(x: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Turn by up to 10 degrees, scale by up to 8 %, shear by up to 0.12 and shift by up to 1 pixel, at random."""
    n = len(x)
    angle = np.deg2rad(rng.uniform(-10, 10, n))
    scale = rng.uniform(0.92, 1.08, n)
    shear = rng.uniform(-0.12, 0.12, n)
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    matrices = np.stack([np.stack([cos, -sin], 1), np.stack([sin + shear, cos], 1)], axis=1)
    return _resample(x, matrices, rng.uniform(-1, 1, (n, 2)))


def _resample(x, matrices, shifts) -> NDArray[np.float32]:
    """Pixel p of image i is read, linearly interpolated, at matrices[i] (p - centre) + centre + shifts[i]."""
    n, height, width = x.shape
    centre = np.array([(height - 1) / 2, (width - 1) / 2])
    grid = np.stack(np.meshgrid(np.arange(height), np.arange(width), indexing="ij"), axis=-1).reshape(-1, 2) - centre
    places = np.einsum("nij,pj->nip", matrices, grid) + (centre + shifts)[:, :, None]
    images = np.broadcast_to(np.arange(n)[:, None], (n, height * width))
    values = ndimage.map_coordinates(x, [images, places[:, 0], places[:, 1]], order=1, mode="constant")
    return np.clip(values.reshape(n, height, width), 0, 1).astype(np.float32)
