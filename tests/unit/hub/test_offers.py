"""The api's offers, and the last ones while it is away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from nightdesk_hub.offer_book import ApiAway, OfferBook, ask_api
from nightdesk_hub.offers import Member, NoOffers


class Api:
    """Answers with what a test puts here."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.away = False
        self.asked: list[str] = []

    async def __call__(self, member: Member) -> Any:
        self.asked.append(member.name)
        if self.away:
            raise ApiAway("it does not answer")
        return self.answer


@pytest.fixture
def api(answer: dict[str, Any]) -> Api:
    return Api(answer)


def names(book: OfferBook, user: str, *groups: str, admin: bool = False) -> list[str]:
    member = Member(user, groups, admin)
    return [each.name for each in asyncio.run(book.offers_for(member)).environments]


def test_last_answer_survives_the_api_and_the_hub(api: Api, tmp_path: Path) -> None:
    file = tmp_path / "offers.json"
    assert names(OfferBook(api, file), "ada") == ["python-data", "r-base"]
    api.away = True
    assert names(OfferBook(api, file), "ada") == ["python-data", "r-base"]


def test_nobody_is_offered_what_another_was(api: Api, tmp_path: Path) -> None:
    book = OfferBook(api, tmp_path / "offers.json")
    names(book, "ada")
    api.away = True
    with pytest.raises(NoOffers, match="Try again in a minute"):
        names(book, "bob")


def test_a_new_answer_replaces_the_old_one(api: Api, tmp_path: Path) -> None:
    book = OfferBook(api, tmp_path / "offers.json")
    names(book, "ada")
    api.answer = {**api.answer, "environments": api.answer["environments"][1:]}
    assert names(book, "ada") == ["r-base"]
    api.away = True
    assert names(OfferBook(api, tmp_path / "offers.json"), "ada") == ["r-base"]


def test_none_registered_is_said_and_not_covered_by_an_old_answer(api: Api, tmp_path: Path) -> None:
    book = OfferBook(api, tmp_path / "offers.json")
    names(book, "ada")
    api.answer = {"environments": [], "sizes": api.answer["sizes"]}
    with pytest.raises(NoOffers, match="No environment is on offer to you"):
        names(book, "ada")
    api.away = True
    with pytest.raises(NoOffers, match="No environment is on offer to you"):
        names(book, "ada")


def test_leaving_a_group_takes_effect_while_the_api_is_away(api: Api, tmp_path: Path) -> None:
    file = tmp_path / "offers.json"
    api.answer["environments"][1]["groups"] = ["statisticians", "guests"]
    assert names(OfferBook(api, file), "ada", "guests") == ["python-data", "r-base"]
    api.away = True
    assert names(OfferBook(api, file), "ada", "guests") == ["python-data", "r-base"]
    assert names(OfferBook(api, file), "ada", "others") == ["python-data"]
    assert names(OfferBook(api, file), "ada", admin=True) == ["python-data", "r-base"]
    api.answer["environments"][0]["groups"] = ["guests"]
    api.away = False
    with pytest.raises(NoOffers, match="nightdesk env groups"):
        names(OfferBook(api, file), "ada")


@pytest.mark.parametrize("nonsense", [{}, [], "text", {"environments": [{"name": "x"}], "sizes": []}])
def test_nonsense_is_as_good_as_no_answer(api: Api, tmp_path: Path, nonsense: Any) -> None:
    book = OfferBook(api, tmp_path / "offers.json")
    names(book, "ada")
    api.answer = nonsense
    assert names(book, "ada") == ["python-data", "r-base"]


def test_a_spoilt_file_is_started_anew(api: Api, tmp_path: Path) -> None:
    file = tmp_path / "offers.json"
    file.write_text("{")
    assert names(OfferBook(api, file), "ada") == ["python-data", "r-base"]
    assert json.loads(file.read_text()).keys() == {"ada"}


def test_forget(api: Api, tmp_path: Path) -> None:
    file = tmp_path / "offers.json"
    book = OfferBook(api, file)
    names(book, "ada")
    names(book, "bob")
    book.forget("ada")
    assert json.loads(file.read_text()).keys() == {"bob"}
    assert list(tmp_path.iterdir()) == [file]


class Http(BaseHTTPRequestHandler):
    """The api's end of the wire."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        asked = parse_qs(url.query)
        user = asked["user"][0]
        known = self.headers["Authorization"] == "Bearer secret" and url.path == "/offers"
        status = (int(user) if user.isdigit() else 200) if known else 401
        body = json.dumps(asked).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Http) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/offers"
        server.shutdown()


def test_asks_as_the_hub(url: str) -> None:
    ada = Member("ada lovelace&x", ("a&b", "c d"), admin=True)
    assert asyncio.run(ask_api(url, "secret")(ada)) == {
        "user": ["ada lovelace&x"],
        "group": ["a&b", "c d"],
        "admin": ["true"],
    }
    assert asyncio.run(ask_api(url, "secret")(Member("bob"))) == {"user": ["bob"], "admin": ["false"]}


@pytest.mark.parametrize("status", ["500", "503", "429"])
def test_trouble_of_the_api_is_away(url: str, status: str) -> None:
    with pytest.raises(ApiAway, match=status):
        asyncio.run(ask_api(url, "secret")(Member(status)))


@pytest.mark.parametrize(("token", "user"), [("wrong", "ada"), ("secret", "404"), ("secret", "403")])
def test_a_refusal_is_said(url: str, token: str, user: str) -> None:
    with pytest.raises(NoOffers, match="does not say what you may start"):
        asyncio.run(ask_api(url, token)(Member(user)))


def test_nobody_there_is_away() -> None:
    with pytest.raises(ApiAway):
        asyncio.run(ask_api("http://127.0.0.1:9/offers", "secret")(Member("ada")))
