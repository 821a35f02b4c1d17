"""Names of any kind: what leads out is refused, everything else is kept as it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from ..support.notebooks import notebook
from ..support.people import Person
from .conftest import Ended
from .hostile import NAMES

pytestmark = pytest.mark.platform
Say = Callable[[object], None]
ONE = notebook("1 + 1")
FILE_NAMES = [
    "emoji \U0001f600.ipynb", "e\u0301.ipynb", "x" * 249 + ".ipynb", "new\nline.ipynb", "\u202egnp.ipynb", "'\"<b>&.py",
    " .R.py", "{run.id}{x}.ipynb", "$(id).ipynb", "%(x)s%s.ipynb", "~root.py", "-rf.ipynb",
]  # fmt: skip


@pytest.mark.case(9)
@pytest.mark.parametrize(
    "name",
    [
        "../one.ipynb",
        "{x}/{run.id}.ipynb",
        "/etc/one.ipynb",
        "a/../one.ipynb",
        "..",
        ".",
        "",
        "one.exe",
        "x\\y.ipynb",
        "x\x00.ipynb",
    ],
)
def test_a_file_name_that_leads_elsewhere_is_refused(
    refused: Callable[..., str], got: Say, name: str
) -> None:
    got(refused(ONE, name))


@pytest.mark.case(9)
@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e/input/source",
        "/etc/passwd",
        "{run}/../x",
        "../outputs-of-others",
    ],
)
def test_an_output_is_only_ever_one_of_the_run(ended: Ended, name: str) -> None:
    run = ended["expected"]
    answer = ended.runs.call("GET", f"/runs/{run['id']}/outputs/{name}")
    assert answer.status_code == 404
    assert "root:" not in answer.text


@pytest.mark.case(18)
def test_files_of_any_name_are_kept_and_fetched(ended: Ended, got: Say) -> None:
    run = ended.succeeded("names")
    outputs = {output["name"]: output for output in run["outputs"]}
    assert set(NAMES) <= set(outputs)
    for name in NAMES:
        content = ended.output("names", quote(name, safe="/"))
        assert content == b"content of " + name.encode()
        assert outputs[name]["sha256"] == hashlib.sha256(content).hexdigest()
    log = ended.log("names")
    assert "left out: no text \\xff: a name that is no UTF-8 is not kept" in log
    assert "what is this deep is not kept" in log
    got(
        f"{len(NAMES)} odd names kept and downloaded as they are; not UTF-8, over 1,000 bytes: left out and listed"
    )


@pytest.mark.case(18)
def test_the_command_downloads_them_all(ended: Ended, eve: Person, tmp_path: Path) -> None:
    run = ended.succeeded("names")
    done = eve.command("download", run["id"], str(tmp_path / "here"), "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for name in NAMES:
        assert (tmp_path / "here" / name).read_bytes() == b"content of " + name.encode()


@pytest.mark.case(9, 18)
def test_a_notebook_of_any_name_runs(eve: Person) -> None:
    runs = [
        eve.runs.submit(ONE if name.endswith("ipynb") else b"print(1)", name)["id"] for name in FILE_NAMES
    ]
    for run, name in zip(map(eve.runs.end, runs), FILE_NAMES, strict=True):
        assert (run["status"], run["file"]) == ("succeeded", name), run
        assert len(run["name"].splitlines()) == 1, "what stands in lists is one line"


@pytest.mark.case(18)
@pytest.mark.parametrize("name", ["x" * 250 + ".ipynb", "😀" * 63 + ".ipynb"])
def test_a_name_that_no_disk_takes_is_refused(refused: Callable[..., str], name: str) -> None:
    assert "longer than 255 bytes" in refused(ONE, name)


@pytest.mark.case(18, 19)
def test_names_of_what_is_taken_along_survive(eve: Person, tmp_path: Path) -> None:
    folder = tmp_path / "along"
    names = [name for name in NAMES if name != "\r"]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "show.py").write_text(
        "import json, pathlib\n"
        "found = {str(path): path.read_text() for path in pathlib.Path('.').rglob('*') if path.is_file()}\n"
        "print('GOT' + json.dumps(found))\n"
    )
    arguments = ["submit", "show.py", "--files", ".", "--size", "tiny", "--watch", "--json"]
    done = eve.command(*arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    found = json.loads(eve.runs.log(json.loads(done.stdout)["id"]).split("GOT", 1)[1])
    assert {name: found.get(name) for name in names} == {name: name for name in names}


@pytest.mark.case(19)
def test_names_that_differ_in_case_are_two_files(ended: Ended, got: Say) -> None:
    ended.succeeded("names")
    assert ended.output("names", "A.txt") == b"content of A.txt"
    assert ended.output("names", "a.txt") == b"content of a.txt"
    got("both kept, each with its own content")
