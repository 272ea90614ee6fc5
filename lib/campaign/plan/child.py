"""The process that makes one large plan: ``python -m lib.campaign.plan.child TABLE FINDINGS``.

Its arguments are the descriptors of the open files that the plan's frames go to. Standard input
has the sheet's id, the mapping and the answers as JSON; standard output gets the plan's facts.
"""

import json
import os
import sys

import pandas as pd
import pyarrow as pa

from lib.campaign.exclusions import load_exclusions
from lib.campaign.mapping.model import Answers, Mapping
from lib.campaign.plan.builder import make_plan
from lib.campaign.plan.isolated import KNOWN
from lib.settings import Settings
from lib.sheet import load_sheet


def main(table: int, findings: int) -> None:
    """Make the plan that standard input asks for."""
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
    _write(plan.table, table)
    _write(plan.findings, findings)
    facts = {name: getattr(plan, name) for name in KNOWN}
    json.dump(facts | {"sendouts": [vars(each) for each in plan.sendouts]}, sys.stdout)


def _write(frame: pd.DataFrame, descriptor: int) -> None:
    table = pa.Table.from_pandas(frame)
    with os.fdopen(descriptor, "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
