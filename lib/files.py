"""Write files so that a crash or a full disk never leaves half of one."""

import errno
import os
import tempfile
from pathlib import Path

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def write_atomically(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Put ``data`` at ``path``, whole or not at all, readable by its owner only.

    The bytes are on the disk before the name appears. Raises OSError (see `is_disk_full`)
    with nothing left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def is_disk_full(error: OSError) -> bool:
    """Tell whether the system refused a write for want of room (disk, quota or file size)."""
    return error.errno in _FULL
