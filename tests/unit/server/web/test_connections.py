"""Connections over HTTP: kept by admins, handed out by token, and nothing of a secret anywhere else."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from nightdesk.server.domain.audit import AuditFilter
from nightdesk.server.domain.person import Person

from ..workbench import ADA, BOB, ROOT
from .site import Answer, Site

CANARY = "canary-7f3a"


def send(site: Site, who: Person, method: str, path: str, **body: Any) -> Answer:
    """A request with JSON."""
    how: dict[str, Any] = {}
    if body:
        how = {"body": json.dumps(body).encode(), "headers": {"Content-Type": "application/json"}}
    return site.ask(method, f"/services/nightdesk/api/v1/connections{path}", who, **how)


@pytest.fixture
def name(site: Site) -> str:
    """A warehouse with a reader's login."""
    name = f"w-{uuid.uuid4().hex[:6]}"
    made = send(
        site,
        ROOT,
        "POST",
        "",
        name=name,
        kind="postgresql",
        settings={"host": "db", "database": "sales", "user": "writer", "reader_user": "reader"},
        secrets={"password": CANARY, "reader_password": f"{CANARY}-r"},
    )
    assert made.status == 201
    assert CANARY not in made.text
    assert made.json["secrets"] == ["password", "reader_password"]
    return name


@pytest.fixture
def team(site: Site) -> Iterator[None]:
    """ada is in it for a while."""
    site.people.tokens["token-ada"] = Person("ada", groups=("team",))
    yield
    site.people.tokens["token-ada"] = ADA


def used(site: Site, who: Person, name: str) -> Answer:
    """Ask for what it is opened with."""
    return send(site, who, "POST", f"/{name}/use")


def test_what_is_granted_is_handed_out_and_on_record(site: Site, name: str) -> None:
    assert used(site, ADA, name).status == 404
    granted = send(site, ROOT, "POST", f"/{name}/grants", kind="person", name="ada")
    assert granted.json["grants"] == [{"kind": "person", "name": "ada", "write": False}]
    answer = used(site, ADA, name)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json == {
        "name": name,
        "kind": "postgresql",
        "read_only": True,
        "settings": {"host": "db", "port": 5432, "database": "sales", "user": "reader"},
        "secrets": {"password": f"{CANARY}-r"},
        "place": None,
    }
    uses = send(site, ROOT, "GET", f"/{name}/uses").json["uses"]
    assert [(use["by"], use["run"], use["words"]) for use in uses] == [("ada", None, "to read, by own token")]
    send(site, ROOT, "POST", f"/{name}/grants", kind="person", name="ada", write=True)
    writes = used(site, ADA, name).json
    assert (writes["read_only"], writes["secrets"]) == (False, {"password": CANARY})
    assert used(site, BOB, name).status == 404


@pytest.mark.security(22)
def test_what_is_taken_back_is_refused_at_the_next_use(site: Site, name: str) -> None:
    send(site, ROOT, "POST", f"/{name}/grants", kind="person", name="ada")
    assert used(site, ADA, name).status == 200
    assert send(site, ROOT, "DELETE", f"/{name}/grants", kind="person", name="ada").status == 200
    assert used(site, ADA, name).status == 404
    assert send(site, ADA, "GET", f"/{name}").status == 404
    assert send(site, ROOT, "DELETE", f"/{name}/grants", kind="person", name="ada").status == 404


@pytest.mark.usefixtures("team")
def test_who_leaves_the_group_has_it_no_more(site: Site, name: str) -> None:
    send(site, ROOT, "POST", f"/{name}/grants", kind="group", name="team")
    assert used(site, ADA, name).status == 200
    site.people.tokens["token-ada"] = ADA
    assert used(site, ADA, name).status == 404


@pytest.mark.security(10)
def test_a_page_s_cookie_gets_no_secret(site: Site, name: str) -> None:
    path = f"/services/nightdesk/api/v1/connections/{name}/use"
    assert site.ask("POST", path, ROOT, cookie=True).status in {401, 403}


def test_a_member_sees_what_they_may_use_and_no_settings(site: Site, name: str) -> None:
    send(site, ROOT, "POST", f"/{name}/grants", kind="everybody")
    (mine,) = [each for each in send(site, ADA, "GET", "").json["connections"] if each["name"] == name]
    assert set(mine) == {
        *(
            "name",
            "kind",
            "title",
            "description",
            "read_only",
            "write",
            "held_to_reading_by",
            "example",
            "place",
        )
    }
    assert (mine["write"], mine["held_to_reading_by"]) == (False, "login")
    assert mine["example"] == f'pd.read_sql("select 1", nightdesk.connect("{name}"))'
    assert send(site, ADA, "GET", "?all=true").status == 403
    (whole,) = [
        each for each in send(site, ROOT, "GET", "?all=true").json["connections"] if each["name"] == name
    ]
    assert whole["settings"]["host"] == "db"
    assert CANARY not in send(site, ROOT, "GET", "?all=true").text


