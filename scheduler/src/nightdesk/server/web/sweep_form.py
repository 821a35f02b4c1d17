"""The form of a sweep: what was typed, and what it means."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import FormData

from nightdesk.server.domain.errors import Invalid
from nightdesk.server.web.sweeps import SweepRequest
from nightdesk.sweep_words import Unreadable, draws_of, grid_of, point_of

_LONGEST = 900_000
KINDS = {
    "grid": "each combination",
    "list": "a list",
    "random": "drawn by chance",
    "csv": "a table (CSV)",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """The fields as they were typed. ``text`` is read as ``kind`` says; ``counted``: how many runs were shown."""

    kind: str = "grid"
    text: str = ""
    number: str = "20"
    seed: str = ""
    file: str = ""
    name: str = ""
    environment: str = ""
    size: str = ""
    parameters: str = ""
    at_most: str = ""
    metric: str = ""
    goal: str = "max"
    counted: str = ""
    do: str = ""

    @classmethod
    def of(cls, form: FormData) -> Typed:
        """What was sent."""
        values = {
            each.name: str(form.get(each.name, ""))[:_LONGEST].replace("\r\n", "\n").strip()
            for each in fields(cls)
        }
        return replace(cls(**values), kind=values["kind"] if values["kind"] in KINDS else "grid")

    def request(self, file: str) -> SweepRequest:
        """The sweep that is meant.

        Raises:
            Invalid: something in it cannot be read.
        """
        values: dict[str, Any] = {
            "file": file,
            "name": self.name or None,
            "environment": self.environment or None,
            "size": self.size or None,
            "parameters": {} if not self.parameters else _fixed(self.parameters),
            "parameters_are_text": True,
            "at_most": self.at_most or None,
            "metric": self.metric or None,
            "goal": self.goal or "max",
        }
        try:
            return SweepRequest.model_validate(values | self._wish())
        except Unreadable as error:
            raise Invalid(error.message, error.hint) from None
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"]).replace("_", " ")
            raise Invalid(f"{place}: {first['msg']}") from None

    def _wish(self) -> dict[str, Any]:
        lines = [line for line in self.text.splitlines() if line.strip()]
        if self.kind == "csv":
            return {"csv": self.text}
        if self.kind == "list":
            return {"points": [point_of(line) for line in lines]}
        if self.kind == "random":
            drawn = {"count": self.number or 0, "draws": draws_of(lines)}
            return {"random": drawn | ({"seed": self.seed} if self.seed else {})}
        return {"grid": grid_of(lines)}


def _fixed(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if line.strip() and (not equals or not name.strip()):
            raise Invalid(f"'{line[:80]}' is no NAME=VALUE", "Write a parameter a line, such as year=2026.")
        if line.strip():
            found[name.strip()] = value.strip()
    return found
