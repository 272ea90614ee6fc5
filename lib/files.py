"""Write files so that a crash or a full disk never leaves half of one."""

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextlib.contextmanager
def appearing(path: Path, *, mode: int = 0o600) -> Iterator[Path]:
    """Lend a temporary file to write to; it becomes ``path`` at the end, readable by its owner.

    The bytes are on the disk before the name appears. Whatever is raised, OSError (see
    `is_disk_full`) among it, leaves nothing behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_atomically(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Put ``data`` at ``path``, whole or not at all, as `appearing` says."""
    with appearing(path, mode=mode) as temporary:
        temporary.write_bytes(data)


def is_disk_full(error: OSError) -> bool:
    """Tell whether the system refused a write for want of room (disk, quota or file size)."""
    return error.errno in _FULL
