"""An upgrade with a migration in the middle of a run, and the way back."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..support.platform import Platform, docker
from .breaking import heal
from .case import Case

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(900, func_only=True)]

REVISION = "of_the_tests"
# Adds to the busiest table, which SQLite copies for that, while the services of before still write to it.
MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{head}"


def upgrade() -> None:
    op.create_table("tests", sa.Column("id", sa.Integer(), primary_key=True))
    with op.batch_alter_table("runs", schema=None) as runs:
        runs.add_column(sa.Column("of_the_tests", sa.Integer(), nullable=False, server_default="7"))


def downgrade() -> None:
    with op.batch_alter_table("runs", schema=None) as runs:
        runs.drop_column("of_the_tests")
    op.drop_table("tests")
"""
# In the services' own image: where its migrations are, and the newest of them.
ASK = """
import json, pathlib
from alembic.script import ScriptDirectory
import nightdesk.server
folder = pathlib.Path(nightdesk.server.__path__[0]) / "migrations"
print(json.dumps([str(folder), ScriptDirectory(str(folder)).get_current_head()]))
"""
AT = """
import sqlite3
from nightdesk.config import load
path = load("/etc/nightdesk/nightdesk.yaml").database.url.removeprefix("sqlite:///")
print(sqlite3.connect(path).execute("select version_num from alembic_version").fetchone()[0])
"""
BACK = """
import pathlib
from alembic import command
from alembic.config import Config
from nightdesk.config import load
from nightdesk.server.adapters.database import Database
import nightdesk.server
config = Config()
config.set_main_option("script_location", str(pathlib.Path(nightdesk.server.__path__[0]) / "migrations"))
config.set_main_option("path_separator", "os")
config.attributes["engine"] = Database(load("/etc/nightdesk/nightdesk.yaml").database.url).engine
command.downgrade(config, "-1")
"""


class Versions:
    """The platform's version of now, and a next one that differs from it by a migration."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        self.platform = platform
        self._folder = folder
        self.now, self.next = (f"{platform.project}/scheduler:{name}" for name in ("now", "next"))
        worker = platform.service("worker")
        docker("tag", platform.inspect(worker)["Image"], self.now)
        migrations, self.head = json.loads(docker("exec", worker, "python", "-c", ASK))
        migration = MIGRATION.format(revision=REVISION, head=self.head)
        (folder / "migration.py").write_text(migration)
        (folder / "Dockerfile").write_text(
            f"FROM {self.now}\nCOPY migration.py {migrations}/versions/{REVISION}.py\n"
        )
        docker("build", "--quiet", "--tag", self.next, str(folder), seconds=120)

    def bring_up(self, image: str) -> None:
        """Api and worker of this image, in place of those that run."""
        platform = self.platform
        platform.compose(*self._with(image), "up", "--detach", "--no-build", "--no-deps", "api", "worker")
        heal(platform)
        assert platform.inspect(platform.service("worker"))["Config"]["Image"] == image

    def revision(self) -> str:
        """What the database is at."""
        return docker("exec", self.platform.service("worker"), "python", "-c", AT).strip()

    def step_back(self) -> None:
        """Undo the next version's migration, by means of that version, with nobody at work."""
        self.platform.compose("stop", "api", "worker")
        command = ("run", "--rm", "--no-deps", "--no-TTY", "worker", "python", "-c", BACK)
        self.platform.compose(*self._with(self.next), *command)

    def remove(self) -> None:
        """Leave the platform with the image that it was set up with."""
        self.platform.compose("up", "--detach", "--no-build", "--no-deps", "api", "worker")
        heal(self.platform)
        docker("image", "rm", "--force", self.next, self.now)

    def _with(self, image: str) -> tuple[str, str]:
        """The option that sets the image of both services."""
        override = self._folder / f"{image.rpartition(':')[2]}.json"
        services = {name: {"image": image} for name in ("api", "worker")}
        override.write_text(json.dumps({"services": services}))
        return "--file", str(override)


@pytest.fixture
def versions(platform: Platform, case: Case, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Versions]:
    """Both, and afterwards neither."""
    del case
    made = Versions(platform, tmp_path_factory.mktemp("next"))
    yield made
    made.remove()


@pytest.mark.fault(26)
def test_an_upgrade_with_a_migration_and_the_way_back_during_a_run(case: Case, versions: Versions) -> None:
    with case.held() as held:
        before = held.identity()
        waiting = case.submit_many(6, seconds=2)
        began = time.monotonic()
        versions.bring_up(versions.next)
        case.goes_on(held, since=began)
        assert versions.revision() == REVISION
        case.end_all([*waiting, *case.submit_many(2)])

        waiting = case.submit_many(6, seconds=2)
        began = time.monotonic()
        versions.step_back()
        versions.bring_up(versions.now)
        case.goes_on(held, since=began)
        assert versions.revision() == versions.head
        case.end_all([*waiting, *case.submit_many(2)])
        case.unchanged(held, before)
