"""What every ContainerEngine does: one container for an attempt, its code started once, its output from the start."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from nightdesk.server.domain.errors import ContainerGone, EngineError, ImageMissing
from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.run import Run
from nightdesk.server.ports.engine import ContainerEngine, ContainerSeen

from .engines import HELD, LONG, Docker, Engines, Memory, docker_engine


@pytest.fixture(scope="module")
def real() -> Iterator[Docker]:
    yield from docker_engine()


@pytest.fixture(params=["memory", pytest.param("docker", marks=pytest.mark.engine)])
def engines(request: pytest.FixtureRequest) -> Engines:
    return request.getfixturevalue("real") if request.param == "docker" else Memory()  # type: ignore[no-any-return]


@pytest.fixture
def engine(engines: Engines) -> ContainerEngine:
    return engines.engine


def ended(engine: ContainerEngine, container: ContainerSeen) -> Exit:
    """How it ended, which it has to within half a minute."""
    exit = engine.wait(container, 30)
    assert exit is not None
    return exit


def started(engine: ContainerEngine, run: Run) -> ContainerSeen:
    """The run's container, running and ready."""
    container = engine.create(run)
    engine.start(container)
    lines = engine.follow(container)
    assert next(iter(lines)) == b"ready"
    lines.close()
    return container


def test_from_create_to_remove(engines: Engines, engine: ContainerEngine) -> None:
    run = engines.run("prints")
    assert engine.find(run) is None
    container = engine.create(run)
    assert (container.run_id, container.attempt, container.state) == (run.id, 1, "created")
    assert engine.find(run) == container
    began = time.time()
    engine.start(container)
    whole = [b"one", b"two \xc3\xbc", b"x" * LONG]
    assert list(engine.follow(container)) == whole
    exit = ended(engine, container)
    assert (exit.code, exit.out_of_memory, exit.message) == (3, False, "")
    assert exit.at is not None
    assert began - 1 < exit.at < time.time() + 1
    found = engine.find(run)
    assert found is not None
    assert (found.id, found.state) == (container.id, "exited")
    assert list(engine.follow(found)) == whole, "from the start, as often as somebody asks"
    assert ended(engine, found) == exit

    # what has run is not run again, whatever an old view says of its state
    engine.start(found)
    engine.start(container)
    assert ended(engine, container) == exit
    assert list(engine.follow(container)) == whole

    engine.remove(container)
    assert engine.find(run) is None


