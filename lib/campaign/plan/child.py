"""Child process that makes one plan: ``python -m lib.campaign.plan.child TABLE FINDINGS``.

The arguments are descriptors of open files to write the plan's frames to. Standard input is a JSON
object with the arguments of `make_plan_apart`. Standard output is a JSON object with the plan's
sendouts and precomputed properties.
"""

import json
import os
import sys

import pandas as pd
import pyarrow as pa

from lib.campaign.exclusions import load_exclusions
from lib.campaign.mapping.model import Answers, Mapping
from lib.campaign.plan.builder import make_plan
from lib.campaign.plan.isolated import PRECOMPUTED
from lib.settings import Settings
from lib.sheet import load_sheet


def main(table: int, findings: int) -> None:
    """Make the plan described on standard input and write its frames to the open files."""
    job = json.load(sys.stdin)
    settings = Settings(data_dir=job["data_dir"])
    plan = make_plan(
        load_sheet(job["sheet_id"], settings=settings),
        Mapping.model_validate_json(job["mapping"]),
        answers=Answers.model_validate_json(job["answers"]),
        rate=job["rate"],
        excluded=load_exclusions(job["list_ids"], settings, opted_out=job["opted_out"]),
        reached=job["reached"],
    )
    _write_frame(plan.table, table)
    _write_frame(plan.findings, findings)
    facts = {name: getattr(plan, name) for name in PRECOMPUTED}
    json.dump(facts | {"sendouts": [vars(each) for each in plan.sendouts]}, sys.stdout)


def _write_frame(frame: pd.DataFrame, descriptor: int) -> None:
    table = pa.Table.from_pandas(frame)
    with os.fdopen(descriptor, "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
