"""The five kinds of providers: for each, oauthenticator's class with what is ours in front of it."""

from __future__ import annotations

from typing import Any

from oauthenticator.azuread import AzureAdOAuthenticator
from oauthenticator.generic import GenericOAuthenticator
from oauthenticator.github import GitHubOAuthenticator
from oauthenticator.gitlab import GitLabOAuthenticator
from oauthenticator.google import GoogleOAuthenticator

from nightdesk_hub.accounts.problem import said
from nightdesk_hub.sign_in.admission import Vouched
from nightdesk_hub.sign_in.authenticator import ProviderSignIn
from nightdesk_hub.sign_in.openid import OpenIdPart
from nightdesk_hub.sign_in.pages import nonce_of
from nightdesk_hub.sign_in.refused import ProviderSaysNo, said_no


class GitHubSignIn(ProviderSignIn, GitHubOAuthenticator):  # type: ignore[misc]
    """Teams are groups, `organisation:team`; organisations are asked for one by one."""

    subject_claim = "id"
    prompt_again = "select_account"

    def groups_in(self, auth_state: dict[str, Any]) -> list[str]:
        """The teams, which oauthenticator has fetched."""
        return [f"{team['organization']['login']}:{team['slug']}" for team in auth_state.get("teams") or ()]

    async def is_let_in_otherwise(self, who: Vouched, model: dict[str, Any]) -> bool:
        """By an organisation or a team of `allowed_organisations`."""
        with said_no(self.login_service):
            return bool(
                await GitHubOAuthenticator.check_allowed(
                    self, who.caller.provider_name, {**model, "admin": False}
                )
            )


class GitLabSignIn(ProviderSignIn, GitLabOAuthenticator):  # type: ignore[misc]
    """Groups are the full paths of the person's groups, from GitLab's OpenID Connect userinfo."""

    subject_claim = "id"
    prompt_again = "login"

    async def groups_in(self, auth_state: dict[str, Any]) -> Any:
        """Asked for with the person's token."""
        with said_no(self.login_service):
            info = await self.httpfetch(
                f"{self.gitlab_url}/oauth/userinfo",
                "fetching groups",
                method="GET",
                headers=self.build_userdata_request_headers(auth_state["access_token"], "bearer"),
            )
            return info.get("groups") or ()


class GoogleSignIn(ProviderSignIn, GoogleOAuthenticator):  # type: ignore[misc]
    """Names are e-mail addresses. A Workspace's domain is vouched for by the claim `hd`."""

    subject_claim = "id"
    prompt_again = "select_account"

    def domain_in(self, info: dict[str, Any]) -> str:
        """The Workspace's domain; an address alone may be anybody's."""
        return str(info.get("hd") or "").lower()

    def called(self, info: dict[str, Any]) -> str:
        """The address, where Google has verified it.

        Raises:
            web.HTTPError: 403, it has not.
        """
        if not info.get("verified_email"):
            raise said(403, "Google has not verified your e-mail address. Do that first, then sign in again.")
        return str(info["email"])


class _Checked(OpenIdPart, ProviderSignIn):
    """With an ID token that is checked at each sign-in."""

    prompt_again = "login"

    async def token_to_user(self, token_info: dict[str, Any]) -> dict[str, Any]:
        """Who it is: userinfo, or the token itself; its nonce is held against the browser's afterwards."""
        if not self.claims_in_token:
            found: dict[str, Any] = await super().token_to_user(token_info)
            return found
        return await self.claims_of(token_info["id_token"], None)

    async def check_proof(self, handler: Any, model: dict[str, Any]) -> None:
        """The token is this sign-in's, and what the provider said elsewhere is about the same person.

        Raises:
            ProviderSaysNo: one of them is not.
        """
        state = model["auth_state"]
        token = state.get("id_token")
        if not token:
            raise ProviderSaysNo(self.login_service, "no ID token came")
        claims = await self.claims_of(token, nonce_of(handler.state_id()))
        if claims.get("sub") != state[self.user_auth_state_key].get("sub"):
            raise ProviderSaysNo(self.login_service, "the token and userinfo speak of two people")


class OpenIdConnectSignIn(_Checked, GenericOAuthenticator):  # type: ignore[misc]
    """What userinfo says counts; groups from the claim that the operator names."""

    def groups_in(self, auth_state: dict[str, Any]) -> Any:
        """The claim; a dotted name looks inside, as in `realm_access.roles`."""
        found: Any = auth_state[self.user_auth_state_key]
        whole = self.provider.groups_claim
        if isinstance(found, dict) and whole in found:  # a name of its own that has dots
            return found[whole]
        for part in whole.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        return found or ()

    def called(self, info: dict[str, Any]) -> str:
        """The claim that the operator names. An address only where the provider has verified it.

        Raises:
            web.HTTPError: 403, it has not.
        """
        if self.provider.name_claim == "email" and info.get("email_verified") is not True:
            raise said(
                403,
                f"{self.login_service} has not verified your e-mail address; without that it names nobody.",
            )
        return str(info.get(self.provider.name_claim) or "")

    def user_info_to_username(self, user_info: dict[str, Any]) -> str:
        """For oauthenticator alone, before it is judged."""
        return str(user_info.get(self.provider.name_claim) or user_info.get("sub") or "nobody")

    def domain_in(self, info: dict[str, Any]) -> str:
        """Of a verified address."""
        if info.get("email_verified") is not True:
            return ""
        return str(info.get("email") or "").rpartition("@")[2].lower()


class MicrosoftSignIn(_Checked, AzureAdOAuthenticator):  # type: ignore[misc]
    """All claims stand in the ID token; asking again takes a new one."""

    subject_claim = "oid"
    claims_in_token = True
    prompt_again = "select_account"

    def user_info_to_username(self, user_info: dict[str, Any]) -> str:
        """The name that somebody signs in with."""
        return str(user_info.get("preferred_username") or user_info.get("upn") or user_info["oid"])

    def groups_in(self, auth_state: dict[str, Any]) -> Any:
        """Ids of groups, or the app's roles."""
        claims = auth_state[self.user_auth_state_key]
        if self.provider.groups_claim == "groups" and "groups" in (claims.get("_claim_names") or {}):
            self.log.warning(
                "Entra left the groups of %s out: there are too many", claims.get("preferred_username")
            )
        return claims.get(self.provider.groups_claim) or ()
