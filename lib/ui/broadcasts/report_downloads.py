"""Downloads of a broadcast's report, written on request."""

import functools
from typing import Final, Literal

import streamlit as st

from lib.delivery import Export, ExportState, RunSummary, ask_for_export, export_of, worker_state
from lib.i18n import _
from lib.outcomes import is_long, report, report_name
from lib.settings import Settings
from lib.storage import StorageError, fetch
from lib.ui import auth
from lib.ui.errors import error_text
from lib.ui.formatting import percent

_MIME: Final[dict[Literal["xlsx", "csv"], str]] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}
_TICK_SECONDS: Final = 2.0


def draw_report_buttons(summary: RunSummary, settings: Settings) -> None:
    """Draw the downloads of a broadcast's report as XLSX and CSV."""
    st.write(_("Full report, row by row:"))
    with st.container(horizontal=True):
        if is_long(summary):
            _draw_download_button(summary, "csv", settings)
        else:
            for kind in _MIME:
                _draw_download_button(summary, kind, settings)
    if is_long(summary):
        is_waiting = _is_waiting(export_of(report_name(summary), settings=settings))
        every = _TICK_SECONDS if is_waiting else None
        auth.fragment(_draw_long_report, run_every=every)(summary, settings, was_waiting=is_waiting)


def _draw_download_button(
    summary: RunSummary, kind: Literal["xlsx", "csv"], settings: Settings
) -> None:
    stem = summary.label.rsplit(".", 1)[0]
    st.download_button(
        _("Download report as {format}", format=kind.upper()),
        functools.partial(_read_report, summary.id, kind, settings),
        file_name=f"{stem} - outcomes.{kind}",
        mime=_MIME[kind],
        key=f"report_{kind}",
        icon=":material/download:",
        on_click="ignore",
    )


def _read_report(run_id: str, kind: Literal["xlsx", "csv"], settings: Settings) -> bytes:
    return report(run_id, format=kind, settings=settings).read_bytes()


def _draw_long_report(summary: RunSummary, settings: Settings, *, was_waiting: bool) -> None:
    """Draw the workbook of a long report, which a worker writes: request, progress or download."""
    name = report_name(summary)
    export = export_of(name, settings=settings)
    if _is_waiting(export) != was_waiting:
        st.rerun()  # the refresh interval depends on it
    if export is None:
        _draw_request_button(summary, _("Prepare report as XLSX"), settings)
    elif export.state is ExportState.WAITING:
        _draw_progress(export, settings)
    elif export.state is ExportState.FAILED:
        if export.error is not None:
            st.warning(error_text(export.error), icon=":material/error:")
        _draw_request_button(summary, _("Try again"), settings)
    elif _fetch_report(name, settings):
        _draw_download_button(summary, "xlsx", settings)
    else:
        _draw_request_button(summary, _("Prepare report as XLSX"), settings)


def _is_waiting(export: Export | None) -> bool:
    return export is not None and export.state is ExportState.WAITING


def _draw_request_button(summary: RunSummary, label: str, settings: Settings) -> None:
    def request_export() -> None:
        ask_for_export(summary.id, report_name(summary), settings=settings)

    st.caption(
        _("A workbook of this size takes a minute or two. You can leave this page and come back.")
    )
    st.button(label, icon=":material/description:", key="prepare_report", on_click=request_export)


def _draw_progress(export: Export, settings: Settings) -> None:
    if not worker_state(settings).alive:
        st.warning(
            _("The sender, which also writes reports, isn't running. It starts automatically."),
            icon=":material/hourglass:",
        )
        return
    if export.share:
        text = _(
            "Writing the report: {share}. You can leave this page.", share=percent(export.share)
        )
    else:
        text = _("Writing the report. You can leave this page.")
    st.progress(export.share, text=text)


def _fetch_report(name: str, settings: Settings) -> bool:
    """Return whether the report is on this machine, after fetching it from the storage if needed.

    If the storage cannot be used, show an error instead.
    """
    try:
        fetch(settings.reports_dir / name, settings)
    except FileNotFoundError:
        return False
    except StorageError as error:
        st.warning(error_text(error), icon=":material/error:")
        return False
    return True
