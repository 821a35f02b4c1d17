"""The only place that chooses adapters. Secrets and addresses come from the environment, read once here."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from celery import Celery

from nightdesk.config import Settings, load
from nightdesk.server.adapters import redis_bell
from nightdesk.server.adapters.bucket import Bucket
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.disk_space import disks
from nightdesk.server.adapters.egress_state import read_state
from nightdesk.server.adapters.folder_store import import_object_store, store_at
from nightdesk.server.adapters.hub_groups import HubGroups
from nightdesk.server.adapters.hub_people import HubPeople
from nightdesk.server.adapters.hub_roster import HubRoster
from nightdesk.server.adapters.messenger import OutsideMessenger
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.adapters.redis_bell import CHANNEL, TASK, RedisBell, celery_app
from nightdesk.server.adapters.run_folders import SharedNotebooks, SharedRunFolders
from nightdesk.server.adapters.sealing import AesSealing, BadKey
from nightdesk.server.adapters.shared_volume import prepare
from nightdesk.server.ports.doorbell import Doorbell
from nightdesk.server.ports.files import FileStore, UnfinishedNotebooks
from nightdesk.server.ports.homes import Homes
from nightdesk.server.ports.people import People
from nightdesk.server.ports.probe import Probe
from nightdesk.server.ports.records import Records
from nightdesk.server.ports.roster import Roster
from nightdesk.server.ports.sealing import Sealing
from nightdesk.server.services import addresses
from nightdesk.server.services.announcements import Board
from nightdesk.server.services.build_watch import BuildParts
from nightdesk.server.services.connection_tests import PURPOSE
from nightdesk.server.services.connections import Vault
from nightdesk.server.services.directory import Directory
from nightdesk.server.services.doctor import Filter
from nightdesk.server.services.fetching import Desk
from nightdesk.server.services.notifying import Post
from nightdesk.server.services.policies import PolicyBook
from nightdesk.server.services.reporting import ErrandParts
from nightdesk.server.services.retention import usual_limits
from nightdesk.server.services.room import Disk
from nightdesk.server.services.run_owner import RunOwners
from nightdesk.server.services.ticking import Clockwork
from nightdesk.server.services.waiting import WaitingRoom
from nightdesk.server.services.watch import Parts

CHANGED_CHANNEL, PEOPLE_CHANNEL = CHANNEL, redis_bell.PEOPLE_CHANNEL
SUPERVISE_TASK = TASK


class MissingSecret(SystemExit):
    """The environment lacks something that the platform cannot start without."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What the process environment says."""

    project: str
    config: Path
    redis_url: str
    service_token: str
    cookie_secret: str
    hub_api_url: str
    scratch: Path
    sources: Path = Path("/sources")
    build_secrets: Path = Path("/run/build-secrets")
    egress_state: Path = Path("/egress/state.json")
    folders: Path = Path("/folders")
    smtp_password: str = ""
    secret_keys: str = field(default="", repr=False)
    run_key: str = field(default="", repr=False)

    @classmethod
    def read(cls) -> Environment:
        """Raises :class:`MissingSecret`, which ends the process with words."""
        password = _needed("NIGHTDESK_REDIS_PASSWORD")
        return cls(
            project=os.environ.get("NIGHTDESK_PROJECT", "nightdesk"),
            config=Path(os.environ.get("NIGHTDESK_CONFIG", "/etc/nightdesk/nightdesk.yaml")),
            redis_url=os.environ.get("NIGHTDESK_REDIS_URL", f"redis://:{password}@redis:6379/0"),
            service_token=os.environ.get("NIGHTDESK_SERVICE_TOKEN", ""),
            cookie_secret=os.environ.get("NIGHTDESK_COOKIE_SECRET", ""),
            hub_api_url=os.environ.get("NIGHTDESK_HUB_API_URL", "http://hub:8081/hub/api"),
            scratch=Path(os.environ.get("NIGHTDESK_SCRATCH", "/scratch")),
            sources=Path(os.environ.get("NIGHTDESK_SOURCES", "/sources")),
            build_secrets=Path(os.environ.get("NIGHTDESK_BUILD_SECRETS", "/run/build-secrets")),
            smtp_password=os.environ.get("NIGHTDESK_SMTP_PASSWORD", ""),
            secret_keys=os.environ.get("NIGHTDESK_SECRET_KEYS", ""),
            run_key=os.environ.get("NIGHTDESK_RUN_KEY", ""),
        )


