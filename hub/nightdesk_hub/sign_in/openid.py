"""OpenID Connect's own part: a provider that describes itself, and tokens that it signs.

Discovery: OpenID Connect Discovery 1.0, section 4. ID tokens: OpenID Connect Core 1.0, section 3.1.3.7.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import jwt
from nightdesk.sign_in import check_address

from nightdesk_hub.sign_in.refused import ProviderAway, ProviderSaysNo

#: What a provider says of itself is asked for again after this.
FRESH_SECONDS = 3600.0
#: Clocks may differ by so much.
LEEWAY_SECONDS = 60
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")


@dataclass(frozen=True, slots=True)
class Described:
    """A provider's addresses. `userinfo` and `end_session` may be empty.

    `in_body`: does it take the client's secret in the body of a request, and not in a header alone?
    """

    authorize: str
    token: str
    keys: str
    userinfo: str = ""
    end_session: str = ""
    in_body: bool = True


def parse_description(document: Any, issuer: str) -> Described:
    """The addresses out of what stands at ISSUER/.well-known/openid-configuration.

    Raises:
        ValueError: it is another issuer's, something is missing, or an address is not https.
    """
    if not isinstance(document, dict):
        raise ValueError("its description is no JSON object")
    if document.get("issuer") != issuer:
        raise ValueError(f"it calls itself {document.get('issuer')!r}, not {issuer!r}")

    def address(key: str, *, needed: bool = True) -> str:
        value = document.get(key)
        if value is None and not needed:
            return ""
        return check_address(value) if isinstance(value, str) else check_address("")

    return Described(
        authorize=address("authorization_endpoint"),
        token=address("token_endpoint"),
        keys=address("jwks_uri"),
        userinfo=address("userinfo_endpoint", needed=False),
        end_session=address("end_session_endpoint", needed=False),
        in_body="client_secret_post" in (document.get("token_endpoint_auth_methods_supported") or ()),
    )


def check_id_token(
    token: str, keys: Any, *, issuer: str, client_id: str, nonce: str | None
) -> dict[str, Any]:
    """What an ID token says, once it is shown to be the provider's, for us, now, and of this sign-in.

    `keys` is the provider's JWK set; `nonce` is None where none was sent.

    Raises:
        jwt.PyJWTError: it is not.
    """
    header = jwt.get_unverified_header(token)
    usable = [key for key in jwt.PyJWKSet.from_dict(keys).keys if key.public_key_use in {None, "sig"}]
    named = [key for key in usable if header.get("kid") in {None, key.key_id}]
    if not named:
        raise UnknownKey(f"signed with the key {header.get('kid')!r:.80}, which is none of the provider's")
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise jwt.InvalidAlgorithmError(f"signed in a way that is not taken: {algorithm!r:.20}")
    claims: dict[str, Any] = _decoded(token, named, algorithm, issuer, client_id)
    audiences = claims["aud"]
    if isinstance(audiences, list) and len(audiences) > 1 and claims.get("azp") != client_id:
        raise jwt.InvalidAudienceError("made for several, and not for this platform first")
    if nonce is not None and claims.get("nonce") != nonce:
        raise jwt.InvalidTokenError("its nonce is not the one of this sign-in")
    return claims


class UnknownKey(jwt.InvalidTokenError):
    """The provider may have changed its keys since they were fetched."""


def _decoded(token: str, keys: list[Any], algorithm: str, issuer: str, client_id: str) -> dict[str, Any]:
    for at, key in enumerate(keys, start=1):
        try:
            return jwt.decode(
                token,
                key.key,
                algorithms=[algorithm],
                audience=client_id,
                issuer=issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "sub", "aud", "iss"]},
            )
        except (jwt.InvalidSignatureError, jwt.InvalidKeyError, TypeError):
            if at == len(keys):
                raise
    raise UnknownKey("no key fits")


class OpenIdPart:
    """For kinds that speak OpenID Connect; goes in front of oauthenticator's class."""

    _described: Described | None = None
    _described_at = 0.0
    _keys: Any = None

    async def ready(self: Any) -> None:
        """Ask the provider to describe itself, unless it did lately. An older description is better than none.

        Raises:
            ProviderAway: it does not, and never did.
        """
        if self._described is not None and time.monotonic() - self._described_at < FRESH_SECONDS:
            return
        where = self.provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
        try:
            document = await self.httpfetch(where, "asking the provider to describe itself", method="GET")
            described = parse_description(document, self.provider.issuer)
        except Exception as error:
            if self._described is not None:
                self.log.warning(
                    "The provider does not describe itself (%s); going on with what it said before", error
                )
                return
            raise ProviderAway(self.login_service, f"does not describe itself at {where}: {error}") from error
        self._described, self._described_at, self._keys = described, time.monotonic(), None
        self.authorize_url, self.token_url = described.authorize, described.token
        self.basic_auth = not described.in_body
        self.claims_in_token = self.claims_in_token or not described.userinfo
        if not self.claims_in_token:
            self.userdata_url = described.userinfo

    def end_session_url(self: Any) -> str:
        """See ProviderSignIn."""
        return self._described.end_session if self._described else ""

    async def claims_of(self: Any, token: str, nonce: str | None) -> dict[str, Any]:
        """See :func:`check_id_token`; keys are fetched when they are not known yet.

        Raises:
            ProviderSaysNo: the token is not right.
        """
        known = self._keys is not None
        if not known:
            await self._fetch_keys()
        about = {"issuer": self.provider.issuer, "client_id": self.client_id, "nonce": nonce}
        try:
            try:
                return check_id_token(token, self._keys, **about)
            except UnknownKey:
                if not known:
                    raise
                await self._fetch_keys()
                return check_id_token(token, self._keys, **about)
        except (jwt.PyJWTError, TypeError) as error:
            raise ProviderSaysNo(self.login_service, f"its token is not right: {error}") from error

    async def _fetch_keys(self: Any) -> None:
        self._keys = await self.httpfetch(self._described.keys, "fetching the provider's keys", method="GET")
