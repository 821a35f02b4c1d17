"""Which certificates a build trusts."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
ASKED = ("NIGHTDESK_CA", "PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def ask(root: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in ASKED}
    return subprocess.run(
        [root / "setup/ca.sh"], env={**kept, **environment}, capture_output=True, text=True, check=False
    )


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A file that could be a bundle."""
    path = tmp_path / "company ca.pem"
    path.write_text(CERTIFICATE)
    return path


def test_without_settings_there_is_none(root: Path) -> None:
    answer = ask(root)
    assert (answer.returncode, answer.stdout) == (0, "")


@pytest.mark.parametrize("variable", ASKED)
def test_each_variable_can_name_it(root: Path, bundle: Path, variable: str) -> None:
    assert ask(root, **{variable: str(bundle)}).stdout.strip() == str(bundle)


def test_the_platforms_own_setting_comes_first(root: Path, bundle: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_text(CERTIFICATE)
    assert ask(root, NIGHTDESK_CA=str(bundle), PIP_CERT=str(other)).stdout.strip() == str(bundle)


def test_empty_means_none(root: Path, bundle: Path) -> None:
    answer = ask(root, NIGHTDESK_CA="", PIP_CERT=str(bundle))
    assert (answer.returncode, answer.stdout) == (0, "")


def test_a_setting_that_names_no_certificates_is_a_mistake(root: Path, tmp_path: Path) -> None:
    answer = ask(root, NIGHTDESK_CA=str(tmp_path / "missing.pem"))
    assert answer.returncode == 1
    assert "missing.pem, which is no readable file of PEM certificates" in answer.stderr
    assert "BEGIN CERTIFICATE" in answer.stderr


def test_what_other_tools_were_told_is_only_a_hint(root: Path, tmp_path: Path) -> None:
    answer = ask(root, PIP_CERT=str(tmp_path / "missing.pem"))
    assert (answer.returncode, answer.stdout) == (0, "")
