"""Shared storages to test with: a folder, and a server on this machine that speaks S3."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer
from pydantic import SecretStr
from s3fs import S3FileSystem

from lib.settings import Settings


@contextlib.contextmanager
def s3_server() -> Iterator[str]:
    """Serve S3 on loopback; yield its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


def lead_to_s3(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the environment as an administrator does, with this address and nothing of this user."""
    for name in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "an-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    S3FileSystem.clear_instance_cache()


def machine(data_dir: Path, url: str | None) -> Settings:
    """Return the settings of a machine with this data folder and this shared storage."""
    return Settings(data_dir=data_dir, storage_url=None if url is None else SecretStr(url))
