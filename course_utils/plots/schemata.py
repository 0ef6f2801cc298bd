"""Drawn diagrams of the networks and pipelines, one look for all."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Polygon, Rectangle

from course_utils.plots import canvas
from course_utils.plots.canvas import INK, WIDTH

# What a colour stands for; the words in each box say it too.
_FILL = {
    "data": "#FFFFFF",  # pictures, points, series
    "network": "#D6E8F5",  # layers with weights
    "code": "#FBE0AE",  # what the network keeps
    "step": "#D9EFE6",  # what is computed without weights
    "loss": "#F3DCE8",  # what is made small
}
_EDGE = "#555555"


class _Sketch:
    """Boxes and arrows in inches, on axes that fill the figure."""

    def __init__(self, ax: Axes, height: float) -> None:
        self.ax = ax
        ax.set(xlim=(0, WIDTH), ylim=(0, height))
        ax.set_axis_off()

    def words(self, x: float, y: float, text: str, size: float = 10.5, **options) -> None:
        options = {"ha": "center", "va": "center", "color": INK, "fontsize": size, "linespacing": 1.25} | options
        self.ax.text(x, y, text, **options)

    def box(self, x: float, y: float, width: float, height: float, text: str, kind: str, size: float = 10.5) -> None:
        """Draw a box around (x, y)."""
        corner = (x - width / 2, y - height / 2)
        look = {"boxstyle": "round,pad=0,rounding_size=0.07", "facecolor": _FILL[kind], "edgecolor": _EDGE}
        self.ax.add_patch(FancyBboxPatch(corner, width, height, linewidth=1.1, **look))
        self.words(x, y, text, size)

    def funnel(self, x: float, y: float, width: float, left: float, right: float, text: str) -> None:
        """Draw a part of a network that is `left` inches high at its left and `right` at its right."""
        x0, x1 = x - width / 2, x + width / 2
        corners = [(x0, y - left / 2), (x0, y + left / 2), (x1, y + right / 2), (x1, y - right / 2)]
        self.ax.add_patch(Polygon(corners, facecolor=_FILL["network"], edgecolor=_EDGE, linewidth=1.1))
        self.words(x, y, text)

    def stack(self, x: float, y: float, side: float, maps: int, text: str, kind: str = "network") -> None:
        """Draw a stack of maps, its words below."""
        shift = 0.055
        for i in reversed(range(maps)):
            corner = (x - side / 2 + shift * (i - maps / 2), y - side / 2 + shift * (i - maps / 2))
            self.ax.add_patch(Rectangle(corner, side, side, facecolor=_FILL[kind], edgecolor=_EDGE, linewidth=0.9))
        self.words(x, y - side / 2 - shift * maps / 2 - 0.07, text, 9.5, va="top")

    def arrow(
        self, start: tuple[float, float], stop: tuple[float, float], text: str = "", *, bend: float = 0.0,
        dashed: bool = False, at: tuple[float, float] = (0.0, 0.13),
    ) -> None:  # fmt: skip
        """Draw an arrow; its words stand `at` inches from its middle."""
        look = {"arrowstyle": "-|>", "mutation_scale": 13, "color": INK, "linewidth": 1.3, "shrinkA": 0, "shrinkB": 0}
        look |= {"linestyle": (0, (4, 2.5))} if dashed else {}
        self.ax.add_patch(FancyArrowPatch(start, stop, connectionstyle=f"arc3,rad={bend}", **look))
        if text:
            middle = ((start[0] + stop[0]) / 2 + at[0], (start[1] + stop[1]) / 2 + at[1])
            self.words(*middle, text, 9.5)

    def path(
        self, *places: tuple[float, float], text: str = "", at: tuple[float, float] = (0, 0), dashed: bool = False
    ):
        """Draw an arrow with corners."""
        style = (0, (4, 2.5)) if dashed else "-"
        self.ax.plot(*zip(*places[:-1], strict=True), color=INK, linewidth=1.3, linestyle=style, solid_capstyle="butt")
        self.arrow(places[-2], places[-1], dashed=dashed)
        if text:
            self.words(*at, text, 9.5)


def schema(name: str, *, alt: str | None = None) -> None:
    """Draw the diagram of a network or pipeline; its caption and alt text stand under the same name.

    Parameters
    ----------
    name : one of `SCHEMATA`
    alt : replaces the course's text

    Raises
    ------
    ValueError
        If there is no diagram of that name.
    """
    if name not in SCHEMATA:
        raise ValueError(f"there is no diagram {name!r}: expected one of {', '.join(map(repr, SCHEMATA))}.")
    draw, height = SCHEMATA[name]
    with canvas.canvas(None if alt else name, height=height, width=WIDTH, alt=alt) as fig:
        draw(_Sketch(fig.add_axes((0, 0, 1, 1)), height))


def _kmeans(s: _Sketch) -> None:
    s.box(0.95, 0.75, 1.5, 0.75, "start\nk centroids", "data")
    s.box(3.25, 0.75, 1.9, 0.95, "assign\neach point to its\nnearest centroid", "step")
    s.box(5.75, 0.75, 1.9, 0.95, "update\neach centroid to the\nmean of its points", "step")
    s.box(8.25, 0.75, 1.4, 0.75, "clusters and\ncentroids", "data")
    s.arrow((1.7, 0.75), (2.3, 0.75))
    s.arrow((4.2, 0.75), (4.8, 0.75))
    s.arrow((6.7, 0.75), (7.55, 0.75))
    s.words(7.1, 0.91, "converged", 9.5)
    s.path((5.75, 1.23), (5.75, 1.65), (3.25, 1.65), (3.25, 1.23), text="not converged: once more", at=(4.5, 1.8))


def _quantization(s: _Sketch) -> None:
    s.box(0.85, 1.0, 1.4, 0.9, "photograph\n(h, w, 3)", "data")
    s.box(2.85, 1.0, 1.5, 0.9, "m = h · w points\n(m, 3)", "data")
    s.box(4.65, 1.0, 1.1, 0.9, "k-means", "step")
    s.box(6.45, 1.5, 1.5, 0.7, "palette:\nk centroids (k, 3)", "code", 10)
    s.box(6.45, 0.5, 1.5, 0.7, "index of every\npixel (h, w)", "code", 10)
    s.box(8.25, 1.0, 1.3, 0.9, "picture in\nk colours\n(h, w, 3)", "data")
    s.arrow((1.55, 1.0), (2.1, 1.0))
    s.arrow((3.6, 1.0), (4.1, 1.0))
    s.arrow((5.2, 1.1), (5.7, 1.5))
    s.arrow((5.2, 0.9), (5.7, 0.5))
    s.arrow((7.2, 1.5), (7.6, 1.15))
    s.arrow((7.2, 0.5), (7.6, 0.85))


def _around_a_code(s: _Sketch, y: float, code: str, given: str = "$x$", *, end: float = 8.35) -> None:
    """Input, encoder, code, decoder and output on one line."""
    s.box(2.0, y, 0.9, 1.3, given, "data", 12)
    s.funnel(3.6, y, 1.5, 1.3, 0.6, "encoder")
    s.box(5.05, y, 0.8, 0.6, code, "code", 11)
    s.funnel(6.5, y, 1.5, 0.6, 1.3, "decoder")
    s.box(end - 0.25, y, 0.9, 1.3, "$\\hat{x}$", "data", 12)
    for start, stop in ((2.45, 2.85), (4.35, 4.65), (5.45, 5.75), (7.25, 7.65)):
        s.arrow((start, y), (stop, y))


def _autoencoder(s: _Sketch) -> None:
    _around_a_code(s, 1.85, "$\\hat{z}$")
    s.words(2.0, 1.02, "784 numbers", 9.5)
    s.words(3.6, 1.02, "$\\hat{z} = E(x)$", 10.5)
    s.words(5.05, 1.36, "few numbers", 9.5)
    s.words(6.5, 1.02, "$\\hat{x} = D(\\hat{z})$", 10.5)
    s.words(8.1, 1.02, "784 numbers", 9.5)
    s.box(5.05, 0.42, 3.3, 0.5, "loss $\\varepsilon_x(\\hat{x}, x)$: how far is $\\hat{x}$ from $x$?", "loss")
    s.path((2.0, 0.9), (2.0, 0.42), (3.4, 0.42))
    s.path((8.1, 0.9), (8.1, 0.42), (6.7, 0.42))
    s.words(0.75, 1.85, "no labels:\nthe input is\nthe target", 9.5, color="#555555")


def _sparse(s: _Sketch) -> None:
    s.box(1.0, 1.75, 1.0, 1.5, "$x$\n784", "data", 11.5)
    s.funnel(2.55, 1.75, 1.1, 1.5, 2.6, "encoder")
    lit = {(1, 0), (4, 1), (7, 2), (2, 3)}
    for column in range(4):
        for row in range(9):
            on = (row, column) in lit
            place = (3.6 + 0.28 * column, 0.63 + 0.28 * row)
            s.ax.add_patch(Circle(place, 0.1, facecolor="#E69F00" if on else "#FFFFFF", edgecolor=_EDGE, linewidth=0.9))
    s.words(4.02, 3.22, "code $a^{[1]}$: 900 units, few of them active", 10)
    s.funnel(5.5, 1.75, 1.1, 2.6, 1.5, "decoder")
    s.box(7.05, 1.75, 1.0, 1.5, "$\\hat{x}$\n784", "data", 11.5)
    s.arrow((1.5, 1.75), (2.0, 1.75))
    s.arrow((3.1, 1.75), (3.42, 1.75))
    s.arrow((4.62, 1.75), (4.95, 1.75))
    s.arrow((6.05, 1.75), (6.55, 1.75))
    s.box(8.3, 2.35, 1.25, 0.75, "error:\n$\\hat{x}$ near $x$", "loss", 10)
    s.box(8.3, 0.68, 1.25, 0.75, "penalty:\nactivity costs", "loss", 10)
    s.words(8.3, 1.5, "+", 16)
    s.path((7.05, 2.5), (7.05, 3.0), (8.3, 3.0), (8.3, 2.73))
    s.path((4.02, 0.45), (4.02, 0.13), (8.3, 0.13), (8.3, 0.29))


def _convolutional(s: _Sketch) -> None:
    y = 1.75
    for x, side, maps, text in ((0.72, 1.15, 1, "28x28x1"), (2.1, 0.72, 6, "14x14x32"), (3.25, 0.42, 4, "7x7x16")):
        s.stack(x, y, side, maps, text, "data" if maps == 1 else "network")
        s.stack(WIDTH - x, y, side, maps, text, "data" if maps == 1 else "network")
    s.box(4.5, y, 0.5, 0.85, "32", "code", 11)
    s.words(4.5, y - 0.6, "code", 9.5)
    layers = [
        ("convolution,\nstride 2", 1.33, 1.52),
        ("convolution,\nstride 2", 2.63, 2.88),
        ("dense", 3.58, 4.2),
        ("dense", 4.8, 5.38),
        ("transposed\nconvolution,\nstride 2", 6.07, 6.32),
        ("transposed\nconvolution,\nstride 2", 7.43, 7.62),
    ]
    for text, start, stop in layers:
        s.arrow((start, y), (stop, y))
        s.words((start + stop) / 2, 2.42, text, 9.5, va="bottom")
    s.words(2.0, 0.45, "encoder: less where, more what", 10, color="#555555")
    s.words(7.0, 0.45, "decoder: the way back", 10, color="#555555")


def _denoising(s: _Sketch) -> None:
    s.box(0.6, 1.85, 0.9, 1.3, "$x$\nclean", "data", 11)
    _around_a_code(s, 1.85, "code", "$\\tilde{x}$\nnoisy")
    s.arrow((1.05, 1.85), (1.55, 1.85), "noise", at=(0, 0.18))
    s.path((3.3, 2.4), (3.3, 2.75), (6.8, 2.75), (6.8, 2.4), dashed=True)
    s.words(5.05, 2.9, "skip connections (section 3)", 9.5)
    s.box(5.05, 0.42, 3.4, 0.5, "loss: how far is $\\hat{x}$ from the clean $x$?", "loss")
    s.path((0.6, 1.2), (0.6, 0.42), (3.35, 0.42))
    s.path((8.1, 1.2), (8.1, 0.42), (6.75, 0.42))


def _windows(s: _Sketch) -> None:
    top, low, wide = 1.95, 0.6, 1.55
    upper = [("series\n$x_t$", "data"), ("windows\n$x^{(i)}$, $w$ points", "data"),
             ("autoencoder\n$\\hat{x}^{(i)}$", "network"),
             ("errors\n$e_{ij}$ of each point\nin each window", "step")]  # fmt: skip
    lower = [("score $s_t$:\nmean over all\nwindows with $t$", "step"), ("smooth", "step"),
             ("above the\nthreshold from\nclean data?", "step"), ("events:\nstart and end", "data")]  # fmt: skip
    xs = [0.95, 3.3, 5.65, 8.0]
    for row, y in ((upper, top), (lower, low)):
        for x, (text, kind) in zip(xs, row, strict=True):
            s.box(x, y, wide + 0.1, 0.85, text, kind, 10)
        for left, right in pairwise(xs):
            s.arrow((left + wide / 2 + 0.05, y), (right - wide / 2 - 0.05, y))
    s.path((8.0, 1.52), (8.0, 1.28), (0.95, 1.28), (0.95, 1.03))


def _vae(s: _Sketch) -> None:
    y = 1.95
    s.box(0.6, y, 0.8, 1.2, "$x$\n64 × 64", "data", 11.5)
    s.funnel(1.95, y, 1.3, 1.3, 0.8, "encoder")
    s.box(3.5, y + 0.45, 0.95, 0.55, "$\\mu_x$", "code", 12)
    s.box(3.5, y - 0.45, 0.95, 0.55, "$\\log\\,\\sigma_x^2$", "code", 12)
    s.words(3.5, y, "16 each", 9.5, color="#555555")
    s.ax.add_patch(Rectangle((2.95, y - 0.8), 1.1, 1.6, fill=False, edgecolor=_EDGE, linestyle=(0, (4, 2.5))))
    s.box(5.15, y, 1.5, 0.7, "$z = \\mu_x + \\sigma_x \\odot \\epsilon$", "step", 11)
    s.box(5.15, y + 1.05, 1.5, 0.5, "$\\epsilon$ from $N(0, I)$", "data", 10.5)
    s.funnel(6.85, y, 1.3, 0.8, 1.3, "decoder")
    s.box(8.35, y, 0.8, 1.2, "$\\hat{x}$\n64 × 64", "data", 11.5)
    s.arrow((1.0, y), (1.3, y))
    s.arrow((2.6, y + 0.15), (3.02, y + 0.42))
    s.arrow((2.6, y - 0.15), (3.02, y - 0.42))
    s.arrow((3.98, y + 0.42), (4.4, y + 0.14))
    s.arrow((3.98, y - 0.42), (4.4, y - 0.14))
    s.arrow((5.15, y + 0.8), (5.15, y + 0.36))
    s.arrow((5.9, y), (6.2, y))
    s.arrow((7.5, y), (7.95, y))
    s.box(3.5, 0.42, 2.6, 0.66, "where the codes are:\n$KL[N(\\mu_x, \\sigma_x),\\; N(0, I)]$", "loss")
    s.arrow((3.5, y - 0.8), (3.5, 0.76))
    s.box(6.6, 0.42, 2.3, 0.66, "reconstruction:\n$\\|x - \\hat{x}\\|^2$", "loss")
    s.path((8.35, y - 0.6), (8.35, 0.5), (7.76, 0.5))
    s.path((0.6, y - 0.6), (0.6, 0.04), (8.1, 0.04), (8.1, 0.34), (7.76, 0.34))
    s.words(5.12, 0.42, "+", 15)


def _grad_cam(s: _Sketch) -> None:
    top, low = 2.2, 0.55
    s.box(0.75, top, 1.1, 0.9, "picture", "data")
    s.box(2.5, top, 1.5, 0.9, "body:\nconvolutions", "network")
    s.stack(4.55, top + 0.05, 0.66, 5, "", "code")
    s.words(4.55, top + 0.75, "1 · activation maps $A_k$", 10)
    s.box(6.35, top, 1.2, 0.9, "head", "network")
    s.box(8.17, top, 1.46, 0.9, "2, 3 · score $\\hat{y}^{(c)}$\nof class $c$", "data")
    s.arrow((1.3, top), (1.75, top))
    s.arrow((3.25, top), (4.05, top))
    s.arrow((5.08, top), (5.75, top))
    s.arrow((6.95, top), (7.44, top))
    s.box(7.53, low, 2.74, 0.8, "4b · importance weight $\\alpha_k^{(c)}$:\nmean over all places", "step", 10)
    s.path((8.17, top - 0.45), (8.17, low + 0.4), dashed=True)
    s.words(7.0, 1.37, "4a · gradient of the score\nby each activation", 10)
    s.box(4.55, low, 2.2, 0.8, "5 · ReLU of the maps'\nweighted sum", "step", 10)
    s.box(1.5, low, 2.2, 0.8, "heat map of class $c$,\nenlarged to be shown", "data", 10)
    s.arrow((6.16, low), (5.65, low))
    s.arrow((4.55, top - 0.43), (4.55, low + 0.4))
    s.arrow((3.45, low), (2.6, low))


# name -> how to draw it, and its height in inches
SCHEMATA: dict[str, tuple[Callable[[_Sketch], None], float]] = {
    "kmeans-loop": (_kmeans, 2.0),
    "quantization-pipeline": (_quantization, 2.0),
    "autoencoder-schema": (_autoencoder, 2.65),
    "sparse-schema": (_sparse, 3.4),
    "convolutional-schema": (_convolutional, 3.0),
    "denoising-schema": (_denoising, 3.1),
    "windows-to-events": (_windows, 2.5),
    "vae-schema": (_vae, 3.35),
    "grad-cam-schema": (_grad_cam, 3.15),
}
