"""The routes of environments: what members see, what admins do, and how many questions a list costs."""

from __future__ import annotations

import itertools
import json
from typing import Any, get_type_hints

import pytest
from nightdesk.client import catalogue_answers
from nightdesk.server.domain.environment import Layer, Offer, Origin, Package
from nightdesk.server.domain.person import Person
from nightdesk.server.ports.people import Session

from ..domain.runs import a_version
from ..queries import queries
from ..workbench import ADA, ROOT
from .site import Answer, Site

STATS = Person("eve", groups=("stats",))
_names = (f"env-{number}" for number in itertools.count())


@pytest.fixture
def name(site: Site) -> str:
    """An environment with the versions 1 and 2, of which 2 is stable."""
    made = next(_names)
    register(site, made, "1", packages=(Package("numpy", "2.2"),))
    register(
        site,
        made,
        "2",
        "stable",
        packages=(Package("numpy", "2.3"), Package("dplyr", "1.1", "r")),
        origin=Origin("files sent along", "root", "b-abc", "9f" * 32, "numpy==2.3\n"),
        layers=(Layer(f"sha256:{made}-2", 700),),
        size_bytes=700,
        contract=1,
    )
    return made


@pytest.fixture(scope="module", autouse=True)
def somebody_with_a_group(site: Site) -> None:
    site.people.tokens["token-eve"] = STATS


def register(site: Site, name: str, version: str, *channels: str, **values: Any) -> None:
    digest = f"sha256:{(name + version).encode().hex():0<64.64}"
    site.bench.records.add_version(a_version(name, version, *channels, **{"digest": digest, **values}))


def post(site: Site, path: str, person: Person | str = ROOT, body: Any = None) -> Answer:
    sent: dict[str, Any] = {}
    if body is not None:
        sent = {"body": json.dumps(body).encode(), "headers": {"Content-Type": "application/json"}}
    return site.post(f"/environments{path}", person, **sent)


def get(site: Site, path: str, person: Person | str = ROOT) -> Answer:
    return site.get(f"/environments{path}", person)


def listed(site: Site, name: str, person: Person | str = ADA, query: str = "") -> dict[str, Any] | None:
    """The environment as the list has it for this person."""
    found = [each for each in get(site, query, person).json["environments"] if each["name"] == name]
    return found[0] if found else None


def versions(environment: dict[str, Any] | None) -> list[str]:
    return [] if environment is None else [each["version"] for each in environment["versions"]]


# --- looking ------------------------------------------------------------------------------------


def test_a_list_has_what_is_offered_and_with_all_the_rest(site: Site, name: str) -> None:
    post(site, f"/{name}/1/deprecate")
    assert versions(listed(site, name)) == ["2"]
    everything = listed(site, name, query="?all=true")
    assert versions(everything) == ["2", "1"]
    assert [each["offer"] for each in everything["versions"]] == ["offered", "deprecated"]  # type: ignore[index]
    assert everything["versions"][0]["default"] is True  # type: ignore[index]
    assert get(site, "?all=perhaps", ADA).status == 422


def test_one_version_whole(site: Site, name: str) -> None:
    site.people.going_on = [Session("ada", "", name, "2", 1_795_500_000.0), Session("bob", "two", name, "2")]
    try:
        admins, members = get(site, f"/{name}/2").json, get(site, f"/{name}/2", ADA).json
    finally:
        site.people.going_on = []
    assert set(admins) == set(get_type_hints(catalogue_answers.WholeVersion))
    assert set(admins["use"]) == set(get_type_hints(catalogue_answers.VersionUse))
    assert admins["packages"] == [
        {"name": "numpy", "version": "2.3", "kind": "python"},
        {"name": "dplyr", "version": "1.1", "kind": "r"},
    ]
    assert admins["origin"] == {
        "source": "files sent along",
        "built_by": "root",
        "build_id": "b-abc",
        "recipe_sha256": "9f" * 32,
        "has_lock": True,
    }
    assert (admins["channels"], admins["default"], admins["contract"]) == (["stable"], True, 1)
    assert admins["use"]["held_by"] == ["it is stable", "2 sessions of ada, bob"]
    assert [session["person"] for session in admins["use"]["sessions"]] == ["ada", "bob"]
    assert [session["person"] for session in members["use"]["sessions"]] == ["ada"], (
        "whose they are is theirs"
    )
    assert (members["use"]["sessions_total"], members["use"]["held_by"]) == (2, [])
    assert "bob" not in json.dumps(members)
    assert admins["url"].endswith(f"/services/nightdesk/environments/{name}/2")


