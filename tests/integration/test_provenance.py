"""What a run leaves says where it comes from, is another run's input, and comes back as one zip, however large."""

from __future__ import annotations

import hashlib
import json
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from ..support.notebooks import notebook
from ..support.people import Person, join, leave
from ..support.platform import Platform, docker
from ..support.runs import Refused

pytestmark = pytest.mark.platform

PYTHON = {"environment": "python-data:2026.12.1", "size": "small"}
MEGABYTES = 300
MORE_BYTES = 60 * 10**6  # what the api may hold more while it sends all of that
LOGIN = "canary-remote-4f1d"
TABLE = "region,gifts\nnorth,3\n"
MAKE = f"""
import os, pathlib
out = pathlib.Path(os.environ["NIGHTDESK_OUTPUT_DIR"])
(out / "table.csv").write_text({TABLE!r})
with (out / "large.bin").open("wb") as file:
    for number in range({MEGABYTES}):
        file.write(bytes([number % 251]) * 10**6)
"""
HOLD_BYTES = 150 * 2**20
USE = f"""
import pathlib, nightdesk
taken = pathlib.Path("gifts.csv").read_text()
try:
    pathlib.Path("gifts.csv").write_text("changed")
except OSError as error:
    print("refused:", error.strerror)
print("same:", nightdesk.load_output("RUN", "table.csv").read_text() == taken, pathlib.Path("note.txt").read_text())
nightdesk.connect("prov-crm")
held = bytearray({HOLD_BYTES})
"""
# Of the service's processes: pages of files, which the kernel gives back at any time, are not in it.
HELD = """
import pathlib
found = 0
for status in pathlib.Path("/proc").glob("[0-9]*/status"):
    try:
        lines = status.read_text().splitlines()
    except OSError:
        continue
    found += sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))
print(found * 1024)
"""


@pytest.fixture(scope="module")
def nora(platform: Platform, admin: Person) -> Iterator[Person]:
    """May use one connection."""
    nora = join(platform, "nora")
    made = {"kind": "http", "settings": {"url": "https://x.example"}, "secrets": {"token": "canary-crm-81"}}
    admin.runs.ask("POST", "/connections", json={"name": "prov-crm", **made})
    admin.runs.ask("POST", "/connections/prov-crm/grants", json={"kind": "person", "name": nora.name})
    yield nora
    leave(platform, nora.name)
    admin.runs.call("DELETE", "/connections/prov-crm")


@pytest.fixture(scope="module")
def made(nora: Person) -> dict[str, Any]:
    """A run that left a table and something large."""
    run = nora.runs.submit(MAKE.encode(), "make.py", size="small")
    ended: dict[str, Any] = nora.runs.end(run["id"], 120)
    assert ended["status"] == "succeeded", ended
    return ended


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def checkout(tmp_path: Path, made: dict[str, Any]) -> Path:
    """A clone, as git makes it, of something that one signs in to; with a change in no commit."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "report.ipynb").write_bytes(notebook(USE.replace("RUN", made["id"])))
    (folder / "note.txt").write_text("along")
    me = ("-c", "user.name=nora", "-c", "user.email=nora@example.org")
    for command in (
        ("init", "-q", "-b", "quarter"),
        ("remote", "add", "origin", f"https://nora:{LOGIN}@git.example.org/team/models.git"),
        ("add", "."),
        (*me, "commit", "-q", "-m", "As it was"),
    ):
        subprocess.run(["git", "-C", folder, *command], check=True)
    (folder / "note.txt").write_text("changed")
    return folder


def test_a_result_says_where_it_comes_from(nora: Person, made: dict[str, Any], checkout: Path) -> None:
    options = ["--files", ".", "--input", f"gifts.csv={made['id']}/table.csv", "--env", PYTHON["environment"]]
    done = nora.command("submit", "report.ipynb", *options, "--size", "small", "--json", cwd=checkout)
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)["id"]
    ended = nora.runs.end(run, 120)
    log = nora.runs.log(run)
    assert ended["status"] == "succeeded", log
    assert "refused: Permission denied" in log
    assert "same: True changed" in log

    commit = subprocess.check_output(["git", "-C", checkout, "rev-parse", "HEAD"], text=True).strip()
    remote = "https://git.example.org/team/models.git"
    git = {"commit": commit, "branch": "quarter", "dirty": True, "remote": remote}
    table = {"name": "gifts.csv", "run": made["id"], "attempt": 1, "output": "table.csv"}
    table |= {"size": len(TABLE), "sha256": sha256(TABLE.encode())}
    manifest = json.loads(nora.runs.output(run, "manifest.json"))
    assert (manifest["git"], manifest["inputs"]) == (git, [table])
    assert (ended["git"], ended["inputs"]) == (git, [table])
    notes = {each["name"]: each["sha256"] for each in manifest["input"]["files"]}
    assert notes["note.txt"] == sha256(b"changed")
    assert manifest["connections"] == ["prov-crm"]
    assert HOLD_BYTES < manifest["peak_memory_bytes"] < 2**30
    assert manifest["environment"]["digest"].startswith("sha256:")
    assert "pandas" in manifest["packages"]
    left = {each["name"]: each["sha256"] for each in manifest["outputs"]}
    assert left["notebook.ipynb"] == sha256(nora.runs.output(run, "notebook.ipynb"))

    shown = nora.command("show", run).stdout
    assert f"{commit[:12]} on quarter, with changes; {remote}" in shown
    assert f"gifts.csv = {made['id']}/table.csv" in shown
    assert LOGIN not in json.dumps([manifest, ended]) + shown + log
    look = f"grep -rl {LOGIN} /data /store /scratch || true"
    assert docker("exec", nora.platform.service("worker"), "sh", "-c", look) == "", (
        "the login was taken along"
    )


def test_what_somebody_else_left_is_no_input(ada: Person, made: dict[str, Any]) -> None:
    """Nor is a run that is none told apart from it."""
    words = []
    for run in (made["id"], "abcdefghijkm"):
        wanted = [{"name": "gifts.csv", "run": run, "output": "table.csv"}]
        with pytest.raises(Refused) as caught:
            ada.runs.submit(notebook("1"), inputs=wanted)
        words.append((caught.value.status, str(caught.value).replace(run, "ID")))
    assert words[0] == words[1]
    assert words[0][0] == 404


def test_a_zip_of_much_is_sent_as_it_is_read(
    platform: Platform, nora: Person, made: dict[str, Any], tmp_path: Path
) -> None:
    def held() -> int:
        return int(docker("exec", platform.service("api"), "python", "-c", HELD))

    address = f"{platform.url}/api/v1/runs/{made['id']}/outputs.zip"
    before, most = held(), 0
    with (
        requests.get(
            address, headers={"Authorization": f"Bearer {nora.token}"}, stream=True, timeout=60
        ) as answer,
        (tmp_path / "all.zip").open("wb") as file,
    ):
        assert answer.status_code == 200
        for number, piece in enumerate(answer.iter_content(10**6)):
            file.write(piece)
            if number % 50 == 25:
                most = max(most, held())
    assert (tmp_path / "all.zip").stat().st_size == int(answer.headers["Content-Length"])
    assert most - before < MORE_BYTES, f"the api held {before / 1e6:.0f} MB before, {most / 1e6:.0f} at most"
    with zipfile.ZipFile(tmp_path / "all.zip") as whole:
        assert whole.getinfo("large.bin").file_size == MEGABYTES * 10**6
        with whole.open("large.bin") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        assert {each["name"] for each in made["outputs"]} == set(whole.namelist())
    assert digest in {each["sha256"] for each in made["outputs"]}
