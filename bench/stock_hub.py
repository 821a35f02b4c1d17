"""A JupyterHub with DockerSpawner as they come, for comparison: their default settings, in containers of their own."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.platform import docker

PROXY = "/srv/proxy/node_modules/.bin/configurable-http-proxy"
CONFIG = """
import os
c = get_config()
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "dockerspawner.DockerSpawner"
c.DockerSpawner.image = os.environ["STOCK_IMAGE"]
c.DockerSpawner.network_name = os.environ["STOCK_NAME"]
c.DockerSpawner.prefix = os.environ["STOCK_NAME"]
c.DockerSpawner.remove = True
c.JupyterHub.hub_ip = "0.0.0.0"
c.JupyterHub.hub_connect_ip = os.environ["STOCK_NAME"] + "-hub"
c.JupyterHub.db_url = "sqlite://"
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = "http://" + os.environ["STOCK_NAME"] + "-proxy:8001"
c.JupyterHub.services = [{"name": "bench", "api_token": os.environ["STOCK_TOKEN"]}]
c.JupyterHub.load_roles = [
    {"name": "bench", "scopes": ["admin:users", "admin:servers", "access:servers"], "services": ["bench"]}
]
"""


@contextmanager
def stock_hub(image: str) -> Iterator[tuple[str, str]]:
    """Address and token of a hub that starts sessions from `image`; all of it is removed afterwards."""
    name, token = f"nightdesk-bench-{secrets.token_hex(4)}", secrets.token_hex(16)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "stock.py"
        config.write_text(CONFIG)
        config.chmod(0o644)
        Path(folder).chmod(0o755)
        docker("network", "create", name)
        try:
            _start(
                name,
                "proxy",
                "nightdesk/proxy:latest",
                token,
                image,
                ["--publish=127.0.0.1::8000", "--entrypoint=node"],
                [
                    PROXY,
                    "--ip=0.0.0.0",
                    "--port=8000",
                    "--api-ip=0.0.0.0",
                    "--api-port=8001",
                    f"--default-target=http://{name}-hub:8081",
                ],
            )
            mounts = [
                f"--volume={config}:/stock.py:ro",
                "--volume=/var/run/docker.sock:/var/run/docker.sock",
                "--workdir=/tmp",
            ]
            _start(
                name, "hub", "nightdesk/hub:latest", token, image, mounts, ["jupyterhub", "-f", "/stock.py"]
            )
            port = docker("port", f"{name}-proxy", "8000").strip().rpartition(":")[2]
            yield f"http://127.0.0.1:{port}", token
        finally:
            left = docker("ps", "--all", "--quiet", f"--filter=name=^/?{name}").split()
            if left:
                docker("rm", "--force", "--volumes", *left)
            docker("network", "rm", name)


def _start(
    name: str, role: str, image: str, token: str, stock: str, options: list[str], command: list[str]
) -> None:
    variables = {
        "STOCK_NAME": name,
        "STOCK_IMAGE": stock,
        "STOCK_TOKEN": token,
        "CONFIGPROXY_AUTH_TOKEN": token,
    }
    given = [f"--env={key}={value}" for key, value in variables.items()]
    docker("run", "--detach", f"--name={name}-{role}", f"--network={name}", *given, *options, image, *command)
