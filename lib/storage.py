"""Where the files lie that every machine needs: sheets, plans, exclude lists, long reports.

They are written to the data folder and opened there. With ``SENDOUT_STORAGE_URL`` each of them is
also put into a storage that all machines share, under the same path, before anybody hears of it;
a machine that lacks one fetches it. Such files never change, so a copy is as good as the original,
and these folders of the data folder may be emptied.

``python -m lib.storage`` shares what a data folder kept before the setting was made.
"""

import contextlib
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lib.atomic_files import atomic_file, is_disk_full, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fsspec import AbstractFileSystem

    from lib.settings import Settings

# Beside a file that was removed for good: no machine that still has a copy brings it back.
_REMOVED: Final = ".removed"
# Without these a storage that swallows requests would hold a page or a worker for many minutes,
# and a large sheet would go through memory whole.
_S3: Final[dict[str, Any]] = {
    "max_concurrency": 2,
    "default_block_size": 16 * 1024 * 1024,
    "config_kwargs": {"connect_timeout": 5, "read_timeout": 10, "retries": {"max_attempts": 0}},
}
_OPTIONS: Final = {"s3": _S3, "s3a": _S3}
_REFUSALS: Final = ("Permission", "Credential", "Token", "Authentic", "Forbidden")


class StorageError(OSError):
    """The shared storage cannot be used; what was asked for has not happened.

    Neither the words nor the traceback hold the storage's address or what it said, since both can
    hold credentials: only the name of the error's class.
    """

    code = "STUDIO_STORAGE_UNREACHABLE"
    sentence = "The shared storage, which keeps sheets and plans, cannot be used right now"
    action = (
        "Try again in a moment. If it stays like this, check the network, the storage itself and "
        "SENDOUT_STORAGE_URL."
    )

    def __init__(self, kind: str) -> None:
        self.sentence = f"{self.sentence} ({kind})."
        super().__init__(self.sentence)


class StorageRefusedError(StorageError):
    """The shared storage does not let us in."""

    code = "STUDIO_STORAGE_REFUSED"
    sentence = "The shared storage, which keeps sheets and plans, does not let this machine in"
    action = "Check the storage's credentials in this machine's environment, and their rights."


class StorageMissingError(StorageError):
    """The bucket or folder that the storage's address names is not there."""

    code = "STUDIO_STORAGE_MISSING"
    sentence = (
        "The bucket or folder of the shared storage, which keeps sheets and plans, is missing"
    )
    action = "Make it or mount it, or correct SENDOUT_STORAGE_URL."


class StorageUnknownError(StorageError):
    """No package that is installed speaks with a storage of this kind."""

    code = "STUDIO_STORAGE_UNKNOWN"
    sentence = "This machine cannot speak with a shared storage of this kind"
    action = (
        "Check SENDOUT_STORAGE_URL, and install the package that it needs "
        "(see docs/several-machines.md)."
    )


@dataclass(frozen=True)
class _Shared:
    files: "AbstractFileSystem"
    root: str
    is_folder: bool

    def key(self, path: Path) -> str:
        """Return the place of a file of the data folder: the folder it is in, and its name."""
        return f"{self.root}/{path.parent.name}/{path.name}"

    def has(self, path: Path) -> bool:
        """Tell whether a file is there in its full size."""
        self.files.invalidate_cache()
        try:
            size: int = self.files.info(self.key(path))["size"]
        except FileNotFoundError:
            return False
        return size == path.stat().st_size

    def put(self, path: Path) -> None:
        """Put a file there whole or not at all, which a storage of objects does by itself."""
        if self.is_folder:
            with atomic_file(Path(self.key(path))) as temporary:
                shutil.copyfile(path, temporary)
        else:
            self.files.put_file(str(path), self.key(path))

    def remove(self, path: Path) -> None:
        """Mark a file as removed, then remove it."""
        mark = self.key(path) + _REMOVED
        if self.is_folder:
            write_atomically(Path(mark), b"")
        else:
            self.files.pipe_file(mark, b"")
        with contextlib.suppress(FileNotFoundError):
            self.files.rm_file(self.key(path))

    def names(self, folder: Path) -> set[str]:
        """Return the names of a folder's files; it need not be there, but its bucket must be."""
        self.files.invalidate_cache()
        found = self.files.find(f"{self.root}/{folder.name}")
        return {name for each in found if (name := each.rpartition("/")[2])[:1] != "."}


