"""The cache, against a real web server on this machine: whole files, or a clear error."""

from __future__ import annotations

import errno
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from course_utils.data import DataUnavailable, cache, cache_folder, catalog, offline
from course_utils.data.cache import dataset_state, file_state, local_files
from course_utils.data.catalog import DataFile, Dataset, find_dataset, read_catalog

CONTENT = bytes(range(256)) * 40
SHARED = Path(__file__).parents[3] / "shared" / "data"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path == "/missing":
            self.send_error(404)
            return
        body = {"/good": CONTENT, "/altered": b"?" + CONTENT[1:], "/truncated": CONTENT[:100]}[self.path]
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.asked = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def dataset(server, monkeypatch, tmp_path):
    """A dataset whose mirrors are paths on the server: dataset("/missing", "/good")."""
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "cache"))
    monkeypatch.delenv("COURSE_OFFLINE")

    def make(*paths, fetcher=""):
        urls = tuple(f"http://127.0.0.1:{server.server_port}{path}" for path in paths)
        file = DataFile("toy/data.bin", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), urls, fetcher)
        toy = Dataset("toy", "Toy", "", "", "", "", (file,))
        monkeypatch.setattr(cache, "find_dataset", {"toy": toy}.__getitem__)
        return toy

    return make


def _leftovers(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_file_is_downloaded_once_and_checked(dataset, server):
    toy = dataset("/good")
    assert dataset_state(toy) == "missing"
    (path,) = local_files("toy")
    assert path.read_bytes() == CONTENT
    assert dataset_state(toy) == "complete"
    local_files("toy")
    assert server.asked == ["/good"]
    assert _leftovers(cache_folder()) == ["data.bin"]


def test_mirrors_are_tried_in_order(dataset, server):
    dataset("/missing", "/truncated", "/altered", "/good")
    assert local_files("toy")[0].read_bytes() == CONTENT
    assert server.asked == ["/missing", "/truncated", "/altered", "/good"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/missing", "the server answered 404"),
        ("/altered", "not the file expected \\(another sha256\\)"),
        ("/truncated", "broke off|not the file expected|IncompleteRead"),
    ],
)
def test_what_arrives_broken_is_never_kept(dataset, path, words):
    dataset(path)
    with pytest.raises(DataUnavailable, match=words) as caught:
        local_files("toy")
    assert "What to do" in str(caught.value)
    assert path in str(caught.value)
    assert _leftovers(cache_folder()) == []


def test_no_connection(dataset, monkeypatch):
    toy = dataset("/good")
    unreachable = DataFile(**{**vars(toy.files[0]), "urls": ("http://127.0.0.1:9/good",)})
    monkeypatch.setattr(cache, "find_dataset", lambda name: Dataset("toy", "Toy", "", "", "", "", (unreachable,)))
    with pytest.raises(DataUnavailable, match="no connection"):
        local_files("toy")


def test_an_altered_byte_in_the_cache_is_noticed_and_mended(dataset):
    toy = dataset("/good")
    (path,) = local_files("toy")
    path.write_bytes(b"!" + CONTENT[1:])
    assert dataset_state(toy) == "damaged"
    assert local_files("toy")[0].read_bytes() == CONTENT


def test_an_altered_byte_offline_is_an_error_with_both_checksums_and_the_file_stays(dataset, monkeypatch, server):
    dataset("/good")
    (path,) = local_files("toy")
    path.write_bytes(b"!" + CONTENT[1:])
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    with pytest.raises(DataUnavailable) as caught:
        local_files("toy")
    message = str(caught.value)
    assert f"expected sha256 {hashlib.sha256(CONTENT).hexdigest()}" in message
    assert hashlib.sha256(b"!" + CONTENT[1:]).hexdigest() in message
    assert "COURSE_OFFLINE forbids connections" in message
    assert path.exists()
    assert server.asked == ["/good"]


def test_a_damaged_file_survives_a_failed_repair(dataset, monkeypatch):
    dataset("/missing")
    path = cache_folder() / "toy" / "data.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half a file")
    with pytest.raises(DataUnavailable, match="damaged"):
        local_files("toy")
    assert path.read_bytes() == b"half a file"


def test_offline_connects_to_nobody(dataset, server, monkeypatch):
    dataset("/good")
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    with pytest.raises(DataUnavailable, match="COURSE_OFFLINE"):
        local_files("toy")
    assert server.asked == []
    assert not cache_folder().exists()


