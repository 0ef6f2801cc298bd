"""What a paper question is made of, and how its numbers are written.

Texts are Markdown with LaTeX between dollar signs, in the notation of the notebooks.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

_NOISE = 1e-9  # what floating-point arithmetic may add to a number of a paper question


@dataclass(frozen=True)
class Part:
    """One thing that is asked.

    Attributes
    ----------
    prompt : what is asked
    answer : a number, several numbers, or one of `choices`; not rounded
    worked : the way to the answer, with the numbers put in
    decimals : how many a numerical answer is asked to
    unit : of the answer, "" for none
    names : what the numbers of an answer are called, one for each; may be left out for a single number
    choices : the words to choose from, if the answer is one of them
    points : marks

    Raises
    ------
    ValueError
        If answer, names and choices do not fit one another.
    """

    prompt: str
    answer: float | tuple[float, ...] | str
    worked: str
    decimals: int = 0
    unit: str = ""
    names: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    points: int = 1

    def __post_init__(self) -> None:
        if isinstance(self.answer, str):
            if self.choices.count(self.answer) != 1 or len(set(self.choices)) < max(2, len(self.choices)):
                raise ValueError(
                    f"the answer {self.answer!r} must be one of at least two different choices, got {self.choices}."
                )
        elif self.choices or len(self.names) not in {len(self.numbers)} | ({0} if len(self.numbers) == 1 else set()):
            raise ValueError(f"{len(self.numbers)} numbers need as many names and no choices, got {self.names}.")
        elif not all(math.isfinite(number) for number in self.numbers):
            raise ValueError(f"an answer must be finite, got {self.answer}.")

    @property
    def numbers(self) -> tuple[float, ...]:
        """The answer's numbers, not rounded; none if it is a word."""
        if isinstance(self.answer, str):
            return ()
        return self.answer if isinstance(self.answer, tuple) else (self.answer,)

    @property
    def shown(self) -> tuple[str, ...]:
        """What is right to write down: each number, rounded as asked, or the word."""
        return tuple(rounded(number, self.decimals) for number in self.numbers) or (str(self.answer),)

    @property
    def tolerances(self) -> tuple[str, ...]:
        """How far from `shown` each number still counts as right.

        One unit of the last place if something had to be rounded, so that intermediate results may be rounded, too;
        half of that if nothing had to be, and nothing for whole numbers.
        """
        unit = 10.0**-self.decimals
        return tuple(
            f"{unit:.{self.decimals}f}"
            if not is_exact(number, self.decimals)
            else f"{unit / 2:.{self.decimals + 1}f}"
            if self.decimals
            else "0"
            for number in self.numbers
        )

    @property
    def is_near_a_tie(self) -> bool:
        """Whether a number lies so close to the middle of two rounded ones that the rounding is a matter of luck."""
        return any(is_near_a_tie(number, self.decimals) for number in self.numbers)


@dataclass(frozen=True)
class Question:
    """A question with its parts, for a sheet of paper.

    Attributes
    ----------
    title : a few words
    minutes : time it takes with pencil and pocket calculator
    text : what is given
    parts : what is asked, one after the other
    given : the drawn numbers by name, for whoever wants to compute the answers in another way
    """

    title: str
    minutes: int
    text: str
    parts: tuple[Part, ...]
    given: Mapping[str, object] = field(default_factory=dict)

    @property
    def points(self) -> int:
        """Marks of all parts."""
        return sum(part.points for part in self.parts)


def is_exact(number: float, decimals: int) -> bool:
    """Whether a number has no more decimals than that, but for floating-point noise."""
    return abs(number - _half_up(number, decimals)) < _NOISE


def is_near_a_tie(number: float, decimals: int) -> bool:
    """Whether floating-point noise could decide how a number is rounded."""
    return abs(abs(number) * 10**decimals % 1 - 0.5) < 1e-6


def rounded(number: float, decimals: int) -> str:
    """Write a number that was asked to so many decimals: 2.50 if it was rounded, 2.5 if it is exactly that."""
    return plain(number, decimals) if is_exact(number, decimals) else f"{_half_up(number, decimals):.{decimals}f}"


def plain(number: float, decimals: int = 6) -> str:
    """Write a number without needless zeros: 2.5, 3, -0.04."""
    if number == (nearest := round(number)):
        return str(nearest)
    text = f"{_half_up(number, decimals):.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def is_result(number: float, decimals: int) -> str:
    r"""Write "= 2.5" or, where something is rounded away, "\approx 2.50"."""
    return ("= " if is_exact(number, decimals) else r"\approx ") + rounded(number, decimals)


def factor(number: float, decimals: int = 6) -> str:
    """Write a number that something stands before: negative ones in brackets."""
    return f"({plain(number, decimals)})" if plain(number, decimals).startswith("-") else plain(number, decimals)


def total(numbers: Iterable[float], decimals: int = 6) -> str:
    """Write a sum: 3 - 2 + 5."""
    first, *others = (plain(number, decimals) for number in numbers)
    return first + "".join(f" - {text[1:]}" if text.startswith("-") else f" + {text}" for text in others)


def products(first: Sequence[float], second: Sequence[float]) -> str:
    r"""Write a sum of products: 3 \cdot 2 + 5 \cdot (-1)."""
    return " + ".join(rf"{factor(a)} \cdot {factor(b)}" for a, b in zip(first, second, strict=True))


def squares(first: Sequence[float], second: Sequence[float]) -> str:
    """Write the squared distance of two points: (3 - 1)^2 + (4 - (-2))^2."""
    return " + ".join(f"({plain(a)} - {factor(b)})^2" for a, b in zip(first, second, strict=True))


def shares(right: int, claimed: int, found: int, true: int) -> tuple[str, str, str]:
    """Write the ways to precision, recall and F1, which are asked to two decimals."""
    p, r = rf"\frac{{{right}}}{{{claimed}}}", rf"\frac{{{found}}}{{{true}}}"
    precision, recall = right / claimed, found / true
    f1 = 2 * precision * recall / (precision + recall)
    return (
        f"precision: ${p} {is_result(precision, 2)}$",
        f"recall: ${r} {is_result(recall, 2)}$",
        rf"$F_1 = \frac{{2 \cdot {p} \cdot {r}}}{{{p} + {r}}} {is_result(f1, 2)}$",
    )


def point(numbers: Iterable[float], decimals: int = 6) -> str:
    """Write a point or a row of numbers: (2, 0.5)."""
    return f"({', '.join(plain(number, decimals) for number in numbers)})"


def matrix(rows: Iterable[Iterable[float]]) -> str:
    """Write a matrix in LaTeX."""
    body = r" \\ ".join(" & ".join(plain(number) for number in row) for row in rows)
    return rf"\begin{{pmatrix}} {body} \end{{pmatrix}}"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a Markdown table; numbers without needless zeros."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    lines += [[cell if isinstance(cell, str) else with_minus(plain(cell)) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def with_minus(text: str) -> str:
    """Put a minus sign where a number outside of a formula has a hyphen."""
    return re.sub(r"(?<![\w.])-(?=\d)", "−", text)


def _half_up(number: float, decimals: int) -> float:
    """Round as at school: a half goes away from zero, also where floating-point noise has made it a little less."""
    scale = 10**decimals
    return math.copysign(math.floor(abs(number) * scale + 0.5 + _NOISE), number) / scale + 0.0
