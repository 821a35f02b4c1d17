"""``python -m nightdesk.server.register < environments.json``: put built versions on record.

Reads a list of ``{"image", "digest", "spec", "packages", …}`` (setup/image_facts.py) from standard input and
prints a line for each. The folder that a version was built from goes to the store, so that it can be built
again. A version that is on record with another image keeps that image: versions never change, and an upgrade
of the platform, which brings a new client into what it builds, must not stop for that. Exits 1 where an
entry is refused.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from nightdesk.config import ConfigError, load
from nightdesk.server.bootstrap import records_for, store_for
from nightdesk.server.domain.audit import Origin, origin
from nightdesk.server.domain.environment import from_registration
from nightdesk.server.domain.errors import Conflict, DatabaseTooNew, NightdeskError
from nightdesk.server.services.recipes import keep_folder


def main() -> int:
    """Register what standard input lists."""
    origin.set(Origin("", "setup"))
    try:
        settings = load(os.environ.get("NIGHTDESK_CONFIG", "/etc/nightdesk/nightdesk.yaml"))
        records, store = records_for(settings), store_for(settings)
        entries = json.load(sys.stdin)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    except DatabaseTooNew as error:
        print(f"nightdesk: {error.message}. {error.hint}", file=sys.stderr)
        return 1
    except ValueError as error:
        print(f"the list of environments is no JSON: {error}", file=sys.stderr)
        return 1
    sources = Path(os.environ.get("NIGHTDESK_SOURCES", "/sources"))
    refused = 0
    for entry in entries:
        try:
            version = from_registration(entry, records.now())
            new = records.add_version(version)
            keep_folder(store, sources, version)
        except Conflict as error:
            print(f"kept: {error.message}. {error.hint}")
        except NightdeskError as error:
            refused += 1
            print(f"refused: {error.message}. {error.hint or ''}".rstrip(), file=sys.stderr)
        else:
            print(f"{'registered' if new else 'known'}: {version.label} {version.digest[:19]}")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
