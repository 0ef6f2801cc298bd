"""Paper questions: a thousand of each kind, answered twice; their texts, the sheets, and the files for Moodle."""

from __future__ import annotations

import math
import re
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from bs4 import BeautifulSoup
from skimage.metrics import peak_signal_noise_ratio
from sklearn.metrics import davies_bouldin_score, silhouette_samples
from typer.testing import CliRunner

from course_utils.checks import EXERCISES
from course_utils.cli import app
from course_utils.clustering import kmeans_plus_plus
from course_utils.teaching.markup import to_html, to_mathml, to_tex
from course_utils.teaching.paper import Kind, Part, Question, formulas, kinds_of, make_sheets, sheet
from course_utils.teaching.paper import question as writing
from course_utils.teaching.paper.registry import NOTEBOOKS
from tests.unit.paper_by_hand import BY_HAND

ROOT = Path(__file__).parents[2]
SEEDS = 1000
KINDS = [kind for notebook in NOTEBOOKS for kind in kinds_of(notebook)]
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$", re.DOTALL)


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.name)
def drawn(request):
    """A thousand questions of a kind; pytest runs all tests of one kind before it draws the next."""
    return request.param, [request.param.draw(seed) for seed in range(SEEDS)]


def _flat(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [number for item in value for number in _flat(item)]
    return [] if isinstance(value, bool) else [value]


def _formulas(text):
    return [display or inline for display, inline in FORMULA.findall(text)]


def _texts(question):
    yield question.text
    for part in question.parts:
        yield from (part.prompt, part.worked, *part.names)


# --- a thousand of each kind -----------------------------------------------------------------------------------------


def test_every_notebook_has_at_least_three_kinds_and_every_kind_a_second_way():
    assert {notebook: len(kinds_of(notebook)) >= 3 for notebook in NOTEBOOKS} == dict.fromkeys(NOTEBOOKS, True)
    assert len(KINDS) >= 33
    assert [kind.name for kind in KINDS] == list(BY_HAND)
    assert all(kind.name[:2] in NOTEBOOKS for kind in KINDS)


def test_the_answers_are_those_of_a_second_way(drawn):
    kind, questions = drawn
    for seed, question in enumerate(questions):
        for part, second in zip(question.parts, BY_HAND[kind.name](**question.given), strict=True):
            if isinstance(part.answer, str):
                assert part.answer == second, (seed, part.prompt)
                continue
            second = second if isinstance(second, list) else [second]
            for number, other, shown, tolerance in zip(part.numbers, second, part.shown, part.tolerances, strict=True):
                assert abs(number - other) < 1e-9 * max(1, abs(number)), (seed, part.prompt)
                off = abs(float(shown) - other)
                assert off <= 0.5 * 10**-part.decimals + 1e-9, (seed, part.prompt)
                assert off <= float(tolerance) + 1e-9, (seed, part.prompt)


def test_a_pocket_calculator_likes_the_numbers(drawn):
    _, questions = drawn
    for question in questions:
        for number in _flat(question.given):
            assert abs(number) <= 1000
            assert writing.is_exact(number, 2)
            assert len(writing.plain(number).lstrip("-0.").replace(".", "")) <= 4
        for part in question.parts:
            assert part.decimals <= 3
            assert all(abs(number) < 1e5 for number in part.numbers)


def test_an_answer_can_be_given_and_marked_in_one_way_only(drawn):
    _, questions = drawn
    for question in questions:
        for part in question.parts:
            assert len(set(part.choices)) == len(part.choices)
            for number in part.numbers:
                fraction = abs(number) * 10**part.decimals % 1
                assert abs(fraction - 0.5) > 1e-7  # rounded up or down by no noise
            if not part.choices:
                for shown, tolerance in zip(part.shown, part.tolerances, strict=True):
                    assert float(tolerance) <= 10.0**-part.decimals
                    assert not re.fullmatch(r"-0\.?0*", shown)


def test_the_text_holds_what_is_needed_and_the_worked_solution_the_answer(drawn):
    _, questions = drawn
    for seed, question in enumerate(questions):
        asked = question.text + " ".join(part.prompt for part in question.parts)
        there = set(re.findall(r"\d+(?:\.\d+)?", asked))
        assert {writing.plain(abs(number)) for number in _flat(question.given)} <= there, seed
        for part in question.parts:
            worked = part.worked.replace("−", "-")
            if part.choices:
                assert str(part.answer).lower() in worked.lower(), (seed, part.prompt)
                continue
            for shown in part.shown:
                assert re.search(rf"(?<![\d.]){re.escape(shown)}(?![\d]|\.\d)", worked), (seed, part.prompt)


def test_texts_are_well_formed(drawn):
    _, questions = drawn
    for question in questions[:300]:
        assert question.minutes >= 2
        assert 2 <= question.points <= 8
        for text in _texts(question):
            assert text.count("$") % 2 == 0
            outside = re.sub(r"`[^`]*`", "", FORMULA.sub("", text))
            assert "\\" not in outside
            assert "nan" not in text.replace("name", "")
            assert not re.search(r"\d\.\d{7}", text)
            assert not re.search(r"[+-] [+-]", text), text
            for formula in _formulas(text):
                assert formula.count("{") == formula.count("}")


def test_the_same_seed_gives_the_same_question_and_another_other_numbers(drawn):
    kind, questions = drawn
    assert all(kind.draw(seed) == questions[seed] for seed in (0, 17, 999))
    different = len({repr(question.given) for question in questions})
    assert different > (100 if kind.name in FEW_NUMBERS else SEEDS / 2)
    words = {(i, part.answer) for q in questions for i, part in enumerate(q.parts) if part.choices}
    asked = {(i, len(part.choices)) for i, part in enumerate(questions[0].parts) if part.choices}
    for i, choices in asked:
        found = [word for place, word in words if place == i]
        assert len(found) == choices


FEW_NUMBERS = ("05-weights", "07-damage")  # sizes and shares that one can choose among


# --- every equality of the worked solutions ---------------------------------------------------------------------------


def test_every_equality_of_the_worked_solutions_is_true(drawn):
    _, questions = drawn
    checked = 0
    for question in questions[:40]:
        for part in question.parts:
            for chain in _chains(part.worked):
                checked += _check_chain(chain)
    assert checked >= 40


def _chains(worked):
    """Formulas of a worked solution; one that begins with an equals sign goes on where the last one ended."""
    chains = []
    for formula in _formulas(worked):
        if chains and re.match(r"(=|\\approx)", formula.strip()):
            chains[-1] += " " + formula
        else:
            chains.append(formula)
    return chains


def _check_chain(chain):
    sides = re.split(r"(=|\\approx|<|\\ge)", chain)
    values = [_value(side) for side in sides[::2]]
    checked = 0
    for left, sign, right, text in zip(values, sides[1::2], values[1:], sides[2::2], strict=False):
        if left is None or right is None:
            continue
        checked += 1
        places = max((len(found) for found in re.findall(r"\.(\d+)", text)), default=0)
        if sign == "\\approx":
            alone = re.fullmatch(r"\s*[-\d.]+\s*", text)
            assert np.all(np.abs(left - right) <= (0.6 if alone else 8) * 10.0**-places), chain
        elif sign == "=":
            np.testing.assert_allclose(left, right, atol=1e-9, err_msg=chain)
        else:
            assert left < right if sign == "<" else left >= right, chain
    return checked


def _value(side):
    """A side of a formula as a number or a point; None if it holds symbols."""
    text = side.strip().rstrip(",.").replace(r"\left", "").replace(r"\right", "").replace(r"\,", "").replace(r"\;", "")
    for _ in range(4):  # from the inside outwards
        text = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))", text)
        text = re.sub(r"\\sqrt\{([^{}]*)\}", r"sqrt(\1)", text)
        text = re.sub(r"e\^\{([^{}]*)\}", r"exp(\1)", text)
        text = re.sub(r"\^\{([^{}]*)\}", r"**(\1)", text)
    text = re.sub(r"\\log_\{10\}\s*(\d+)", r"log10(\1)", text).replace(r"\log_{10}", "log10")
    text = re.sub(r"\\ln\s*(\d+)", r"log(\1)", text).replace(r"\ln", "log").replace("\\cos**(-1)", "acos")
    text = (
        text.replace(r"\lceil", "ceil(").replace(r"\lfloor", "floor(").replace(r"\rceil", ")").replace(r"\rfloor", ")")
    )
    text = text.replace(r"\cdot", "*").replace(r"\min", "min").replace("^2", "**2")
    text = re.sub(r"(log10|log|sqrt|exp|acos|min)\s+", r"\1", text)
    text = re.sub(r"(?<![a-z\d.])(\d+(?:\.\d+)?|\))\s*(?=log|\()", r"\1*", text)
    text = re.sub(r"(?<![a-z0-9])\(([^()]*,[^()]*)\)", r"point([\1])", text)
    names = {name: getattr(math, name) for name in ("log", "log10", "sqrt", "exp", "acos", "ceil", "floor")}
    names |= {"min": min, "point": np.array}
    if not text or set(re.findall(r"[A-Za-z_\\]+\d*", text)) - set(names):
        return None
    return eval(text, {"__builtins__": {}}, names)


