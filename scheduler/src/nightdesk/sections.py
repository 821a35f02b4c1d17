"""The sections of ``nightdesk.yaml``, and how amounts are written in them: ``4G``, ``30m``."""

from __future__ import annotations

import ipaddress
import math
import os
import re
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from nightdesk import sign_in as _sign_in

_SIZE_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_TIME_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


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


def nothing_said(value: object) -> object:
    """A section whose lines are all commented out means its defaults."""
    return {} if value is None else value


Bytes = Annotated[int, BeforeValidator(_bytes), Field(gt=0, le=2**62)]
AtLeastOne = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, BeforeValidator(_seconds), Field(gt=0, allow_inf_nan=False)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Site(Section):
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


class Size(Section):
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


class Accounts(Section):
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


class Sessions(Section):
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


class Limits(Section):
    """How many runs may go on at a time, and wait. None: as many as there are slots."""

    person: int | None = Field(default=None, ge=1)
    people: Annotated[dict[str, AtLeastOne], BeforeValidator(nothing_said)] = Field(default_factory=dict)
    groups: Annotated[dict[str, AtLeastOne], BeforeValidator(nothing_said)] = Field(default_factory=dict)
    waiting: int = Field(default=2000, ge=1)

    def of_person(self, name: str) -> int | None:
        """Runs that this person may have at a time."""
        return self.people.get(name, self.person)


class Network(Section):
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


class Runs(Section):
    """Background runs and what they may leave behind. Sizes are bytes, times are seconds."""

    slots: Annotated[Literal["auto"] | int, BeforeValidator(_slots)] = "auto"
    memory: Annotated[Literal["auto"] | Bytes, BeforeValidator(_memory)] = "auto"
    limits: Annotated[Limits, BeforeValidator(nothing_said)] = Limits()
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


class Database(Section):
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


class Storage(Section):
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


class Retention(Section):
    """How long outputs stay; count and size are each person's. None: as long, as many, as much as there is."""

    age_seconds: Seconds | None = Field(alias="age", default=None)
    count: int | None = Field(default=None, ge=1)
    size_bytes: Bytes | None = Field(alias="size", default=None)
