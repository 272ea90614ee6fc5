"""Shared storage for the files that all machines need: sheets, plans, exclude lists, long reports.

Files are written to and read from the data folder. With ``SENDOUT_STORAGE_URL``, each file is also
uploaded to a storage that all machines share, under the same path, before its id is used anywhere;
a machine that does not have a file downloads it. The files are immutable, so these folders of the
data folder are caches and may be emptied.

``python -m lib.storage`` uploads the files of a data folder that was used without the setting.
"""

import contextlib
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lib.atomic_files import atomic_file, is_disk_full, write_atomically
from lib.errors import StudioError
from lib.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fsspec import AbstractFileSystem

    from lib.settings import Settings

# Suffix of tombstones, which keep other machines from uploading a deleted file again.
_TOMBSTONE: Final = ".removed"
# With the defaults, an unresponsive storage would block a page or a worker for many minutes, and a
# large sheet would be held in memory.
_S3: Final[dict[str, Any]] = {
    "max_concurrency": 2,
    "default_block_size": 16 * 1024 * 1024,
    "config_kwargs": {"connect_timeout": 5, "read_timeout": 10, "retries": {"max_attempts": 0}},
}
_OPTIONS: Final = {"s3": _S3, "s3a": _S3}
# Exceptions that only mistakes in our own code raise.
_BUGS: Final = (AssertionError, AttributeError, LookupError, NameError, TypeError)
_REFUSALS: Final = ("Permission", "Credential", "Token", "Authentic", "Forbidden")


class StorageError(StudioError, OSError):
    """The shared storage cannot be used, and the operation had no effect.

    Neither the message nor the traceback holds the storage's address or its response, because both
    can hold credentials. ``kind`` is the name of the original exception class.
    """

    code = "STUDIO_STORAGE_UNREACHABLE"
    sentence = N_("The shared storage for sheets and plans can't be used right now ({kind}).")
    action = N_(
        "Try again in a moment. If the problem persists, check the network, the storage and "
        "SENDOUT_STORAGE_URL."
    )

    def __init__(self, kind: str) -> None:
        super().__init__(kind=kind)


class StorageRefusedError(StorageError):
    """The shared storage refuses access."""

    code = "STUDIO_STORAGE_REFUSED"
    sentence = N_("The shared storage for sheets and plans refuses access ({kind}).")
    action = N_("Check the credentials in this machine's environment and their permissions.")


class StorageMissingError(StorageError):
    """The bucket or folder of the shared storage does not exist."""

    code = "STUDIO_STORAGE_MISSING"
    sentence = N_("The bucket or folder of the shared storage doesn't exist ({kind}).")
    action = N_("Create it or mount it, or correct SENDOUT_STORAGE_URL.")


class StorageUnknownError(StorageError):
    """No installed package supports this kind of storage."""

    code = "STUDIO_STORAGE_UNKNOWN"
    sentence = N_("This kind of shared storage is not supported here ({kind}).")
    action = N_(
        "Check SENDOUT_STORAGE_URL, and install the package that it needs "
        "(see docs/several-machines.md)."
    )


@contextlib.contextmanager
def _storage_errors() -> "Iterator[None]":
    """Convert storage errors to StorageError. Use this only around calls to the storage.

    The cause is dropped, because its message may hold credentials. A full disk of this machine and
    programming errors are re-raised unchanged.
    """
    try:
        yield
    except (StorageError, *_BUGS):
        raise
    except FileNotFoundError as error:
        raise StorageMissingError(type(error).__name__) from None
    except Exception as error:
        # Each kind of storage has its own exceptions, in packages that may not be installed.
        if isinstance(error, OSError) and is_disk_full(error):
            raise
        kind = type(error).__name__
        is_refused = any(word in kind for word in _REFUSALS)
        raise (StorageRefusedError if is_refused else StorageError)(kind) from None


