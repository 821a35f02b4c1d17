"""config/.env: made once, completed, checked; its secrets are never shown."""

from __future__ import annotations

import stat
from pathlib import Path

import env_file
import pytest


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_secret_is_generated_and_different(tmp_path: Path, example: Path) -> None:
    file = tmp_path / "deep" / ".env"
    assert env_file.ensure(file, example, {}) == "made"
    values = env_file.read_values(file.read_text())
    secrets = [values[entry.key] for entry in env_file.read_example(example.read_text()) if entry.recipe]
    assert len(secrets) == 9
    assert len(set(secrets)) == 9
    assert all(len(secret) >= 20 for secret in secrets)
    assert env_file.problems(file.read_text(), example.read_text()) == []


def test_only_the_owner_may_read_it(tmp_path: Path, example: Path) -> None:
    file = tmp_path / ".env"
    env_file.ensure(file, example, {})
    assert mode(file) == 0o600
    file.chmod(0o644)
    env_file.ensure(file, example, {})
    assert mode(file) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [".env"], "nothing of the writing is left over"


def test_the_second_time_changes_nothing(tmp_path: Path, example: Path) -> None:
    file = tmp_path / ".env"
    env_file.ensure(file, example, {})
    before = file.read_text()
    assert env_file.ensure(file, example, {}) == "unchanged"
    assert file.read_text() == before


def test_missing_keys_are_added_and_the_rest_is_kept_to_the_letter(tmp_path: Path, example: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# mine\nNIGHTDESK_PORT=9999\n\nNIGHTDESK_ADMIN_PASSWORD=correct horse battery\n")
    assert env_file.ensure(file, example, {}) == "completed"
    text = file.read_text()
    assert text.startswith("# mine\nNIGHTDESK_PORT=9999\n\nNIGHTDESK_ADMIN_PASSWORD=correct horse battery\n")
    values = env_file.read_values(text)
    assert set(values) == {entry.key for entry in env_file.read_example(example.read_text())}
    assert len(values["NIGHTDESK_COOKIE_SECRET"]) == 64


def test_an_emptied_secret_is_made_anew(tmp_path: Path, example: Path) -> None:
    file = tmp_path / ".env"
    env_file.ensure(file, example, {})
    kept = env_file.read_values(file.read_text())
    file.write_text(file.read_text().replace(kept["NIGHTDESK_SETUP_TOKEN"], ""))
    env_file.ensure(file, example, {})
    renewed = env_file.read_values(file.read_text())
    assert renewed.pop("NIGHTDESK_SETUP_TOKEN") not in {"", kept.pop("NIGHTDESK_SETUP_TOKEN")}
    assert renewed == kept


def test_what_is_asked_for_is_set(tmp_path: Path, example: Path) -> None:
    file = tmp_path / ".env"
    env_file.ensure(file, example, {"COMPOSE_PROJECT_NAME": "trial", "NIGHTDESK_PORT": "8123"})
    values = env_file.read_values(file.read_text())
    assert (values["COMPOSE_PROJECT_NAME"], values["NIGHTDESK_PORT"]) == ("trial", "8123")


def test_nothing_secret_is_printed(tmp_path: Path, example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / ".env"
    assert env_file.main(["ensure", str(file), str(example)]) == 0
    assert env_file.main(["check", str(file), str(example)]) == 0
    file.write_text(file.read_text() + "CONFIGPROXY_AUTH_TOKEN=twice\nNIGHTDESK_COOKIE_SECRETS=misspelt\n")
    assert env_file.main(["check", str(file), str(example)]) == 1
    said = "".join(capsys.readouterr())
    values = env_file.read_values(file.read_text())
    recipes = [entry for entry in env_file.read_example(example.read_text()) if entry.recipe]
    assert not [entry.key for entry in recipes if values[entry.key] in said]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("NIGHTDESK_PROT=8000", "did you mean NIGHTDESK_PORT?"),
        ("NIGHTDESK_PORT=80000", "1 to 65535"),
        ("NIGHTDESK_PORT=", "1 to 65535"),
        ("COMPOSE_PROJECT_NAME=My Desk", "lower-case"),
        ('NIGHTDESK_BIND="127.0.0.1"', "no quotes"),
        ("NIGHTDESK_ADMIN_PASSWORD=short", "at least 12"),
        ("JUPYTERHUB_CRYPT_KEY=abc", "64 hexadecimal digits"),
        (f"NIGHTDESK_SECRET_KEYS={'1' * 64},abc", "64 hexadecimal digits each"),
        ("export NIGHTDESK_PORT=8000", "is not KEY=value"),
    ],
)
def test_a_mistake_is_named_with_its_line(
    tmp_path: Path, example: Path, capsys: pytest.CaptureFixture[str], line: str, words: str
) -> None:
    file = tmp_path / ".env"
    file.write_text(f"# a comment\n\n{line}\n")
    assert env_file.main(["check", str(file), str(example)]) == 1
    said = capsys.readouterr().err
    assert ".env:3:" in said
    assert words in said


def test_there_may_be_several_keys_for_connections(example: Path) -> None:
    keys = f"NIGHTDESK_SECRET_KEYS={'1' * 64},{'2' * 64}\n"
    assert env_file.problems(keys, example.read_text()) == []
    assert keys in env_file.completed(keys, example.read_text(), {}), "and stay as they are"


def test_a_key_set_twice_is_named(example: Path) -> None:
    found = env_file.problems("NIGHTDESK_PORT=1\nNIGHTDESK_PORT=2\n", example.read_text())
    assert [(problem.line, problem.key) for problem in found] == [(2, "NIGHTDESK_PORT")]
    assert "line 1" in found[0].words


def test_wrong_usage_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    assert env_file.main(["nonsense"]) == 2
    assert "ensure FILE EXAMPLE" in capsys.readouterr().err
