"""What the platform puts on record of the environments that were built here.

    image_facts.py REPORTS <PLAN

reads the lines of image_plan.py, asks the engine about each environment's image, takes what its trial
reported from the folder REPORTS (``DIGEST.json``), and prints the list for nightdesk.server.register.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from nightdesk.server.domain.layers import layers_of

ROOT = Path(__file__).resolve().parent.parent


def facts(fields: list[str], reports: Path, root: Path = ROOT) -> dict[str, Any]:
    """One environment, as it is registered."""
    _, repository, label, source, _, _, _, _, spec_text = fields
    spec = json.loads(spec_text)
    image = json.loads(docker("image", "inspect", f"{repository}:src-{source}"))[0]
    lines = docker(
        "history", "--no-trunc", "--human=false", "--format", "{{json .}}", image["Id"]
    ).splitlines()
    steps = [json.loads(line) for line in reversed(lines)]
    layers = layers_of(image["RootFS"]["Layers"], [(step["CreatedBy"], int(step["Size"])) for step in steps])
    report = json.loads((reports / f"{image['Id'].removeprefix('sha256:')}.json").read_text("utf-8"))
    folder = root / "images" / spec["name"] / spec["version"]
    return {
        "image": f"{repository}:{label}",
        "digest": image["Id"],
        "spec": spec,
        "packages": report["packages"],
        "from": f"folder images/{spec['name']}/{spec['version']}",
        "built_by": "setup",
        "recipe_sha256": hashlib.sha256((folder / "Dockerfile").read_bytes()).hexdigest(),
        "lock": report["lock"],
        "layers": [{"id": layer.id, "bytes": layer.bytes} for layer in layers],
        "size_bytes": image["Size"],
        "contract": report["contract"],
    }


def docker(*arguments: str) -> str:
    """What a command of the engine's client prints."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise SystemExit(f"  docker {' '.join(arguments[:2])} failed: {done.stderr.strip()}")
    return done.stdout


def main() -> int:
    """Print the list."""
    reports = Path(sys.argv[1])
    planned = [line.rstrip("\n").split("\t") for line in sys.stdin if line.strip()]
    entries = [json.dumps(facts(fields, reports)) for fields in planned if fields[-1] != "-"]
    print("[" + ",\n".join(entries) + "]")
    return 0


if __name__ == "__main__":
    sys.exit(main())
