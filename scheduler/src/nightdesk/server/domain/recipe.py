"""The recipe of a version: what its ``environment.yaml`` must say, and what the platform writes itself."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from nightdesk.server.domain.environment import CHANNELS, NAME, VERSION

KEYS = frozenset({"name", "version", "title", "description", "channel", "kernels", "smoke"})
RESERVED = frozenset(
    {"base", "build", "client", "held", "hub", "lab-extension", "proxy", "redis", "scheduler"}
)
SPEC, LIST, DOCKERFILE, SMOKE, LOCK_PROGRAM = (
    "environment.yaml",
    "requirements.txt",
    "Dockerfile",
    "smoke.ipynb",
    "lock.py",
)
PYTHON_KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}

# Of a version that is made from a list of packages: they are locked in a step of its own, and installed from
# that lock. A list that has hashes already is taken as it is, so the same recipe with the lock in the place of
# the list makes the same packages again. EARLIER is an earlier version's image on the same base, where there is
# one: what did not change stays as it is. Files are mounted into steps with secrets and copied afterwards: before
# such a step BuildKit 0.13 reads all files below it, for seconds, unless it has done so before. Behind a COPY it never has.
# environment.yaml comes last: another version of the same packages costs nothing.
GENERATED = """\
ARG BASE=nightdesk/base
ARG EARLIER=${BASE}
FROM ${BASE} AS lock
USER root
RUN --mount=type=secret,id=ca --mount=type=secret,id=pip --mount=type=cache,target=/root/.cache/pip \\
    --mount=type=bind,source=lock.py,target=/tmp/lock.py \\
    --mount=type=bind,source=requirements.txt,target=/tmp/requirements.txt \\
    set -eu; \\
    if [ -s /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi; \\
    if [ -s /run/secrets/pip ]; then export PIP_CONFIG_FILE=/run/secrets/pip; fi; \\
    export PIP_CACHE_DIR=/root/.cache/pip PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore; \\
    /opt/nightdesk/bin/python /tmp/lock.py /tmp/requirements.txt /opt/nightdesk/base/requirements.txt >/locked.txt

FROM ${EARLIER}
USER root
RUN --mount=type=secret,id=ca --mount=type=secret,id=pip --mount=type=cache,target=/root/.cache/pip \\
    --mount=type=bind,from=lock,source=/locked.txt,target=/tmp/requirements.txt \\
    install-packages --exactly /tmp/requirements.txt
COPY --from=lock --chmod=644 /locked.txt /opt/nightdesk/environment/requirements.txt
COPY --chmod=644 environment.yaml smoke.ipynb /opt/nightdesk/environment/
USER 1000:1000
"""

# The same with a package of somebody's own on top: `package/`, of which a wheel is made behind a closed network, after its
# tests have passed; or a wheel that came ready. What makes and tests it is locked to fit the packages, and stays in a
# stage of its own.
PACKAGE, WHEELS, TOOLS = "package", "wheels", "build-requirements.txt"
_LOCK_TOOLS = """\
    /opt/nightdesk/bin/python /tmp/lock.py /tmp/requirements.txt /opt/nightdesk/base/requirements.txt >/locked.txt; \\
    cat /opt/nightdesk/base/requirements.txt /locked.txt >/all.txt; \\
    /opt/nightdesk/bin/python /tmp/lock.py /tmp/tools.txt /all.txt >/tools.txt

FROM ${EARLIER} AS packages
"""
_WHEEL = """\

FROM packages AS wheel
RUN --mount=type=secret,id=ca --mount=type=secret,id=pip --mount=type=cache,target=/root/.cache/pip \\
    --mount=type=bind,from=lock,source=/tools.txt,target=/tmp/tools.txt \\
    install-packages /tmp/tools.txt
WORKDIR /src
COPY package .
RUN --network=none \\
    export PIP_NO_CACHE_DIR=1; \\
    if [ -d tests ]; then \\
        PYTHONPATH=src:. PYTHONDONTWRITEBYTECODE=1 /opt/nightdesk/bin/python -m pytest -q -p no:cacheprovider tests; \\
    fi && /opt/nightdesk/bin/pip wheel --quiet --no-deps --no-build-isolation --no-index --wheel-dir /dist .

FROM packages
"""
_INSTALL = """\
RUN --network=none --mount=type=bind,{source},target=/dist \\
    /opt/nightdesk/bin/pip install --quiet --no-index --no-deps --no-cache-dir --compile \\
        --root-user-action ignore /dist/*.whl \\
    && PIP_NO_CACHE_DIR=1 /opt/nightdesk/bin/pip check && install-packages --list
"""


def dockerfile(files: Collection[str]) -> str:
    """The recipe for a list of packages, and for what lies beside it: a folder `package`, or `wheels`."""
    last = "COPY --chmod=644 environment.yaml smoke.ipynb"
    if TOOLS in files:
        text = GENERATED.replace(
            "    --mount=type=bind,source=requirements.txt,target=/tmp/requirements.txt",
            f"    --mount=type=bind,source={TOOLS},target=/tmp/tools.txt \\\n"
            "    --mount=type=bind,source=requirements.txt,target=/tmp/requirements.txt",
            1,
        )
        begin, end = text.index("    /opt/nightdesk/bin/python /tmp/lock.py"), text.index("USER root\n", 200)
        text = text[:begin] + _LOCK_TOOLS + text[end:]
        return text.replace(last, _WHEEL + _INSTALL.format(source="from=wheel,source=/dist") + last)
    if any(name.startswith(f"{WHEELS}/") for name in files):
        return GENERATED.replace(last, _INSTALL.format(source=f"source={WHEELS}") + last)
    return GENERATED


_IMPORTS = """\
# Every package that was asked for can be imported. What is asked for under a condition may not be there.
from importlib import import_module, metadata

asked = {names}
litter = {{"test", "tests", "doc", "docs", "example", "examples", "benchmarks", "scripts", "share", "bin"}}
normal = lambda name: name.lower().replace("_", "-").replace(".", "-")
modules = {{}}
for module, names in metadata.packages_distributions().items():
    for name in names:
        modules.setdefault(normal(name), set()).add(module)
for name in asked:
    there = modules.get(normal(name), set())
    for module in sorted(each for each in there - litter if each.isidentifier() and not each.startswith("_")):
        import_module(module)
        print(name, metadata.version(name), "as", module)
"""


def problems(spec: Mapping[str, Any], files: Collection[str]) -> Iterator[str]:
    """What is wrong with an ``environment.yaml``, in words.

    Args:
        spec: what it says.
        files: names of the files beside it.
    """
    if unknown := sorted(set(map(str, spec)) - KEYS):
        yield f"unknown key '{unknown[0]}'; there is: {', '.join(sorted(KEYS))}"
    name, version = spec.get("name"), spec.get("version")
    if not isinstance(name, str) or not NAME.fullmatch(name) or name in RESERVED:
        yield (
            f"'{name}' cannot be the name of an environment: lower-case letters, digits and hyphens, "
            "none of the platform's own"
        )
    if not isinstance(version, str) or not VERSION.fullmatch(version):
        yield f"'{version}' cannot be a version: letters, digits, dots and hyphens, in quotes"
    if spec.get("channel") not in (None, *CHANNELS):
        yield f"there is no channel '{spec['channel']}'; there is: {', '.join(CHANNELS)}"
    kernels = spec.get("kernels")
    if not isinstance(kernels, list) or not kernels:
        yield "kernels lists no kernel"
    elif not all(isinstance(kernel, dict) and {"name", "language"} <= kernel.keys() for kernel in kernels):
        yield "each kernel wants a name and a language"
    smoke = spec.get("smoke")
    if smoke is not None and not (isinstance(smoke, str) and smoke in files):
        yield f"smoke names the notebook '{smoke}', which is not in the folder"


def smoke_notebook(names: Collection[str]) -> bytes:
    """A notebook that imports the packages of these names."""
    cell: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "id": "imports",
        "metadata": {},
        "outputs": [],
        "source": _IMPORTS.format(names=json.dumps(sorted(names))),
    }
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    document = {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document, indent=1).encode("ascii")
