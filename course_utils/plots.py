"""Figures of the course: one look, a palette that colour-blind readers can tell apart, and alt text on every picture.

Every function draws, shows and closes one figure; `alt` says what it shows to someone who cannot see it. Groups differ
by marker as well as by colour. `figure` gives an empty canvas in the same look.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import ceil

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

# Okabe and Ito (2008), Color universal design; black is kept for text and centroids, yellow comes last: pale on white.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#999999", "#F0E442")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
LINES = ("-", "--", "-.", ":")
INK = "#222222"
WIDTH = 9.0  # inches: the width of a notebook's text
_DPI = 115
_PHOTO_DPI = 100
_SHOWN_DPI = 92  # pixels an inch on the page: pictures are stored finer than shown, for projectors

_STYLE = {
    "figure.figsize": (WIDTH, 3.6),
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "axes.prop_cycle": mpl.cycler(color=COLORS),
    "axes.spines.top": False,
    "date.converter": "concise",
    "axes.spines.right": False,
    "axes.edgecolor": "#777777",
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 11.5,
    "axes.titlelocation": "left",
    "axes.labelsize": 11,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.8,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "font.size": 11,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "lines.linewidth": 2,
    "lines.markersize": 5,
    "image.cmap": "gray_r",
    "image.interpolation": "nearest",
}


def use_style() -> None:
    """Make the course's look the default of matplotlib, for figures of your own too."""
    mpl.rcParams.update(_STYLE)


@contextmanager
def figure(
    ncols: int = 1,
    nrows: int = 1,
    *,
    alt: str,
    height: float = 3.4,
    width: float = WIDTH,
    photo: bool = False,
    **options,
) -> Iterator[Axes | NDArray]:
    """Draw on empty axes; the figure is shown, with its alt text, at the end of the block.

    Parameters
    ----------
    ncols, nrows : how many axes
    alt : what the figure shows, for someone who cannot see it
    height, width : inches, of the whole figure
    photo : store as JPEG, a tenth of the size for photographs
    options : further arguments of `Figure.subplots`, for instance ``sharey=True``

    Yields
    ------
    axes : one Axes, or an array of them as `Figure.subplots` gives it
    """
    _check_alt(alt)
    with mpl.rc_context(_STYLE):
        fig = Figure(figsize=(width, height), layout="constrained")
        yield fig.subplots(nrows, ncols, **options)
        _show(fig, alt, photo)


def clusters(
    x: ArrayLike,
    labels: ArrayLike | None = None,
    centroids: ArrayLike | None = None,
    *,
    alt: str,
    title: str = "",
    regions: bool = False,
) -> None:
    """Points in the plane, in the colour and marker of their cluster; centroids as numbered crosses.

    Parameters
    ----------
    x : array of shape (m, 2)
    labels : array of shape (m,), optional; -1 stands for no cluster
    centroids : array of shape (k, 2), optional; rows of nan are left out
    alt : what the figure shows
    title : a line above it
    regions : tint the plane by its nearest centroid
    """
    clusterings([(title, x, labels, centroids)], alt=alt, regions=regions, width=5.4)


def clusterings(
    panels: Sequence[tuple],
    *,
    alt: str,
    ncols: int = 3,
    regions: bool | Sequence[ArrayLike | None] = False,
    width: float = WIDTH,
    height: float | None = None,
    share: bool = True,
) -> None:
    """Several pictures like that of `clusters`, side by side.

    Parameters
    ----------
    panels : (title, x, labels, centroids) for each; labels and centroids may be None
    alt : what the figure shows
    ncols : pictures in a row
    regions : tint the plane by its nearest centroid; or the centroids to tint by, one array for each picture
    width, height : inches; the height defaults to what looks square
    share : whether all use the same axes' limits
    """
    ncols = min(ncols, len(panels))
    nrows = ceil(len(panels) / ncols)
    if isinstance(regions, bool):
        regions = [centroids if regions else None for *_, centroids in panels]
    everything = np.concatenate([x for _, x, _, _ in panels] + [c for *_, c in panels if c is not None])
    low, high = np.nanmin(everything, axis=0), np.nanmax(everything, axis=0)
    low, high = low - 0.06 * (high - low), high + 0.06 * (high - low)
    if height is None:
        across, up = (high - low) if share else (1, 1)
        height = nrows * (width / ncols * np.clip(up / across, 0.4, 1.2) + 0.25)
    with figure(ncols, nrows, alt=alt, width=width, height=height, squeeze=False) as axes:
        for ax in axes.flat[len(panels) :]:
            ax.set_axis_off()
        for ax, (title, x, labels, centroids), borders in zip(axes.flat, panels, regions, strict=False):
            draw_clusters(ax, x, labels, centroids)
            ax.set_title(title)
            ax.tick_params(labelbottom=False, labelleft=False, length=0)
            if share:
                ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
            else:
                ax.set_aspect("equal", adjustable="datalim")
            if borders is not None:
                draw_regions(ax, borders)


