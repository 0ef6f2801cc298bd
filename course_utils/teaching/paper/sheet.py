"""Sheets of paper questions: to print, with solutions, and for Moodle, all from the same questions."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from math import gcd, lcm
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.teaching.markup import to_html, to_mathml, to_tex
from course_utils.teaching.notebooks import find_notebooks, write_text
from course_utils.teaching.paper.question import Part, Question, with_minus
from course_utils.teaching.paper.registry import NOTEBOOKS, Kind, kinds_of, known

if TYPE_CHECKING:
    from jinja2 import Environment

_NEEDED = ("jinja2", "latex2mathml", "mistune")
_FOLDER = Path(__file__).parent


def make_sheets(
    notebooks: Sequence[str],
    out: Path,
    *,
    seed: int,
    variants: int = 1,
    force: bool = False,
) -> list[Path]:
    """Write for each notebook a sheet of questions, the same with worked solutions, and a file for Moodle.

    Parameters
    ----------
    notebooks : numbers, beginnings of names or paths of notebooks; all that have questions if none is given
    out : the folder, made if need be
    seed : integer >= 0; the same seed gives the same sheets
    variants : how many sheets of each notebook, with seeds one after another
    force : overwrite sheets that are there already

    Returns
    -------
    paths : the files written, three for each sheet

    Raises
    ------
    ValueError
        If a notebook is unknown or has no questions, seed or variants are out of range, a file would be overwritten,
        `out` is a file, or what makes sheets is not installed. Nothing is written then.
    """
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise ValueError(f'for sheets {", ".join(missing)} must be installed: `pip install "course_utils[paper]"`.')
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(f"the seed must be an integer >= 0, got {seed!r}: choose another one.")
    if isinstance(variants, bool) or not isinstance(variants, int) or variants < 1:
        raise ValueError(f"variants must be an integer >= 1, got {variants!r}: how many sheets of each notebook?")
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file: choose a folder for the sheets.")
    wanted = [(notebook, seed + i) for notebook in _numbers(notebooks) for i in range(variants)]
    names = {(notebook, each): f"paper-{notebook}-seed-{each}" for notebook, each in wanted}
    if not force:
        for name in names.values():
            for ending in (".html", "-solutions.html", ".xml"):
                if (path := out / f"{name}{ending}").exists():
                    raise ValueError(f"{path} is there already: choose another folder, or overwrite it with --force.")
    environment = _environment()
    pages = {}
    for (notebook, each), name in names.items():
        questions = [(kind, kind.draw(each)) for kind in kinds_of(notebook)]
        pages[f"{name}.html"] = _page(environment, notebook, questions, solutions=False)
        pages[f"{name}-solutions.html"] = _page(environment, notebook, questions, solutions=True)
        pages[f"{name}.xml"] = _moodle(environment, notebook, questions, each)
    out.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        write_text(out / name, text)
    return [out / name for name in pages]


def _numbers(notebooks: Sequence[str]) -> list[str]:
    """Numbers of the notebooks that are meant, each once."""
    found: list[str] = []
    for name in notebooks:
        found += [name] if name in NOTEBOOKS else [path.stem[:2] for path in find_notebooks([name])]
    for number in found:
        if number not in NOTEBOOKS:
            raise ValueError(f"there are no paper questions for notebook {number!r}: expected one of {known()}.")
    return list(dict.fromkeys(found or NOTEBOOKS))


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cdata"] = _cdata
    return environment


def _page(environment: Environment, notebook: str, questions: list[tuple[Kind, Question]], *, solutions: bool) -> str:
    """A sheet as one HTML file."""
    from markupsafe import Markup

    return environment.get_template("sheet.html.j2").render(
        notebook=notebook,
        title=NOTEBOOKS[notebook][0],
        code=_code(questions),
        css=Markup((_FOLDER / "sheet.css").read_text(encoding="utf-8")),
        minutes=sum(question.minutes for _, question in questions),
        points=sum(question.points for _, question in questions),
        questions=[_shown(question, to_mathml) for _, question in questions],
        solutions=solutions,
    )


def _moodle(environment: Environment, notebook: str, questions: list[tuple[Kind, Question]], seed: int) -> str:
    """The questions of a sheet in Moodle's XML format, as questions with fields in their text ("cloze")."""
    listed = [
        {
            "kind": kind.name,
            "category": f"{notebook} · {NOTEBOOKS[notebook][0]}/{question.title.replace('/', '//')}",
            "fields": _fields(question),
            **_shown(question, to_tex),
        }
        for kind, question in questions
    ]
    return environment.get_template("moodle.xml.j2").render(questions=listed, seed=seed)


