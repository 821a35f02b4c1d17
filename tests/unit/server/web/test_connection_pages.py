"""The pages of connections: what a person sees, what an admin does, and that no secret comes back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from nightdesk.connection_kinds import KINDS
from nightdesk.server.domain.connection import Grant
from nightdesk.server.domain.connection_kind import ConnectionKind
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.policy import Kind
from nightdesk.server.doubles.probe import MemoryProbe
from nightdesk.server.services.connection_tests import take
from nightdesk.server.services.connections import Draft

from ..workbench import ADA, BOB, ROOT
from .site import BASE, Answer, Site

CANARY = "canary-Zx9-in-a-form"
SETTINGS = {"host": "db.example.org", "database": "sales", "user": "nightdesk"}
KEPT, NEW = f"{BASE}/admin/connections", f"{BASE}/admin/new-connection"


@pytest.fixture
def warehouse(site: Site) -> Iterator[str]:
    """One that nobody may use but admins."""
    wanted = Draft(
        "warehouse",
        ConnectionKind.POSTGRESQL,
        title="Sales & more",
        settings=SETTINGS,
        secrets={"password": CANARY},
    )
    site.platform.vault.make(ROOT, wanted)
    yield "warehouse"
    if site.bench.records.connection("warehouse"):
        site.platform.vault.remove(ROOT, "warehouse")


def page(site: Site, path: str, person: Person = ROOT) -> Answer:
    return site.ask("GET", path, person, cookie=True)


def press(site: Site, path: str, **fields: str) -> Answer:
    """Send a form of root's, as its page has it."""
    shown = page(site, KEPT if "/new-" not in path else path).text
    if 'name="_xsrf"' not in shown:
        shown = page(site, f"{BASE}/groups").text
    value = shown.split('name="_xsrf" value="')[1].split('"')[0]
    return site.ask("POST", path, ROOT, cookie=True, form={"_xsrf": value, **fields})


def of_settings(**values: str) -> dict[str, str]:
    return {f"setting.{name}": value for name, value in {**SETTINGS, **values}.items()}


def test_a_person_sees_what_is_granted_with_lines_to_copy(site: Site, warehouse: str) -> None:
    mine = f"{BASE}/connections"
    assert "There is no connection for you yet" in page(site, mine, ADA).text
    site.platform.vault.grant(ROOT, warehouse, Grant(Kind.PERSON, "ada"))
    shown = page(site, mine, ADA).text
    for words in ("Sales &amp; more", "PostgreSQL", "you may read ·", "a courtesy", "not used it yet"):
        assert words in shown
    assert "nightdesk.connect(&#34;warehouse&#34;)" in shown
    assert "%sql warehouse" in shown
    assert "DBI::dbGetQuery" in shown
    assert "db.example.org" not in shown, "settings are for admins"
    site.platform.vault.use(ADA, warehouse, None)
    assert "you used it last" in page(site, mine, ADA).text
    assert "warehouse" not in page(site, mine, BOB).text


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_kind_s_form_has_its_fields_alone(site: Site, kind: str) -> None:
    shown = page(site, f"{NEW}/{kind}").text
    about = KINDS[kind]
    there = {each.split('"')[0] for each in shown.split('name="setting.')[1:]}
    assert there == {field.name for field in about.plain}
    there = {each.split('"')[0] for each in shown.split('name="secret.')[1:]}
    assert there == {field.name for field in about.hidden}


def test_there_is_no_form_of_a_kind_that_there_is_not(site: Site) -> None:
    assert page(site, f"{NEW}/pigeon").status == 404


def test_an_admin_adds_one(site: Site) -> None:
    done = press(
        site,
        f"{NEW}/postgresql",
        name="made",
        title="T",
        **of_settings(port=""),
        **{"secret.password": CANARY},
    )
    assert done.status == 303, done.text
    assert done.headers["location"] == f"{KEPT}/made?made=1"
    connection = site.bench.records.connection("made")
    assert connection is not None
    assert dict(connection.settings) == SETTINGS
    assert not connection.read_only
    opened = site.platform.vault.use(ROOT, "made", None)[1]
    assert opened.secrets == {"password": CANARY}
    assert "for admins alone so far" in page(site, f"{KEPT}/made?made=1").text
    site.platform.vault.remove(ROOT, "made")


def test_a_key_of_several_lines_arrives_as_it_is(site: Site) -> None:
    fields = {"setting.host": "h", "setting.user": "u", "setting.host_key": "ssh-ed25519 " + HOST_KEY}
    key = "-----BEGIN KEY-----\r\nabc\r\n-----END KEY-----\r\n"
    done = press(site, f"{NEW}/sftp", name="files", **fields, **{"secret.private_key": key})
    assert done.status == 303, done.text
    opened = site.platform.vault.use(ROOT, "files", None)[1]
    assert opened.secrets == {"private_key": key.replace("\r\n", "\n")}
    site.platform.vault.remove(ROOT, "files")


