"""Signing in with a provider, without one: which class and traits, names, lists, tokens, and the documented examples."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa
from nightdesk.config import ConfigError, Settings, load
from nightdesk_hub.accounts.problem import AccountProblem
from nightdesk_hub.accounts.register import Register
from nightdesk_hub.configure import configure
from nightdesk_hub.secrets import MissingSecret, read_secrets
from nightdesk_hub.sign_in.admission import Vouched, clean_groups, is_admin, is_allowed
from nightdesk_hub.sign_in.identities import Caller
from nightdesk_hub.sign_in.openid import check_id_token, parse_description
from nightdesk_hub.sign_in.user_name import plain_name, user_name_for
from nightdesk_hub.user_names import is_user_name
from oauthenticator.azuread import AzureAdOAuthenticator
from oauthenticator.generic import GenericOAuthenticator
from oauthenticator.github import GitHubOAuthenticator
from oauthenticator.gitlab import GitLabOAuthenticator
from oauthenticator.google import GoogleOAuthenticator
from oauthenticator.oauth2 import OAuthenticator
from traitlets.config import Config

from .engine_double import EngineDouble
from .test_configure import ENVIRON

DOCS = (Path(__file__).parents[3] / "docs/sign-in.md").read_text("utf-8")
EXAMPLES = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)]
KINDS = {
    "github": GitHubOAuthenticator,
    "gitlab": GitLabOAuthenticator,
    "google": GoogleOAuthenticator,
    "microsoft": AzureAdOAuthenticator,
    "oidc": GenericOAuthenticator,
}
TRAITS: dict[str, dict[str, Any]] = {
    "github": {
        "scope": ["read:org"],
        "allowed_organizations": {"example", "partner:data-team"},
        "populate_teams_in_auth_state": True,
        "authorize_url": "https://github.com/login/oauth/authorize",
    },
    "gitlab": {"scope": ["openid", "read_user"], "token_url": "https://gitlab.example.org/oauth/token"},
    "google": {"scope": ["openid", "email"], "extra_authorize_params": {"hd": "example.org"}},
    "microsoft": {"tenant_id": "8eaef023-2b34-4da1-9baa-8bc8c9d6a490", "claims_in_token": True},
    "oidc": {"scope": ["openid", "profile", "email", "groups"]},
}


def authenticator(settings: Settings, data: Path) -> Any:
    c = Config()
    secrets = read_secrets({**ENVIRON, "NIGHTDESK_SIGN_IN_SECRET": "the secret"}, provider=True)
    configure(settings, secrets, c, data=data, engine=EngineDouble("desk", set()))
    return c.JupyterHub.authenticator_class(config=c)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each["accounts"]["sign_in"])
def test_each_documented_example_chooses_its_class_and_traits(
    example: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "nightdesk.yaml"
    file.write_text(yaml.safe_dump(example), "utf-8")
    settings = load(file)
    kind = settings.accounts.sign_in
    made = authenticator(settings, tmp_path)
    assert isinstance(made, KINDS[kind])
    assert (made.client_id, made.client_secret) == (example["accounts"][kind]["client_id"], "the secret")
    assert made.oauth_callback_url == "https://notebooks.example.org/hub/oauth_callback"
    assert (made.enable_pkce, made.allow_all, made.manage_groups) == (True, False, False)
    assert {name: getattr(made, name) for name in TRAITS[kind]} == TRAITS[kind]
    made.desk.register.close()


def test_every_kind_is_documented() -> None:
    assert {each["accounts"]["sign_in"] for each in EXAMPLES} == set(KINDS)


def test_the_private_method_of_oauthenticator_is_there() -> None:
    assert callable(OAuthenticator._token_to_auth_model)


def test_an_authority_of_ones_own_is_trusted_for_the_provider(tmp_path: Path) -> None:
    ca = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    section = {"issuer": "https://login.example.org", "client_id": "x", "allow_all": True, "ca": ca}
    made = authenticator(
        Settings.model_validate({"accounts": {"sign_in": "oidc", "oidc": section}}), tmp_path
    )
    assert Path(made.http_request_kwargs["ca_certs"]).read_text() == ca
    made.desk.register.close()


def test_a_provider_needs_its_secret() -> None:
    with pytest.raises(MissingSecret, match="NIGHTDESK_SIGN_IN_SECRET"):
        read_secrets(ENVIRON, provider=True)
    assert "the secret" not in repr(read_secrets({**ENVIRON, "NIGHTDESK_SIGN_IN_SECRET": "the secret"}))


# --- settings that are wrong ---------------------------------------------------------------------

OIDC = "accounts:\n  sign_in: oidc\n  oidc:\n    client_id: x\n    issuer: https://login.example.org\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("accounts:\n  sign_in: saml\n", "2: accounts.sign_in: Input should be 'native'"),
        ("accounts:\n  sign_in: github\n", "2: accounts.sign_in: is github, and there is no section accounts.github"),
        (OIDC, "3: accounts.oidc: lets nobody in: name somebody in allowed_users"),
        (OIDC + "    allowed_groups: []\n", "3: accounts.oidc: lets nobody in"),
        (OIDC + "    allow_all: true\n    allowed_users: [ada]\n", "3: accounts.oidc: allow_all lets everybody in"),
        (OIDC + "    allowed_user: [ada]\n", "6: accounts.oidc.allowed_user: is not a setting"),
        (OIDC + "    allowed_users: ada\n", "6: accounts.oidc.allowed_users: must be a list; write [ada]"),
        (OIDC.replace("https:", "http:") + "    allow_all: true\n", "5: accounts.oidc.issuer: 'http://login"),
        (OIDC.replace("    client_id: x\n", "") + "    allow_all: true\n", "accounts.oidc.client_id: is missing"),
        (OIDC + "    allow_all: true\n    scopes: [profile]\n", "7: accounts.oidc.scopes: must hold openid"),
        (OIDC + "    allow_all: true\n    recheck_after: soon\n", "7: accounts.oidc.recheck_after: 'soon' is not a time"),
        (OIDC + "    allow_all: true\n    ca: none\n", "7: accounts.oidc.ca: is no certificate"),
        ("accounts:\n  microsoft: {client_id: x, tenant: common, allow_all: true}\n", "microsoft.tenant: 'common' is"),
        ("accounts:\n  google: {client_id: x, allowed_groups: [a]}\n", "accounts.google.allowed_groups: is not a setting"),
        ("accounts:\n  google: {client_id: x, allowed_domains: ['@x']}\n", "'@x' is not a domain"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(text: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "nightdesk.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as error:
        load(file)
    assert told in str(error.value)


def test_plain_http_is_for_the_loopback(tmp_path: Path) -> None:
    file = tmp_path / "nightdesk.yaml"
    file.write_text(
        OIDC.replace("https://login.example.org", "http://127.0.0.1:9000") + "    allow_all: true\n"
    )
    assert load(file).accounts.provider is not None


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ("Zoë.Müller@example.org", "zoe.muller"),
        ("ada", "ada"),
        ("Ada Lovelace", "ada-lovelace"),
        ("a--b..c", "a-b-c"),
        ("../../etc", "etc"),
        ("42ada", "ada"),
        ("李雷", ""),
        ("x" * 80, "x" * 32),
    ],
)
def test_plain_names(there: str, here: str) -> None:
    assert plain_name(there) == here


@pytest.mark.parametrize("there", ["ada", "admin", "李雷", "a", "", "--", "x" * 80, "a@b", "ada\n", "Ä" * 40])
def test_any_name_becomes_a_user_name_of_ones_own(there: str) -> None:
    first = user_name_for(Caller("oidc:x", "1", there), {"admin"}.__contains__)
    second = user_name_for(Caller("oidc:x", "2", there), {"admin", first}.__contains__)
    assert is_user_name(first)
    assert is_user_name(second)
    assert first != second
    assert "admin" not in {first, second}


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    register = Register(tmp_path / "accounts.sqlite")
    yield register
    register.close()


def test_who_is_who(register: Register) -> None:
    people = register.identities
    ada = Caller("github:x", "1", "ada")
    people.add(ada, "ada")
    assert people.find(Caller("github:x", "1", "ada-renamed")) == people.of("ada")
    assert people.find(Caller("gitlab:x", "1", "ada")) is None  # another provider's first person
    assert people.is_taken("ada")
    assert people.is_anothers(Caller("github:x", "2", "ADA"))  # who took the name over
    assert not people.is_anothers(ada)
    people.link("bob", "Bob@Example.org")
    assert people.linked("bob@example.org") == "bob"
    assert people.is_taken("bob")
    with pytest.raises(AccountProblem, match="already"):
        people.link("ada", "someone")
    people.add(Caller("github:x", "3", "bob@example.org"), "bob")
    assert people.linked("bob@example.org") is None


def provider(**lists: Any) -> Any:
    section = {"issuer": "https://l.example", "client_id": "x", **lists}
    return Settings.model_validate({"accounts": {"sign_in": "oidc", "oidc": section}}).accounts.provider


def test_lists() -> None:
    lists = provider(
        allowed_groups=["staff"],
        admin_groups=["/chiefs"],
        allowed_users=["Bob"],
        allowed_domains=["example.org"],
    )
    ada = Caller("oidc:x", "1", "ada")
    assert is_allowed(lists, Vouched(ada, frozenset({"staff"})))
    assert not is_allowed(lists, Vouched(ada, frozenset({"Staff"})))
    assert is_allowed(lists, Vouched(ada, domain="example.org"))
    assert not is_allowed(lists, Vouched(ada))
    bob = Caller("oidc:x", "2", "bob")
    assert is_allowed(lists, Vouched(bob))
    assert not is_allowed(lists, Vouched(bob, may_be_listed=False))
    assert is_admin(lists, Vouched(ada, clean_groups(["/chiefs"]))) is True
    assert is_admin(lists, Vouched(bob)) is False
    assert is_admin(provider(allow_all=True), Vouched(bob)) is None


def test_groups_of_claims() -> None:
    assert clean_groups(["/a/b", " c ", "", 7, None, "x,y", "a\nb"]) == {"a/b", "c"}
    assert clean_groups("one") == {"one"}
    assert clean_groups(None) == clean_groups(5) == frozenset()


# --- OpenID Connect ------------------------------------------------------------------------------

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEYS = {
    "keys": [
        {**jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "k1", "use": "sig"}
    ]
}
ABOUT = {"issuer": "https://l.example", "client_id": "desk", "nonce": "n"}


def token(key: Any = KEY, kid: str = "k1", algorithm: str = "RS256", **other: Any) -> str:
    now = int(time.time())
    claims = {
        "iss": "https://l.example",
        "aud": "desk",
        "sub": "1",
        "iat": now,
        "exp": now + 300,
        "nonce": "n",
        **other,
    }
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})


def test_a_right_token() -> None:
    assert check_id_token(token(), KEYS, **ABOUT)["sub"] == "1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://other.example"},
        {"aud": "another"},
        {"aud": ["desk", "another"]},
        {"exp": 1},
        {"nonce": "another"},
        {"kid": "k2"},
        {"key": rsa.generate_private_key(public_exponent=65537, key_size=2048)},
        {"key": "x" * 64, "algorithm": "HS256"},
        {"key": None, "algorithm": "none"},
    ],
    ids=str,
)
def test_a_wrong_token(wrong: dict[str, Any]) -> None:
    with pytest.raises((jwt.PyJWTError, TypeError)):
        check_id_token(token(**wrong), KEYS, **ABOUT)


def test_what_a_provider_says_of_itself() -> None:
    said = {
        "issuer": "https://l.example",
        "authorization_endpoint": "https://l.example/a",
        "token_endpoint": "https://l.example/t",
        "jwks_uri": "https://l.example/k",
    }
    assert parse_description(said, "https://l.example").userinfo == ""
    for changed in (
        {"issuer": "https://m.example"},
        {"token_endpoint": "http://l.example/t"},
        {"jwks_uri": None},
    ):
        with pytest.raises(ValueError, match=r"."):
            parse_description({**said, **changed}, "https://l.example")
