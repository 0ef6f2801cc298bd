"""Which kinds of paper questions there are, and how one is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TypeVar
from zlib import crc32

import numpy as np

from course_utils.teaching.paper.question import Question

_T = TypeVar("_T")

# Number of a notebook -> its title, and the module with its questions.
NOTEBOOKS = {
    "00": ("Start here", "start"),
    "01": ("k-means from scratch", "kmeans"),
    "02": ("The elbow method", "elbow"),
    "03": ("Colour quantization", "quantization"),
    "04": ("A Keras autoencoder", "autoencoder"),
    "05": ("A sparse autoencoder", "sparse"),
    "06": ("A deep convolutional autoencoder", "convolution"),
    "07": ("A denoising autoencoder", "denoising"),
    "08": ("Anomalies in time series", "anomaly"),
    "09": ("New faces with a variational autoencoder", "variational"),
    "10": ("Where did the network look? Grad-CAM", "gradcam"),
}


@dataclass(frozen=True)
class Kind:
    """A kind of question, of which as many can be drawn as there are seeds.

    Attributes
    ----------
    name : number of its notebook and a word, for instance "01-purity"
    make : draws one
    """

    name: str
    make: Callable[[np.random.Generator], Question]

    def draw(self, seed: int) -> Question:
        """Draw a question: the same one for the same seed, whatever other kinds there are.

        Numbers whose rounded answer would hang on floating-point noise are drawn again.

        Parameters
        ----------
        seed : integer >= 0

        Returns
        -------
        question : Question

        Raises
        ------
        ValueError
            If the seed is not an integer >= 0.
        """
        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            raise ValueError(f"the seed must be an integer >= 0, got {seed!r}.")
        rng = np.random.default_rng([seed, crc32(self.name.encode())])
        while True:
            question = self.make(rng)
            if not any(part.is_near_a_tie for part in question.parts):
                return question


def kind(name: str) -> Callable[[Callable[[np.random.Generator], Question]], Kind]:
    """Turn a function that draws a question into a `Kind` of that name."""

    def wrap(make: Callable[[np.random.Generator], Question]) -> Kind:
        return Kind(name, make)

    return wrap


def kinds_of(notebook: str) -> list[Kind]:
    """List the kinds of questions of a notebook, in the order in which they are asked.

    Parameters
    ----------
    notebook : its number, for instance "01"

    Returns
    -------
    kinds : list of Kind

    Raises
    ------
    ValueError
        If there are no questions for that notebook.
    """
    if notebook not in NOTEBOOKS:
        raise ValueError(f"there are no paper questions for notebook {notebook!r}: expected one of {known()}.")
    module = import_module(f"course_utils.teaching.paper.{NOTEBOOKS[notebook][1]}")
    return [thing for thing in vars(module).values() if isinstance(thing, Kind)]


def known() -> str:
    """Name the notebooks that have questions: "00, 01, ..."."""
    return ", ".join(NOTEBOOKS)


def whole(rng: np.random.Generator, low: int, high: int) -> int:
    """Draw a whole number from low to high, both included."""
    return int(rng.integers(low, high + 1))


def wholes(rng: np.random.Generator, low: int, high: int, n: int) -> list[int]:
    """Draw n whole numbers from low to high, both included."""
    return rng.integers(low, high + 1, size=n).tolist()


def grid(rng: np.random.Generator, low: int, high: int, rows: int, columns: int) -> list[list[int]]:
    """Draw a table of whole numbers from low to high, both included."""
    return rng.integers(low, high + 1, size=(rows, columns)).tolist()


def one_of(rng: np.random.Generator, options: Sequence[_T]) -> _T:
    """Draw one of several things."""
    return options[int(rng.integers(len(options)))]