def test_the_test_of_equalities_finds_mistakes():
    assert _check_chain(r"\frac{1}{2} \left((1, 2) + (3, 4)\right) = (2, 3)") == 1
    assert _check_chain(r"10 \log_{10} \frac{255^2}{2.5} \approx 44.15") == 1
    assert _check_chain(r"x = (3 - (-1))^2 = 16") == 1
    for wrong in (
        r"2 + 2 = 5",
        r"\sqrt{3} \approx 1.74",
        r"\lceil 5 / 2 \rceil = 2",
        r"0.1 \ln \frac{0.1}{0.2} = -0.07",
    ):
        with pytest.raises(AssertionError):
            _check_chain(wrong)


# --- the formulas ----------------------------------------------------------------------------------------------------

AS_IN_EXERCISES = {
    "00-distance": formulas.squared_error,
    "01-plusplus": formulas.next_centroid_probabilities,
    "02-silhouette": formulas.silhouette,
    "02-best-k": formulas.best_k,
    "03-psnr": formulas.psnr,
    "03-indexed-bytes": formulas.indexed_bytes,
    "04-gradients": formulas.gradients,
    "04-angular": formulas.angular_distance,
    "05-l1": formulas.l1_penalty,
    "05-kl": formulas.kl_sparsity,
    "05-keep": formulas.keep_largest,
    "06-convolve": formulas.convolve,
    "06-layer": formulas.conv_layer,
    "06-transposed": formulas.transposed,
    "07-median": formulas.median_filter,
    "07-tune": formulas.tune,
    "09-kl": formulas.kl_divergence,
    "09-loss": formulas.vae_loss,
    "09-direction": formulas.find_direction,
    "10-weights": formulas.importance_weights,
    "10-map": formulas.class_map,
    "10-scale": formulas.scale_for_display,
    "10-softmax": formulas.softmax_gradient,
}


