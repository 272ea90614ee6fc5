"""Step 1 of a broadcast: the sheet. Upload, paste or try a sample, and check how it was read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

import streamlit as st

from lib.campaign import (
    Answers,
    Draft,
    fitting_mappings,
    saved_mappings,
    suggest_mapping,
)
from lib.i18n import _, ngettext
from lib.settings import Settings
from lib.sheet import (
    SAMPLES,
    ReadOptions,
    Sheet,
    SheetError,
    keep_upload,
    read_shared_sheet,
    read_sheet,
    shown_root,
    upload_path,
)
from lib.sheet.file_type import SHEET_TYPES
from lib.ui.cache import sheet_of
from lib.ui.errors import draw_error
from lib.ui.formatting import count, literal
from lib.ui.new_broadcast import read_options
from lib.ui.new_broadcast.default_country import suggested_country_changes
from lib.ui.new_broadcast.draft import save_changes, start_over
from lib.ui.new_broadcast.read_options import show_reading_progress
from lib.ui.new_broadcast.saved_mappings import with_saved_answers

_UPLOADER: Final = "sheet_uploader_turn"
_ERROR: Final = "sheet_error"
_STOPPED: Final = "sheet_reading_stopped"
_ROWS_SHOWN: Final = 8
_PASTED_NAME: Final = "pasted-rows.txt"


def draw_sheet_step(draft: Draft, settings: Settings) -> Sheet | None:
    """Draw the step; return the sheet once it has been read and no question about it is open."""
    sheet = _load_sheet(draft, settings)
    done = sheet is not None and not read_options.has_open_question(sheet)
    with st.expander(_title(sheet, draft), expanded=not done, icon=_icon(done=done)):
        if sheet is None:
            _draw_sources(draft, settings)
        else:
            _draw_sheet(sheet, draft, settings)
    return sheet if done else None


def _load_sheet(draft: Draft, settings: Settings) -> Sheet | None:
    if draft.sheet_id is None:
        return None
    try:
        return sheet_of(draft.sheet_id, settings)
    except SheetError as error:
        _remember_error(error)
        return None


def _title(sheet: Sheet | None, draft: Draft) -> str:
    parts = [_("**1 · Sheet**")]
    if sheet is not None:
        rows = ngettext("{count} row", "{count} rows", len(sheet.frame))
        parts += [literal(draft.filename), rows]
        if len(sheet.tables) > 1:
            number = sheet.reading.table or 1
            parts.append(_("table {number} of {total}", number=number, total=len(sheet.tables)))
    return " · ".join(parts)


def _icon(*, done: bool) -> str:
    return ":material/check_circle:" if done else ":material/radio_button_unchecked:"


def _draw_sources(draft: Draft, settings: Settings) -> None:
    """Draw the ways to provide a sheet, each in a tab."""
    _draw_last_error()
    shared_title = [_("From a shared location")] * bool(settings.sheet_allowed_roots)
    upload, paste, sample, *shared = st.tabs(
        [_("Upload a file"), _("Paste rows"), _("Try a sample"), *shared_title], key="ways_in"
    )
    with upload:
        _draw_upload(draft, settings)
    with paste:
        _draw_paste_form(draft, settings)
    with sample:
        _draw_samples(draft, settings)
    for tab in shared:
        with tab:
            _draw_shared_file_form(draft, settings)


def _draw_upload(draft: Draft, settings: Settings) -> None:
    turn = st.session_state.setdefault(_UPLOADER, 0)
    file = st.file_uploader(
        _("Recipient sheet"),
        type=SHEET_TYPES,
        key=f"sheet_{turn}",
        help=_("One row for each recipient, with column names at the top."),
    )
    if settings.storage_url:
        text = _(
            "From Excel, Google Sheets, LibreOffice or any program that exports CSV. Your file "
            "stays on your own servers."
        )
    else:
        text = _(
            "From Excel, Google Sheets, LibreOffice or any program that exports CSV. Your file "
            "stays on this machine."
        )
    st.caption(text)
    if file is not None:
        _use_sheet(draft, _Origin(file.name, file.getvalue()), settings)


def _draw_paste_form(draft: Draft, settings: Settings) -> None:
    with st.form("paste", border=False):
        text = st.text_area(
            _("Rows from your spreadsheet"),
            height=160,
            placeholder=_("phone\tname\n+1 650 555 0123\tAna"),
            help=_(
                "Select the rows in Excel or Google Sheets, including the column names. Copy them "
                "and paste them here."
            ),
        )
        is_pasted = st.form_submit_button(_("Use these rows"), type="primary")
    if is_pasted and not text.strip():
        st.error(
            _(
                "**There are no rows yet.** Copy the rows in your spreadsheet, including the "
                "column names, and paste them above."
            ),
            icon=":material/error:",
        )
    elif is_pasted:
        _use_sheet(draft, _Origin(_PASTED_NAME, text.encode()), settings)


def _draw_samples(draft: Draft, settings: Settings) -> None:
    for each in SAMPLES:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{_(each.title)}**  \n{_(each.sentence)}", width="stretch")
            if st.button(_("Use this sample"), key=f"sample_{each.name}"):
                _use_sheet(draft, _Origin(each.path.name, each.path.read_bytes()), settings)


def _draw_shared_file_form(draft: Draft, settings: Settings) -> None:
    """Draw the form for a file in a location that an administrator allows, of any size."""
    with st.form("shared", border=False):
        path = st.text_input(
            _("File"),
            placeholder="may/customers.csv",
            help=_("The path of the file in a shared location."),
        )
        roots = ", ".join(literal(shown_root(root)) for root in settings.sheet_allowed_roots)
        st.caption(
            _(
                "CSV, TSV, TXT, Parquet and Arrow files can be of any size there. Shared "
                "locations: {locations}",
                locations=roots,
            )
        )
        is_wanted = st.form_submit_button(_("Read this file"), type="primary")
    if is_wanted and path.strip():
        _use_sheet(draft, _Origin(PurePosixPath(path).name, place=path.strip()), settings)


def _remember_error(error: SheetError) -> None:
    """Keep an error for the next run of the page.

    Its traceback would keep the bytes of the file in memory.
    """
    error.__cause__ = error.__context__ = None
    st.session_state[_ERROR] = error.with_traceback(None)


def _draw_last_error() -> None:
    if (error := st.session_state.pop(_ERROR, None)) is not None:
        draw_error(error)
    if st.session_state.pop(_STOPPED, False):
        st.error(_("**Reading was stopped.** Nothing was saved."), icon=":material/error:")


@dataclass(frozen=True)
class _Origin:
    """Where a sheet comes from: the bytes of a file, a stored upload, or a shared location."""

    filename: str
    data: bytes | None = None
    upload_id: str | None = None
    place: str | None = None


def _use_sheet(
    draft: Draft,
    origin: _Origin,
    settings: Settings,
    *,
    worksheet: str | None = None,
    reading: ReadOptions | None = None,
) -> None:
    """Read a sheet into the draft and rerun the page, which shows the error if reading failed."""
    try:
        with show_reading_progress(origin.filename, on_cancel=_stop_reading) as watch:
            sheet = _read_origin(
                origin, settings, worksheet=worksheet, reading=reading, watch=watch
            )
        upload_id = origin.upload_id
        if origin.data is not None:
            upload_id = keep_upload(origin.data, origin.filename, settings=settings)
    except SheetError as error:
        _remember_error(error)
    else:
        saved = saved_mappings(settings)
        fitting = fitting_mappings(sheet, saved)
        mapping = fitting[0].mapping if fitting else suggest_mapping(sheet, saved)
        save_changes(
            draft,
            settings,
            upload_id=upload_id,
            place=origin.place,
            sheet_id=sheet.id,
            filename=sheet.filename,
            worksheet=sheet.worksheet,
            mapping=mapping,
            mapping_confirmed=False,
            mapping_from=fitting[0].id if fitting else None,
            mapping_turn=draft.mapping_turn + 1,
            run_id=None,
            **with_saved_answers(
                suggested_country_changes(sheet, mapping, Answers(), settings),
                fitting[0] if fitting else None,
            ),
        )
    _reset_widgets()
    st.rerun()


def _read_origin(
    origin: _Origin,
    settings: Settings,
    *,
    worksheet: str | None,
    reading: ReadOptions | None,
    watch: Callable[[float], None],
) -> Sheet:
    if origin.place is not None:
        return read_shared_sheet(
            origin.place, sheet=worksheet, reading=reading, settings=settings, watch=watch
        )
    return read_sheet(
        upload_path(origin.upload_id or "", settings=settings)
        if origin.data is None
        else origin.data,
        filename=origin.filename,
        sheet=worksheet,
        reading=reading,
        settings=settings,
        watch=watch,
    )


def _reset_widgets() -> None:
    """Empty the uploader, which frees the memory of its file, and forget unsaved choices."""
    st.session_state[_UPLOADER] = st.session_state.get(_UPLOADER, 0) + 1
    for key in [key for key in st.session_state if str(key).startswith(read_options.CHOICES)]:
        del st.session_state[key]


def _stop_reading() -> None:
    _reset_widgets()
    st.session_state[_STOPPED] = True


def _draw_sheet(sheet: Sheet, draft: Draft, settings: Settings) -> None:
    """Draw how the sheet was read, the options to read it differently, and its first rows."""
    _draw_last_error()
    st.markdown(read_options.describe_reading(sheet))
    for note in sheet.notes:
        st.caption(f":material/info: {literal(note.sentence)}")
    if len(sheet.worksheets) > 1:
        _choose_worksheet(sheet, draft, settings)
    if _can_be_read_again(draft):
        reading = (
            read_options.choose_hidden_cells(sheet)
            or read_options.choose_table(sheet)
            or read_options.draw_read_options(sheet)
        )
        if reading is not None:
            _read_again(draft, settings, worksheet=sheet.worksheet, reading=reading)
    shown = sheet.frame.head(_ROWS_SHOWN)
    st.dataframe(
        shown.rename_axis(_("Row")),
        alt=_("The first rows of the sheet"),
        placeholder=_("(empty)"),
    )
    st.caption(
        ngettext(
            "{shown} of {count} row. Row numbers match your spreadsheet.",
            "{shown} of {count} rows. Row numbers match your spreadsheet.",
            len(sheet.frame),
            shown=count(len(shown)),
        )
    )
    st.button(_("Use another sheet"), icon=":material/restart_alt:", on_click=start_over)


def _can_be_read_again(draft: Draft) -> bool:
    return draft.upload_id is not None or draft.place is not None


def _choose_worksheet(sheet: Sheet, draft: Draft, settings: Settings) -> None:
    index = sheet.worksheets.index(sheet.worksheet) if sheet.worksheet else 0
    hidden = set(sheet.hidden_worksheets)
    chosen = st.selectbox(
        _("Worksheet"),
        sheet.worksheets,
        index=index,
        key=f"worksheet_{sheet.id}",
        format_func=lambda name: _("{name} (hidden)", name=name) if name in hidden else name,
    )
    if chosen != sheet.worksheet and _can_be_read_again(draft):
        _read_again(draft, settings, worksheet=chosen, reading=None)


def _read_again(
    draft: Draft, settings: Settings, *, worksheet: str | None, reading: ReadOptions | None
) -> None:
    origin = _Origin(draft.filename, upload_id=draft.upload_id, place=draft.place)
    _use_sheet(draft, origin, settings, worksheet=worksheet, reading=reading)
