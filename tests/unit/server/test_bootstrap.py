"""What the processes need of their environment, and that they say what is missing."""

from __future__ import annotations

import pytest
from nightdesk.config import Settings
from nightdesk.sections import Storage
from nightdesk.server.bootstrap import Environment, MissingSecret, store_for


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "PROJECT",
        "CONFIG",
        "REDIS_URL",
        "REDIS_PASSWORD",
        "SERVICE_TOKEN",
        "COOKIE_SECRET",
        "HUB_API_URL",
        "SCRATCH",
    ):
        monkeypatch.delenv(f"NIGHTDESK_{name}", raising=False)


def test_a_secret_that_is_missing_is_named() -> None:
    with pytest.raises(MissingSecret) as caught:
        Environment.read()
    assert str(caught.value) == (
        "nightdesk: NIGHTDESK_REDIS_PASSWORD is not set. It stands in config/.env, which `make up` generates."
    )


def test_defaults_are_those_of_the_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTDESK_REDIS_PASSWORD", "secret")
    environment = Environment.read()
    assert environment.project == "nightdesk"
    assert str(environment.config) == "/etc/nightdesk/nightdesk.yaml"
    assert environment.redis_url == "redis://:secret@redis:6379/0"
    assert environment.hub_api_url == "http://hub:8081/hub/api"
    assert str(environment.scratch) == "/scratch"


def test_a_bucket_needs_its_login(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(storage=Storage(url="s3://lake/desk", endpoint="http://127.0.0.1:9"))
    monkeypatch.setenv("NIGHTDESK_STORE_KEY", "a-key")
    monkeypatch.delenv("NIGHTDESK_STORE_SECRET", raising=False)
    with pytest.raises(MissingSecret, match="NIGHTDESK_STORE_SECRET is not set"):
        store_for(settings)
    monkeypatch.setenv("NIGHTDESK_STORE_SECRET", "a-secret")
    store_for(settings)