@pytest.mark.parametrize("grade_id", AS_IN_EXERCISES)
def test_the_formulas_pass_the_checks_of_the_exercises(grade_id):
    for seed in range(3):
        verdict = EXERCISES[grade_id].run(AS_IN_EXERCISES[grade_id], seed)
        assert verdict.passed, verdict.message


def test_the_formulas_are_those_of_the_libraries():
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(12, 2)), np.repeat([0, 1, 2], 4)
    assert formulas.davies_bouldin(x, labels) == pytest.approx(davies_bouldin_score(x, labels))
    each = silhouette_samples(x, labels)
    assert [formulas.silhouette(x, labels, j) for j in range(12)] == pytest.approx(each.tolist())
    a, b = rng.random((2, 5, 5))
    assert formulas.psnr(a, b, peak=1) == pytest.approx(peak_signal_noise_ratio(a, b, data_range=1))
    apart = [np.linalg.norm(p - q) for i, p in enumerate(x) for j, q in enumerate(x) if labels[i] != labels[j]]
    within = [np.linalg.norm(p - q) for i, p in enumerate(x) for j, q in enumerate(x) if labels[i] == labels[j]]
    assert formulas.dunn_parts(x, labels) == pytest.approx((min(apart), max(within)))


def test_the_package_s_k_means_plus_plus_draws_with_these_probabilities():
    x = np.array([[0.0, 0], [1, 0], [3, 0], [0, 4]])
    seconds = {0: [], 1: [], 2: [], 3: []}
    for seed in range(3000):
        first, second = kmeans_plus_plus(x, 2, n_candidates=1, random_state=seed).tolist()
        seconds[x.tolist().index(first)].append(x.tolist().index(second))
    for first, drawn_next in seconds.items():
        shares = np.bincount(drawn_next, minlength=4) / len(drawn_next)
        assert shares == pytest.approx(formulas.next_centroid_probabilities(x, [x[first]]), abs=0.06)


