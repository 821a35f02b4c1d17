"""Disabling people in the middle of what they do, handing over what they own, and the next of the same name."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from ..support.notebooks import notebook
from ..support.people import Person, call_hub, join
from ..support.platform import Platform, docker
from ..support.waiting import until

pytestmark = pytest.mark.platform

OUT_SECONDS = 3  # everything that somebody had is refused by then, and long before


def change(platform: Platform, name: str, **body: Any) -> Any:
    answer = call_hub(platform, platform.admin_token, "PATCH", f"/nightdesk/people/{name}", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def remove(platform: Platform, name: str, query: str = "") -> None:
    answer = call_hub(platform, platform.admin_token, "DELETE", f"/nightdesk/people/{name}{query}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["removed"] is True


class Stream:
    """Somebody's open event stream; `ended` once the other side has closed it."""

    def __init__(self, person: Person, run: str) -> None:
        self.lines: list[str] = []
        self.ended = threading.Event()
        self._url = f"{person.platform.url}/api/v1/runs/{run}/events"
        self._headers = {"Authorization": f"Bearer {person.token}"}
        threading.Thread(target=self._read, daemon=True).start()
        until(lambda: any("event: run" in line for line in self.lines), "the stream's first event")

    def _read(self) -> None:
        with requests.Session() as web, contextlib.suppress(requests.RequestException):
            web.trust_env = False
            with web.get(self._url, headers=self._headers, stream=True, timeout=60) as answer:
                for line in answer.iter_lines():
                    self.lines.append(line.decode())
        self.ended.set()


def test_who_is_disabled_is_out_at_once_with_all_that_they_had_open(platform: Platform) -> None:
    lea = join(platform, "lea")
    session = lea.session(environment="python-data", size="tiny")
    inside = session.variable("JUPYTERHUB_API_TOKEN")
    held = lea.runs.hold(retries=3)
    held.holding()
    stream = Stream(lea, held.id)
    assert lea.runs.call("GET", "/user").status_code == 200  # the api remembers her from now on
    done = change(platform, "lea", disabled=True)
    asked = time.monotonic()
    assert done["leaving"]["settled"] is True, done
    for token in (lea.token, inside):
        refused = requests.get(
            f"{platform.url}/api/v1/user", headers={"Authorization": f"Bearer {token}"}, timeout=10
        )
        assert refused.status_code == 401
        assert call_hub(platform, token, "GET", "/user").status_code == 403
    assert stream.ended.wait(max(0.1, OUT_SECONDS - (time.monotonic() - asked))), "the stream is open still"
    assert not platform.containers("session", "label=org.nightdesk.user=lea")
    with requests.Session() as web:
        web.trust_env = False
        page = web.get(f"{platform.address}/hub/login", timeout=10)
        form = {
            "username": "lea",
            "password": lea.password,
            "_xsrf": page.text.split('name="_xsrf" value="')[1].split('"')[0],
        }
        told = web.post(f"{platform.address}/hub/login", data=form, timeout=10)
    assert told.status_code == 403
    assert "Your account is disabled" in told.text
    admins = Person(platform, "admin", "", platform.admin_token).runs
    ended = admins.end(held.id)
    assert (ended["status"], ended["attempt"]) == ("cancelled", 1), ended
    nobody = admins.call(
        "POST",
        "/runs",
        files={"request": (None, '{"file": "a.ipynb", "as": "lea"}'), "source": ("a.ipynb", notebook("1"))},
    )
    assert nobody.status_code == 409
    assert "disabled" in nobody.json()["error"]["message"]
    change(platform, "lea", disabled=False)
    assert lea.runs.call("GET", "/user").status_code == 401, "tokens do not come back"
    remove(platform, "lea")


@pytest.fixture
def limited(platform: Platform) -> Iterator[Callable[[str], Person]]:
    """People who are gone after the test, whatever became of it."""
    made: list[str] = []

    def one(name: str) -> Person:
        made.append(name)
        return join(platform, name)

    yield one
    for name in made:
        call_hub(platform, platform.setup_token, "DELETE", f"/nightdesk/people/{name}?purge_home=1")


