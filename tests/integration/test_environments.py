"""The life of versions on the real platform, as admins and members lead it from the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ..support.notebooks import code, notebook
from ..support.people import Person, join
from ..support.platform import Platform
from ..support.spare_environment import Spare, spare_environment
from ..support.waiting import until

pytestmark = pytest.mark.platform
SOURCE = notebook(code("year = 1", "parameters"), "print('the year is', year)")


@pytest.fixture
def spare(platform: Platform) -> Iterator[Spare]:
    with spare_environment(platform) as made:
        yield made


@pytest.fixture(scope="module")
def vera(platform: Platform) -> Person:
    return join(platform, "vera")


def said(person: Person, *arguments: str, code: int = 0) -> Any:
    """What `nightdesk …` prints, with --json as JSON."""
    done = person.command(*arguments)
    assert done.returncode == code, (done.stdout, done.stderr)
    return json.loads(done.stdout) if "--json" in arguments else done.stdout + done.stderr


def test_promoted_and_rolled_back_and_everybody_gets_what_the_channel_points_at(
    spare: Spare, admin: Person, vera: Person
) -> None:
    def version_of_a_run(wanted: str) -> str:
        return str(vera.runs.submit(SOURCE, environment=wanted)["environment"]["version"])

    stable = f"{spare.name}@stable"
    assert version_of_a_run(stable) == "1"
    out = said(admin, "env", "promote", f"{spare.name}:2")
    assert out == f"stable of {spare.name} is 2 (it was 1)\n"
    assert version_of_a_run(stable) == version_of_a_run(spare.name) == "2"
    assert said(admin, "env", "rollback", spare.name) == f"stable of {spare.name} is 1 (it was 2)\n"
    assert version_of_a_run(stable) == "1"
    assert "has no earlier version to go back to" in said(admin, "env", "rollback", spare.name, code=1)
    shown = said(vera, "env", "show", spare.name, "--json")
    assert [(each["action"], each["version"], each["by"]) for each in shown["events"][:2]] == [
        ("rolled back", "1", "admin"),
        ("promoted", "2", "admin"),
    ]
    for command in (
        ("promote", f"{spare.name}:2"),
        ("deprecate", f"{spare.name}:2"),
        ("remove", f"{spare.name}:2"),
        ("gc", "--yes"),
        ("groups", spare.name, "vera-s"),
        ("builds",),
    ):
        assert "only admins may do this" in said(vera, "env", *command, code=1)


def test_what_is_used_stays_and_what_nobody_needs_goes(spare: Spare, admin: Person, vera: Person) -> None:
    said(admin, "env", "promote", f"{spare.name}:2")
    said(admin, "env", "deprecate", f"{spare.name}:1")
    assert f"{spare.name}:1 is stable" not in said(admin, "env", "show", f"{spare.name}:1")
    vera.session(environment=spare.name, version="2", size="tiny")
    until(
        lambda: said(admin, "env", "show", f"{spare.name}:2", "--json")["use"]["sessions_total"] == 1,
        "the session is known",
    )
    use = said(admin, "env", "show", f"{spare.name}:2", "--json")["use"]
    assert use["held_by"] == ["it is stable", "1 session of vera"]
    refused = said(admin, "env", "remove", f"{spare.name}:2", code=1)
    assert f"{spare.name}:2 stays: it is stable; 1 session of vera" in refused
    vera.end_session()
    plan = said(admin, "env", "gc", "--json")
    assert plan["done"] is False
    label = {"environment": spare.name, "version": "1"}
    assert label in [{key: each[key] for key in label} for each in plan["remove"]]
    done = said(admin, "env", "gc", "--yes", "--json")
    assert label in [{key: each[key] for key in label} for each in done["remove"]]
    assert "removed" in said(admin, "env", "list", "--all")
    refused = said(vera, "submit", "--env", f"{spare.name}:1", __file__, code=1)
    assert f"{spare.name}:1 was removed" in refused
    assert "nightdesk env build --again" in refused


def test_kept_results_hold_their_version_and_are_run_again_exactly(
    spare: Spare, admin: Person, vera: Person
) -> None:
    run = vera.runs.submit(SOURCE, environment=f"{spare.name}:2", parameters={"year": 2026})
    assert vera.runs.end(run["id"])["status"] == "succeeded"
    said(admin, "env", "deprecate", f"{spare.name}:2")
    assert "the kept results of 1 run" in said(admin, "env", "remove", f"{spare.name}:2", code=1)
    again = said(vera, "retry", run["id"], "--json")
    assert again["environment"]["version"] == "1"
    assert again["notes"][-1] == f"{spare.name}:2 is not on offer any more: this runs in {spare.name}:1."
    exact = said(vera, "retry", run["id"], "--exact", "--watch", "--json")
    assert exact["environment"]["digest"] == run["environment"]["digest"] == spare.digests["2"]
    assert (exact["status"], exact["parameters"]) == ("succeeded", {"year": 2026})
    assert "the year is 2026" in vera.runs.log(exact["id"])
    assert f"Runs {run['id']} again, exactly." in exact["notes"]


def test_the_packages_of_two_versions_side_by_side(vera: Person) -> None:
    before, after = "python-data:2026.10.1", "python-data:2026.12.1"
    changes = {
        each["name"]: each for each in said(vera, "env", "compare", before, after, "--json")["changes"]
    }
    pandas = changes["pandas"]
    assert pandas["before"].startswith("2.")
    assert pandas["after"].startswith("3.")
    whole = said(vera, "env", "show", after, "--json")
    assert pandas["after"] in [each["version"] for each in whole["packages"] if each["name"] == "pandas"]
    assert whole["origin"]["source"].startswith("folder images/python-data/")
    lock = vera.runs.call("GET", f"/environments/python-data/{whole['version']}/lock").text
    assert f"pandas=={pandas['after']}" in lock


def test_a_build_is_followed_live_and_its_end_says_why(admin: Person) -> None:
    nowhere = "127.0.0.1:9/nightdesk-nowhere:1"
    done = admin.command("env", "build", "--image", nowhere, "--name", "nowhere", seconds=120)
    assert done.returncode == 1, (done.stdout, done.stderr)
    build = said(admin, "env", "builds", "--limit", "1", "--json")["builds"][0]
    assert (build["source"], build["status"]) == (nowhere, "failed")
    assert build["reason"].splitlines()[0] in done.stdout
    assert nowhere in said(admin, "env", "log", build["id"])
    assert nowhere in done.stderr, "it was followed"
    assert f"build {build['id']} is over already: failed" in said(admin, "env", "cancel", build["id"])