def publish(path: Path, settings: "Settings") -> None:
    """Let every machine have a file of the data folder; to be done before anybody hears of it.

    Raises StorageError, and OSError (see `is_disk_full`).
    """
    with _opened(settings) as shared:
        if shared and not shared.has(path):
            shared.put(path)


def fetch(path: Path, settings: "Settings") -> Path:
    """Have a file in the data folder, from the shared storage if need be, and return its path.

    Raises FileNotFoundError where nobody has it, StorageError, and OSError (see `is_disk_full`).
    """
    if path.exists():
        return path
    with _opened(settings) as shared:
        if shared:
            try:
                with atomic_file(path) as temporary:
                    shared.files.get_file(shared.key(path), str(temporary))
            except FileNotFoundError:
                # This raises where not the file is missing but the bucket.
                shared.files.find(shared.key(path))
            else:
                return path
    raise FileNotFoundError(path.name)


def delete_with_tombstone(path: Path, settings: "Settings") -> None:
    """Remove a file from this machine and the shared storage, and leave a tombstone.

    Other machines remove their copy the next time they call `sync_and_list`.

    Raises StorageError, and OSError (see `is_disk_full`).
    """
    with _opened(settings) as shared:
        if shared:
            shared.remove(path)
    path.unlink(missing_ok=True)


def delete(path: Path, settings: "Settings") -> None:
    """Remove a file that can be made again, here and from the shared storage.

    Raises StorageError, and OSError (see `is_disk_full`).
    """
    with _opened(settings) as shared:
        if shared:
            with contextlib.suppress(FileNotFoundError):
                shared.files.rm_file(shared.key(path))
    path.unlink(missing_ok=True)


def _names_here(folder: Path) -> set[str]:
    """Return the names in a folder; one that is missing has none, one that can't be read raises."""
    try:
        with os.scandir(folder) as found:
            return {each.name for each in found if not each.name.startswith(".")}
    except FileNotFoundError:
        return set()


def sync_and_list(folder: Path, settings: "Settings") -> set[str]:
    """Return the names of the files in a folder, here or elsewhere.

    On the way, what is only here is published, and what was removed elsewhere goes from here.
    Raises StorageError, and OSError (see `is_disk_full`).
    """
    here = _names_here(folder)
    with _opened(settings) as shared:
        if not shared:
            return here
        there = shared.names(folder)
        removed = {each.removesuffix(_REMOVED) for each in there if each.endswith(_REMOVED)}
        for name in here & removed:
            (folder / name).unlink(missing_ok=True)
        for name in here - there - removed:
            shared.put(folder / name)
    return {each for each in here | there if not each.endswith(_REMOVED)} - removed


@contextlib.contextmanager
def _opened(settings: "Settings") -> "Iterator[_Shared | None]":
    """Lend the shared storage, None where there is none; say in our own words what goes wrong."""
    if not settings.storage_url:
        yield None
        return
    try:
        yield _open(settings.storage_url.get_secret_value())
    except StorageError:
        raise
    except FileNotFoundError as error:
        raise StorageMissingError(type(error).__name__) from None
    except Exception as error:
        # Each kind of storage has errors of its own, in packages that need not be installed.
        if isinstance(error, OSError) and is_disk_full(error):
            raise
        kind = type(error).__name__
        is_refused = any(word in kind for word in _REFUSALS)
        raise (StorageRefusedError if is_refused else StorageError)(kind) from None


def _open(url: str) -> _Shared:
    from fsspec.core import url_to_fs
    from fsspec.implementations.local import LocalFileSystem

    try:
        files, root = url_to_fs(url, **_OPTIONS.get(url.partition(":")[0], {}))
    except (ImportError, ValueError) as error:
        raise StorageUnknownError(type(error).__name__) from None
    shared = _Shared(files, root.rstrip("/"), isinstance(files, LocalFileSystem))
    if shared.is_folder and not Path(root).is_dir():
        # It may be a disk that is not mounted: to make the folder would hide that.
        raise StorageMissingError("NotADirectoryError")
    return shared


def main() -> int:
    """Share what the data folder keeps; return the exit code."""
    from lib.settings import get_settings

    settings = get_settings()
    try:
        for folder in (settings.sheets_dir, settings.plans_dir, settings.exclusions_dir):
            count = len(sync_and_list(folder, settings))
            sys.stdout.write(f"{folder.name}: {count} files\n")
    except StorageError as error:
        sys.stderr.write(f"{error.sentence} {error.action}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
