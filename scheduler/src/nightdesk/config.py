"""The one file an operator edits, ``nightdesk.yaml``, read once into frozen settings.

>>> settings = load(Path("config/nightdesk.yaml"))
>>> settings.sizes["medium"].memory_bytes
4294967296

Whatever is wrong raises :class:`ConfigError`, which names file, line and key.
``python -m nightdesk.config FILE`` checks a file and prints one line for each mistake.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import yaml
from pydantic import (
    BeforeValidator,
    Field,
    ValidationError,
    field_validator,
)

from nightdesk.connection_places import Connections
from nightdesk.notices import Notifications
from nightdesk.sections import (
    Accounts,
    Database,
    Network,
    Retention,
    Runs,
    Section,
    Sessions,
    Site,
    Size,
    Storage,
    nothing_said,
)
from nightdesk.shared_folders import Shared


class ConfigError(Exception):
    """The settings cannot be used. ``problems`` holds one ``file:line: key: words`` for each mistake."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def _default_sizes() -> dict[str, Size]:
    return {
        "small": Size(name="small", title="Small", cpus=1, memory=2 * 2**30),
        "medium": Size(name="medium", title="Medium", cpus=2, memory=4 * 2**30, default=True),
    }


class Settings(Section):
    """Everything that ``nightdesk.yaml`` can say."""

    site: Site = Site()
    sizes: dict[str, Size] = Field(default_factory=_default_sizes, min_length=1)
    accounts: Accounts = Accounts()
    sessions: Sessions = Sessions()
    network: Network = Network()
    shared: Shared = Shared()
    connections: Connections = Connections()
    runs: Runs = Runs()
    notifications: Annotated[Notifications, BeforeValidator(nothing_said)] = Notifications()
    database: Database = Database()
    storage: Storage = Storage()
    retention: Retention = Retention()

    @field_validator("sizes", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if isinstance(value, dict):
            for name in value:
                if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", str(name)):
                    raise ValueError(
                        f"{name!r} is no name for a size; use lower-case letters, digits, hyphens"
                    )
                if isinstance(value[name], dict) and "name" in value[name]:
                    raise ValueError(f"{name}.name is not a setting; its name is the key, '{name}'")
            return {
                name: {"title": str(name).capitalize(), **size, "name": name}
                if isinstance(size, dict)
                else size
                for name, size in value.items()
            }
        return value

    @field_validator("sizes")
    @classmethod
    def _one_default(cls, value: dict[str, Size]) -> dict[str, Size]:
        defaults = [size.name for size in value.values() if size.default]
        if len(defaults) > 1:
            raise ValueError(f"only one may be the default, not {' and '.join(defaults)}")
        return value

    @property
    def default_size(self) -> Size:
        """The size that is taken when nobody names one."""
        sizes = list(self.sizes.values())
        return next((size for size in sizes if size.default), sizes[0])

    @property
    def public_url(self) -> str:
        """The address people type, without a closing slash."""
        return self.site.public_url or f"http://127.0.0.1:{os.environ.get('NIGHTDESK_PORT', '8000')}"


def load(path: Path | str) -> Settings:
    """Read and check a settings file.

    Raises:
        ConfigError: the file is missing, is no YAML, has an unknown key or a wrong value.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{path}: is not UTF-8 text"]) from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
        doubled = _doubled_keys(node, path)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError([f"{path}:{line}: {error.problem or 'is no YAML'}"]) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError([f"{path}:{line}: character #x{error.character:04x} is not allowed"]) from None
    except RecursionError:
        raise ConfigError([f"{path}:1: is nested too deeply, or contains itself"]) from None
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise ConfigError([f"{path}:1: must be a list of keys such as 'site:' and 'sizes:'"])
    if doubled:
        raise ConfigError(doubled)
    # An empty section (`runs:` with every line commented out) means its defaults.
    data = {key: value for key, value in data.items() if value is not None}
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        raise ConfigError([_problem(path, node, dict(item)) for item in error.errors()]) from None


def _problem(path: Path, node: yaml.Node | None, item: dict[str, Any]) -> str:
    keys = [str(part) for part in item["loc"]]
    line = _line_of(node, keys)
    message = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        message = "is not a setting; see docs/settings.md for the list"
    elif item["type"] == "missing":
        message = "is missing"
    return f"{path}:{line}: {'.'.join(keys) or 'settings'}: {message}"


def _line_of(node: yaml.Node | None, keys: list[str]) -> int:
    """The line, from 1, of the deepest of ``keys`` that the file has."""
    line = 1
    for key in keys:
        if not isinstance(node, yaml.MappingNode):
            break
        for name, value in node.value:
            if name.value == key:
                line, node = name.start_mark.line + 1, value
                break
        else:
            break
    return line


def _doubled_keys(node: yaml.Node | None, path: Path) -> list[str]:
    problems: list[str] = []
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for name, value in node.value:
            line = name.start_mark.line + 1
            if name.value in seen:
                problems.append(
                    f"{path}:{line}: {name.value}: stands twice, first in line {seen[name.value]}"
                )
            seen[name.value] = line
            problems += _doubled_keys(value, path)
    return problems


def for_the_front(site: Site) -> dict[str, str]:
    """What the setup scripts and the service `tls` go by, as variables."""
    return {
        "NIGHTDESK_TLS": site.tls,
        "NIGHTDESK_TLS_HOST": urlsplit(site.public_url).hostname or "",
        "NIGHTDESK_PUBLIC_URL": site.public_url,
        "NIGHTDESK_ACME_EMAIL": site.acme_email,
        "NIGHTDESK_ACME_SERVER": site.acme_server,
        "NIGHTDESK_BEHIND_PROXY": "yes" if site.behind_proxy else "",
    }


def main(arguments: list[str]) -> int:
    """Check the file named; 0 when it is right, 1 when it is not, 2 without a file.

    With ``--front`` behind it, print what :func:`for_the_front` has, a line each.
    """
    if len(arguments) not in {1, 2} or arguments[1:] not in ([], ["--front"]):
        print("usage: python -m nightdesk.config FILE [--front]", file=sys.stderr)
        return 2
    try:
        settings = load(arguments[0])
    except ConfigError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 1
    if len(arguments) == 2:
        print("\n".join(f"{name}={value}" for name, value in for_the_front(settings.site).items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
