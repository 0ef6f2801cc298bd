"""Faces of 64x64 pixels: drawn, with known factors, or photographs."""

from __future__ import annotations

from functools import lru_cache
from numbers import Integral

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from course_utils.data.cache import DataUnavailable, fall_back, local_files

SIZE = 64
SOURCES = ("builtin", "olivetti", "lfw")
_AT_ONCE = 16  # faces painted together: more would not stay in the processor's cache


def load_faces(
    source: str = "builtin", *, n: int = 4000, seed: int = 0, fallback: bool = False
) -> tuple[NDArray[np.float32], pd.DataFrame]:
    """Load faces: drawn ones with all that they were drawn from, or photographs.

    Parameters
    ----------
    source : {"builtin", "olivetti", "lfw"}
        ``"builtin"``: drawn, see `draw_faces`. ``"olivetti"``: 400 photographs of 40 people. ``"lfw"``: Labeled Faces
        in the Wild, people with at least 20 photographs, from scikit-learn's folder; it is large (200 MB), so it is
        used if it is there and never downloaded.
    n, seed : number of drawn faces, and which; photographs are all returned
    fallback : if photographs cannot be had, print one line and return drawn faces instead

    Returns
    -------
    images : float32 array of shape (n, 64, 64, 1) in [0, 1], white is 1
    factors : DataFrame of n rows; for photographs with one column, person

    Raises
    ------
    ValueError
        If the source is unknown, or n is not an integer >= 1.
    DataUnavailable
        If photographs are neither there nor to be had, and `fallback` is off.
    """
    if source not in SOURCES:
        raise ValueError(f"unknown source of faces {source!r}: expected one of {', '.join(SOURCES)}.")
    if source == "builtin":
        return draw_faces(n, seed=seed)
    try:
        return _olivetti() if source == "olivetti" else _lfw()
    except DataUnavailable as error:
        fall_back(error, fallback, "drawn faces")
        return draw_faces(n, seed=seed)


def _olivetti() -> tuple[NDArray[np.float32], pd.DataFrame]:
    from sklearn.datasets import fetch_olivetti_faces

    (path,) = local_files("olivetti")
    content = fetch_olivetti_faces(data_home=str(path.parent), download_if_missing=False)
    return content.images.astype(np.float32)[..., None], pd.DataFrame({"person": content.target})


def _lfw() -> tuple[NDArray[np.float32], pd.DataFrame]:
    from sklearn.datasets import fetch_lfw_people

    middle = slice(61, 189)  # 128 of the photograph's 250 pixels, around the face
    try:
        content = fetch_lfw_people(
            min_faces_per_person=20, resize=0.5, slice_=(middle, middle), download_if_missing=False
        )
    except OSError:
        raise DataUnavailable(
            "Labeled Faces in the Wild is not in scikit-learn's folder.\nWhat to do: with a connection, run "
            "`sklearn.datasets.fetch_lfw_people()` in Python once (200 MB); or use the built-in faces.",
            "Labeled Faces in the Wild is not here",
        ) from None
    return content.images.astype(np.float32)[..., None], pd.DataFrame({"person": content.target})


def draw_faces(n: int, *, seed: int = 0) -> tuple[NDArray[np.float32], pd.DataFrame]:
    """Draw faces from random factors.

    Parameters
    ----------
    n : number of faces, at least 1
    seed : the same seed gives the same faces

    Returns
    -------
    images : float32 array of shape (n, 64, 64, 1) in [0, 1], white is 1
    factors : DataFrame of n rows, what each face was drawn from
        glasses, moustache, smile : bool, independent of each other
        age : years, 20 to 80; hair turns grey, and lines appear
        older : bool, age of 55 or more
        hair_length : 0 for bald, up to 1 for hair that falls on the shoulders
        hair : "none", "short" or "long"; borders at lengths of 0.1 and 0.5
        skin, hair_tone : brightness in 0..1
        mouth : how far its corners are drawn up; above 0.4 where smile is true, else below 0.15
        turn : of the head, -1 (to the left) to 1
        tilt : degrees, -5 to 5
        x, y : shift in pixels
        size : of the head, about 1

    Raises
    ------
    ValueError
        If n is not an integer >= 1.
    """
    if isinstance(n, bool) or not isinstance(n, Integral) or n < 1:
        raise ValueError(f"n must be an integer >= 1, got {n!r}.")
    images, factors = _drawn(int(n), seed)
    return images.copy(), factors.copy()


