"""Reports of a class: hostile names and remarks do no harm, and the same results give the same bytes."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import re
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from course_utils.teaching.grading.reports import append_step_summary, closing_words, exit_code, write_reports
from course_utils.teaching.grading.results import Graded, Mark

HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "x;=1+1",
    "../../x",
    "/etc/passwd",
    "..\\x",
    ".hidden",
    "..",
    "CON",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a" * 300,
    "a" * 299 + "b",
    "é" * 300,
    "\N{CJK UNIFIED IDEOGRAPH-20BB7}" * 300,
    "\N{SNAKE}\N{SNAKE}",
    "two\nlines",
    "Kim",
    "kim",
    "KIM",
    "kim-2",
    "",
    "nul\x00 bell\x07 esc\x1b[31m \ufffe",
    "half \ud83d pair",
    "turned \u202etxt.exe",
    "| a | `b` | [c](https://example.org) |",
]
REMARK = "<b>Not</b> so: a | b\n\n# heading\x08 \x00 [x](javascript:alert(1)) & <script>alert(2)</script> @everyone"


def _marks(points=(2, 0, 1.5, 0), states=("passed", "failed", "timed out", "not run"), remark="Look at the shape."):
    return tuple(
        Mark(f"01-{name}", f"Exercise {i} · {name}", p, m, s, "" if s == "passed" else remark)
        for i, (name, p, m, s) in enumerate(zip("abcd", points, (2, 1, 3, 1), states, strict=True), start=1)
    )


def _graded(student, **fields):
    return Graded(student, "01_kmeans", **{"marks": _marks(), "seconds": 1.5, **fields})


@pytest.fixture
def hostile(tmp_path):
    results = [_graded(name, marks=_marks(remark=REMARK), remarks=(REMARK,)) for name in HOSTILE]
    out = tmp_path / "out"
    return results, out, write_reports(results, out)


def _rows(out):
    return list(csv.DictReader(io.StringIO((out / "grades.csv").read_text(encoding="utf-8-sig"))))


class _Page(HTMLParser):
    """Checks that tags are closed in order; collects tags, links, text."""

    VOID = ("meta", "br", "rect", "line")

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], set(), [], ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data


def _bytes(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_files_are_those_named_and_nothing_else_is_left(hostile):
    results, out, written = hostile
    assert sorted(written) == sorted(out / name for name in _bytes(out))
    assert {path.name for path in written if path.parent == out} == {
        *("grades.csv", "results.json", "junit.xml", "class.html", "summary.md")
    }
    assert len(list((out / "feedback").iterdir())) == len(results)
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_the_same_results_give_the_same_bytes_in_any_order(tmp_path):
    results = [_graded(name, marks=_marks(remark=f"{i % 3}")) for i, name in enumerate(HOSTILE)]
    results += [_graded("Kim", outcome="crashed"), _graded("Kim", seconds=9.0), _graded("late", marks=_marks()[:2])]
    write_reports(results, tmp_path / "0")
    for seed in range(1, 4):
        random.Random(seed).shuffle(results)
        write_reports(results, tmp_path / str(seed))
        assert _bytes(tmp_path / str(seed)) == _bytes(tmp_path / "0")


def test_only_results_json_knows_how_long_grading_took(tmp_path):
    results = [_graded("ann"), _graded("ann", sandboxed=False, seconds=2.5), _graded("bob")]
    write_reports(results, tmp_path / "a")
    seconds = (9.5, 0.5, 77.25)
    write_reports([replace(r, seconds=s, key="other") for r, s in zip(results, seconds, strict=True)], tmp_path / "b")
    first, second = _bytes(tmp_path / "a"), _bytes(tmp_path / "b")
    assert [str(name) for name in first if first[name] != second[name]] == ["results.json"]


def test_grades_parse_back_with_the_same_numbers(tmp_path):
    marks = _marks(points=(2, 0.1, 0.2, 1 / 3))
    write_reports([_graded("zoë", marks=marks), _graded("Ann", sandboxed=False, remarks=("a", "b"))], tmp_path)
    assert (tmp_path / "grades.csv").read_bytes().startswith(b"\xef\xbb\xbfstudent,01-a,01-b,01-c,01-d,total,maximum,")
    ann, zoe = _rows(tmp_path)
    assert (ann["student"], ann["sandboxed"], ann["remarks"]) == ("Ann", "no", "a | b | 01-c timed out.")
    assert (zoe["student"], zoe["sandboxed"], zoe["outcome"], zoe["remarks"]) == (
        *("zoë", "yes", "graded", "01-c timed out."),
    )
    assert [float(zoe[mark.grade_id]) for mark in marks] == pytest.approx([mark.points for mark in marks], abs=1e-6)
    assert float(zoe["total"]) == pytest.approx(sum(mark.points for mark in marks), abs=1e-6)
    assert (ann["total"], ann["maximum"]) == ("3.5", "7")


def test_no_cell_is_a_formula_and_no_row_is_broken(hostile):
    results, out, _ = hostile
    rows = _rows(out)
    assert len(rows) == len(results)
    assert len((out / "grades.csv").read_text(encoding="utf-8").splitlines()) == len(results) + 1
    cells = [cell for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r＝＋－＠")]
    assert not [cell for cell in cells if re.search(r';[\s"]*[=+@-]', cell)]
    names = {row["student"] for row in rows}
    assert {"'=cmd|' /C calc'!A0", "'+1", "'-1", "'@SUM(A1)", "'=1", "two lines", "Kim", ""} <= names
    assert not [cell for cell in cells if re.search(r"[\x00-\x1f]", cell)]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", " =", "\n="])
def test_remarks_and_exercise_names_are_no_formulas_either(tmp_path, start):
    marks = (Mark(f"{start}1", "t", 1, 1, "passed"),)
    write_reports([_graded("ann", marks=marks, remarks=(f"{start}1+1",))], tmp_path)
    (row,) = _rows(tmp_path)
    assert row["remarks"].startswith("'")
    assert list(row)[1].startswith("'")


def test_results_json_holds_everything(hostile):
    results, out, _ = hostile
    stored = json.loads((out / "results.json").read_text(encoding="utf-8"))
    back = [
        Graded(**{**fields, "marks": tuple(Mark(**m) for m in fields["marks"]), "remarks": tuple(fields["remarks"])})
        for fields in stored
    ]
    assert sorted(back, key=repr) == sorted(results, key=repr)


def test_junit_parses_and_counts(hostile):
    results, out, _ = hostile
    root = ElementTree.parse(out / "junit.xml").getroot()
    assert [len(suite.findall("testcase")) for suite in root] == [4] * len(results)
    assert {key: root.get(key) for key in ("tests", "failures", "errors")} == {
        "tests": str(4 * len(results)),
        "failures": str(len(results)),
        "errors": str(2 * len(results)),
    }
    assert "seconds" not in (out / "junit.xml").read_text(encoding="utf-8")
    assert {case.get("name") for case in root.iter("testcase")} == {"01-a", "01-b", "01-c", "01-d"}


@pytest.mark.parametrize("marks", [(), (Mark("01-a", "Exercise", 1, 1, "passed"),)])
def test_a_submission_that_could_not_be_graded_is_an_error_in_junit(tmp_path, marks):
    write_reports([_graded("ann", marks=marks, outcome="crashed")], tmp_path)
    (suite,) = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert suite.get("errors") == "1"
    assert suite.find("testcase[@name='submission']/error").get("type") == "crashed"


def test_pages_parse_and_hold_no_markup_of_the_student(hostile):
    _, out, written = hostile
    allowed = {
        *(
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "h1",
            "h2",
            "p",
            "strong",
            "ul",
            "li",
            "a",
            "bdi",
            "span",
            "details",
            "summary",
            "code",
        ),
        *("div", "table", "thead", "tbody", "tr", "th", "td", "svg", "rect", "text", "line"),
    }
    pages = [path for path in written if path.suffix == ".html"]
    for path in pages:
        text = path.read_text(encoding="utf-8")
        page = _Page(text)
        assert page.tags <= allowed
        assert not re.search(r"<\s*script|<img", text, re.IGNORECASE)
        assert not [name for name, _ in page.attributes if name.startswith("on") or name == "src"]
        assert "http://" not in text.replace("https://example.org", "")
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)
        links = [unquote(value) for name, value in page.attributes if name == "href"]
        assert all((out / link).is_file() and link.startswith("feedback/") for link in links)
        assert len(links) == (2 * len(HOSTILE) if path.name == "class.html" else 0)
    assert any("<script>alert(1)</script>" in _Page(path.read_text(encoding="utf-8")).text for path in pages)


def test_names_of_feedback_pages_are_safe_and_different_everywhere(hostile):
    _, out, _ = hostile
    names = [path.name for path in (out / "feedback").iterdir()]
    assert len({name.casefold() for name in names}) == len(HOSTILE)
    for name in names:
        assert len(name) <= 80 + len("-2.html")
        assert len(name.encode()) <= 200
        assert not re.match(r"[.\- ]|(con|nul)\.", name, re.IGNORECASE)
        assert not re.search(r'[/\\:*?"<>|\x00-\x1f]', name)


def test_a_page_never_goes_to_a_student_whose_name_is_like_anothers_number(tmp_path):
    students = ["Kim", "kim", "kim-2", "k/m", "k_m"]
    write_reports([_graded(student) for student in students], tmp_path)
    pages = {path.name: _Page(path.read_text(encoding="utf-8")).text for path in (tmp_path / "feedback").iterdir()}
    assert sorted(pages) == ["Kim.html", "k_m-2.html", "k_m.html", "kim-2.html", "kim-3.html"]
    for name, student in {"Kim": "Kim", "kim-3": "kim", "kim-2": "kim-2", "k_m": "k_m", "k_m-2": "k/m"}.items():
        assert f"Feedback: {student}\n" in pages[f"{name}.html"]


def test_a_feedback_page_says_points_state_and_remark_in_words(tmp_path):
    write_reports([_graded("ann", outcome="timed out", remarks=("Cell 7 is there twice.",)), _graded("bob")], tmp_path)
    text = _Page((tmp_path / "feedback" / "ann.html").read_text(encoding="utf-8")).text
    for part in ("ann", "01_kmeans", "3.5 of 7 points", "Exercise 2 · b", "0 of 1", "passed", "failed", "timed out"):
        assert part in text
    for part in ("not run", "Look at the shape.", "Cell 7 is there twice.", "Not fully graded"):
        assert part in text
    assert "bob" not in text


def test_the_class_page_counts_and_lists_who_needs_a_look(tmp_path):
    results = [_graded(f"fine{i}", marks=_marks(points=(i, 0, 0, 0))) for i in range(3)]
    results += [
        _graded("far", outcome="crashed"),
        _graded("told", remarks=("Edited.",)),
        _graded("bare", sandboxed=False),
    ]
    results += [_graded("rare", marks=_marks(remark="A rare one.", points=(2, 0, 0, 0)))]
    write_reports(results, tmp_path)
    source = (tmp_path / "class.html").read_text(encoding="utf-8")
    page = _Page(source)
    assert "7 submissions" in page.text
    assert "0 of 7 (0 %)" in page.text
    assert "7 of 7 (100 %)" in page.text
    assert source.index("6 × Look at the shape.") < source.index("1 × A rare one.")
    (chart,) = [value for name, value in page.attributes if name == "aria-label"]
    assert sum(int(count) for count in re.findall(r": (\d+)", chart)) == 7
    links = [value for name, value in page.attributes if name == "href"]
    everybody = [f"feedback/{name}.html" for name in ("bare", "far", "fine0", "fine1", "fine2", "rare", "told")]
    assert links == 2 * everybody  # those who need a look, here because an exercise timed out; then all
    assert page.text.count("01-c timed out.") == 7
    for reason in ("Not fully graded: crashed.", "Edited.", "It ran without the sandbox."):
        assert reason in page.text


def test_a_repair_that_changes_nothing_needs_no_look_and_a_lost_cell_does(tmp_path):
    right = (Mark("01-a", "Exercise 1", 2, 2, "passed"),)
    typo = (Mark("01-a", "Exercise 1", 0, 2, "failed", "Its cell stops with SyntaxError: invalid syntax"),)
    mark = ("The file began with a byte-order mark.",)
    results = [_graded("ann", marks=right, remarks=mark), _graded("bob", marks=typo), _graded("cy", marks=right)]
    write_reports(results, tmp_path)
    text = _Page((tmp_path / "class.html").read_text(encoding="utf-8")).text
    assert "Submissions that need a look: 1" in text
    assert "SyntaxError" in next(row["remarks"] for row in _rows(tmp_path) if row["student"] == "bob")
    assert [row["feedback"] for row in _rows(tmp_path)] == [f"feedback/{name}.html" for name in ("ann", "bob", "cy")]
    words = closing_words([*results, _graded("di", outcome="unreadable", marks=())])
    assert words == "4 submissions: 3 graded, 1 not (di: unreadable); 2 need a look; mean 1.00 of 2 points."


def test_a_remark_on_a_page_is_a_sentence_with_code_as_code(tmp_path):
    marks = (
        Mark("01-a", "Exercise 1", 0, 2, "failed", "use `np.log` <b>."),
        Mark("01-b", "Exercise 2", 0, 2, "failed", "has_converged: no answer."),
    )
    write_reports([_graded("ann", marks=marks)], tmp_path)
    source = (tmp_path / "feedback" / "ann.html").read_text(encoding="utf-8")
    assert "Use <code>np.log</code> &lt;b&gt;." in source
    assert ">has_converged: no answer." in source


def test_few_whole_points_make_a_chart_by_points(tmp_path):
    results = [_graded(f"s{points}", marks=(Mark("a", "A", points, 2),)) for points in (0, 2, 2.0)]
    write_reports([replace(result, student=f"{i}") for i, result in enumerate(results)], tmp_path)
    assert "by points. 0: 1; 1: 0; 2: 2." in (tmp_path / "class.html").read_text(encoding="utf-8")


def test_two_submissions_under_one_name_are_both_there_and_listed(tmp_path):
    write_reports([_graded("ann"), _graded("ann", outcome="unreadable", marks=())], tmp_path)
    assert len(_rows(tmp_path)) == 2
    assert sorted(path.name for path in (tmp_path / "feedback").iterdir()) == ["ann-2.html", "ann.html"]
    assert "several submissions under this name" in (tmp_path / "class.html").read_text(encoding="utf-8")


def test_the_summary_is_one_table_whatever_the_names(hostile):
    results, out, _ = hostile
    lines = (out / "summary.md").read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert {line.count("|") for line in table[: len(results) + 2]} == {8}
    assert {line.count("|") for line in table[len(results) + 2 :]} == {3}
    assert len(table) == 2 * (len(results) + 2)
    text = "\n".join(table).replace("<br>", "")
    assert not re.search(r"[<`@\[\]*]|https?:", text)
    assert not [line for line in lines if line.startswith("# ")]


def test_a_summary_stays_below_what_github_takes(tmp_path):
    results = [_graded(f"{i:04}" + "<" * 300, remarks=("<" * 5000,) * 3) for i in range(1000)]
    append_step_summary(results, tmp_path / "summary")
    text = (tmp_path / "summary").read_text(encoding="utf-8")
    assert 100_000 < len(text.encode()) < 1_000_000
    assert re.search(r"^\d+ more are not shown here", text, re.MULTILINE)


def test_a_step_summary_is_appended(tmp_path):
    path = tmp_path / "summary"
    path.write_text("before", encoding="utf-8")
    append_step_summary([_graded("ann")], path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("before\n\n## Grades: 01")
    assert "| ann | ✓ 2 | ✗ 0 | … 1.5 | – 0 | 3.5 of 7 | graded |" in text
    append_step_summary([_graded("ann")], str(path))
    assert path.read_text(encoding="utf-8").count("## Grades") == 2


def test_an_interrupted_write_leaves_the_old_files(tmp_path, monkeypatch):
    write_reports([_graded("ann")], tmp_path)
    before = _bytes(tmp_path)

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_reports([_graded("ann", outcome="crashed")], tmp_path)
    assert _bytes(tmp_path) == before


def test_no_submissions_make_reports_too(tmp_path):
    written = write_reports([], tmp_path)
    assert len(written) == 5
    assert _rows(tmp_path) == []
    assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8")) == []
    assert ElementTree.parse(tmp_path / "junit.xml").getroot().get("tests") == "0"
    _Page((tmp_path / "class.html").read_text(encoding="utf-8"))


def test_bad_input_is_refused_with_its_value(tmp_path):
    with pytest.raises(ValueError, match=r"01_kmeans, 02_other.*expected those of one"):
        write_reports([_graded("ann"), replace(_graded("ann"), notebook="02_other")], tmp_path)
    with pytest.raises(ValueError, match=r"'ann', a: nan of 1 points"):
        write_reports([_graded("ann", marks=(Mark("a", "A", float("nan"), 1),))], tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="expected a folder"):
        write_reports([_graded("ann")], tmp_path / "file")


@pytest.mark.parametrize(
    ("outcomes", "min_score", "expected"),
    [
        ((), 0.5, 0),
        (("graded",), None, 0),
        (("graded",), 0.5, 0),
        (("graded", "graded"), 0.51, 1),
        (("graded", "unreadable"), None, 2),
        (("crashed", "graded"), 1, 2),
        (("timed out",), 0.0, 2),
    ],
)
def test_exit_codes(outcomes, min_score, expected):
    results = [_graded(f"{i}", outcome=outcome) for i, outcome in enumerate(outcomes)]  # 3.5 of 7 points
    assert exit_code(results, min_score) == expected


def test_rounding_does_not_put_a_submission_below():
    marks = tuple(Mark(f"{i}", "t", 0.1, 0.125) for i in range(8))
    assert sum(mark.points for mark in marks) < 0.8
    assert exit_code([_graded("ann", marks=marks)], 0.8) == 0
    assert exit_code([_graded("ann", marks=())], 1.0) == 0


@pytest.mark.parametrize("min_score", [60, -0.1, float("nan")])
def test_a_score_that_is_no_share_is_refused(min_score):
    with pytest.raises(ValueError, match=r"expected a share from 0 to 1; write 0\.6"):
        exit_code([], min_score)
