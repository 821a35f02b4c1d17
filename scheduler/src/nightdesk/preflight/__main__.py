"""For setup/images.sh, which tries images without the platform.

``python -m nightdesk.preflight pack SPEC [SMOKE.ipynb] [--hub VERSION] >KIT.zip``
``… | python -m nightdesk.preflight show REPORT.json``: tells in words what the program prints, and keeps its
report; exit code 1 where the image does not pass.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from nightdesk.preflight.pack import packed


def main() -> int:
    """Pack or show."""
    parser = argparse.ArgumentParser(prog="python -m nightdesk.preflight")
    commands = parser.add_subparsers(dest="command", required=True)
    pack = commands.add_parser("pack")
    pack.add_argument("spec", help="the environment's specification, as JSON")
    pack.add_argument("smoke", nargs="?", type=Path, help="its smoke notebook")
    pack.add_argument("--hub", default="", help="the version of JupyterHub that sessions talk to")
    show = commands.add_parser("show")
    show.add_argument("report", type=Path, help="where the report goes")
    arguments = parser.parse_args()
    if arguments.command == "show":
        return _show(arguments.report)
    smoke = arguments.smoke.read_bytes() if arguments.smoke else None
    sys.stdout.buffer.write(packed(json.loads(arguments.spec), smoke, arguments.hub))
    return 0


def _show(target: Path) -> int:
    failed, report = 0, None
    for line in sys.stdin:
        try:
            record = json.loads(line)
        except ValueError:
            print(line, end="")
            continue
        if "report" in record:
            report = record["report"]
            continue
        failed += not record["ok"]
        print(f"{'ok    ' if record['ok'] else 'FAILED'} {record['check']}: {record['words']}")
    if report is None:
        print("FAILED the program did not come to its end")
        return 1
    if not failed:
        target.write_text(json.dumps(report), "utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