def test_what_somebody_owned_goes_to_another(platform: Platform, limited: Callable[[str], Person]) -> None:
    mona, nils = limited("mona"), limited("nils")
    session = mona.session(environment="python-data", size="tiny")
    session.put("plan.txt", b"the plan")
    over = mona.runs.end(mona.runs.submit(notebook("print('done')"), key="night")["id"], 120)
    his = nils.runs.end(nils.runs.submit(notebook("print('his')"), key="night")["id"], 120)
    held = mona.runs.hold(retries=2)
    before = held.holding().identity()
    done = change(platform, "mona", disabled=True, hand_over_to="nils")
    assert done["done"]["handed_over"] >= 2
    assert done["done"]["ending"] == 0
    assert {over["id"], his["id"], held.id} <= {run["id"] for run in nils.runs.ask("GET", "/runs")["runs"]}
    assert nils.runs.show(over["id"])["owner"] == "nils"
    assert b"done" in nils.runs.output(over["id"], "log.txt")
    story = [change["what"] for change in nils.runs.ask("GET", f"/runs/{over['id']}/history")["changes"]]
    assert story[-1] == "handed over from mona to nils by admin"
    assert nils.runs.submit(notebook("print('his')"), key="night")["id"] == his["id"], (
        "his key is his own still"
    )
    held.runs = nils.runs
    assert held.identity() == before, "what ran goes on"
    held.succeed()
    heirs = nils.session(environment="python-data", size="tiny")
    assert heirs.do("cat", "/home/nightdesk/from-mona/plan.txt") == "the plan"
    with pytest.raises(AssertionError, match="Read-only file system"):
        heirs.do("touch", "/home/nightdesk/from-mona/mine.txt")
    remove(platform, "mona")
    assert nils.runs.show(over["id"])["owner"] == "nils"


def test_the_next_of_the_same_name_inherits_nothing(
    platform: Platform, limited: Callable[[str], Person]
) -> None:
    first = limited("olaf")
    call_hub(platform, platform.admin_token, "POST", "/groups/research")
    call_hub(platform, platform.admin_token, "POST", "/groups/research/users", {"users": ["olaf"]})
    first.session(environment="python-data", size="tiny").put("secret.txt", b"mine")
    run = first.runs.end(first.runs.submit(notebook("print('olaf one')"), key="same")["id"], 120)
    remove(platform, "olaf")
    assert "secret.txt" in docker(
        "run", "--rm", "-v", f"{platform.project}-home-olaf:/h:ro", run["environment"]["digest"], "ls", "/h"
    ), "the first one's files are there still"

    second = limited("olaf")
    assert second.runs.call("GET", f"/runs/{run['id']}").status_code == 404
    assert second.runs.ask("GET", "/runs")["runs"] == []
    assert second.hub("GET", "/user").json()["groups"] == []
    assert first.runs.call("GET", "/user").status_code == 401
    assert "secret.txt" not in second.session(environment="python-data", size="tiny").do(
        "ls", "-A", "/home/nightdesk"
    )
    again = second.runs.submit(notebook("print('olaf two')"), key="same")
    assert again["id"] != run["id"]
    admins = Person(platform, "admin", "", platform.admin_token).runs
    assert admins.show(run["id"])["owner"].startswith("olaf~")


def test_a_home_goes_for_ever_when_that_is_asked_for(
    platform: Platform, limited: Callable[[str], Person]
) -> None:
    pia = limited("pia")
    pia.session(environment="python-data", size="tiny").put("data.bin", b"x" * 2**20)
    shown = call_hub(platform, platform.admin_token, "GET", "/nightdesk/people/pia").json()
    assert shown["home_bytes"] > 2**20
    remove(platform, "pia", "?purge_home=1")
    assert shown["home"] not in docker("volume", "ls", "--format", "{{.Name}}").split()