def draw_clusters(ax: Axes, x: ArrayLike, labels: ArrayLike | None = None, centroids: ArrayLike | None = None) -> None:
    """Draw points and centroids on given axes; see `clusters`."""
    x = np.asarray(x)
    labels = np.full(len(x), -1) if labels is None else np.asarray(labels)
    size = float(np.clip(3000 / max(len(x), 1), 7, 60))
    for c in np.unique(labels):
        color, marker = ("#999999", "o") if c < 0 else (COLORS[c % len(COLORS)], MARKERS[c % len(MARKERS)])
        ax.scatter(*x[labels == c].T, s=size, c=color, marker=marker, linewidths=0, alpha=0.85)
    if centroids is not None:
        for c, (across, up) in enumerate(np.asarray(centroids)):
            if np.isfinite(across):
                ax.scatter(across, up, s=120, c="white", marker="o", edgecolors=INK, linewidths=1.3, zorder=4)
                ax.text(
                    across,
                    up,
                    c,
                    ha="center",
                    va="center_baseline",
                    fontsize=8.5,
                    weight="bold",
                    color=INK,
                    zorder=5,
                    clip_on=True,
                )


def draw_regions(ax: Axes, predict: ArrayLike | Callable[[NDArray], NDArray]) -> None:
    """Tint the axes' whole area by group: that of the nearest centroid, or what a function predicts.

    Parameters
    ----------
    ax : axes that hold their points already
    predict : centroids, shape (k, 2), or a function (n, 2) -> (n,) of group numbers
    """
    ax.figure.draw_without_rendering()  # settles the limits
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    across, up = np.meshgrid(np.linspace(left, right, 300), np.linspace(bottom, top, 300))
    places = np.stack([across.ravel(), up.ravel()], axis=1)
    if callable(predict):
        groups = np.asarray(predict(places)).astype(int)
    else:
        from scipy.spatial import cKDTree

        groups = cKDTree(np.asarray(predict)).query(places)[1]
    tints = np.array([to_rgb(color) for color in COLORS])[groups % len(COLORS)].reshape(300, 300, 3)
    ax.imshow(0.8 + 0.2 * tints, extent=(left, right, bottom, top), origin="lower", aspect="auto", zorder=-1)
    ax.set(xlim=(left, right), ylim=(bottom, top))
    ax.grid(visible=False)


def curves(
    x: ArrayLike,
    lines: Mapping[str, ArrayLike],
    *,
    alt: str,
    xlabel: str,
    ylabel: str,
    title: str = "",
    mark: float | None = None,
    log: str = "",
    height: float = 3.4,
    width: float = 7.0,
) -> None:
    """Lines over a common axis, each named at the side.

    Parameters
    ----------
    x : array of shape (n,)
    lines : name -> array of shape (n,)
    alt : what the figure shows
    xlabel, ylabel, title : texts
    mark : a place on the x axis to mark with a vertical line
    log : axes to draw logarithmically, "", "x", "y" or "xy"
    height, width : inches
    """
    with figure(alt=alt, height=height, width=width) as ax:
        draw_curves(ax, x, lines, mark=mark)
        ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
        if "x" in log:
            ax.set_xscale("log", base=2)
            ax.xaxis.set_major_formatter("{x:g}")
        if "y" in log:
            ax.set_yscale("log")