def test_the_formulas_are_those_of_the_package_in_keras():
    from course_utils import autoencoders, gradcam  # isort: skip  # first of all: it quiets TensorFlow
    import keras

    rng = np.random.default_rng(1)
    mean, log_variance = rng.normal(size=(2, 3, 4)).astype("float32")
    package = np.asarray(autoencoders.kl_to_standard_normal(mean, log_variance))
    np.testing.assert_allclose(formulas.kl_to_standard_normal(mean, log_variance), package, rtol=1e-4, atol=1e-6)

    noise = np.asarray(autoencoders.Sampling(seed=3)([np.zeros((3, 4)), np.zeros((3, 4))]))
    package = np.asarray(autoencoders.Sampling(seed=3)([mean, log_variance]))
    np.testing.assert_allclose(formulas.sample_code(mean, log_variance, noise), package, rtol=1e-4, atol=1e-5)

    a = rng.uniform(0.1, 0.9, size=(5, 3)).astype("float32")
    for layer, own in (
        (autoencoders.L1Activity(0.3), formulas.l1_penalty(a, 0.3)),
        (autoencoders.KLSparsity(0.1, 2.0), 2 * formulas.kl_sparsity(a, 0.1)),
    ):
        layer(a)
        assert own == pytest.approx(float(layer.losses[0]), rel=1e-4)
    np.testing.assert_allclose(formulas.keep_largest(a, 2), autoencoders.keep_strongest(a, 2))
    np.testing.assert_allclose(formulas.interpolate(mean[0], mean[1], 5), autoencoders.interpolate(mean[0], mean[1], 5))
    has = np.array([True, False, True])
    np.testing.assert_allclose(formulas.find_direction(mean, has), autoencoders.attribute_direction(mean, has))
    assert formulas.dense_weights([16, 20, 16]) == autoencoders.build_dense_autoencoder((4, 4, 1), 20).count_params()

    image, kernel = rng.normal(size=(6, 6)), rng.normal(size=(3, 3))
    package = np.asarray(keras.ops.conv(image[None, ..., None], kernel[..., None, None], strides=2))[0, ..., 0]
    np.testing.assert_allclose(formulas.convolve(image, kernel, 2), package, rtol=1e-5)
    conv = keras.layers.Conv2D(5, 3, strides=2, padding="same")
    shape = tuple(conv(np.zeros((1, 21, 30, 3))).shape[1:])
    assert formulas.conv_layer(21, 30, 3, 5, 3, 2) == (shape, conv.count_params())
    z, row = rng.normal(size=3), rng.normal(size=4)
    package = keras.ops.conv_transpose(z[None, :, None], row[:, None, None], strides=2)
    np.testing.assert_allclose(formulas.transposed(z, row, 2), np.asarray(package)[0, :, 0], rtol=1e-5)

    maps, weights = rng.random((1, 2, 2, 3)).astype("float32"), rng.normal(size=(3, 2)).astype("float32")
    body = keras.Sequential([keras.layers.Input((2, 2, 3)), keras.layers.Conv2D(3, 1, use_bias=False, name="maps")])
    body.layers[0].set_weights([np.eye(3)[None, None]])
    head = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2, use_bias=False)]
    model = keras.Sequential([body, *head])
    model.layers[-1].set_weights([weights])
    package = gradcam.grad_cam(model, maps, 1, upsample=False)
    gradients = np.broadcast_to(weights[:, 1] / 4, maps.shape)
    alpha = formulas.importance_weights(gradients)
    np.testing.assert_allclose(formulas.class_map(maps, alpha), package, rtol=1e-5, atol=1e-7)
    against = gradcam.counterfactual(model, maps, 1, upsample=False)
    np.testing.assert_allclose(formulas.class_map(maps, -alpha), against, rtol=1e-5, atol=1e-7)
    heat, box = rng.random((5, 4, 4)), np.tile([1, 0, 3, 2], (5, 1))
    assert [formulas.energy_inside(m, b) for m, b in zip(heat, box, strict=True)] == pytest.approx(
        gradcam.energy_inside(heat, box).tolist()
    )
    hits = [formulas.points_inside(m, b) for m, b in zip(heat, box, strict=True)]
    assert hits == gradcam.pointing_game(heat, box).tolist()


