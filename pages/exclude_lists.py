"""Exclude lists: people who must not get campaigns, whatever sheet they are in."""

import streamlit as st

from lib.campaign import (
    ExcludeList,
    NoNumbersError,
    add_exclude_list,
    exclude_lists,
    listed_cells,
    pasted_cells,
    remove_exclude_list,
)
from lib.delivery import count_opted_out, forget_opted_out
from lib.i18n import _, ngettext
from lib.preferences import load_preferences
from lib.sheet import SheetError
from lib.sheet.file_type import SHEET_TYPES
from lib.storage import StorageError
from lib.ui import auth, page
from lib.ui.countries import choose_country
from lib.ui.errors import draw_error
from lib.ui.exclude_lists import PASTED_NAME, draw_exclude_list, list_name, unreadable_text
from lib.ui.formatting import literal

settings = page.begin_page(
    _("Exclude lists"), _("People who must not get campaigns. No broadcast is sent to them.")
)

if isinstance(added := st.session_state.pop("exclude_added", None), ExcludeList):
    st.success(
        ngettext(
            "Added {count} number as “{name}”.",
            "Added {count} numbers as “{name}”.",
            added.numbers,
            name=literal(list_name(added)),
        ),
        icon=":material/check_circle:",
    )
    if added.unread:
        st.warning(
            f"{unreadable_text(added)} {_('See the list below.')}", icon=":material/warning:"
        )


def remove(list_id: str) -> None:
    """Remove a list, or draw why it could not be removed."""
    try:
        remove_exclude_list(list_id, settings)
    except StorageError as error:
        draw_error(error)


def forget(business_id: str) -> None:
    """Forget who has opted out of a business."""
    forget_opted_out(business_id, settings=settings)


turn = st.session_state.setdefault("exclude_turn", 0)
with st.expander(_("Add a list"), icon=":material/add:", expanded=not exclude_lists(settings)):
    name = st.text_input(_("Name"), placeholder=_("November opt-outs"), key=f"exclude_name_{turn}")
    region = choose_country(
        _("Country for numbers without a code"),
        load_preferences(auth.who(), settings).region,
        key=f"exclude_country_{turn}",
        help=_(
            "Only for numbers without a country code. To be safe, people with the same digits in "
            "other countries are excluded too."
        ),
    )
    upload, paste = st.tabs([_("Upload a file"), _("Paste numbers")])
    with upload:
        file = st.file_uploader(_("List of phone numbers"), type=SHEET_TYPES, key=f"exclude_{turn}")
    with paste:
        text = st.text_area(
            _("Phone numbers"),
            key=f"exclude_text_{turn}",
            placeholder="+1 650 555 0123",
            help=_("One per line, or separated by commas. Every number in a line counts."),
        )
    if st.button(_("Add list"), type="primary", disabled=file is None and not text.strip()):
        try:
            if file is None:
                cells, default_name = pasted_cells(text), PASTED_NAME
            else:
                with st.spinner(_("Reading the list")):
                    cells = listed_cells(file.getvalue(), file.name, settings)
                default_name = file.name
            added = add_exclude_list(
                cells,
                name=name.strip() or default_name,
                region=region,
                added_by=auth.name(),
                settings=settings,
            )
        except (NoNumbersError, SheetError, StorageError) as error:
            draw_error(error)
        else:
            st.session_state["exclude_added"] = added
            st.session_state["exclude_turn"] = turn + 1
            st.rerun()

lists = exclude_lists(settings)
if not lists:
    st.info(
        _(
            "No exclude lists yet. Add the people who have opted out, and your broadcasts won't "
            "message them."
        ),
        icon=":material/info:",
    )
for each in lists:
    with st.container(border=True, key=f"list_{each.id}"):
        draw_exclude_list(each)
        with st.popover(_("Remove"), icon=":material/delete:"):
            st.write(_("These people can then get campaigns again."))
            st.button(
                _("Remove list"),
                key=f"remove_{each.id}",
                type="primary",
                on_click=remove,
                args=(each.id,),
            )
if lists:
    st.caption(
        _(
            "Applies to every recipient not yet sent, in running and scheduled broadcasts too. All "
            "variants of a number that reach the same person on WhatsApp are excluded."
        )
    )

opted_out = count_opted_out(settings=settings)
if opted_out:
    st.subheader(_("Reported by Connectly"), anchor=False)
    st.write(
        _(
            "Connectly rejected messages to these people because they opted out. They are held "
            "back in all later broadcasts for the same business."
        )
    )
for business_id, people in opted_out.items():
    with st.container(border=True, key=f"opted_out_{business_id}"):
        st.markdown(
            ngettext(
                "**{count} person has opted out** of {business}",
                "**{count} people have opted out** of {business}",
                people,
                business=literal(business_id),
            )
        )
        with st.popover(_("Forget"), icon=":material/delete:"):
            st.write(_("Only do this if they agreed to get messages again."))
            st.button(
                _("Forget these opt-outs"),
                key=f"forget_{business_id}",
                type="primary",
                on_click=forget,
                args=(business_id,),
            )
