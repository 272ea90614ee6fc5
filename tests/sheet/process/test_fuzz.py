"""A short form of `make fuzz`: broken files end as a sheet or as a refusal, and leave nothing."""

import random

import pytest

from lib.settings import Settings
from tests.support.fuzz import broken, judge, whole_files


@pytest.mark.parametrize("name", whole_files())
def test_a_whole_file_is_read(name: str, settings: Settings) -> None:
    assert judge(whole_files()[name], name, settings) == "read"


@pytest.mark.parametrize("name", whole_files())
def test_broken_files_end_in_a_sheet_or_a_sentence(name: str, settings: Settings) -> None:
    dice = random.Random(name)
    data = whole_files()[name]

    assert all(judge(broken(data, dice), name, settings) for _ in range(3))
