"""The part of the client that is about schedules."""

from __future__ import annotations

from nightdesk.client.errors import NotFound, WrongUsage

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from typing import Any

    from nightdesk.client.archive import Archive
    from nightdesk.client.schedule_answers import NewHook, Schedule, SchedulePreview, Tick
    from nightdesk.client.transport import Transport

_PAGE = 100


class Schedules:
    """Runs of a notebook or script by a timetable. A schedule is meant by its id, or by its name where it is one's own."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def listed(self, owner: str = "me", name: str | None = None) -> Iterator[Schedule]:
        """By name; pages are fetched as they are needed."""
        before = None
        while True:
            query = {"owner": owner, "name": name, "limit": _PAGE, "before": before}
            page = self._transport.json("GET", "/schedules", query=query)
            yield from page["schedules"]
            before = page["next"]
            if before is None:
                return

    def preview(
        self, *, cron: str | None = None, every_seconds: float | None = None, zone: str = "UTC"
    ) -> SchedulePreview:
        """When such a schedule would be due next."""
        wanted = {"cron": cron, "every_seconds": every_seconds, "zone": zone}
        preview: SchedulePreview = self._transport.json("POST", "/schedules/preview", json=wanted)
        return preview

    def add(
        self,
        source: str | os.PathLike[str] | None = None,
        *,
        files: Archive | None = None,
        **wanted: Any,
    ) -> Schedule:
        """Run a file by a timetable, or with `run=ID` what a run was handed over with; see docs/api.md for the rest."""
        return self._sent("POST", (), source, files, wanted)

    def show(self, schedule: str) -> Schedule:
        """One schedule, with its next ticks and how it has done."""
        found: Schedule = self._call("GET", schedule)
        return found

    def set(self, schedule: str, **changes: Any) -> Schedule:
        """Change what is named."""
        found: Schedule = self._call("PATCH", schedule, json=changes)
        return found

    def set_source(
        self,
        schedule: str,
        source: str | os.PathLike[str] | None = None,
        *,
        files: Archive | None = None,
        **place: Any,
    ) -> Schedule:
        """Give it another file, or with `git=…` or `home=…` a place where it is fetched each time."""
        return self._sent("PUT", (self._id(schedule), "source"), source, files, place)

    def hook(self, schedule: str) -> NewHook:
        """Have pushes to its repository start it: where they are to be told, and the secret, which is shown this once."""
        made: NewHook = self._call("POST", schedule, "hook")
        return made

    def hook_off(self, schedule: str) -> Schedule:
        """Pushes start nothing any more."""
        found: Schedule = self._call("DELETE", schedule, "hook")
        return found

    def pause(self, schedule: str) -> Schedule:
        """Nothing is due any more until it is resumed."""
        found: Schedule = self._call("POST", schedule, "pause")
        return found

    def resume(self, schedule: str) -> Schedule:
        """Due again from now on."""
        found: Schedule = self._call("POST", schedule, "resume")
        return found

    def run(self, schedule: str) -> Tick:
        """A run besides the timetable."""
        tick: Tick = self._call("POST", schedule, "run")
        return tick

    def remove(self, schedule: str) -> None:
        """Forget it and its ticks; its runs stay."""
        self._call("DELETE", schedule)

    def ticks(self, schedule: str, limit: int | None = None) -> Iterator[Tick]:
        """When it was due and what became of it, newest first."""
        schedule_id, left, before = self._id(schedule), limit, None
        while left is None or left > 0:
            query = {"limit": min(_PAGE, left or _PAGE), "before": before}
            page = self._transport.json("GET", "/schedules", schedule_id, "ticks", query=query)
            yield from page["ticks"][:left]
            before = page["next"]
            if before is None:
                return
            if left is not None:
                left -= len(page["ticks"])

    def _call(self, method: str, schedule: str, *path: str, json: Any = None) -> Any:
        return self._transport.json(method, "/schedules", self._id(schedule), *path, json=json)

    def _id(self, schedule: str) -> str:
        """The id; a name is looked up among one's own."""
        if len(schedule) == 12 and schedule.isascii() and schedule.isalnum() and schedule.islower():
            try:
                self._transport.json("GET", "/schedules", schedule)
            except NotFound:
                pass  # a name may look like an id
            else:
                return schedule
        found = list(self.listed(name=schedule))
        if not found:
            raise NotFound(
                f"there is no schedule '{schedule[:60]}' of yours",
                "List them: nightdesk schedule list",
                status=404,
            )
        return found[0]["id"]

    def _sent(
        self,
        method: str,
        path: tuple[str, ...],
        source: str | os.PathLike[str] | None,
        files: Archive | None,
        wanted: dict[str, Any],
    ) -> Schedule:
        import json
        import os

        from nightdesk.client.multipart import Form
        from nightdesk.client.source import opened, session_version

        here = session_version()
        if here is not None and method == "POST":
            wanted.setdefault("environment", here)
        form = Form()
        file = None
        if source is not None:
            file = opened(os.fspath(source))
            wanted = {"file": os.path.basename(source), **wanted}  # noqa: PTH119  (pathlib costs start-up time)
        try:
            encoded = json.dumps(wanted, allow_nan=False).encode()
        except ValueError as error:
            raise WrongUsage(f"the parameters are no JSON: {error}") from error
        form.add("request", encoded, "application/json")
        try:
            if file is not None:
                form.add_file("source", file, str(wanted["file"]))
            if files is not None:
                form.add_file("files", files.file, "files.tar.gz")
            headers = {"Content-Type": form.content_type}
            made: Schedule = self._transport.json(method, "/schedules", *path, body=form, headers=headers)
        finally:
            if file is not None:
                file.close()
        return made
