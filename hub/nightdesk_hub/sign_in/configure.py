"""What JupyterHub is told about the provider that the operator has chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nightdesk import sign_in
from nightdesk.config import Settings

from nightdesk_hub.sign_in import kinds
from nightdesk_hub.sign_in.authenticator import ProviderSignIn

#: Nobody waits longer for a provider.
TIMEOUT_SECONDS = 10.0
CALLBACK = "/hub/oauth_callback"


def configure_provider(
    settings: Settings, provider: sign_in.Provider, secret: str, c: Any, data: Path
) -> None:
    """Choose the class for this provider and fill in its traits."""
    kind, traits = _traits(provider)
    c.JupyterHub.authenticator_class = kind
    own = c[kind.__name__]
    own.provider = provider
    own.client_id = provider.client_id
    own.client_secret = secret
    own.login_service = provider.button
    # Said, not guessed from a request: whoever could choose it would be sent other people's codes.
    own.oauth_callback_url = settings.public_url + CALLBACK
    own.http_request_kwargs = {
        "connect_timeout": TIMEOUT_SECONDS,
        "request_timeout": TIMEOUT_SECONDS,
        **_authority(provider, data),
    }
    for name, value in traits.items():
        setattr(own, name, value)


def _authority(provider: sign_in.Provider, data: Path) -> dict[str, str]:
    """The operator's own certificate authority, as a file."""
    if not provider.ca:
        return {}
    file = data / "sign-in-ca.pem"
    file.write_text(provider.ca, "ascii")
    return {"ca_certs": str(file)}


def _traits(provider: sign_in.Provider) -> tuple[type[ProviderSignIn], dict[str, Any]]:
    match provider:
        case sign_in.GitHub():
            return kinds.GitHubSignIn, {
                "github_url": provider.url,
                "scope": ["read:org"],
                "allowed_organizations": set(provider.allowed_organisations),
                "populate_teams_in_auth_state": True,
            }
        case sign_in.GitLab():
            return kinds.GitLabSignIn, {"gitlab_url": provider.url, "scope": ["openid", "read_user"]}
        case sign_in.Google():
            hint = {"hd": provider.allowed_domains[0]} if len(provider.allowed_domains) == 1 else {}
            return kinds.GoogleSignIn, {"scope": ["openid", "email"], "extra_authorize_params": hint}
        case sign_in.Microsoft():
            return kinds.MicrosoftSignIn, {
                "tenant_id": provider.tenant,
                "scope": ["openid", "profile", "email", "offline_access"],
            }
        case sign_in.OpenIdConnect():
            return kinds.OpenIdConnectSignIn, {"scope": list(provider.scopes)}
    raise AssertionError(f"no kind of provider: {provider!r}")