def test_runs_are_counted(site: Site, name: str) -> None:
    site.bench.submit(environment=f"{name}:1")
    use = get(site, f"/{name}/1").json["use"]
    assert (use["runs_total"], use["runs_alive"], use["held_by"]) == (1, 1, ["1 run not ended"])
    assert use["last_run_at"].endswith("Z")


def test_the_lock_is_text(site: Site, name: str) -> None:
    answer = get(site, f"/{name}/2/lock", ADA)
    assert (answer.status, answer.text) == (200, "numpy==2.3\n")
    assert answer.headers["content-type"].startswith("text/plain")
    none = get(site, f"/{name}/1/lock", ADA)
    assert (none.status, none.json["error"]["message"]) == (404, f"no lock of {name}:1 is on record")


def test_what_differs(site: Site, name: str) -> None:
    answer = get(site, f"/compare?before={name}:1&after={name}:2", ADA)
    assert answer.json == {
        "before": f"{name}:1",
        "after": f"{name}:2",
        "changes": [
            {"name": "numpy", "kind": "python", "before": "2.2", "after": "2.3"},
            {"name": "dplyr", "kind": "r", "before": None, "after": "1.1"},
        ],
    }
    assert get(site, f"/compare?before={name}&after={name}:2", ADA).status == 400
    assert get(site, f"/compare?before={name}:9&after={name}:2", ADA).status == 404
    assert get(site, f"/compare?before={name}:1", ADA).status == 422
    assert get(site, f"/compare?before={name}:1&after={'x' * 201}", ADA).status == 422


# --- changing -----------------------------------------------------------------------------------


def test_promoted_rolled_back_and_noted(site: Site, name: str) -> None:
    assert post(site, f"/{name}/channels/stable", body={"version": "1"}).json == {
        "environment": name,
        "channel": "stable",
        "before": "2",
        "version": "1",
    }
    assert listed(site, name)["versions"][1]["channels"] == ["stable"]  # type: ignore[index]
    back = post(site, f"/{name}/channels/stable/rollback")
    assert (back.json["before"], back.json["version"]) == ("1", "2")
    assert post(site, f"/{name}/channels/stable/rollback").status == 409
    assert post(site, f"/{name}/channels/next", body={"version": "1"}).json["before"] is None
    events = get(site, f"/{name}/events", ADA).json["events"]
    assert set(events[0]) == set(get_type_hints(catalogue_answers.EnvironmentEvent))
    assert [(each["by"], each["action"], each["version"]) for each in events[:3]] == [
        ("root", "promoted", "1"),
        ("root", "rolled back", "2"),
        ("root", "promoted", "1"),
    ]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/channels/latest", {"version": "1"}, 400),
        ("/channels/stable", {"version": "9"}, 404),
        ("/channels/stable", {"version": 1}, 422),
        ("/channels/stable", {"version": "1", "by": "ada"}, 422),
        ("/channels/stable", None, 422),
        ("/channels/latest/rollback", None, 400),
        ("/2/deprecate", None, 409),
        ("/2/remove", None, 409),
        ("/9/deprecate", None, 404),
        ("/9/offer", None, 404),
        ("/9/remove", None, 404),
        ("/groups", {"groups": ["a\nb"]}, 400),
        ("/groups", {"groups": "stats"}, 422),
        ("/groups", {}, 422),
    ],
)
def test_a_change_that_is_refused(site: Site, name: str, path: str, body: Any, status: int) -> None:
    before = get(site, f"/{name}/events").json
    answer = post(site, f"/{name}{path}", body=body)
    assert answer.status == status
    assert answer.json["error"]["message"]
    assert get(site, f"/{name}/events").json == before


@pytest.mark.parametrize("path", ["/channels/stable", "/groups", "/channels/stable/rollback"])
def test_an_environment_that_there_is_not(site: Site, path: str) -> None:
    body = {"/channels/stable": {"version": "1"}, "/groups": {"groups": []}}.get(path)
    assert post(site, f"/none{path}", body=body).status == 404


def test_members_change_nothing(site: Site, name: str) -> None:
    before = get(site, f"/{name}/events").json
    for path, body in (
        ("/channels/next", {"version": "1"}),
        ("/channels/stable/rollback", None),
        ("/1/deprecate", None),
        ("/1/remove", None),
        ("/groups", {"groups": ["stats"]}),
    ):
        assert post(site, f"/{name}{path}", ADA, body).status == 403
    assert get(site, f"/{name}/events").json == before


