"""Figures say what they show, in words and in the drawing itself."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from matplotlib.colors import to_hex, to_rgb
from PIL import Image

from course_utils import figure_texts as texts
from course_utils import plots
from course_utils.data import load_points
from course_utils.plots import canvas
from course_utils.plots.schemata import SCHEMATA
from tests.unit.displayed import displayed

ALT = "Four clouds of points in the plane."
X, Y = load_points("blobs", n=60)
MEANS = np.array([X[c == Y].mean(axis=0) for c in range(4)])
TIMES = pd.date_range("2024-01-01", periods=40, freq="h")
SERIES = pd.Series(np.arange(40.0), TIMES)
GREY = np.linspace(0, 1, 64).reshape(8, 8)


@pytest.fixture
def drawn(monkeypatch):
    """Draw, and return the figure itself instead of showing it."""
    figures = []
    monkeypatch.setattr(canvas, "_show", lambda fig, text, photo: figures.append(fig))

    def draw(function, *arguments, **options):
        function(*arguments, alt=ALT, **options)
        return figures[-1]

    return draw


@pytest.fixture
def named(monkeypatch, tmp_path):
    """Two figures with texts of their own."""
    (tmp_path / "01_first.toml").write_text('[one]\ncaption = "Look."\nalt = "Points."\n')
    (tmp_path / "02_second.toml").write_text(
        '[two]\ncaption = "Look <here> & there."\nalt = "A \\"cloud\\" & a <line>."\n\n'
        '[three]\ncaption = "Third."\nalt = "Third."\n'
    )
    monkeypatch.setattr(texts, "texts_folder", lambda: tmp_path)
    texts.read_texts.cache_clear()
    yield tmp_path
    texts.read_texts.cache_clear()


DRAWINGS = {
    "clusters": lambda **o: plots.clusters(X, Y, MEANS, regions=True, **o),
    "clusters without labels": lambda **o: plots.clusters(X, **o),
    "a centroid of nan": lambda **o: plots.clusters(X, Y, [[np.nan, np.nan], [0, 0]], **o),
    "clusterings": lambda **o: plots.clusterings({"a": (X, Y, MEANS), "b": (X,), "c": (X, Y), "d": (X,)}, **o),
    "curves": lambda **o: plots.curves([1, 2, 4], {"a": [1, 2, 3], "b": [3, 2, 1]}, log="xy", **o),
    "panels of curves": lambda **o: plots.curves([1, 2], {"left": {"a": [1, 2]}, "right": {"a": [2, 1]}}, **o),
    "bars": lambda **o: plots.bars({"one": 1, "two": 2}, "n", **o),
    "scatter": lambda **o: plots.scatter({"a": X, "b": -X}, "across", "up", **o),
    "digit map": lambda **o: plots.digit_map(X, Y, **o),
    "histograms": lambda **o: plots.histograms({"a": X[:, 0], "b": X[:, 1]}, np.linspace(-9, 9, 10), **o),
    "images": lambda **o: plots.images({"a": [GREY] * 3, "b": [GREY] * 3}, columns=["x", 1, -2.5], **o),
    "photographs": lambda **o: plots.images({"a": np.zeros((200, 150, 3), np.uint8)}, **o),
    "faces": lambda **o: plots.faces(np.zeros((12, 8, 8, 1)), **o),
    "weights": lambda **o: plots.weights(np.linspace(-2, 5, 128).reshape(2, 8, 8), **o),
    "palettes": lambda **o: plots.palettes({"a": ([[0, 0, 0], [255, 0, 0]], [3, 1])}, **o),
    "series": lambda **o: plots.series({"a": SERIES, "b": SERIES}, anomalies=SERIES > 30, line=3, **o),
    "silhouettes": lambda **o: plots.silhouettes({"k = 4": (np.linspace(-0.2, 1, 60), Y)}, **o),
    "table": lambda **o: plots.table([[1, 0], [2, 30]], "x", "y", **o),
    **{name: lambda name=name, **o: plots.schema(name, **o) for name in SCHEMATA},
}


# --- the way to the reader


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_brings_alt_text_and_a_picture_in_both_forms(name):
    output = displayed(lambda: DRAWINGS[name](alt=ALT))
    picture = BeautifulSoup(output.data["text/markdown"], "html.parser").img
    assert picture["alt"] == ALT
    (kind,) = [kind for kind in output.data if kind.startswith("image/")]
    assert output.metadata[kind]["alt"] == ALT
    assert output.data["text/plain"] == ALT
    fine = Image.open(io.BytesIO(base64.b64decode(picture["src"].removeprefix("data:image/webp;base64,"))))
    plain = Image.open(io.BytesIO(output.data[kind]))
    assert fine.format == "WEBP"
    assert output.metadata[kind]["width"] == int(picture["width"]) <= 828
    assert fine.width > 1.15 * int(picture["width"])
    assert plain.width >= 0.74 * int(picture["width"])
    assert abs(fine.width / fine.height - plain.width / plain.height) < 0.05 * plain.width / plain.height


def test_a_named_figure_has_number_caption_and_alt_text_of_its_file(named):
    output = displayed(lambda: plots.clusters(X, figure="two"))
    page = BeautifulSoup(output.data["text/markdown"], "html.parser")
    assert page.figcaption.get_text() == "Figure 1. Look <here> & there."
    assert page.img["alt"] == 'A "cloud" & a <line>.'
    assert output.metadata["image/png"]["alt"] == 'A "cloud" & a <line>.'
    assert output.data["text/plain"] == 'Figure 1. Look <here> & there.\nA "cloud" & a <line>.'
    assert "Figure 2." in displayed(lambda: plots.clusters(X, figure="three")).data["text/markdown"]


def test_a_figure_of_one_s_own_needs_no_words():
    output = displayed(lambda: plots.curves([1, 2], [3, 4], "iteration", "WCSS", title="mine"))
    page = BeautifulSoup(output.data["text/markdown"], "html.parser")
    assert page.figcaption is None
    for word in ("mine", "iteration", "WCSS"):
        assert word in page.img["alt"]


def test_html_stands_on_one_line_so_that_markdown_takes_it_for_html():
    html = displayed(lambda: plots.clusters(X, alt="Two\n\nlines.")).data["text/markdown"]
    assert html.startswith("<figure")
    assert html.count("\n\n") == 0


def test_photographs_are_stored_with_loss_and_drawings_without():
    for picture, kind, chunk in ((np.zeros((200, 150, 3), np.uint8), "jpeg", b"VP8 "), (GREY, "png", b"VP8L")):
        output = displayed(lambda picture=picture: plots.images({"a": picture}, alt=ALT))
        assert Image.open(io.BytesIO(output.data[f"image/{kind}"])).format == kind.upper()
        webp = re.search(r"webp;base64,([^\"]*)", output.data["text/markdown"])[1]
        assert base64.b64decode(webp)[12:16] == chunk


@pytest.mark.parametrize("name", ["clusters", "photographs"])
def test_the_same_figure_is_the_same_file(name):
    assert displayed(lambda: DRAWINGS[name](alt=ALT)).data == displayed(lambda: DRAWINGS[name](alt=ALT)).data


def test_figures_bring_their_own_light_background():
    import matplotlib as mpl

    with mpl.rc_context({"figure.facecolor": "black", "savefig.facecolor": "none"}):
        output = displayed(lambda: plots.clusters(X, alt=ALT))
    assert Image.open(io.BytesIO(output.data["image/png"])).convert("RGB").getpixel((0, 0)) == (255, 255, 255)


# --- the files with the texts


def test_an_unknown_figure_is_refused_with_the_nearest_names(named):
    with pytest.raises(ValueError, match=r"no text for a figure called 'thre'; did you mean 'three'"):
        plots.clusters(X, figure="thre")


def test_a_name_and_an_alt_text_exclude_each_other(named):
    with pytest.raises(ValueError, match="has an alt text in its file"):
        plots.clusters(X, figure="one", alt=ALT)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[a\n", "is not TOML"),
        ('[a]\ncaption = "x"\n', "must have a caption and an alt text"),
        ('[a]\ncaption = "x"\nalt = "y"\ntitle = "z"\n', "and nothing else"),
        ('a = "x"\n', "must have a caption and an alt text"),
        ('[one]\ncaption = "x"\nalt = "y"\n', "has a figure 'one' already"),
    ],
)
def test_a_damaged_file_of_texts_is_named(named, content, words):
    (named / "03_third.toml").write_text(content)
    with pytest.raises(ValueError, match=words) as caught:
        texts.read_texts(named)
    assert "03_third.toml" in str(caught.value)


def test_numbers_follow_the_order_of_the_file(named):
    found = texts.read_texts(named)
    assert {name: (text.notebook, text.number) for name, text in found.items()} == {
        "one": ("01_first", 1),
        "two": ("02_second", 1),
        "three": ("02_second", 2),
    }


# --- what is drawn


def test_groups_differ_by_marker_and_colour_in_the_drawing(drawn):
    ax = drawn(plots.clusters, X, Y).axes[0]
    paths = {collection.get_paths()[0].vertices.tobytes() for collection in ax.collections}
    colors = {to_hex(collection.get_facecolor()[0]) for collection in ax.collections}
    assert len(ax.collections) == len(paths) == len(colors) == 4
    for c, collection in enumerate(ax.collections):
        np.testing.assert_allclose(collection.get_offsets(), X[c == Y])


def test_centroids_are_numbered_where_they_are_and_nan_is_left_out(drawn):
    ax = drawn(plots.clusters, X, Y, [[np.nan, np.nan], [1.0, 2.0]]).axes[0]
    assert [(text.get_text(), text.get_position()) for text in ax.texts] == [("1", (1.0, 2.0))]


def test_a_fitted_model_stands_for_its_labels_and_centroids(drawn):
    from course_utils.clustering import KMeans

    model = KMeans(3, random_state=0).fit(X)
    ax = drawn(plots.clusters, X, model).axes[0]
    assert sorted(len(c.get_offsets()) for c in ax.collections[:3]) == sorted(np.bincount(model.labels_))
    assert len(ax.texts) == 3


def test_the_same_points_share_their_axes_and_others_do_not(drawn):
    same = drawn(plots.clusterings, {"a": (X, Y), "b": (X,)})
    assert same.axes[0].get_xlim() == same.axes[1].get_xlim()
    other = drawn(plots.clusterings, {"a": (X, Y), "b": (9 * X, Y)})
    assert np.ptp(other.axes[1].get_xlim()) > 3 * np.ptp(other.axes[0].get_xlim())


def test_regions_are_tinted_by_the_nearest_centroid_or_by_a_function(drawn):
    def left_or_right(places):
        return places[:, 0] > 0

    for regions in ([[[-1.0, 0.0], [1.0, 0.0]]], [left_or_right]):
        ax = drawn(plots.clusterings, {"a": (np.array([[-1.0, 0], [1.0, 0]]),)}, regions=regions).axes[0]
        tints = ax.images[0].get_array()
        expected = [0.8 + 0.2 * np.array(to_rgb(color)) for color in plots.COLORS[:2]]
        np.testing.assert_allclose([tints[150, 10], tints[150, -10]], expected)


@pytest.mark.parametrize("panels", [{}, {"a": X}, {"a": (X[:, :1],)}, {"a": (X, Y, None, None)}])
def test_panels_of_another_kind_are_refused(panels):
    with pytest.raises(ValueError, match=r"expected|must be|must have"):
        plots.clusterings(panels)


def test_there_is_one_entry_of_regions_for_each_panel():
    with pytest.raises(ValueError, match="one entry for each of the 2"):
        plots.clusterings({"a": (X,), "b": (X,)}, regions=[MEANS])


def test_silhouettes_are_sorted_within_their_clusters_and_marked_by_their_mean(drawn):
    values, labels = np.array([0.9, 0.1, 0.5, -0.2]), np.array([0, 0, 1, 1])
    ax = drawn(plots.silhouettes, {"k": (values, labels)}).axes[0]
    widest = [collection.get_paths()[0].vertices[:, 0].max() for collection in ax.collections]
    assert widest == [0.9, 0.5]
    assert [text.get_text() for text in ax.texts] == ["0", "1", "mean 0.33"]
    assert ax.lines[0].get_xdata()[0] == pytest.approx(values.mean())


def test_curves_are_named_and_differ_by_more_than_colour(drawn):
    ax = drawn(plots.curves, [1, 2], {"a": [1, 2], "b": [2, 3]}, "k", "WCSS", points={"b": (2, 3)}).axes[0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    a, b = ax.lines[:2]
    assert a.get_linestyle() != b.get_linestyle()
    assert a.get_marker() != b.get_marker()
    assert [line.get_xydata().tolist() for line in ax.lines[2:]] == [[[2, 3]]] * 2
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("k", "WCSS")


def test_whole_numbers_have_no_halves_between_them(drawn):
    fig = drawn(plots.curves, [1, 2, 3], [5.0, 6.0, 7.0])
    fig.draw_without_rendering()
    assert all(tick == int(tick) for tick in fig.axes[0].get_xticks())


def test_curves_may_bring_their_own_axis_and_a_mark_its_words(drawn):
    ax = drawn(plots.curves, None, {"a": ([0, 5], [1, 1])}, mark={"the mean": 2}, limits=((0, 9), None)).axes[0]
    assert ax.lines[0].get_xdata().tolist() == [0, 5]
    assert [text.get_text() for text in ax.texts] == ["the mean"]
    assert ax.get_xlim() == (0, 9)


def test_bars_have_the_length_of_their_values_and_say_them(drawn):
    ax = drawn(plots.bars, {"one": 12.34, "two": 2.0}, "n").axes[0]
    assert [patch.get_width() for patch in ax.patches] == [12.34, 2.0]
    assert [text.get_text() for text in ax.texts] == ["12.3", "2.0"]
    assert ax.yaxis_inverted()


def test_histograms_count_or_share(drawn):
    ax = drawn(plots.histograms, {"a": [0.1, 0.2, 1.5, 1.6]}, [0, 1, 2], share=True, apart=True).axes[0]
    assert [patch.get_height() for patch in ax.patches] == [0.5, 0.5]


def test_a_table_writes_each_number_legibly_and_leaves_zeros_out(drawn):
    ax = drawn(plots.table, [[1, 0], [2, 30]], rows=["a", "b"]).axes[0]
    assert [text.get_text() for text in ax.texts] == ["1", "", "2", "30"]
    assert ax.texts[3].get_color() == "white" != ax.texts[0].get_color()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]


def test_palettes_are_as_wide_as_their_shares(drawn):
    ax = drawn(plots.palettes, {"a": ([[0, 0, 0], [255, 0, 0]], [3, 1])}).axes[0]
    assert [patch.get_width() for patch in ax.patches] == [0.75, 0.25]
    assert [to_hex(patch.get_facecolor()) for patch in ax.patches] == ["#000000", "#ff0000"]


def test_series_are_shaded_where_the_anomalies_are(drawn):
    flags = pd.Series(False, TIMES)
    flags.iloc[[3, 4, 5, 39]] = True
    first, second = drawn(plots.series, {"value": SERIES, "score": SERIES + 1}, anomalies=flags, line=2, log=["score"],
                          units={"value": "bar"}).axes  # fmt: skip
    spans = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in first.patches]
    days = (TIMES - TIMES[0]) / pd.Timedelta(days=1)
    start = first.lines[0].get_xdata()[0]
    start = first.convert_xunits(start)
    least = days[-1] / 250
    single = [days[39] - least / 2, days[39] + least / 2]  # a single point is shaded wide enough to be seen
    np.testing.assert_allclose(np.array(spans) - start, [[days[3], days[5]], single], atol=1e-6)
    assert len(second.patches) == 2
    assert [len(ax.lines) for ax in (first, second)] == [1, 2]
    assert (first.get_ylabel(), second.get_yscale()) == ("bar", "log")


def test_a_long_series_is_thinned_out(drawn):
    long = pd.Series(0.0, pd.date_range("2024-01-01", periods=10_000, freq="min"))
    assert len(drawn(plots.series, {"a": long}, at_most=500).axes[0].lines[0].get_xdata()) <= 500


def test_ten_digits_have_ten_colours(drawn):
    ax = drawn(plots.digit_map, np.random.default_rng(0).uniform(size=(10, 2)), np.arange(10)).axes[0]
    assert len({text.get_color() for text in ax.texts}) == 10
    assert [text.get_text() for text in ax.texts] == list("0123456789")


# --- pictures


def _words(fig):
    return [text.get_text() for text in fig.texts]


def test_rows_and_columns_are_named_in_the_picture(drawn):
    fig = drawn(plots.images, {"clean": [GREY] * 4, "noisy": [GREY] * 4}, columns=[-0.5, 0, "one", 2], n=4)
    assert sorted(_words(fig)) == sorted(["clean", "noisy", "−0.5", "0", "one", "2"])
    assert len(fig.axes) == 8
    clean = next(text for text in fig.texts if text.get_text() == "clean")
    row = [ax.get_position() for ax in fig.axes[:4]]
    assert row[0].y0 < clean.get_position()[1] < row[0].y1
    assert clean.get_position()[0] < row[0].x0
    assert len({round(place.y0, 6) for place in row}) == 1


def test_pictures_keep_their_shape_and_do_not_overlap(drawn):
    fig = drawn(plots.images, {"a": [np.zeros((20, 30))] * 3, "a longer name of a row": [np.zeros((20, 30))] * 3})
    wide, high = fig.get_size_inches()
    places = [ax.get_position() for ax in fig.axes]
    for place in places:
        assert (place.width * wide) / (place.height * high) == pytest.approx(1.5, rel=1e-3)
        assert 0 <= place.x0 < place.x1 <= 1 + 1e-9
        assert -1e-9 <= place.y0 < place.y1 <= 1 + 1e-9
    assert places[0].x1 < places[1].x0
    assert places[3].y1 < places[0].y0


def test_named_pictures_carry_their_names_as_titles(drawn):
    assert _words(drawn(plots.images, {"original": GREY, "copy": GREY})) == ["original", "copy"]


@pytest.mark.parametrize(("count", "rows"), [(1, 1), (10, 1), (16, 2), (20, 2), (24, 3), (12, 2), (36, 4)])
def test_a_sequence_fills_even_rows(drawn, count, rows):
    places = [ax.get_position() for ax in drawn(plots.images, [GREY] * count).axes]
    lines = {round(place.y0, 6) for place in places}
    assert len(lines) == rows
    assert len(places) == count
    assert count % rows == 0


def test_grids_are_as_wide_as_the_text(drawn):
    assert drawn(plots.images, [GREY] * 20).get_figwidth() == pytest.approx(plots.WIDTH)
    assert drawn(plots.images, {"a": [GREY] * 8, "b": [GREY] * 8}).get_figwidth() == pytest.approx(plots.WIDTH)


@pytest.mark.parametrize(
    ("draw", "map_of_greys", "low", "high"),
    [(plots.images, "gray_r", 0, 1), (plots.faces, "gray", 0, 1), (plots.weights, "gray_r", -5, 5)],
)
def test_looks_say_what_is_dark(drawn, draw, map_of_greys, low, high):
    image = drawn(draw, [np.linspace(-5, 5, 64).reshape(8, 8)]).axes[0].images[0]
    assert (image.get_cmap().name, image.norm.vmin, image.norm.vmax) == (map_of_greys, low, high)


def test_integers_are_drawn_to_255_and_yes_or_no_to_1(drawn):
    assert drawn(plots.images, [np.zeros((8, 8), np.uint8)]).axes[0].images[0].norm.vmax == 255
    assert drawn(plots.images, [np.zeros((8, 8), bool)]).axes[0].images[0].norm.vmax == 1


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        (([],), {}, "nothing to draw"),
        (({},), {}, "nothing to draw"),
        (([GREY],), {"look": "pretty"}, "look must be one of 'ink', 'photo', 'weights', got 'pretty'"),
        (([GREY] * 3, ["a"]), {}, "titles must name each of the 3 pictures, got 1"),
        (({"a": [GREY] * 3},), {"columns": ["x"]}, "columns must name each of the 3 columns, got 1"),
    ],
)
def test_pictures_that_cannot_be_drawn_are_refused(arguments, options, words):
    with pytest.raises(ValueError, match=words):
        plots.images(*arguments, **options)


# --- schemata


def test_an_unknown_diagram_is_refused():
    with pytest.raises(ValueError, match=r"no diagram 'vea': expected one of .*'vae-schema'"):
        plots.schema("vea")


@pytest.mark.parametrize("name", SCHEMATA)
def test_no_words_of_a_diagram_leave_it_or_overlap(drawn, name):
    fig = drawn(plots.schema, name)
    fig.draw_without_rendering()
    boxes = [(text.get_text(), text.get_window_extent()) for text in fig.axes[0].texts]
    width, height = fig.get_size_inches() * fig.dpi
    for words, box in boxes:
        assert box.x0 >= 0, words
        assert box.x1 <= width, words
        assert box.y0 >= 0, words
        assert box.y1 <= height, words
    for i, (words, box) in enumerate(boxes):
        for others, other in boxes[:i]:
            assert not box.overlaps(other), (words, others)


# --- the palette


def test_there_is_a_marker_for_each_colour():
    assert len(set(plots.MARKERS)) == len(plots.COLORS) == len(set(plots.COLORS)) == 10


def test_neighbouring_colours_differ_for_colour_blind_readers():
    """Any two of the first six differ in lightness, or in blue against yellow, which most colour-blind people see."""
    from skimage.color import rgb2lab

    lab = rgb2lab(np.array([[to_rgb(color) for color in plots.COLORS[:6]]]))[0]
    for i in range(6):
        for j in range(i):
            lightness, _, blue_yellow = np.abs(lab[i] - lab[j])
            assert lightness > 8 or blue_yellow > 20, (plots.COLORS[i], plots.COLORS[j])


def test_all_ten_colours_are_told_apart_and_those_of_digits_are_legible():
    from skimage.color import deltaE_ciede2000, rgb2lab

    lab = rgb2lab(np.array([[to_rgb(color) for color in plots.DIGIT_COLORS]]))[0]
    for i in range(10):
        assert lab[i, 0] < 66, plots.DIGIT_COLORS[i]
        for j in range(i):
            assert deltaE_ciede2000(lab[i], lab[j]) > 14, (plots.DIGIT_COLORS[i], plots.DIGIT_COLORS[j])


def test_numbers_have_a_true_minus_sign():
    assert [plots.minus(x) for x in (-0.5, 0.0, -0.0, 2, 1234)] == ["−0.5", "0", "0", "2", "1.23e+03"]
    assert not re.search("-", plots.minus(-3))
