"""What a right settings file means: defaults, units, sections left empty."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from nightdesk.config import Settings, load
from pydantic import ValidationError

Read = Callable[[str], Settings]
SHIPPED = Path(__file__).parents[3] / "config/nightdesk.yaml"


def test_the_shipped_file_says_what_the_defaults_are() -> None:
    assert load(SHIPPED) == Settings()


def test_the_shipped_file_shows_every_setting() -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    for section, field in Settings.model_fields.items():
        assert f"\n{section}:" in text
        keys = getattr(field.annotation, "model_fields", {})
        for name, part in keys.items():
            key = part.alias or name
            assert f" {key}:" in text, f"{section}.{key} is not in the shipped file"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "---\n",
        "runs:\n",
        "site:\nsizes:\naccounts:\nsessions:\nruns:\ndatabase:\nstorage:\n",
        "runs: {}\n",
        "runs: {limits: {}}\n",
        "runs:\n  limits:\n",
        "runs:\n  limits:\n    people:\n    groups:\n",
    ],
)
def test_what_is_left_out_or_empty_has_its_default(read: Read, text: str) -> None:
    assert read(text) == Settings()


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("64M", 64 * 2**20),
        ("64MB", 64 * 2**20),
        ("64MiB", 64 * 2**20),
        ("64m", 64 * 2**20),
        ("100000K", 100000 * 2**10),
        ("4G", 4 * 2**30),
        ("1T", 2**40),
        ("1.5G", 3 * 2**29),
        ("2 G", 2 * 2**30),
        ("'100000000'", 100_000_000),
        ("100000000", 100_000_000),
        ("100000000B", 100_000_000),
    ],
)
def test_bytes(read: Read, written: str, means: int) -> None:
    assert read(f"sizes: {{one: {{cpus: 1, memory: {written}}}}}").sizes["one"].memory_bytes == means


@pytest.mark.parametrize(
    ("written", "means"),
    [("90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86400), ("1.5h", 5400), ("2 h", 7200), ("30", 30)],
)
def test_seconds(read: Read, written: str, means: float) -> None:
    assert read(f"runs: {{grace: {written}}}").runs.grace_seconds == means


def test_sizes_of_the_file_replace_the_built_in_ones(read: Read) -> None:
    settings = read(
        "sizes:\n  large: {cpus: 0.5, memory: 1G}\n  night-8: {title: At night, cpus: 8, memory: 9G}\n"
    )
    assert list(settings.sizes) == ["large", "night-8"]
    assert settings.default_size.name == "large", "of none marked as default, the first"
    assert [size.title for size in settings.sizes.values()] == ["Large", "At night"]
    assert settings.sizes["large"].time_limit_seconds == 12 * 3600


def test_the_default_size_is_the_one_marked(read: Read) -> None:
    settings = read("sizes:\n  a: {cpus: 1, memory: 1G}\n  b: {cpus: 1, memory: 1G, default: true}\n")
    assert settings.default_size.name == "b"


def test_slots(read: Read) -> None:
    assert read("runs: {slots: 7}").runs.slot_count == 7
    assert read("runs: {slots: auto}").runs.slot_count == (os.cpu_count() or 1)


def test_memory_of_all_runs_together(read: Read) -> None:
    assert read("runs: {memory: 6G}").runs.memory_bytes == 6 * 2**30
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert read("runs: {memory: auto}").runs.memory_bytes == machine * 4 // 5


def test_limits_of_a_size(read: Read) -> None:
    size = read("sizes: {one: {cpus: 1, memory: 1G, pids: 64, disk: 16M, output: 1M, time_limit: 1h}}").sizes[
        "one"
    ]
    assert (size.pids, size.disk_bytes, size.output_bytes) == (64, 16 * 2**20, 2**20)


def test_limits_of_people_and_groups(read: Read) -> None:
    limits = read(
        "runs: {limits: {person: 3, people: {ada: 8}, groups: {students: 2}, waiting: 50}}"
    ).runs.limits
    assert (limits.of_person("ada"), limits.of_person("bob")) == (8, 3)
    assert (limits.groups, limits.waiting) == ({"students": 2}, 50)
    assert read("").runs.limits.of_person("ada") is None, "as many as there are slots"


def test_public_url(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NIGHTDESK_PORT", raising=False)
    assert read("").public_url == "http://127.0.0.1:8000"
    monkeypatch.setenv("NIGHTDESK_PORT", "8123")
    assert read("").public_url == "http://127.0.0.1:8123"
    assert read("site: {public_url: 'https://desk.example.org/'}").public_url == "https://desk.example.org"


def test_settings_cannot_be_changed() -> None:
    settings = Settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.runs.grace_seconds = 5  # type: ignore[misc]


def test_outputs_in_a_bucket(read: Read) -> None:
    settings = read("storage:\n  url: s3://lake/desk/\n  endpoint: http://10.0.0.7:9000/\n")
    assert settings.storage.in_bucket
    assert (settings.storage.url, settings.storage.endpoint) == ("s3://lake/desk", "http://10.0.0.7:9000")
    assert read("storage:\n  url: s3://lake\n").storage.region == "us-east-1"
    assert not read("").storage.in_bucket
