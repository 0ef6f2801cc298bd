"""Figures of the course: one look, a palette that colour-blind readers can tell apart, words for every picture.

Every function draws, shows and closes one figure. ``figure="name"`` gives it the caption and the alt text that stand
under that name in course_utils/figures; for a figure of your own leave it out, or describe it with ``alt="..."``.
Groups differ by marker as well as by colour. `figure` gives an empty canvas in the same look.
"""

from course_utils.plots.canvas import COLORS, INK, LINES, MARKERS, WIDTH, figure, minus, use_style
from course_utils.plots.charts import (
    DIGIT_COLORS,
    bars,
    curves,
    digit_map,
    draw_curves,
    histograms,
    palettes,
    scatter,
    series,
    table,
)
from course_utils.plots.pictures import faces, images, weights
from course_utils.plots.points import clusterings, clusters, draw_clusters, draw_regions, silhouettes
from course_utils.plots.schemata import schema

__all__ = [
    "COLORS",
    "DIGIT_COLORS",
    "INK",
    "LINES",
    "MARKERS",
    "WIDTH",
    "bars",
    "clusterings",
    "clusters",
    "curves",
    "digit_map",
    "draw_clusters",
    "draw_curves",
    "draw_regions",
    "faces",
    "figure",
    "histograms",
    "images",
    "minus",
    "palettes",
    "scatter",
    "schema",
    "series",
    "silhouettes",
    "table",
    "use_style",
    "weights",
]