@dataclass(frozen=True)
class _SharedStorage:
    """The storage that all machines share. All methods may raise StorageError."""

    files: "AbstractFileSystem"
    root: str
    is_folder: bool

    def key(self, path: Path) -> str:
        """Return the key of a file of the data folder: its folder and its name."""
        return f"{self.root}/{path.parent.name}/{path.name}"

    def has(self, path: Path) -> bool:
        """Return whether the storage has a file in its full size."""
        with _storage_errors():
            self.files.invalidate_cache()
            try:
                size: int = self.files.info(self.key(path))["size"]
            except FileNotFoundError:
                return False
        return size == path.stat().st_size

    def upload(self, path: Path) -> None:
        """Upload a file atomically; object storages do so by themselves."""
        with _storage_errors():
            if self.is_folder:
                with atomic_file(Path(self.key(path))) as temporary:
                    shutil.copyfile(path, temporary)
            else:
                self.files.put_file(str(path), self.key(path))

    def download(self, path: Path, target: Path) -> None:
        """Download a file. Raises FileNotFoundError if the storage does not have it."""
        with _storage_errors():
            try:
                self.files.get_file(self.key(path), str(target))
            except FileNotFoundError:
                # Raises StorageMissingError if the bucket is missing, not only the file.
                self.files.find(self.key(path))
            else:
                return
        raise FileNotFoundError(path.name)

    def delete(self, path: Path) -> None:
        """Delete a file if it exists."""
        with _storage_errors(), contextlib.suppress(FileNotFoundError):
            self.files.rm_file(self.key(path))

    def write_tombstone(self, path: Path) -> None:
        """Mark a file as deleted for all machines."""
        tombstone = self.key(path) + _TOMBSTONE
        with _storage_errors():
            if self.is_folder:
                write_atomically(Path(tombstone), b"")
            else:
                self.files.pipe_file(tombstone, b"")

    def names(self, folder: Path) -> set[str]:
        """Return the names of the files in a folder, which need not exist; its bucket must."""
        with _storage_errors():
            self.files.invalidate_cache()
            found = self.files.find(f"{self.root}/{folder.name}")
        return {name for each in found if (name := each.rpartition("/")[2])[:1] != "."}


def publish(path: Path, settings: "Settings") -> None:
    """Upload a file of the data folder, before its id is used anywhere.

    Raises StorageError, and OSError (see `is_disk_full`).
    """
    shared = _shared_storage(settings)
    if shared and not shared.has(path):
        shared.upload(path)


def fetch(path: Path, settings: "Settings") -> Path:
    """Return the path of a file in the data folder, downloading it if necessary.

    Raises FileNotFoundError if no machine has the file, StorageError, and OSError (see
    `is_disk_full`).
    """
    if path.exists():
        return path
    shared = _shared_storage(settings)
    if shared is None:
        raise FileNotFoundError(path.name)
    with atomic_file(path) as temporary:
        shared.download(path, temporary)
    return path


def delete_with_tombstone(path: Path, settings: "Settings") -> None:
    """Delete a file here and in the shared storage, and leave a tombstone.

    Other machines delete their copy the next time they call `sync_and_list`. Raises StorageError,
    and OSError (see `is_disk_full`).
    """
    if shared := _shared_storage(settings):
        shared.write_tombstone(path)
        shared.delete(path)
    path.unlink(missing_ok=True)


def delete(path: Path, settings: "Settings") -> None:
    """Delete a file that can be created again, here and in the shared storage.

    Raises StorageError, and OSError (see `is_disk_full`).
    """
    if shared := _shared_storage(settings):
        shared.delete(path)
    path.unlink(missing_ok=True)


def sync_and_list(folder: Path, settings: "Settings") -> set[str]:
    """Synchronise a folder with the shared storage, and return the names of all its files.

    Files that only this machine has are uploaded; files deleted elsewhere are deleted here. Raises
    StorageError, and OSError (see `is_disk_full`).
    """
    here = _local_names(folder)
    shared = _shared_storage(settings)
    if shared is None:
        return here
    there = shared.names(folder)
    deleted = {each.removesuffix(_TOMBSTONE) for each in there if each.endswith(_TOMBSTONE)}
    for name in here & deleted:
        (folder / name).unlink(missing_ok=True)
    for name in here - there - deleted:
        shared.upload(folder / name)
    return {each for each in here | there if not each.endswith(_TOMBSTONE)} - deleted


def _local_names(folder: Path) -> set[str]:
    """Return the names of a folder's files, none if it does not exist. Raises OSError."""
    try:
        with os.scandir(folder) as found:
            return {each.name for each in found if not each.name.startswith(".")}
    except FileNotFoundError:
        return set()


def _shared_storage(settings: "Settings") -> _SharedStorage | None:
    """Return the shared storage, or None without SENDOUT_STORAGE_URL. Raises StorageError."""
    if not settings.storage_url:
        return None
    with _storage_errors():
        return _connect(settings.storage_url.get_secret_value())


def _connect(url: str) -> _SharedStorage:
    from fsspec.core import url_to_fs
    from fsspec.implementations.local import LocalFileSystem

    try:
        files, root = url_to_fs(url, **_OPTIONS.get(url.partition(":")[0], {}))
    except (ImportError, ValueError) as error:
        raise StorageUnknownError(type(error).__name__) from None
    shared = _SharedStorage(files, root.rstrip("/"), isinstance(files, LocalFileSystem))
    if shared.is_folder and not Path(root).is_dir():
        # It may be a disk that is not mounted, which creating the folder would hide.
        raise StorageMissingError("NotADirectoryError")
    return shared


def main() -> int:
    """Upload the files of the data folder; return the exit code."""
    from lib.settings import get_settings

    settings = get_settings()
    try:
        for folder in (settings.sheets_dir, settings.plans_dir, settings.exclusions_dir):
            count = len(sync_and_list(folder, settings))
            sys.stdout.write(f"{folder.name}: {count} files\n")
    except StorageError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
