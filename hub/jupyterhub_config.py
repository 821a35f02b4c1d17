"""JupyterHub's configuration file. All decisions are in nightdesk_hub.configure."""

import os

from nightdesk.config import load
from nightdesk_hub.configure import configure
from nightdesk_hub.secrets import read_secrets

settings = load(os.environ.get("NIGHTDESK_CONFIG", "/etc/nightdesk/nightdesk.yaml"))
configure(
    settings,
    read_secrets(os.environ, provider=settings.accounts.provider is not None),
    get_config(),  # noqa: F821  JupyterHub gives its configuration files this function
).start()
