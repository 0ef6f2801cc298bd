"""The checks are tested: the notebook's solution passes, the stub and every typical wrong answer are caught."""

from __future__ import annotations

import re
from pathlib import Path

import keras
import numpy as np
import pytest

from course_utils import clustering
from course_utils.checks import EXERCISES, CheckFailed
from course_utils.teaching.notebooks import ASSERTION_TAG, has_tag, read_notebook
from course_utils.teaching.release import student_version
from tests.exercises.answers import WRONG

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("[0-9][0-9]_*.ipynb"))
SEEDS = (0, 1, 2, 20301)


def _solutions() -> dict[str, tuple]:
    """grade_id -> (solution cell, student's stub cell, check cell), from the notebooks."""
    found = {}
    for path in NOTEBOOKS:
        master = read_notebook(path)
        student = student_version(master)
        checks = {c.metadata.nbgrader.grade_id: c for c in master.cells if c.metadata.get("nbgrader", {}).get("grade")}
        given = [cell for cell in master.cells if not has_tag(cell, ASSERTION_TAG)]
        for cell, stub in zip(given, student.cells, strict=True):
            if cell.metadata.get("nbgrader", {}).get("solution"):
                grade_id = cell.metadata.nbgrader.grade_id
                found[grade_id] = (cell, stub, checks[f"{grade_id}-check"])
    return found


SOLUTIONS = _solutions()


def _define(source: str, name: str):
    namespace = {"np": np, "ops": keras.ops}
    exec(source, namespace)
    return namespace[name]


def test_every_exercise_has_a_check_a_solution_and_at_least_four_wrong_answers():
    assert set(EXERCISES) == set(SOLUTIONS) == set(WRONG)
    assert min(len(answers) for answers in WRONG.values()) >= 4


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("grade_id", SOLUTIONS)
def test_the_reference_solution_passes(grade_id, seed):
    exercise = EXERCISES[grade_id]
    verdict = exercise.run(_define(SOLUTIONS[grade_id][0].source, exercise.name), seed)
    assert verdict.passed, verdict.message


@pytest.mark.parametrize("grade_id", SOLUTIONS)
def test_the_reference_solution_passes_for_very_many_seeds(grade_id):
    exercise = EXERCISES[grade_id]
    answer = _define(SOLUTIONS[grade_id][0].source, exercise.name)
    verdicts = {seed: exercise.run(answer, seed) for seed in range(1000, 1300)}
    assert [(seed, verdict.message) for seed, verdict in verdicts.items() if not verdict.passed] == []


def _plusplus_by_the_product(x, centroids):
    squared = (x**2).sum(axis=1)[:, None] - 2 * x @ centroids.T + (centroids**2).sum(axis=1)
    nearest = squared.min(axis=1)
    return nearest / nearest.sum()


def _purity_by_table(labels, classes):
    from sklearn.metrics.cluster import contingency_matrix

    return contingency_matrix(labels, classes).max(axis=1).sum() / len(labels)


def _silhouette_by_scikit_learn(x, labels, j):
    from sklearn.metrics import silhouette_samples

    return silhouette_samples(x, labels)[j]


def _psnr_by_scikit_image(original, approximation):
    from skimage.metrics import peak_signal_noise_ratio

    with np.errstate(divide="ignore"):
        return peak_signal_noise_ratio(original, approximation)


OTHER_RIGHT_ANSWERS = {
    "01-plusplus": _plusplus_by_the_product,
    "01-purity": _purity_by_table,
    "02-silhouette": _silhouette_by_scikit_learn,
    "03-psnr": _psnr_by_scikit_image,
    "01-update": clustering.update,
    "02-knee": clustering.find_elbow,
}


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("grade_id", OTHER_RIGHT_ANSWERS)
def test_other_right_answers_pass_for_every_seed(grade_id, seed):
    verdict = EXERCISES[grade_id].run(OTHER_RIGHT_ANSWERS[grade_id], seed)
    assert verdict.passed, verdict.message


@pytest.mark.parametrize("grade_id", SOLUTIONS)
def test_the_stub_fails_with_the_intended_words_and_no_hint(grade_id):
    exercise = EXERCISES[grade_id]
    stub = _define(SOLUTIONS[grade_id][1].source, exercise.name)
    with pytest.raises(CheckFailed, match="is not written yet") as caught:
        exercise(stub)
    assert exercise.name in str(caught.value)
    assert "Hint" not in str(caught.value)
    called = re.match(r"checks\.\w+\.\w+", SOLUTIONS[grade_id][2].source)[0]
    assert str(caught.value).endswith(f"{called}.hint()")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("grade_id", "answer", "words"),
    [
        pytest.param(grade_id, answer, words, id=f"{grade_id}-{answer.__name__}")
        for grade_id, answers in WRONG.items()
        for answer, words in answers
    ],
)
def test_a_wrong_answer_is_caught_with_its_own_words(grade_id, answer, words, seed):
    verdict = EXERCISES[grade_id].run(answer, seed)
    assert not verdict.passed
    assert words in verdict.message


@pytest.mark.parametrize("grade_id", SOLUTIONS)
def test_hints_climb_from_first_to_last_and_start_again_after_success(grade_id):
    exercise = EXERCISES[grade_id]
    solution = _define(SOLUTIONS[grade_id][0].source, exercise.name)
    exercise(solution)
    numbers = []
    for _ in range(len(exercise.hints) + 1):
        with pytest.raises(CheckFailed) as caught:
            exercise(WRONG[grade_id][0][0])
        numbers.append(int(re.search(r"Hint (\d+) of", str(caught.value))[1]))
    assert numbers == [*range(1, len(exercise.hints) + 1), len(exercise.hints)]
    exercise(solution)
    with pytest.raises(CheckFailed, match="Hint 1 of"):
        exercise(WRONG[grade_id][0][0])
    exercise(solution)


@pytest.mark.parametrize("grade_id", SOLUTIONS)
def test_the_notebook_calls_the_exercise_that_carries_its_name(grade_id):
    check = SOLUTIONS[grade_id][2]
    exercise = EXERCISES[grade_id]
    called = re.match(r"checks\.(\w+)\.(\w+)\((\w+)\)", check.source)
    import course_utils.checks as package

    assert getattr(getattr(package, called[1]), called[2]) is exercise
    assert called[3] == exercise.name
    assert check.metadata.nbgrader.points > 0
