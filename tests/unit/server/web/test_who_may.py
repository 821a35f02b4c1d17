"""Every route with everybody: the routes come from the application itself, the answers from one table."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Status
from starlette.routing import Mount, Route

from ..workbench import ADA, BOB, ROOT
from .asking import TEAM, asked
from .ruled import EXPECTED
from .site import BASE, SERVICE_TOKEN, Site

# Who is in a group with the owner of the run that is asked for has a column of their own.
PEOPLE: dict[str, Person | str | None] = {
    "anonymous": None,
    "owner": ADA,
    "other": BOB,
    "admin": ROOT,
    "group member": "token-cleo",
}


def routes(site: Site) -> set[tuple[str, str]]:
    """Method and path of everything that the application answers to."""
    found: set[tuple[str, str]] = set()
    for context in iter_route_contexts(site.app.routes):
        route = context.original_route
        if isinstance(route, Mount):
            assert route.path == f"{BASE}/static", f"{route.path} is mounted: say here who may see it"
        else:
            assert isinstance(route, Route | APIRoute), f"{route!r} is of a kind that this test does not know"
            found |= {(method, str(context.path)) for method in route.methods or ()}
    return found


@pytest.mark.security(1)
def test_every_route_stands_in_the_table(site: Site) -> None:
    there, ruled = routes(site), set(EXPECTED)
    without = "".join(
        f'\n    ("{method}", "{path}"): (401, 200, 404, 200),' for method, path in sorted(there - ruled)
    )
    assert not without, (
        f"Nobody has said who may do this:{without}\nAdd each to EXPECTED in {ruled.__file__}, with what anonymous, the "
        "owner of the run that it is about, another person and an admin are answered, and as a fifth what a member of "
        "the owner's group is where that differs from another person. Where the path holds a name of something other "
        "than a run, an environment or a build, `asked` in asking.py has to put one there. Pages: 303 for anonymous."
    )
    gone = ruled - there
    assert not gone, f"There are no such routes any more; take them out of EXPECTED: {sorted(gone)}"


@pytest.fixture
def a_group(site: Site) -> Iterator[None]:
    """ada and cleo are in it, bob is not; root is an admin and in none."""
    site.people.tokens["token-ada"] = Person("ada", groups=TEAM)
    site.people.tokens["token-cleo"] = Person("cleo", groups=TEAM)
    yield
    site.people.tokens["token-ada"] = ADA
    del site.people.tokens["token-cleo"]


@pytest.mark.parametrize(
    ("method", "path"), list(EXPECTED), ids=[f"{method} {path}" for method, path in EXPECTED]
)
@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.usefixtures("a_group")
@pytest.mark.security(1)
def test_who_is_answered_what(site: Site, who: str, method: str, path: str) -> None:
    codes = EXPECTED[method, path]
    expected = dict(zip(PEOPLE, codes, strict=False)).get(who, codes[2])
    answer = asked(site, PEOPLE[who], method, path)
    assert answer.status == expected
    if expected >= 400:
        assert set(answer.json) == {"error"}
        assert set(answer.json["error"]) == {"code", "message", "hint"}
        assert answer.json["error"]["message"]
    if expected == 303 and who == "anonymous" and path not in {f"{BASE}/login", f"{BASE}/logout"}:
        assert answer.headers["location"].startswith(f"{BASE}/login?next={BASE}")


@pytest.mark.parametrize(
    ("method", "path"), [each for each in EXPECTED if each[0] not in {"GET", "HEAD"}], ids=" ".join
)
@pytest.mark.security(10)
def test_a_change_by_cookie_needs_the_pages_own_value(site: Site, method: str, path: str) -> None:
    """Whatever another site has a browser send: the cookie goes along, the value cannot."""
    for who in (ADA, ROOT):
        for headers in ({}, {"X-XSRFToken": "guessed"}, {"Origin": "https://evil.example"}):
            filled = re.sub(r"{[^}]*}", "x", path)
            form = {"_xsrf": "guessed", "kind": "image", "environment": "page", "source": "x"}
            answer = site.ask(method, filled, who, cookie=True, form=form, headers=dict(headers))
            assert answer.status in {401, 403}, (headers, answer)


def test_the_hub_asks_for_offers(site: Site) -> None:
    answer = site.get("/offers?user=ada", SERVICE_TOKEN)
    assert answer.status == 200
    assert set(answer.json) == {"user", "environments", "sizes", "limits", "places", "in_use"}
    assert site.get("/offers", SERVICE_TOKEN).status == 422
    assert site.get("/offers?user=ada", SERVICE_TOKEN + "x").status == 401
    assert site.get("/user", SERVICE_TOKEN).status == 401, "and is nobody elsewhere"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/log",
        "/events",
        "/so-far",
        "/outputs",
        "/outputs.zip",
        "/outputs/log.txt",
        "/outputs/notebook.html",
        "/outputs/nothing",
    ],
)
@pytest.mark.security(2)
def test_another_s_run_is_told_like_none(site: Site, path: str) -> None:
    run = site.finished(ADA)
    others = site.get(f"/runs/{run.id}{path}", BOB)
    nobodys = site.get(f"/runs/abcdefghijkm{path}", BOB)
    assert (others.status, nobodys.status) == (404, 404)
    assert others.body.replace(run.id.encode(), b"ID") == nobodys.body.replace(b"abcdefghijkm", b"ID")
    assert {**others.headers, "date": "", "content-length": ""} == {
        **nobodys.headers,
        "date": "",
        "content-length": "",
    }


def test_cancelling_another_s_run_changes_nothing(site: Site) -> None:
    run = site.bench.submit(person=ADA)
    assert site.post(f"/runs/{run.id}/cancel", BOB).status == 404
    assert site.bench.run(run).status is Status.QUEUED


def test_lists_hold_one_s_own_runs(site: Site) -> None:
    mine, theirs = site.bench.submit(person=ADA), site.bench.submit(person=BOB)

    def ids(query: str, person: Person) -> set[str]:
        return {run["id"] for run in site.get(f"/runs?limit=500{query}", person).json["runs"]}

    assert mine.id in ids("", ADA)
    assert theirs.id not in ids("", ADA) | ids("&owner=all", ADA) | ids("&owner=ada", ADA)
    assert site.get("/runs?owner=bob", ADA).status == 403
    assert {mine.id, theirs.id} <= ids("&owner=all", ROOT)
    assert ids("&owner=bob", ROOT) & {mine.id, theirs.id} == {theirs.id}
    assert ids("", ROOT) & {mine.id, theirs.id} == set()
    for page, person, seen in (
        ("", ADA, {mine.id}),
        ("?owner=all", ADA, {mine.id}),
        ("?owner=all", ROOT, {mine.id, theirs.id}),
    ):
        text = site.ask("GET", f"{BASE}/{page}", person, cookie=True).text
        assert {run.id for run in (mine, theirs) if run.id in text} == seen


@pytest.mark.parametrize(
    "header",
    [
        "Bearer nobody's",
        "Bearer",
        "Bearer ",
        "token-ada",
        "Basic dG9rZW4tYWRhOg==",
        "Bearer token-ada x",
        "Negotiate token-ada",
    ],
)
def test_what_is_no_token(site: Site, header: str) -> None:
    assert site.get("/user", headers={"Authorization": header}).status == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "token", "Token"])
def test_ways_to_write_a_token(site: Site, scheme: str) -> None:
    assert site.get("/user", headers={"Authorization": f"{scheme} token-ada"}).json == {
        "name": "ada",
        "admin": False,
        "groups": [],
    }


@pytest.mark.security(22)
def test_a_token_that_was_revoked_is_refused(site: Site) -> None:
    site.people.tokens["token-eve"] = Person("eve")
    assert site.get("/user", "token-eve").status == 200
    assert site.ask("GET", f"{BASE}/", "token-eve", cookie=True).status == 200
    del site.people.tokens["token-eve"]
    assert site.get("/user", "token-eve").status == 401
    assert site.ask("GET", f"{BASE}/", "token-eve", cookie=True).status == 303


@pytest.mark.security(7)
def test_admins_are_those_that_the_hub_says_are(site: Site) -> None:
    """Nobody promotes himself: what the request says about it is nothing."""
    for extra in ("?admin=true", "?user=root", "?owner=root"):
        assert site.get(f"/doctor{extra}", ADA).status == 403
    assert site.submit(BOB, **{"as": "ada"}).status == 403
    answer = site.submit(ROOT, **{"as": "ada"})
    assert (answer.status, answer.json["owner"], answer.json["submitted_by"]) == (201, "ada", "root")


def test_a_hub_that_is_away_is_not_nobody(site: Site) -> None:
    site.people.away = True
    try:
        answer = site.get("/user", ADA)
    finally:
        site.people.away = False
    assert answer.status == 503
    assert answer.json["error"] == {
        "code": "unavailable",
        "message": "the hub does not answer, so nobody can be signed in",
        "hint": "Try again in a moment.",
    }
