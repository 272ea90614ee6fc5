"""Step 1 of a sendout: the sheet. Upload, paste or try a sample; see what was read."""

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
from lib.i18n import _
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
from lib.ui.formatting import count, literal, several
from lib.ui.new_broadcast import default_country, read_options
from lib.ui.new_broadcast.draft import save_changes, start_over
from lib.ui.new_broadcast.read_options import show_reading_progress

_UPLOADER: Final = "sheet_uploader_turn"
_ERROR: Final = "sheet_error"
_ROWS_SHOWN: Final = 8


def draw(draft: Draft, settings: Settings) -> Sheet | None:
    """Draw the step; return the sheet once there is one."""
    sheet = _kept_sheet(draft, settings)
    title = "**1 · Sheet**"
    if sheet is not None:
        title += f" · {literal(draft.filename)} · {several(len(sheet.frame), 'row')}"
        if len(sheet.tables) > 1:
            title += f" · table {sheet.reading.table or 1} of {len(sheet.tables)}"
    done = sheet is not None and not read_options.is_asked(sheet)
    with st.expander(title, expanded=not done, icon=_icon(done=done)):
        if sheet is None:
            _offer_ways_in(draft, settings)
        else:
            _show(sheet, draft, settings)
    return sheet if done else None


def _kept_sheet(draft: Draft, settings: Settings) -> Sheet | None:
    if draft.sheet_id is None:
        return None
    try:
        return sheet_of(draft.sheet_id, settings)
    except SheetError as error:
        st.session_state[_ERROR] = (error.translated_sentence, error.translated_action)
        return None


def _icon(*, done: bool) -> str:
    return ":material/check_circle:" if done else ":material/radio_button_unchecked:"


def _offer_ways_in(draft: Draft, settings: Settings) -> None:
    _show_error()
    shared_title = ["From a shared place"] * bool(settings.sheet_allowed_roots)
    upload, paste, sample, *shared = st.tabs(
        ["Upload a file", "Paste rows", "Try a sample", *shared_title], key="ways_in"
    )
    with upload:
        turn = st.session_state.setdefault(_UPLOADER, 0)
        file = st.file_uploader(
            "Recipient sheet",
            type=SHEET_TYPES,
            key=f"sheet_{turn}",
            help="One row for each recipient, with the names of the columns on top.",
        )
        st.caption(
            "From Excel, Google Sheets, LibreOffice or any program that writes CSV. It stays "
            + ("on your own machines." if settings.storage_url else "on this machine.")
        )
        if file is not None:
            _take(draft, _Origin(file.name, file.getvalue()), settings)
    with paste:
        with st.form("paste", border=False):
            text = st.text_area(
                "Rows from your spreadsheet",
                height=160,
                placeholder="phone\tname\n+1 650 555 0123\tAna",
                help="Select the rows in Excel or Sheets, names of the columns included; "
                "copy; paste.",
            )
            is_pasted = st.form_submit_button("Use these rows", type="primary")
        if is_pasted and not text.strip():
            st.error(
                "**There are no rows yet.** Copy them in your spreadsheet, the names of the "
                "columns included, and paste them above.",
                icon=":material/error:",
            )
        elif is_pasted:
            _take(draft, _Origin("pasted rows.txt", text.encode()), settings)
    with sample:
        for each in SAMPLES:
            with st.container(border=True, horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{_(each.title)}**  \n{_(each.sentence)}", width="stretch")
                if st.button("Use this sample", key=f"sample_{each.name}"):
                    _take(draft, _Origin(each.path.name, each.path.read_bytes()), settings)

    for tab in shared:
        with tab:
            _offer_shared(draft, settings)


def _offer_shared(draft: Draft, settings: Settings) -> None:
    """Offer files that lie where an administrator allows, however large they are."""
    with st.form("shared", border=False):
        place = st.text_input(
            "File", placeholder="may/customers.csv", help="Its path below a shared place."
        )
        st.caption(
            "CSV, TSV, TXT, Parquet and Arrow files may be of any size there. Shared places: "
            + ", ".join(literal(shown_root(root)) for root in settings.sheet_allowed_roots)
        )
        is_wanted = st.form_submit_button("Read this file", type="primary")
    if is_wanted and place.strip():
        _take(draft, _Origin(PurePosixPath(place).name, place=place.strip()), settings)


def _show_error() -> None:
    if (error := st.session_state.pop(_ERROR, None)) is not None:
        sentence, action = error
        st.error(f"**{sentence}** {action}", icon=":material/error:")


@dataclass(frozen=True)
class _Origin:
    """Where a sheet comes from: the bytes of a file, an upload that is kept, or a shared place."""

    filename: str
    data: bytes | None = None
    upload_id: str | None = None
    place: str | None = None


def _take(
    draft: Draft,
    origin: _Origin,
    settings: Settings,
    *,
    worksheet: str | None = None,
    reading: ReadOptions | None = None,
) -> None:
    """Read a sheet and go on with it; where it can't be read, say why and offer the ways anew."""
    try:
        with show_reading_progress(origin.filename, on_cancel=_cancel) as watch:
            sheet = _read(origin, settings, worksheet=worksheet, reading=reading, watch=watch)
        upload_id = origin.upload_id
        if origin.data is not None:
            upload_id = keep_upload(origin.data, origin.filename, settings=settings)
    except SheetError as error:
        st.session_state[_ERROR] = (error.translated_sentence, error.translated_action)
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
            **default_country.suggested(sheet, mapping, Answers(), settings),
        )
    _begin_anew()
    st.rerun()


