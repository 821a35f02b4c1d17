"""The settings of notifications: which server takes mail, and which hosts near the platform webhooks may reach."""

from __future__ import annotations

import ipaddress
import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

_ADDRESS = re.compile(r"(?:[^<>@\r\n]{0,100} )?<?[^@\s<>]+@[^@\s<>]+>?")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_PORTS = {"starttls": 587, "tls": 465, "off": 25}


class Smtp(BaseModel):
    """The mail server. Its password is NIGHTDESK_SMTP_PASSWORD in config/.env."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    host: str
    security: Literal["starttls", "tls", "off"] = "starttls"
    port: int = Field(default=0, ge=0, le=65535)
    user: str = ""
    sender: str = Field(alias="from")
    domains: tuple[str, ...] = ()

    @field_validator("security", mode="before")
    @classmethod
    def _is_not_yaml_s_false(cls, value: object) -> object:
        return "off" if value is False else value  # `security: off` is a no to YAML

    @field_validator("host")
    @classmethod
    def _is_host(cls, value: str) -> str:
        if not _HOST.fullmatch(value):
            raise ValueError(f"{value!r} is no host such as smtp.example.org")
        return value

    @field_validator("sender")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if not _ADDRESS.fullmatch(value):
            raise ValueError(f"{value!r} is no address such as Nightdesk <nightdesk@example.org>")
        return value

    @field_validator("domains")
    @classmethod
    def _are_domains(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            if not _HOST.fullmatch(each):
                raise ValueError(f"{each!r} is no domain such as example.org")
        return tuple(each.lower() for each in value)

    @model_validator(mode="after")
    def _keeps_the_password(self) -> Smtp:
        if self.user and self.security == "off":
            raise ValueError("a user's password would cross the network readably: use starttls or tls")
        return self

    @property
    def its_port(self) -> int:
        """The port that was said, or the usual one."""
        return self.port or _PORTS[self.security]

    def may_write_to(self, address: str) -> bool:
        """Whether people may have mail sent to this address."""
        domain = address.rpartition("@")[2].lower()
        return not self.domains or domain in self.domains


class Notifications(BaseModel):
    """How people hear of their runs. Without ``smtp`` there is no mail."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    smtp: Smtp | None = None
    webhook_hosts: tuple[str, ...] = ()

    @field_validator("webhook_hosts")
    @classmethod
    def _are_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            try:
                ipaddress.ip_network(each)
            except ValueError:
                if "/" in each or not _HOST.fullmatch(each):
                    raise ValueError(
                        f"{each!r} is no host or network such as chat.example.org or 10.1.0.0/16"
                    ) from None
        return value
