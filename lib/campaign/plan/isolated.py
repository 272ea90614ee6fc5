"""Large plans: made in a process of their own, and opened without being loaded.

To check a million rows takes seconds and a gigabyte. In a process of its own this keeps nobody
else waiting, and its memory goes back to the system. What it made comes back in two files without
a name: their pages are the disk's, lent while somebody looks, and gone with the last one who does,
however this process ends.
"""

import json
import mmap
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import IO, Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from lib.atomic_files import make_private_dir
from lib.campaign.mapping.model import Answers, Mapping, MappingIncompleteError, mapping_problems
from lib.campaign.plan.model import Plan, Sendout
from lib.settings import ROOT, Settings
from lib.sheet import Sheet

LARGE: Final = 100_000
"""Rows from which a plan is made in a process of its own: starting one takes about a second."""

KNOWN: Final = ("fingerprint", "id", "entry_count", "held_count")
"""What the process works out of a plan once for all."""


class CheckFailedError(Exception):
    """The process that checks the rows has ended early, as it does where memory runs out."""

    code = "STUDIO_CHECK_FAILED"
    sentence = "The check of your rows stopped before its end."
    action = "Try again with less going on at this machine, or with a smaller sheet."

    def __init__(self) -> None:
        super().__init__(self.sentence)


def make_plan_apart(
    sheet: Sheet,
    mapping: Mapping,
    *,
    answers: Answers,
    rate: float,
    list_ids: Sequence[str] = (),
    opted_out: Sequence[int] = (),
    reached: Sequence[int] | np.ndarray = (),
    settings: Settings,
) -> Plan:
    """Make the plan of a kept sheet in a process of its own, as `make_plan` does.

    ``list_ids`` are the exclude lists that count, ``opted_out`` phones, as whole numbers, that must
    not get anything either, and ``reached`` the rows to leave out.

    Raises MappingIncompleteError, CheckFailedError, and OSError where the disk has no room.
    """
    if problems := mapping_problems(sheet, mapping):
        raise MappingIncompleteError(problems)
    job = {
        "sheet_id": sheet.id,
        "mapping": mapping.model_dump_json(),
        "answers": answers.model_dump_json(),
        "rate": rate,
        "list_ids": list(list_ids),
        "opted_out": list(opted_out),
        "reached": np.asarray(reached, dtype="int64").tolist(),
        "data_dir": str(settings.data_dir.resolve()),
    }
    with _nameless(settings) as table, _nameless(settings) as findings:
        files = (table.fileno(), findings.fileno())
        ended = subprocess.run(
            [sys.executable, "-m", "lib.campaign.plan.child", *map(str, files)],
            input=json.dumps(job).encode(),
            capture_output=True,
            pass_fds=files,
            cwd=ROOT,
            check=False,
        )
        if ended.returncode != 0:
            raise CheckFailedError
        facts: dict[str, Any] = json.loads(ended.stdout)
        plan = Plan(
            sheet_id=sheet.id,
            filename=sheet.filename,
            mapping=mapping,
            answers=answers,
            sendouts=tuple(Sendout(**each) for each in facts["sendouts"]),
            findings=_mapped(findings),
            table=_mapped(table),
        )
    # Where a cached_property keeps what it has worked out.
    vars(plan).update({name: facts[name] for name in KNOWN})
    return plan


def _nameless(settings: Settings) -> IO[bytes]:
    return tempfile.TemporaryFile(dir=make_private_dir(settings.plans_dir))


def _mapped(file: IO[bytes]) -> pd.DataFrame:
    pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    table = pa.ipc.open_file(pa.py_buffer(pages)).read_all()
    frame: pd.DataFrame = table.to_pandas(
        types_mapper={pa.large_string(): pd.StringDtype("pyarrow")}.get
    )
    return frame
