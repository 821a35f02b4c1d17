"""Which packages a list means, with hashes: from pip's own report."""

from __future__ import annotations

from pathlib import Path

import pytest
from nightdesk.preflight import lock

REPORT = {
    "install": [
        {
            "metadata": {"name": "tabulate", "version": "0.10.0"},
            "download_info": {"archive_info": {"hashes": {"sha256": "11"}}},
        },
        {
            "metadata": {"name": "Colorama", "version": "0.4.6"},
            "download_info": {"archive_info": {"hash": "sha256=22"}},
        },
    ]
}


def test_a_lock_in_order_with_hashes() -> None:
    text = "Colorama==0.4.6 \\\n    --hash=sha256:22\ntabulate==0.10.0 \\\n    --hash=sha256:11\n"
    assert lock.lock_of(REPORT) == text
    assert lock.is_locked(text)


def test_a_package_without_a_hash_is_not_locked() -> None:
    item = {"metadata": {"name": "own", "version": "1"}, "download_info": {"archive_info": {}}}
    with pytest.raises(SystemExit, match="no hash for own 1"):
        lock.lock_of({"install": [item]})


@pytest.mark.parametrize("text", ["", "# nothing\n", "tabulate\n", "a==1 --hash=sha256:1\nb==2\n"])
def test_what_is_not_locked(text: str) -> None:
    assert not lock.is_locked(text)


def test_what_is_locked_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "# ours\ntabulate==0.10.0 \\\n    --hash=sha256:11 \\\n    --hash=sha256:12\n"
    (tmp_path / "requirements.txt").write_text(text)
    monkeypatch.setattr("sys.argv", ["lock.py", str(tmp_path / "requirements.txt"), "none"])
    assert lock.main() == 0
    assert capsys.readouterr().out == text
