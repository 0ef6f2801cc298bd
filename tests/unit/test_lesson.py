"""The start of a lesson, and its tables of a few numbers."""

from __future__ import annotations

import random
import subprocess
import sys

import numpy as np
import pytest
from bs4 import BeautifulSoup

from course_utils import lesson
from tests.unit.displayed import displayed


def test_start_seeds_and_says_what_runs(capsys):
    lesson.start(seed=7)
    first = random.random(), np.random.random()  # noqa: NPY002
    lesson.start(seed=7)
    assert first == (random.random(), np.random.random())  # noqa: NPY002
    line = capsys.readouterr().out.splitlines()[0]
    assert "course_utils" in line
    assert "seed 7" in line
    assert "offline" in line


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "1", True, None])
def test_a_bad_seed_is_named(seed):
    with pytest.raises(ValueError, match="seed must be an integer"):
        lesson.start(seed=seed)


def test_a_lesson_on_clustering_never_imports_tensorflow():
    code = (
        "import sys; from course_utils import checks, clustering, data, doctor, lesson, plots; lesson.start(seed=1); "
        "data.load_digits(); doctor.examine(); "
        "sys.exit(any(name.split('.')[0] in ('tensorflow', 'keras') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_the_package_itself_imports_nothing_heavy():
    heavy = {"numpy", "pandas", "matplotlib", "sklearn", "tensorflow", "keras"}
    code = f"import sys, course_utils; print(sorted({heavy} & {{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_lesson_with_keras_seeds_it_too():
    code = (
        "import keras, numpy as np; from course_utils import lesson; "
        "lesson.start(seed=3); a = keras.random.uniform((2,)); "
        "lesson.start(seed=3); b = keras.random.uniform((2,)); "
        "assert np.array_equal(a, b); print('same')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Keras" in done.stdout
    assert done.stdout.endswith("same\n")


def _cells(*arguments, **options) -> list[list[str]]:
    """The table that a reader sees, row by row, and the same as plain text."""
    output = displayed(lambda: lesson.table(*arguments, **options))
    page = BeautifulSoup(output.data["text/html"], "html.parser")
    cells = [
        [cell.get_text().replace("\N{NO-BREAK SPACE}", " ") for cell in row.find_all(["td", "th"])]
        for row in page.find_all("tr")
    ]
    plain = [line.split("  ") for line in output.data["text/plain"].splitlines()]
    assert [[word.strip() for word in line if word.strip()] for line in plain] == [
        [cell for cell in row if cell] for row in cells
    ]
    return cells


def test_named_numbers_stand_in_a_row():
    assert _cells({"gaps": 464.2, "strips": 2130.4}) == [["gaps", "strips"], ["464", "2,130"]]


def test_rows_of_numbers_are_a_table_and_what_is_missing_is_left_empty():
    rows = {"network": {"weights": 60_865, "error": 0.00129}, "PCA": {"error": -0.0225, "best": True}}
    assert _cells(rows, corner="method") == [
        ["method", "weights", "error", "best"],
        ["network", "60,865", "0.00129", ""],
        ["PCA", "", "−0.0225", "yes"],
    ]


@pytest.mark.parametrize(
    ("value", "options", "shown"),
    [
        (0.0, {}, "0"),
        (-0.0004217, {}, "−0.000422"),
        (9.996, {}, "10.0"),
        (1e-300, {}, "1e−300"),
        (float("nan"), {}, "nan"),
        (float("-inf"), {}, "−inf"),
        (np.float32(0.5), {}, "0.500"),
        (np.int64(14_112), {}, "14,112"),
        (np.bool_(False), {}, "no"),
        ("7x7x16", {}, "7x7x16"),
        ([1, 2.5], {}, "1.00, 2.50"),
        ([1, 2], {}, "1, 2"),
        (0.256, {"formats": "{:.0%}"}, "26%"),
        (-0.001, {"formats": "{:.2f}"}, "0.00"),
        (0.256, {"digits": 2}, "0.26"),
        (np.array(0.25), {}, "0.250"),
    ],
)
def test_a_number_is_written_as_people_write_it(value, options, shown):
    assert _cells({"name": value}, **options) == [["name"], [shown]]


def test_a_format_may_hold_for_one_column_alone():
    rows = {"a": {"share": 0.5, "n": 3}}
    assert _cells(rows, formats={"share": "{:.1%}"})[1] == ["a", "50.0%", "3"]


def test_a_short_name_of_a_row_stays_on_one_line():
    html = displayed(
        lambda: lesson.table({"β = 1": {"KL": 2}, "a name that may well be broken over two lines": {"KL": 2}})
    )
    names = [cell.get_text() for cell in BeautifulSoup(html.data["text/html"], "html.parser").select("th[scope=row]")]
    assert names == ["β\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}1", "a name that may well be broken over two lines"]


def test_names_are_text_and_never_html():
    output = displayed(lambda: lesson.table({"<b>x</b>": {"a & b": "<i>"}}))
    assert not BeautifulSoup(output.data["text/html"], "html.parser").find_all(["b", "i"])


@pytest.mark.parametrize("values", [{}, {"a": 1, "b": {"c": 2}}])
def test_a_table_of_nothing_or_of_two_kinds_is_refused(values):
    with pytest.raises(ValueError, match="expected name -> number"):
        lesson.table(values)
