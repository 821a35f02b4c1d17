"""A whole platform whose outputs are in a bucket: from the submit with files to the download."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from nightdesk.server.adapters.bucket import Bucket
from nightdesk.server.adapters.folder_store import store_at

from ..support.bucket_platform import PREFIX, a_bucket, begun, kept_in
from ..support.notebooks import notebook
from ..support.object_store import ObjectStore
from ..support.people import Person, join
from ..support.platform import Platform, alone, docker

pytestmark = [pytest.mark.platform, pytest.mark.timeout(900, func_only=True)]
MEGABYTES = 40
CODE = f"""
import os, pathlib
out = pathlib.Path(os.environ["NIGHTDESK_OUTPUT_DIR"])
data = pathlib.Path("data.bin").read_bytes()
(out / "again.bin").write_bytes(data)
(out / "plots").mkdir()
(out / "plots" / "a [1] 100%.txt").write_text("odd name")
with open(out / "large.bin", "wb") as file:
    for number in range({MEGABYTES}):
        file.write(bytes([number]) * 2**20)
print("all written")
"""


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectStore]:
    with a_bucket() as server:
        yield server


@pytest.fixture(scope="module")
def platform(server: ObjectStore) -> Iterator[Platform]:
    """A platform that keeps its outputs there."""
    with alone(**kept_in(server)) as started:
        yield started


@pytest.fixture(scope="module")
def ada(platform: Platform) -> Person:
    return join(platform, "ada")


@pytest.fixture(scope="module")
def along(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More than stands in the database."""
    folder = tmp_path_factory.mktemp("along")
    (folder / "data.bin").write_bytes(os.urandom(2**20))
    (folder / "report.ipynb").write_bytes(notebook(CODE))
    return folder


@pytest.fixture(scope="module")
def ended(ada: Person, along: Path) -> dict[str, Any]:
    """A run that went through it."""
    done = ada.command("submit", "report.ipynb", "--files", ".", "--watch", "--json", cwd=along, seconds=180)
    assert done.returncode == 0, done.stderr
    return dict(ada.runs.end(ada.runs.ask("GET", "/runs")["runs"][0]["id"]))


def test_what_a_run_leaves_is_in_the_bucket_and_comes_back(
    server: ObjectStore, ada: Person, along: Path, ended: dict[str, Any], tmp_path: Path
) -> None:
    assert ended["status"] == "succeeded"
    outputs = {each["name"]: each for each in ended["outputs"]}
    large = b"".join(bytes([number]) * 2**20 for number in range(MEGABYTES))
    assert outputs["large.bin"]["sha256"] == hashlib.sha256(large).hexdigest()
    assert outputs["again.bin"]["sha256"] == hashlib.sha256((along / "data.bin").read_bytes()).hexdigest()
    done = ada.command("download", ended["id"], "there", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for name, each in outputs.items():
        content = (tmp_path / "there" / name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (each["size"], each["sha256"]), name
    url = f"s3://{server.bucket}"
    bucket = store_at(url, Bucket(url, server.access_key, server.secret_key, server.endpoint, server.region))
    with bucket.open(f"{PREFIX}/runs/{ended['id']}/1/outputs/plots/a [1] 100%.txt") as file:
        kept = file.read()
    assert kept == b"odd name"
    assert begun(server) == []


def test_a_part_a_page_and_a_zip(ada: Person, ended: dict[str, Any]) -> None:
    part = requests.get(
        f"{ada.platform.url}/api/v1/runs/{ended['id']}/outputs/large.bin",
        headers={"Authorization": f"Bearer {ada.token}", "Range": "bytes=10485755-10485764"},
        timeout=60,
    )
    assert (part.status_code, part.content) == (206, bytes([9]) * 5 + bytes([10]) * 5)
    assert b"all written" in ada.runs.output(ended["id"], "notebook.html")
    assert "all written" in ada.runs.output(ended["id"], "log.txt").decode()
    packed = ada.runs.call("GET", f"/runs/{ended['id']}/outputs.zip")
    with zipfile.ZipFile(io.BytesIO(packed.content)) as whole:
        assert whole.testzip() is None
        assert whole.getinfo("large.bin").file_size == MEGABYTES * 2**20


def test_it_runs_again_from_what_is_in_the_bucket(ada: Person, ended: dict[str, Any]) -> None:
    again = ada.runs.ask("POST", f"/runs/{ended['id']}/retry", json={})
    assert ada.runs.end(again["id"], 120)["status"] == "succeeded"


def test_doctor_looks_at_the_bucket_and_nothing_is_in_the_folder(
    platform: Platform, ended: dict[str, Any]
) -> None:
    del ended
    checks = Person(platform, "admin", "", platform.admin_token).runs.ask("GET", "/doctor")["checks"]
    (store,) = [each for each in checks if each["name"] == "output store"]
    assert store["ok"], store
    assert docker("exec", platform.service("worker"), "find", "/store", "-type", "f") == ""


def test_the_login_of_the_bucket_is_where_it_is_needed_alone(platform: Platform, server: ObjectStore) -> None:
    for name in ("hub", "proxy", "redis", "egress"):
        assert server.secret_key not in str(platform.inspect(platform.service(name))), name
    for name in ("api", "worker", "hub"):
        assert server.secret_key not in docker("logs", platform.service(name)), name
