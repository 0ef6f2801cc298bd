"""Grids of pictures, their rows and columns named in the picture."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_utils.plots import canvas
from course_utils.plots.canvas import INK, WIDTH

_GAP = 0.05  # inches between pictures
_LINE = 0.175  # inches a line of words takes
_LETTER = 0.082  # inches a letter takes
_LARGEST = 2.2  # inches: the side of a small picture
_LOOKS = {"ink": "gray_r", "photo": "gray", "weights": "gray_r"}


def images(
    pictures: Mapping[str, Any] | Sequence[ArrayLike] | NDArray,
    titles: Sequence[str | float] = (),
    *,
    figure: str | None = None,
    columns: Sequence[str | float] = (),
    n: int | None = None,
    ncols: int | None = None,
    look: str = "ink",
    alt: str | None = None,
) -> None:
    """Pictures in a grid: grey (h, w) or (h, w, 1), or RGB (h, w, 3).

    Parameters
    ----------
    pictures : name -> picture draws each under its name; name -> several pictures draws a row of each, with its name
        at the left; a sequence of pictures fills row after row
    titles : words, or numbers, above each picture of a sequence
    figure : name of the figure in the file of texts
    columns : words, or numbers, above the columns
    n : how many pictures of each row, the first ones; all by default
    ncols : pictures in a row, for a sequence or named pictures; by default what fills the rows evenly
    look : of grey pictures, "ink": dark is 1; "photo": white is 1; "weights": either sign, each picture scaled to its
        largest, mid-grey is 0, positive darker, negative lighter
    alt : for a figure of your own, what it shows

    Raises
    ------
    ValueError
        If there is nothing to draw, the look is none of the three, or there are not as many titles or columns as
        there are places for them.
    """
    if look not in _LOOKS:
        raise ValueError(f"look must be one of {', '.join(map(repr, _LOOKS))}, got {look!r}.")
    rows, labels, titles = _arranged(pictures, [_words(t) for t in titles], n, ncols)
    heads = [_words(column) for column in columns]
    across = max(map(len, rows), default=0)
    if not across:
        raise ValueError("there is nothing to draw: expected pictures.")
    if heads and len(heads) != across:
        raise ValueError(f"columns must name each of the {across} columns, got {len(heads)}.")
    if titles and len(titles) != sum(map(len, rows)):
        raise ValueError(f"titles must name each of the {sum(map(len, rows))} pictures, got {len(titles)}.")
    _draw(rows, labels, titles, heads, look, figure, alt)


def faces(
    pictures: Mapping[str, Any] | Sequence[ArrayLike] | NDArray, titles: Sequence[str | float] = (), **options
) -> None:
    """Draw faces and other grey photographs, whose 1 is white; otherwise like `images`."""
    images(pictures, titles, look="photo", **options)


def weights(
    pictures: Mapping[str, Any] | Sequence[ArrayLike] | NDArray, titles: Sequence[str | float] = (), **options
) -> None:
    """Draw weights or feature maps, of either sign: mid-grey is 0, dark positive; otherwise like `images`."""
    images(pictures, titles, look="weights", **options)


def _words(value: str | float) -> str:
    return value if isinstance(value, str) else canvas.minus(float(value))


def _arranged(pictures, titles: list[str], n: int | None, ncols: int | None):
    """Rows of pictures, names of the rows, and titles of the pictures."""
    if isinstance(pictures, Mapping):
        values = {name: _one_or_many(value) for name, value in pictures.items()}
        if any(isinstance(value, list) for value in values.values()):
            rows = [value if isinstance(value, list) else [value] for value in values.values()]
            return [row[:n] for row in rows], list(values), titles
        pictures, titles = list(values.values()), list(values)
    flat = [np.asarray(picture) for picture in pictures][:n]
    if not flat:
        return [], [], titles
    ncols = min(ncols or _columns(len(flat), flat[0].shape), len(flat))
    return [flat[i : i + ncols] for i in range(0, len(flat), ncols)], [], titles


def _one_or_many(value) -> NDArray | list[NDArray]:
    """One picture as an array, several as a list."""
    if isinstance(value, list | tuple):
        return [np.asarray(picture) for picture in value]
    value = np.asarray(value)
    single = value.ndim == 2 or (value.ndim == 3 and value.shape[2] in (1, 3))
    return value if single else list(value)


def _columns(count: int, shape: tuple[int, ...]) -> int:
    """How many in a row: few photographs, many small pictures, and no lonely one in the last row."""
    most = 3 if shape[1] > 100 else 10
    if count <= most:
        return count
    if most == 3:
        return 2 if count == 4 else 3
    return min(range(12, 4, -1), key=lambda c: (-count % c, c > 10, -c))


def _draw(rows, labels, titles, heads, look, name, alt) -> None:
    across = max(map(len, rows))
    high, wide = rows[0][0].shape[:2]
    side = textwrap.TextWrapper(width=16, break_long_words=False)
    labels = [side.wrap(label) for label in labels]
    left = max((len(line) for label in labels for line in label), default=0) * _LETTER + (0.18 if labels else 0)
    cell = (WIDTH - left - (across - 1) * _GAP) / across
    small = max(high, wide) <= 100
    cell = min(cell, _LARGEST if small else 5.6)
    wrap = textwrap.TextWrapper(width=max(6, int(cell / _LETTER * 1.08)), break_long_words=False)
    titles, heads = [wrap.wrap(title) for title in titles], [wrap.wrap(head) for head in heads]
    above = max(map(len, titles), default=0) * _LINE + (0.06 if any(titles) else 0)
    top = max(map(len, heads), default=0) * _LINE + (0.06 if any(heads) else 0)
    step = cell * high / wide + above + _GAP
    width, height = left + across * (cell + _GAP) - _GAP, top + len(rows) * step - _GAP
    colored = rows[0][0].ndim == 3 and rows[0][0].shape[2] == 3
    photo = look == "photo" or (colored and not small)
    words = {"fontsize": 10.5, "color": INK, "linespacing": 1.15}
    with canvas.canvas(name, width=width, height=height, photo=photo, alt=alt) as fig:
        number = 0
        for r, row in enumerate(rows):
            bottom = height - top - above - r * step - cell * high / wide
            for c, picture in enumerate(row):
                x = left + c * (cell + _GAP)
                _paint(
                    fig.add_axes((x / width, bottom / height, cell / width, cell * high / wide / height)), picture, look
                )
                middle = (x + cell / 2) / width
                if titles:
                    y = (bottom + cell * high / wide + 0.08) / height
                    fig.text(middle, y, "\n".join(titles[number]), ha="center", va="baseline", **words)
                if heads and not r:
                    y = 1 - (top - 0.09) / height
                    fig.text(middle, y, "\n".join(heads[c]), ha="center", va="baseline", **words)
                number += 1
            if labels:
                y = (bottom + cell * high / wide / 2) / height
                fig.text((left - 0.1) / width, y, "\n".join(labels[r]), ha="right", va="center", **words)


def _paint(ax, picture: NDArray, look: str) -> None:
    ax.set_axis_off()
    high = np.abs(picture).max() if look == "weights" else 1 if picture.dtype.kind == "f" else 255
    if picture.dtype == bool:
        high = 1
    low = -high if look == "weights" else 0
    shown = picture.squeeze() if picture.ndim == 3 and picture.shape[2] == 1 else picture
    if picture.ndim == 3 and picture.shape[2] == 3 and picture.dtype.kind == "f":
        shown = np.clip(picture, 0, 1)
    ax.imshow(shown, cmap=_LOOKS[look], vmin=low, vmax=high or 1, aspect="auto")