def _code(questions: list[tuple[Kind, Question]]) -> str:
    """A few letters that a sheet and its solutions have in common, and that do not give the seed away."""
    given = json.dumps([[kind.name, asdict(question)["given"]] for kind, question in questions], default=str)
    return hashlib.sha256(given.encode()).hexdigest()[:6].upper()


def _shown(question: Question, formula: Callable[..., str]) -> dict:
    """A question as the templates want it, with texts in HTML."""
    from markupsafe import Markup

    def inline(source: str) -> Markup:
        return Markup(re.sub(r"^<p>|</p>$", "", to_html(source, formula).strip()))

    return {
        "title": question.title,
        "minutes": question.minutes,
        "points": question.points,
        "text": Markup(to_html(question.text, formula)),
        "parts": [
            {
                "letter": "abcdefgh"[i],
                "prompt": Markup(to_html(part.prompt, formula)),
                "asked": _asked(part),
                "points": part.points,
                "names": [inline(name) for name in part.names] or [""] * len(part.numbers),
                "unit": part.unit,
                "choices": part.choices,
                "shown": [with_minus(shown) for shown in part.shown],
                "worked": Markup(to_html(part.worked, formula)),
                "lines": _room(part),
            }
            for i, part in enumerate(question.parts)
        ],
    }


def _room(part: Part) -> int:
    """How many lines to leave for writing."""
    return 1 if part.choices else min(6, 1 + sum(map(bool, part.worked.split("\n"))))


def _asked(part: Part) -> str:
    """How the answer is to be given."""
    if part.choices:
        return "one of these"
    if part.decimals == 0:
        return "whole numbers" if len(part.numbers) > 1 else "a whole number"
    return f"{part.decimals} decimal{'s' if part.decimals > 1 else ''}"


def _fields(question: Question) -> list[list[str]]:
    """Moodle's fields for each part's answers, weighted so that a part counts by its points."""
    numbers = [max(1, len(part.numbers)) for part in question.parts]
    common = lcm(*numbers)
    weights = [part.points * common // n for part, n in zip(question.parts, numbers, strict=True)]
    smallest = gcd(*weights)
    return [_fields_of(part, weight // smallest) for part, weight in zip(question.parts, weights, strict=True)]


def _fields_of(part: Part, weight: int) -> list[str]:
    if part.choices:
        words = "~".join(f"={_escaped(word)}" if word == part.answer else _escaped(word) for word in part.choices)
        return [f"{{{weight}:MULTICHOICE_V:{words}}}"]
    return [
        f"{{{weight}:NUMERICAL:={shown}:{tolerance}}}"
        for shown, tolerance in zip(part.shown, part.tolerances, strict=True)
    ]


def _escaped(word: str) -> str:
    """A word that may stand in a field of Moodle's."""
    return re.sub(r"([\\}~#=/\"])", r"\\\1", html.escape(word, quote=False))


def _cdata(text: str) -> str:
    """Text in a CDATA section, where it may hold anything."""
    from markupsafe import Markup

    return Markup("<![CDATA[" + str(text).replace("]]>", "]]]]><![CDATA[>") + "]]>")
