"""The graph of a pipeline: its steps, what each needs, and how a step's parameters refer to what came before."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_STEPS = 200
STEP_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,59}")
OWN_PARAMETERS = "parameters"  # in a reference: those of the pipeline, so no step is called so
_REFERENCE = re.compile(r"\$\$\{|\$\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Reference:
    """``${source.name}``: a value of a step, or a parameter of the pipeline."""

    source: str
    name: str

    @property
    def own(self) -> bool:
        """It is a parameter of the pipeline."""
        return self.source == OWN_PARAMETERS


@dataclass(frozen=True, slots=True)
class HandedFile:
    """An output of another step that is to lie beside the file under a name."""

    name: str
    step: str
    output: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step as its pipeline.yaml has it. Of the environment and size the pipeline's own are filled in.

    ``needs`` holds those that it says and those that its inputs and parameters refer to, in the file's order.
    """

    name: str
    run: str
    needs: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[HandedFile, ...] = ()
    environment: str | None = None
    size: str | None = None
    timeout_seconds: float | None = None
    cell_timeout_seconds: float | None = None
    retries: int = 0
    retry_wait_seconds: float | None = None
    skip_unchanged: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True)
class Graph:
    """A pipeline.yaml that was read. ``parameters`` has their defaults; None: it has to be given."""

    name: str
    steps: tuple[Step, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    files: bool = True

    def step(self, name: str) -> Step:
        """The step of this name, which there is."""
        return next(step for step in self.steps if step.name == name)

    def layers(self) -> list[list[Step]]:
        """Steps by how many must come before them: those of one layer may run side by side."""
        depth: dict[str, int] = {}
        left = list(self.steps)
        while left:
            ready = [step for step in left if all(need in depth for need in step.needs)]
            for step in ready:
                depth[step.name] = 1 + max((depth[need] for need in step.needs), default=-1)
            left = [step for step in left if step.name not in depth]
        return [
            [step for step in self.steps if depth[step.name] == layer]
            for layer in range(max(depth.values()) + 1)
        ]


def cycle_in(needs: Mapping[str, Iterable[str]]) -> list[str]:
    """Names that need each other in a circle, the first one again at the end; empty without one."""
    done: set[str] = set()
    for start in needs:
        path: list[str] = []
        ways = [iter([start])]
        while ways:
            following = next(ways[-1], None)
            if following is None:
                ways.pop()
                if path:
                    done.add(path.pop())
            elif following in path:
                return [*path[path.index(following) :], following]
            elif following not in done and following in needs:
                path.append(following)
                ways.append(iter(needs[following]))
    return []


def references(value: Any) -> Iterator[Reference]:
    """What a value refers to, at any depth.

    Raises:
        ValueError: ``${…}`` that is no reference, in words.
    """
    if isinstance(value, str):
        for found in _REFERENCE.finditer(value):
            if found[1] is not None:
                yield _reference(found[1])
    elif isinstance(value, list):
        for each in value:
            yield from references(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from references(each)


def filled_in(value: Any, known: Mapping[Reference, Any]) -> Any:
    """The value with what it refers to in place: as it is where it stands alone, as text within text.

    Raises:
        KeyError: something that is not known.
    """
    if isinstance(value, list):
        return [filled_in(each, known) for each in value]
    if isinstance(value, dict):
        return {name: filled_in(each, known) for name, each in value.items()}
    if not isinstance(value, str):
        return value
    alone = _REFERENCE.fullmatch(value)
    if alone is not None and alone[1] is not None:
        return known[_reference(alone[1])]

    def text_of(found: re.Match[str]) -> str:
        if found[1] is None:
            return "${"
        given = known[_reference(found[1])]
        return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)

    return _REFERENCE.sub(text_of, value)


def _reference(text: str) -> Reference:
    source, dot, name = text.strip().partition(".")
    if not (dot and name and STEP_NAME.fullmatch(source)):
        raise ValueError(
            f"'${{{text[:60]}}}' refers to nothing: write ${{STEP.VALUE}} or ${{parameters.NAME}}, "
            "and $${ where no reference is meant"
        )
    return Reference(source, name)