# --- how numbers are written -----------------------------------------------------------------------------------------


def test_numbers_are_rounded_as_at_school():
    assert [writing.plain(x, 2) for x in (0.125, -0.125, 2.5, 3, -0.0001, 0.1 + 0.2)] == [
        "0.13",
        "-0.13",
        "2.5",
        "3",
        "0",
        "0.3",
    ]
    assert writing.rounded(2.4961, 2) == "2.50"
    assert writing.rounded(2.5, 2) == "2.5"
    assert writing.is_result(2 / 3, 2) == r"\approx 0.67"
    assert writing.is_result(0.75, 2) == "= 0.75"
    assert writing.total([3, -2, 0.5]) == "3 - 2 + 0.5"
    assert writing.with_minus("x-1, -2 and (-0.5)") == "x-1, −2 and (−0.5)"


def test_a_part_that_does_not_fit_itself_is_refused():
    for answer, options in (
        ("c", {"choices": ("a", "b")}),
        ("a", {"choices": ("a", "a")}),
        ("a", {"choices": ("a",)}),
        ((1.0, 2.0), {}),
        (1.0, {"choices": ("a", "b")}),
        (float("nan"), {}),
    ):
        with pytest.raises(ValueError, match=r"must be|need as many"):
            Part("?", answer, "", **options)


def test_numbers_near_a_tie_are_drawn_again():
    waiting = [0.125, 2.0049999999999999, 0.13]
    kind = Kind("00-test", lambda rng: Question("t", 2, "", (Part("?", waiting.pop(0), "", decimals=2),)))
    assert kind.draw(0).parts[0].answer == 0.13


# --- sheets ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sheets(tmp_path_factory):
    out = tmp_path_factory.mktemp("sheets")
    paths = make_sheets((), out, seed=7)
    assert [path.name for path in paths] == [
        f"paper-{notebook}-seed-7{ending}" for notebook in NOTEBOOKS for ending in (".html", "-solutions.html", ".xml")
    ]
    return out


