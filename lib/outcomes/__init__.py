"""From the ledger to answers: summaries that add up, charts, and reports to download.

Everything here reads. What stands in a table, a chart or a report agrees with the ledger row by
row, or says that it does not.
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
