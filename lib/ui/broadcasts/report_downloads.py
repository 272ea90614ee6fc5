"""Downloads of a run's report, made only when somebody asks for one."""

import functools
from typing import Final, Literal

import streamlit as st

from lib.delivery import Export, ExportState, RunSummary, ask_for_export, export_of, worker_state
from lib.outcomes import is_long, report, report_name
from lib.settings import Settings
from lib.storage import StorageError, fetch
from lib.ui import auth
from lib.ui.errors import error_text

_MIME: Final[dict[Literal["xlsx", "csv"], str]] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}
_TICK_SECONDS: Final = 2.0


def draw_report_buttons(summary: RunSummary, settings: Settings) -> None:
    """Offer the report of a run as XLSX and CSV."""
    st.write("Your sheet, every row of it, with what became of each:")
    with st.container(horizontal=True):
        if is_long(summary):
            _draw_button(summary, "csv", settings)
        else:
            for kind in _MIME:
                _draw_button(summary, kind, settings)
    if is_long(summary):
        waits = _waits(export_of(report_name(summary), settings=settings))
        every = _TICK_SECONDS if waits else None
        auth.fragment(_draw_long, run_every=every)(summary, settings, waited=waits)


def _draw_button(summary: RunSummary, kind: Literal["xlsx", "csv"], settings: Settings) -> None:
    stem = summary.label.rsplit(".", 1)[0]
    st.download_button(
        f"Report as {kind.upper()}",
        functools.partial(_read_report, summary.id, kind, settings),
        file_name=f"{stem} - outcomes.{kind}",
        mime=_MIME[kind],
        key=f"report_{kind}",
        icon=":material/download:",
        on_click="ignore",
    )


def _read_report(run_id: str, kind: Literal["xlsx", "csv"], settings: Settings) -> bytes:
    return report(run_id, format=kind, settings=settings).read_bytes()


def _draw_long(summary: RunSummary, settings: Settings, *, waited: bool) -> None:
    """Draw how far the workbook of a long run is, which a worker writes, and the way to it."""
    name = report_name(summary)
    export = export_of(name, settings=settings)
    if _waits(export) != waited:
        st.rerun()  # whether to look again by itself depends on it
    if export is None:
        _draw_asking(summary, "Prepare the report as XLSX", settings)
    elif export.state is ExportState.WAITING:
        _draw_waiting(export, settings)
    elif export.state is ExportState.FAILED:
        if export.error is not None:
            st.warning(error_text(export.error), icon=":material/error:")
        _draw_asking(summary, "Try again", settings)
    elif _is_here(name, settings):
        _draw_button(summary, "xlsx", settings)
    else:
        _draw_asking(summary, "Prepare the report as XLSX", settings)


def _waits(export: Export | None) -> bool:
    return export is not None and export.state is ExportState.WAITING


def _draw_asking(summary: RunSummary, label: str, settings: Settings) -> None:
    def ask() -> None:
        ask_for_export(summary.id, report_name(summary), settings=settings)

    st.caption(
        "A workbook of so many rows takes a minute or two to write. You may leave this page "
        "meanwhile, and come back for it."
    )
    st.button(label, icon=":material/description:", key="prepare_report", on_click=ask)


def _draw_waiting(export: Export, settings: Settings) -> None:
    if not worker_state(settings).alive:
        st.warning(
            "The part that writes the report is not running right now. It begins as soon as it is.",
            icon=":material/hourglass:",
        )
        return
    done = f": {export.share:.0%}" if export.share else ""
    st.progress(export.share, text=f"Writing the report{done}. You may leave this page meanwhile.")


def _is_here(name: str, settings: Settings) -> bool:
    try:
        fetch(settings.reports_dir / name, settings)
    except FileNotFoundError:
        return False
    except StorageError as error:
        st.warning(f"**{error.sentence}** {error.action}", icon=":material/error:")
        return False
    return True