@dataclass(frozen=True, slots=True)
class WebPlatform:
    """What the web process works with."""

    settings: Settings
    environment: Environment
    records: Records
    store: FileStore
    unfinished: UnfinishedNotebooks
    bell: Doorbell
    people: People
    policies: PolicyBook
    roster: Roster
    board: Board
    waiting: WaitingRoom
    directory: Directory
    vault: Vault
    owners: RunOwners
    handing_over: Sealing  # what workers open as well
    addresses: Sealing  # likewise, of messages

    @property
    def desk(self) -> Desk:
        """Where errands for workers are left."""
        return Desk(self.vault, self.handing_over)

    def forget_people(self, name: str) -> None:
        """Ask anew about somebody, empty: about everybody, and read policies anew: something was changed."""
        self.people.forget(name)
        self.policies.forget()

    def egress(self) -> Filter:
        """What the filter of what leaves people's and runs' networks says of itself."""
        return read_state(self.environment.egress_state)

    def disks(self) -> list[Disk]:
        """How full the disks are that the platform keeps things on, as far as this process sees them."""
        url, storage = self.settings.database.url, self.settings.storage
        places = {"runs under way": self.environment.scratch}
        if not storage.in_bucket:
            places["outputs"] = Path(storage.url.removeprefix("file://"))
        if url.startswith("sqlite:///"):
            places["database"] = Path(url.removeprefix("sqlite:///")).parent
        return disks(places)


@dataclass(frozen=True, slots=True)
class TestParts:
    """What a worker tries connections with."""

    __test__ = False

    records: Records
    sealing: Sealing
    probe: Probe


@dataclass(frozen=True, slots=True)
class WorkerPlatform:
    """What a worker process works with."""

    settings: Settings
    environment: Environment
    celery: Celery
    parts: Parts
    clock: Clockwork
    builds: BuildParts
    homes: Homes
    tests: TestParts
    errands: ErrandParts
    post: Post


def records_for(settings: Settings) -> Records:
    """The database, migrated."""
    database = Database(settings.database.url)
    database.migrate()
    return RecordsSql(database)


def store_for(settings: Settings) -> FileStore:
    """Where inputs, outputs and recipes are kept; the login of a bucket is in the environment."""
    storage = settings.storage
    if not storage.in_bucket:
        return store_at(storage.url)
    key, secret = _needed("NIGHTDESK_STORE_KEY"), _needed("NIGHTDESK_STORE_SECRET")
    return store_at(storage.url, Bucket(storage.url, key, secret, storage.endpoint, storage.region))


def migrate() -> None:
    """Bring the database to this version, before any web process works with it.

    Raises:
        ConfigError: nightdesk.yaml is wrong.
        DatabaseTooNew: a later version has migrated it already.
    """
    records_for(load(Environment.read().config))


def web_platform() -> Callable[[], WebPlatform]:
    """For web processes; the database is migrated already.

    What they may share is made now, and has opened nothing: no connection, no thread. Each calls what is returned, which
    opens the store: a bucket's client has threads.

    Raises:
        ConfigError: nightdesk.yaml is wrong.
    """
    environment = Environment.read()
    for name in (
        "NIGHTDESK_SERVICE_TOKEN",
        "NIGHTDESK_COOKIE_SECRET",
        "NIGHTDESK_SECRET_KEYS",
        "NIGHTDESK_RUN_KEY",
    ):
        _needed(name)
    settings = load(environment.config)
    records = RecordsSql(Database(settings.database.url))
    policies = PolicyBook(records, settings.runs.limits, usual_limits(settings))
    bell = RedisBell(celery_app(environment.redis_url), environment.redis_url)
    people = HubPeople(environment.hub_api_url, service_token=environment.service_token)
    groups = HubGroups(environment.hub_api_url)
    ready = partial(
        WebPlatform,
        settings=settings,
        environment=environment,
        records=records,
        unfinished=SharedNotebooks(environment.scratch),
        bell=bell,
        people=people,
        policies=policies,
        waiting=WaitingRoom(records, policies),
        directory=Directory(records, groups, people, bell, policies, tuple(settings.sizes)),
        roster=HubRoster(environment.hub_api_url, environment.service_token),
        board=Board(records),
        vault=Vault(records, _sealing(environment.secret_keys), settings.connections.host_paths),
        owners=RunOwners(records, people, policies, environment.run_key),
        handing_over=AesSealing.derived(environment.run_key, PURPOSE),
        addresses=AesSealing.derived(environment.run_key, addresses.PURPOSE),
    )
    if settings.storage.in_bucket:
        import_object_store()
    return lambda: ready(store=store_for(settings))