HOST_KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIB" + "A" * 42


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"name": "No Name"}, 400, "is no name for a connection"),
        ({"name": "x", "setting.port": "many"}, 400, "port"),
        ({"name": "x", "setting.host": ""}, 400, "host"),
        ({"name": "warehouse"}, 409, "warehouse"),
    ],
)
def test_a_form_that_is_refused_keeps_what_was_typed_but_no_secret(
    site: Site, warehouse: str, fields: dict[str, str], status: int, words: str
) -> None:
    sent: dict[str, Any] = {
        "title": "As typed",
        **of_settings(),
        "secret.password": "canary-refused",
        **fields,
    }
    answer = press(site, f"{NEW}/postgresql", **sent)
    assert (answer.status, words in answer.text) == (status, True), answer.text
    assert 'value="As typed"' in answer.text
    assert "canary-refused" not in answer.text
    assert "type them once more" in answer.text
    assert warehouse


def test_no_page_shows_a_secret(site: Site, warehouse: str) -> None:
    site.platform.vault.use(ROOT, warehouse, None)
    for path in (KEPT, f"{KEPT}/{warehouse}", f"{BASE}/connections", f"{BASE}/admin/audit"):
        answer = page(site, path)
        assert answer.status == 200
        assert CANARY not in answer.text, path
        assert answer.headers["cache-control"] == "no-store"


def test_what_is_changed(site: Site, warehouse: str) -> None:
    at = f"{KEPT}/{warehouse}/settings"
    done = press(site, at, title="New", read_only="true", **of_settings(host="db2.example.org"))
    assert done.status == 303, done.text
    assert done.headers["location"].endswith("?saved=settings#settings")
    changed = site.bench.records.connection(warehouse)
    assert changed is not None
    assert (changed.title, changed.read_only, changed.settings["host"]) == ("New", True, "db2.example.org")
    assert site.platform.vault.use(ROOT, warehouse, None)[1].secrets == {"password": CANARY}
    wrong = press(site, at, **of_settings(host="", port="99999999"))
    assert wrong.status == 400
    assert 'value="99999999"' in wrong.text


def test_a_reader_s_login_comes_whole(site: Site, warehouse: str) -> None:
    at = f"{KEPT}/{warehouse}/settings"
    half = press(site, at, **of_settings(reader_user="reader"))
    assert half.status == 400
    assert "reader_password" in half.text
    done = press(site, at, **of_settings(reader_user="reader"), **{"secret.reader_password": "canary-reader"})
    assert done.status == 303, done.text
    site.platform.vault.grant(ROOT, warehouse, Grant(Kind.PERSON, "ada"))
    opened = site.platform.vault.use(ADA, warehouse, None)[1]
    assert (opened.settings["user"], opened.secrets) == ("reader", {"password": "canary-reader"})
    kept = press(site, at, **of_settings(reader_user="reader", host="db3"))
    assert kept.status == 303, "a secret that is left empty stays"


def test_rotates_grants_and_takes_back(site: Site, warehouse: str) -> None:
    assert press(site, f"{KEPT}/{warehouse}/secrets", **{"secret.password": "canary-new"}).status == 303
    assert site.platform.vault.use(ROOT, warehouse, None)[1].secrets == {"password": "canary-new"}
    assert press(site, f"{KEPT}/{warehouse}/secrets").status == 400
    assert press(site, f"{KEPT}/{warehouse}/grant", whom="group", name="lab", write="true").status == 303
    assert press(site, f"{KEPT}/{warehouse}/grant", whom="everybody", name="ignored").status == 303
    assert press(site, f"{KEPT}/{warehouse}/grant", whom="person", name="").status == 400
    shown = page(site, f"{KEPT}/{warehouse}").text
    assert 'data-grant="lab"' in shown
    assert 'data-grant="everybody"' in shown
    assert press(site, f"{KEPT}/{warehouse}/revoke", whom="everybody", name="").status == 303
    left = site.bench.records.connection(warehouse)
    assert left is not None
    assert left.grants == (Grant(Kind.GROUP, "lab", True),)
    assert "lab (write)" in page(site, KEPT).text


@pytest.fixture
def probe(site: Site) -> Iterator[MemoryProbe]:
    """A worker that tries what it is asked to."""
    probe, enough = MemoryProbe(), threading.Event()
    site.bench.records.beat("worker-1", 1, 1)

    def work() -> None:
        while not enough.wait(0.02):
            todo = take(site.bench.records, site.platform.handing_over, probe)
            if todo is not None:
                todo()

    thread = threading.Thread(target=work)
    thread.start()
    yield probe
    enough.set()
    thread.join()


def test_a_test_says_which_step_fails(site: Site, warehouse: str, probe: MemoryProbe) -> None:
    probe.words = "the password of 'nightdesk' is refused"
    failed = press(site, f"{KEPT}/{warehouse}/test")
    assert failed.status == 200
    for words in ('data-trial="fails"', "✗", "Login", "the password of &#39;nightdesk&#39; is refused"):
        assert words in failed.text
    assert CANARY not in failed.text
    probe.words = ""
    works = press(site, f"{KEPT}/{warehouse}/test").text
    assert 'data-trial="works"' in works
    assert "✗" not in works


def test_removing_is_agreed_to(site: Site, warehouse: str) -> None:
    at = f"{KEPT}/{warehouse}/remove"
    assert press(site, at).status == 400
    assert press(site, at, name="other").status == 400
    assert press(site, at, name=warehouse).status == 303
    assert page(site, f"{KEPT}/{warehouse}").status == 404
