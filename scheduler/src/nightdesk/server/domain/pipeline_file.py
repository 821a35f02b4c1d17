"""Reading ``pipeline.yaml``; docs/pipelines.md is what it may say. Every mistake is told, with its line."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import yaml

from nightdesk.server.domain.errors import Invalid, TooLarge
from nightdesk.server.domain.graph import (
    MOST_STEPS,
    OWN_PARAMETERS,
    STEP_NAME,
    Graph,
    HandedFile,
    Step,
    cycle_in,
    references,
)
from nightdesk.server.domain.parameters import check_name, check_value
from nightdesk.server.domain.submission import check_file_name, check_label, kind_of

LARGEST_BYTES = 2**20
MOST_INPUTS = 100  # of one step
_DEEPEST = 40
_MOST_TOLD = 20
_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PIPELINE = ("name", "environment", "size", "parameters", "files", "skip_unchanged", "steps")
_STEP = (
    *("run", "needs", "parameters", "inputs", "environment", "size"),
    *("timeout", "cell_timeout", "retries", "retry_wait", "skip_unchanged"),
)
_T = TypeVar("_T")


def read_pipeline(text: bytes, file: str = "pipeline.yaml") -> Graph:
    """The pipeline that a file describes.

    Raises:
        Invalid: all that is wrong with it, a line each.
        TooLarge: no pipeline is that long.
    """
    if len(text) > LARGEST_BYTES:
        raise TooLarge(f"{file} is larger than 1 MB", "Data belongs in files of its own.")
    root = _node(text, file)
    reader = _Reader()
    graph = reader.graph(root)
    if reader.problems:
        told = sorted(reader.problems)[:_MOST_TOLD]
        words = "; ".join(f"line {line}: {problem}" for line, problem in told)
        raise Invalid(f"{file}, {words}", "docs/pipelines.md has all that it may say.")
    return graph


def _node(text: bytes, file: str) -> yaml.Node:
    try:
        for token in yaml.scan(text.decode("utf-8-sig"), Loader=yaml.SafeLoader):
            if isinstance(token, yaml.AliasToken | yaml.AnchorToken | yaml.TagToken):
                line = token.start_mark.line + 1
                raise Invalid(f"{file}, line {line}: anchors, aliases and tags are not read here")
        node = yaml.compose(text.decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise Invalid(f"{file} is not UTF-8 text: byte {error.start} cannot be read") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        raise Invalid(f"{file}{place} is no YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise Invalid(f"{file} is no YAML: {str(error)[:200]}") from None
    except RecursionError:
        raise Invalid(f"{file} is nested too deeply") from None
    if node is None:
        raise Invalid(f"{file} is empty")
    return node


@dataclass(slots=True)
class _Reader:
    """Turns nodes into what they say, and remembers what is wrong with them."""

    problems: list[tuple[int, str]] = field(default_factory=list)

    def graph(self, root: yaml.Node) -> Graph:
        said = self._keys(root, _PIPELINE, "a pipeline")
        for key in ("name", "steps"):
            if isinstance(root, yaml.MappingNode) and key not in said:
                self._wrong(root, f"'{key}' is missing")
        name = self._said(said, "name", self._label) or ""
        own = self._said(said, "parameters", self._parameters) or {}
        for key, value in own.items():
            if any(True for _ in self._references(said["parameters"], value)):
                self._wrong(said["parameters"], f"the parameter '{key}' of the pipeline refers to something")
        usual = Step(
            "",
            "",
            environment=self._said(said, "environment", self._text),
            size=self._said(said, "size", self._text),
            skip_unchanged=self._said(said, "skip_unchanged", self._yes) or False,
        )
        files = self._said(said, "files", self._yes)
        nodes = dict(self._steps(said["steps"])) if "steps" in said else {}
        steps = tuple(self._step(name, node, usual, own, set(nodes)) for name, node in nodes.items())
        if not self.problems:
            self._check_circle(steps)
        return Graph(name, steps, own, True if files is None else files)

    def _steps(self, node: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode) or not node.value:
            self._wrong(node, "'steps' must have steps by their names")
            return
        if len(node.value) > MOST_STEPS:
            self._wrong(node, f"a pipeline has at most {MOST_STEPS} steps, not {len(node.value)}")
            return
        for name, (key, value) in self._pairs(node).items():
            if not STEP_NAME.fullmatch(name) or name == OWN_PARAMETERS:
                self._wrong(
                    key,
                    f"'{name[:60]}' is no name for a step: use letters, digits, - and _, at most 60, a letter first"
                    if name != OWN_PARAMETERS
                    else "no step is called 'parameters': those of the pipeline are",
                )
            else:
                yield name, value

    def _step(self, name: str, node: yaml.Node, usual: Step, own: dict[str, Any], names: set[str]) -> Step:
        said = self._keys(node, _STEP, "a step")
        if isinstance(node, yaml.MappingNode) and "run" not in said:
            self._wrong(node, f"step '{name}' says nothing to 'run'")
        parameters = self._said(said, "parameters", self._parameters) or {}
        inputs = self._said(said, "inputs", self._inputs) or ()
        needs = [need for need, at in self._needs(said.get("needs")) if self._known(at, need, name, names)]
        for each in inputs:
            if self._known(said["inputs"], each.step, name, names):
                needs.append(each.step)
        for one in self._references(said.get("parameters"), parameters):
            at = said["parameters"]
            if not one.own and self._known(at, one.source, name, names):
                needs.append(one.source)
            elif one.own and one.name not in own:
                there = f"it has: {', '.join(own)}" if own else "it has none"
                self._wrong(at, f"the pipeline has no parameter '{one.name[:60]}'; {there}")
        skips = self._said(said, "skip_unchanged", self._yes)
        return replace(
            usual,
            name=name,
            run=self._said(said, "run", self._file) or "",
            needs=tuple(dict.fromkeys(needs)),
            parameters=parameters,
            inputs=inputs,
            environment=self._said(said, "environment", self._text) or usual.environment,
            size=self._said(said, "size", self._text) or usual.size,
            timeout_seconds=self._said(said, "timeout", self._seconds),
            cell_timeout_seconds=self._said(said, "cell_timeout", self._seconds),
            retries=self._said(said, "retries", self._count) or 0,
            retry_wait_seconds=self._said(said, "retry_wait", self._seconds),
            skip_unchanged=usual.skip_unchanged if skips is None else skips,
            line=node.start_mark.line + 1,
        )

    def _check_circle(self, steps: tuple[Step, ...]) -> None:
        circle = cycle_in({step.name: step.needs for step in steps})
        if circle:
            line = next(step.line for step in steps if step.name == circle[0])
            self.problems.append((line, f"steps need each other in a circle: {' → '.join(circle)}"))

    def _known(self, at: yaml.Node, need: str, step: str, names: set[str]) -> bool:
        if need == step:
            self._wrong(at, f"step '{step}' needs itself")
            return False
        if need not in names:
            near = difflib.get_close_matches(need, names, 1)
            meant = (
                f"; did you mean '{near[0]}'?" if near else f"; there is: {', '.join(sorted(names))[:200]}"
            )
            self._wrong(at, f"step '{step}' needs '{need[:60]}', and there is no such step{meant}")
            return False
        return True

    def _references(self, at: yaml.Node | None, value: Any) -> Iterator[Any]:
        try:
            yield from references(value)
        except ValueError as error:
            if at is not None:
                self._wrong(at, str(error))

    # values

    def _needs(self, node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node]]:
        if node is None:
            return
        for each in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            name = self._text(each)
            if name is not None:
                yield name, each

    def _inputs(self, node: yaml.Node) -> tuple[HandedFile, ...]:
        found = []
        for name, (key, value) in self._mapping(node).items():
            said = self._text(value)
            step, slash, output = (said or "").partition("/")
            if said is not None and not (slash and output and step):
                self._wrong(value, f"the input '{name[:60]}' must be STEP/OUTPUT, not '{said[:60]}'")
            elif said is not None and self._checked(key, check_file_name, name):
                found.append(HandedFile(name, step, output))
        if len(found) > MOST_INPUTS:
            self._wrong(node, f"a step gets at most {MOST_INPUTS} outputs of others")
        return tuple(found)

    def _parameters(self, node: yaml.Node) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, (key, value) in self._mapping(node).items():
            if self._checked(key, check_name, name):
                found[name] = self._value(value)
                self._checked(value, partial(check_value, name), found[name])
        return found

    def _value(self, node: yaml.Node, depth: int = 0) -> Any:
        """What a node says as JSON has it; dates and the like are the text that they are."""
        if depth > _DEEPEST:
            self._wrong(node, "this is nested too deeply")
            return None
        if isinstance(node, yaml.MappingNode):
            return {name: self._value(value, depth + 1) for name, (_, value) in self._pairs(node).items()}
        if isinstance(node, yaml.SequenceNode):
            return [self._value(each, depth + 1) for each in node.value]
        return _scalar(node)

    def _text(self, node: yaml.Node) -> str | None:
        if not isinstance(node, yaml.ScalarNode) or node.tag == "tag:yaml.org,2002:null":
            self._wrong(node, "this must be text")
            return None
        return str(node.value)

    def _label(self, node: yaml.Node) -> str | None:
        text = self._text(node)
        return (
            text if text is not None and self._checked(node, partial(check_label, "the name"), text) else None
        )

    def _file(self, node: yaml.Node) -> str | None:
        text = self._text(node)
        return text if text is not None and self._checked(node, kind_of, text) else None

    def _yes(self, node: yaml.Node) -> bool | None:
        value = _scalar(node)
        if isinstance(value, bool):
            return value
        self._wrong(node, "this must be yes or no")
        return None

    def _count(self, node: yaml.Node) -> int | None:
        value = _scalar(node)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10:
            return value
        self._wrong(node, "this must be a whole number from 0 to 10")
        return None

    def _seconds(self, node: yaml.Node) -> float | None:
        value = _scalar(node)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**31:
            return float(value)
        found = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
        if found is None:
            self._wrong(node, "this is no time; write for example 90s, 15m, 2h or 1d")
            return None
        return float(found[1]) * _SECONDS[found[2]]

    # mappings

    def _keys(self, node: yaml.Node, known: tuple[str, ...], what: str) -> dict[str, yaml.Node]:
        found = {}
        for name, (key, value) in self._mapping(node).items():
            if name in known:
                found[name] = value
                continue
            near = difflib.get_close_matches(name, known, 1)
            meant = f"; did you mean '{near[0]}'?" if near else f"; it has {', '.join(known)}"
            self._wrong(key, f"'{name[:60]}' is nothing that {what} has{meant}")
        return found

    def _mapping(self, node: yaml.Node) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        if isinstance(node, yaml.MappingNode):
            return self._pairs(node)
        self._wrong(node, "here names with a value each are expected (NAME: VALUE)")
        return {}

    def _pairs(self, node: yaml.MappingNode) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        found: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._wrong(key, "a name must be text")
            elif key.value in found:
                self._wrong(key, f"'{key.value[:60]}' is said twice")
            else:
                found[str(key.value)] = (key, value)
        return found

    def _said(
        self, said: dict[str, yaml.Node], key: str, read: Callable[[yaml.Node], _T | None]
    ) -> _T | None:
        return read(said[key]) if key in said else None

    def _checked(self, node: yaml.Node, check: Callable[[Any], object], value: Any) -> bool:
        try:
            check(value)
        except Invalid as error:
            self._wrong(node, error.message)
            return False
        return True

    def _wrong(self, node: yaml.Node, words: str) -> None:
        self.problems.append((node.start_mark.line + 1, words))


def _scalar(node: yaml.Node) -> Any:
    if not isinstance(node, yaml.ScalarNode):
        return node
    kind, text = node.tag.rpartition(":")[2], str(node.value)
    try:
        if kind in {"bool", "null"} or (kind in {"int", "float"} and ":" not in text):
            value = getattr(yaml.constructor.SafeConstructor(), f"construct_yaml_{kind}")(node)
            return text if isinstance(value, float) and not math.isfinite(value) else value
    except ValueError:
        return text
    return text
