"""A short form of `make fuzz`: damaged files are read or refused, and leave no files."""

import random

import pytest

from lib.settings import Settings
from tests.support.fuzz import broken, classify, whole_files


@pytest.mark.parametrize("name", whole_files())
def test_a_whole_file_is_read(name: str, settings: Settings) -> None:
    assert classify(whole_files()[name], name, settings) == "read"


@pytest.mark.parametrize("name", whole_files())
def test_damaged_files_are_read_or_refused(name: str, settings: Settings) -> None:
    rng = random.Random(name)
    data = whole_files()[name]

    assert all(classify(broken(data, rng), name, settings) for _ in range(3))
