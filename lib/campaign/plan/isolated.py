"""Make large plans in a child process, and map them into memory instead of loading them.

Checking a million rows takes seconds and a gigabyte. In a child process it does not block other
requests, and its memory is returned to the system. The plan's frames are passed back in two unnamed
files, which are mapped: their pages belong to the disk cache, and the files are removed as soon as
no process has them open, even if one is killed.
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
from lib.errors import StudioError
from lib.i18n import N_
from lib.settings import ROOT, Settings
from lib.sheet import Sheet

LARGE: Final = 100_000
"""Rows from which a plan is made in a child process. Starting one takes about a second."""

PRECOMPUTED: Final = ("fingerprint", "id", "entry_count", "held_count")
"""The cached properties of a plan that the child process computes."""


class CheckFailedError(StudioError):
    """The child process ended early, for example because it ran out of memory."""

    code = "STUDIO_CHECK_FAILED"
    sentence = N_("The check of your rows stopped before it was finished.")
    action = N_("Try again when fewer people are using the app, or with a smaller sheet.")


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
    """Return the plan for a stored sheet as `make_plan` does, made in a child process.

    ``list_ids`` are the exclude lists to apply, ``opted_out`` further phones, as whole numbers,
    that must not get anything, and ``reached`` the numbers of rows to hold back.

    Raises MappingIncompleteError, CheckFailedError, and OSError if the disk is full.
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
    with _unnamed_file(settings) as table, _unnamed_file(settings) as findings:
        facts = _run_child(job, table, findings)
        plan = Plan(
            sheet_id=sheet.id,
            filename=sheet.filename,
            mapping=mapping,
            answers=answers,
            sendouts=tuple(Sendout(**each) for each in facts["sendouts"]),
            findings=_map_frame(findings),
            table=_map_frame(table),
        )
    # functools.cached_property stores its values in the instance's dictionary.
    vars(plan).update({name: facts[name] for name in PRECOMPUTED})
    return plan


def _run_child(job: dict[str, Any], table: IO[bytes], findings: IO[bytes]) -> dict[str, Any]:
    """Run `lib.campaign.plan.child`, which writes to both files, and return its output.

    Raises CheckFailedError.
    """
    descriptors = (table.fileno(), findings.fileno())
    ended = subprocess.run(
        [sys.executable, "-m", "lib.campaign.plan.child", *map(str, descriptors)],
        input=json.dumps(job).encode(),
        capture_output=True,
        pass_fds=descriptors,
        cwd=ROOT,
        check=False,
    )
    if ended.returncode != 0:
        raise CheckFailedError
    facts: dict[str, Any] = json.loads(ended.stdout)
    return facts


def _unnamed_file(settings: Settings) -> IO[bytes]:
    return tempfile.TemporaryFile(dir=make_private_dir(settings.plans_dir))


def _map_frame(file: IO[bytes]) -> pd.DataFrame:
    """Return the frame in an Arrow file, backed by the file's pages."""
    pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    table = pa.ipc.open_file(pa.py_buffer(pages)).read_all()
    frame: pd.DataFrame = table.to_pandas(
        types_mapper={pa.large_string(): pd.StringDtype("pyarrow")}.get
    )
    return frame
