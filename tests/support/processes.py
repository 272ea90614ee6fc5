"""What Linux says about processes."""

import contextlib
from pathlib import Path


def children(pid: int) -> set[int]:
    """Return the processes that a process has started and that have not ended."""
    found: set[int] = set()
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                found.update(map(int, (task / "children").read_text().split()))
    return {each for each in found if is_running(each)}


def is_running(pid: int) -> bool:
    """Return whether there is such a process and it has not ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def environment(pid: int) -> dict[str, str]:
    """Return the environment with which a process was started."""
    entries = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def open_files(pid: int) -> list[str]:
    """Return what the descriptors of a process refer to."""
    return [str(each.readlink()) for each in sorted(Path(f"/proc/{pid}/fd").iterdir())]