@pytest.mark.parametrize("notebook", NOTEBOOKS)
@pytest.mark.parametrize("ending", ["", "-solutions"])
def test_pages_can_be_read_by_all_and_load_nothing(sheets, notebook, ending):
    text = (sheets / f"paper-{notebook}-seed-7{ending}.html").read_text(encoding="utf-8")
    page = BeautifulSoup(text, "html.parser")
    assert not page.find_all(["script", "link", "img", "iframe", "object"])
    assert not [tag for tag in page.find_all(True) if tag.get("src") or tag.get("href")]
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/1998/Math/MathML)", text)
    assert page.html["lang"] == "en"
    assert page.find("meta", attrs={"name": "viewport"})
    assert [heading.name for heading in page.find_all(re.compile("h[1-6]"))] == ["h1"] + ["h2"] * len(
        kinds_of(notebook)
    )
    for head in page.find_all("th"):
        assert head["scope"] in ("col", "row")
        assert head.get_text(strip=True)
    for cell in page.select("tbody tr > :first-child"):
        assert cell.name == "th"
    assert NOTEBOOKS[notebook][0] in page.title.get_text()
    for formula in page.find_all("math"):
        assert "\\" not in formula.get_text()
    for code in page.find_all(["style", "code"]):
        code.decompose()
    assert not re.search(r"[$\\{}]", re.sub(r"\{.*?\}", "", "".join(f.get_text() for f in page.find_all("p"))))
    assert "$" not in page.get_text()
    assert "-0" not in page.get_text()


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_the_solutions_are_on_their_own_page_alone(sheets, notebook):
    sheet_page, solutions = (
        BeautifulSoup((sheets / f"paper-{notebook}-seed-7{ending}.html").read_text(encoding="utf-8"), "html.parser")
        for ending in ("", "-solutions")
    )
    questions = [kind.draw(7) for kind in kinds_of(notebook)]
    parts = [part for question in questions for part in question.parts]
    assert not sheet_page.select(".worked")
    assert "Answer:" not in sheet_page.get_text()
    assert len(sheet_page.select(".room")) == len(solutions.select(".worked")) == len(parts)
    assert sum(len(part.numbers) for part in parts) == len(sheet_page.select(".part i"))
    assert sum(len(part.choices) for part in parts) == len(sheet_page.select(".choice"))
    for part, answer in zip(parts, solutions.select(".answer"), strict=True):
        given = [bold.get_text() for bold in answer.select("span > b")]
        assert [text.replace("−", "-") for text in given] == list(part.shown)
    assert [p.get_text() for p in sheet_page.select(".prompt")] == [p.get_text() for p in solutions.select(".prompt")]
    code = r"sheet ([0-9A-F]{6})"
    assert re.search(code, sheet_page.get_text())[1] == re.search(code, solutions.get_text())[1]
    assert "seed" not in sheet_page.get_text()  # whoever knows it has the solutions


def test_every_formula_becomes_mathml():
    for kind in KINDS:
        for seed in range(3):
            for text in _texts(kind.draw(seed)):
                for formula in _formulas(text):
                    assert to_mathml(formula).startswith("<math"), formula


def test_the_same_seed_gives_the_same_bytes(sheets, tmp_path):
    for path in make_sheets(["03", "08"], tmp_path, seed=7):
        assert path.read_bytes() == (sheets / path.name).read_bytes()
    other = make_sheets(["03"], tmp_path / "other", seed=8)
    assert all(path.read_bytes() != (sheets / path.name.replace("8", "7")).read_bytes() for path in other)


def test_the_titles_are_those_of_the_notebooks():
    for notebook, (title, _) in NOTEBOOKS.items():
        (path,) = (ROOT / "notebooks").glob(f"{notebook}_*.ipynb")
        assert f"# {notebook} · {title}\\n" in path.read_text(encoding="utf-8")


# --- Moodle ----------------------------------------------------------------------------------------------------------