def draw_curves(ax: Axes, x: ArrayLike, lines: Mapping[str, ArrayLike], *, mark: float | None = None) -> None:
    """Draw named lines on given axes; see `curves`."""
    x = np.asarray(x)
    for i, (name, y) in enumerate(lines.items()):
        marker = MARKERS[i % len(MARKERS)] if len(x) <= 40 else None
        ax.plot(x, y, LINES[i % len(LINES)], marker=marker, color=COLORS[i % len(COLORS)], label=name)
    if mark is not None:
        ax.axvline(mark, color=INK, linewidth=1, linestyle=(0, (2, 2)), zorder=0)
        ax.annotate(f"{mark:g}", (mark, 1), xycoords=("data", "axes fraction"), xytext=(4, -2),
                    textcoords="offset points", va="top", fontsize=10)  # fmt: skip
    if len(lines) > 1:
        ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1))


def images(
    pictures: Sequence[ArrayLike],
    titles: Sequence[str] = (),
    *,
    alt: str,
    ncols: int | None = None,
    width: float = WIDTH,
    photo: bool = False,
    signed: bool = False,
    white: bool = False,
) -> None:
    """Pictures side by side: grey (h, w) or (h, w, 1), dark is 1, or RGB (h, w, 3).

    Parameters
    ----------
    pictures : arrays, all of one shape
    titles : a line above each
    alt : what the figure shows
    ncols : pictures in a row, by default all, at most 10
    width : inches
    photo : store as JPEG; for photographs
    signed : values of either sign, as weights have them, each picture scaled to its largest: 0 is mid-grey, positive
        darker, negative lighter
    white : grey pictures whose 1 is white, as photographs have it, instead of dark
    """
    pictures = [np.asarray(picture) for picture in pictures]
    ncols = min(ncols or 10, len(pictures))
    nrows = ceil(len(pictures) / ncols)
    height = nrows * (width / ncols * pictures[0].shape[0] / pictures[0].shape[1] + (0.28 if titles else 0.04))
    with figure(ncols, nrows, alt=alt, width=width, height=height, photo=photo, squeeze=False) as axes:
        for ax in axes.flat:
            ax.set_axis_off()
        for i, picture in enumerate(pictures):
            ax = axes.flat[i]
            high = np.abs(picture).max() if signed else 1 if picture.dtype.kind == "f" else 255
            cmap = "gray" if white else "gray_r"
            ax.imshow(picture.squeeze(), cmap=cmap, vmin=-high if signed else 0, vmax=high)
            if i < len(titles):
                ax.set_title(titles[i], fontsize=10.5, loc="center")


def bars(
    values: Mapping[str, float], *, alt: str, xlabel: str, title: str = "", label: str = "{:.2f}", width: float = 7.0
) -> None:
    """Named values as horizontal bars, each with its number.

    Parameters
    ----------
    values : name -> value
    alt : what the figure shows
    xlabel, title : texts
    label : format of the numbers
    width : inches
    """
    with figure(alt=alt, width=width, height=0.9 + 0.36 * len(values)) as ax:
        drawn = ax.barh(list(values), list(values.values()), color=COLORS[0], height=0.62)
        ax.bar_label(drawn, labels=[label.format(value) for value in values.values()], padding=4, fontsize=10)
        ax.invert_yaxis()
        ax.grid(visible=False, axis="y")
        ax.margins(x=0.12)
        ax.set(xlabel=xlabel, title=title)


