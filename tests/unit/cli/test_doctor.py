"""nightdesk doctor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nightdesk.client.address import Address
from nightdesk.client.login import save_login

Run = Callable[..., Any]


def _names(result: Any) -> dict[str, bool]:
    return {check["name"]: check["ok"] for check in result.json["checks"]}


@pytest.mark.usefixtures("signed_in")
def test_all_is_well(nightdesk: Run) -> None:
    result = nightdesk("doctor")
    assert result.code == 0, result
    assert "all is well" in result.out
    assert "you are ada" in result.out
    ok = {"configuration": True, "platform": True, "version": True, "clock": True, "sign-in": True}
    assert _names(nightdesk("doctor", "--json")) == ok


def test_admins_get_the_platforms_own_checks(admin: Any, nightdesk: Run) -> None:
    admin.checks = [
        {"name": "database", "ok": True, "message": "answers", "hint": None},
        {"name": "disk", "ok": False, "message": "97 % full", "hint": "Make room."},
    ]
    result = nightdesk("doctor")
    assert result.code == 1
    assert "disk: 97 % full\n    Make room.\n1 of 7 checks failed" in result.out


@pytest.mark.parametrize("skew", [-3600, 3600])
def test_clocks_that_differ(signed_in: Any, nightdesk: Run, skew: float) -> None:
    signed_in.clock_skew = skew
    result = nightdesk("doctor", "--json")
    assert result.code == 1
    assert _names(result)["clock"] is False
    message = next(check["message"] for check in result.json["checks"] if check["name"] == "clock")
    assert ("ahead of" if skew > 0 else "behind") in message


def test_nothing_configured(nightdesk: Run) -> None:
    result = nightdesk("doctor")
    assert result.code == 1
    assert "nightdesk login URL" in result.out


def test_out_of_reach(signed_in: Any, nightdesk: Run) -> None:
    signed_in.stop()
    result = nightdesk("doctor", "--json")
    assert result.code == 3
    assert _names(result) == {"configuration": True, "platform": False}


def test_a_token_that_is_not_accepted(signed_in: Any, nightdesk: Run) -> None:
    signed_in.users.clear()
    result = nightdesk("doctor", "--json")
    assert result.code == 1
    assert _names(result)["sign-in"] is False


def test_a_login_that_others_can_read(platform: Any, nightdesk: Run) -> None:
    path = Path(save_login(Address.parse(platform.url), "token-ada"))
    assert nightdesk("doctor").code == 0
    path.chmod(0o644)
    result = nightdesk("doctor")
    assert result.code == 1
    assert f"chmod 600 {path}" in result.out
