"""What every lesson uses: a start (seeds, figure style, one line that says what runs), and tables of a few numbers."""

from __future__ import annotations

import html
import os
import platform
import random
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from course_utils import __version__, plots
from course_utils.data.cache import offline


def in_colab() -> bool:
    """Whether this kernel runs in Google Colab."""
    return "google.colab" in sys.modules


def start(seed: int = 0) -> None:
    """Begin a lesson: seed every random number generator, set the figures' look, say what runs.

    Where Keras is imported already, its generators are seeded too and TensorFlow's operations made deterministic;
    where it is not, it stays unimported.

    Parameters
    ----------
    seed : integer in 0..2**32 - 1

    Raises
    ------
    ValueError
        If the seed is out of range.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be an integer in 0..2**32 - 1, got {seed!r}.")
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - students may use the old interface
    facts = [f"course_utils {__version__}", f"Python {platform.python_version()}", f"NumPy {np.__version__}"]
    if "keras" in sys.modules:
        facts.append(_start_keras(seed))
    plots.use_style()
    facts += [f"seed {seed}", f"{os.cpu_count()} cores"]
    if in_colab():
        facts.append("Colab")
    if offline():
        facts.append("offline")
    print(" | ".join(facts))


def _start_keras(seed: int) -> str:
    import keras

    keras.utils.clear_session()  # with models of an earlier run goes the generator that keras.random uses by default
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")  # its advice on retracing is for long-running programs
        tf.config.experimental.enable_op_determinism()
    return f"Keras {keras.__version__}"


def table(
    values: Mapping[str, Any], *, formats: Mapping[str, str] | str | None = None, corner: str = "", digits: int = 3
) -> None:
    """Show a few named numbers in a row, or a small table of them.

    Parameters
    ----------
    values : name -> number, shown side by side; or name of a row -> {name of a column -> number}. Words are shown as
        they are, None as an empty place
    formats : how to write the numbers, as in ``"{:.1%}"``: one format for all, or name of a column -> format
    corner : words above the names of the rows
    digits : significant digits of numbers without a format; integers, and numbers from 1,000, are shown whole

    Raises
    ------
    ValueError
        If there is nothing to show, or rows and single numbers are mixed.
    """
    from IPython.display import display

    nested = [isinstance(value, Mapping) for value in values.values()]
    if not values or any(nested) != all(nested):
        raise ValueError("expected name -> number for all entries, or name -> {column -> number} for all of them.")
    rows = dict(values) if any(nested) else {"": values}
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    one_for_all = formats if isinstance(formats, str) else None
    own = formats if isinstance(formats, Mapping) else {}
    cells = {
        name: [_shown(row.get(column), own.get(column, one_for_all), digits) for column in columns]
        for name, row in rows.items()
    }
    display({"text/html": _as_html(cells, columns, corner), "text/plain": _as_text(cells, columns, corner)}, raw=True)


def _shown(value: Any, pattern: str | None, digits: int) -> str:
    """Write a number as people do: thousands apart, a true minus sign, no digits that mean nothing."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if np.ndim(value):
        return ", ".join(_shown(entry, pattern, digits) for entry in np.asarray(value).ravel().tolist())
    if pattern:
        text = pattern.format(value)
    elif isinstance(value, int | np.integer) or abs(value) >= 1000:
        text = f"{value:,.0f}"
    elif not value or not np.isfinite(value) or abs(value) < 1e-6:
        text = f"{value:.{digits}g}"
    else:
        rounded = float(f"{abs(value):.{digits - 1}e}")
        text = f"{value:.{max(0, digits - 1 - int(np.floor(np.log10(rounded))))}f}"
    if not any(character in "123456789ni" for character in text):  # nothing is left of it but a sign
        text = text.removeprefix("-")
    return text.replace("-", "\N{MINUS SIGN}")


def _as_text(cells: dict[str, list[str]], columns: list[str], corner: str) -> str:
    lines = [[corner, *columns], *([name, *row] for name, row in cells.items())]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns) + 1)]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *(w.rjust(n) for w, n in zip(line[1:], widths[1:], strict=True))]).rstrip()
        for line in lines
    )


def _as_html(cells: dict[str, list[str]], columns: list[str], corner: str) -> str:
    named = any(cells) or bool(corner)
    head = [f"<td>{html.escape(corner)}</td>"] * named + [f'<th scope="col">{html.escape(c)}</th>' for c in columns]
    lines = ["".join(head)]
    for name, row in cells.items():
        whole = name.replace(" ", "\N{NO-BREAK SPACE}") if len(name) <= 24 else name  # short names stay on one line
        first = [f'<th scope="row" style="text-align: left">{html.escape(whole)}</th>'] * named
        lines.append("".join([*first, *(f"<td>{html.escape(cell)}</td>" for cell in row)]))
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"
