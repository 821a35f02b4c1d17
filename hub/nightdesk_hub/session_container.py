"""How a session's container is built: limits, hardening, volumes, the server's arguments."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any

from docker.types import Mount
from nightdesk.connection_places import ConnectionMount
from nightdesk.shared_folders import SharedMount

from nightdesk_hub.choice import Choice
from nightdesk_hub.leaving.departures import HandedHome
from nightdesk_hub.names import LABEL_SERVER, Names

HOME = "/home/nightdesk"
SHARED = "/shared"
#: The platform as a session reaches it: `proxy` is the proxy's name in each person's network.
PLATFORM_URL = "http://proxy:8000/services/nightdesk"

#: At most this share of a session's memory may be shared memory (data loaders need some).
_SHM_SHARE = 4


def host_config(choice: Choice, pids_limit: int) -> dict[str, Any]:
    """What the engine is told beside image, command and network.

    Memory and CPU limits are the spawner's own settings and not repeated here.
    """
    memory = choice.size.memory_bytes
    return {
        # A container that ended stays until the next start, with its exit code and its log.
        "auto_remove": False,
        "restart_policy": {"Name": "no"},
        "memswap_limit": memory,
        "shm_size": memory // _SHM_SHARE,
        "pids_limit": pids_limit,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "init": True,
        "log_config": {"type": "json-file", "config": {"max-size": "10m", "max-file": "3"}},
    }


def labels(names: Names, user: str, server: str) -> dict[str, str]:
    """A session's labels."""
    return {**names.labels("session", user), LABEL_SERVER: server}


def volumes(home: str, shared: str, team: str = SHARED, handed: Iterable[HandedHome] = ()) -> dict[str, Any]:
    """Volumes by the place they are mounted at.

    The first two are owned by the image's user on first use: the engine gives an empty volume the owner of
    the folder that it covers. Homes that were handed over are there to be read.
    """
    mounted: dict[str, Any] = {home: HOME, shared: team}
    places: set[str] = set()
    for each in handed:
        place = next(
            place for number in count(1) if (place := _place(each.of, number)) not in places
        )  # two people of one name, one after the other
        places.add(place)
        mounted[each.volume] = {"bind": place, "mode": "ro"}
    return mounted


def shared_config(folders: str, team: str, shared: Iterable[SharedMount]) -> dict[str, Any]:
    """What the engine is told about folders of groups.

    They belong to a group each, which the session is in; who only reads has them read-only. Where there are any on
    the platform, /shared is a folder that is nobody's, with the team's and those of the person's groups in it.
    """
    if team == SHARED:
        return {}
    mounts = [
        Mount(each.place, each.path, type="bind", read_only=not each.writable)
        if each.path is not None
        else Mount(
            each.place, folders, type="volume", subpath=each.name, no_copy=True, read_only=not each.writable
        )
        for each in shared
    ]
    gids = [each.gid for each in shared]
    return {"tmpfs": {SHARED: "size=64k,mode=755"}, "mounts": mounts, **({"group_add": gids} if gids else {})}


def with_places(config: dict[str, Any], places: Iterable[ConnectionMount]) -> dict[str, Any]:
    """The same, with the places of the machine that connections show."""
    bound = [Mount(each.target, each.path, type="bind", read_only=not each.writable) for each in places]
    return {**config, "mounts": [*config.get("mounts", []), *bound]} if bound else config


def _place(of: str, number: int) -> str:
    return f"{HOME}/from-{of}" + (f"-{number}" if number > 1 else "")


def environment(choice: Choice) -> dict[str, str]:
    """What a session knows about itself."""
    followed = {"NIGHTDESK_CHANNEL": choice.channel} if choice.channel else {}
    return {
        "NIGHTDESK_URL": PLATFORM_URL,
        "NIGHTDESK_ENVIRONMENT": choice.version.environment,
        "NIGHTDESK_VERSION": choice.version.version,
        "NIGHTDESK_DIGEST": choice.version.digest,
        "NIGHTDESK_SIZE": choice.size.name,
        **followed,
    }


def server_arguments(idle_seconds: float) -> list[str]:
    """Arguments of the single-user server, which ends itself when nobody uses it.

    An idle kernel or terminal ends after `idle_seconds`, connected or not; a busy kernel never. The
    server ends when it has neither and has not been asked for anything for as long. No other
    process culls, so a kernel that computes in silence keeps its server.
    """
    idle = max(1, round(idle_seconds))
    look = max(1, min(60, idle // 4))
    return [
        f"--ServerApp.shutdown_no_activity_timeout={idle}",
        f"--MappingKernelManager.cull_idle_timeout={idle}",
        f"--MappingKernelManager.cull_interval={look}",
        "--MappingKernelManager.cull_connected=True",
        "--MappingKernelManager.cull_busy=False",
        f"--TerminalManager.cull_inactive_timeout={idle}",
        f"--TerminalManager.cull_interval={look}",
    ]


def how_it_ended(state: dict[str, Any], memory_bytes: int | None) -> str:
    """An ended container's state in words, as the end of `Your session …`."""
    code = state.get("ExitCode")
    if state.get("OOMKilled") and code != 0:
        limit = f" (its limit is {memory_bytes / 2**30:.3g} GiB)" if memory_bytes else ""
        return f"ran out of memory{limit}"
    if state.get("Error"):
        return f"could not be started: {state['Error']}"
    if code == 0:
        return "ended itself, as it does when nobody uses it"
    return f"ended unexpectedly (exit code {code})"