FIELD = re.compile(r"\{(\d+):(NUMERICAL|MULTICHOICE_V):(.+?)(?<!\\)\}")


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_moodle_gets_the_right_answers(sheets, notebook):
    quiz = ElementTree.parse(sheets / f"paper-{notebook}-seed-7.xml").getroot()
    assert quiz.tag == "quiz"
    categories = [q.findtext("category/text") for q in quiz.findall("question[@type='category']")]
    cloze = quiz.findall("question[@type='cloze']")
    kinds = kinds_of(notebook)
    assert len(categories) == len(cloze) == len(kinds)
    assert all(category.startswith(f"$course$/top/Paper questions/{notebook} · ") for category in categories)
    for kind, question in zip(kinds, cloze, strict=True):
        wanted = kind.draw(7)
        assert question.findtext("name/text") == f"{wanted.title} (seed 7)"
        assert question.findtext("idnumber") == f"paper-{kind.name}-seed-7"
        text, feedback = question.findtext("questiontext/text"), question.findtext("generalfeedback/text")
        fields = iter(FIELD.findall(text))
        weights = []
        for part in wanted.parts:
            mine = [next(fields) for _ in part.numbers or ("word",)]
            weights.append(sum(int(weight) for weight, *_ in mine))
            for (_, sort, answers), shown, number in zip(mine, part.shown, part.numbers or (0,), strict=True):
                if part.choices:
                    assert sort == "MULTICHOICE_V"
                    assert [a for a in answers.split("~") if a.startswith("=")] == [f"={shown}"]
                    assert sorted(a.lstrip("=") for a in answers.split("~")) == sorted(part.choices)
                else:
                    value, tolerance = answers.removeprefix("=").split(":")
                    assert value == shown
                    assert abs(float(value) - number) <= float(tolerance) + 1e-9
        assert next(fields, None) is None
        for part, weight in zip(wanted.parts, weights, strict=True):
            assert weight * wanted.points == part.points * sum(weights)
        for html in (text, feedback):
            page = BeautifulSoup(html, "html.parser")
            assert html.count(r"\(") == html.count(r"\)")
            assert "$" not in page.get_text()
            assert not page.find_all(["script", "math"])
        for part in wanted.parts:
            assert all(f"<b>{shown.replace('-', '−')}</b>" in feedback for shown in part.shown)


def test_what_moodle_could_misread_is_escaped():
    part = Part("?", "a}b", "", choices=("a}b", 'c~d=e#"f/g\\h', "<i>"))
    (field,) = sheet._fields_of(part, 2)
    assert field == '{2:MULTICHOICE_V:=a\\}b~c\\~d\\=e\\#\\"f\\/g\\\\h~&lt;i&gt;}'
    xml = f"<a>{sheet._cdata('x[y[0]]>1 & <b>')}</a>"
    assert ElementTree.fromstring(xml).text == "x[y[0]]>1 & <b>"
    assert to_tex("a < b") == r"\(a &lt; b\)"


# --- Markdown --------------------------------------------------------------------------------------------------------


def test_markdown_becomes_html_with_heads_and_scopes():
    page = BeautifulSoup(to_html("| | a |\n| --- | ---: |\n| row | $-1$ |\n\n$$x$$\n\n<script>"), "html.parser")
    assert [(head["scope"], head.get_text()) for head in page.find_all("th")] == [("col", "a"), ("row", "row")]
    assert not page.find("script")
    assert page.find("math", display="block")
    assert page.td.get_text() == ""


def test_a_long_formula_can_be_broken_before_its_equals_signs():
    page = BeautifulSoup(to_html(r"$\lVert x^{(1)} - \mu_1 \rVert^2 = (6 - 6)^2 + f(a = b) = 2.25$"), "html.parser")
    assert [formula.get_text()[:1] for formula in page.find_all("math")] == ["‖", "=", "="]
    assert len(BeautifulSoup(to_html("$a = b = c$"), "html.parser").find_all("math")) == 1


def test_formulas_are_set_as_latex_sets_them():
    assert to_mathml(r"0.5 \ln 2 + \ln(3)").count("<mspace") == 2
    assert to_mathml(r"10 \log_{10} \frac{1}{2}").count("<mspace") == 2
    assert to_mathml(r"\lVert x \rVert^2").count('stretchy="false"') == 2
    assert to_mathml("(-1) - 2 = -3").count('form="prefix"') == 2
    assert 'form="prefix"' not in to_mathml("a - b")


