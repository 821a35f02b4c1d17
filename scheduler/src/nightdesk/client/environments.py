"""The part of the client that is about environments and builds."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO, Any, Unpack

    from nightdesk.client.answers import Environment
    from nightdesk.client.catalogue_answers import (
        Build,
        BuildOptions,
        ChannelMove,
        Cleaning,
        Comparison,
        EnvironmentEvent,
        EnvironmentGroups,
        NamedVersion,
        WholeVersion,
    )
    from nightdesk.client.events import Event, Waiting
    from nightdesk.client.response import Response
    from nightdesk.client.transport import Transport

_PAGE = 100


class Environments:
    """What there is to run in, and what admins do with it. `label` is NAME:VERSION everywhere."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def listed(self, *, everything: bool = False) -> list[Environment]:
        """The environments that one may use, the newest version first; with `everything` old ones as well."""
        query = {"all": "true" if everything else None}
        found: list[Environment] = self._transport.json("GET", "/environments", query=query)["environments"]
        return found

    def version(self, label: str) -> WholeVersion:
        """All that is known of a version."""
        version: WholeVersion = self._transport.json("GET", "/environments", *_parts(label))
        return version

    def lock(self, label: str) -> str:
        """The file that pins the version's packages."""
        answer = self._transport.open("GET", "/environments", *_parts(label), "lock")
        return answer.read().decode("utf-8", errors="replace")

    def events(self, name: str) -> list[EnvironmentEvent]:
        """What was ever done to the environment, newest first."""
        events: list[EnvironmentEvent] = self._transport.json("GET", "/environments", name, "events")[
            "events"
        ]
        return events

    def compare(self, before: str, after: str) -> Comparison:
        """Which packages differ between two versions."""
        query = {"before": before, "after": after}
        comparison: Comparison = self._transport.json("GET", "/environments/compare", query=query)
        return comparison

    def promote(self, label: str, channel: str) -> ChannelMove:
        """Point a channel at a version (admins)."""
        name, version = _parts(label)
        path = (name, "channels", channel)
        move: ChannelMove = self._transport.json("POST", "/environments", *path, json={"version": version})
        return move

    def roll_back(self, name: str, channel: str) -> ChannelMove:
        """Take the last promotion back (admins)."""
        move: ChannelMove = self._transport.json(
            "POST", "/environments", name, "channels", channel, "rollback"
        )
        return move

    def change(self, label: str, what: str) -> NamedVersion:
        """`deprecate`, `offer` or `remove` a version (admins)."""
        version: NamedVersion = self._transport.json("POST", "/environments", *_parts(label), what)
        return version

    def set_groups(self, name: str, groups: list[str]) -> EnvironmentGroups:
        """Say who an environment is for; nobody named: everybody (admins)."""
        answer: EnvironmentGroups = self._transport.json(
            "POST", "/environments", name, "groups", json={"groups": groups}
        )
        return answer

    def cleaning(self, *, do: bool = False) -> Cleaning:
        """What a clean-up would remove and free; with `do` it is done (admins)."""
        cleaning: Cleaning = self._transport.json("POST" if do else "GET", "/environments/cleaning")
        return cleaning


class Builds:
    """Making versions. For admins."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def ask(self, archive: IO[bytes] | None = None, **options: Unpack[BuildOptions]) -> Build:
        """Ask for a version to be built; `archive` is a gzip tar with the requirements or the folder."""
        import json

        from nightdesk.client.multipart import Form

        form = Form()
        form.add("request", json.dumps(options).encode(), "application/json")
        if archive is not None:
            form.add_file("files", archive, "files.tar.gz")
        headers = {"Content-Type": form.content_type}
        build: Build = self._transport.json("POST", "/builds", body=form, headers=headers)
        return build

    def build(self, build_id: str) -> Build:
        """One build as it is now."""
        build: Build = self._transport.json("GET", "/builds", build_id)
        return build

    def listed(self, limit: int | None = None) -> Iterator[Build]:
        """Builds, newest first; pages are fetched as they are needed."""
        left = limit
        before: str | None = None
        while left is None or left > 0:
            query: dict[str, Any] = {"limit": min(_PAGE, left or _PAGE), "before": before}
            page = self._transport.json("GET", "/builds", query=query)
            yield from page["builds"]
            before = page["next"]
            if left is not None:
                left -= len(page["builds"])
            if not before:
                return

    def log(self, build_id: str) -> Iterator[bytes]:
        """What the build has printed so far, in pieces."""
        yield from self._transport.open("GET", "/builds", build_id, "log").pieces()

    def cancel(self, build_id: str) -> Build:
        """Ask for the end of a build."""
        build: Build = self._transport.json("POST", "/builds", build_id, "cancel")
        return build

    def events(
        self, build_id: str, *, waiting: Waiting | None = None, patient: bool = False
    ) -> Iterator[Event]:
        """Follow a build until it ends, over broken connections and restarts; see `events.follow`."""
        from nightdesk.client.events import follow

        def connect(last: str | None) -> Response:
            headers = {"Accept": "text/event-stream"}
            if last is not None:
                headers["Last-Event-ID"] = last
            return self._transport.open("GET", "/builds", build_id, "events", headers=headers)

        return follow(connect, waiting=waiting, patient=patient)


def _parts(label: str) -> tuple[str, str]:
    """Raises WrongUsage where it is not NAME:VERSION."""
    name, _, version = label.partition(":")
    if not name or not version:
        from nightdesk.client.errors import WrongUsage

        raise WrongUsage(f"{label!r} is no version", "Write NAME:VERSION; `nightdesk env list` shows them.")
    return name, version
