"""The OpenAPI description says everything that is answered, and no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints, is_typeddict

import pytest
from nightdesk.client import answers
from nightdesk.server.web.described import ANSWERS, Problem

from ..workbench import ADA, ROOT
from .site import API, Site


def described(site: Site) -> Any:
    return site.get("/openapi.json").json


def test_every_route_of_the_api_is_described_and_none_that_there_is_not(site: Site) -> None:
    document = described(site)
    there = {
        f"{method.upper()} {path.removeprefix(API)}"
        for path, operations in document["paths"].items()
        for method in operations
    }
    assert there == set(ANSWERS)


def test_every_reference_leads_somewhere_and_nothing_stands_there_unused(site: Site) -> None:
    document = described(site)
    schemas = document["components"]["schemas"]
    text = json.dumps(document)
    assert "HTTPValidationError" not in text, "our errors have a shape of their own"
    for name in schemas:
        assert f'"#/components/schemas/{name}"' in text, f"{name} is used by nothing"
    used = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert used == set(schemas)
    assert schemas["Problem"]["required"] == list(get_type_hints(Problem))


def shapes(kind: Any) -> Iterator[Any]:
    """Every typed dictionary that a type is made of."""
    if is_typeddict(kind):
        yield kind
        for hint in get_type_hints(kind).values():
            if hint is not kind and kind not in get_args(hint):  # it may hold itself
                yield from shapes(hint)
    for argument in get_args(kind):
        yield from shapes(argument)


def test_no_two_shapes_have_one_name(site: Site) -> None:
    there = described(site)["components"]["schemas"]
    kinds = {kind for answer in ANSWERS.values() for kind in shapes(answer.of)}
    assert len(kinds) > 100
    lost = {kind for kind in kinds if set(there[kind.__name__]["properties"]) != set(get_type_hints(kind))}
    assert lost == set(), "another one of that name stands there, of an answer or of a body"


def test_every_good_answer_has_a_shape_and_every_error_the_same(site: Site) -> None:
    for path, operations in described(site)["paths"].items():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert response["content"]["application/json"]["schema"] == {
                        "$ref": "#/components/schemas/Problem"
                    }
                elif int(status) < 300:
                    assert response["content"], path
            assert "503" in operation["responses"]
            assert bool(operation.get("security")) == (path != f"{API}/health")


def test_the_shape_of_a_submission_stands_there(site: Site) -> None:
    schemas = described(site)["components"]["schemas"]
    for body, part in (("Body_submit_run", "SubmitRequest"), ("Body_ask_for_build", "RequestedBuild")):
        (form,) = [schema for name, schema in schemas.items() if name.startswith(body)]
        assert form["properties"]["request"]["contentSchema"] == {"$ref": f"#/components/schemas/{part}"}
    assert schemas["SubmitRequest"]["required"] == ["file"]
    assert "as" in schemas["SubmitRequest"]["properties"]
    assert schemas["RequestedBuild"]["required"] == ["kind"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/runs/{}", answers.Run),
        ("/runs/{}/history", answers.History),
        ("/runs/{}/usage", answers.Usage),
        ("/user", answers.User),
    ],
)
def test_no_field_is_answered_that_is_not_described(site: Site, path: str, kind: Any) -> None:
    run = site.finished(ADA)
    answer = site.get(path.format(run.id), ADA).json
    assert set(answer) == set(get_type_hints(kind))


def test_checks_as_described(site: Site) -> None:
    for check in site.get("/doctor", ROOT).json["checks"]:
        assert set(check) == set(get_type_hints(answers.Check))
