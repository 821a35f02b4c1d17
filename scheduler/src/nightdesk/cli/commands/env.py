"""nightdesk env"""

from __future__ import annotations

from nightdesk.cli.environments.arguments import (
    build_arguments,
    build_id_argument,
    channel_arguments,
    compare_arguments,
    gc_arguments,
    groups_arguments,
    label_argument,
    limit_argument,
    list_arguments,
    log_arguments,
    name_or_label_argument,
    remove_arguments,
    rollback_arguments,
)
from nightdesk.cli.environments.building import build, cancel, log
from nightdesk.cli.environments.life import deprecate, gc, groups, offer, promote, remove, rollback
from nightdesk.cli.environments.looking import builds, compare, list_environments, show

DESCRIPTION = """\
Environments: the versioned sets of packages that sessions and runs run in. A version never
changes. The channels stable and next point at versions, and admins move them: what follows a
channel gets the version that it points at when it starts."""

EXAMPLES = """\
  nightdesk env list
  nightdesk env list --all --json
  nightdesk env show python-data
  nightdesk env show python-data:2026.12.1
  nightdesk env compare python-data:2026.10.1 python-data:2026.12.1
  nightdesk env build requirements.txt --name forecasting
  nightdesk env build environment.yaml --channel next
  echo tabulate | nightdesk env build - --name tables --no-watch
  nightdesk env build images/r-data/2026.12.1
  nightdesk env build --git https://git.example.org/team/env.git --ref v2
  nightdesk env build --image registry.example.org/gpu:12 --name gpu
  nightdesk env build --again python-data:2026.10.1
  nightdesk env build --like python-data:2026.12.1 --with our-models --name ours
  nightdesk env builds
  nightdesk env log BUILD -f
  nightdesk env cancel BUILD
  nightdesk env promote python-data:2026.12.1
  nightdesk env promote python-data:2026.12.1 --channel next
  nightdesk env rollback python-data
  nightdesk env deprecate python-data:2026.10.1
  nightdesk env offer python-data:2026.10.1
  nightdesk env remove python-data:2026.10.1
  nightdesk env gc
  nightdesk env gc --yes
  nightdesk env groups r-data
  nightdesk env groups r-data statistics research
  nightdesk env groups r-data --everybody"""

COMMANDS = {
    "list": ("list environments and their versions", list_arguments, list_environments),
    "show": ("show an environment or one version", name_or_label_argument, show),
    "compare": ("which packages differ between two versions", compare_arguments, compare),
    "build": ("make a new version (admins)", build_arguments, build),
    "builds": ("list builds (admins)", limit_argument, builds),
    "log": ("print what a build has printed (admins)", log_arguments, log),
    "cancel": ("end a build (admins)", build_id_argument, cancel),
    "promote": ("point a channel at a version (admins)", channel_arguments, promote),
    "rollback": ("take a channel's last promotion back (admins)", rollback_arguments, rollback),
    "deprecate": ("hide a version from new sessions (admins)", label_argument, deprecate),
    "offer": ("offer a deprecated version again (admins)", label_argument, offer),
    "remove": ("remove a version that nothing needs (admins)", remove_arguments, remove),
    "gc": ("remove deprecated versions that nothing needs (admins)", gc_arguments, gc),
    "groups": ("who an environment is for (admins)", groups_arguments, groups),
}
