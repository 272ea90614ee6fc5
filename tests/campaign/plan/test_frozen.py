"""Frozen plans contain exactly what was confirmed, or are reported as damaged."""

import resource
import signal
import subprocess
import sys

import pytest

from lib.campaign import FieldSource, FrozenPlan, Mapping, Plan, freeze, make_plan
from lib.settings import ROOT, Settings
from tests.support.recipients import fictional_phone
from tests.support.sheets import make_sheet

ODD = ['"', "\\", "a\nb", "año 🎉", "x" * 5_000, "\u2028", "{", "007"]


def _plan(rows: int = len(ODD)) -> Plan:
    columns = {
        "phone": [fictional_phone(number % 6_000) for number in range(rows)],
        "campaign": [f"c{number % 2}-{number // 6_000}" for number in range(rows)],
        "name": [ODD[number % len(ODD)][:40] for number in range(rows)],
    }
    columns["name"][-1] = ""
    mapping = Mapping(
        client=FieldSource(column="phone"),
        campaign_name=FieldSource(column="campaign"),
        variables={"name": FieldSource(column="name")},
        callback_data=FieldSource(value='{"a": 1}'),
    )
    return make_plan(make_sheet(columns), mapping)


def test_entries_are_read_as_they_were_written(settings: Settings) -> None:
    plan = _plan()

    frozen = freeze(plan, settings)

    assert frozen.entries(0, 100) == list(plan.entries())
    assert (frozen.row_count, frozen.held_count) == (plan.rows, plan.held_count)


def test_ranges_may_span_row_groups(settings: Settings) -> None:
    plan = _plan(25_000)
    entries = list(plan.entries())

    frozen = freeze(plan, settings)

    for start, stop in [(0, 3), (9_999, 10_001), (19_998, 24_999), (24_998, 99_999), (5, 5)]:
        assert frozen.entries(start, stop) == entries[start:stop]
    assert frozen.rows(0, 3) == [2, 4, 6]


def test_held_rows_are_stored_with_their_reasons(settings: Settings) -> None:
    frame = freeze(_plan(), settings).frame("held_codes")

    assert list(frame.index) == list(range(2, 2 + len(ODD)))
    assert frame["held_codes"].iloc[-1] == "variable_empty"


def test_an_existing_file_is_not_rewritten(settings: Settings) -> None:
    path = freeze(_plan(), settings).path
    before = path.stat().st_mtime_ns

    freeze(_plan(), settings)

    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize("plan_id", ["0" * 64, "../../etc/passwd", ""])
def test_opening_an_unknown_plan_raises(plan_id: str, settings: Settings) -> None:
    with pytest.raises((FileNotFoundError, ValueError)):
        FrozenPlan.open(plan_id, settings)


def test_opening_a_damaged_plan_raises(settings: Settings) -> None:
    plan = _plan()
    freeze(plan, settings).path.write_bytes(b"PAR1 but not really")

    with pytest.raises(ValueError, match=r".+"):
        FrozenPlan.open(plan.id, settings)


def test_a_damaged_file_never_changes_entries(settings: Settings) -> None:
    plan = _plan(40)
    path = freeze(plan, settings).path
    whole, entries = path.read_bytes(), list(plan.entries())
    detected = 0
    for place in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        try:
            found = FrozenPlan.open(plan.id, settings).entries(0, plan.entry_count)
            assert found == entries[: len(found)]
        except (OSError, ValueError):
            detected += 1

    assert detected


def test_a_full_disk_leaves_no_partial_file(settings: Settings) -> None:
    code = (
        "import tests.campaign.plan.test_frozen as t\n"
        "from lib.campaign import freeze\n"
        "from lib.atomic_files import is_disk_full\n"
        "from lib.settings import get_settings\n"
        "try: freeze(t._plan(), get_settings())\n"
        "except OSError as error: raise SystemExit(7 if is_disk_full(error) else 8)\n"
    )

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    # -B: a compiled module would be cut off by the limit too, and break later imports.
    command = [sys.executable, "-B", "-c", code]
    done = subprocess.run(command, cwd=ROOT, preexec_fn=limit, check=False)

    assert done.returncode == 7
    assert list(settings.plans_dir.iterdir()) == []
