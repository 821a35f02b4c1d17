"""Every mistake names file, line and key, and all of them are told at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from nightdesk.config import ConfigError, load, main

Problems = Callable[[str], list[str]]

ONE_SIZE = "sizes:\n  small:\n    cpus: 1\n    memory: 1G\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sit:\n  title: x\n", "1: sit: is not a setting; see docs/settings.md for the list"),
        ("site:\n  titel: x\n", "2: site.titel: is not a setting; see docs/settings.md for the list"),
        (ONE_SIZE + "    memry: 2G\n", "5: sizes.small.memry: is not a setting; see docs/settings.md for the list"),
        ("sizes:\n  small:\n    cpus: 1\n", "2: sizes.small.memory: is missing"),
        ("sizes:\n  small:\n    memory: 1G\n", "2: sizes.small.cpus: is missing"),
        ("\n\nruns:\n  grace: soon\n", "4: runs.grace: 'soon' is not a time; write for example 90s, 15m, 2h or 1d"),
        ("runs:\n  max_source: many\n", "2: runs.max_source: 'many' is not a size; write for example 512M or 4G"),
        ("runs:\n  max_source: 5X\n", "2: runs.max_source: '5X' is not a size; write for example 512M or 4G"),
        ("runs:\n  max_source: 0\n", "2: runs.max_source: Input should be greater than 0"),
        ("runs:\n  grace: 0s\n", "2: runs.grace: Input should be greater than 0"),
        ("runs:\n  grace: .inf\n", "2: runs.grace: Input should be a finite number"),
        ("runs:\n  grace: .nan\n", "2: runs.grace: Input should be greater than 0"),
        ("runs:\n  max_source: .inf\n", "2: runs.max_source: Input should be a finite number"),
        (f"runs:\n  max_source: {'9' * 400}G\n", "2: runs.max_source: "),
        (f"runs:\n  grace: {'9' * 400}d\n", "2: runs.grace: Input should be a finite number"),
        ("runs:\n  grace: yes\n", "2: runs.grace: True is not a time; write for example 90s, 15m, 2h or 1d"),
        ("runs:\n  max_source: yes\n", "2: runs.max_source: True is not a size; write for example 512M or 4G"),
        ("runs:\n  max_output_count: 0\n", "2: runs.max_output_count: Input should be greater than or equal to 1"),
        ("accounts:\n  min_password_length: 3\n", "2: accounts.min_password_length: Input should be"),
        ("accounts:\n  open_signup: perhaps\n", "2: accounts.open_signup: Input should be a valid boolean"),
        ("site:\n  public_url: desk.example.org\n", "2: site.public_url: 'desk.example.org' is not an address such as"),
        ("site:\n  public_url: https://desk.example.org/x\n", "2: site.public_url: "),
        ("site:\n  title:\n", "2: site.title: Input should be a valid string"),
        ("sessions:\n  network_pool: 10.0.0.0/25\n", "2: sessions.network_pool: 10.0.0.0/25 is too small"),
        ("sessions:\n  network_pool: 10.0.0.1/16\n", "2: sessions.network_pool: 10.0.0.1/16 has host bits set"),
        ("sessions:\n  network_pool: here\n", "2: sessions.network_pool: "),
        ("runs: 5\n", "1: runs: Input should be a valid dictionary or instance of Runs"),
        ("sizes:\n  small: 5\n", "2: sizes.small: Input should be a valid dictionary or instance of Size"),
        ("sizes:\n  small:\n", "2: sizes.small: Input should be a valid dictionary or instance of Size"),
        ("sizes: {}\n", "1: sizes: "),
        ("sizes: [small]\n", "1: sizes: Input should be a valid dictionary"),
        ("sizes:\n  Big: {cpus: 1, memory: 1G}\n", "1: sizes: 'Big' is no name for a size; use lower-case letters"),
        ("sizes:\n  1: {cpus: 1, memory: 1G}\n", "1: sizes: 1 is no name for a size"),
        (ONE_SIZE + "    name: other\n", "1: sizes: small.name is not a setting; its name is the key, 'small'"),
        (ONE_SIZE.replace("1G", "63M"), "4: sizes.small.memory: Input should be greater than or equal to 67108864"),
        (ONE_SIZE.replace("cpus: 1", "cpus: 0"), "3: sizes.small.cpus: Input should be greater than 0"),
        (ONE_SIZE + "    time_limit: 1 week\n", "5: sizes.small.time_limit: '1 week' is not a time"),
        (
            "site:\n  title: x\nsizes:\n  a: {cpus: 1, memory: 1G, default: true}\n"
            "  b: {cpus: 1, memory: 1G, default: true}\n",
            "3: sizes: only one may be the default, not a and b",
        ),
        ("database:\n  url: postgresql://h/d\n", "2: database.url: 'postgresql://h/d' is no SQLite file"),
        ("database:\n  url: sqlite:///here.db\n", "2: database.url: 'sqlite:///here.db' is no SQLite file"),
        (
            "storage:\n  url: /store\n",
            "2: storage.url: '/store' is neither a folder nor a bucket; write for example file:///store or s3://bucket/prefix",
        ),
        (
            "storage:\n  url: s3:///x\n",
            "2: storage.url: 's3:///x' names no bucket; write for example s3://nightdesk or s3://nightdesk/outputs",
        ),
        (
            "storage:\n  url: s3://lake/a/../b\n",
            "2: storage.url: 's3://lake/a/../b' has no plain prefix; leave out '.' and '..'",
        ),
        (
            "storage:\n  url: s3://lake\n  endpoint: https://key:secret@s3.example.org\n",
            "3: storage.endpoint: holds a login; that belongs in config/.env (NIGHTDESK_STORE_KEY)",
        ),
        (
            "storage:\n  url: s3://lake\n  endpoint: s3.example.org\n",
            "3: storage.endpoint: 's3.example.org' is not an address such as https://s3.example.org:9000",
        ),
        (
            "storage:\n  endpoint: https://s3.example.org\n",
            "2: storage.endpoint: is for a store that speaks S3; set storage.url to s3://bucket/prefix, or leave it out",
        ),
        (
            "storage:\n  url: s3://lake\n  region: eu central\n",
            "3: storage.region: 'eu central' is no region such as eu-central-1; most stores of one's own take us-east-1",
        ),
        ("runs:\n  slots: 0\n", "2: runs.slots: "),
        ("runs:\n  slots: many\n", "2: runs.slots: "),
        ("runs:\n  slots: 1.5\n", "2: runs.slots: "),
        ("runs:\n  memory: lots\n", "2: runs.memory: 'lots' is not a size; write for example 512M or 4G"),
        ("runs:\n  memory: 0\n", "2: runs.memory: 0 is neither 'auto' nor a size; write for example 64G"),
        ("runs:\n  memory: 1.5\n", "2: runs.memory: 1.5 is neither 'auto' nor a size"),
        ("runs:\n  max_output_count: 200001\n", "2: runs.max_output_count: Input should be less than or equal to 200000"),
        ("runs:\n  limits:\n    person: 0\n", "3: runs.limits.person: Input should be greater than or equal to 1"),
        ("runs:\n  limits:\n    people: {ada: 0}\n", "3: runs.limits.people.ada: Input should be greater than or equal"),
        ("runs:\n  limits:\n    persons: 2\n", "3: runs.limits.persons: is not a setting; see docs/settings.md"),
        ("runs:\n  limits: 5\n", "2: runs.limits: Input should be a valid dictionary or instance of Limits"),
        ("runs:\n  max_output: 1G\n", "2: runs.max_output: is not a setting; see docs/settings.md for the list"),
        (ONE_SIZE + "    pids: 63\n", "5: sizes.small.pids: Input should be greater than or equal to 64"),
        (ONE_SIZE + "    disk: 15M\n", "5: sizes.small.disk: Input should be greater than or equal to 16777216"),
        (ONE_SIZE + "    output: 0\n", "5: sizes.small.output: Input should be greater than 0"),
    ],
)  # fmt: skip
def test_one_mistake_is_told_once_with_its_line_and_key(problems: Problems, text: str, told: str) -> None:
    found = problems(text)
    assert len(found) == 1, found
    assert found[0].startswith(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("site:\n  title: x\nsite:\n  title: y\n", ["3: site: stands twice, first in line 1"]),
        ("runs:\n  grace: 1s\n  slots: 2\n  grace: 2s\n", ["4: grace: stands twice, first in line 2"]),
        (ONE_SIZE + "  small:\n    cpus: 2\n    memory: 2G\n", ["5: small: stands twice, first in line 2"]),
        (
            "a: 1\na: 2\na: 3\n",
            ["2: a: stands twice, first in line 1", "3: a: stands twice, first in line 2"],
        ),
    ],
)
def test_a_key_that_stands_twice(problems: Problems, text: str, told: list[str]) -> None:
    assert problems(text) == told


def test_all_mistakes_at_once(problems: Problems) -> None:
    found = problems("site:\n  titel: x\nruns:\n  grace: soon\n  slotz: 1\n")
    assert [problem.split(": ")[:2] for problem in found] == [
        ["2", "site.titel"],
        ["4", "runs.grace"],
        ["5", "runs.slotz"],
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("site:\n  title: [x\nruns:\n", 3),
        ("site:\n\ttitle: x\n", 2),
        ("site: x: y\n", 1),
        ("a: *nowhere\n", 1),
        ("a: 1\n---\nb: 2\n", 2),
        ("a: !!python/object:os.system {}\n", 1),
        ("? [a]\n: b\n", 1),
        ("site:\n  title: \x07\n", 2),
        ("a: &a\n  b: *a\n", 1),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(problems: Problems, text: str, line: int) -> None:
    found = problems(text)
    assert len(found) == 1
    assert found[0].startswith(f"{line}: ")


@pytest.mark.parametrize("text", ["- a\n- b\n", "just words\n", "5\n"])
def test_another_kind_of_document(problems: Problems, text: str) -> None:
    assert problems(text) == ["1: must be a list of keys such as 'site:' and 'sizes:'"]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read: No such file"):
        load(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"site: {title: caf\xe9}\n")
    with pytest.raises(ConfigError, match=r"latin\.yaml: is not UTF-8 text"):
        load(tmp_path / "latin.yaml")


def test_the_check_as_a_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    right, wrong = tmp_path / "right.yaml", tmp_path / "wrong.yaml"
    right.write_text("runs: {slots: 2}\n")
    wrong.write_text("runs:\n  slotz: 2\n  grace: x\n")
    assert main([str(right)]) == 0
    assert capsys.readouterr() == ("", "")
    assert main([str(wrong)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(": ")[0] for line in err.splitlines()] == [f"{wrong}:2", f"{wrong}:3"] or err.count(
        "\n"
    ) == 2
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err


def test_the_check_as_a_process(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("runz: {}\n")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "nightdesk.config", wrong],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"{wrong}:1: runz: is not a setting; see docs/settings.md for the list\n"
