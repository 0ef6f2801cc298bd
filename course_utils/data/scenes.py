"""Scenes: several digits at random places of a larger image, with the box of each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

_MAX_DRAWS = 1000


class Scenes(NamedTuple):
    """Scenes of several objects.

    Attributes
    ----------
    images : float32 array of shape (n, side, side, 1) in [0, 1]
    classes : integer array of shape (n, n_digits)
    boxes : integer array of shape (n, n_digits, 4): top, left, bottom, right; bottom and right are the first row and
        column outside
    """

    images: NDArray[np.float32]
    classes: NDArray[np.int64]
    boxes: NDArray[np.int64]


def make_scenes(
    images: ArrayLike, labels: ArrayLike, n: int, *, n_digits: int = 2, side: int = 60, seed: int = 0
) -> Scenes:
    """Put digits of different classes at random places, so that their frames do not overlap.

    Parameters
    ----------
    images : array of shape (m, h, w, 1), ink is 1
    labels : integer array of shape (m,)
    n : number of scenes, at least 1
    n_digits : digits in each, at least 1
    side : height and width of a scene in pixels
    seed : of the choice of digits and places

    Returns
    -------
    scenes : images, classes and boxes; a box is the frame of the digit's image

    Raises
    ------
    ValueError
        If images and labels do not fit, a number is out of range, there are fewer classes than digits in a scene, or
        a scene is too small for its digits.
    """
    images, labels = np.asarray(images, dtype=np.float32), np.asarray(labels)
    if images.ndim != 4 or images.shape[3] != 1 or labels.shape != images.shape[:1] or not len(images):
        raise ValueError(f"expected images (m, h, w, 1) and labels (m,), got {images.shape} and {labels.shape}.")
    for what, value in (("n", n), ("n_digits", n_digits), ("side", side)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(f"{what} must be an integer >= 1, got {value!r}.")
    if len(np.unique(labels)) < n_digits:
        raise ValueError(f"{n_digits} digits of different classes need as many classes, got {len(np.unique(labels))}.")
    rng = np.random.default_rng(seed)
    chosen = _redraw_until(
        lambda k: rng.integers(0, len(images), (k, n_digits)), lambda ids: _all_different(labels[ids]), n
    )
    frame = images.shape[1:3]
    if max(frame) > side:
        raise ValueError(f"digits of {frame[0]} x {frame[1]} pixels do not fit into a scene of {side} pixels.")
    room = (side - frame[0] + 1, side - frame[1] + 1)
    corners = _redraw_until(
        lambda k: rng.integers(0, room, (k, n_digits, 2)), lambda places: _all_apart(places, frame), n
    )
    scenes = np.zeros((n, side, side, 1), np.float32)
    for j in range(n_digits):
        rows = corners[:, j, 0, None] + np.arange(frame[0])
        columns = corners[:, j, 1, None] + np.arange(frame[1])
        scenes[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]] = images[chosen[:, j]]
    return Scenes(scenes, labels[chosen], np.concatenate([corners, corners + frame], axis=2))


def _redraw_until(draw, is_good, n: int) -> NDArray[np.int64]:
    """Draw n things, and those that are no good again."""
    drawn = draw(n)
    for _ in range(_MAX_DRAWS):
        bad = np.flatnonzero(~is_good(drawn))
        if not len(bad):
            return drawn
        drawn[bad] = draw(len(bad))
    raise ValueError(f"no room for {drawn.shape[1]} digits without overlap: take a larger side, or fewer digits.")


def _all_different(classes: NDArray) -> NDArray[np.bool_]:
    ordered = np.sort(classes, axis=1)
    return (ordered[:, 1:] != ordered[:, :-1]).all(axis=1)


def _all_apart(corners: NDArray, frame: tuple[int, int]) -> NDArray[np.bool_]:
    """Whether no two frames of a scene overlap."""
    apart = (np.abs(corners[:, :, None] - corners[:, None]) >= frame).any(axis=-1)
    return (apart | np.eye(corners.shape[1], dtype=bool)).all(axis=(1, 2))