# --- the command -----------------------------------------------------------------------------------------------------


def _invoke(*arguments):
    return CliRunner().invoke(app, ["paper", *map(str, arguments)])


def test_the_command_makes_sheets_for_a_class(tmp_path):
    out = tmp_path / "made" / "here"
    result = _invoke("01", "01_kmeans", ROOT / "notebooks" / "05_sparse_autoencoder.ipynb", "--seed", 3, "--out", out)
    assert result.exit_code == 0
    written = result.output.split()
    assert written == [
        str(out / f"paper-{notebook}-seed-3{ending}")
        for notebook in ("01", "05")
        for ending in (".html", "-solutions.html", ".xml")
    ]
    assert sorted(path.name for path in out.iterdir()) == sorted(Path(path).name for path in written)
    result = _invoke("04", "--seed", 10, "--out", out, "--variants", 3)
    assert [Path(path).name for path in result.output.split()[::3]] == [f"paper-04-seed-{n}.html" for n in (10, 11, 12)]
    codes = [
        re.search(r"sheet (\w{6})", Path(path).read_text(encoding="utf-8"))[1] for path in result.output.split()[::3]
    ]
    assert len(set(codes)) == 3


def test_nothing_is_overwritten_without_force_and_nothing_is_written_in_part(tmp_path):
    kept = tmp_path / "paper-02-seed-1-solutions.html"
    kept.write_text("mine")
    result = _invoke("01", "02", "--seed", 1, "--out", tmp_path)
    assert result.exit_code == 2
    assert f"{kept} is there already" in result.output
    assert list(tmp_path.iterdir()) == [kept]
    assert _invoke("01", "02", "--seed", 1, "--out", tmp_path, "--force").exit_code == 0
    assert kept.read_text(encoding="utf-8") != "mine"
    assert len(list(tmp_path.iterdir())) == 6


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("99", "--seed", 1), "no notebook '99'"),
        (("01", "--seed", -1), "seed must be an integer >= 0, got -1"),
        (("01", "--seed", 1, "--variants", 0), "variants must be an integer >= 1, got 0"),
        (("01", "--seed", "seven"), "valid integer"),
        (("01",), "Missing option '--seed'"),
    ],
)
def test_bad_arguments_are_answered_with_a_sentence(tmp_path, arguments, words):
    result = _invoke(*arguments, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert words in re.sub(r"\s+", " ", result.output.replace("│", " "))
    assert "Traceback" not in result.output
    assert not (tmp_path / "out").exists()


def test_bad_input_from_python_is_named_as_well(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="an integer >= 0, got True"):
        make_sheets(["01"], tmp_path, seed=True)
    with pytest.raises(ValueError, match=r"an integer >= 0, got 1\.5"):
        KINDS[0].draw(1.5)
    with pytest.raises(ValueError, match="no paper questions for notebook '77'"):
        kinds_of("77")
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="is a file: choose a folder"):
        make_sheets(["01"], tmp_path / "file", seed=1)
    (tmp_path / "77_mine.ipynb").write_text("{}")
    with pytest.raises(ValueError, match=r"no paper questions for notebook '77': expected one of 00, 01, "):
        make_sheets([str(tmp_path / "77_mine.ipynb")], tmp_path, seed=1)
    monkeypatch.setattr(sheet, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"course_utils\[paper\]"):
        make_sheets(["01"], tmp_path, seed=1)


def test_a_sheet_takes_seconds_and_no_tensorflow(tmp_path):
    code = f"""
import sys
from course_utils.cli import app
try:
    app(["paper", "--seed", "5", "--out", {str(tmp_path)!r}])
finally:
    print(sorted({{"tensorflow", "keras", "nbformat"}} & set(sys.modules)))
"""
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.endswith("[]\n"), done.stdout + done.stderr
    assert len(list(tmp_path.iterdir())) == 33
    assert time.perf_counter() - began < 15
