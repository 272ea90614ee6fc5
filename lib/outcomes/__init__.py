"""From the ledger to answers: summaries that add up, charts, and reports to download.

Everything here reads. What stands in a table, a chart or a report agrees with the ledger row by
row, or says that it does not.
"""

from lib.outcomes.charts import (
    Chart,
    campaign_chart,
    charts_of,
    class_chart,
    code_chart,
    sendout_chart,
    time_chart,
)
from lib.outcomes.exports import TooWideError, csv_bytes, write_csv, write_xlsx, xlsx_bytes
from lib.outcomes.looks import LOOKS, Look
from lib.outcomes.report import ReportError, report
from lib.outcomes.summaries import Filter, Summary, offered_runs, outcome_summary

__all__ = [
    "LOOKS",
    "Chart",
    "Filter",
    "Look",
    "ReportError",
    "Summary",
    "TooWideError",
    "campaign_chart",
    "charts_of",
    "class_chart",
    "code_chart",
    "csv_bytes",
    "offered_runs",
    "outcome_summary",
    "report",
    "sendout_chart",
    "time_chart",
    "write_csv",
    "write_xlsx",
    "xlsx_bytes",
]
