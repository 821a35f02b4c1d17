"""Everything that JupyterHub is told, in one place: `configure(settings, secrets, c)`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nightdesk.navigation import ADMINS, HOME, MINE, PLACES

from nightdesk_hub.accounts.authenticator import NightdeskAuthenticator
from nightdesk_hub.accounts.register import Register
from nightdesk_hub.bulletin import Bulletin, Fetch, fetch_from_api
from nightdesk_hub.change_bell import ChangeBell, ring_api
from nightdesk_hub.desk import Desk
from nightdesk_hub.engine import DockerEngine, Engine
from nightdesk_hub.journal import Journal, Send, send_to_api
from nightdesk_hub.leaving.departures import Departures
from nightdesk_hub.leaving.settling import Settling
from nightdesk_hub.leaving.telling import Tell, tell_api
from nightdesk_hub.live_sessions import Gauge
from nightdesk_hub.names import Names
from nightdesk_hub.networks import UserNetworks
from nightdesk_hub.offer_book import Ask, OfferBook, ask_api
from nightdesk_hub.proxy import NightdeskProxy
from nightdesk_hub.secrets import Secrets
from nightdesk_hub.spawn_form import TEMPLATES
from nightdesk_hub.spawner import NightdeskSpawner
from nightdesk_hub.start_queue import StartQueue
from nightdesk_hub.style_files import STATIC, version_of
from nightdesk_hub.witness import Witness, remember_sign_in

if TYPE_CHECKING:
    from nightdesk.config import Settings

#: The hub as the proxy and the sessions reach it, and the platform's other parts as the hub does.
HUB_URL = "http://hub:8081"
PROXY_API_URL = "http://proxy-api:8001"
API_URL = "http://api:8080"
SERVICE = "nightdesk"

#: What the platform's own pages may do at the hub for an admin who is signed in to them.
PAGE_SCOPES_OF_ADMINS = (
    "admin:groups",
    "admin:users",
    "delete:servers",
    "groups",
    "list:groups",
    "read:servers",
)

#: Sessions with a name that somebody may have beside their own: another version, side by side.
NAMED_SESSIONS = 2

#: Inline scripts and styles are JupyterHub's own; nothing comes from elsewhere, and nobody frames it.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)


def configure(
    settings: Settings,
    secrets: Secrets,
    c: Any,
    *,
    data: Path = Path("/data"),
    engine: Engine | None = None,
    ask: Ask | None = None,
    tell: Tell | None = None,
    bell: ChangeBell | None = None,
    send: Send | None = None,
    fetch: Fetch | None = None,
) -> Desk:
    """Fill JupyterHub's configuration `c`.

    `data` is the folder that outlives the hub; `engine` is another than the one that the
    environment names; `ask` is another way to ask for offers than the api, `tell` to tell who has left, `bell` to tell
    of changes, `send` to send entries of the audit log, and `fetch` to ask for announcements.
    """
    api = f"{API_URL}/services/{SERVICE}/api/v1"
    ask = ask or ask_api(f"{api}/offers", secrets.service_token)
    tell = tell or tell_api(f"{api}/leaving", secrets.service_token)
    bell = bell or ChangeBell(ring_api(f"{api}/people/changed", secrets.service_token))
    bell.listen()
    send = send or send_to_api(f"{api}/audit/arrived", secrets.service_token)
    bulletin = Bulletin(fetch or fetch_from_api(f"{api}/announcements/all", secrets.service_token))
    names = Names(secrets.project)
    engine = engine or DockerEngine()
    register, departures = Register(data / "accounts.sqlite"), Departures(data / "accounts.sqlite")
    desk = Desk(
        settings=settings,
        names=names,
        engine=engine,
        networks=UserNetworks(engine, names, settings.sessions.network_pool),
        offers=OfferBook(ask, data / "offers.json"),
        starts=StartQueue(),
        register=register,
        departures=departures,
        settling=Settling(departures, tell, register, engine, names),
        journal=Journal(data / "journal.sqlite", send),
        gauge=Gauge(engine),
        bulletin=bulletin,
    )
    _hub(settings, c, data)
    c.JupyterHub.tornado_settings["log_function"] = Witness(desk)
    c.Authenticator.post_auth_hook = remember_sign_in
    _services(secrets, c)
    _roles(c)
    _pages(settings, c)

    def announced(user: Any) -> Any:  # a function: traitlets would copy a method with what it belongs to
        return bulletin.shown(user)

    c.JupyterHub.template_vars["announced"] = announced

    c.JupyterHub.proxy_class = NightdeskProxy
    c.NightdeskProxy.desk = desk
    c.NightdeskProxy.api_url = PROXY_API_URL
    c.NightdeskProxy.auth_token = secrets.proxy_token

    provider = settings.accounts.provider
    if provider is None:
        c.JupyterHub.authenticator_class = NightdeskAuthenticator
    else:
        from nightdesk_hub.sign_in.configure import configure_provider

        configure_provider(settings, provider, secrets.sign_in_secret, c, data)
    c.NightdeskAuthenticator.desk = desk
    c.NightdeskAuthenticator.admin_password = secrets.admin_password

    c.JupyterHub.spawner_class = NightdeskSpawner
    c.NightdeskSpawner.desk = desk
    # A session may post its activity, be reached by its owner, and call the platform as its owner.
    # It may not start or stop servers, read other people or make tokens.
    c.NightdeskSpawner.server_token_scopes = [
        "users:activity!user",
        "access:servers!server",
        f"access:services!service={SERVICE}",
    ]
    return desk


def _hub(settings: Settings, c: Any, data: Path) -> None:
    c.JupyterHub.bind_url = "http://:8000"
    # All addresses, because people's networks come and go; only the proxy's port is published. (With
    # `hub_ip` and a connect URL, JupyterHub would listen on the address behind that URL alone.)
    c.JupyterHub.hub_bind_url = "http://0.0.0.0:8081"
    c.JupyterHub.hub_connect_url = HUB_URL
    if settings.site.public_url:
        c.JupyterHub.public_url = settings.site.public_url + "/"

    c.JupyterHub.db_url = f"sqlite:///{data / 'jupyterhub.sqlite'}"
    c.JupyterHub.upgrade_db = True  # which keeps a copy of the old one beside it
    c.JupyterHub.cookie_secret_file = str(data / "cookie_secret")
    c.JupyterHub.pid_file = ""

    # A hub that stops, is replaced or killed leaves sessions and the proxy as they are.
    c.JupyterHub.cleanup_servers = False
    c.JupyterHub.cleanup_proxy = False

    c.JupyterHub.default_url = HOME  # where people arrive; while the api is away, /hub/home has their session
    c.JupyterHub.allow_named_servers = True
    c.JupyterHub.named_server_limit_per_user = NAMED_SESSIONS
    c.JupyterHub.authenticate_prometheus = True
    c.JupyterHub.tornado_settings = {
        "headers": {
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
        },
        "cookie_options": {"samesite": "Lax"},
        "xsrf_cookie_kwargs": {"samesite": "Lax", "secure": settings.site.public_url.startswith("https:")},
    }


def _services(secrets: Secrets, c: Any) -> None:
    # Tokens come from config/.env, 256 random bits each: hashing them slowly would cost every request.
    c.JupyterHub.trust_user_provided_tokens = True
    c.JupyterHub.services = [
        {
            "name": SERVICE,
            "url": API_URL,
            "api_token": secrets.service_token,
            "oauth_no_confirm": True,  # it is the platform itself
            # Of these, the token behind somebody's page gets what the person has: nobody but admins more than
            # the first. What an admin does on the platform's pages is done with their own rights.
            "oauth_client_allowed_scopes": [f"access:services!service={SERVICE}", *PAGE_SCOPES_OF_ADMINS],
            "display": False,  # the pages link to it by name
            "timeout": 2,  # a hub that starts before the api does not wait for it
        },
        # The flag instead of the role: a definition of the role would also fix who of the users has it,
        # and take it from every admin whom an admin made.
        {"name": "setup", "api_token": secrets.setup_token, "admin": True, "display": False},
    ]


def _roles(c: Any) -> None:
    c.JupyterHub.load_roles = [
        {"name": "user", "scopes": ["self", f"access:services!service={SERVICE}"]},
        {
            "name": "platform",
            "description": "What the platform's api may know of people: their names, groups and sessions",
            "scopes": [
                "list:users",
                "read:servers",
                "read:users:name",
                "read:users:groups",
                "list:groups",
                "read:groups:name",
            ],
            "services": [SERVICE],
        },
    ]


def _pages(settings: Settings, c: Any) -> None:
    c.JupyterHub.template_paths = [str(TEMPLATES)]
    c.JupyterHub.template_vars = {
        "site_title": settings.site.title,
        "open_signup": settings.accounts.open_signup and settings.accounts.provider is None,
        "runs_url": f"/services/{SERVICE}/",
        "style_version": version_of(STATIC / "hub.css"),
        "places": PLACES,
        "own_places": MINE,
        "admins_place": ADMINS,
    }
