"""Read by every Python kernel of the image, in sessions and in runs."""

import logging


def _worth_telling(record: logging.LogRecord) -> bool:
    # A kernel warns that it talks to its server over TCP. Here both are in one container, on its
    # loopback interface, and the line would head the log of every run.
    return not record.getMessage().startswith("Kernel is running over TCP without encryption")


logging.getLogger("IPKernelApp").addFilter(_worth_telling)
