"""What grading finds: the mark of an exercise, the result of a submission."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

NOT_RUN = "not run"
STATES = ("passed", "failed", "timed out", NOT_RUN)
OUTCOMES = ("graded", "unreadable", "crashed", "timed out")


@dataclass(frozen=True)
class Mark:
    """The mark of one exercise.

    Attributes
    ----------
    grade_id : the exercise's name, e.g. "01-update"
    title : its heading in the notebook, e.g. "Exercise 1 · Move the centroids"
    points : what the submission gets, from 0 to `maximum`
    maximum : what a right answer gets
    state : one of `STATES`
    remark : a sentence for the student; no seed, no solution
    """

    grade_id: str
    title: str
    points: float
    maximum: float
    state: str = NOT_RUN
    remark: str = ""


@dataclass(frozen=True)
class Graded:
    """The result of one submission.

    Attributes
    ----------
    student : name of the submission's file or folder
    notebook : name of the instructor's notebook, without ".ipynb"
    marks : one for each exercise of the notebook, in its order
    outcome : one of `OUTCOMES`
    remarks : sentences for the assistant: missing, edited or duplicated cells, and the like
    seconds : what grading took
    sandboxed : whether the submission ran in the sandbox
    key : checksum of submission, instructor's notebook and settings; equal keys need no second run
    """

    student: str
    notebook: str
    marks: tuple[Mark, ...]
    outcome: str = "graded"
    remarks: tuple[str, ...] = field(default=())
    seconds: float = 0.0
    sandboxed: bool = True
    key: str = ""

    @property
    def points(self) -> float:
        """Sum of the points."""
        return sum(mark.points for mark in self.marks)

    @property
    def maximum(self) -> float:
        """Points of a submission that is right in everything."""
        return sum(mark.maximum for mark in self.marks)


def to_json(graded: Graded) -> str:
    """Write a result as JSON text."""
    return json.dumps(asdict(graded), indent=1)  # in ASCII: a remark may hold half a surrogate pair


def from_json(text: str) -> Graded:
    """Read what `to_json` wrote.

    Raises
    ------
    ValueError
        If the text is no such result.
    """
    try:
        fields: dict[str, Any] = json.loads(text)
        marks: Iterable[dict] = fields.pop("marks")
        remarks = tuple(fields.pop("remarks"))
        return Graded(marks=tuple(Mark(**mark) for mark in marks), remarks=remarks, **fields)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"no stored result: {error}") from None
