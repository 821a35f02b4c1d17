"""The form of a schedule: what was typed, and what it means."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData

from nightdesk.server.domain.errors import Invalid
from nightdesk.server.domain.repository import place_json
from nightdesk.server.domain.schedule import Schedule
from nightdesk.server.services.schedules import WhenWanted
from nightdesk.server.web.schedules import HowToRun, ScheduleRequest, SourceRequest

_UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
_LONGEST = 20_000
_WHEN = ("cron", "every_seconds", "zone", "on_push")
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Typed:
    """The fields as they were typed. ``kind`` is cron, every or push; ``parameters`` one NAME=VALUE a line.

    ``source`` is file, git or live; ``path`` and ``folder`` are in the repository, or in the home. A folder that is a dot
    is all of the repository.
    """

    kind: str = "cron"
    cron: str = "30 6 * * MON-FRI"
    every: str = "15"
    unit: str = "minutes"
    zone: str = ""  # empty: the browser's, else UTC
    name: str = ""
    file: str = ""
    run: str = ""
    source_kind: str = "file"
    repository: str = ""
    ref: str = ""
    path: str = ""
    folder: str = ""
    environment: str = ""
    size: str = ""
    parameters: str = ""
    time_parameter: str = ""
    missed: str = "once"
    catch_up: str = "10"
    overlap: str = "skip"
    pause_after: str = "5"
    alert: str = "on"
    notify: str = ""  # empty: as its owner said themselves
    do: str = ""

    @classmethod
    def of(cls, form: FormData) -> Typed:
        """What was sent; a box that is not ticked is not sent."""
        values = {
            each.name: str(form.get(each.name, ""))[:_LONGEST].replace("\r\n", "\n").strip()
            for each in fields(cls)
        }
        return cls(**values)

    @classmethod
    def from_schedule(cls, schedule: Schedule) -> Typed:
        """The form as it stands for one that there is."""
        table, wishes, rules = schedule.timetable, schedule.wishes, schedule.rules
        every, unit = table.every or 900, "seconds"
        for name, size in _UNITS.items():
            if every % size == 0:
                unit = name
        lines = [
            f"{name}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
            for name, value in wishes.parameters.items()
        ]
        place = place_json(schedule.source) or {}
        folder = place.get("folder")
        return cls(
            kind="cron" if table.cron else "push" if table.on_push else "every",
            source_kind={"git": "git", "home": "live"}.get(place.get("kind", ""), "file"),
            repository=place.get("repository", ""),
            ref=place.get("ref", ""),
            path=place.get("path", ""),
            folder="" if folder is None else folder or ".",
            cron=table.cron or "",
            every=str(every // _UNITS[unit]),
            unit=unit,
            zone=table.zone,
            name=schedule.name,
            file=wishes.file,
            environment=wishes.environment,
            size=wishes.size or "",
            parameters="\n".join(lines),
            time_parameter=wishes.time_parameter or "",
            missed=rules.missed.value,
            catch_up=str(rules.catch_up),
            overlap=rules.overlap.value,
            pause_after=str(rules.pause_after),
            alert="on" if rules.alert else "",
            notify=wishes.notify or "",
        )

    @property
    def when(self) -> WhenWanted | None:
        """The timetable; None where no number stands where one has to."""
        if self.kind == "push":
            return WhenWanted(None, None, self.zone or "UTC", on_push=True)
        if self.kind == "every":
            seconds = self._seconds()
            return None if seconds is None else WhenWanted(None, seconds, self.zone or "UTC")
        return WhenWanted(self.cron, None, self.zone or "UTC") if self.cron else None

    def request(self, file: str | None) -> ScheduleRequest:
        """A new schedule of this form.

        Raises:
            Invalid: something in it is of another kind.
        """
        values = self._values()
        if self.run:
            values["run"] = self.run
        values |= self._fetched()
        if file is not None and not self._fetched():
            values["file"] = file
        return _read(ScheduleRequest, values)

    def place(self, schedule: Schedule) -> SourceRequest | None:
        """Where the file is fetched from now on, where that differs from the schedule as it is.

        Raises:
            Invalid: something in it is of another kind.
        """
        fetched = self._fetched()
        if not fetched or fetched == Typed.from_schedule(schedule)._fetched():
            return None
        return _read(SourceRequest, fetched)

    def _fetched(self) -> dict[str, Any]:
        """Where it is fetched, as it is asked for; nothing where it is a file."""
        folder = (
            None
            if not self.folder
            else "/".join(part for part in self.folder.split("/") if part not in {"", "."})
        )
        if self.source_kind == "git":
            place = {"repository": self.repository, "ref": self.ref, "path": self.path, "folder": folder}
            return {"git": place}
        return {"home": {"path": self.path, "folder": folder}} if self.source_kind == "live" else {}

    def changes(self, schedule: Schedule) -> HowToRun:
        """What differs from the schedule as it is.

        Raises:
            Invalid: something in it is of another kind.
        """
        values, before = self._values(), Typed.from_schedule(schedule)
        same = before._values()
        changed = {key: value for key, value in values.items() if same.get(key) != value}
        if any(key in changed for key in _WHEN):
            changed |= {key: values[key] for key in _WHEN}
        if "parameters" in changed:
            changed["parameters_are_text"] = True
        else:
            changed.pop("parameters_are_text", None)
        return _read(HowToRun, changed)

    def _values(self) -> dict[str, Any]:
        when = self.when
        if when is None:
            raise Invalid("say when: a cron line, or each how many minutes")
        return {
            "cron": when.cron,
            "every_seconds": when.every_seconds,
            "zone": when.zone,
            "on_push": when.on_push,
            "name": self.name or None,
            "environment": self.environment or None,
            "size": self.size or None,
            "parameters": self._parameters(),
            "parameters_are_text": True,
            "time_parameter": self.time_parameter or None,
            "missed": self.missed or "once",
            "catch_up": self.catch_up or "10",
            "overlap": self.overlap or "skip",
            "pause_after": self.pause_after or "0",
            "alert": self.alert == "on",
            "notify": self.notify or None,
        }

    def _parameters(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for line in self.parameters.splitlines():
            name, equals, value = line.partition("=")
            if line.strip() and (not equals or not name.strip()):
                raise Invalid(
                    f"'{line[:80]}' is no NAME=VALUE", "Write a parameter a line, such as year=2026."
                )
            if line.strip():
                found[name.strip()] = value.strip()
        return found

    def _seconds(self) -> float | None:
        try:
            return float(self.every) * _UNITS.get(self.unit, 60)
        except ValueError:
            return None


def _read(model: type[Model], values: dict[str, Any]) -> Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]).replace("_", " ")
        raise Invalid(f"{place}: {first['msg']}") from None
