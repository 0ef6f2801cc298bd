"""Notebooks in a real JupyterLab, in a real browser: figures have their words, bookkeeping is folded."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from course_utils.figure_texts import read_texts
from course_utils.teaching.notebooks import ASSERTION_TAG, FOLDED_TAG, SETUP_TAG, code_cells, has_tag, read_notebook

ROOT = Path(__file__).parents[2]
NAMES = [path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}

every_notebook = pytest.mark.parametrize("name", NAMES)

_ADDRESS = re.compile(r"(http://(?:localhost|127\.0\.0\.1):\d+)/lab")
# All cells at once, instead of those in view alone.
_WHOLE = {"windowingMode": "none"}
_ALL_FIGURES = """() => [...document.querySelectorAll(".jp-OutputArea-output img")].map(picture => ({
    alt: picture.getAttribute("alt"), loaded: picture.complete && picture.naturalWidth > 0, wide: picture.width,
    right: picture.getBoundingClientRect().right, room: picture.closest(".jp-OutputArea").getBoundingClientRect().right,
    caption: picture.closest("figure")?.querySelector("figcaption")?.textContent ?? "" }))"""
_FOLDED = """() => [...document.querySelectorAll(".jp-CodeCell")].map(
    cell => cell.querySelector(".jp-InputArea-editor") === null
        || cell.querySelector(".jp-Cell-inputArea").offsetParent === null
        || cell.querySelector(".jp-InputPlaceholder, .jp-Placeholder") !== null)"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Address of a JupyterLab that shows copies of the notebooks, with settings of its own."""
    folder = tmp_path_factory.mktemp("lab")
    for name in NAMES:
        shutil.copy(ROOT / "notebooks" / f"{name}.ipynb", folder)
    settings = tmp_path_factory.mktemp("settings")
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(tmp_path_factory.mktemp("config")),
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(tmp_path_factory.mktemp("workspaces")),
    }
    _write_setting(settings, "notebook-extension/tracker", _WHOLE)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0", "--port-retries=0"]
    command += ["--IdentityProvider.token=", f"--ServerApp.root_dir={folder}", "--LabApp.news_url="]
    command += ["--ServerApp.disable_check_xsrf=True"]  # so that the test can end sessions
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        found = (_ADDRESS.search(line) for line in server.stderr)
        address = next(match[1] for match in found if match)
        threading.Thread(target=server.stderr.read, daemon=True).start()
        yield address, settings
    finally:
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:  # it waits for kernels
            server.kill()
            server.wait()


def _write_setting(settings: Path, plugin: str, values: dict) -> None:
    path = settings / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values))


@pytest.fixture
def opened(lab, browser):
    """Open a notebook as on a laptop of 1366 x 768 pixels."""
    address, settings = lab
    pages = []

    def open_notebook(name, theme="light"):
        _write_setting(settings, "apputils-extension/themes", {"theme": THEMES[theme]})
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.set_default_timeout(90_000)
        pages.append(page)
        page.goto(f"{address}/lab/tree/{name}.ipynb?reset")
        page.wait_for_selector(".jp-Notebook .jp-Cell")
        cells = len(read_notebook(ROOT / "notebooks" / f"{name}.ipynb").cells)
        page.wait_for_function(f"document.querySelectorAll('.jp-Notebook .jp-Cell').length == {cells}")
        figures = sum(text.notebook == name for text in read_texts().values())
        pictures = "[...document.querySelectorAll('.jp-OutputArea-output img')]"
        page.wait_for_function(f"{pictures}.filter(p => p.complete && p.naturalWidth).length == {figures}")
        return page

    yield open_notebook
    for page in pages:  # and the kernels that JupyterLab started for them
        for session in page.request.get(f"{address}/api/sessions").json():
            page.request.delete(f"{address}/api/sessions/{session['id']}")
        page.close()


@every_notebook
def test_every_figure_has_its_words_and_room(opened, name):
    texts = [text for text in read_texts().values() if text.notebook == name]
    page = opened(name)
    for figure, text in zip(page.evaluate(_ALL_FIGURES), texts, strict=True):
        assert figure["alt"] == text.alt
        assert figure["caption"] == f"Figure {text.number}. {text.caption}"
        assert figure["loaded"]
        assert figure["right"] <= figure["room"] + 1, text.name


@every_notebook
def test_no_image_is_without_words_for_screen_readers(opened, name):
    from axe_playwright_python.sync_playwright import Axe

    page = opened(name)
    rules = {"runOnly": ["image-alt", "role-img-alt", "svg-img-alt", "input-image-alt"]}
    found = Axe().run(page, context=".jp-NotebookPanel", options=rules)
    assert found.response["violations"] == []
    checked = {rule["id"]: len(rule["nodes"]) for rule in found.response["passes"]}
    assert checked["image-alt"] >= sum(text.notebook == name for text in read_texts().values())


def test_bookkeeping_is_collapsed(opened):
    name = NAMES[1]
    cells = code_cells(read_notebook(ROOT / "notebooks" / f"{name}.ipynb"))
    folded = [any(has_tag(cell, tag) for tag in (SETUP_TAG, FOLDED_TAG, ASSERTION_TAG)) for cell in cells]
    assert any(folded)
    assert opened(name).evaluate(_FOLDED) == folded


def test_figures_are_light_on_a_dark_page(opened):
    """The axes' text is dark, so the picture must bring its own background."""
    page = opened(NAMES[1], theme="dark")
    page.wait_for_function("document.body.dataset.jpThemeLight == 'false'")
    figure = page.locator(".jp-OutputArea-output figure").first
    figure.scroll_into_view_if_needed()
    corner = page.evaluate(
        """() => { const picture = document.querySelector(".jp-OutputArea-output figure img");
        const canvas = document.createElement("canvas").getContext("2d");
        canvas.drawImage(picture, 0, 0); return [...canvas.getImageData(1, 1, 1, 1).data]; }"""
    )
    assert corner == [255, 255, 255, 255]
    caption = page.evaluate(
        """() => { const caption = document.querySelector(".jp-OutputArea-output figcaption");
        return getComputedStyle(caption).color; }"""
    )
    assert min(int(value) for value in re.findall(r"\d+", caption)[:3]) > 150
