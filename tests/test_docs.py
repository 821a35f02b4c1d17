"""What can be set, typed or called is in the docs, the docs' defaults are the real ones, and links lead somewhere."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace, UnionType
from typing import Any, Union, get_args, get_origin
from urllib.parse import unquote

import pytest
import yaml
from fastapi.routing import iter_route_contexts
from nightdesk.cli.arguments import build
from nightdesk.config import Settings
from nightdesk.sections import Size
from nightdesk.server.web.app import create_app
from nightdesk.server.web.paths import API, BASE
from nightdesk.sign_in import Provider
from pydantic import BaseModel

ROOT = Path(__file__).parent.parent
DOCS = sorted((ROOT / "docs").glob("*.md"))
PRIVATE = {".git", ".venv", ".nightdesk", "node_modules", ".pytest_cache", ".mypy_cache", ".ruff_cache"}
MARKDOWN = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not PRIVATE.intersection(path.relative_to(ROOT).parts) and path.is_file()
)


#: What the sections of providers share, in one table.
SHARED = (*Provider.model_fields, "allowed_groups", "admin_groups")


def text_of(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


# --- settings -----------------------------------------------------------------------------------


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models that a field's type is made of: itself, or a mapping's values."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in {dict, list, tuple, Union, UnionType}:
        return [model for argument in get_args(annotation) for model in models_in(argument)]
    return []


def settings_keys(model: type[BaseModel] = Settings, prefix: str = "") -> list[str]:
    """Every key of nightdesk.yaml, once; `NAME` stands for a name that the operator chooses."""
    return list(dict.fromkeys(_settings_keys(model, prefix)))


def _settings_keys(model: type[BaseModel], prefix: str) -> Iterator[str]:
    if issubclass(model, Provider):
        shared = {name for name in model.model_fields if name in SHARED}
        own = {name: field for name, field in model.model_fields.items() if name not in shared}
        yield from (
            f"accounts.PROVIDER.{model.model_fields[name].alias or name}" for name in SHARED if name in shared
        )
        yield from (f"{prefix}{field.alias or name}" for name, field in own.items())
        return
    for name, field in model.model_fields.items():
        if model is Size and name == "name":
            continue  # it is the key above
        key = f"{prefix}{field.alias or name}"
        inner = models_in(field.annotation)
        if inner:
            star = "NAME." if get_origin(field.annotation) is dict else ""
            yield from _settings_keys(inner[0], f"{key}.{star}")
        else:
            yield key


def documented_defaults() -> dict[str, str]:
    """Key and default of each row in the tables of docs/settings.md; only defaults written as code."""
    rows = re.findall(r"^\| `([a-z_]+(?:\.\w+)+)` \| (.*?) \|", text_of("settings.md"), re.MULTILINE)
    return {key: value.strip("`") for key, value in rows if value.startswith("`")}


#: Keys of sections that are only there where the operator has one.
OF_MAIL = "notifications.smtp."
OF_PROVIDERS = [key for key in settings_keys() if key.startswith("accounts.") and key.count(".") == 2]


def nested(key: str, value: Any) -> dict[str, Any]:
    for part in reversed(key.split(".")):
        value = {part: value}
    return dict(value)


@pytest.mark.parametrize("key", list(settings_keys()))
def test_setting_is_documented(key: str) -> None:
    assert f"| `{key}` |" in text_of("settings.md"), f"docs/settings.md has no row for {key}"


@pytest.mark.parametrize(
    "key",
    [
        key
        for key in documented_defaults()
        if "NAME" not in key and key not in OF_PROVIDERS and not key.startswith(OF_MAIL)
    ],
)
def test_documented_default_is_the_default(key: str) -> None:
    written = yaml.safe_load(documented_defaults()[key])
    assert Settings.model_validate(nested(key, written)) == Settings()


@pytest.mark.parametrize("key", [key for key in documented_defaults() if key.startswith(OF_MAIL)])
def test_documented_default_of_mail_is_the_default(key: str) -> None:
    bare = {"host": "smtp.example.org", "from": "nightdesk@example.org"}
    written = {**bare, key.rpartition(".")[2]: yaml.safe_load(documented_defaults()[key])}
    assert Settings.model_validate({"notifications": {"smtp": written}}) == Settings.model_validate(
        {"notifications": {"smtp": bare}}
    )


@pytest.mark.parametrize("key", [key for key in OF_PROVIDERS if key in documented_defaults()])
def test_documented_default_of_a_provider_is_the_default(key: str) -> None:
    _, kind, name = key.split(".")
    kind = "oidc" if kind == "PROVIDER" else kind
    needed = {
        "oidc": {"issuer": "https://login.example.org"},
        "microsoft": {"tenant": "0" * 8 + "-0000" * 3 + "-" + "0" * 12},
    }
    bare = {"client_id": "x", "admin_users": ["ada"], **needed.get(kind, {})}
    if name == "admin_users":
        bare["allowed_users"] = ["bob"]
        del bare["admin_users"]
    written = {**bare, name: yaml.safe_load(documented_defaults()[key])}
    assert Settings.model_validate({"accounts": {kind: written}}) == Settings.model_validate(
        {"accounts": {kind: bare}}
    )


@pytest.mark.parametrize("key", [key for key in documented_defaults() if key.startswith("sizes.NAME.")])
def test_documented_default_of_a_size_is_the_default(key: str) -> None:
    bare = {"cpus": 1, "memory": "1G"}
    written = {**bare, key.rsplit(".", 1)[-1]: yaml.safe_load(documented_defaults()[key])}
    assert Size.model_validate(written) == Size.model_validate(bare)


def test_no_setting_is_documented_that_there_is_not() -> None:
    rows = re.findall(r"^\| `([a-z_]+\.[\w.]+)` \|", text_of("settings.md"), re.MULTILINE)
    assert sorted(rows) == sorted(settings_keys())


def test_environment_variables_of_the_compose_file_are_documented() -> None:
    compose = (ROOT / "docker-compose.yml").read_text("utf-8")
    # Set by setup for the compose file alone, not by people.
    internal = {
        "NIGHTDESK_CONFIG_DIGEST",
        "NIGHTDESK_ENGINE_SOCKET",
        "NIGHTDESK_STATE",
        "NIGHTDESK_PLAIN_BIND",
    }
    internal |= {
        f"NIGHTDESK_{name}" for name in ("TLS", "TLS_HOST", "PUBLIC_URL", "ACME_EMAIL", "ACME_SERVER")
    }
    names = set(re.findall(r"\$\{([A-Z][A-Z0-9_]*)", compose)) - internal
    docs = "\n".join(path.read_text("utf-8") for path in DOCS)
    assert names
    assert [name for name in sorted(names) if f"`{name}`" not in docs] == []


# --- command line -------------------------------------------------------------------------------


def commands(parser: argparse.ArgumentParser, path: str) -> Iterator[tuple[str, list[str]]]:
    """Each command with its options."""
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    options = [option for action in parser._actions for option in action.option_strings]
    yield path, [option for option in options if option.startswith("--") or len(option) == 2]
    for group in groups:
        for name, command in group.choices.items():
            yield from commands(command, f"{path} {name}")


COMMANDS = dict(commands(build(), "nightdesk"))


def section_of(command: str) -> str:
    """The part of docs/cli.md about a command, with what it says about all of them."""
    name = " ".join(command.split()[:2])
    sections = re.split(r"^## ", text_of("cli.md"), flags=re.MULTILINE)
    return "\n".join(part for part in sections if part.startswith(("For every command", f"{name}\n")))


@pytest.mark.parametrize("command", list(COMMANDS))
def test_command_and_options_are_documented(command: str) -> None:
    section = section_of(command)
    assert f"`{command}" in text_of("cli.md"), f"docs/cli.md does not show `{command}`"
    missing = [option for option in COMMANDS[command] if not re.search(rf"`{re.escape(option)}[ `]", section)]
    assert missing == [], f"docs/cli.md does not explain these options of {command}"


# --- make targets -------------------------------------------------------------------------------


def test_make_targets_are_documented() -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert targets
    docs = "\n".join(path.read_text("utf-8") for path in DOCS)
    assert [target for target in targets if f"`make {target}" not in docs] == []


def test_no_make_target_is_documented_that_there_is_not() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {
        (path.name, target)
        for path in MARKDOWN
        for target in re.findall(r"`make ([a-z-]+)", path.read_text("utf-8"))
    }
    assert [pair for pair in sorted(named) if pair[1] not in targets] == []


# --- routes -------------------------------------------------------------------------------------


def routes() -> list[tuple[str, str, str]]:
    """What it belongs to, method and path of each route; the path below the API's base or the pages' own."""
    stand_in: Any = SimpleNamespace(
        settings=Settings(),
        environment=SimpleNamespace(redis_url="redis://localhost:6379/0"),
        forget_people=None,
    )
    found = []
    for route in iter_route_contexts(create_app(stand_in).routes):
        of, base = ("api", API) if str(route.path).startswith(API) else ("pages", BASE)
        path = anonymous(str(route.path).removeprefix(base)) or "/"
        found += [(of, method, path) for method in sorted((route.methods or set()) - {"HEAD"})]
    return list(dict.fromkeys(found))


def anonymous(path: str) -> str:
    """`/runs/{run_id}` and `/runs/{id}` are the same address."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def documented_routes(of: str) -> set[tuple[str, str]]:
    """Method and path of what docs/api.md shows: pages have a section of their own."""
    api, pages, _rest = re.split(r"^## (?:Pages|Accounts)$", text_of("api.md"), flags=re.MULTILINE)
    text = {"api": api, "pages": pages}[of]
    pairs = re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[^`\s?]*)`", text)
    return {(method, anonymous(path)) for method, path in pairs}


def test_there_are_routes() -> None:
    assert {("api", "POST", "/runs"), ("pages", "GET", "/runs/{}")} <= set(routes())


@pytest.mark.parametrize(("of", "method", "path"), routes())
def test_route_is_documented(of: str, method: str, path: str) -> None:
    assert (method, path) in documented_routes(of), f"docs/api.md does not show `{method} {path}` ({of})"


@pytest.mark.parametrize("of", ["api", "pages"])
def test_no_route_is_documented_that_there_is_not(of: str) -> None:
    there = {(method, path) for whose, method, path in routes() if whose == of}
    extra = {pair for pair in documented_routes(of) - there if not pair[1].startswith("/static/")}
    assert extra == set()


def test_every_status_that_errors_become_is_documented() -> None:
    from nightdesk.server.web.errors import STATUS

    rows = re.findall(r"^\| (\d{3}) \| (.*?) \|", text_of("api.md"), re.MULTILINE)
    told = {(int(status), code) for status, codes in rows for code in re.findall(r"`(\w+)`", codes)}
    wanted = {pair for pair in STATUS.values() if pair != (500, "error")}
    assert wanted <= told


# --- links --------------------------------------------------------------------------------------


def prose(path: Path) -> str:
    """A page without its code: what stands there is no link."""
    text = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "`code`", text)


