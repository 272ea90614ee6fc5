"""Write files atomically, and lock them against concurrent changes."""

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
_DISK_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def make_private_dir(path: Path) -> Path:
    """Create a folder and its missing parents, readable by their owner only; return the path."""
    if not path.parent.exists():
        make_private_dir(path.parent)
    path.mkdir(exist_ok=True, mode=0o700)
    return path


@contextlib.contextmanager
def atomic_file(path: Path, *, mode: int = 0o600) -> Iterator[Path]:
    """Write to a temporary file, then rename it to ``path``.

    The content is synced before the rename, and the rename before this returns. If anything is
    raised, such as OSError (see `is_disk_full`), no file is left behind.
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
        _sync_folder(folder)
    finally:
        temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Sync the entries of a folder, so that a rename survives a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock file that is shared by all threads and processes of this machine.

    Hold it while a file is read, changed and written, so that no other writer's change is lost.
    """
    make_private_dir(path.parent)
    with FileLock(path, mode=0o600, poll_interval=_POLL_SECONDS):
        yield


def set_aside(path: Path) -> Path:
    """Rename a damaged file to ``<name>.damaged``, readable by its owner; return its new path.

    Files set aside earlier are kept: the next name is ``<name>.damaged-2``. Call it under a lock.
    """
    names = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
    candidates = (path.with_name(f"{path.name}.damaged{each}") for each in names)
    aside = next(each for each in candidates if not each.exists())
    path.chmod(0o600)
    path.replace(aside)
    return aside


def write_atomically(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Write ``data`` to ``path`` atomically, see `atomic_file`."""
    with atomic_file(path, mode=mode) as temporary:
        temporary.write_bytes(data)


def is_disk_full(error: OSError) -> bool:
    """Return whether a write failed for lack of space (disk, quota or file size limit)."""
    return error.errno in _DISK_FULL
