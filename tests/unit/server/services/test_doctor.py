"""Is the platform well? Each part that is not is named, with what to do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from nightdesk.server.adapters.egress_state import read_state
from nightdesk.server.domain.errors import Unavailable
from nightdesk.server.services.doctor import Check, Filter, examine

from ..workbench import Bench


def found(bench: Bench, **parts: Any) -> dict[str, Check]:
    """What the doctor says, by name."""
    parts = {"records": bench.records, "store": bench.store, "bell": bench.bell, **parts}
    egress = parts.get("egress", Filter(True, "in place, open"))
    shut = parts.get("shut", [])
    checks = examine(parts["records"], parts["store"], parts["bell"], lambda: egress, lambda: shut)
    return {check.name: check for check in checks}


def test_all_is_well(bench: Bench) -> None:
    bench.records.beat("one", 2, 2**40)
    bench.records.beat("two", 3, 2**40)
    checks = found(bench)
    assert all(check.ok for check in checks.values())
    assert list(checks) == [
        "database",
        "workers",
        "redis",
        "output store",
        "environments",
        "egress filter",
        "connections",
    ]
    assert checks["workers"].message == "2 alive, 5 runs at a time"
    assert checks["environments"].message == "python-data:2026.11.1"
    assert bench.stored() == set(), "what it tried out is gone again"


def test_what_is_not_well_has_a_hint(bench: Bench) -> None:
    bench.bell.broken = True
    with bench.database.writing() as connection:
        connection.exec_driver_sql("delete from environment_versions")
    checks = found(bench)
    assert {name for name, check in checks.items() if not check.ok} == {"workers", "redis", "environments"}
    assert all(check.hint for check in checks.values() if not check.ok)


def test_a_filter_that_is_not_in_place_is_told(bench: Bench, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    assert read_state(state) == Filter(False, "has not said that it is in place")
    state.write_text('{"ok": true, "words": "in place, open"}')
    assert read_state(state) == Filter(True, "in place, open")
    os.utime(state, (1, 1))
    assert not read_state(state).ok
    check = found(bench, egress=read_state(state))["egress filter"]
    assert not check.ok
    assert check.hint


def test_a_key_that_is_gone_is_told_with_what_it_is_of(bench: Bench) -> None:
    check = found(bench, shut=["warehouse", "lake"])["connections"]
    assert not check.ok
    assert check.message == "the key is missing of: warehouse, lake"
    assert "NIGHTDESK_SECRET_KEYS" in (check.hint or "")


class Away:
    """A part that answers nothing."""

    def __getattr__(self, name: str) -> Any:
        def call(*_arguments: Any) -> Any:
            raise Unavailable("does not answer", "Look at its log.")

        return call


def test_one_part_away_does_not_keep_the_others_from_being_looked_at(bench: Bench) -> None:
    checks = found(bench, records=Away())
    assert {name for name, check in checks.items() if not check.ok} == {"database", "workers", "environments"}
    assert (checks["database"].message, checks["database"].hint) == ("does not answer", "Look at its log.")
    checks = found(bench, store=Away())
    assert not checks["output store"].ok
