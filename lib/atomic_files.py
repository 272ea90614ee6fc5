"""Write files so that a crash or a full disk never leaves half of one."""

import contextlib
import errno
import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from filelock import FileLock

_POLL_SECONDS: Final = 0.005
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def make_private_dir(path: Path) -> Path:
    """Make a folder that its owner alone may look into, unless it is there; return its path.

    So are those above it that are missing.
    """
    if not path.parent.exists():
        make_private_dir(path.parent)
    path.mkdir(exist_ok=True, mode=0o700)
    return path


@contextlib.contextmanager
def atomic_file(path: Path, *, mode: int = 0o600) -> Iterator[Path]:
    """Lend a temporary file to write to; it becomes ``path`` at the end, readable by its owner.

    The bytes are on the disk before the name appears, and the name before this ends. Whatever is
    raised, OSError (see `is_disk_full`) among it, leaves nothing behind.
    """
    folder = make_private_dir(path.parent)
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=f".{path.name}.")
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
        _keep_names(folder)
    finally:
        temporary.unlink(missing_ok=True)


def _keep_names(folder: Path) -> None:
    """Put on the disk which names a folder has: a new one is lost with the power otherwise."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock that all threads and processes of this machine share, by the lock file's path.

    A file that is read, changed and written again is changed under one: otherwise the later of two
    writers would undo what the earlier one has written.
    """
    make_private_dir(path.parent)
    with FileLock(path, mode=0o600, poll_interval=_POLL_SECONDS):
        yield


def set_aside(path: Path) -> Path:
    """Rename a damaged file to ``<name>.damaged``, readable by its owner; return its new path.

    One that was set aside before stays: the next is ``<name>.damaged-2``. Call it under a lock.
    """
    names = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
    candidates = (path.with_name(f"{path.name}.damaged{each}") for each in names)
    aside = next(each for each in candidates if not each.exists())
    path.chmod(0o600)
    path.replace(aside)
    return aside


def write_atomically(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Put ``data`` at ``path``, whole or not at all, as `atomic_file` says."""
    with atomic_file(path, mode=mode) as temporary:
        temporary.write_bytes(data)


def is_disk_full(error: OSError) -> bool:
    """Tell whether the system refused a write for want of room (disk, quota or file size)."""
    return error.errno in _FULL
