"""Questions for pencil and pocket calculator: drawn numbers, worked solutions, sheets to print and files for Moodle.

A kind of question is a function that draws numbers and writes them into a text (`registry`); what it returns is a
`Question` (`question`). Sheets are made of them in `sheet`.

A new kind is a function marked with `registry.kind` in the notebook's module. The tests want a second way to its
answers in tests/unit/paper_by_hand.py, compare both on a thousand seeds, and work out the equalities of its solutions.
"""

from course_utils.teaching.paper.question import Part, Question
from course_utils.teaching.paper.registry import Kind, kinds_of
from course_utils.teaching.paper.sheet import make_sheets

__all__ = ["Kind", "Part", "Question", "kinds_of", "make_sheets"]
