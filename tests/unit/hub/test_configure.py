"""What JupyterHub is told, on a bare configuration object and without an engine."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from nightdesk.config import Settings
from nightdesk_hub.configure import configure
from nightdesk_hub.secrets import MissingSecret, Secrets, read_secrets
from traitlets.config import Config

ENVIRON = {
    "NIGHTDESK_PROJECT": "desk",
    "NIGHTDESK_ADMIN_PASSWORD": "password-of-admin",
    "CONFIGPROXY_AUTH_TOKEN": "token-of-proxy",
    "NIGHTDESK_SERVICE_TOKEN": "token-of-service",
    "NIGHTDESK_SETUP_TOKEN": "token-of-setup",
}


def configured(settings: Settings, data: Path) -> Config:
    c = Config()
    configure(settings, read_secrets(ENVIRON), c, data=data)
    return c


@pytest.fixture
def c(tmp_path: Path) -> Config:
    return configured(Settings(), tmp_path)


def test_a_hub_that_stops_leaves_everything_running(c: Config) -> None:
    assert c.JupyterHub.cleanup_servers is False
    assert c.JupyterHub.cleanup_proxy is False
    assert c.JupyterHub.proxy_class.should_start.default_value is False


def test_what_outlives_the_hub_is_in_its_folder(c: Config, tmp_path: Path) -> None:
    assert c.JupyterHub.db_url == f"sqlite:///{tmp_path}/jupyterhub.sqlite"
    assert Path(c.JupyterHub.cookie_secret_file).parent == tmp_path
    assert list(tmp_path.iterdir()) == []  # configuring alone makes nothing


def test_the_hub_listens_in_every_network(c: Config) -> None:
    assert c.JupyterHub.hub_bind_url == "http://0.0.0.0:8081"
    assert c.JupyterHub.hub_connect_url == "http://hub:8081"


def test_services(c: Config) -> None:
    nightdesk, setup = c.JupyterHub.services
    assert (nightdesk["name"], nightdesk["api_token"]) == ("nightdesk", "token-of-service")
    assert nightdesk["oauth_no_confirm"]
    assert "admin" not in nightdesk
    assert (setup["name"], setup["api_token"], setup["admin"]) == ("setup", "token-of-setup", True)
    assert "url" not in setup


def test_the_platform_only_reads_people(c: Config) -> None:
    roles = {role["name"]: role for role in c.JupyterHub.load_roles}
    assert roles["platform"]["services"] == ["nightdesk"]
    assert all(scope.split(":")[0] in {"read", "list"} for scope in roles["platform"]["scopes"])
    assert "users" not in roles["platform"]


def test_no_role_fixes_who_is_an_admin(c: Config) -> None:
    assert "admin" not in {role["name"] for role in c.JupyterHub.load_roles}


def test_a_session_acts_for_its_owner_on_the_platform_and_nowhere_else(c: Config) -> None:
    assert set(c.NightdeskSpawner.server_token_scopes) == {
        "users:activity!user",
        "access:servers!server",
        "access:services!service=nightdesk",
    }


def test_pages_load_nothing_from_elsewhere(c: Config) -> None:
    policy = c.JupyterHub.tornado_settings["headers"]["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "http" not in policy
    assert c.JupyterHub.tornado_settings["cookie_options"] == {"samesite": "Lax"}


def test_public_address_only_where_one_is_set(c: Config, tmp_path: Path) -> None:
    assert "public_url" not in c.JupyterHub
    settings = Settings.model_validate({"site": {"public_url": "https://desk.example.org"}})
    assert configured(settings, tmp_path).JupyterHub.public_url == "https://desk.example.org/"


def test_the_shared_object_stays_one(c: Config) -> None:
    assert copy.deepcopy(c).NightdeskSpawner.desk is c.NightdeskProxy.desk


def test_secrets_are_asked_for_by_name() -> None:
    with pytest.raises(MissingSecret, match="CONFIGPROXY_AUTH_TOKEN and NIGHTDESK_SETUP_TOKEN"):
        read_secrets({**ENVIRON, "CONFIGPROXY_AUTH_TOKEN": "", "NIGHTDESK_SETUP_TOKEN": ""})


def test_secrets_do_not_show() -> None:
    assert repr(read_secrets(ENVIRON)) == "Secrets(project='desk')"
    assert read_secrets({**ENVIRON, "NIGHTDESK_PROJECT": ""}) == Secrets(
        "nightdesk", "password-of-admin", "token-of-proxy", "token-of-service", "token-of-setup"
    )
