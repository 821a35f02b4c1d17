"""The folders of groups on their volume: made, and given to a group of the machine each."""

from __future__ import annotations

import logging
import os
import stat
import struct
from pathlib import Path

from nightdesk.shared_folders import Shared

_MODE = 0o2770  # what is made inside belongs to the folder's group; nobody else gets in
_ACL = "system.posix_acl_default"
_log = logging.getLogger(__name__)


def prepare(place: Path, shared: Shared) -> None:
    """Make the folders that are not there, and put right whose they are. What is in them is left alone.

    Nothing here is followed or opened by a name that somebody in a container could have made: the folders stand in
    one that only the platform reaches.
    """
    for name, folder in shared.folders.items():
        if folder.path is not None:
            continue
        path = place / name
        path.mkdir(exist_ok=True)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode):
            _log.error("%s is no folder: group folder %s is not there", path, name)
            continue
        right = (0, shared.gid(name), _MODE)
        if (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) != right:
            # In this order: without CAP_FSETID the kernel takes setgid away where the folder is of another group than
            # whoever sets it, but leaves it when a folder changes hands.
            os.chown(path, 0, 0)
            path.chmod(_MODE)
            os.chown(path, 0, shared.gid(name))
        try:
            os.setxattr(path, _ACL, _group_writes())
        except OSError as error:  # a file system without: then the umask of whoever writes decides
            _log.warning("no default ACL on %s: %s", path, error)


def _group_writes() -> bytes:
    """user::rwx, group::rwx, other::--- for all that is made inside, whatever the umask; see acl(5), linux/posix_acl_xattr.h."""
    entries = ((0x01, 7), (0x04, 7), (0x20, 0))
    nobody = 0xFFFFFFFF
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", tag, mode, nobody) for tag, mode in entries)
