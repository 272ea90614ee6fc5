"""Limit a process that reads an uploaded file: its network, its memory and its life.

This limits what a fault in a reading library can do. It is no barrier to the user's files and other
processes: native code that a file has taken over can still read what this user may read.
"""

import ctypes
import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Final

_MEMORY_CHECK_SECONDS: Final = 0.05
_IS_LINUX: Final = sys.platform.startswith("linux")
# From <linux/sched.h> and <linux/prctl.h>. Python has os.unshare from 3.12 on.
_CLONE_NEWUSER: Final = 0x1000_0000
_CLONE_NEWNET: Final = 0x4000_0000
_PR_SET_PDEATHSIG: Final = 1


def leave_network() -> bool:
    """Move this process and its later children to a network namespace that has no interfaces.

    This holds for native code too, so it protects from a reading library that a file has taken
    over. It does not cover Unix sockets that have a path. Return False where the system does not
    permit it: outside of Linux, and in many containers. `refuse_sockets` works everywhere.
    The process must have a single thread.
    """
    if not _IS_LINUX:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    # In a user namespace, root would lose its access to the files of others.
    flags = _CLONE_NEWNET if os.geteuid() == 0 else _CLONE_NEWUSER | _CLONE_NEWNET
    is_moved: bool = libc.unshare(flags) == 0
    return is_moved


def refuse_sockets() -> None:
    """Make each use of Python's sockets in this process raise PermissionError from now on.

    This protects from a reader that follows an address in a file, of Unix sockets as well. It does
    not stop native code, which `leave_network` does.
    """

    def refuse(event: str, _: object) -> None:
        if event.startswith("socket."):
            raise PermissionError("The process that reads a file has no network.")

    sys.addaudithook(refuse)


def end_with_parent(parent: int) -> None:
    """Have the system kill this process when the process ``parent``, its parent, has ended.

    Only Linux can do that. Elsewhere the parent kills it, unless the parent itself is killed.
    """
    if not _IS_LINUX:
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def limit_memory(headroom: int) -> None:
    """Limit this process to ``headroom`` bytes of memory in addition to what it uses now.

    Only Linux enforces such a limit. Elsewhere, as on macOS, a thread watches the memory in use.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not _IS_LINUX:
        watch_memory(headroom)
        return
    # The sixth field is the size of data and stack in pages. It excludes mapped files, whose pages
    # the system can reclaim.
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
    limit = pages * resource.getpagesize() + headroom
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def watch_memory(headroom: int) -> None:
    """Start a thread that ends this process once it uses ``headroom`` bytes more than now."""
    from lib.sheet.errors import OUT_OF_MEMORY_STATUS

    limit = _peak_memory() + headroom

    def exit_above_limit() -> None:
        while _peak_memory() < limit:
            time.sleep(_MEMORY_CHECK_SECONDS)
        os._exit(OUT_OF_MEMORY_STATUS)

    threading.Thread(target=exit_above_limit, daemon=True).start()


def _peak_memory() -> int:
    """Return the highest resident memory of this process so far, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