def table(counts: ArrayLike, *, alt: str, xlabel: str, ylabel: str, width: float = 6.0) -> None:
    """Counts in two directions as a shaded table, each cell with its number.

    Parameters
    ----------
    counts : array of shape (rows, columns)
    alt : what the figure shows
    xlabel, ylabel : what columns and rows are
    width : inches
    """
    counts = np.asarray(counts)
    with figure(alt=alt, width=width, height=0.8 + 0.32 * len(counts)) as ax:
        ax.imshow(counts, cmap="Blues", aspect="auto")
        for (row, column), count in np.ndenumerate(counts):
            color = "white" if count > counts.max() / 2 else INK
            ax.text(column, row, count or "", ha="center", va="center", fontsize=9, color=color)
        ax.set(xlabel=xlabel, ylabel=ylabel, xticks=range(counts.shape[1]), yticks=range(counts.shape[0]))
        ax.grid(visible=False)


def silhouettes(values: ArrayLike, labels: ArrayLike, *, alt: str, title: str = "", width: float = 6.0) -> None:
    """Draw every point's silhouette as a thin bar, sorted within its cluster, and the mean as a dashed line.

    Parameters
    ----------
    values : array of shape (m,), in -1..1
    labels : array of shape (m,), cluster of each point
    alt : what the figure shows
    title : a line above it
    width : inches
    """
    values, labels = np.asarray(values), np.asarray(labels)
    bottom, gap = 0, max(2, len(values) // 50)
    with figure(alt=alt, width=width, height=3.0) as ax:
        for c in np.unique(labels):
            sorted_values = np.sort(values[labels == c])
            rows = bottom + np.arange(len(sorted_values))
            ax.fill_betweenx(rows, 0, sorted_values, step="mid", color=COLORS[c % len(COLORS)])
            ax.text(-0.02, rows.mean(), c, ha="right", va="center", fontsize=10)
            bottom += len(sorted_values) + gap
        ax.axvline(values.mean(), color=INK, linestyle="--", linewidth=1.2)
        ax.annotate(f"mean {values.mean():.2f}", (values.mean(), bottom), xytext=(4, 0), textcoords="offset points")
        ax.set(xlabel="silhouette", yticks=[], title=title, xlim=(min(-0.1, values.min()), 1), ylim=(0, bottom * 1.08))


def palettes(rows: Mapping[str, tuple[ArrayLike, ArrayLike]], *, alt: str, width: float = WIDTH) -> None:
    """Palettes as strips of colour, each colour as wide as its share of the pixels.

    Parameters
    ----------
    rows : name -> (palette, uint8 of shape (k, 3); counts of shape (k,))
    alt : what the figure shows
    width : inches
    """
    with figure(alt=alt, width=width, height=0.25 + 0.5 * len(rows)) as ax:
        for row, (palette, counts) in enumerate(rows.values()):
            shares = np.asarray(counts) / np.sum(counts)
            edges = np.cumsum(shares) - shares
            ax.barh(row, shares, left=edges, color=np.asarray(palette) / 255, height=0.8, linewidth=0)
        ax.set_yticks(range(len(rows)), list(rows))
        ax.invert_yaxis()
        ax.set(xlim=(0, 1), xticks=[])
        ax.grid(visible=False)
        ax.spines[:].set_visible(False)


def _check_alt(alt: str) -> None:
    if not isinstance(alt, str) or len(alt.split()) < 4:
        raise ValueError(f"alt must say in a sentence what the figure shows, got {alt!r}.")


def _show(fig: Figure, alt: str, photo: bool) -> None:
    from IPython.display import display

    kind, options = ("jpeg", {"pil_kwargs": {"quality": 80}}) if photo else ("png", {"metadata": {"Software": None}})
    file = io.BytesIO()
    fig.savefig(file, format=kind, dpi=_PHOTO_DPI if photo else _DPI, **options)
    if not photo and not any(ax.images for ax in fig.axes):
        file = _with_few_colors(file)
    mime = f"image/{kind}"
    width = round(fig.get_figwidth() * _SHOWN_DPI)
    display({mime: file.getvalue(), "text/plain": alt}, metadata={mime: {"alt": alt, "width": width}}, raw=True)


def _with_few_colors(png: io.BytesIO) -> io.BytesIO:
    """Store a drawing with a palette of 128 colours, a third of the size: lines need no more."""
    from PIL import Image

    small = io.BytesIO()
    Image.open(png).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(small, "png", optimize=True)
    return small
