"""Back up the data folder to a file and restore it: ``python -m lib.backup save|restore FILE``.

A backup may be made while the app runs: the ledger is copied as one consistent state, and before
the files that it refers to, which are never changed. To restore, stop the app first. The worker
then recognises the earlier state (see `lib.delivery.worker.restore_check`).
"""

import argparse
import contextlib
import gzip
import sqlite3
import sys
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from lib.atomic_files import atomic_file, make_private_dir
from lib.errors import StudioError
from lib.i18n import N_
from lib.settings import Settings, get_settings

# What the app makes again when it is missing, and what belongs to running processes.
_LEFT_OUT: Final = frozenset(
    {"reached", "reports", "engine.sqlite3", "worker.json", "sandbox.json"}
)
_DATABASES: Final = ("ledger.sqlite3", "sandbox.sqlite3")
_LOCKS: Final = ("app.lock", "worker.lock")


class DataFolderInUseError(StudioError):
    """The app or the worker is running."""

    code = "STUDIO_DATA_FOLDER_IN_USE"
    sentence = N_("The data folder is in use, so nothing was restored.")
    action = N_("Stop the app and all workers of this data folder, then restore again.")


class NotABackupError(StudioError):
    """The file is damaged or is not a backup."""

    code = "STUDIO_NOT_A_BACKUP"
    sentence = N_("This file is not a complete backup, so nothing was restored.")
    action = N_("Choose a file that `make backup` has written.")


def back_up(settings: Settings, target: Path) -> None:
    """Write the data folder to a compressed file, which only its owner may read.

    With a ledger in PostgreSQL, the database needs a backup of its own, made before this one.
    """
    with (
        tempfile.TemporaryDirectory(dir=make_private_dir(target.absolute().parent)) as folder,
        atomic_file(target.absolute()) as temporary,
        tarfile.open(temporary, "w:gz", compresslevel=1) as archive,
    ):
        for name in _DATABASES:
            if (settings.data_dir / name).exists():
                _copy_database(settings.data_dir / name, Path(folder) / name)
                archive.add(Path(folder) / name, name)
        for path in _files(settings):
            with contextlib.suppress(FileNotFoundError):  # deleted meanwhile, such as a draft
                archive.add(path, str(path.relative_to(settings.data_dir)))


def _copy_database(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as database, closing(sqlite3.connect(target)) as copy:
        database.backup(copy)


def _files(settings: Settings) -> Iterator[Path]:
    """Yield the files to copy, without databases, locks and temporary files."""
    for path in sorted(settings.data_dir.rglob("*")):
        first = path.relative_to(settings.data_dir).parts[0]
        is_left_out = first in _LEFT_OUT or first.startswith(_DATABASES)
        is_temporary = path.name.startswith(".") or path.suffix == ".lock"
        if path.is_file() and not is_left_out and not is_temporary:
            yield path


def restore(settings: Settings, source: Path) -> Path | None:
    """Replace the data folder by a backup; return where the former folder was moved, if any.

    Raises DataFolderInUseError if the app is running, NotABackupError if the file cannot be read
    as a whole.
    """
    data = settings.data_dir
    with (
        contextlib.ExitStack() as locks,
        tempfile.TemporaryDirectory(
            dir=make_private_dir(data.parent), prefix=f".{data.name}."
        ) as folder,
    ):
        if data.exists():
            _lock(data, locks)
        restored = Path(folder) / data.name
        _extract(source, restored)
        former = None
        if data.exists():
            former = data.with_name(
                f"{data.name}.before-{datetime.now().astimezone():%Y%m%d-%H%M%S-%f}"
            )
            data.rename(former)
        restored.rename(data)
    return former


def _lock(data: Path, locks: contextlib.ExitStack) -> None:
    for name in _LOCKS:
        try:
            locks.enter_context(FileLock(data / name, timeout=0, mode=0o600))
        except Timeout:
            raise DataFolderInUseError from None


def _extract(source: Path, folder: Path) -> None:
    make_private_dir(folder)
    try:
        with tarfile.open(source, "r:gz") as archive:
            archive.extractall(folder, filter="data")
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise NotABackupError from error
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)


def main() -> int:
    """Run a command; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lib.backup", description=__doc__)
    parser.add_argument("command", choices=["save", "restore"])
    parser.add_argument("file", type=Path)
    arguments = parser.parse_args()
    settings = get_settings()
    if arguments.command == "save":
        back_up(settings, arguments.file)
        sys.stdout.write(f"Saved to {arguments.file}.\n")
        if settings.database_url is not None:
            sys.stdout.write("The ledger is in PostgreSQL. Back up the database before this.\n")
        return 0
    try:
        former = restore(settings, arguments.file)
    except StudioError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    kept = f" The former folder is {former}." if former else ""
    sys.stdout.write(f"Restored to {settings.data_dir}.{kept}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