def anchors(path: Path) -> set[str]:
    """The addresses of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    found: set[str] = set()
    for heading in re.findall(r"^#+ +(.*?) *$", text, re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        number = 0
        while (numbered := f"{slug}-{number}" if number else slug) in found:
            number += 1
        found.add(numbered)
    return found


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = unquote(target).partition("#")
        file = (page.parent / name).resolve() if name else page
        there = file.is_relative_to(ROOT) and file.exists()
        if not there or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            dead.append(target)
    assert dead == []


@pytest.mark.parametrize("page", DOCS, ids=lambda path: path.name)
def test_page_is_reachable_from_the_index(page: Path) -> None:
    if page.name != "index.md":
        assert f"({page.name})" in text_of("index.md"), f"docs/index.md does not lead to {page.name}"


def test_every_picture_is_taken_by_a_test_and_shown_somewhere() -> None:
    """So `make pictures` renews it, and looks into the test's file."""
    texts = [page.read_text("utf-8") for page in (*DOCS, ROOT / "README.md")]
    shown = {name for text in texts for name in re.findall(r"\bimg/([a-z0-9-]+)\.png", text)}
    renewing = (ROOT / "setup/pictures.sh").read_text("utf-8")
    taken: set[str] = set()
    for file in (ROOT / "tests/e2e").glob("test_*.py"):
        if file.name in renewing:
            taken.update(re.findall(r'picture\("([a-z0-9-]+)"', file.read_text("utf-8")))
    assert shown <= taken
    assert {path.stem for path in (ROOT / "docs/img").glob("*.png")} == shown


def test_decisions_are_listed_and_numbered() -> None:
    folder = ROOT / "docs" / "decisions"
    pages = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [int(name[:4]) for name in pages] == list(range(1, len(pages) + 1))
    index = (folder / "README.md").read_text("utf-8")
    for name in pages:
        title = (folder / name).read_text("utf-8").splitlines()[0].removeprefix("# ")
        number, _, words = title.partition(". ")
        assert f"| [{number}]({name}) | {words} |" in index
