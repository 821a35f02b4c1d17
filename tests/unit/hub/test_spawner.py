"""One session's life, without a hub around it: what is built, found again, said and removed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import APIError
from jupyterhub.objects import Hub, Server
from nightdesk.config import Settings
from nightdesk_hub.accounts.register import Register
from nightdesk_hub.bulletin import Bulletin
from nightdesk_hub.desk import Desk
from nightdesk_hub.journal import Journal
from nightdesk_hub.leaving.departures import Departures
from nightdesk_hub.leaving.settling import Settling
from nightdesk_hub.live_sessions import Gauge
from nightdesk_hub.names import Names
from nightdesk_hub.networks import UserNetworks
from nightdesk_hub.offer_book import OfferBook
from nightdesk_hub.refused import StartRefused
from nightdesk_hub.spawner import FOUND_AGAIN_SECONDS, NightdeskSpawner
from nightdesk_hub.start_queue import StartQueue

from .engine_double import EngineDouble
from .hub_process import free_port
from .offers_double import NEW, OLD

NAMES = Names("desk")


class Session:
    """A spawner of somebody's, with an engine to look into."""

    def __init__(self, folder: Path, answer: Any, user: str = "ada") -> None:
        async def ask(_member: Any) -> Any:
            return answer

        async def tell(_name: str, _news: dict[str, Any]) -> dict[str, Any]:
            return {}

        self.engine = EngineDouble("desk", {OLD, NEW}, port=free_port())
        register, departures = Register(folder / "a.sqlite"), Departures(folder / "a.sqlite")
        self.desk = Desk(
            settings=Settings.model_validate({"sessions": {"start_timeout": 2, "pids_limit": 99}}),
            names=NAMES,
            engine=self.engine,
            networks=UserNetworks(self.engine, NAMES, "10.213.0.0/24"),
            offers=OfferBook(ask, folder / "offers.json"),
            starts=StartQueue(1),
            register=register,
            departures=departures,
            settling=Settling(departures, tell, register, self.engine, NAMES),
            journal=Journal(folder / "journal.sqlite", lambda _entries: None),
            gauge=Gauge(self.engine),
            bulletin=Bulletin(lambda: {"announcements": []}),
        )
        self.user = user
        self.answer = answer
        self.groups: list[Any] = []
        self.others: dict[str, Any] = {}
        self.spawner = self.new_spawner()

    def new_spawner(self) -> NightdeskSpawner:
        """As a hub that has just started makes one."""
        user = SimpleNamespace(
            name=self.user,
            url=f"/user/{self.user}/",
            escaped_name=self.user,
            groups=self.groups,
            admin=False,
            spawners=self.others,
        )
        hub = Hub(ip="127.0.0.1", port=8081, base_url="/hub/")
        spawner = NightdeskSpawner(desk=self.desk, user=user, hub=hub, port=self.engine.port)
        spawner.server = Server(ip="127.0.0.1", port=self.engine.port, base_url=f"/user/{self.user}/")
        return spawner

    def start(self, **options: str) -> str:
        """Start it; its address."""
        self.spawner.user_options = options
        return asyncio.run(self.spawner.start())

    def poll(self) -> Any:
        return asyncio.run(self.spawner.poll())

    @property
    def box(self) -> dict[str, Any]:
        """Its container."""
        return self.engine.boxes[NAMES.session(self.user)]


@pytest.fixture
def session(tmp_path: Path, answer: Any) -> Any:
    session = Session(tmp_path, answer)
    yield session
    for name in [name for name, box in session.engine.boxes.items() if box["Running"] and "Image" in box]:
        session.engine.end(name)


def test_what_is_built(session: Session) -> None:
    address = session.start(environment="python-data", version="2026.10.1", size="small")
    assert address == f"http://127.0.0.1:{session.engine.port}"
    box, host = session.box, session.box["host_config"]
    assert box["Image"] == OLD
    assert box["command"][0] == "jupyterhub-singleuser"
    assert box["labels"] == {
        "org.nightdesk.project": "desk",
        "org.nightdesk.role": "session",
        "org.nightdesk.user": "ada",
        "org.nightdesk.server": "",
    }
    assert host["Binds"] == ["desk-home-ada:/home/nightdesk:rw", "desk_shared:/shared:rw"]
    assert host["NetworkMode"] == "desk_user-ada"
    assert (host["Memory"], host["MemorySwap"], host["PidsLimit"]) == (2**30, 2**30, 99)
    assert host["CpuQuota"] == host["CpuPeriod"] == 100_000
    assert host["CapDrop"] == ["ALL"]
    assert "PortBindings" not in host
    env = box["environment"]
    assert {key: env[key] for key in env if key.startswith("NIGHTDESK_")} == {
        "NIGHTDESK_URL": "http://proxy:8000/services/nightdesk",
        "NIGHTDESK_ENVIRONMENT": "python-data",
        "NIGHTDESK_VERSION": "2026.10.1",
        "NIGHTDESK_DIGEST": OLD,
        "NIGHTDESK_SIZE": "small",
    }
    assert session.engine.vols["desk-home-ada"]["Labels"]["org.nightdesk.role"] == "home"


