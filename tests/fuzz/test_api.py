"""The API asked for anything that its own description allows, and for what it does not, by anybody.

Nothing is answered with a fault or a stack trace, every error has the documented shape, and every
answer is what the description says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nightdesk.server.web.described import ANSWERS

from ..support.people import Person
from ..support.platform import Platform
from .conftest import Known
from .requested import place, submissions, ways, wished_builds

pytestmark = pytest.mark.platform
PEOPLE = ["member", "admin", "anonymous"]
EXAMPLES, THOROUGH = 8, 150
LEAKS = (
    "Traceback",
    'File "/',
    "sqlalchemy.",
    "sqlalche.me",
    "starlette",
    "nightdesk.server",
    "site-packages",
    "Error(",
)
OPEN = {"GET /health"}
# Forms have tests of their own; a clean-up would take away what other tests have left for themselves.
ELSEWHERE = {"POST /runs", "POST /builds", "POST /environments/cleaning"}
Ask = Callable[..., requests.Response]


@pytest.fixture(scope="module")
def ask(platform: Platform) -> Any:
    """One request, with one connection for all of them."""
    with requests.Session() as web:
        web.trust_env = False

        def send(method: str, path: str, token: str, **how: Any) -> requests.Response:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            return web.request(method, f"{platform.address}{path}", headers=headers, timeout=60, **how)

        yield send


@pytest.fixture
def token(felix: Person, admin: Person, who: str) -> str:
    return {"member": felix.token, "admin": admin.token, "anonymous": ""}[who]


@pytest.fixture
def examples(request: pytest.FixtureRequest) -> settings:
    """How many of each: few in `make test`, many in `make bad-input`."""
    many = THOROUGH if request.config.getoption("thorough") else EXAMPLES
    return settings(
        max_examples=many,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )


def check(answer: requests.Response, who: str, route: str) -> None:
    """What holds of every answer, beyond what its description says."""
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        text = answer.text.replace("'sqlalchemy'", "")  # in quotes it is a kind of connections
        assert not [leak for leak in LEAKS if leak in text], answer.text
        words = answer.json()["error"]
        assert set(words) - {"field"} == {"code", "message", "hint"}
        assert words.get("field", "x").strip()
        assert words["message"].strip()
        assert len(answer.content) < 5000
    if who == "anonymous" and route not in OPEN:
        assert answer.status_code in {401, 404, 422}, "nobody is told nothing"


@pytest.mark.parametrize("route", [route for route in ANSWERS if route not in ELSEWHERE])
@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_a_route_keeps_to_its_description(
    platform: Platform, schema: Any, known: Known, examples: settings, token: str, who: str, route: str, mode: str
) -> None:  # fmt: skip
    import schemathesis

    if mode == "negative" and route in OPEN:
        return  # nothing of it can be wrong
    path, method = place(route)
    operation = schema[path][method]
    cases = operation.as_strategy(schemathesis.GenerationMode(mode))
    checks = [
        schemathesis.checks.not_a_server_error,
        schemathesis.checks.status_code_conformance,
        schemathesis.checks.content_type_conformance,
        schemathesis.checks.response_headers_conformance,
        schemathesis.checks.response_schema_conformance,
    ]

    @examples
    @given(case=cases, ways=ways(route, known))
    def one(case: Any, ways: dict[str, Any]) -> None:
        case.path_parameters.update(ways)
        with requests.Session() as web:
            web.trust_env = False
            answer = case.call(
                base_url=platform.address,
                session=web,
                headers={"Authorization": f"Bearer {token}"} if token else {},
            )
        case.validate_response(answer, checks=checks)
        check(answer, who, route)

    one()


@pytest.mark.parametrize("who", PEOPLE)
def test_a_submit_of_anything_is_accepted_or_refused_in_words(
    ask: Ask, description: dict[str, Any], examples: settings, token: str, who: str
) -> None:
    path, method = place("POST /runs")

    @examples
    @given(parts=submissions(), extra=st.booleans())
    def one(parts: dict[str, Any], extra: bool) -> None:
        form = [
            (name, (None, text)) if name == "request" else (name, (name, text))
            for name, text in parts.items()
        ]
        answer = ask(method, path, token, files=[*form, *form[:1]] if extra else form or {"x": (None, "y")})
        check(answer, who, "POST /runs")
        responses = description["paths"][path]["post"]["responses"]
        assert str(answer.status_code) in responses, f"{answer.status_code} is not in the description"
        if answer.status_code in {200, 201}:
            assert {"id", "status", "parameters"} <= set(answer.json())

    one()


@pytest.mark.parametrize("who", PEOPLE)
def test_a_build_of_anything_is_accepted_or_refused_in_words(
    ask: Ask, description: dict[str, Any], examples: settings, token: str, who: str
) -> None:
    path, method = place("POST /builds")

    @examples
    @given(parts=wished_builds())
    def one(parts: dict[str, Any]) -> None:
        form = [
            (name, (None, text)) if name == "request" else (name, (name, text))
            for name, text in parts.items()
        ]
        answer = ask(method, path, token, files=form or {"x": (None, "y")})
        check(answer, who, "POST /builds")
        responses = description["paths"][path]["post"]["responses"]
        assert str(answer.status_code) in responses, f"{answer.status_code} is not in the description"
        if answer.status_code == 201:
            assert who == "admin"
            assert ask(method, f"{path}/{answer.json()['id']}/cancel", token).status_code == 200

    one()


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"a=b&request=%7B%7D", b"\x00" * 100, b"--b\r\n\r\n--b--", b"--b"], ids=repr
)
@pytest.mark.parametrize(
    "kind", ["application/json", "multipart/form-data; boundary=b", "multipart/form-data", "x", ""]
)
def test_a_submit_that_is_no_form_is_refused(
    felix: Person, platform: Platform, body: bytes, kind: str
) -> None:
    with requests.Session() as web:
        web.trust_env = False
        headers = {"Authorization": f"Bearer {felix.token}", "Content-Type": kind}
        answer = web.post(f"{platform.url}/api/v1/runs", data=body, headers=headers, timeout=30)
    assert answer.status_code in {400, 422}, answer.text
    check(answer, "member", "POST /runs")


def taken(route: str, method: str, path: str) -> bool:
    """Whether this route is for the method, and its address for the path."""
    address, takes = place(route)
    return takes == method and re.fullmatch(re.sub(r"{[a-z_]+}", ".+", address), path) is not None


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "TRACE", "OPTIONS", "NONSENSE"])
def test_methods_that_a_route_does_not_take(ask: Ask, felix: Person, known: Known, method: str) -> None:
    for route in ANSWERS:
        path, _ = place(route)
        path = path.format(
            run_id=known.own,
            name="log.txt",
            version="1",
            channel="stable",
            build_id=known.build,
            schedule_id="none",
            pipeline_id="none",
            sweep_id="none",
            kind="group",
            number=1,
        )
        if any(taken(each, method, path) for each in ANSWERS):
            continue  # another route takes it
        answer = ask(method, path, felix.token)
        assert answer.status_code in ({400} if method == "NONSENSE" else {405}), (route, answer.text)
        if answer.status_code == 405 and answer.content:
            check(answer, "member", route)


@pytest.mark.parametrize(
    "path",
    ["/runs/%00", "/runs/%ff%fe", "/runs/..%2f..", "/runs//", "/nothing", "/runs/" + "x" * 5000, "/runs?limit=%00",
     "/runs?before=%ff",
     "/runs?limit=9" + "9" * 5000, "/runs?since=0000-00-00", "/runs?since=9999-12-31T23:59:59%2B99:99", "/runs?name=%25%5C_*",
     "/runs?status=%0d%0aX:%20y", "/runs?limit=1&limit=x", "/openapi.json?x=%00", "/%", "//%2"],
    ids=lambda path: path[:40],
)  # fmt: skip
def test_odd_addresses(ask: Ask, felix: Person, path: str) -> None:
    answer = ask("GET", f"{place('GET ')[0]}{path}", felix.token)
    assert answer.status_code < 500, answer.text
    assert "x" not in {name.lower() for name in answer.headers}
    if answer.status_code >= 400 and "json" in answer.headers.get("content-type", ""):
        assert json.loads(answer.content)["error"]["message"]
        assert not [leak for leak in LEAKS if leak in answer.text]
