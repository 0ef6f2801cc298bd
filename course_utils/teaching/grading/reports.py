"""Reports of a graded class: tables for the assistant, a page for each student, files for other programs.

The same results give the same bytes, in whatever order they come: everything is sorted, and no report but
``results.json`` holds a time. What a student could have written (names, remarks) is made harmless for each format.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import statistics
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from html import escape
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

from course_utils.checks.base import NO_FUNCTION
from course_utils.teaching.grading.results import NOT_RUN, Graded, Mark
from course_utils.teaching.notebooks import write_text

SYMBOLS = {"passed": "✓", "failed": "✗", "timed out": "…", NOT_RUN: "–"}
LONGEST_TEXT = 2000  # characters of a remark that a report shows; results.json has them all
LONGEST_NAME = 80  # characters of a file name, before ".html"
LARGEST_SUMMARY = 400_000  # bytes; GitHub refuses a step summary of more than 1 MiB
COMMONEST = 5  # remarks shown for an exercise

HARMLESS = ("The file began with a byte-order mark.",)  # no need to look, if all points are there

STYLE = """
:root { color-scheme: light dark; --page: #fff; --text: #1b1f24; --soft: #57606a; --line: #d0d7de; --band: #f3f5f7;
  --link: #0a58ca; --bar: #3b6fb6; --good: #116329; --bad: #a40e26; }
@media (prefers-color-scheme: dark) { :root { --page: #14181d; --text: #e6e9ed; --soft: #a3adb8; --line: #39424c;
  --band: #1d232a; --link: #7db4ff; --bar: #6ea3e8; --good: #6fd08c; --bad: #ff9492; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 3rem; max-width: 60rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.25rem 0 .5rem; }
a { color: var(--link); }
.soft { color: var(--soft); margin: 0; }
.total { font-size: 1.35rem; font-weight: 600; margin: 1.25rem 0; }
.notice { border: 1px solid var(--line); border-left: .35rem solid var(--bad); padding: .6rem .9rem;
  background: var(--band); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .5rem .7rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { background: var(--band); border-bottom-width: 2px; white-space: nowrap; }
tbody th { font-weight: 600; }
tfoot th, tfoot td { font-weight: 600; border-bottom: 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.state { white-space: nowrap; }
.passed { color: var(--good); }
.lost { color: var(--bad); }
.text { white-space: pre-line; overflow-wrap: anywhere; min-width: 9rem; }
ul { margin: 0; padding-left: 1.2rem; }
svg { display: block; width: 100%; max-width: 44rem; height: auto; }
svg rect { fill: var(--bar); }
svg line { stroke: var(--soft); }
svg text { fill: var(--text); font: 13px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif;
  text-anchor: middle; }
@media print {
  :root { color-scheme: light; --page: #fff; --text: #000; --soft: #444; --line: #999; --band: #fff; --link: #000;
    --bar: #555; --good: #000; --bad: #000; }
  body { padding: 0; max-width: none; font-size: 10.5pt; }
  svg rect { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  tr, svg { break-inside: avoid; } h2 { break-after: avoid; } .scroll { overflow: visible; }
}
"""


def write_reports(results: Sequence[Graded], out: Path) -> list[Path]:
    """Write every report of a class into a folder.

    - ``grades.csv``: one row a submission, sorted by name, with the name of its page of feedback.
      It begins with a byte-order mark: without it Excel takes
      UTF-8 for the local code page and spoils names; LibreOffice, Google Sheets and pandas read it either way (with
      Python's csv module, open it as ``utf-8-sig``). Numbers have a decimal point, whatever the country.
      A text that a spreadsheet would take for a formula has an apostrophe before it.
    - ``results.json``: a list of all results, complete
    - ``junit.xml``: one test suite a student, one test case an exercise
    - ``feedback/NAME.html``: a page for each student
    - ``class.html``: a page for the assistant; links to the feedback pages
    - ``summary.md``: the same in short, in Markdown

    Each file is written under a temporary name, then renamed. Feedback pages of earlier runs are left alone.

    Parameters
    ----------
    results : results of one notebook, in any order
    out : folder; made if it is not there

    Returns
    -------
    The files written.

    Raises
    ------
    ValueError
        If the results belong to several notebooks, points are no finite numbers, or `out` is a file.
    """
    results = _sorted(results)
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise ValueError(f"out is {str(out)!r}, which is a file: expected a folder for the reports; name another.")
    feedback = out / "feedback"
    feedback.mkdir(parents=True, exist_ok=True)
    names = _file_names([result.student for result in results])
    written = []

    def write(path: Path, text: str) -> None:
        write_text(path, text)
        written.append(path)

    write(out / "results.json", _json(results))
    for result, name in zip(results, names, strict=True):
        write(feedback / name, _feedback_page(result))
    write(out / "junit.xml", _junit(results))
    write(out / "class.html", _class_page(results, names))
    write(out / "summary.md", _summary(results))
    write(out / "grades.csv", _csv(results, names))
    return written


def append_step_summary(results: Sequence[Graded], path: str | Path) -> None:
    """Append the class's summary to the file that GitHub Actions names in ``$GITHUB_STEP_SUMMARY``.

    Raises
    ------
    ValueError
        If the results belong to several notebooks, or points are no finite numbers.
    """
    text = _summary(_sorted(results))
    with open(path, "a", encoding="utf-8", newline="\n") as file:
        file.write(("\n\n" if file.tell() else "") + text)


def exit_code(results: Sequence[Graded], min_score: float | None = None) -> int:
    """What a grading run tells the shell: 0 all graded, 1 some below `min_score`, 2 some could not be graded.

    Parameters
    ----------
    results : results of the run
    min_score : share of the maximum that every submission shall reach, from 0 to 1; None asks for nothing

    Returns
    -------
    0, 1 or 2; 2 wins over 1.

    Raises
    ------
    ValueError
        If `min_score` is not from 0 to 1.
    """
    if min_score is not None and not 0 <= min_score <= 1:
        raise ValueError(f"min_score is {min_score!r}: expected a share from 0 to 1; write 0.6 for 60 %.")
    if any(result.outcome != "graded" for result in results):
        return 2
    if min_score is not None and any(r.points < min_score * r.maximum - 1e-9 for r in results):
        return 1
    return 0


def closing_words(results: Sequence[Graded]) -> str:
    """What a run ends with, in a line: how many were graded, which were not, how many need a look, the mean."""
    others = [f"{_line(result.student)}: {result.outcome}" for result in results if result.outcome != "graded"]
    shown = f" ({', '.join(others[:5])}{', …' if len(others) > 5 else ''})" if others else ""
    mean = statistics.fmean(result.points for result in results)
    return (
        f"{len(results)} submissions: {len(results) - len(others)} graded, {len(others)} not{shown}; "
        f"{len(_needs_a_look(results))} need a look; mean {mean:.2f} of "
        f"{_number(max(result.maximum for result in results))} points."
    )


# What every report needs.


def _sorted(results: Iterable[Graded]) -> list[Graded]:
    """The results by name, checked; a name that comes twice is ordered by what was found, not by time."""
    results = list(results)
    notebooks = sorted({result.notebook for result in results})
    if len(notebooks) > 1:
        raise ValueError(
            f"results of several notebooks ({', '.join(notebooks)}): expected those of one; "
            "write the reports of each notebook into its own folder."
        )
    for result in results:
        for mark in result.marks:
            if not (math.isfinite(mark.points) and math.isfinite(mark.maximum)):
                raise ValueError(
                    f"{result.student!r}, {mark.grade_id}: {mark.points!r} of {mark.maximum!r} points: "
                    "expected finite numbers; grade this submission again."
                )
    return sorted(
        results,
        key=lambda r: (r.student.casefold(), r.student, json.dumps(asdict(replace(r, seconds=0.0))), r.seconds),
    )


def _exercises(results: Sequence[Graded]) -> list[Mark]:
    """One mark for each exercise of the notebook, in its order: of the submission that has most of them."""
    exercises: dict[str, Mark] = {}
    for result in sorted(results, key=lambda r: (-len(r.marks), [mark.grade_id for mark in r.marks])):
        for mark in result.marks:
            exercises.setdefault(mark.grade_id, mark)
    return list(exercises.values())


def _file_names(students: Sequence[str]) -> list[str]:
    """Names of the feedback pages: safe on every system, different even where case does not count."""
    stems = [_safe_stem(student) for student in students]
    names = [""] * len(students)
    taken: set[str] = set()
    # A name that is safe as it is comes first: nobody else's page shall have it.
    for i in sorted(range(len(students)), key=lambda i: (stems[i] != students[i], i)):
        if (key := _same(stems[i])) not in taken:
            taken.add(key)
            names[i] = f"{stems[i]}.html"
    for i, stem in enumerate(stems):
        number = 1
        while not names[i]:
            number += 1
            if (key := _same(f"{stem}-{number}")) not in taken:
                taken.add(key)
                names[i] = f"{stem}-{number}.html"
    return names


def _same(name: str) -> str:
    """What two names share if some file system takes them for the same."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _safe_stem(student: str) -> str:
    """A file name without its ending: letters, digits, and a few harmless signs."""
    text = unicodedata.normalize("NFC", student)
    text = "".join(c if c.isalnum() or c in "-_. " or unicodedata.category(c)[0] == "M" else "_" for c in text)
    text = text.strip("-. ")[:LONGEST_NAME]
    text = text.encode()[:180].decode(errors="ignore").strip("-. ")  # file systems count bytes
    if re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", text, re.IGNORECASE):  # Windows keeps these for devices
        text = f"_{text}"
    return text or "unnamed"


def _clean(text: str) -> str:
    """Text without control characters: those that XML forbids, and those that turn the direction of writing."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    text = re.sub(r"[\t\v\f\x1c-\x1f\x85]", " ", text)
    text = re.sub(r"[\x00-\x08\x0e-\x1b\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", text)
    text = re.sub(r"[\ud800-\udfff\ufffe\uffff]", "\ufffd", text)
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + " …"


def _line(text: str) -> str:
    """Clean text on one line."""
    return " ".join(_clean(text).split())


def _number(value: float) -> str:
    """A number of points, as short as it can be."""
    value = round(float(value), 6)
    return str(int(value)) if value == int(value) else repr(value)


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "–"


def _points(result: Graded) -> str:
    return f"{_number(result.points)} of {_number(result.maximum)}"


def _needs_a_look(results: Sequence[Graded]) -> list[tuple[int, list[str]]]:
    """Number of a submission and the reasons to look at it."""
    times = Counter(result.student for result in results)
    found = []
    for i, result in enumerate(results):
        reasons = [] if result.outcome == "graded" else [f"Not fully graded: {result.outcome}."]
        reasons += [] if result.sandboxed else ["It ran without the sandbox."]
        reasons += [] if times[result.student] == 1 else ["There are several submissions under this name."]
        reasons += [
            remark
            for remark in (*result.remarks, *_hitches(result))
            if _line(remark) and not (remark in HARMLESS and result.points == result.maximum)
        ]
        if reasons:
            found.append((i, reasons))
    return found


def _hitches(result: Graded) -> list[str]:
    """What an assistant should see of the exercises: points lost to something else than a wrong answer, perhaps."""
    signs = ("SyntaxError", "IndentationError", "NameError", NO_FUNCTION)
    late = [f"{mark.grade_id} timed out." for mark in result.marks if mark.state == "timed out"]
    odd = [mark for mark in result.marks if mark.state == "failed" and any(sign in mark.remark for sign in signs)]
    return late + [f"{mark.grade_id}: {_line(mark.remark)[:200]}" for mark in odd]


def _bins(results: Sequence[Graded]) -> tuple[str, list[tuple[str, int]]]:
    """How many submissions have which total: by points where these are few whole numbers, else by tenths."""
    maximum = max((result.maximum for result in results), default=0)
    whole = all(r.maximum in (maximum, 0) and r.points == int(r.points) and 0 <= r.points <= maximum for r in results)
    if whole and 0 < maximum <= 12 and maximum == int(maximum):
        counts = Counter(int(result.points) for result in results)
        return "points", [(str(total), counts[total]) for total in range(int(maximum) + 1)]
    counts = Counter()
    for r in results:
        share = r.points / r.maximum if r.maximum else 0.0
        counts[min(9, max(0, int(10 * share + 1e-9)))] += 1
    return "per cent of the points", [(f"{10 * i}–{10 * i + (10 if i == 9 else 9)}", counts[i]) for i in range(10)]


# Files for other programs.


def _json(results: Sequence[Graded]) -> str:
    text = json.dumps([asdict(result) for result in results], ensure_ascii=False, indent=1)
    # Half a surrogate pair (from a broken file name) cannot be written as UTF-8, but escaped it can.
    return re.sub(r"[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"


def _cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    line = _line(text)
    # The wide forms count as formulas in East Asian settings; where ; separates columns, a formula may follow one.
    line = re.sub(r'(;[\s"]*)(?=[=+\-@＝＋－＠])', r"\1'", line)
    if text[:1] in ("\t", "\r") or line[:1] in tuple("=+-@＝＋－＠"):
        return f"'{line}"
    return line


def _csv(results: Sequence[Graded], names: Sequence[str]) -> str:
    exercises = [mark.grade_id for mark in _exercises(results)]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(
        ["student", *map(_cell, exercises), "total", "maximum", "outcome", "sandboxed", "feedback", "remarks"]
    )
    for result, name in zip(results, names, strict=True):
        points = {mark.grade_id: _number(mark.points) for mark in result.marks}
        writer.writerow(
            [
                _cell(result.student),
                *(points.get(name, "") for name in exercises),
                _number(result.points),
                _number(result.maximum),
                _cell(result.outcome),
                "yes" if result.sandboxed else "no",
                _cell(f"feedback/{name}"),
                _cell(" | ".join(remark for remark in (*result.remarks, *_hitches(result)) if _line(remark))),
            ]
        )
    return "\ufeff" + file.getvalue()


def _junit(results: Sequence[Graded]) -> str:
    root = ElementTree.Element("testsuites", name=_line(results[0].notebook) if results else "")
    totals: Counter[str] = Counter()
    for result in results:
        suite = ElementTree.SubElement(root, "testsuite", name=_line(result.student))
        properties = ElementTree.SubElement(suite, "properties")
        for name, value in (
            ("points", _number(result.points)),
            ("maximum", _number(result.maximum)),
            ("outcome", _line(result.outcome)),
            ("sandboxed", "yes" if result.sandboxed else "no"),
        ):
            ElementTree.SubElement(properties, "property", name=name, value=value)
        counts: Counter[str] = Counter(tests=0, failures=0, errors=0, skipped=0)
        for mark in result.marks:
            counts["tests"] += 1
            case = ElementTree.SubElement(
                suite, "testcase", classname=_line(result.notebook), name=_line(mark.grade_id)
            )
            if mark.state != "passed":
                tag = "failure" if mark.state == "failed" else "error"
                counts[f"{tag}s"] += 1
                message = f"{_number(mark.points)} of {_number(mark.maximum)} points. {_line(mark.remark)}".strip()
                ElementTree.SubElement(case, tag, type=_line(mark.state), message=message)
        if result.outcome != "graded" and not counts["failures"] + counts["errors"]:  # it must not look passed
            counts["tests"] += 1
            counts["errors"] += 1
            case = ElementTree.SubElement(suite, "testcase", classname=_line(result.notebook), name="submission")
            ElementTree.SubElement(case, "error", type=_line(result.outcome), message=_line(result.outcome))
        if remarks := list(filter(None, map(_line, result.remarks))):
            ElementTree.SubElement(suite, "system-out").text = "\n".join(remarks)
        for key, count in counts.items():
            suite.set(key, str(count))
        totals.update(counts)
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(totals[key]))
    ElementTree.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


# Pages.


def _name(text: str) -> str:
    """A name in a page; bdi keeps right-to-left names from turning round what stands beside them."""
    return f"<bdi>{escape(_line(text)) or '(no name)'}</bdi>"


def _state(state: str) -> str:
    kind = "passed" if state == "passed" else "lost"
    symbol = SYMBOLS.get(state, "?")
    return f'<span class="{kind}"><span aria-hidden="true">{symbol}</span> {escape(_line(state))}</span>'


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _prose(text: str) -> str:
    """A remark as a sentence of a page: with a capital, and code as code."""
    text = escape(_clean(text).strip())
    text = re.sub(r"`([^`\n]+)`", r"<code>\1</code>", text)
    return text if re.match(r"\w*[_(.]", text) else text[:1].upper() + text[1:]


def _feedback_page(result: Graded) -> str:
    rows = "\n".join(
        f'<tr><th scope="row">{escape(_line(mark.title) or _line(mark.grade_id))}</th>'
        f'<td class="number">{_number(mark.points)} of {_number(mark.maximum)}</td>'
        f'<td class="state">{_state(mark.state)}</td><td class="text">{_prose(mark.remark)}</td></tr>'
        for mark in result.marks
    )
    parts = [
        f'<h1>{_name(result.student)}</h1>\n<p class="soft">Feedback on notebook {escape(_line(result.notebook))}</p>',
        f'<p class="total">{_points(result)} points</p>',
    ]
    if result.outcome != "graded":
        parts.append(
            f'<p class="notice"><strong>Not fully graded: {escape(_line(result.outcome))}.</strong> '
            "Exercises marked “not run” could not be looked at.</p>"
        )
    if rows:
        parts.append(
            '<div class="scroll"><table>\n<thead><tr><th scope="col">Exercise</th>'
            '<th scope="col" class="number">Points</th><th scope="col">State</th><th scope="col">Remark</th></tr>'
            f"</thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>"
        )
    if remarks := [_clean(remark).strip() for remark in result.remarks if _line(remark)]:
        items = "\n".join(f'<li class="text">{escape(remark)}</li>' for remark in remarks)
        parts.append(f"<h2>About the whole submission</h2>\n<ul>\n{items}\n</ul>")
    return _page(f"Feedback: {_line(result.student) or '(no name)'}", "\n".join(parts))


def _chart(results: Sequence[Graded]) -> str:
    unit, bins = _bins(results)
    most = max(count for _, count in bins) or 1
    step, height, base = 640 / len(bins), 150, 180
    bars = []
    for i, (label, count) in enumerate(bins):
        middle, tall = (i + 0.5) * step, height * count / most
        if count:
            bars.append(
                f'<rect x="{middle - 0.36 * step:.1f}" y="{base - tall:.1f}" width="{0.72 * step:.1f}" '
                f'height="{tall:.1f}" rx="2"/><text x="{middle:.1f}" y="{base - tall - 6:.1f}">{count}</text>'
            )
        bars.append(f'<text x="{middle:.1f}" y="{base + 18}">{label}</text>')
    spoken = "; ".join(f"{label}: {count}" for label, count in bins)
    return (
        f'<svg viewBox="0 0 640 226" role="img" aria-label="Number of submissions by {unit}. {spoken}.">\n'
        + "\n".join(bars)
        + f'\n<line x1="0" y1="{base}" x2="640" y2="{base}"/><text x="320" y="{base + 40}">{unit}</text>\n</svg>'
    )


def _class_page(results: Sequence[Graded], names: Sequence[str]) -> str:
    title = f"Class: notebook {_line(results[0].notebook)}" if results else "Class: no submissions"
    many = f"{len(results)} submission{'' if len(results) == 1 else 's'}"
    parts = [f'<h1>{escape(title)}</h1>\n<p class="soft">{many}</p>']
    if results:
        totals = [result.points for result in results]
        parts.append(
            f'<p class="total">Mean {statistics.fmean(totals):.2f}, median {statistics.median(totals):.2f} '
            f"of {_number(max(result.maximum for result in results))} points</p>\n<h2>Totals</h2>\n{_chart(results)}"
        )
    looks = _needs_a_look(results)
    parts.append(f"<h2>Submissions that need a look: {len(looks)}</h2>")
    if looks:
        rows = "\n".join(
            f'<tr><th scope="row" class="text"><a href="feedback/{quote(names[i])}">'
            f"{_name(results[i].student)}</a></th>"
            f'<td class="number">{_points(results[i])}</td><td class="state">{escape(_line(results[i].outcome))}</td>'
            f'<td class="text">{_list(reasons)}</td></tr>'
            for i, reasons in looks
        )
        parts.append(
            '<div class="scroll"><table>\n<thead><tr><th scope="col">Student</th>'
            '<th scope="col" class="number">Points</th><th scope="col">Outcome</th><th scope="col">Why</th></tr>'
            "</thead>\n"
            f"<tbody>\n{rows}\n</tbody>\n</table></div>"
        )
    else:
        parts.append("<p>None: all were graded in the sandbox, without remarks.</p>" if results else "<p>None.</p>")
    if exercises := _exercises(results):
        rows = "\n".join(_exercise_row(exercise, results) for exercise in exercises)
        parts.append(
            '<h2>Exercises</h2>\n<div class="scroll"><table>\n<thead><tr><th scope="col">Exercise</th>'
            '<th scope="col" class="number">Passed</th><th scope="col" class="number">Mean points</th>'
            '<th scope="col">Most frequent remarks</th></tr></thead>\n'
            f"<tbody>\n{rows}\n</tbody>\n</table></div>"
        )
    if results:
        rows = "\n".join(
            f'<tr><th scope="row" class="text"><a href="feedback/{quote(name)}">{_name(result.student)}</a></th>'
            f'<td class="number">{_points(result)}</td><td class="state">{escape(_line(result.outcome))}</td></tr>'
            for result, name in zip(results, names, strict=True)
        )
        parts.append(
            f"<h2>All submissions</h2>\n<details><summary>Show {many}, each with its page of feedback</summary>"
            '<div class="scroll"><table>\n<thead><tr><th scope="col">Student</th>'
            '<th scope="col" class="number">Points</th><th scope="col">Outcome</th></tr></thead>\n'
            f"<tbody>\n{rows}\n</tbody>\n</table></div></details>"
        )
    return _page(title, "\n".join(parts))


def _list(lines: Sequence[str]) -> str:
    """Lines for a table cell: a list if they are several."""
    if len(lines) == 1:
        return escape(_line(lines[0]))
    return "<ul>" + "".join(f"<li>{escape(_line(line))}</li>" for line in lines) + "</ul>"


def _exercise_row(exercise: Mark, results: Sequence[Graded]) -> str:
    marks = [mark for result in results for mark in result.marks if mark.grade_id == exercise.grade_id]
    passed = sum(mark.state == "passed" for mark in marks)
    remarks = Counter(line for mark in marks if (line := _line(mark.remark)))
    commonest = sorted(remarks.items(), key=lambda item: (-item[1], item[0]))
    lines = [f"{count} × {remark}" for remark, count in commonest[:COMMONEST]]
    if len(commonest) > COMMONEST:
        lines.append(f"and {len(commonest) - COMMONEST} other remarks")
    mean = math.fsum(mark.points for mark in marks) / len(results)
    return (
        f'<tr><th scope="row">{escape(_line(exercise.title) or _line(exercise.grade_id))}</th>'
        f'<td class="number">{passed} of {len(results)} ({_share(passed, len(results))})</td>'
        f'<td class="number">{mean:.2f} of {_number(exercise.maximum)}</td>'
        f'<td class="text">{_list(lines) if lines else ""}</td></tr>'
    )


def _markdown(text: str, longest: int = 200) -> str:
    """Text for a cell of a Markdown table: nothing in it is markup, a link or a mention."""
    line = _line(text)
    line = line if len(line) <= longest else line[:longest] + " …"
    line = re.sub(r"[\\`*_{}\[\]<>()#!|~&@:$^=+]", lambda match: f"&#{ord(match[0])};", line)
    return re.sub(r"(www)\.", r"\1&#46;", line, flags=re.IGNORECASE)


def _summary(results: Sequence[Graded]) -> str:
    if not results:
        return "## Grades\n\nNo submissions.\n"
    exercises = _exercises(results)
    mean = statistics.fmean(result.points for result in results)
    looks = _needs_a_look(results)
    maximum = _number(max(result.maximum for result in results))
    heads = ["Student", *(_markdown(mark.grade_id) for mark in exercises), "Total", "Outcome"]
    lines = [
        f"## Grades: {_markdown(results[0].notebook)}",
        "",
        f"Submissions: {len(results)}. Mean: {mean:.2f} of {maximum} points. Need a look: {len(looks)}.",
        "",
        f"| {' | '.join(heads)} |",
        f"| --- |{' ---: |' * (len(exercises) + 1)} --- |",
    ]
    rows = []
    for result in results:
        marks = {mark.grade_id: f"{SYMBOLS.get(mark.state, '?')} {_number(mark.points)}" for mark in result.marks}
        cells = [
            _markdown(result.student, 80) or "(no name)",
            *(marks.get(mark.grade_id, "") for mark in exercises),
            _points(result),
            _markdown(result.outcome),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    legend = ", ".join(f"{symbol} {state}" for state, symbol in SYMBOLS.items())
    lines += [*_as_many_as_fit(rows), "", f"Signs: {legend}.", "", "### Submissions that need a look", ""]
    if looks:
        rows = [
            f"| {_markdown(results[i].student, 80) or '(no name)'} | {'<br>'.join(_markdown(why) for why in reasons)} |"
            for i, reasons in looks
        ]
        lines += ["| Student | Why |", "| --- | --- |", *_as_many_as_fit(rows)]
    else:
        lines.append("None: all were graded in the sandbox, without remarks.")
    return "\n".join(lines) + "\n"


def _as_many_as_fit(rows: Sequence[str]) -> list[str]:
    """The first rows, up to `LARGEST_SUMMARY` bytes; then how many are left out."""
    size, kept = 0, []
    for row in rows:
        size += len(row.encode()) + 1
        if size > LARGEST_SUMMARY:
            return [*kept, "", f"{len(rows) - len(kept)} more are not shown here; grades.csv has all of them."]
        kept.append(row)
    return kept