def promote(answer: Any, version: str) -> None:
    """Point the channel `stable` of python-data at another version, as the api would answer then."""
    for each in answer["environments"][0]["versions"]:
        each["channels"] = ["stable"] if each["version"] == version else []
        each["default"] = each["version"] == version


def test_a_channel_is_followed_and_a_version_is_not_left(session: Session) -> None:
    promote(session.answer, "2026.10.1")
    session.start(environment="python-data", channel="stable")
    followed = {"environment": "python-data", "version": "2026.10.1", "channel": "stable", "size": "medium"}
    assert (session.box["Image"], session.spawner.user_options) == (OLD, followed)
    assert session.box["environment"]["NIGHTDESK_CHANNEL"] == "stable"
    assert asyncio.run(session.spawner.version_notice()) == ""
    promote(session.answer, "2026.11.1")
    assert "stable is 2026.11.1 now" in asyncio.run(session.spawner.version_notice())
    session.start(**session.spawner.user_options)
    assert session.box["Image"] == NEW
    promote(session.answer, "2026.10.1")
    session.start(**session.spawner.user_options)
    assert session.box["Image"] == OLD, "a rollback as well"
    session.start(environment="python-data", version="2026.11.1")
    assert "NIGHTDESK_CHANNEL" not in session.box["environment"]
    promote(session.answer, "2026.10.1")
    session.start(**session.spawner.user_options)
    assert session.box["Image"] == NEW, "who named a version stays at it"


def test_options_tell_what_will_run_before_there_is_a_container(session: Session) -> None:
    session.engine.fail["create_container"] = APIError("x", explanation="no")
    with pytest.raises(StartRefused):
        session.start()
    assert session.spawner.user_options["version"] == "2026.11.1"


def test_a_session_of_an_environment_that_one_lost_tells_so(session: Session) -> None:
    session.answer["environments"][0]["groups"] = ["guests"]
    session.groups.append(SimpleNamespace(name="guests"))
    session.start(environment="python-data")
    session.groups.clear()
    assert "not offered" in asyncio.run(session.spawner.version_notice())
    with pytest.raises(StartRefused, match=r"no environment 'python-data' for you"):
        session.start(environment="python-data")


def test_a_session_that_is_found_again_tells_its_version(session: Session) -> None:
    session.start(environment="python-data", version="2026.10.1", size="small")
    state = session.spawner.get_state()
    session.spawner = session.new_spawner()
    session.spawner.user_options = {"environment": "python-data"}
    session.spawner.load_state(state)
    assert session.spawner.user_options == {
        "environment": "python-data",
        "version": "2026.10.1",
        "size": "small",
    }


def test_another_choice_is_another_container(session: Session) -> None:
    session.start(environment="python-data", version="2026.10.1")
    asyncio.run(session.spawner.stop())
    assert NAMES.session("ada") not in session.engine.boxes
    session.start()
    assert session.box["Image"] == NEW


def test_a_container_that_the_hub_lost_sight_of_is_replaced(session: Session) -> None:
    session.start()
    token = session.box["environment"]["JUPYTERHUB_API_TOKEN"] = "of the lost one"
    session.spawner = session.new_spawner()
    session.start()
    assert session.box["environment"]["JUPYTERHUB_API_TOKEN"] != token


@pytest.mark.parametrize("options", [{"image": "debian"}, {"environment": "x"}, {"cmd": "sh"}])
def test_nothing_is_made_for_what_is_not_offered(session: Session, options: dict[str, str]) -> None:
    with pytest.raises(StartRefused) as refused:
        session.start(**options)
    assert refused.value.status_code == 400
    assert session.engine.calls == []


def test_dockerspawners_own_way_to_an_image_is_shut(session: Session) -> None:
    with pytest.raises(StartRefused, match="cannot be named"):
        asyncio.run(session.spawner.check_allowed("debian"))


def test_a_name_that_does_not_fit_has_no_session(tmp_path: Path, answer: Any) -> None:
    with pytest.raises(StartRefused, match="cannot have sessions"):
        Session(tmp_path, answer, user="ada--side").start()


def test_a_missing_image_is_named_as_people_know_it(session: Session) -> None:
    with pytest.raises(StartRefused, match=r"image of r-base:4\.5 is not on this machine"):
        session.start(environment="r-base")