@lru_cache(maxsize=2)
def _drawn(n: int, seed: int) -> tuple[NDArray[np.float32], pd.DataFrame]:
    factors = _draw_factors(n, np.random.default_rng(seed))
    numbers = {name: factors[name].to_numpy() for name in factors}
    parts = [
        _paint({name: column[start : start + _AT_ONCE] for name, column in numbers.items()})
        for start in range(0, n, _AT_ONCE)
    ]
    return np.concatenate(parts)[..., None], factors


def _draw_factors(n: int, rng: np.random.Generator) -> pd.DataFrame:
    age = rng.uniform(20, 80, n)
    smile = rng.random(n) < 0.5
    grey = np.clip((age - 40) / 40, 0, 1)
    hair_length = rng.random(n)
    young_hair = rng.uniform(0.08, 0.4, n)
    return pd.DataFrame(
        {
            "glasses": rng.random(n) < 0.4,
            "moustache": rng.random(n) < 0.35,
            "smile": smile,
            "age": age,
            "older": age >= 55,
            "hair": np.select([hair_length < 0.1, hair_length < 0.5], ["none", "short"], "long"),
            "hair_length": hair_length,
            "skin": rng.uniform(0.5, 0.85, n),
            "hair_tone": young_hair + grey * (0.95 - young_hair) * 0.85,
            "mouth": np.where(smile, rng.uniform(0.45, 1, n), rng.uniform(-0.4, 0.1, n)),
            "turn": rng.uniform(-1, 1, n),
            "tilt": rng.uniform(-5, 5, n),
            "x": rng.uniform(-1.5, 1.5, n),
            "y": rng.uniform(-1.5, 1.5, n),
            "size": rng.uniform(0.96, 1.04, n),
        }
    )


class _Canvas:
    """Grey images that shapes are painted on; a shape is a signed distance, negative inside."""

    def __init__(self, n: int, brightness: float) -> None:
        self.pixels = np.full((n, SIZE, SIZE), brightness, np.float32)

    def paint(self, distance: NDArray, brightness: NDArray | float, where: NDArray | None = None) -> None:
        """Cover the shape's inside; its edge is as soft as a pixel. `where` says on which images."""
        cover = np.clip(0.5 - distance / _EDGE, 0, 1)
        if where is not None:
            cover = cover * where.astype(np.float32)[:, None, None]
        self.pixels += cover * (np.asarray(brightness, np.float32) - self.pixels)


_EDGE = 2 * 1.45 / SIZE  # a pixel in units of the head, whose half height is 1


def _paint(f: dict[str, NDArray]) -> NDArray[np.float32]:
    """Paint one batch; x runs to the right and y down, in units of half the head's height."""
    column = {name: np.asarray(f[name], np.float32)[:, None, None] for name in f if name != "hair"}
    x, y = _head_coordinates(column)
    skin, tone, turn = column["skin"], column["hair_tone"], column["turn"]
    length = column["hair_length"]
    receding = np.clip(1 - length / 0.15, 0, 1)
    dark = np.float32(0.06)
    u = x - 0.12 * turn  # features move with the turn of the head, its outline does not

    canvas = _Canvas(len(x), 0.95)
    behind = np.minimum(_ellipse(x, y + 0.02, 0.94, 1.16), _box(x, y - 0.75, 0.9, 0.75))
    canvas.paint(np.maximum(behind + 0.2 * receding, y + 0.6 - 1.9 * length), tone)
    canvas.paint(_box(x, y - 1.05, 0.3, 0.3), 0.88 * skin)
    canvas.paint(_ellipse(x, y - 1.75, 1.15, 0.62), 0.3)
    for side in (-1, 1):
        canvas.paint(_ellipse(x - side * 0.78, y - 0.02, 0.13, 0.2), 0.92 * skin)
    canvas.paint(_ellipse(x, y, 0.8, 1.0), skin)
    hairline = y + 0.54 + 0.5 * receding - 0.12 * (u / 0.8) ** 2
    canvas.paint(np.maximum(_ellipse(x, y + 0.04, 0.84, 1.06) + 0.08 * receding, hairline), tone)
    _paint_lines(canvas, u, y, column)
    for side in (-1, 1):
        v = u - side * 0.32
        canvas.paint(_box(v, y + 0.31, 0.17, 0.035), np.minimum(tone, 0.55 * skin))
        canvas.paint(_ellipse(v, y + 0.1, 0.17, 0.12), 1.0)
        canvas.paint(_ellipse(v - 0.06 * turn, y + 0.1, 0.09, 0.1), dark)
    canvas.paint(_ellipse(u - 0.05 * turn, y - 0.14, 0.075, 0.2), 0.78 * skin)
    _paint_mouth(canvas, u, y, column["mouth"])
    drooping = y - 0.365 - 0.3 * u**2
    canvas.paint(_ellipse(u, drooping, 0.42, 0.125), np.minimum(tone, 0.4) * 0.5, f["moustache"])
    _paint_glasses(canvas, u, x, y, f["glasses"])
    return np.clip(canvas.pixels, 0, 1)


