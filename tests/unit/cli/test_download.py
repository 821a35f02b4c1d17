"""nightdesk download: whole or not at all, and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def run(signed_in: Any) -> Any:
    signed_in.add_run(status="succeeded")
    signed_in.put_output("notebook.ipynb", b"{}")
    signed_in.put_output("plots/ü 😀 #?%.png", os.urandom(300_000))
    signed_in.put_output("new\nline", b"")
    signed_in.put_output("x" * 255, b"long")
    return signed_in


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_fetches_all_into_a_folder_named_after_the_run(run: Any, nightdesk: Run) -> None:
    result = nightdesk("download", "run1")
    assert result.code == 0, result
    assert _files(Path("run1")) == run.outputs["run1"]
    assert "300 kB" in result.out


def test_an_earlier_attempt_goes_into_a_folder_of_its_own(run: Any, nightdesk: Run) -> None:
    run.earlier.update({("1", "log.txt"): b"first", ("1", "plots/a.png"): b"x" * 500})
    assert nightdesk("download", "run1", "--attempt", "1").code == 0
    assert _files(Path("run1-attempt-1")) == {"log.txt": b"first", "plots/a.png": b"x" * 500}
    assert not Path("run1").exists()
    assert nightdesk("download", "run1", "there", "--attempt", "1").code == 0
    assert _files(Path("there")) == _files(Path("run1-attempt-1"))


@pytest.mark.usefixtures("run")
def test_json_and_a_folder_of_ones_own(nightdesk: Run) -> None:
    result = nightdesk("download", "run1", "a/b", "--json")
    assert result.json["folder"] == "a/b"
    assert {"path": "a/b/notebook.ipynb", "size": 2} in result.json["files"]


def test_what_is_there_is_not_fetched_again(run: Any, nightdesk: Run) -> None:
    nightdesk("download", "run1")
    run.requests.clear()
    result = nightdesk("download", "run1")
    assert result.code == 0
    assert [path for _, path, _ in run.requests] == ["/services/nightdesk/api/v1/runs/run1/outputs"]
    assert "was there already" in result.out


@pytest.mark.usefixtures("run")
def test_does_not_replace_what_differs(nightdesk: Run) -> None:
    Path("notebook.ipynb").write_text("mine")
    result = nightdesk("download", "run1", ".")
    assert result.code == 1
    assert "is in the way" in result.err
    assert _files(Path()) == {"notebook.ipynb": b"mine"}
    assert nightdesk("download", "run1", ".", "--force").code == 0
    assert Path("notebook.ipynb").read_text() == "{}"


def test_what_arrives_otherwise_than_promised_is_thrown_away(run: Any, nightdesk: Run) -> None:
    run.corrupt.add("plots/ü 😀 #?%.png")
    result = nightdesk("download", "run1")
    assert result.code == 1
    assert "checksum" in result.err
    assert not list(Path("run1/plots").iterdir())


@pytest.mark.parametrize("name", ["../out", "/etc/x", "a/../../out", "a//b", ".", "..", "a/.", "nul\0"])
def test_names_that_lead_out_are_refused(run: Any, nightdesk: Run, name: str) -> None:
    run.put_output(name, b"evil")
    result = nightdesk("download", "run1")
    assert result.code == 1
    assert "leads out" in result.err
    assert not Path("run1").exists()


@pytest.mark.usefixtures("run")
def test_links_that_lead_out_are_refused(nightdesk: Run, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    Path("run1").mkdir()
    Path("run1/plots").symlink_to(tmp_path / "elsewhere")
    result = nightdesk("download", "run1")
    assert result.code == 1
    assert "leads out" in result.err
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_broken_line_is_tried_again(run: Any, nightdesk: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from nightdesk.client.errors import ConnectionLost
    from nightdesk.client.response import Response

    saved = Response.saved
    broken: list[bool] = []

    def breaks_once(self: Response, file: Any) -> Any:
        for count in saved(self, file):
            yield count
            if not broken and count > 1000:
                broken.append(True)
                raise ConnectionLost("cut")

    monkeypatch.setattr(Response, "saved", breaks_once)
    assert nightdesk("download", "run1").code == 0
    assert broken
    assert _files(Path("run1")) == run.outputs["run1"]


def _cut(monkeypatch: pytest.MonkeyPatch, after: list[int]) -> None:
    """The line breaks after so many bytes, for each of the next answers with a long body."""
    from nightdesk.client.errors import ConnectionLost
    from nightdesk.client.response import Response

    saved = Response.saved

    def breaks(self: Response, file: Any) -> Any:
        came = 0
        for count in saved(self, file):
            yield count
            came += count
            if after and came > max(after[0], 10_000):
                after.pop(0)
                raise ConnectionLost("cut")

    monkeypatch.setattr(Response, "saved", breaks)


def _asked(run: Any) -> list[str | None]:
    return [headers.get("range") for _, path, headers in run.requests if path.endswith("model.bin")]


def test_a_large_one_goes_on_where_it_broke(
    run: Any, nightdesk: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.put_output("model.bin", os.urandom(12 * 2**20))
    _cut(monkeypatch, [500_000] * 6)
    assert nightdesk("download", "run1").code == 0, "more breaks than tries, but something came each time"
    assert _files(Path("run1")) == run.outputs["run1"]
    starts = [int(asked[6:-1]) for asked in _asked(run) if asked]
    assert len(starts) == 6
    assert starts == sorted(set(starts))


@pytest.mark.parametrize("changed", [False, True])
def test_the_next_download_goes_on_as_well(
    run: Any, nightdesk: Run, monkeypatch: pytest.MonkeyPatch, changed: bool
) -> None:
    run.put_output("model.bin", os.urandom(3 * 2**20))
    monkeypatch.setattr("nightdesk.client.download._TRIES", 0)
    with monkeypatch.context() as patch:
        _cut(patch, [2_000_000])
        patch.setattr("nightdesk.client.download.ConnectionLost", KeyError)  # not tried again
        assert nightdesk("download", "run1").code == 3
    (part,) = Path("run1").glob(".nightdesk-*.part")
    assert part.stat().st_size > 2_000_000
    run.requests.clear()
    run.whole_only = changed
    assert nightdesk("download", "run1").code == 0
    (asked,) = _asked(run)
    assert asked is not None
    assert int(asked[6:-1]) > 2_000_000
    assert _files(Path("run1")) == run.outputs["run1"]


def test_a_part_that_is_something_else_is_thrown_away(run: Any, nightdesk: Run) -> None:
    run.put_output("model.bin", os.urandom(2 * 2**20))
    digest = next(each["sha256"] for each in run.output_list("run1") if each["name"] == "model.bin")
    Path("run1").mkdir()
    part = Path(f"run1/.nightdesk-{digest[:24]}.part")
    part.write_bytes(bytes(1_000_000))
    result = nightdesk("download", "run1")
    assert result.code == 1
    assert "checksum" in result.err
    assert not part.exists()
    assert nightdesk("download", "run1").code == 0


def test_both_of_two_names_that_differ_in_case(
    run: Any, nightdesk: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.put_output("Report.csv", b"1")
    run.put_output("report.csv", b"2")
    nightdesk("download", "run1")
    assert Path("run1/Report.csv").read_bytes() + Path("run1/report.csv").read_bytes() == b"12"
    monkeypatch.setattr("nightdesk.client.download._ignores_case", lambda _: True)
    nightdesk("download", "run1", "folded")
    assert sorted(path.name for path in Path("folded").glob("*eport*")) == ["Report.csv", "report~5.csv"]


@pytest.mark.usefixtures("run")
def test_a_place_that_cannot_be_written(nightdesk: Run) -> None:
    Path("file").write_text("")
    result = nightdesk("download", "run1", "file/sub")
    assert result.code == 1
    assert "cannot be written" in result.err


def test_a_run_without_outputs(signed_in: Any, nightdesk: Run) -> None:
    signed_in.add_run()
    result = nightdesk("download", "run1")
    assert result.code == 0
    assert "no outputs" in result.err


def test_all_as_one_file(run: Any, nightdesk: Run) -> None:
    content = b"PK" + b"".join(run.outputs["run1"].values())
    assert nightdesk("download", "run1", "--zip").code == 0
    assert Path("run1.zip").read_bytes() == content
    result = nightdesk("download", "run1", "--zip", "--json")
    assert (result.code, "is in the way" in result.err) == (1, True)
    result = nightdesk("download", "run1", "a/all", "--zip", "--json")
    assert result.json["file"] == {"path": "a/all.zip", "size": len(content)}
    assert sorted(str(path) for path in Path().rglob("*") if path.is_file()) == ["a/all.zip", "run1.zip"]


def test_half_a_zip_is_none(run: Any, nightdesk: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run.put_output("model.bin", os.urandom(2**20))
    _cut(monkeypatch, [500_000])
    assert nightdesk("download", "run1", "--zip").code == 3
    assert list(Path().iterdir()) == []