def test_deprecated_offered_and_removed(site: Site, name: str) -> None:
    answer = post(site, f"/{name}/1/deprecate")
    assert set(answer.json) == set(get_type_hints(catalogue_answers.NamedVersion))
    assert (answer.json["environment"], answer.json["offer"]) == (name, "deprecated")
    assert post(site, f"/{name}/channels/next", body={"version": "1"}).status == 409
    assert post(site, f"/{name}/1/offer").json["offer"] == "offered"
    assert post(site, f"/{name}/1/remove").json["offer"] == "removed"
    refused = post(site, f"/{name}/1/offer")
    assert refused.status == 409
    assert f"nightdesk env build --again {name}:1" in refused.json["error"]["hint"]
    refused = site.submit(ADA, environment=f"{name}:1")
    assert (refused.status, refused.json["error"]["message"]) == (409, f"{name}:1 was removed")


def test_a_deprecated_version_is_run_by_its_name(site: Site, name: str) -> None:
    post(site, f"/{name}/1/deprecate")
    assert site.submit(ADA, environment=f"{name}:1").json["environment"]["version"] == "1"
    assert site.submit(ADA, environment=name).json["environment"]["version"] == "2"


def test_an_environment_of_a_group_is_nobody_else_s(site: Site, name: str) -> None:
    answer = post(site, f"/{name}/groups", body={"groups": ["stats", "research"]})
    assert answer.json == {"name": name, "groups": ["research", "stats"]}
    for person, sees in ((ADA, False), ("token-eve", True), (ROOT, True)):
        assert bool(versions(listed(site, name, person))) is sees
        assert bool(versions(listed(site, name, person, "?all=true"))) is sees
        for path in (
            f"/{name}/2",
            f"/{name}/2/lock",
            f"/{name}/events",
            f"/compare?before={name}:1&after={name}:2",
        ):
            theirs, nobodys = get(site, path, person), get(site, path.replace(name, "none"), person)
            assert theirs.status == (200 if sees else 404)
            if not sees:
                assert theirs.body.replace(name.encode(), b"none") == nobodys.body
        refused = site.submit(person, environment=name)
        assert refused.status == (201 if sees else 404)
    assert post(site, f"/{name}/groups", body={"groups": []}).json["groups"] == []
    assert versions(listed(site, name, ADA)) == ["2", "1"]


# --- clean-up -----------------------------------------------------------------------------------


def test_a_clean_up_is_shown_before_it_is_done(site: Site, name: str) -> None:
    register(site, name, "0", layers=(Layer(f"sha256:{name}-0", 300), Layer(f"sha256:{name}-2", 700)))
    for version in ("0", "1"):
        post(site, f"/{name}/{version}/deprecate")
    site.people.going_on = [Session("ada", "", name, "1")]
    try:
        plan, again = get(site, "/cleaning").json, get(site, "/cleaning").json
        done = post(site, "/cleaning").json
    finally:
        site.people.going_on = []
    assert set(plan) == set(get_type_hints(catalogue_answers.Cleaning))
    assert plan == again, "to look changes nothing"
    assert [each["version"] for each in plan["remove"] if each["environment"] == name] == ["0"]
    assert plan["frees_bytes"] == 300, "the other layer is another version's too"
    kept = {each["version"]: each["why"] for each in plan["keep"] if each["environment"] == name}
    assert kept == {"1": "1 session of ada", "2": "it is stable; it is on offer"}
    assert (plan["done"], done["done"]) == (False, True)
    assert [each["version"] for each in done["remove"] if each["environment"] == name] == ["0"]
    assert done["frees_bytes"] == 300
    assert get(site, f"/{name}/0").json["offer"] == "removed"
    later = get(site, "/cleaning").json["remove"]
    assert [each["version"] for each in later if each["environment"] == name] == ["1"], (
        "its session has ended"
    )


# --- many ---------------------------------------------------------------------------------------


def test_two_hundred_versions_cost_as_many_questions_as_five(site: Site, name: str) -> None:
    def once(path: str) -> int:
        with queries(site.bench.database) as statements:
            assert get(site, path).status == 200
        return len(statements)

    def asked(path: str) -> int:
        return min(once(path) for _ in range(3))  # what else the site does meanwhile only adds to it

    paths = ("", "?all=true", f"/{name}/2", f"/{name}/events", "/cleaning")
    few = [asked(path) for path in paths]
    for number in range(200):
        register(site, name, f"2026.10.{number}")
    assert [asked(path) for path in paths] == few
    assert max(few) <= 12
    assert len(listed(site, name, query="?all=true")["versions"]) == 202  # type: ignore[index]
    offers = {Offer(each["offer"]) for each in listed(site, name, query="?all=true")["versions"]}  # type: ignore[index]
    assert offers == {Offer.OFFERED}