def test_changing_leaves_secrets_and_rotating_leaves_settings(site: Site, name: str) -> None:
    changed = send(site, ROOT, "PATCH", f"/{name}", title="T", settings={"host": "db2", "port": 5433})
    assert (changed.json["title"], changed.json["settings"]["host"]) == ("T", "db2")
    assert send(site, ROOT, "PATCH", f"/{name}", settings={"port": None}).json["settings"].get("port") is None
    assert send(site, ROOT, "PATCH", f"/{name}", settings={"host": None}).status == 400
    rotated = send(site, ROOT, "POST", f"/{name}/rotate", secrets={"password": "another"})
    assert rotated.status == 200
    answer = used(site, ROOT, name).json
    assert answer["secrets"] == {"password": "another"}
    assert (answer["settings"]["host"], answer["settings"]["port"]) == ("db2", 5432)
    assert send(site, ROOT, "POST", f"/{name}/rotate", secrets={"password": ""}).status == 400
    assert send(site, ROOT, "POST", f"/{name}/rotate", secrets={}).status == 400
    assert send(site, ROOT, "POST", f"/{name}/rotate", secrets={"pass": CANARY}).status == 400


def test_every_change_is_noted_and_no_secret_in_it(site: Site, name: str) -> None:
    send(site, ROOT, "PATCH", f"/{name}", title="T")
    send(site, ROOT, "POST", f"/{name}/grants", kind="person", name="ada", write=True)
    used(site, ADA, name)
    send(site, ROOT, "DELETE", f"/{name}/grants", kind="person", name="ada")
    send(site, ROOT, "POST", f"/{name}/rotate", secrets={"password": CANARY})
    send(site, ROOT, "DELETE", f"/{name}")
    entries = site.bench.records.entries(AuditFilter(on=name))
    assert [entry.action.partition(".")[2] for entry in reversed(entries)] == [
        *("made", "changed", "granted", "used", "revoked", "rotated", "removed")
    ]
    assert CANARY not in str(entries)
    assert [entry.whom for entry in entries if entry.action == "connection.granted"] == ["ada"]


def test_what_is_removed_is_gone_for_everybody(site: Site, name: str) -> None:
    assert send(site, ROOT, "DELETE", f"/{name}").json == {"removed": name}
    assert send(site, ROOT, "DELETE", f"/{name}").status == 404
    assert used(site, ROOT, name).status == 404
    for method, path, body in (
        ("PATCH", "", {"title": "x"}),
        ("POST", "/rotate", {"secrets": {"password": "x"}}),
        ("POST", "/grants", {"kind": "everybody"}),
        ("GET", "/uses", {}),
    ):
        assert send(site, ROOT, method, f"/{name}{path}", **body).status == 404


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"kind": "postgresql", "settings": {"host": "db"}}, 400, "needs the setting 'database'"),
        ({"kind": "floppy"}, 422, "kind"),
        ({"kind": "folder", "settings": {"path": "/etc"}}, 400, "below none of the places"),
        ({"kind": "folder", "settings": {"path": "/srv/data/../x"}}, 400, "without '.' and '..'"),
        (
            {"kind": "http", "settings": {"url": "https://x"}, "secrets": {"token": CANARY, "key": "x"}},
            400,
            "'key'",
        ),
    ],
)
def test_a_mistake_is_told_in_words(site: Site, body: dict[str, Any], status: int, words: str) -> None:
    answer = send(site, ROOT, "POST", "", name=f"x-{uuid.uuid4().hex[:6]}", **body)
    assert answer.status == status
    assert words in answer.json["error"]["message"]
    assert CANARY not in answer.text


def test_a_folder_is_read_only_unless_it_says_so(site: Site) -> None:
    path = f"/srv/data/{uuid.uuid4().hex}"
    made = send(
        site, ROOT, "POST", "", name=f"f-{uuid.uuid4().hex[:6]}", kind="folder", settings={"path": path}
    )
    assert (made.json["read_only"], made.json["write"]) == (True, False)
    refused = send(site, ROOT, "POST", f"/{made.json['name']}/grants", kind="everybody", write=True)
    assert refused.status == 409
    assert used(site, ROOT, made.json["name"]).json["place"] == f"/connections/{made.json['name']}"


def test_sealing_anew_goes_by_the_newest_key(site: Site, name: str) -> None:
    sealing: Any = site.platform.vault.sealing
    sealing.keys.insert(0, f"key-{name}")
    assert send(site, ROOT, "POST", "/reseal").json["resealed"] >= 1
    assert send(site, ROOT, "POST", "/reseal").json == {"resealed": 0}
    sealing.keys[1:] = []
    assert used(site, ROOT, name).json["secrets"] == {"password": CANARY}


def test_a_key_that_is_gone_is_told_and_new_secrets_help(site: Site, name: str) -> None:
    sealing: Any = site.platform.vault.sealing
    sealing.keys[:] = [f"another-{name}"]
    answer = used(site, ROOT, name)
    assert answer.status == 503
    assert "sealed with" in answer.json["error"]["message"]
    assert name in site.platform.vault.keys_missing()
    new = {"password": "a", "reader_password": "b"}
    assert send(site, ROOT, "POST", f"/{name}/rotate", secrets=new).status == 200
    assert used(site, ROOT, name).json["secrets"] == {"password": "a"}