def _head_coordinates(column: dict[str, NDArray]) -> tuple[NDArray, NDArray]:
    """Position of each pixel in the frame of each head."""
    grid = (np.arange(SIZE, dtype=np.float32) + 0.5) / SIZE * 2 - 1
    x = 1.45 * (grid[None, None, :] - column["x"] * 2 / SIZE)
    y = 1.45 * (grid[None, :, None] - column["y"] * 2 / SIZE)
    angle = np.deg2rad(column["tilt"])
    cos, sin = np.cos(angle) / column["size"], np.sin(angle) / column["size"]
    return cos * x + sin * y, cos * y - sin * x


def _paint_lines(canvas: _Canvas, u: NDArray, y: NDArray, column: dict[str, NDArray]) -> None:
    """Draw lines on the forehead and beside the mouth, deeper with age."""
    depth = np.clip((column["age"] - 40) / 30, 0, 1)
    line = column["skin"] * (1 - 0.55 * depth)
    for height in (-0.52, -0.41):
        canvas.paint(_box(u, y - height, 0.34, 0.026), line)
    for side in (-1, 1):
        canvas.paint(_box(u - side * (0.4 + 0.12 * y), y - 0.4, 0.034, 0.17), line)


def _paint_mouth(canvas: _Canvas, u: NDArray, y: NDArray, mouth: NDArray) -> None:
    """Draw a wide, bold line whose corners go up; a smile shows teeth."""
    width = 0.37 + 0.08 * mouth
    bend = 0.26 * mouth * (1 - (u / width) ** 2)
    middle = y - 0.6 - bend + 0.12 * mouth
    canvas.paint(np.maximum(np.abs(middle) - 0.06, np.abs(u) - width), 0.12)
    teeth = np.maximum(np.abs(middle + 0.45 * bend) - 0.4 * np.abs(bend), np.abs(u) - 0.85 * width)
    canvas.paint(teeth, 0.97, mouth[:, 0, 0] > 0.3)


def _paint_glasses(canvas: _Canvas, u: NDArray, x: NDArray, y: NDArray, where: NDArray) -> None:
    """Draw thick round frames, a bridge, and temples to the ears."""
    frames = np.minimum(_ring(u - 0.32, y + 0.1, 0.26), _ring(u + 0.32, y + 0.1, 0.26))
    bridge = _box(u, y + 0.14, 0.1, 0.035)
    outside = np.abs(u) - 0.55
    temples = np.maximum(np.maximum(np.abs(y + 0.14) - 0.035, -outside), np.abs(x) - 0.82)
    canvas.paint(np.minimum(np.minimum(frames, bridge), temples), 0.04, where)


def _ellipse(x: NDArray, y: NDArray, a: float, b: float) -> NDArray:
    """Signed distance to an ellipse's edge, nearly."""
    return (np.sqrt((x / a) ** 2 + (y / b) ** 2) - 1) * min(a, b)


def _ring(x: NDArray, y: NDArray, radius: float) -> NDArray:
    return np.abs(np.sqrt(x**2 + y**2) - radius) - 0.045


def _box(x: NDArray, y: NDArray, a: float, b: float) -> NDArray:
    return np.maximum(np.abs(x) - a, np.abs(y) - b)
