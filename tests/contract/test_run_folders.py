"""What every RunFolders does."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest
from nightdesk.server.ports.files import FolderUse

from .folder_hands import PLENTY, RUN, InMemory, OnDisk, archive, needs_root, notebook, prepare, results
from .runs import a_run


@pytest.fixture(params=[pytest.param("disk", marks=needs_root), "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> OnDisk | InMemory:
    return OnDisk(tmp_path / "scratch") if request.param == "disk" else InMemory()


def test_what_is_laid_out(place: OnDisk | InMemory) -> None:
    prepare(place.folders, files=archive(data__a=b"1", b=b"2"), source=b"the notebook")
    assert place.work() == {"analysis.ipynb": b"the notebook", "data/a": b"1", "b": b"2"}
    assert place.folders.attempts() == [(RUN.id, 1)]
    assert results(place.folders) == {}
    assert notebook(place.folders) is None
    assert place.folders.skipped(RUN) == []


def test_the_file_itself_comes_before_one_of_its_name_taken_along(place: OnDisk | InMemory) -> None:
    files = io.BytesIO()
    with tarfile.open(fileobj=files, mode="w:gz") as tar:
        entry = tarfile.TarInfo("analysis.ipynb")
        entry.size = 3
        tar.addfile(entry, io.BytesIO(b"old"))
    files.seek(0)
    prepare(place.folders, files=files, source=b"new")
    assert place.work() == {"analysis.ipynb": b"new"}


def test_again_and_again_gives_the_same(place: OnDisk | InMemory) -> None:
    for _ in range(3):
        prepare(place.folders, files=archive(a=b"1"), source=b"x")
    assert place.work() == {"analysis.ipynb": b"x", "a": b"1"}


def test_what_code_leaves(place: OnDisk | InMemory) -> None:
    prepare(place.folders)
    left = {"b.csv": b"b", "a/deep/er.txt": b"a", "ünï 😀": b"u", "new\nline": b"n", "A": b"1", "B.csv": b"2"}
    for name, content in left.items():
        place.leave("out", name, content)
    place.leave("result", "notebook.ipynb", b"executed")
    place.leave("result", "result.json", b"{}")
    assert results(place.folders) == left
    assert notebook(place.folders) == b"executed"


def test_a_notebook_among_the_outputs_is_not_the_runner_s(place: OnDisk | InMemory) -> None:
    prepare(place.folders)
    place.leave("out", "notebook.ipynb", b"forged")
    assert notebook(place.folders) is None
    assert results(place.folders) == {"notebook.ipynb": b"forged"}


def test_a_notebook_that_is_being_executed(place: OnDisk | InMemory) -> None:
    assert place.folders.notebook_so_far(RUN) is None, "there is no folder yet"
    prepare(place.folders)
    assert place.folders.notebook_so_far(RUN) is None
    versions = set()
    for content in (b"{}", b"{ }"):
        place.leave("result", "notebook.ipynb", content)
        found = place.folders.notebook_so_far(RUN)
        assert found is not None
        with found.file:
            assert (found.file.read(), found.size) == (content, len(content))
        versions.add(found.version)
    assert len(versions) == 2, "it is seen that it was saved anew"


def test_too_many_files(place: OnDisk | InMemory) -> None:
    prepare(place.folders)
    for number in range(13):
        place.leave("out", f"{number:02}", b"")
    assert len(results(place.folders)) == 10
    assert place.folders.skipped(RUN) == ["3 files over the limit of 10 for a run"]


def test_attempts_have_folders_of_their_own(place: OnDisk | InMemory) -> None:
    second = a_run(attempt=2)
    prepare(place.folders)
    prepare(place.folders, second)
    place.leave("out", "x", b"1")
    place.leave("out", "x", b"2", second)
    assert sorted(place.folders.attempts()) == [(RUN.id, 1), (RUN.id, 2)]
    assert (results(place.folders), results(place.folders, second)) == ({"x": b"1"}, {"x": b"2"})
    place.folders.remove(RUN.id, 1)
    assert place.folders.attempts() == [(RUN.id, 2)]
    assert results(place.folders, second) == {"x": b"2"}
    place.folders.remove(RUN.id, 2)
    place.folders.remove(RUN.id, 2)
    assert place.folders.attempts() == []


def test_what_a_folder_takes(place: OnDisk | InMemory) -> None:
    prepare(place.folders)
    before = place.folders.used(RUN, PLENTY)
    place.leave("out", "a", b"x" * 1_000_000)
    place.leave("out", "deep/b", b"x" * 1_000_000)
    place.leave("result", "notebook.ipynb", b"x" * 1_000_000)
    after = place.folders.used(RUN, PLENTY)
    assert 3_000_000 <= after.bytes - before.bytes < 3_100_000
    assert 3 <= after.files - before.files <= 4, "folders count as well"


def test_counting_stops_once_it_is_enough(place: OnDisk | InMemory) -> None:
    prepare(place.folders)
    for number in range(100):
        place.leave("out", f"{number}", b"x" * 100_000)
    assert place.folders.used(RUN, FolderUse(2**40, 10)).files == 11
    assert 1_000_000 < place.folders.used(RUN, FolderUse(1_000_000, 1000)).bytes < 2_000_000


def test_a_folder_that_is_not_there(place: OnDisk | InMemory) -> None:
    assert results(place.folders) == {}
    assert place.folders.used(RUN, PLENTY) == FolderUse(0, 0)
    assert notebook(place.folders) is None
    assert place.folders.skipped(RUN) == []
    place.folders.remove(RUN.id, 1)


def test_an_input_lies_beside_the_file(place: Any) -> None:
    place.folders.prepare(RUN, {}, io.BytesIO(b"{}"), None)
    content = os.urandom(3 * 2**20)
    for _ in range(2):  # again and again gives the same
        assert (
            place.folders.add_input(RUN, "data.bin", io.BytesIO(content))
            == hashlib.sha256(content).hexdigest()
        )
    assert place.work()["data.bin"] == content


def test_what_was_taken_along_is_known_as_it_was_then(place: Any) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in (("data/a.csv", b"1,2"), ("b.py", b"")):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    assert place.folders.taken_along(RUN) == []
    for _ in range(2):  # the first time a worker died before the run began
        packed.seek(0)
        place.folders.prepare(RUN, {}, io.BytesIO(b"{}"), packed)
    found = {each.name: (each.size, each.sha256) for each in place.folders.taken_along(RUN)}
    assert found == {
        "data/a.csv": (3, hashlib.sha256(b"1,2").hexdigest()),
        "b.py": (0, hashlib.sha256(b"").hexdigest()),
    }
