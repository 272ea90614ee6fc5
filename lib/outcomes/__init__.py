"""Outcomes: summaries, charts and reports, read from snapshots of the ledger.

Nothing here writes to the ledger. Tables, charts and reports agree with it row by row; where they
do not, they say so.
"""

from lib.outcomes.charts import Chart, charts_of
from lib.outcomes.exports import TooWideError, csv_bytes, write_csv, write_xlsx, xlsx_bytes
from lib.outcomes.palette import OUTCOME_STYLES, OutcomeStyle
from lib.outcomes.report import ReportError, is_long, report, report_name
from lib.outcomes.rows import row_outcomes
from lib.outcomes.summaries import Filter, Summary, offered_runs, outcome_summary

__all__ = [
    "OUTCOME_STYLES",
    "Chart",
    "Filter",
    "OutcomeStyle",
    "ReportError",
    "Summary",
    "TooWideError",
    "charts_of",
    "csv_bytes",
    "is_long",
    "offered_runs",
    "outcome_summary",
    "report",
    "report_name",
    "row_outcomes",
    "write_csv",
    "write_xlsx",
    "xlsx_bytes",
]
