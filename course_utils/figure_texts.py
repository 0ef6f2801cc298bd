"""What figures say in words: a caption for all, and alt text for someone who cannot see the picture.

The texts stand apart from the code, in one TOML file for each notebook (course_utils/figures), by the figure's name and
in the order of the notebook: a figure's number is its place in that file.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class FigureText:
    """The words of a figure.

    Attributes
    ----------
    name : what the code calls it
    notebook : the notebook it belongs to
    number : its number in that notebook, from 1; 0 for a figure that is in none
    caption : what to look at, one sentence
    alt : what the picture shows, for someone who cannot see it
    """

    name: str
    notebook: str
    number: int
    caption: str
    alt: str


def texts_folder() -> Path:
    """Folder of the files with the figures' texts. It is part of the package, so that it is there in Colab as well."""
    return Path(__file__).resolve().parent / "figures"


@cache
def read_texts(folder: Path | None = None) -> dict[str, FigureText]:
    """Texts of all figures by name, in the order of the notebooks.

    Parameters
    ----------
    folder : where the TOML files are, default the course's own

    Raises
    ------
    ValueError
        If a file is not TOML, an entry lacks its caption or its alt text, or two figures have one name.
    """
    texts: dict[str, FigureText] = {}
    for path in sorted((folder or texts_folder()).glob("*.toml")):
        try:
            entries = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{path} is not TOML: {error}.") from None
        for number, (name, entry) in enumerate(entries.items(), start=1):
            if not isinstance(entry, dict) or set(entry) != {"caption", "alt"}:
                raise ValueError(f"{path}: figure {name!r} must have a caption and an alt text, and nothing else.")
            if name in texts:
                raise ValueError(f"{path}: {texts[name].notebook} has a figure {name!r} already: choose another name.")
            caption, alt = (" ".join(entry[key].split()) for key in ("caption", "alt"))
            texts[name] = FigureText(name, path.stem, number, caption, alt)
    return texts


def text_of(name: str) -> FigureText:
    """Text of a figure by its name.

    Raises
    ------
    ValueError
        If no file has a text for that name.
    """
    texts = read_texts()
    if name not in texts:
        near = get_close_matches(str(name), texts, n=3)
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else "."
        raise ValueError(
            f"there is no text for a figure called {name!r}{hint} For a figure of your own, leave `figure` out, or "
            "describe it with alt='...'; for the course's, write caption and alt text into course_utils/figures."
        )
    return texts[name]