def _sealing(keys: str) -> AesSealing:
    try:
        return AesSealing(keys)
    except BadKey as error:
        raise MissingSecret(f"nightdesk: NIGHTDESK_SECRET_KEYS in config/.env: {error}.") from error


def worker_platform() -> WorkerPlatform:
    """For a worker process.

    Raises:
        ConfigError: nightdesk.yaml is wrong.
    """
    # Here: the api has no engine, and what speaks to one takes memory.
    from nightdesk.server.adapters.docker_engine import DockerEngine, RunContainers
    from nightdesk.server.adapters.docker_fetcher import DockerFetcher
    from nightdesk.server.adapters.docker_homes import DockerHomes
    from nightdesk.server.adapters.docker_probe import DockerProbe

    environment = Environment.read()
    _needed("NIGHTDESK_RUN_KEY")
    settings = load(environment.config)
    _needed("NIGHTDESK_SERVICE_TOKEN")  # the hub is asked what owners of schedules may, and of shared folders
    if settings.shared.folders:
        prepare(environment.folders, settings.shared)
    celery = celery_app(environment.redis_url)
    engine = DockerEngine(
        RunContainers(
            project=environment.project,
            scratch_volume=f"{environment.project}_scratch",
            shared_volume=f"{environment.project}_shared",
            folders_volume=f"{environment.project}_folders",
            team_place=settings.shared.team,
            gate_volume=f"{environment.project}_gate",
        )
    )
    records = records_for(settings)
    people = HubPeople(environment.hub_api_url, service_token=environment.service_token)
    parts = Parts(
        records=records,
        engine=engine,
        store=store_for(settings),
        folders=SharedRunFolders(environment.scratch, settings.runs.max_output_count),
        bell=RedisBell(celery, environment.redis_url),
        settings=settings,
        policies=PolicyBook(records, settings.runs.limits, usual_limits(settings)),
        people=people,
        run_key=environment.run_key,
    )
    homes = DockerHomes(environment.project)
    sealing = AesSealing.derived(environment.run_key, PURPOSE)
    return WorkerPlatform(
        settings=settings,
        environment=environment,
        celery=celery,
        parts=parts,
        clock=Clockwork(records, parts.store, settings, parts.policies, people),
        builds=_build_parts(environment, parts),
        homes=homes,
        tests=TestParts(records, sealing, DockerProbe(environment.project, engine.ensure_network)),
        errands=ErrandParts(
            records,
            parts.store,
            settings,
            sealing,
            DockerFetcher(
                environment.project, homes, environment.build_secrets / "ca", engine.ensure_network
            ),
        ),
        post=Post(
            records,
            OutsideMessenger(settings.notifications, environment.smtp_password),
            AesSealing.derived(environment.run_key, addresses.PURPOSE),
            settings.public_url,
        ),
    )


def _build_parts(environment: Environment, parts: Parts) -> BuildParts:
    from nightdesk.server.adapters.docker_builder import BuildPlaces, DockerWorkshop
    from nightdesk.server.adapters.git_repositories import GitRepositories

    places = BuildPlaces(environment.sources, environment.build_secrets, environment.scratch)
    return BuildParts(
        records=parts.records,
        store=parts.store,
        bell=parts.bell,
        workshop=DockerWorkshop(environment.project, places),
        repositories=GitRepositories(environment.project, environment.build_secrets / "ca", places.proxies()),
        sources=environment.sources,
        scratch=environment.scratch,
    )


def _needed(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise MissingSecret(
            f"nightdesk: {name} is not set. It stands in config/.env, which `make up` generates"
            + (" (this one you have from the store)." if "_STORE_" in name else ".")
        )
    return value
