"""Who signs people in when it is not Nightdesk itself: a section of ``accounts`` for each kind of provider.

The names in a section are the provider's own: of people as it calls them, of groups as its claims
have them. Nobody is let in whom no list names, unless ``allow_all`` is said.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

#: What ``accounts.sign_in`` may be.
Kind = Literal["native", "github", "gitlab", "google", "microsoft", "oidc"]

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_TIMES = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _names(value: object) -> object:
    """A list whose lines are all commented out is empty; one name alone is no list."""
    if value is None:
        return ()
    if isinstance(value, str):
        raise ValueError(f"must be a list; write [{value}]")
    return value


def _seconds(value: object) -> object:
    if isinstance(value, str) and (match := re.fullmatch(r"(\d+)\s*([smhd])", value.strip())):
        return float(match[1]) * _TIMES[match[2]]
    if isinstance(value, str | bool):
        raise ValueError(f"{value!r} is not a time; write for example 90s, 15m, 2h or 1d")
    return value


def check_address(value: str) -> str:
    """An address of a provider, without a closing slash; http only on this machine.

    Raises:
        ValueError: says what is wrong with it.
    """
    parts = urlsplit(value)
    if not parts.hostname or parts.query or parts.fragment or parts.username or re.search(r"\s", value):
        raise ValueError(f"{value!r} is not an address such as https://login.example.org")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ValueError(f"{value!r} is not https; whoever is on the way could sign in as anybody")
    return value.rstrip("/")


def _domain(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", value):
        raise ValueError(f"{value!r} is not a domain such as example.org")
    return value.lower()


Name = Annotated[str, Field(min_length=1, max_length=320)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_names)]
Domains = Annotated[tuple[Annotated[str, BeforeValidator(_domain)], ...], BeforeValidator(_names)]
Seconds = Annotated[float, BeforeValidator(_seconds), Field(gt=0, allow_inf_nan=False)]


class Provider(BaseModel):
    """What all kinds have. Times are seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    #: What the button says when the operator says nothing.
    default_label: ClassVar[str]
    #: Keys of which one must say somebody, so that anybody at all is let in.
    letting_in: ClassVar[tuple[str, ...]] = ("allow_all", "allowed_users", "admin_users")

    client_id: Name
    label: str = Field(default="", max_length=60)
    allow_all: bool = False
    allowed_users: Names = ()
    admin_users: Names = ()
    recheck_after_seconds: Seconds = Field(alias="recheck_after", default=600.0, ge=5)
    trusted_for_seconds: Seconds = Field(alias="trusted_for", default=12 * 3600.0, ge=60)
    ca: str = ""

    @field_validator("ca")
    @classmethod
    def _is_certificate(cls, value: str) -> str:
        if "PRIVATE KEY" in value:
            raise ValueError("holds a private key; it takes the authority's certificate alone")
        if value and "-----BEGIN CERTIFICATE-----" not in value:
            raise ValueError("is no certificate; write it as PEM text, -----BEGIN CERTIFICATE----- first")
        return value

    @model_validator(mode="after")
    def _lets_somebody_in(self) -> Self:
        said = [key for key in self.letting_in if getattr(self, key)]
        if not said:
            lists = ", ".join(self.letting_in[1:])
            raise ValueError(f"lets nobody in: name somebody in {lists}, or write allow_all: true")
        idle = [key for key in said if key.startswith("allowed_")]
        if self.allow_all and idle:
            raise ValueError(f"allow_all lets everybody in; take it or {' and '.join(idle)} away")
        return self

    @property
    def button(self) -> str:
        """What the sign-in page calls the provider."""
        return self.label or self.default_label

    @property
    def source(self) -> str:
        """Which provider this is: people of one source are never those of another."""
        raise NotImplementedError


class _WithGroups(Provider):
    letting_in: ClassVar[tuple[str, ...]] = (*Provider.letting_in, "allowed_groups", "admin_groups")

    allowed_groups: Names = ()
    admin_groups: Names = ()


class GitHub(_WithGroups):
    """github.com, or an Enterprise Server at ``url``. Groups are teams: ``organisation:team``."""

    default_label: ClassVar[str] = "GitHub"
    letting_in: ClassVar[tuple[str, ...]] = (*_WithGroups.letting_in, "allowed_organisations")

    url: str = "https://github.com"
    allowed_organisations: Names = ()

    _is_address = field_validator("url")(check_address)

    @property
    def source(self) -> str:
        """See :attr:`Provider.source`."""
        return f"github:{self.url}"


class GitLab(_WithGroups):
    """gitlab.com, or a GitLab at ``url``. Groups are full paths: ``group/subgroup``."""

    default_label: ClassVar[str] = "GitLab"

    url: str = "https://gitlab.com"

    _is_address = field_validator("url")(check_address)

    @property
    def source(self) -> str:
        """See :attr:`Provider.source`."""
        return f"gitlab:{self.url}"


class Google(Provider):
    """Google accounts. People are e-mail addresses; a sign-in with Google carries no groups."""

    default_label: ClassVar[str] = "Google"
    letting_in: ClassVar[tuple[str, ...]] = (*Provider.letting_in, "allowed_domains")

    allowed_domains: Domains = ()

    @property
    def source(self) -> str:
        """See :attr:`Provider.source`."""
        return "google"


class Microsoft(_WithGroups):
    """Entra ID: one tenant. Groups are ids of groups, or the app's roles where ``groups_claim`` says so."""

    default_label: ClassVar[str] = "Microsoft"

    tenant: str
    groups_claim: Literal["groups", "roles"] = "groups"

    @field_validator("tenant")
    @classmethod
    def _is_one_tenant(cls, value: str) -> str:
        if not _GUID.fullmatch(value):
            raise ValueError(
                f"{value!r} is not the id of a tenant; it stands in Entra as 'Directory (tenant) ID', "
                "such as 8eaef023-2b34-4da1-9baa-8bc8c9d6a490"
            )
        return value.lower()

    @property
    def issuer(self) -> str:
        """Where the tenant describes itself."""
        return f"https://login.microsoftonline.com/{self.tenant}/v2.0"

    @property
    def source(self) -> str:
        """See :attr:`Provider.source`."""
        return f"microsoft:{self.tenant}"


class OpenIdConnect(_WithGroups):
    """Any OpenID Connect provider: Keycloak, Authentik, Okta, Auth0, Canaille and others."""

    default_label: ClassVar[str] = "your organisation"
    letting_in: ClassVar[tuple[str, ...]] = (*_WithGroups.letting_in, "allowed_domains")

    issuer: str
    scopes: Annotated[tuple[Name, ...], BeforeValidator(_names)] = ("openid", "profile", "email")
    name_claim: Name = "preferred_username"
    groups_claim: Name = "groups"
    allowed_domains: Domains = ()

    @field_validator("issuer")
    @classmethod
    def _is_issuer(cls, value: str) -> str:
        check_address(value)
        if value.endswith("/.well-known/openid-configuration"):
            raise ValueError("is the address of the description; leave /.well-known/… away")
        return value  # to the letter: some end in a slash, and what they send is compared with it

    @field_validator("scopes")
    @classmethod
    def _has_openid(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in value:
            raise ValueError("must hold openid, without which this is no OpenID Connect")
        return value

    @property
    def source(self) -> str:
        """See :attr:`Provider.source`."""
        return f"oidc:{self.issuer}"


def not_there(kind: Any) -> ValueError:
    """``sign_in`` names a provider about which nothing is said."""
    return ValueError(
        f"is {kind}, and there is no section accounts.{kind} with its client_id; docs/sign-in.md has the steps"
    )
