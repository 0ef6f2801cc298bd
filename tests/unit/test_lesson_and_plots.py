"""The start of a lesson, and figures that everybody can read."""

from __future__ import annotations

import io
import random
import subprocess
import sys

import numpy as np
import pytest
from IPython.utils.capture import RichOutput, capture_output
from PIL import Image

from course_utils import lesson, plots
from course_utils.data import load_points

ALT = "Four clouds of points in the plane."


def _shown(draw) -> RichOutput:
    import IPython.core.displaypub
    from IPython.core.interactiveshell import InteractiveShell

    InteractiveShell.instance()
    assert IPython.core.displaypub
    with capture_output() as captured:
        draw()
    (output,) = captured.outputs
    return output


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


X, Y = load_points("blobs", n=60)
CENTERS = np.array([X[c == Y].mean(axis=0) for c in range(4)])
DRAWINGS = {
    "clusters": lambda: plots.clusters(X, Y, CENTERS, regions=True, alt=ALT),
    "clusters without labels": lambda: plots.clusters(X, alt=ALT),
    "a centroid of nan": lambda: plots.clusters(X, Y, [[np.nan, np.nan], [0, 0]], alt=ALT),
    "clusterings": lambda: plots.clusterings([("a", X, Y, CENTERS), ("b", X, None, None)] * 2, alt=ALT, regions=True),
    "unshared": lambda: plots.clusterings([("a", X, Y, None), ("b", 9 * X, Y, None)], alt=ALT, share=False),
    "curves": lambda: plots.curves(
        [1, 2, 4], {"a": [1, 2, 3], "b": [3, 2, 1]}, xlabel="", ylabel="", alt=ALT, log="xy"
    ),
    "images": lambda: plots.images(np.zeros((3, 8, 8, 1)), ["a", "b", "c"], alt=ALT),
    "images of weights": lambda: plots.images(np.linspace(-2, 5, 128).reshape(2, 8, 8), signed=True, alt=ALT),
    "bars": lambda: plots.bars({"one": 1, "two": 2}, xlabel="n", alt=ALT),
    "table": lambda: plots.table([[1, 0], [2, 30]], xlabel="x", ylabel="y", alt=ALT),
    "silhouettes": lambda: plots.silhouettes(np.linspace(-0.2, 1, 60), Y, alt=ALT),
    "palettes": lambda: plots.palettes({"a": ([[0, 0, 0], [255, 0, 0]], [3, 1])}, alt=ALT),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_is_shown_once_with_its_alt_text(name):
    output = _shown(DRAWINGS[name])
    assert output.metadata["image/png"]["alt"] == ALT
    assert output.data["text/plain"] == ALT
    picture = Image.open(io.BytesIO(output.data["image/png"]))
    assert output.metadata["image/png"]["width"] < picture.width <= 1300


def test_photographs_are_stored_as_jpeg():
    output = _shown(lambda: plots.images([np.zeros((8, 8, 3), np.uint8)], alt=ALT, photo=True))
    assert output.metadata["image/jpeg"]["alt"] == ALT
    assert Image.open(io.BytesIO(output.data["image/jpeg"])).format == "JPEG"


def test_the_same_figure_is_the_same_file():
    assert _shown(DRAWINGS["clusters"]).data == _shown(DRAWINGS["clusters"]).data


@pytest.mark.parametrize("alt", ["", "plot", "a nice plot", None])
def test_a_figure_without_a_sentence_is_refused(alt):
    with pytest.raises(ValueError, match="alt must say in a sentence"):
        plots.clusters(X, alt=alt)


def test_groups_differ_by_marker_too():
    assert len(set(plots.MARKERS)) == len(plots.COLORS) == len(set(plots.COLORS))


def test_neighbouring_colours_differ_for_colour_blind_readers():
    """Any two of the first six differ in lightness, or in blue against yellow, which most colour-blind people see."""
    from matplotlib.colors import to_rgb
    from skimage.color import rgb2lab

    lab = rgb2lab(np.array([[to_rgb(color) for color in plots.COLORS[:6]]]))[0]
    for i in range(6):
        for j in range(i):
            lightness, _, blue_yellow = np.abs(lab[i] - lab[j])
            assert lightness > 8 or blue_yellow > 20, (plots.COLORS[i], plots.COLORS[j])
