"""The one file an operator edits, ``nightdesk.yaml``, read once into frozen settings.

>>> settings = load(Path("config/nightdesk.yaml"))
>>> settings.sizes["medium"].memory_bytes
4294967296

Whatever is wrong raises :class:`ConfigError`, which names file, line and key.
``python -m nightdesk.config FILE`` checks a file and prints one line for each mistake.
"""

from __future__ import annotations

import ipaddress
import math
import os
import re
import sys
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from nightdesk import sign_in as _sign_in
from nightdesk.connection_places import Connections
from nightdesk.notices import Notifications
from nightdesk.shared_folders import Shared

_SIZE_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_TIME_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class ConfigError(Exception):
    """The settings cannot be used. ``problems`` holds one ``file:line: key: words`` for each mistake."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def _bytes(value: object) -> object:
    """``4G``, ``512M`` or a plain number of bytes."""
    if isinstance(value, str):
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", value.strip(), re.IGNORECASE)
        if not match:
            raise ValueError(f"{value!r} is not a size; write for example 512M or 4G")
        amount = float(match[1]) * _SIZE_UNITS[match[2].upper()]
        if not math.isfinite(amount):
            raise ValueError("is larger than any machine")
        return int(amount)
    if isinstance(value, bool):
        raise ValueError(f"{value!r} is not a size; write for example 512M or 4G")
    return value


def _seconds(value: object) -> object:
    """``90s``, ``15m``, ``2h``, ``1d`` or a plain number of seconds."""
    if isinstance(value, str):
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd])", value.strip())
        if not match:
            raise ValueError(f"{value!r} is not a time; write for example 90s, 15m, 2h or 1d")
        return float(match[1]) * _TIME_UNITS[match[2]]
    if isinstance(value, bool):
        raise ValueError(f"{value!r} is not a time; write for example 90s, 15m, 2h or 1d")
    return value


def _slots(value: object) -> object:
    """``auto`` or a number: one message, where a union would give one for each of its sides."""
    number = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 512
    if value != "auto" and not number:
        raise ValueError(f"{value!r} is neither 'auto' nor a whole number from 1 to 512")
    return value


def _memory(value: object) -> object:
    """``auto`` or a size: one message, as above."""
    if value == "auto":
        return value
    amount = _bytes(value)
    if not isinstance(amount, int) or not 0 < amount <= 2**62:
        raise ValueError(f"{value!r} is neither 'auto' nor a size; write for example 64G")
    return amount


def _nothing(value: object) -> object:
    """A section whose lines are all commented out means its defaults."""
    return {} if value is None else value


Bytes = Annotated[int, BeforeValidator(_bytes), Field(gt=0, le=2**62)]
AtLeastOne = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, BeforeValidator(_seconds), Field(gt=0, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Site(_Part):
    """How the platform calls itself and where people reach it."""

    title: str = "Nightdesk"
    public_url: str = ""
    tls: Literal["off", "files", "acme"] = "off"
    acme_email: str = ""
    acme_server: str = "https://acme-v02.api.letsencrypt.org/directory"
    behind_proxy: bool = False

    @field_validator("public_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^/\s]+/?", value):
            raise ValueError(f"{value!r} is not an address such as https://notebooks.example.org")
        return value.rstrip("/")

    @field_validator("tls", mode="before")
    @classmethod
    def _is_not_yaml_s_false(cls, value: object) -> object:
        return "off" if value is False else value  # `tls: off` is a no to YAML

    @field_validator("acme_email")
    @classmethod
    def _is_plain(cls, value: str) -> str:
        if value and not re.fullmatch(r"[^@\s{}\"]+@[^@\s{}\"]+", value):
            raise ValueError(f"{value!r} is no address for mail")
        return value

    @field_validator("acme_server")
    @classmethod
    def _is_directory(cls, value: str) -> str:
        if not re.fullmatch(r"https://[^\s{}\"]+", value):
            raise ValueError(f"{value!r} is not the address of an ACME directory; it begins with https://")
        return value

    @model_validator(mode="after")
    def _fits(self) -> Site:
        if self.tls != "off" and not self.public_url.startswith("https://"):
            raise ValueError(f"tls: {self.tls} needs public_url, such as https://notebooks.example.org")
        if self.tls == "acme" and not re.fullmatch(
            r"https://[a-z0-9.-]*[a-z]", self.public_url, re.IGNORECASE
        ):
            raise ValueError(
                "tls: acme needs a public_url with a name in it and no port: it is asked for on 80 and 443"
            )
        if self.tls != "off" and self.behind_proxy:
            raise ValueError(
                "behind_proxy means that TLS ends before this platform; set tls to off, or it to false"
            )
        return self


class Size(_Part):
    """A named bundle of limits. ``memory`` is bytes, ``time_limit`` is seconds."""

    name: str = ""
    title: str = ""
    cpus: float = Field(gt=0, le=1024)
    memory_bytes: Bytes = Field(alias="memory", ge=64 * 2**20)
    time_limit_seconds: Seconds = Field(alias="time_limit", default=12 * 3600.0)
    pids: int = Field(default=1024, ge=64, le=2**22)
    disk_bytes: Bytes = Field(alias="disk", default=20 * 2**30, ge=16 * 2**20)
    output_bytes: Bytes = Field(alias="output", default=10 * 2**30)
    default: bool = False


class Accounts(_Part):
    """Who signs people in: Nightdesk itself (then: who may ask, what a password must be), or a provider."""

    open_signup: bool = True
    min_password_length: int = Field(default=10, ge=8, le=128)
    github: _sign_in.GitHub | None = None
    gitlab: _sign_in.GitLab | None = None
    google: _sign_in.Google | None = None
    microsoft: _sign_in.Microsoft | None = None
    oidc: _sign_in.OpenIdConnect | None = None
    # Behind the sections, because it is held against them.
    sign_in: _sign_in.Kind = Field(default="native", validate_default=False)

    @field_validator("sign_in")
    @classmethod
    def _has_its_section(cls, value: str, info: ValidationInfo) -> str:
        # A section that is there and wrong is not in `data`; it has a message of its own.
        if value != "native" and value in info.data and info.data[value] is None:
            raise _sign_in.not_there(value)
        return value

    @property
    def provider(self) -> _sign_in.Provider | None:
        """Who signs people in; None: Nightdesk itself."""
        return None if self.sign_in == "native" else getattr(self, self.sign_in)


class Sessions(_Part):
    """People's own servers."""

    idle_seconds: Seconds = Field(alias="idle_after", default=7200.0)
    start_timeout_seconds: Seconds = Field(alias="start_timeout", default=120.0)
    network_pool: str = "10.213.0.0/16"
    pids_limit: int = Field(default=1024, ge=64)

    @field_validator("network_pool")
    @classmethod
    def _is_network(cls, value: str) -> str:
        if ipaddress.IPv4Network(value).prefixlen > 24:
            raise ValueError(f"{value} is too small: each person takes a /28, give at least a /24")
        return value


