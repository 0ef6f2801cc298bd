"""The start of every lesson: seeds, figure style, and one line that says what runs."""

from __future__ import annotations

import os
import platform
import random
import sys

import numpy as np

from course_utils import __version__, plots
from course_utils.data.cache import offline


def in_colab() -> bool:
    """Whether this kernel runs in Google Colab."""
    return "google.colab" in sys.modules


def start(seed: int = 0) -> None:
    """Begin a lesson: seed every random number generator, set the figures' look, say what runs.

    Where Keras is imported already, its generators are seeded too and TensorFlow's operations made deterministic;
    where it is not, it stays unimported.

    Parameters
    ----------
    seed : integer in 0..2**32 - 1

    Raises
    ------
    ValueError
        If the seed is out of range.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be an integer in 0..2**32 - 1, got {seed!r}.")
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - students may use the old interface
    facts = [f"course_utils {__version__}", f"Python {platform.python_version()}", f"NumPy {np.__version__}"]
    if "keras" in sys.modules:
        facts.append(_start_keras(seed))
    plots.use_style()
    facts += [f"seed {seed}", f"{os.cpu_count()} cores"]
    if in_colab():
        facts.append("Colab")
    if offline():
        facts.append("offline")
    print(" | ".join(facts))


def _start_keras(seed: int) -> str:
    import keras

    keras.utils.clear_session()  # with models of an earlier run goes the generator that keras.random uses by default
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")  # its advice on retracing is for long-running programs
        tf.config.experimental.enable_op_determinism()
    return f"Keras {keras.__version__}"
