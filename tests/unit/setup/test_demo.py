"""The demonstration: what counts as a success, and what it keeps and shows of passwords."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import demo
import hub_api
import pytest

DIGEST = "sha256:" + "a" * 64


def run(**changes: Any) -> dict[str, Any]:
    return {
        "id": "abc",
        "status": "succeeded",
        "reason": None,
        "environment": {"name": "python-data", "version": "2026.11.1", "digest": DIGEST},
        "url": "http://127.0.0.1:8000/services/nightdesk/runs/abc",
        "outputs": [{"name": "notebook.ipynb", "size": 36_012, "sha256": "b" * 64}],
    } | changes


class Hub(hub_api.Platform):
    """Answers from a list; what was asked is kept."""

    def __init__(self, answer: object) -> None:
        super().__init__("http://nowhere", "token")
        object.__setattr__(self, "answer", answer)
        object.__setattr__(self, "asked", [])

    def request(self, method: str, path: str, body: object = None, timeout: float = 0) -> Any:
        self.asked.append((method, path, body, timeout))  # type: ignore[attr-defined]
        answer = self.answer  # type: ignore[attr-defined]
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_a_run_in_the_session_s_image_is_a_success(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.report(run(), DIGEST) == []
    shown = capsys.readouterr().out
    assert shown.count(DIGEST) == 2
    assert "36.0 kB  notebook.ipynb" in shown
    assert "/services/nightdesk/runs/abc" in shown


def test_another_image_is_none() -> None:
    assert demo.report(run(), "sha256:" + "c" * 64) == [
        "the run was executed in another image than the session's"
    ]
    assert demo.report(run(), "") != []


def test_a_run_that_failed_is_none_and_says_why() -> None:
    reasons = demo.report(run(status="failed", reason="cell 3 raised KeyError: 'x'"), DIGEST)
    assert reasons == ["the run is failed: cell 3 raised KeyError: 'x'"]


def test_the_password_is_made_once_and_only_its_owner_can_read_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "state" / "demo.env"
    first = demo.password(file)
    assert len(first) == 20
    assert demo.password(file) == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert first not in "".join(capsys.readouterr())


def test_an_account_that_is_there_is_kept(tmp_path: Path) -> None:
    demo.ensure_account(Hub(hub_api.Refused(409, "there is an account of that name")), tmp_path / "demo.env")
    with pytest.raises(hub_api.Refused):
        demo.ensure_account(Hub(hub_api.Refused(403, "Forbidden")), tmp_path / "demo.env")


def test_a_session_that_runs_is_kept() -> None:
    hub = Hub({"servers": {"": {"ready": True, "pending": None}}})
    demo.ensure_session(hub)
    assert [(method, path) for method, path, *_ in hub.asked] == [("GET", "/hub/api/users/ada")]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_936, "1.9 kB"),
        (367_000, "367 kB"),
        (10_483_775, "10.5 MB"),
        (2e9, "2.0 GB"),
    ],
)
def test_sizes_read_well(count: int, words: str) -> None:
    assert demo.size(count) == words
