"""JupyterHub's configuration file. All decisions are in nightdesk_hub.configure."""

import os

from nightdesk.config import load
from nightdesk_hub.configure import configure
from nightdesk_hub.secrets import read_secrets

configure(
    load(os.environ.get("NIGHTDESK_CONFIG", "/etc/nightdesk/nightdesk.yaml")),
    read_secrets(os.environ),
    get_config(),  # noqa: F821  JupyterHub gives its configuration files this function
).start()
