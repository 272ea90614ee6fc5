"""A short disturbance in every way there is; `make chaos` is the long one."""

import random
from contextlib import ExitStack
from pathlib import Path

import pytest

from lib.connectly import DuplicateBehavior
from tests.support.chaos import Chaos


@pytest.mark.parametrize("shared", [False, True], ids=["sqlite", "postgres"])
def test_whatever_happens_nobody_gets_it_twice_and_nobody_is_lost(
    tmp_path: Path, shared: bool, data_dir: Path
) -> None:
    with ExitStack() as stack:
        chaos = Chaos(tmp_path / "chaos", shared=shared, dice=random.Random(7), stack=stack)
        ways = [each for each in chaos.ways() if each != chaos.stand_still]
        assert not chaos.run(DuplicateBehavior.ALLOW_MULTIPLE, ways, people=900, first=0)
