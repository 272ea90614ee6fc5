"""Downloads of a run's report, made only when somebody asks for one."""

import functools
from typing import Final, Literal

import streamlit as st

from lib.delivery import RunSummary
from lib.outcomes import report
from lib.settings import Settings

_MIME: Final[dict[Literal["xlsx", "csv"], str]] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}


def draw_report_buttons(summary: RunSummary, settings: Settings) -> None:
    """Offer the report of a run as XLSX and CSV."""
    stem = summary.label.rsplit(".", 1)[0]
    st.write("Your sheet, every row of it, with what became of each:")
    with st.container(horizontal=True):
        for kind, mime in _MIME.items():
            st.download_button(
                f"Report as {kind.upper()}",
                functools.partial(_read_report, summary.id, kind, settings),
                file_name=f"{stem} - outcomes.{kind}",
                mime=mime,
                key=f"report_{kind}",
                icon=":material/download:",
                on_click="ignore",
            )


def _read_report(run_id: str, kind: Literal["xlsx", "csv"], settings: Settings) -> bytes:
    return report(run_id, format=kind, settings=settings).read_bytes()
