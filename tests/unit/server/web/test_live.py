"""Live events: in order, nothing lost and nothing doubled, however often the connection breaks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest
from nightdesk.server.bootstrap import CHANGED_CHANNEL
from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.doubles.engine import Play, Stage
from nightdesk.server.web import live

from ..services.watching import Worker, until
from ..workbench import ADA, two_cells
from .site import API, Site, parse

Event = tuple[str | None, str, Any]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Redis watchers look each second; here they look all the time."""
    monkeypatch.setattr(live, "_LOOK_ALONE_SECONDS", 0.01)


@contextlib.contextmanager
def playing(site: Site, play: Play) -> Iterator[None]:
    """Containers do this."""
    site.bench.play = play
    try:
        yield
    finally:
        site.bench.play = two_cells


def prints(count: int) -> Play:
    """So many lines, then success."""

    def play(stage: Stage) -> Exit:
        stage.event("started", cells=1)
        stage.event("cell_started", cell=1)
        for number in range(count):
            stream = "stderr" if number % 7 == 0 else "stdout"
            stage.event("stream", cell=1, name=stream, text=f"{number} ünï 😀\n")
        stage.event("finished", outcome="succeeded")
        return Exit(0)

    return play


def log_of(events: list[Event]) -> str:
    """The text of the log events."""
    return "".join(data["text"] for _, name, data in events if name == "log")


def names(events: list[Event]) -> list[str]:
    """The events' names, each once where it follows itself."""
    found: list[str] = []
    for _, name, _ in events:
        if found[-1:] != [name]:
            found.append(name)
    return found


def test_a_run_that_is_over(site: Site) -> None:
    with playing(site, prints(700)):
        run = site.finished()
    events = list(site.events(run))
    assert names(events) == ["run", "log", "end"]
    assert events[0][2] == events[-1][2] == site.get(f"/runs/{run.id}", ADA).json
    assert log_of(events) == "".join(f"{number} ünï 😀\n" for number in range(700))
    assert [data["stream"] for _, name, data in events if name == "log"][:2] == ["stderr", "stdout"]
    assert {data["cell"] for _, name, data in events if name == "log"} == {1}
    assert all((identity is not None) == (name == "log") for identity, name, _ in events)


@pytest.mark.parametrize("fresh", [True, False], ids=["fresh", "from the store"])
@pytest.mark.parametrize("way", ["header", "query"])
def test_going_on_from_any_event(site: Site, way: str, fresh: bool) -> None:
    with playing(site, prints(40)):
        run = site.finished()
    whole = list(site.events(run))
    if not fresh:
        with site.bench.database.writing() as connection:
            connection.exec_driver_sql("delete from run_log where run_id = ?", (run.id,))
    for place in range(1, 41, 3):
        last = whole[place][0]
        assert last is not None
        rest = resumed(site, run, last) if way == "header" else asked_after(site, run, last)
        assert log_of(whole[: place + 1]) + log_of(rest) == log_of(whole)
        assert names(rest)[0] == "run"
        assert names(rest)[-1] == "end"


def resumed(site: Site, run: Run, last: str) -> list[Event]:
    """As a browser comes back."""
    return list(site.events(run, headers={"Last-Event-ID": last}))


def asked_after(site: Site, run: Run, last: str) -> list[Event]:
    """As the command comes back."""
    connection, response = site.open("GET", f"{API}/runs/{run.id}/events?after={last}", ADA)
    try:
        return list(parse(response))
    finally:
        response.close()
        connection.close()