@pytest.mark.parametrize(("value", "wanted"), [("1", True), ("yes", True), ("", False), ("0", False), ("False", False)])
def test_the_values_of_course_offline(monkeypatch, value, wanted):
    monkeypatch.setenv("COURSE_OFFLINE", value)
    assert offline() is wanted


def test_a_cache_that_cannot_be_a_folder(dataset, monkeypatch, tmp_path):
    dataset("/good")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "file" / "below"))
    with pytest.raises(DataUnavailable, match="writing to"):
        local_files("toy")


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "the disk is full"), (errno.EACCES, "no permission to write"), (errno.EROFS, "read-only")],
)
def test_a_full_disk_and_a_folder_that_cannot_be_written(dataset, monkeypatch, number, words):
    dataset("/good")
    import pooch

    class Failing(pooch.HTTPDownloader):
        def __call__(self, url, output_file, pooch, check_only=False):
            Path(output_file).write_bytes(CONTENT[:10])
            raise OSError(number, "the system says so")

    monkeypatch.setattr(pooch, "HTTPDownloader", Failing)
    with pytest.raises(DataUnavailable, match=words):
        local_files("toy")
    assert _leftovers(cache_folder()) == []


def test_a_library_s_own_download_is_remembered_by_its_checksum(dataset, monkeypatch):
    """scikit-learn checks what it downloads and writes another file: that file is then guarded by its own checksum."""
    import sys
    from types import SimpleNamespace

    def fetch(data_home):
        Path(data_home, "data.bin").write_bytes(b"written by another version of the library")

    monkeypatch.setitem(sys.modules, "toy_library", SimpleNamespace(fetch=fetch))
    toy = dataset("/good", fetcher="toy_library:fetch")
    (path,) = local_files("toy")
    assert dataset_state(toy) == "complete"
    path.write_bytes(b"altered")
    assert dataset_state(toy) == "damaged"


def test_a_library_never_opens_a_damaged_file_and_a_failure_gives_it_back(dataset, monkeypatch):
    import sys
    from types import SimpleNamespace

    seen = []

    def fetch(data_home):
        seen.append(Path(data_home, "data.bin").exists())
        raise EOFError("the download broke off")

    monkeypatch.setitem(sys.modules, "toy_library", SimpleNamespace(fetch=fetch))
    toy = dataset("/good", fetcher="toy_library:fetch")
    path = cache_folder() / "toy" / "data.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"planted")
    with pytest.raises(DataUnavailable, match="the download broke off"):
        local_files("toy")
    assert seen == [False]
    assert path.read_bytes() == b"planted"
    assert dataset_state(toy) == "damaged"


def test_an_unknown_dataset_is_named():
    with pytest.raises(ValueError, match="unknown dataset 'imagenet': expected one of digits"):
        local_files("imagenet")


def test_the_cache_folder_is_chosen_in_order(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert cache_folder() == tmp_path.resolve()
    monkeypatch.delenv("COURSE_DATA")
    assert cache_folder() == Path(__file__).parents[2] / "data" / "cache"
    monkeypatch.setattr(cache, "data_files", lambda: tmp_path / "files")  # an installed package
    assert cache_folder().name == "course_utils"


def test_the_catalog_is_complete_and_well_formed():
    datasets = read_catalog()
    for dataset in datasets.values():
        assert dataset.title
        assert dataset.licence
        assert dataset.citation
        assert dataset.homepage.startswith("https://")
        for file in dataset.files:
            assert len(file.sha256) == 64
            assert file.bytes > 0
            assert file.urls
            assert all(url.startswith("https://") for url in file.urls)
    assert {"digits", "points", "photos"} <= {name for name, d in datasets.items() if d.built_in}
    assert len(find_dataset("mnist").files[0].urls) == 2


def test_every_dataset_has_its_data_sheet():
    sheets = (catalog.data_files() / "README.md").read_text()
    for name in read_catalog():
        assert f"`{name}`" in sheets


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the real data that lies beside the project on its build machine")
def test_every_real_file_is_registered_and_whole(monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(SHARED))
    there = {str(p.relative_to(SHARED)) for p in SHARED.rglob("*") if p.is_file() and p.name != "README.md"}
    registered = {file.name: file for dataset in read_catalog().values() for file in dataset.files}
    assert there <= set(registered)
    for name in there:
        assert file_state(registered[name]) == "complete"
        assert (SHARED / name).stat().st_size == registered[name].bytes
