"""Sends a part of a file on a socket without reading it (sendfile): `send.py START END`, where 3 is the socket, 4 the file.

The smallest part of Python is enough for it.
"""

import os
import select
import sys

SOCKET, FILE = 3, 4
PIECE = 1024 * 1024

start, end = map(int, sys.argv[1:])
ready = select.poll()
ready.register(SOCKET, select.POLLOUT)
try:
    while start < end:
        try:
            sent = os.sendfile(SOCKET, FILE, start, min(PIECE, end - start))
        except BlockingIOError:
            ready.poll()
            continue
        if not sent:
            sys.exit("send.py: the file is shorter than it was")
        start += sent
except OSError as error:
    sys.exit(f"send.py: {error}")