def test_one_container_for_each_attempt(engines: Engines, engine: ContainerEngine) -> None:
    run = engines.run("obeys")
    made: list[ContainerSeen] = []
    threads = [threading.Thread(target=lambda: made.append(engine.create(run))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(made) == 4
    assert len({container.id for container in made}) == 1
    second = replace(run, attempt=2)
    assert engine.find(second) is None
    assert [container.attempt for container in engine.all() if container.run_id == run.id] == [1]
    engine.start(made[0])
    engine.start(made[0])
    engine.remove(made[0])


def test_a_platform_sees_its_own_containers_only(engines: Engines, engine: ContainerEngine) -> None:
    run = engines.run("prints")
    container = engine.create(run)
    other = engines.other_platform()
    assert other.find(run) is None
    assert other.all() == []
    assert container in engine.all()
    engine.remove(container)


def test_a_live_container_is_followed_as_it_prints(engines: Engines, engine: ContainerEngine) -> None:
    run = engines.run("obeys")
    container = started(engine, run)
    assert engine.wait(container, 0.2) is None
    found = engine.find(run)
    assert found is not None
    assert found.state == "running"
    lines = engine.follow(container)
    seen: list[bytes] = []
    reader = threading.Thread(target=lambda: seen.extend(lines), daemon=True)
    reader.start()
    deadline = time.monotonic() + 10
    while not seen:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    lines.close()
    reader.join(10)
    assert not reader.is_alive(), "whoever stops following is let go, although the container goes on"
    assert seen == [b"ready"]
    assert engine.wait(container, 0.1) is None
    engine.remove(container)


def test_stopping_one_that_obeys(engines: Engines, engine: ContainerEngine) -> None:
    container = started(engine, engines.run("obeys"))
    engine.stop(container, 10)
    exit = ended(engine, container)
    assert (exit.code, exit.out_of_memory) == (143, False)
    assert list(engine.follow(container)) == [b"ready", b"ending"]
    engine.stop(container, 10)
    engine.remove(container)


def test_stopping_one_that_does_not(engines: Engines, engine: ContainerEngine) -> None:
    container = started(engine, engines.run("ignores"))
    began = time.monotonic()
    engine.stop(container, 1)
    assert 0.9 < time.monotonic() - began < 10
    assert ended(engine, container).code == 137
    engine.remove(container)


def test_one_that_was_removed_by_hand(engines: Engines, engine: ContainerEngine) -> None:
    container = started(engine, engines.run("obeys"))
    engine.remove(container)
    engine.remove(container)
    for action in (
        lambda: engine.start(container),
        lambda: engine.follow(container),
        lambda: engine.wait(container, 1),
        lambda: engine.sample(container),
        lambda: engine.stop(container, 1),
    ):
        with pytest.raises(ContainerGone):
            action()


def test_following_one_that_is_removed_meanwhile(engines: Engines, engine: ContainerEngine) -> None:
    container = started(engine, engines.run("obeys"))
    lines = engine.follow(container)
    timer = threading.Timer(0.3, engine.remove, [container])
    timer.start()
    try:
        assert list(lines)[:1] == [b"ready"]
    except EngineError as error:
        assert "broke off" in error.message  # noqa: PT017 - it may end or break off, but not hang
    timer.join()
    with pytest.raises(ContainerGone):
        engine.wait(container, 1)


def test_what_a_container_takes(engines: Engines, engine: ContainerEngine) -> None:
    container = engine.create(engines.run("works"))
    assert engine.sample(container) is None, "it does not run yet"
    engine.start(container)
    lines = engine.follow(container)
    assert next(iter(lines)) == b"ready"
    lines.close()
    first = engine.sample(container)
    assert first is not None
    assert 0.5 <= first.cpu_seconds < 30
    assert HELD <= first.memory_bytes < 2 * HELD, "with /tmp, which is memory; without what was read of files"
    assert not first.paused
    second = engine.sample(container)
    assert second is not None
    assert second.cpu_seconds >= first.cpu_seconds
    engine.stop(container, 0)
    ended(engine, container)
    assert engine.sample(container) is None
    engine.remove(container)


def test_an_image_that_is_not_there(engines: Engines, engine: ContainerEngine) -> None:
    run = replace(engines.run("prints"), digest="sha256:" + "0" * 64)
    with pytest.raises(ImageMissing) as caught:
        engine.create(run)
    assert caught.value.message == "the image of python-data:2026.11.1 is not on this machine"
    assert engine.find(run) is None


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # docker-py's, where it cannot connect
def test_an_engine_that_does_not_answer(engines: Engines) -> None:
    refuses(engines.unreachable(), engines.run("prints"))
    gc.collect()


def refuses(engine: ContainerEngine, run: Run) -> None:
    """Every method says that the engine does not answer."""
    seen = ContainerSeen("0" * 64, run.id, 1, "created")
    for action in (
        lambda: engine.create(run),
        lambda: engine.start(seen),
        lambda: engine.find(run),
        lambda: engine.follow(seen),
        lambda: engine.wait(seen, 1),
        lambda: engine.sample(seen),
        lambda: engine.stop(seen, 1),
        lambda: engine.remove(seen),
        engine.all,
        engine.version,
    ):
        with pytest.raises(EngineError, match="the container engine does not answer") as caught:
            action()
        assert type(caught.value) is EngineError


def test_its_version(engine: ContainerEngine) -> None:
    assert engine.version()


# the real one


@pytest.mark.engine
def test_what_the_first_process_complained_of_is_told(real: Docker) -> None:
    container = real.engine.create(real.run("complains"))
    real.engine.start(container)
    assert list(real.engine.follow(container)) == [b"one"], "the output of errors is no event"
    exit = ended(real.engine, container)
    assert (exit.code, exit.message) == (1, "what went wrong")


@pytest.mark.engine
def test_out_of_memory_is_seen(real: Docker) -> None:
    container = real.engine.create(real.run("grows", memory_bytes=96 * 2**20))
    real.engine.start(container)
    exit = ended(real.engine, container)
    assert exit.out_of_memory
    assert exit.code == 137


@pytest.mark.engine
def test_a_paused_one_is_stopped_all_the_same(real: Docker) -> None:
    run = real.run("obeys")
    container = started(real.engine, run)
    sample = real.engine.sample(container)
    assert sample is not None
    assert not sample.paused
    real.pause(run)
    sample = real.engine.sample(container)
    assert sample is not None
    assert sample.paused
    real.engine.stop(container, 10)
    assert ended(real.engine, container).code == 143


@pytest.mark.engine
def test_a_container_is_shut_in(real: Docker) -> None:
    run = real.run("obeys", owner="ada", cpus=1.5, pids_limit=64, disk_bytes=2**30)
    real.engine.create(run)
    seen = real.inspect(run)
    host, config = seen["HostConfig"], seen["Config"]
    assert config["User"] == "1000:1000"
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert not host["Privileged"]
    assert host["AutoRemove"] is False
    assert host["RestartPolicy"]["Name"] == "no"
    assert (host["Memory"], host["MemorySwap"], host["NanoCpus"], host["PidsLimit"]) == (
        run.memory_bytes, run.memory_bytes, 1_500_000_000, 64,
    )  # fmt: skip
    limits = {limit["Name"]: (limit["Soft"], limit["Hard"]) for limit in host["Ulimits"]}
    assert limits == {"core": (0, 0), "fsize": (2**30, 2**30)}
    assert host["NetworkMode"] == f"{real.project}_runs"
    assert host["LogConfig"]["Config"] == {"max-size": "100m", "max-file": "1"}
    mounts = {mount["Target"]: mount for mount in host["Mounts"]}
    assert set(mounts) == {"/nightdesk", "/shared"}
    assert mounts["/nightdesk"]["VolumeOptions"]["Subpath"] == f"{run.id}/1"
    assert mounts["/shared"]["ReadOnly"] is True
    assert seen["Image"] == run.digest, "by digest, whatever tags point at"
    assert {name: value for name, value in config["Labels"].items() if name.startswith("org.nightdesk.")} | {
        "org.nightdesk.project": real.project,
        "org.nightdesk.role": "run",
        "org.nightdesk.run": run.id,
        "org.nightdesk.attempt": "1",
        "org.nightdesk.user": "ada",
    } == {name: value for name, value in config["Labels"].items() if name.startswith("org.nightdesk.")}
    own = "NIGHTDESK_TOKEN_FILE=/nightdesk/in/token"  # where its own one lies, and not what it is
    words = " ".join(each for each in config["Env"] if each != own).lower()
    assert not any(secret in words for secret in ("token", "password", "secret", "redis"))
    network = real.client.inspect_network(f"{real.project}_runs")
    assert network["Options"]["com.docker.network.bridge.enable_icc"] == "false"
