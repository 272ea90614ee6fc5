"""From the ledger to answers: counts, charts, and files to download."""

from lib.outcomes.exports import csv_bytes, xlsx_bytes
from lib.outcomes.report import ReportMismatchError, report
from lib.outcomes.summaries import Filter, Summary, summarise

__all__ = [
    "Filter",
    "ReportMismatchError",
    "Summary",
    "csv_bytes",
    "report",
    "summarise",
    "xlsx_bytes",
]