def test_a_run_as_it_goes_on(site: Site) -> None:
    def play(stage: Stage) -> Exit:
        stage.event("started", cells=2)
        for cell in (1, 2):
            stage.wait_for(f"cell {cell}")
            stage.event("cell_started", cell=cell)
            stage.event("stream", cell=cell, name="stdout", text=f"this is cell {cell}\n")
        stage.wait_for("end")
        stage.event("finished", outcome="succeeded")
        return Exit(0)

    with playing(site, play):
        run = site.bench.submit()
        events, seen = site.events(run), list[Event]()

        def read_until(what: Callable[[Event], bool]) -> None:
            """Read on, unless it was read already."""
            while not any(what(event) for event in seen):
                seen.append(next(events))

        read_until(lambda event: event[1] == "run" and event[2]["status"] == "queued")
        worker = Worker(site.bench.supervisor(), run)
        read_until(lambda event: event[1] == "run" and event[2]["status"] == "running")
        for cell in (1, 2):
            assert log_of(seen) == "".join(f"this is cell {number}\n" for number in range(1, cell))
            site.bench.engine.stage(run).cue(f"cell {cell}")
            printed = {"stream": "stdout", "cell": cell, "text": f"this is cell {cell}\n"}
            read_until(lambda event, printed=printed: event[1:] == ("log", printed))  # type: ignore[misc]
            progress = {"cell": cell, "cells": 2}
            read_until(lambda event, at=progress: event[1] == "run" and event[2]["progress"] == at)  # type: ignore[misc]
        assert "end" not in names(seen)
        site.bench.engine.stage(run).cue("end")
        rest = list(events)
        assert (rest[-1][1], rest[-1][2]["status"]) == ("end", "succeeded")
        assert rest[-1][2]["outputs"], "who sees the end can fetch the outputs"
        worker.join()


def test_connections_that_break_all_the_time(site: Site) -> None:
    """Each connection is left after a few events, while the run goes on printing."""

    def play(stage: Stage) -> Exit:
        stage.event("started", cells=1)
        for number in range(300):
            stage.event("stream", cell=1, name="stdout", text=f"{number}\n")
            if number % 40 == 39:
                stage.killed.wait(0.06)
        stage.event("finished", outcome="succeeded")
        return Exit(0)

    with playing(site, play):
        run = site.bench.submit()
        worker = Worker(site.bench.supervisor(), run)
        text, last, over, connections = "", "", False, 0
        while not over:
            connections += 1
            events = site.events(run, headers={"Last-Event-ID": last} if last else {})
            for identity, name, data in islice(events, 2 + connections % 11):
                if name == "log":
                    text, last = text + data["text"], identity or ""
                over = over or name == "end"
            events.close()  # type: ignore[attr-defined]
        worker.join()
    assert text == "".join(f"{number}\n" for number in range(300))
    assert connections > 20


