"""Points and their clusters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from numpy.typing import ArrayLike, NDArray

from course_utils.plots import canvas
from course_utils.plots.canvas import COLORS, INK, MARKERS, WIDTH

_WORDS = ("points", "labels or a fitted model", "centroids")


def clusters(
    x: ArrayLike,
    labels: ArrayLike | Any = None,
    centroids: ArrayLike | None = None,
    *,
    figure: str | None = None,
    title: str = "",
    regions: bool = False,
    alt: str | None = None,
) -> None:
    """Points in the plane, in the colour and marker of their cluster; centroids as numbered circles.

    Parameters
    ----------
    x : array of shape (m, 2)
    labels : array of shape (m,), -1 for no cluster; or a fitted model, whose labels and centroids are drawn
    centroids : array of shape (k, 2), optional; rows of nan are left out
    figure : name of the figure in the file of texts
    title : a line above it
    regions : tint the plane by its nearest centroid
    alt : for a figure of your own, what it shows
    """
    clusterings({title: (x, labels, centroids)}, regions=regions, figure=figure, alt=alt)


def clusterings(
    panels: Mapping[str, tuple],
    *,
    figure: str | None = None,
    regions: bool | Sequence[ArrayLike | Callable | None] = False,
    alt: str | None = None,
) -> None:
    """Several pictures like that of `clusters`, side by side; on common axes where they show the same points.

    Parameters
    ----------
    panels : title -> (x, labels, centroids), of which the last or the last two may be missing; a fitted model in place
        of labels brings its labels and centroids
    figure : name of the figure in the file of texts
    regions : tint the plane by its nearest centroid; or what to tint by, for each picture: centroids, or a function of
        places, see `draw_regions`
    alt : for a figure of your own, what it shows

    Raises
    ------
    ValueError
        If there is nothing to draw, or a panel is no tuple of one to three arrays.
    """
    if not panels:
        raise ValueError("there is nothing to draw: expected title -> (x, labels, centroids).")
    drawn = [_panel(title, panel) for title, panel in panels.items()]
    first = drawn[0][1]
    shared = all(x.shape == first.shape and np.array_equal(x, first) for _, x, _, _ in drawn)
    if isinstance(regions, bool):
        regions = [c if regions else None for *_, c in drawn]
    elif len(regions) != len(drawn):
        raise ValueError(f"regions must have one entry for each of the {len(drawn)} pictures, got {len(regions)}.")
    ncols = len(drawn) if len(drawn) <= (3 if shared else 4) else 3
    nrows = ceil(len(drawn) / ncols)
    everything = np.concatenate([x for _, x, _, _ in drawn] + [c for *_, c in drawn if c is not None])
    low, high = np.nanmin(everything, axis=0), np.nanmax(everything, axis=0)
    margin = 0.06 * np.where(high > low, high - low, 1)  # a single point has no extent
    low, high = low - margin, high + margin
    across, up = (high - low) if shared else (1.0, 1.0)
    width = 5.6 if len(drawn) == 1 else WIDTH
    height = nrows * (width / ncols * float(np.clip(up / across, 0.4, 1.2)) + 0.36)
    with canvas.figure(figure, ncols, nrows, width=width, height=height, alt=alt, squeeze=False) as axes:
        for ax in axes.flat[len(drawn) :]:
            ax.set_axis_off()
        for ax, (title, x, labels, centroids), borders in zip(axes.flat, drawn, regions, strict=False):
            draw_clusters(ax, x, labels, centroids)
            ax.set_title(title)
            ax.tick_params(labelbottom=False, labelleft=False, length=0)
            if shared:
                ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
            else:
                ax.set_aspect("equal", adjustable="datalim")
            if borders is not None:
                draw_regions(ax, borders)


def _panel(title: str, panel: tuple) -> tuple[str, NDArray, NDArray | None, NDArray | None]:
    if not isinstance(panel, tuple) or not 1 <= len(panel) <= 3:
        raise ValueError(f"{title!r} must be a tuple ({', '.join(_WORDS)}), got {type(panel).__name__}.")
    x, labels, centroids = (*panel, None, None)[:3]
    if hasattr(labels, "labels_"):
        labels, centroids = labels.labels_, getattr(labels, "cluster_centers_", centroids)
    x = np.asarray(x)
    if x.ndim != 2 or x.shape[1] != 2:
        raise ValueError(f"points must have the shape (m, 2), got {x.shape} in {title!r}.")
    return title, x, labels, None if centroids is None else np.asarray(centroids, dtype=float)


def draw_clusters(ax: Axes, x: ArrayLike, labels: ArrayLike | None = None, centroids: ArrayLike | None = None) -> None:
    """Draw points and centroids on given axes; see `clusters`."""
    x = np.asarray(x)
    labels = np.full(len(x), -1) if labels is None else np.asarray(labels)
    size = float(np.clip(3000 / max(len(x), 1), 7, 60))
    for c in np.unique(labels):
        color, marker = ("#999999", "o") if c < 0 else (COLORS[c % len(COLORS)], MARKERS[c % len(MARKERS)])
        ax.scatter(*x[labels == c].T, s=size, c=color, marker=marker, linewidths=0, alpha=0.85)
    if centroids is None:
        return
    words = {"ha": "center", "va": "center_baseline", "fontsize": 8.5, "weight": "bold", "color": INK}
    for c, (across, up) in enumerate(np.asarray(centroids)):
        if np.isfinite(across):
            ax.scatter(across, up, s=120, c="white", marker="o", edgecolors=INK, linewidths=1.3, zorder=4)
            ax.text(across, up, c, zorder=5, clip_on=True, **words)


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


def silhouettes(
    panels: Mapping[str, tuple[ArrayLike, ArrayLike]], *, figure: str | None = None, alt: str | None = None
) -> None:
    """Every point's silhouette as a thin bar, sorted within its cluster, and the mean as a dashed line.

    Parameters
    ----------
    panels : title -> (silhouettes, shape (m,), in -1..1; labels, shape (m,)), drawn side by side
    figure : name of the figure in the file of texts
    alt : for a figure of your own, what it shows
    """
    pairs = [(title, np.asarray(values), np.asarray(labels)) for title, (values, labels) in panels.items()]
    low = min(-0.1, *(values.min() for _, values, _ in pairs))
    width = 6.0 if len(pairs) == 1 else WIDTH
    with canvas.figure(figure, len(pairs), width=width, height=3.0, alt=alt, squeeze=False) as axes:
        for ax, (title, values, labels) in zip(axes.flat, pairs, strict=True):
            bottom, gap = 0, max(2, len(values) // 50)
            for c in np.unique(labels):
                sorted_values = np.sort(values[labels == c])
                rows = bottom + np.arange(len(sorted_values))
                ax.fill_betweenx(rows, 0, sorted_values, step="mid", color=COLORS[c % len(COLORS)])
                ax.text(-0.02, rows.mean(), c, ha="right", va="center", fontsize=10)
                bottom += len(sorted_values) + gap
            mean = values.mean()
            ax.axvline(mean, color=INK, linestyle="--", linewidth=1.2)
            ax.annotate(f"mean {mean:.2f}", (mean, bottom), xytext=(4, 0), textcoords="offset points")
            ax.set(xlabel="silhouette", yticks=[], title=title, xlim=(low, 1), ylim=(0, bottom * 1.08))
