"""The rules about what may leave, as text; that they do what they say is tried with a real kernel in tests/security."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from nightdesk.sections import Network
from nightdesk.server.domain.egress import (
    METADATA,
    bridge_of_runs,
    bridge_prefix,
    removal,
    ruleset,
    table_name,
)

sys.path.insert(0, str(Path(__file__).parents[4] / "hub"))
from nightdesk_hub.names import Names

POOL = "10.213.0.0/16"


def chain(text: str, name: str) -> list[str]:
    """The rules of one chain, in their order."""
    return [line.strip() for line in text.split(f"  chain {name} {{\n")[1].split("  }\n")[0].splitlines()]


@pytest.mark.parametrize("project", ["nightdesk", "a", "Desk-trial.2", "x" * 60])
def test_hub_and_filter_mean_the_same_bridges(project: str) -> None:
    for user in ("ada", "b" * 32, "c.d-e_f"):
        name = Names(project).bridge(user)
        assert name.startswith(bridge_prefix(project))
        assert len(name) <= 15
    assert bridge_of_runs(project).startswith(bridge_prefix(project))
    assert len(bridge_of_runs(project)) <= 15


def test_platforms_side_by_side_have_tables_and_bridges_of_their_own() -> None:
    one, other = ruleset("one", Network(), POOL, []), ruleset("other", Network(), POOL, [])
    assert table_name("one") not in other
    assert bridge_prefix("one") not in other
    assert removal("one") in one
    assert table_name("Desk-1.x") == "nightdesk_desk_1_x"


def test_open_refuses_metadata_and_this_machine() -> None:
    text = ruleset("desk", Network(), POOL, ["10.0.0.2"])
    leaving, arriving = chain(text, "leaving"), chain(text, "to_this_machine")
    assert leaving[0] == arriving[0] == "ct state established,related accept"
    assert f"ip daddr {{ {', '.join(METADATA)} }} reject with icmpx type admin-prohibited" in leaving
    assert not any(rule == "reject with icmpx type admin-prohibited" for rule in leaving), (
        "the internet is open"
    )
    assert arriving[-1] == "reject with icmpx type admin-prohibited"
    assert "ip daddr 10.0.0.2 meta l4proto { tcp, udp } th dport 53 accept" in arriving


def test_closed_refuses_all_but_what_is_allowed() -> None:
    text = ruleset(
        "desk", Network(egress="closed", allow=("10.1.2.3:5432", "10.7.0.0/16")), POOL, ["10.0.0.2"]
    )
    leaving, arriving = chain(text, "leaving"), chain(text, "to_this_machine")
    assert leaving[1:3] == ["ip daddr 10.1.2.3 tcp dport 5432 accept", "ip daddr 10.7.0.0/16 accept"]
    assert arriving[1:3] == leaving[1:3]
    assert leaving[-1] == arriving[-1] == "reject with icmpx type admin-prohibited"
    assert "10.0.0.2" not in text, "nor is a name looked up"


@pytest.mark.parametrize(
    "wrong", ["db.example.org", "10.1.2.3:", "10.1.2.3:x", "10.1.2.3:99999", "10.1.2.3/8", "::1", "*"]
)
def test_what_is_no_target(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"is no IPv4 address|no port"):
        Network.model_validate({"allow": [wrong]})
