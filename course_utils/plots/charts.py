"""Charts: curves, bars, scattered points, histograms, tables, palettes, and series over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course_utils.plots import canvas
from course_utils.plots.canvas import COLORS, INK, LINES, MARKERS, WIDTH

_BESIDE = {"loc": "upper left", "bbox_to_anchor": (1.01, 1)}


def curves(
    x: ArrayLike | None,
    lines: Mapping[str, Any] | ArrayLike,
    xlabel: str = "",
    ylabel: str = "",
    *,
    figure: str | None = None,
    title: str = "",
    mark: float | Mapping[str, float] | None = None,
    points: Mapping[str, tuple[float, float]] | None = None,
    log: str = "",
    limits: tuple[tuple[float, float] | None, tuple[float, float] | None] = (None, None),
    height: float = 3.2,
    alt: str | None = None,
) -> None:
    """Lines over a common axis, each named at the side; or several such charts, side by side.

    Parameters
    ----------
    x : array of shape (n,); None if every line brings its own
    lines : name -> array of shape (n,), or (x, y) if `x` is None; a single array needs no name; title -> such a mapping
        makes a chart of each
    xlabel, ylabel, title : texts
    figure : name of the figure in the file of texts
    mark : a place on the x axis to mark with a dashed line, or words -> place
    points : name of a line -> (x, y), a place on it to mark with a ring
    log : axes to draw logarithmically, "", "x", "y" or "xy"
    limits : (low, high) of the x axis and of the y axis; None leaves an axis as it is
    height : inches
    alt : for a figure of your own, what it shows
    """
    lines = lines if isinstance(lines, Mapping) else {"": lines}
    nested = any(isinstance(value, Mapping) for value in lines.values())
    panels = dict(lines) if nested else {title: lines}
    width = WIDTH if nested or len(lines) > 1 else 7.0
    with canvas.figure(figure, len(panels), height=height, width=width, alt=alt, squeeze=False) as axes:
        for ax, (name, own) in zip(axes.flat, panels.items(), strict=True):
            own = own if isinstance(own, Mapping) else {"": own}
            draw_curves(ax, x, own, mark=mark, points=points, legend=ax is axes.flat[-1])
            ax.set(xlabel=xlabel, title=name)
            _scale(ax, log, limits)
        axes.flat[0].set_ylabel(ylabel)


def draw_curves(
    ax: Axes,
    x: ArrayLike | None,
    lines: Mapping[str, Any],
    *,
    mark: float | Mapping[str, float] | None = None,
    points: Mapping[str, tuple[float, float]] | None = None,
    legend: bool = True,
) -> None:
    """Draw named lines on given axes; see `curves`."""
    for i, (name, line) in enumerate(lines.items()):
        across, up = line if x is None else (x, line)
        marker = MARKERS[i % len(MARKERS)] if len(across) <= 40 else None
        look = {"marker": marker, "color": COLORS[i % len(COLORS)]}
        ax.plot(np.asarray(across), np.asarray(up), LINES[i % len(LINES)], label=name, **look)
        if points and name in points:
            ax.plot(*points[name], MARKERS[i % len(MARKERS)], color=COLORS[i % len(COLORS)], markersize=8)
            ax.plot(*points[name], "o", color=INK, markersize=13, fillstyle="none")
    if x is not None and np.asarray(x).dtype.kind in "iu":  # numbers of clusters, epochs: no halves between them
        ax.xaxis.get_major_locator().set_params(integer=True)
    for words, place in (mark if isinstance(mark, Mapping) else {"": mark}).items():
        if place is not None:
            ax.axvline(place, color=INK, linewidth=1, linestyle=(0, (2, 2)), zorder=0)
            ax.annotate(words, (place, 1), xycoords=("data", "axes fraction"), xytext=(4, -2),
                        textcoords="offset points", va="top", fontsize=10)  # fmt: skip
    if legend and len(lines) > 1:
        ax.legend(**_BESIDE)


def _scale(ax: Axes, log: str, limits: tuple = (None, None)) -> None:
    if "x" in log:
        ax.set_xscale("log", base=2)
        ax.xaxis.set_major_formatter("{x:g}")
    if "y" in log:
        ax.set_yscale("log")
        _plain_numbers(ax)
    for setter, limit in zip((ax.set_xlim, ax.set_ylim), limits, strict=True):
        if limit is not None:
            setter(limit)


def _plain_numbers(ax: Axes) -> None:
    """Write a logarithmic y axis as 0.1, 1, 10; and 2, 5, 20 between where there are few of these."""

    def between(value: float, _: int) -> str:
        low, high = ax.get_ylim()
        return f"{value:g}" if high < 30 * low and f"{value:e}"[0] in "25" else ""

    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter(between)


def bars(
    values: Mapping[str, float],
    xlabel: str = "",
    *,
    figure: str | None = None,
    label: str = "",
    title: str = "",
    alt: str | None = None,
) -> None:
    """Named values as horizontal bars, each with its number.

    Parameters
    ----------
    values : name -> value
    xlabel, title : texts
    figure : name of the figure in the file of texts
    label : format of the numbers; by default as many decimals as suit the largest
    alt : for a figure of your own, what it shows
    """
    largest = max((abs(value) for value in values.values()), default=0)
    label = label or ("{:.0f}" if largest >= 100 else "{:.1f}" if largest >= 10 else "{:.2f}")
    step = 0.36 if len(values) <= 10 else 0.27
    with canvas.figure(figure, width=WIDTH, height=0.9 + step * len(values), alt=alt) as ax:
        drawn = ax.barh(list(values), list(values.values()), color=COLORS[0], height=0.62)
        ax.bar_label(drawn, labels=[label.format(value) for value in values.values()], padding=4, fontsize=10)
        ax.invert_yaxis()
        ax.grid(visible=False, axis="y")
        ax.margins(x=0.1)
        ax.set(xlabel=xlabel, title=title)
        if "%" in label:
            ax.xaxis.set_major_formatter("{x:.0%}")


def scatter(
    groups: Mapping[str, ArrayLike] | ArrayLike,
    xlabel: str = "",
    ylabel: str = "",
    *,
    figure: str | None = None,
    names: Sequence[str] | None = None,
    limits: tuple[tuple[float, float] | None, tuple[float, float] | None] = (None, None),
    log: str = "",
    height: float = 3.6,
    alt: str | None = None,
) -> None:
    """Points in groups that differ by colour and marker; or single points, each with its name.

    Parameters
    ----------
    groups : name -> array of shape (n, 2); or one such array
    xlabel, ylabel : texts
    figure : name of the figure in the file of texts
    names : a word beside each point, where there is one group
    limits : (low, high) of the x axis and of the y axis; None leaves an axis as it is
    log : axes to draw logarithmically, "", "x", "y" or "xy"
    height : inches
    alt : for a figure of your own, what it shows
    """
    groups = groups if isinstance(groups, Mapping) else {"": groups}
    size = 46 if names is not None else 12
    with canvas.figure(figure, width=7.0, height=height, alt=alt) as ax:
        for i, (name, places) in enumerate(groups.items()):
            look = {"color": COLORS[i % len(COLORS)], "marker": MARKERS[i % len(MARKERS)], "linewidths": 0}
            ax.scatter(*np.asarray(places).T, s=size, alpha=0.85, label=name, **look)
        for name, place in zip(names or (), np.asarray(next(iter(groups.values()))), strict=False):
            ax.annotate(name, place, (7, 6), textcoords="offset points")
        ax.set(xlabel=xlabel, ylabel=ylabel)
        _scale(ax, log, limits)
        if len(groups) > 1:
            ax.legend(**_BESIDE)


def digit_map(
    places: ArrayLike, digits: ArrayLike, xlabel: str = "", ylabel: str = "", *,
    figure: str | None = None, alt: str | None = None,
) -> None:  # fmt: skip
    """Digits drawn as digits at given places, each kind in a colour of its own; the outermost per cent is left out.

    Parameters
    ----------
    places : array of shape (n, 2)
    digits : integers of shape (n,), 0..9
    xlabel, ylabel : texts
    figure : name of the figure in the file of texts
    alt : for a figure of your own, what it shows
    """
    places, digits = np.asarray(places), np.asarray(digits)
    low, high = np.quantile(places, 0.01, axis=0), np.quantile(places, 0.99, axis=0)
    with canvas.figure(figure, width=7.6, height=5.4, alt=alt) as ax:
        for place, digit in zip(places, digits, strict=True):
            ax.text(*place, str(digit), color=DIGIT_COLORS[digit], fontsize=9, ha="center", clip_on=True)
        ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xlabel=xlabel, ylabel=ylabel)


# The ten colours as text on white: the pale ones darker.
DIGIT_COLORS = tuple(
    {"#999999": "#6F6F6F", "#F0E442": "#A39700", "#E69F00": "#CF8A00", "#56B4E9": "#3A9BD0"}.get(c, c) for c in COLORS
)


def histograms(
    samples: Mapping[str, ArrayLike],
    bins: ArrayLike,
    xlabel: str = "",
    ylabel: str = "",
    *,
    figure: str | None = None,
    share: bool = False,
    apart: bool = False,
    log: str = "",
    alt: str | None = None,
) -> None:
    """How often values occur: outlines over one another, or charts side by side.

    Parameters
    ----------
    samples : name -> values, shape (n,)
    bins : edges of the bins
    xlabel, ylabel : texts
    figure : name of the figure in the file of texts
    share : shares of the sample instead of counts
    apart : side by side
    log : axes to draw logarithmically, "", "x", "y" or "xy"
    alt : for a figure of your own, what it shows
    """
    ncols = len(samples) if apart else 1
    with canvas.figure(figure, ncols, height=3.0, alt=alt, squeeze=False, sharey=True) as axes:
        for i, (name, values) in enumerate(samples.items()):
            ax = axes.flat[i if apart else 0]
            weights = np.full(len(values), 1 / len(values)) if share else None
            if apart:
                ax.hist(values, bins, weights=weights, color=COLORS[0])
                ax.set_title(name)
            else:
                line = {"linestyle": LINES[i % len(LINES)], "color": COLORS[i % len(COLORS)], "linewidth": 2}
                ax.hist(values, bins, weights=weights, label=name, histtype="step", **line)
        for ax in axes.flat:
            ax.set_xlabel(xlabel)
            ax.set_xscale("log" if "x" in log else "linear")
            ax.set_yscale("log" if "y" in log else "linear")
        axes.flat[0].set_ylabel(ylabel)
        if not apart and len(samples) > 1:
            axes.flat[0].legend(**_BESIDE)


def table(
    counts: Mapping[str, ArrayLike] | ArrayLike,
    xlabel: str = "",
    ylabel: str = "",
    *,
    figure: str | None = None,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    numbers: str | None = "{:.0f}",
    alt: str | None = None,
) -> None:
    """Numbers in two directions as a shaded table; the larger, the darker.

    Parameters
    ----------
    counts : array of shape (rows, columns), none negative; or title -> such an array, drawn side by side
    xlabel, ylabel : what columns and rows are
    figure : name of the figure in the file of texts
    rows, columns : their names; by default they are counted from 0
    numbers : format of the number in each cell, zeros are left out; None for none
    alt : for a figure of your own, what it shows
    """
    panels = counts if isinstance(counts, Mapping) else {"": counts}
    arrays = {title: np.asarray(values) for title, values in panels.items()}
    height = 0.8 + 0.32 * max(len(values) for values in arrays.values())
    width = WIDTH if len(arrays) > 1 else 7.0
    with canvas.figure(figure, len(arrays), width=width, height=height, alt=alt, squeeze=False) as axes:
        for ax, (title, values) in zip(axes.flat, arrays.items(), strict=True):
            ax.imshow(values, cmap="Blues", aspect="auto", vmin=0, vmax=values.max() or 1)
            for (row, column), value in np.ndenumerate(values) if numbers else ():
                color = "white" if value > 0.65 * values.max() else INK
                shown = numbers.format(value) if value else ""
                ax.text(column, row, shown, ha="center", va="center", fontsize=9, color=color)
            ax.set(xlabel=xlabel, title=title)
            for axis, names, n in ((ax.xaxis, columns, values.shape[1]), (ax.yaxis, rows, len(values))):
                if names is not None or n <= 20:
                    axis.set_ticks(range(n), names if names is not None else [str(i) for i in range(n)])
                else:
                    axis.set_ticks([])
            ax.grid(visible=False)
        axes.flat[0].set_ylabel(ylabel)


def palettes(
    rows: Mapping[str, tuple[ArrayLike, ArrayLike]], *, figure: str | None = None, alt: str | None = None
) -> None:
    """Palettes as strips of colour, each colour as wide as its share of the pixels.

    Parameters
    ----------
    rows : name -> (palette, uint8 of shape (k, 3); counts of shape (k,))
    figure : name of the figure in the file of texts
    alt : for a figure of your own, what it shows
    """
    with canvas.figure(figure, width=WIDTH, height=0.25 + 0.5 * len(rows), alt=alt) as ax:
        for row, (palette, counts) in enumerate(rows.values()):
            shares = np.asarray(counts) / np.sum(counts)
            edges = np.cumsum(shares) - shares
            ax.barh(row, shares, left=edges, color=np.asarray(palette) / 255, height=0.8, linewidth=0)
        ax.set_yticks(range(len(rows)), list(rows))
        ax.invert_yaxis()
        ax.set(xlim=(0, 1), xticks=[])
        ax.grid(visible=False)
        ax.spines[:].set_visible(False)


def series(
    rows: Mapping[str, Any],
    *,
    figure: str | None = None,
    units: Mapping[str, str] | str = "",
    anomalies: Any = None,
    line: float | None = None,
    log: bool | Sequence[str] = False,
    at_most: int = 1500,
    alt: str | None = None,
) -> None:
    """Values over time, one chart below the other on a common axis.

    Parameters
    ----------
    rows : title -> pandas Series with the times as index
    figure : name of the figure in the file of texts
    units : what the values are, the words at the y axis: one for all, or title -> words
    anomalies : stretches to shade: a boolean Series with the times as index, or title -> such a Series
    line : a height to mark with a dashed line, in the charts that are logarithmic, else in all: a threshold
    log : whether the y axes are logarithmic; or the titles of those that are
    at_most : about how many points to draw of a series; of longer ones every second, third ... point
    alt : for a figure of your own, what it shows
    """
    titles = list(rows)
    logarithmic = [] if log is False else titles if log is True else list(log)
    height = 2.7 if len(rows) == 1 else 0.4 + 1.5 * len(rows)
    with canvas.figure(figure, 1, len(rows), height=height, alt=alt, sharex=True, squeeze=False) as axes:
        for ax, (title, values) in zip(axes.flat, rows.items(), strict=True):
            some = values.iloc[:: max(1, ceil(len(values) / at_most))]
            ax.plot(some.index, some, linewidth=0.9 if len(some) > 600 else 1.2)
            words = units if isinstance(units, str) else units.get(title, "")
            ax.set(ylabel=words, title=title, yscale="log" if title in logarithmic else "linear")
            ax.xaxis.set_major_formatter(_dates(ax))
            if title in logarithmic:
                _plain_numbers(ax)
            if line is not None and (title in logarithmic or not logarithmic):
                ax.axhline(line, color=INK, linestyle="--", linewidth=1)
            flags = anomalies.get(title) if isinstance(anomalies, Mapping) else anomalies
            if flags is not None:
                _shade(ax, flags)


def _dates(ax: Axes):
    """Write times so that each can be read by itself: 21 Aug, or Nov, Dec, 2015."""
    from matplotlib.dates import ConciseDateFormatter

    words = {
        "formats": ["%Y", "%b", "%d %b", "%H:%M", "%H:%M", "%H:%M:%S"],
        "zero_formats": ["", "%Y", "%d %b", "%d %b", "%H:%M", "%H:%M"],
    }
    return ConciseDateFormatter(ax.xaxis.get_major_locator(), show_offset=False, **words)


def _shade(ax: Axes, flags: Any) -> None:
    """Shade the stretches of time at which a boolean Series is true, the shortest wide enough to be seen."""
    steps = np.diff(np.concatenate([[0], flags.to_numpy().astype(int), [0]]))
    least = (flags.index[-1] - flags.index[0]) / 250
    for start, stop in zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True):
        first, last = flags.index[start], flags.index[stop - 1]
        more = max(least - (last - first), 0 * least) / 2
        ax.axvspan(first - more, last + more, color=COLORS[1], alpha=0.35, linewidth=0)
