"""docker-compose.yml against its promises: who holds which secret, who reaches the engine, who may what."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import env_file
import pytest
import yaml

SERVICES = {"proxy", "hub", "api", "worker", "redis", "egress", "tls"}
# Set by setup/platform.sh from what is there, not by people.
DERIVED = {
    "NIGHTDESK_CONFIG_DIGEST",
    "NIGHTDESK_ENGINE_SOCKET",
    "NIGHTDESK_STATE",
    "NIGHTDESK_PLAIN_BIND",
    "NIGHTDESK_TLS",
    "NIGHTDESK_TLS_HOST",
    "NIGHTDESK_PUBLIC_URL",
    "NIGHTDESK_ACME_EMAIL",
    "NIGHTDESK_ACME_SERVER",
}
HELD_BY = {
    "CONFIGPROXY_AUTH_TOKEN": {"proxy", "hub"},
    "JUPYTERHUB_CRYPT_KEY": {"hub"},
    "NIGHTDESK_ADMIN_PASSWORD": {"hub"},
    "NIGHTDESK_SERVICE_TOKEN": {"hub", "api", "worker"},  # the worker asks which groups somebody is in
    "NIGHTDESK_SETUP_TOKEN": {"hub"},
    "NIGHTDESK_COOKIE_SECRET": {"api"},
    "NIGHTDESK_REDIS_PASSWORD": {"api", "worker", "redis"},
    "NIGHTDESK_SECRET_KEYS": {"api"},
    "NIGHTDESK_RUN_KEY": {"api", "worker"},
}


@pytest.fixture
def text(root: Path) -> str:
    return (root / "docker-compose.yml").read_text()


@pytest.fixture
def services(text: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(text)["services"]
    return found


def sources(service: dict[str, Any]) -> dict[str, Any]:
    """Where each mount of a service comes from, with the mount."""
    mounts: dict[str, Any] = {}
    for mount in service.get("volumes", []):
        if isinstance(mount, str):
            mounts[mount.split(":")[0]] = mount
        else:
            mounts[mount["source"]] = mount
    return mounts


def test_there_are_these_services(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == SERVICES


def test_the_example_has_every_variable(text: str, example: Path) -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", text))
    known = {entry.key for entry in env_file.read_example(example.read_text())}
    assert used - known == DERIVED
    assert known - used == set(), "a setting that nothing reads"


@pytest.mark.security(21)
def test_each_secret_is_held_only_by_who_needs_it(services: dict[str, dict[str, Any]], example: Path) -> None:
    secrets = {entry.key for entry in env_file.read_example(example.read_text()) if entry.recipe}
    assert secrets == set(HELD_BY)
    for secret in secrets:
        holders = {
            name
            for name, service in services.items()
            if any(secret in str(v) for v in service["environment"].values())
        }
        assert holders == HELD_BY[secret], secret
    assert not [name for name, service in services.items() if "env_file" in service]


def test_the_providers_secret_is_the_hubs_alone(services: dict[str, dict[str, Any]]) -> None:
    """It is nobody's to generate, and missing where people sign in with passwords."""
    holders = {
        name for name, service in services.items() if "NIGHTDESK_SIGN_IN_SECRET" in service["environment"]
    }
    assert holders == {"hub"}


@pytest.mark.parametrize("key", ["NIGHTDESK_STORE_KEY", "NIGHTDESK_STORE_SECRET"])
def test_the_buckets_login_is_held_by_who_keeps_outputs(
    services: dict[str, dict[str, Any]], key: str
) -> None:
    assert {name for name, service in services.items() if key in service["environment"]} == {"api", "worker"}


def test_the_mail_servers_password_is_the_workers_alone(services: dict[str, dict[str, Any]]) -> None:
    holders = {
        name for name, service in services.items() if "NIGHTDESK_SMTP_PASSWORD" in service["environment"]
    }
    assert holders == {"worker"}


def test_a_missing_secret_stops_the_start(text: str) -> None:
    for secret in HELD_BY:
        assert f"${{{secret}:?" in text
        assert not re.search(rf"\${{{secret}(}}|:-)", text)


@pytest.mark.security(19)
def test_only_hub_and_worker_reach_the_engine(services: dict[str, dict[str, Any]]) -> None:
    reaching = {name for name, service in services.items() if "docker.sock" in str(service)}
    assert reaching == {"hub", "worker"}


@pytest.mark.security(18)
def test_no_service_has_powers_it_does_not_need(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert "privileged" not in service, name
        assert service["mem_limit"], name
        assert service["pids_limit"], name
        assert service["logging"]["options"]["max-size"], name
    added = {name: set(service.get("cap_add", [])) for name, service in services.items()}
    assert added.pop("worker") == {"CHOWN", "DAC_OVERRIDE", "FOWNER"}
    assert added.pop("egress") == {"NET_ADMIN"}
    assert not any(added.values())


def test_only_the_filter_sees_the_machines_network_and_it_holds_nothing(
    services: dict[str, dict[str, Any]],
) -> None:
    assert {name for name, service in services.items() if "network_mode" in service} == {"egress"}
    egress = services["egress"]
    assert "networks" not in egress
    assert "ports" not in egress
    assert set(egress["environment"]) == {"NIGHTDESK_PROJECT", "NIGHTDESK_CONFIG"}
    assert set(sources(egress)) == {"${NIGHTDESK_CONFIG", "egress"} or len(sources(egress)) == 2


def test_the_api_is_not_root(services: dict[str, dict[str, Any]]) -> None:
    assert services["api"]["user"] == "1000:1000"


def test_services_cannot_write_their_images(services: dict[str, dict[str, Any]]) -> None:
    assert {name for name, service in services.items() if not service.get("read_only")} <= {"hub"}


def test_the_configuration_is_read_only(services: dict[str, dict[str, Any]]) -> None:
    for name in ("hub", "api", "worker", "egress"):
        mounts = [mount for source, mount in sources(services[name]).items() if "NIGHTDESK_CONFIG" in source]
        assert len(mounts) == 1, name
        assert mounts[0]["read_only"] is True
        assert mounts[0]["target"] == services[name]["environment"]["NIGHTDESK_CONFIG"]
        assert services[name]["labels"]["org.nightdesk.config"], "a changed file restarts the service"


@pytest.mark.security(29)
def test_one_port_is_published_on_loopback_unless_said_otherwise(services: dict[str, dict[str, Any]]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert set(published) == {"proxy", "tls"}
    assert published["proxy"] == ["${NIGHTDESK_PLAIN_BIND:-127.0.0.1}:${NIGHTDESK_PORT:-8000}:8000"]
    assert all(port.startswith("${NIGHTDESK_BIND:-127.0.0.1}:") for port in published["tls"])
    assert services["tls"]["profiles"] == ["tls"], "only where it is asked for"


def test_nothing_is_pulled_or_built_and_all_come_back(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert service["image"].startswith("nightdesk/"), name
        assert service["pull_policy"] == "never", name
        assert "build" not in service, name
        assert service["restart"] == "unless-stopped", name


def test_services_wait_for_no_other_to_be_well(services: dict[str, dict[str, Any]]) -> None:
    for service in services.values():
        for needed in service.get("depends_on", {}).values():
            assert needed["condition"] == "service_started"


def test_checks_are_rare_once_a_service_runs(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert service["healthcheck"]["interval"] == "60s", name
        assert service["healthcheck"]["start_interval"] == "500ms", name