def _read(
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


def _begin_anew() -> None:
    """Empty the uploader, and with it the memory that a file takes; forget choices not made."""
    st.session_state[_UPLOADER] = st.session_state.get(_UPLOADER, 0) + 1
    for key in [key for key in st.session_state if str(key).startswith(read_options.CHOICES)]:
        del st.session_state[key]


def _cancel() -> None:
    _begin_anew()
    st.session_state[_ERROR] = ("Reading was stopped.", "Nothing of the sheet was kept.")


def _show(sheet: Sheet, draft: Draft, settings: Settings) -> None:
    _show_error()
    st.markdown(literal(sheet.reading.summary(sheet.worksheet)))
    for note in sheet.notes:
        st.caption(f":material/info: {literal(note.sentence)}")
    if len(sheet.worksheets) > 1:
        _choose_worksheet(sheet, draft, settings)
    if _can_be_read_again(draft):
        reading = (
            read_options.choose_hidden(sheet)
            or read_options.choose_table(sheet)
            or read_options.overrule(sheet)
        )
        if reading is not None:
            _read_again(draft, settings, worksheet=sheet.worksheet, reading=reading)
    shown = sheet.frame.head(_ROWS_SHOWN)
    st.dataframe(
        shown.rename_axis("Row"),
        alt=f"The first {len(shown)} rows of the sheet",
        placeholder="(empty)",
    )
    st.caption(
        f"The first {several(len(shown), 'row')} of {count(len(sheet.frame))}. "
        "Rows are numbered as in your spreadsheet."
    )
    st.button("Use another sheet", icon=":material/restart_alt:", on_click=start_over)


def _can_be_read_again(draft: Draft) -> bool:
    return draft.upload_id is not None or draft.place is not None


def _choose_worksheet(sheet: Sheet, draft: Draft, settings: Settings) -> None:
    index = sheet.worksheets.index(sheet.worksheet) if sheet.worksheet else 0
    hidden = set(sheet.hidden_worksheets)
    chosen = st.selectbox(
        "Worksheet",
        sheet.worksheets,
        index=index,
        key=f"worksheet_{sheet.id}",
        format_func=lambda name: f"{name} (hidden)" if name in hidden else name,
    )
    if chosen != sheet.worksheet and _can_be_read_again(draft):
        _read_again(draft, settings, worksheet=chosen, reading=None)


def _read_again(
    draft: Draft, settings: Settings, *, worksheet: str | None, reading: ReadOptions | None
) -> None:
    origin = _Origin(draft.filename, upload_id=draft.upload_id, place=draft.place)
    _take(draft, origin, settings, worksheet=worksheet, reading=reading)