class Limits(_Part):
    """How many runs may go on at a time, and wait. None: as many as there are slots."""

    person: int | None = Field(default=None, ge=1)
    people: Annotated[dict[str, AtLeastOne], BeforeValidator(_nothing)] = Field(default_factory=dict)
    groups: Annotated[dict[str, AtLeastOne], BeforeValidator(_nothing)] = Field(default_factory=dict)
    waiting: int = Field(default=2000, ge=1)

    def of_person(self, name: str) -> int | None:
        """Runs that this person may have at a time."""
        return self.people.get(name, self.person)


class Network(_Part):
    """What code in sessions and runs may reach outside of the platform."""

    egress: Literal["open", "closed", "unfiltered"] = "open"
    allow: tuple[str, ...] = ()

    @field_validator("allow", mode="before")
    @classmethod
    def _are_targets(cls, value: object) -> object:
        for each in value if isinstance(value, list) else []:
            address, colon, port = str(each).partition(":")
            try:
                ipaddress.IPv4Network(address)
            except ValueError as error:
                words = (
                    f"{each!r} is no IPv4 address or network such as 10.1.2.3, 10.1.0.0/16 or 10.1.2.3:5432"
                )
                raise ValueError(f"{words} ({error})" if "/" in address else words) from None
            if colon and not (port.isdecimal() and 0 < int(port) < 65536):
                raise ValueError(f"{each!r} has no port that there is; write for example 10.1.2.3:5432")
        return value


