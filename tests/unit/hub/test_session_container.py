"""A session's container: limits, hardening, arguments, and how its end is put in words."""

from __future__ import annotations

from typing import Any

import pytest
from nightdesk_hub import session_container as container
from nightdesk_hub.choice import choose
from nightdesk_hub.names import Names
from nightdesk_hub.offers import Member, parse_offers


def test_hardening(answer: dict[str, Any]) -> None:
    config = container.host_config(
        choose(parse_offers(answer, Member("ada")), {"size": "small"}), pids_limit=512
    )
    assert config["cap_drop"] == ["ALL"]
    assert config["security_opt"] == ["no-new-privileges"]
    assert config["init"] is True
    assert config["pids_limit"] == 512
    assert config["memswap_limit"] == 2**30  # no swap beside the memory limit
    assert config["shm_size"] == 2**28
    assert config["restart_policy"] == {"Name": "no"}
    assert config["auto_remove"] is False
    assert config["log_config"]["config"]["max-size"] == "10m"
    assert not {"privileged", "binds", "devices", "cap_add"} & config.keys()


def test_names_of_two_sessions_never_meet() -> None:
    names = Names("desk")
    assert names.session("ada") == "desk-session-ada"
    assert names.session("ada", "side") == "desk-session-ada--side"
    assert names.session("ada-side") != names.session("ada", "side")


def test_volumes() -> None:
    assert container.volumes("desk-home-ada", "desk_shared") == {
        "desk-home-ada": "/home/nightdesk",
        "desk_shared": "/shared",
    }


def test_idle_servers_end_and_busy_kernels_do_not() -> None:
    arguments = dict(
        argument.removeprefix("--").split("=") for argument in container.server_arguments(7200.0)
    )
    assert arguments["ServerApp.shutdown_no_activity_timeout"] == "7200"
    assert arguments["MappingKernelManager.cull_idle_timeout"] == "7200"
    assert arguments["MappingKernelManager.cull_interval"] == "60"
    assert arguments["MappingKernelManager.cull_connected"] == "True"
    assert arguments["MappingKernelManager.cull_busy"] == "False"
    assert arguments["TerminalManager.cull_inactive_timeout"] == "7200"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"ExitCode": 137, "OOMKilled": True}, "ran out of memory (its limit is 1.5 GiB)"),
        ({"ExitCode": 0, "OOMKilled": True}, "ended itself, as it does when nobody uses it"),
        ({"ExitCode": 0, "OOMKilled": False}, "ended itself, as it does when nobody uses it"),
        ({"ExitCode": 137, "OOMKilled": False}, "ended unexpectedly (exit code 137)"),
        ({"ExitCode": 127, "Error": "no such file"}, "could not be started: no such file"),
    ],
)
def test_how_it_ended(state: dict[str, Any], words: str) -> None:
    assert container.how_it_ended(state, 3 * 2**29) == words
