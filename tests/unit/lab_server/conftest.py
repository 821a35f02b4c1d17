"""A platform to ask, as the command line's tests have it."""

from ..cli.conftest import home, platform, signed_in

__all__ = ["home", "platform", "signed_in"]