class Runs(_Part):
    """Background runs and what they may leave behind. Sizes are bytes, times are seconds."""

    slots: Annotated[Literal["auto"] | int, BeforeValidator(_slots)] = "auto"
    memory: Annotated[Literal["auto"] | Bytes, BeforeValidator(_memory)] = "auto"
    limits: Annotated[Limits, BeforeValidator(_nothing)] = Limits()
    grace_seconds: Seconds = Field(alias="grace", default=10.0)
    cell_timeout_seconds: Seconds | None = Field(alias="cell_timeout", default=None)
    retry_wait_seconds: Seconds = Field(alias="retry_wait", default=10.0)
    max_source_bytes: Bytes = Field(alias="max_source", default=50 * 2**20)
    max_files_bytes: Bytes = Field(alias="max_files", default=2**30)
    max_output_count: int = Field(default=10000, ge=1, le=200_000)
    cell_log_bytes: Bytes = Field(alias="cell_log", default=2**20)
    run_log_bytes: Bytes = Field(alias="run_log", default=10 * 2**20)
    cell_display_bytes: Bytes = Field(alias="cell_display", default=20 * 2**20)
    run_display_bytes: Bytes = Field(alias="run_display", default=50 * 2**20)

    @property
    def slot_count(self) -> int:
        """Runs that one worker has at a time."""
        return (os.cpu_count() or 1) if self.slots == "auto" else self.slots

    @property
    def memory_bytes(self) -> int:
        """Memory that one worker's runs may have together: four fifths of the machine's, if not said."""
        if self.memory != "auto":
            return self.memory
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 4 // 5


class Database(_Part):
    """Where the platform's truth is kept: an SQLAlchemy address, of SQLite in this version."""

    url: str = "sqlite:////data/nightdesk.db"

    @field_validator("url")
    @classmethod
    def _is_served(cls, value: str) -> str:
        if not re.fullmatch(r"sqlite:////\S+", value):
            raise ValueError(
                f"{value!r} is no SQLite file; write sqlite:////data/nightdesk.db (four slashes)"
            )
        return value


class Storage(_Part):
    """Where inputs and outputs are kept: a folder, or a bucket of a store that speaks S3."""

    url: str = "file:///store"
    # Empty: Amazon's own. Held against the address above.
    endpoint: str = Field(default="", validate_default=True)
    region: str = "us-east-1"

    @field_validator("url")
    @classmethod
    def _is_served(cls, value: str) -> str:
        if re.fullmatch(r"file:///\S+", value):
            return value
        if not value.startswith("s3:"):
            raise ValueError(
                f"{value!r} is neither a folder nor a bucket; write for example file:///store or s3://bucket/prefix"
            )
        found = re.fullmatch(r"s3://([^/\s]+)((?:/[A-Za-z0-9._=-]+)*)/?", value)
        if not found or not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", found[1]):
            raise ValueError(
                f"{value!r} names no bucket; write for example s3://nightdesk or s3://nightdesk/outputs"
            )
        if {"..", "."} & set(found[2].split("/")):
            raise ValueError(f"{value!r} has no plain prefix; leave out '.' and '..'")
        return value.rstrip("/")

    @field_validator("endpoint")
    @classmethod
    def _is_endpoint(cls, value: str, info: ValidationInfo) -> str:
        if value and not re.fullmatch(r"https?://[^/\s@?#]+/?", value):
            if "@" in value:  # not repeated: there is a secret in it
                raise ValueError("holds a login; that belongs in config/.env (NIGHTDESK_STORE_KEY)")
            raise ValueError(f"{value!r} is not an address such as https://s3.example.org:9000")
        if value and str(info.data.get("url", "s3:")).startswith("file:"):
            raise ValueError(
                "is for a store that speaks S3; set storage.url to s3://bucket/prefix, or leave it out"
            )
        return value.rstrip("/")

    @field_validator("region")
    @classmethod
    def _is_region(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z0-9-]{1,40}", value):
            raise ValueError(
                f"{value!r} is no region such as eu-central-1; most stores of one's own take us-east-1"
            )
        return value

    @property
    def in_bucket(self) -> bool:
        """Whether it is a bucket; then its login stands in config/.env."""
        return self.url.startswith("s3:")


class Retention(_Part):
    """How long outputs stay; count and size are each person's. None: as long, as many, as much as there is."""

    age_seconds: Seconds | None = Field(alias="age", default=None)
    count: int | None = Field(default=None, ge=1)
    size_bytes: Bytes | None = Field(alias="size", default=None)


def _default_sizes() -> dict[str, Size]:
    return {
        "small": Size(name="small", title="Small", cpus=1, memory=2 * 2**30),
        "medium": Size(name="medium", title="Medium", cpus=2, memory=4 * 2**30, default=True),
    }


class Settings(_Part):
    """Everything that ``nightdesk.yaml`` can say."""

    site: Site = Site()
    sizes: dict[str, Size] = Field(default_factory=_default_sizes, min_length=1)
    accounts: Accounts = Accounts()
    sessions: Sessions = Sessions()
    network: Network = Network()
    shared: Shared = Shared()
    connections: Connections = Connections()
    runs: Runs = Runs()
    notifications: Annotated[Notifications, BeforeValidator(_nothing)] = Notifications()
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
