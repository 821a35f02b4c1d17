"""What code leaves behind besides plain files, and how many of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ..support.notebooks import notebook
from ..support.people import Person
from ..support.platform import OUTPUT_COUNT
from .conftest import Ended

pytestmark = pytest.mark.platform
Say = Callable[[object], None]
OWN = {"notebook.ipynb", "log.txt", "manifest.json", "notebook.html"}
LINKS = ["link-to-file", "link-to-job", "link-inside", "link-to-itself", "pipe", "socket"]


@pytest.mark.case(17)
def test_links_pipes_and_sockets_are_left_out_and_listed(ended: Ended, got: Say) -> None:
    run = ended.succeeded("links")
    assert {output["name"] for output in run["outputs"]} - OWN == {"plain.txt"}
    listed = [line for line in ended.log("links").split("\n") if line.startswith("[nightdesk] left out: ")]
    for name in LINKS:
        assert f"[nightdesk] left out: {name}: a link, pipe, socket or device is not kept" in listed
    for name in ("link-to-folder", "link-up"):
        assert f"[nightdesk] left out: {name}: a link is not kept" in listed
    assert "more of their kind" in listed[-1]
    assert len(listed) < 110, "the list has an end"
    assert not [line for line in ended.log("links").split("\n") if line.startswith("[nightdesk] forged")]
    for name in (*LINKS, "link-to-folder/passwd"):
        assert ended.runs.call("GET", f"/runs/{run['id']}/outputs/{name}").status_code == 404
    assert "no device: [Errno 1]" in ended.log("links"), "code makes no device at all"
    got(f"kept: plain.txt alone; {listed[2]}")


@pytest.mark.case(21)
def test_more_files_than_are_kept_are_left_out_and_counted(ended: Ended, got: Say) -> None:
    run = ended.succeeded("many files")
    kept = [output for output in run["outputs"] if output["name"] not in OWN]
    assert len(kept) == OUTPUT_COUNT
    words = f"[nightdesk] left out: {1000 - OUTPUT_COUNT} files over the limit of {OUTPUT_COUNT} for a run"
    assert words in ended.log("many files")
    assert ended.page("many files")
    got(f"{run['status']}; {words}")


@pytest.mark.case(21)
@pytest.mark.thorough
def test_a_million_files_end_the_run(eve: Person) -> None:
    source = notebook(
        "import os, pathlib\nout = pathlib.Path(os.environ['NIGHTDESK_OUTPUT_DIR'])\n"
        "for n in range(1_000_000): (out / str(n)).touch()"
    )
    run = eve.runs.end(eve.runs.submit(source, size="small")["id"], 240)
    assert run["status"] == "failed", run
    assert "more than 200,000 files and folders" in run["reason"]
    assert len(run["outputs"]) <= OUTPUT_COUNT + len(OWN)


@pytest.mark.case(21)
@pytest.mark.thorough
def test_a_file_of_zeros_larger_than_all_outputs_is_not_even_read(eve: Person) -> None:
    source = notebook(
        "import os, pathlib\nout = pathlib.Path(os.environ['NIGHTDESK_OUTPUT_DIR'])\n"
        "for n in range(20): os.truncate(os.open(out / f'{n}', os.O_CREAT | os.O_RDWR), 15 * 2**30)\n"
        "(out / 'small.txt').write_text('kept')"
    )
    run = eve.runs.end(eve.runs.submit(source)["id"], 60)
    assert run["status"] == "succeeded", run
    assert {output["name"] for output in run["outputs"]} - OWN == {"small.txt"}
    assert eve.runs.log(run["id"]).count("over the limit of 10 GB for all outputs together") == 20
