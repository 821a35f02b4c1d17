"""The shell steps: well-formed, and careful about which platform they act on. Nothing here reaches an engine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SOURCED = {"lib.sh", "platform.sh", "ready.sh"}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A caller's environment: no engine to reach, a .venv and a state folder of its own."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("NIGHTDESK_", "COMPOSE_"))}
    return kept | {
        "DOCKER_HOST": f"unix://{tmp_path}/no-engine.sock",
        "NIGHTDESK_VENV": str(tmp_path / "venv"),
        "NIGHTDESK_STATE": str(tmp_path / "state"),
        "NIGHTDESK_ENV_FILE": str(tmp_path / "main.env"),
    }


def run(root: Path, environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        check=False,
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


def resolved(root: Path, environment: dict[str, str], before: str = ":") -> dict[str, str]:
    """What platform.sh makes of an environment: the platform it is about."""
    names = [
        "COMPOSE_PROJECT_NAME",
        "NIGHTDESK_PORT",
        "NIGHTDESK_ENV_FILE",
        "NIGHTDESK_CONFIG",
        "NIGHTDESK_LOGIN_FILE",
    ]
    script = f"source setup/lib.sh; {before}; source setup/platform.sh; " + "; ".join(
        f'echo "{name}=${name}"' for name in names
    )
    done = run(root, environment, "bash", "-c", script)
    assert done.returncode == 0, done.stderr
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def scripts() -> list[Path]:
    return sorted((Path(__file__).parents[3] / "setup").glob("*.sh"))


@pytest.mark.parametrize("script", scripts(), ids=lambda path: path.name)
def test_a_step_is_sound(script: Path) -> None:
    assert subprocess.run(["bash", "-n", str(script)], check=False, capture_output=True).returncode == 0
    text = script.read_text()
    assert len(text.splitlines()) <= 250
    if script.name in SOURCED:
        assert text.startswith("# shellcheck shell=bash")
    else:
        assert text.startswith("#!/usr/bin/env bash\n# "), "says at its top what it does"
        stops = '/lib.sh"' in text or '/ready.sh"' in text
        assert stops, "stops at the first failure, as lib.sh has it"
        assert os.access(script, os.X_OK)


def test_the_steps_of_up_exist(root: Path) -> None:
    steps = [
        line.split()[0]
        for line in (root / "setup/up.sh").read_text().splitlines()
        if line.startswith("setup/")
    ]
    assert steps[0] == "setup/preflight.sh", (
        "everything that can fail is looked at before anything is changed"
    )
    assert [step for step in steps if not (root / step).exists()] == []


def test_make_names_every_target(root: Path) -> None:
    shown = subprocess.run(["make", "-C", str(root)], capture_output=True, text=True, check=True).stdout
    for target in (
        "demo",
        "up",
        "down",
        "status",
        "logs",
        "test",
        "check",
        "format",
        "bench",
        "lock",
        "purge",
    ):
        assert f"make {target}" in shown


def test_without_a_settings_file_there_are_defaults(root: Path, environment: dict[str, str]) -> None:
    found = resolved(root, environment)
    assert found["COMPOSE_PROJECT_NAME"] == "nightdesk"
    assert found["NIGHTDESK_PORT"] == "8000"
    assert found["NIGHTDESK_CONFIG"] == str(root / "config/nightdesk.yaml")


def test_the_environment_wins_over_the_settings_file(root: Path, environment: dict[str, str]) -> None:
    Path(environment["NIGHTDESK_ENV_FILE"]).write_text("COMPOSE_PROJECT_NAME=desk\nNIGHTDESK_PORT=8100\n")
    assert resolved(root, environment)["NIGHTDESK_PORT"] == "8100"
    found = resolved(root, environment | {"NIGHTDESK_PORT": "8200"})
    assert (found["COMPOSE_PROJECT_NAME"], found["NIGHTDESK_PORT"]) == ("desk", "8200")


def test_a_state_folder_alone_says_which_platform(
    root: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("COMPOSE_PROJECT_NAME=trial\nNIGHTDESK_PORT=8300\n")
    caller = environment | {
        "COMPOSE_PROJECT_NAME": "nightdesk",
        "NIGHTDESK_PORT": "8000",
        "NIGHTDESK_LOGIN_FILE": "x",
    }
    found = resolved(root, caller, before=f"platform_state={tmp_path}")
    assert (found["COMPOSE_PROJECT_NAME"], found["NIGHTDESK_PORT"]) == ("trial", "8300")
    assert found["NIGHTDESK_ENV_FILE"] == str(tmp_path / ".env")
    assert found["NIGHTDESK_LOGIN_FILE"] == str(tmp_path / "login.json")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["setup/up.sh", "--nonsense"], "unknown option"),
        (["setup/up.sh", "--port"], "--port wants a value"),
        (["setup/up.sh", "--project", "trial"], "--state DIR"),
        (["setup/down.sh", "--nonsense"], "unknown option"),
        (["setup/down.sh", "--state", "/nowhere"], "there is no folder"),
        (["setup/compose.sh", "ps"], "make up"),
        (["setup/purge.sh", ""], "make purge CONFIRM=nightdesk"),
        (["setup/purge.sh", "other"], "make purge CONFIRM=nightdesk"),
        (["setup/venv.sh", "everything"], "neither up nor dev"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_usage_stops_and_says_what_to_do(
    root: Path, environment: dict[str, str], command: list[str], words: str
) -> None:
    done = run(root, environment, *command)
    assert done.returncode == 1
    assert words in done.stderr


def test_a_folder_without_settings_never_means_the_main_platform(
    root: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    for script in ("down.sh", "up.sh"):
        done = run(root, environment, f"setup/{script}", "--state", str(tmp_path))
        assert done.returncode == 1, script
        assert "--project NAME" in done.stderr, script


def test_preflight_names_file_line_and_key_and_changes_nothing(
    root: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    settings = Path(environment["NIGHTDESK_ENV_FILE"])
    settings.write_text("COMPOSE_PROJECT_NAME=desk\nNIGHTDESK_PROT=8000\n")
    done = run(root, environment, "setup/preflight.sh")
    assert done.returncode == 1
    assert (
        "main.env:2: NIGHTDESK_PROT is no setting of this platform; did you mean NIGHTDESK_PORT?"
        in done.stderr
    )
    assert "nothing has been changed" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["main.env"]
