"""What the engine says of every container of the platform, and where its secrets are."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ..support.people import Person, Session
from ..support.platform import Platform, docker

pytestmark = pytest.mark.platform
Say = Callable[[object], None]
ADDED = {"worker": {"CHOWN", "DAC_OVERRIDE", "FOWNER"}, "egress": {"NET_ADMIN"}}


def all_of(platform: Platform) -> list[dict[str, Any]]:
    """Every container of the platform."""
    ids = {
        each
        for label in ("com.docker.compose.project", "org.nightdesk.project")
        for each in docker(
            "ps", "--all", "--quiet", "--no-trunc", "--filter", f"label={label}={platform.project}"
        ).split()
    }
    return [each for id in sorted(ids) for each in json.loads(of_one(id, "inspect", id) or "[]")]


def of_one(id: str, *command: str) -> str:
    """What the engine answers about one container; nothing when it ended or was removed meanwhile, as a run's does."""
    try:
        return docker(*command, seconds=120)
    except AssertionError:
        which = [] if command[0] == "top" else ["--all"]  # what is not running has no processes to list
        if docker("ps", *which, "--quiet", "--filter", f"id={id}"):
            raise
        return ""


def role(container: dict[str, Any]) -> str:
    labels = container["Config"]["Labels"]
    return str(labels.get("com.docker.compose.service") or labels.get("org.nightdesk.role"))


@pytest.mark.security(18, 19)
def test_every_container_is_bounded(
    platform: Platform, bob: Person, bobs_session: Session, tried: Say
) -> None:
    del bobs_session
    with bob.runs.hold() as held:
        held.holding()
        containers = all_of(platform)
    roles = [role(each) for each in containers]
    assert {"proxy", "hub", "api", "worker", "redis", "egress", "session", "run"} <= set(roles)
    for container in containers:
        host, name = container["HostConfig"], role(container)
        assert host["CapDrop"] == ["ALL"], name
        assert {each.removeprefix("CAP_") for each in host["CapAdd"] or []} == ADDED.get(name, set()), name
        options = " ".join(host["SecurityOpt"] or [])
        assert "no-new-privileges" in options, name
        assert "unconfined" not in options, name
        assert host["Privileged"] is False
        assert not host["Devices"]
        assert host["PidMode"] in {"", "private"}, name
        assert host["IpcMode"] in {"", "private"}, name
        assert host["NetworkMode"] != "host" or name == "egress"
        assert host["Memory"] > 0, name
        assert (host["PidsLimit"] or 0) > 0, name
        assert host["LogConfig"]["Config"].get("max-size"), name
        assert host["NanoCpus"] > 0 or host["CpuQuota"] > 0 or name not in {"session", "run"}, name
        assert host["ReadonlyRootfs"] or name in {"hub", "session"}, name
        binds = json.dumps(container["Mounts"])
        assert ("docker.sock" in binds) == (name in {"hub", "worker"}), name
        if name in {"session", "run"}:
            assert container["Config"]["User"] in {"1000", "1000:1000", "nightdesk"} or name == "session"
            assert {mount["Type"] for mount in container["Mounts"]} <= {"volume", "tmpfs"}, name
            assert container["Image"].startswith("sha256:")
    tried(f"{len(containers)} containers of {len(set(roles))} kinds, as the engine has them")


@pytest.mark.security(21)
def test_secrets_are_nowhere_they_need_not_be(platform: Platform, bobs_session: Session, tried: Say) -> None:
    """What config/.env holds, in what the engine tells of containers that need none of it, images, logs, networks."""
    del bobs_session
    secrets = {
        key: value
        for key, value in platform.settings.items()
        if len(value) >= 16 and ("TOKEN" in key or "SECRET" in key or "PASSWORD" in key or "KEY" in key)
    }
    assert len(secrets) >= 5
    for container in all_of(platform):
        name = role(container)
        config, env = container["Config"], container["Config"]["Env"]
        config["Env"] = []
        text = json.dumps(container)
        assert [key for key, value in secrets.items() if value in text] == [], (
            f"beside the environment of {name}"
        )
        if name in {"session", "run", "egress"}:
            assert [key for key, value in secrets.items() if value in json.dumps(env)] == [], name
        logs = of_one(container["Id"], "logs", container["Id"])
        assert [key for key, value in secrets.items() if value in logs] == [], f"the log of {name}"
        running = container["State"]["Running"]
        argv = of_one(container["Id"], "top", container["Id"], "-eo", "pid,args") if running else ""
        assert [key for key, value in secrets.items() if value in argv] == [], f"arguments in {name}"
        del config
    images = sorted({container["Image"] for container in all_of(platform)})
    for image in images:
        history = docker("history", "--no-trunc", image) + docker("image", "inspect", image)
        assert [key for key, value in secrets.items() if value in history] == [], image
    tried(f"{len(secrets)} secrets in inspect, labels, arguments, logs; history of {len(images)} images")