def test_the_end_of_an_earlier_attempt_is_not_passed_over(site: Site) -> None:
    def play(stage: Stage) -> Exit:
        stage.event("started", cells=1)
        for number in range(5):
            stage.event("stream", cell=1, name="stdout", text=f"attempt {stage.run.attempt}, {number}\n")
        if stage.run.attempt == 1:
            stage.event("finished", outcome="code_failed", reason="it failed")
            return Exit(1)
        stage.event("finished", outcome="succeeded")
        return Exit(0)

    with playing(site, play):
        run = site.bench.submit(retries=1)
        supervisor = site.bench.supervisor()
        supervisor.supervise(run.id)
        supervisor.supervise(run.id)
    first, second = ("".join(f"attempt {attempt}, {number}\n" for number in range(5)) for attempt in (1, 2))
    assert log_of(list(site.events(run))) == second, "who comes later reads the current attempt"
    watching = resumed(site, run, f"1.{len(first) // 5 * 2}")
    assert log_of(watching) == first[len(first) // 5 * 2 :] + second
    identities = [identity for identity, name, _ in watching if name == "log"]
    assert [identity.split(".")[0] for identity in identities if identity] == ["1"] * 3 + ["2"] * 5
    assert log_of(resumed(site, run, f"1.{len(first)}")) == second


@pytest.mark.parametrize(
    "last",
    ["", ".", "1", "x.y", "-1.5", "1.-5", "0.0", "9.0", "1.999999999999999", "1." + "9" * 30, "9" * 30 + ".1", "1.5.5", "1.0x",
     "\u00b2.\u00b2", "1e3.5", "1.0%00", "1" * 9000],
)  # fmt: skip
def test_odd_places_do_no_harm(site: Site, last: str) -> None:
    run = site.finished()
    events = resumed(site, run, last.encode("latin-1").decode("latin-1"))
    assert names(events)[0] == "run"
    assert names(events)[-1] == "end"
    assert log_of(events) in {"this is cell 1\nthis is cell 2\n", ""}


def test_a_sign_of_life_when_there_is_nothing_to_say(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_PING_SECONDS", 0.03)
    run = site.bench.submit()
    events = site.events(run)
    seen = [name for _, name, _ in islice(events, 4)]
    events.close()  # type: ignore[attr-defined]
    assert seen == ["run", "ping", "ping", "ping"]


def test_that_time_goes_on_is_no_news(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run says for how long it has been going on; whoever watches has a clock of their own."""
    monkeypatch.setattr(live, "_PING_SECONDS", 0.03)

    def play(stage: Stage) -> Exit:
        stage.event("started", cells=1)
        stage.wait_for("end")
        stage.event("finished", outcome="succeeded")
        return Exit(0)

    with playing(site, play):
        run = site.bench.submit()
        worker = Worker(site.bench.supervisor(), run)
        until(lambda: site.bench.run(run).cells == 1, "the run goes on")
        events = site.events(run)
        seen = list(islice(events, 5))
        events.close()  # type: ignore[attr-defined]
        site.bench.engine.stage(run).cue("end")
        worker.join()
    assert [name for _, name, _ in seen] == ["run", "ping", "ping", "ping", "ping"]
    assert seen[0][2]["elapsed_seconds"] >= 0


def test_whoever_goes_away_is_forgotten(site: Site) -> None:
    run = site.bench.submit()
    watchers = site.app.state.news._watchers
    events = [site.events(run) for _ in range(5)]
    for each in events:
        next(each)
    assert len(watchers[run.id]) == 5
    for each in events:
        each.close()  # type: ignore[attr-defined]
    until(lambda: run.id not in watchers, "the watchers are gone")


def test_many_watch_the_same_run(site: Site) -> None:
    with playing(site, prints(30)):
        run = site.bench.submit()
        watching = [site.events(run) for _ in range(10)]
        for each in watching:
            assert next(each)[2]["status"] == "queued"
        Worker(site.bench.supervisor(), run).join()
        expected = "".join(f"{number} ünï 😀\n" for number in range(30))
        for each in watching:
            assert log_of(list(each)) == expected


def test_answers_are_not_kept_by_what_stands_between(site: Site) -> None:
    run = site.finished()
    answer = site.get(f"/runs/{run.id}/events", ADA)
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-accel-buffering"] == "no"


def test_a_crowd_costs_the_database_no_more_than_one(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty watch a run that goes on; the bell can be heard. Each ring is one look, whoever looks."""
    monkeypatch.setattr(live, "_LOOK_ALONE_SECONDS", 3600.0)
    news, looked = site.app.state.news, list[int]()
    look = live._look

    def counted(*arguments: Any) -> live.Seen:
        found = look(*arguments)
        looked.append(arguments[-1])
        return found

    monkeypatch.setattr(live, "_look", counted)

    def play(stage: Stage) -> Exit:
        stage.event("started", cells=1)
        for number in range(3):
            stage.wait_for(f"line {number}")
            stage.event("stream", cell=1, name="stdout", text=f"line {number}\n")
        stage.wait_for("end")
        stage.event("finished", outcome="succeeded")
        return Exit(0)

    def rung() -> None:
        watcher = next(iter(news._watchers[run.id]))
        watcher._loop.call_soon_threadsafe(news._tell, CHANGED_CHANNEL, run.id)

    with playing(site, play), contextlib.ExitStack() as open_streams:
        run = site.bench.submit()
        worker = Worker(site.bench.supervisor(), run)
        until(lambda: site.bench.run(run).status is Status.RUNNING, "it runs")
        crowd = [site.events(run) for _ in range(20)]
        for stream in crowd:
            open_streams.callback(stream.close)  # type: ignore[attr-defined]
            assert next(stream)[1] == "run"
        for number in range(3):
            looked.clear()
            site.bench.engine.stage(run).cue(f"line {number}")
            length = 7 * (number + 1)
            until(
                lambda length=length: site.bench.records.log_end(site.bench.run(run))[1] == length,  # type: ignore[misc]
                "it is on record",
            )
            rung()
            for stream in crowd:
                assert next(event for event in stream if event[1] == "log")[2]["text"] == f"line {number}\n"
            until(lambda: len(looked) >= 2, "they have looked")
            assert looked == [length - 7, length], "one that finds it, one that finds no more"
        site.bench.engine.stage(run).cue("end")
        worker.join()
        rung()
        assert [list(stream)[-1][1] for stream in crowd] == ["end"] * 20
