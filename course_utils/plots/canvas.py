"""The look of every figure, and its way to the reader: picture, number, caption and alt text in one output."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from course_utils.figure_texts import FigureText, text_of

# Okabe and Ito (2008), Color universal design, as far as the eighth; yellow comes late: pale on white. Two dark ones
# more make ten, one for each digit. Black is kept for text and centroids.
COLORS = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#999999", "#F0E442", "#7B4B1E", "#5B3A8C",
)  # fmt: skip
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", "p")
LINES = ("-", "--", "-.", ":")
INK = "#222222"
WIDTH = 9.0  # inches: the width of a notebook's text
SHOWN_DPI = 92  # pixels an inch on the page
_STORED_DPI = 130  # pictures are stored finer than shown, for projectors
_PHOTO_DPI = 110

_STYLE = {
    "figure.figsize": (WIDTH, 3.6),
    "figure.dpi": 100,
    "figure.facecolor": "white",  # a background of its own: a dark page does not swallow the axes' text
    "figure.constrained_layout.use": True,
    "axes.prop_cycle": mpl.cycler(color=COLORS),
    "axes.unicode_minus": True,
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
    name: str | None = None,
    ncols: int = 1,
    nrows: int = 1,
    *,
    height: float = 3.4,
    width: float = WIDTH,
    photo: bool = False,
    alt: str | None = None,
    **options,
) -> Iterator[Axes | NDArray]:
    """Draw on empty axes; the figure is shown, with its caption and alt text, at the end of the block.

    Parameters
    ----------
    name : the figure's name in the file of texts; none for a figure of your own
    ncols, nrows : how many axes
    height, width : inches, of the whole figure
    photo : store as a photograph, a tenth of the size
    alt : for a figure of your own, what it shows
    options : further arguments of `Figure.subplots`, for instance ``sharey=True``

    Yields
    ------
    axes : one Axes, or an array of them as `Figure.subplots` gives it

    Raises
    ------
    ValueError
        If there is no text of that name, or both a name and an alt text are given.
    """
    with canvas(name, height=height, width=width, photo=photo, alt=alt) as fig:
        fig.set_layout_engine("constrained")
        yield fig.subplots(nrows, ncols, **options)


@contextmanager
def canvas(
    name: str | None, *, height: float, width: float, photo: bool = False, alt: str | None = None
) -> Iterator[Figure]:
    """Draw on an empty Figure, without axes; otherwise like `figure`."""
    if name is not None and alt is not None:
        raise ValueError(f"figure {name!r} has an alt text in its file already: leave alt out.")
    text = None if name is None else text_of(name)  # refused before anything is drawn
    with mpl.rc_context(_STYLE):
        fig = Figure(figsize=(width, height), layout="none")
        yield fig
        _show(fig, text or FigureText("", "", 0, "", " ".join(alt.split()) if alt else _described(fig)), photo)


def minus(number: float, digits: int = 3) -> str:
    """Write a number with a true minus sign, and zero without a sign.

    >>> minus(-0.5), minus(0.0), minus(2)
    ('−0.5', '0', '2')
    """
    return f"{number:.{digits}g}".replace("-", "\N{MINUS SIGN}") if number else "0"


def _described(fig: Figure) -> str:
    """What can be told of a figure that nobody has described."""
    told = []
    for ax in fig.axes:
        parts = [ax.get_title("left") or ax.get_title()]
        parts += [
            f"{label} on the {way} axis" for label, way in ((ax.get_xlabel(), "x"), (ax.get_ylabel(), "y")) if label
        ]
        told += [", ".join(filter(None, parts))]
    return "; ".join(["A figure that has no description", *filter(None, told)]) + "."


def _show(fig: Figure, text: FigureText, photo: bool) -> None:
    """Emit the figure in two forms, and leave it to the front end which it takes.

    As Markdown, a `<figure>` with alt text and caption: JupyterLab, nbconvert and VS Code prefer it to a picture, and
    so does myst-nb if told to (``nb_mime_priority_overrides``). And as a plain picture, which older converters prefer
    (GitHub's preview, LaTeX): where HTML is sanitized, the picture is not lost with it. JupyterLab shows no alt text
    for a plain picture, whatever its metadata say.
    """
    from IPython.display import display

    width, height = (round(inches * SHOWN_DPI) for inches in fig.get_size_inches())
    drawn = _drawn(fig, _PHOTO_DPI if photo else _STORED_DPI)
    painted = {patch.get_facecolor() for ax in fig.axes for patch in ax.patches}  # a palette's colours must stay true
    if not (photo or len(painted) > 32 or any(ax.images for ax in fig.axes)):
        drawn = _with_few_colors(drawn)
    kind, plain = _plain(drawn.resize((width, height), _BOX), photo)
    data = {"text/markdown": _as_html(_compressed(drawn, photo), text, width), f"image/{kind}": plain}
    data["text/plain"] = f"{_caption(text)}{text.alt}"
    display(data, metadata={f"image/{kind}": {"alt": text.alt, "width": width}}, raw=True)


_BOX = 4  # PIL.Image.Resampling.BOX: Pillow is imported only where a figure is drawn


def _drawn(fig: Figure, dpi: int):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    agg = FigureCanvasAgg(fig)
    fig.set_dpi(dpi)
    agg.draw()
    return Image.fromarray(np.asarray(agg.buffer_rgba())[..., :3].copy())


def _with_few_colors(picture):
    """Return a chart in 128 colours, two thirds of the size: lines and letters need no more."""
    from PIL import Image

    return picture.quantize(128, dither=Image.Dither.NONE).convert("RGB")


def _compressed(picture, photo: bool) -> str:
    """Return a picture as WebP: without loss for drawings, half of a JPEG for photographs."""
    file = io.BytesIO()
    options = {"quality": 68, "method": 6} if photo else {"lossless": True, "quality": 70, "method": 4}
    picture.save(file, "webp", **options)
    return base64.b64encode(file.getvalue()).decode()


def _plain(picture, photo: bool) -> tuple[str, bytes]:
    """Return a picture small enough to be carried along, in a format that everything can show."""
    from PIL import Image

    file = io.BytesIO()
    if photo:
        picture.resize((3 * picture.width // 4, 3 * picture.height // 4), _BOX).save(
            file, "jpeg", quality=40, optimize=True
        )
        return "jpeg", file.getvalue()
    picture.quantize(32, dither=Image.Dither.NONE).save(file, "png", optimize=True)
    return "png", file.getvalue()


def _caption(text: FigureText) -> str:
    return f"Figure {text.number}. {text.caption}\n" if text.number else ""


def _as_html(webp: str, text: FigureText, width: int) -> str:
    caption = ""
    if text.number:
        caption = f"<figcaption><b>Figure {text.number}.</b> {html.escape(text.caption, quote=False)}</figcaption>"
    picture = f'<img src="data:image/webp;base64,{webp}" alt="{html.escape(text.alt)}" width="{width}">'
    return f'<figure style="margin: 0">{picture}{caption}</figure>'
