"""The port Workshop: the real engine with BuildKit, and its double."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from nightdesk.preflight.pack import packed
from nightdesk.server.adapters.docker_builder import BuildPlaces, DockerWorkshop
from nightdesk.server.doubles.builder import PYTHON, MemoryWorkshop
from nightdesk.server.ports.builder import BuildFailed, Interrupted, Order, Workshop

from ..support.platform import ROOT, docker

BASE = "nightdesk/base:latest"
GOOD = "ARG BASE=nightdesk/base\nFROM ${BASE}\nUSER root\nRUN echo REPLACED >/made-for\nUSER 1000:1000\n"
BAD = "FROM nightdesk/base\nUSER root\nRUN rm /opt/nightdesk/bin/jupyterhub-singleuser\nUSER 1000:1000\n"
NEVER = "FROM nightdesk/base\nRUN false\n"
LONG = "FROM nightdesk/base\nRUN sleep 222\n"
CANARY = f"canary-{secrets.token_hex(16)}"


class Bench:
    """A workshop, a name that no environment has, and what was said."""

    def __init__(self, workshop: Workshop, folder: Path) -> None:
        self.workshop = workshop
        self.name = f"contract-{secrets.token_hex(4)}"
        self.folder = folder
        self.said: list[str] = []
        self.stop = threading.Event()

    def make(self, dockerfile: str) -> str:
        """An image; its ID."""
        folder = self.folder / secrets.token_hex(4)
        folder.mkdir(parents=True)
        (folder / "Dockerfile").write_text(dockerfile.replace("REPLACED", self.name))
        order = Order(folder, self.name, {"org.nightdesk.build": self.name})
        return self.workshop.make(order, self.said.append, self.stop)

    def try_out(self, image: str) -> dict[str, object]:
        """The report on an image."""
        kit = packed({"kernels": [PYTHON]}, None, "")
        return self.workshop.try_out(image, self.name, kit, self.said.append, self.stop)


@pytest.fixture(params=["memory", pytest.param("docker", marks=pytest.mark.engine)])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "memory":
        yield Bench(MemoryWorkshop(), tmp_path)
        return
    docker("image", "inspect", BASE)
    (tmp_path / "secrets").mkdir()
    kept = ROOT / ".nightdesk/build-secrets"
    for name in ("ca", "pip", "npm", "proxies"):
        if (kept / name).is_file():
            shutil.copy(kept / name, tmp_path / "secrets")
    with (tmp_path / "secrets/pip").open("a") as file:
        file.write(f"# {CANARY}\n")
    (tmp_path / "scratch").mkdir()
    project = f"ndcontract{secrets.token_hex(3)}"
    made = Bench(
        DockerWorkshop(project, BuildPlaces(ROOT, tmp_path / "secrets", tmp_path / "scratch")), tmp_path
    )
    try:
        yield made
    finally:
        made.workshop.forget(made.name)
        named = docker(
            "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", f"nightdesk/{made.name}"
        ).split()
        held = docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "nightdesk/held").split()
        mine = [name for name in held if f":{project}-" in name]
        built = docker(
            "image", "ls", "--all", "--quiet", "--filter", f"label=org.nightdesk.build={made.name}"
        ).split()
        for name in (*named, *mine, *built):
            subprocess.run(["docker", "image", "rm", "--force", name], capture_output=True, check=False)


def test_an_image_from_its_recipe_to_its_removal(bench: Bench) -> None:
    image = bench.make(GOOD)
    assert image.startswith("sha256:")
    assert bench.said
    seen = bench.workshop.look(image)
    assert seen is not None
    assert seen.id == image
    assert sum(layer.bytes for layer in seen.layers) == pytest.approx(seen.bytes, rel=0.02)
    base = bench.workshop.base()
    assert base is not None
    assert [layer.id for layer in seen.layers[: len(base.layers)]] == [layer.id for layer in base.layers]
    report = bench.try_out(image)
    assert report["kernels"] == [PYTHON]
    assert report["contract"] == 1
    assert report["packages"]
    name = bench.workshop.name(image, bench.name, "1")
    assert name == f"nightdesk/{bench.name}:1"
    named = bench.workshop.look(name)
    assert named is not None
    assert named.id == image
    assert bench.workshop.held_as(image)
    bench.workshop.forget(bench.name)
    assert bench.workshop.look(image) is not None
    assert bench.workshop.discard(image, bench.name)
    assert bench.workshop.look(name) is None
    assert bench.workshop.look(image) is None
    assert bench.workshop.discard(image, bench.name), "again and again gives the same"
    assert bench.workshop.held_as(image) is None


def test_the_name_moves_and_what_had_it_stays(bench: Bench) -> None:
    first, second = bench.make(GOOD), bench.make(GOOD.replace("made-for", "made-otherwise"))
    bench.workshop.name(first, bench.name, "1")
    bench.workshop.name(second, bench.name, "1")
    assert bench.workshop.look(first) is not None
    now = bench.workshop.look(f"nightdesk/{bench.name}:1")
    assert now is not None
    assert now.id == second


def test_a_step_that_fails(bench: Bench) -> None:
    with pytest.raises(BuildFailed, match="could not be built") as failed:
        bench.make(NEVER)
    assert failed.value.hint
    assert "ERROR" in "".join(bench.said)


def test_an_image_that_does_not_pass(bench: Bench) -> None:
    with pytest.raises(BuildFailed, match="the image has no jupyterhub-singleuser"):
        bench.try_out(bench.make(BAD))
    assert "FAILED single-user server" in "".join(bench.said)


def test_it_ends_when_it_is_told_to(bench: Bench) -> None:
    threading.Timer(2.0, bench.stop.set).start()
    began = time.monotonic()
    with pytest.raises(Interrupted):
        bench.make(LONG)
    assert time.monotonic() - began < 7


def test_looking_through_an_image_leaves_nothing_and_fails_quietly(bench: Bench) -> None:
    image = bench.make(GOOD)
    bench.workshop.name(image, bench.name, "1")
    bench.workshop.look_through(f"nightdesk/{bench.name}:1", bench.stop)
    bench.workshop.look_through("nightdesk/nothing-of-this-name:1", bench.stop)
    assert bench.workshop.discard(image, bench.name)
    assert bench.workshop.look(image) is None


def test_no_image_of_that_name(bench: Bench) -> None:
    assert bench.workshop.look("nightdesk/nothing-of-this-name:1") is None
    with pytest.raises(BuildFailed, match="cannot be had"):
        bench.workshop.pull("localhost:1/nothing:1", bench.said.append, bench.stop)


@pytest.mark.engine
def test_settings_of_the_registries_are_nowhere_in_the_image(bench: Bench) -> None:
    """The step sees pip's settings, and neither the image's files nor its history nor the log have them."""
    if isinstance(bench.workshop, MemoryWorkshop):
        pytest.skip("the double has no files")
    look = (
        "RUN --mount=type=secret,id=pip grep -c canary- /run/secrets/pip >/seen-by-the-step\nUSER 1000:1000"
    )
    image = bench.make(GOOD.replace("USER 1000:1000", look))
    assert docker("run", "--rm", image, "cat", "/seen-by-the-step").strip() == "1"
    assert CANARY not in docker("history", "--no-trunc", image) + docker("image", "inspect", image) + "".join(
        bench.said
    )
    search = f"grep -rlF {CANARY} / --exclude-dir=proc --exclude-dir=sys 2>/dev/null || true"
    assert docker("run", "--rm", "--user", "0", image, "sh", "-c", search, seconds=120) == ""