def test_a_full_pool_is_said(session: Session) -> None:
    taken = {"Subnet": "10.213.0.0/16"}
    session.engine.nets["others"] = {"Name": "others", "Labels": {}, "IPAM": {"Config": [taken]}}
    with pytest.raises(StartRefused, match=r"no network: .* sessions\.network_pool"):
        session.start()


def test_the_engines_refusal_is_passed_on(session: Session) -> None:
    session.engine.fail["start"] = APIError("x", explanation="no space left\non device")
    with pytest.raises(StartRefused, match="no space left on device") as refused:
        session.start()
    assert refused.value.status_code == 503


def test_a_server_that_dies_says_its_last_words(session: Session) -> None:
    session.engine.port = 0  # nothing answers
    start = session.engine.start

    def start_and_die(name: str) -> None:
        start(name)
        session.engine.end(name, ExitCode=1)

    session.engine.start = start_and_die  # type: ignore[method-assign]
    with pytest.raises(StartRefused, match=r"exit code 1\)\. The last it printed: the last of 5 lines"):
        session.start()
    assert session.poll() == "1 (ended unexpectedly (exit code 1))"


def test_a_server_that_stays_silent_is_given_its_time(session: Session) -> None:
    session.engine.port = 0
    with pytest.raises(StartRefused, match="did not answer within 2 seconds"):
        session.start()


def test_found_again_by_the_next_hub(session: Session) -> None:
    session.start(size="small")
    state = session.spawner.get_state()
    session.spawner = session.new_spawner()
    assert session.poll() is None
    session.spawner.load_state(state)
    assert session.spawner.http_timeout == FOUND_AGAIN_SECONDS
    assert session.spawner.running_label == "python-data 2026.11.1, small, follows stable"
    # Both are new containers, in nobody's network; and the session's address has changed.
    for service in ("hub", "proxy"):
        del session.engine.boxes[f"desk-{service}-1"]
        session.engine.add_service("desk", service, 2)
    session.spawner.server.ip = "10.0.0.9"
    url = asyncio.run(session.spawner.get_url())
    assert url == f"http://127.0.0.1:{session.engine.port}/user/ada/"
    assert "desk_user-ada" in session.engine.boxes["desk-hub-2"]["Nets"]
    assert "desk_user-ada" in session.engine.boxes["desk-proxy-2"]["Nets"]


def test_an_engine_that_is_away_ends_no_session(session: Session) -> None:
    session.start()
    known = session.spawner.server.url
    session.engine.fail = dict.fromkeys(("inspect_container", "inspect_network"), TimeoutError())
    assert session.poll() is None
    assert asyncio.run(session.spawner.get_url()) == known


@pytest.mark.parametrize(
    ("state", "status", "words"),
    [
        ({"ExitCode": 0}, "0 (ended itself, as it does when nobody uses it)", "ended itself"),
        (
            {"ExitCode": 137, "OOMKilled": True},
            "137 (ran out of memory (its limit is 4 GiB))",
            "ran out of memory",
        ),
    ],
)
def test_its_end_is_kept_for_the_start_page(
    session: Session, state: dict[str, Any], status: str, words: str
) -> None:
    session.start()
    session.engine.end(NAMES.session("ada"), **state)
    assert session.poll() == status
    assert words in session.desk.endings["ada", ""]
    session.start()
    assert session.desk.endings == {}


def test_removed_from_outside(session: Session) -> None:
    session.start()
    session.engine.remove_container(NAMES.session("ada"), v=True, force=True)
    assert session.poll() == 0
    assert session.desk.endings["ada", ""] == "was removed from outside"


def test_what_goes_with_the_person_and_what_stays(session: Session) -> None:
    session.start()
    asyncio.run(session.spawner.stop())
    asyncio.run(session.spawner.delete_forever())
    assert session.engine.nets == {}
    assert session.engine.vols.keys() == {"desk-home-ada"}


def test_limits_are_refused_in_words_before_anything_is_made(session: Session) -> None:
    session.answer["limits"] = {"sessions": 1, "memory_bytes": 2 * 2**30}
    with pytest.raises(StartRefused, match="Medium has 4 GiB of memory") as refused:
        session.start(size="medium")
    assert refused.value.status_code == 429
    other = session.new_spawner()
    session.others["other"] = other
    assert session.spawner.taken_beside() == [], "one that has not started takes nothing"
    other._running = {"cpus": 1.0, "memory": 2**30}
    other._spawn_pending = True
    with pytest.raises(StartRefused, match="You have 1 session, and your limit is 1"):
        session.start(size="small")
    assert NAMES.session("ada", "") not in session.engine.boxes
