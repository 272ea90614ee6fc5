"""Exclude lists: people who must not get campaigns, whatever sheet they stand in."""

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
from lib.preferences import load_preferences
from lib.sheet import SheetError
from lib.sheet.file_type import SHEET_TYPES
from lib.storage import StorageError
from lib.ui import auth, page
from lib.ui import exclude_lists as exclusions
from lib.ui.countries import choose_country
from lib.ui.errors import draw_error
from lib.ui.formatting import count, literal, several

settings = page.begin_page(
    "Exclude lists",
    "People who must not get campaigns. No sendout goes to them.",
)

if isinstance(added := st.session_state.pop("exclude_added", None), ExcludeList):
    st.success(
        f"Added {several(added.numbers, 'number')} as “{literal(added.name)}”.",
        icon=":material/check_circle:",
    )
    if added.unread:
        noun = "entry" if added.unread == 1 else "entries"
        st.warning(
            f"{count(added.unread)} {noun} unreadable, not excluded. They are shown with "
            "the list below.",
            icon=":material/warning:",
        )


def remove(list_id: str) -> None:
    """Remove a list, or say why it is still there."""
    try:
        remove_exclude_list(list_id, settings)
    except StorageError as error:
        st.error(f"**{error.sentence}** {error.action}", icon=":material/error:")


def forget(business_id: str) -> None:
    """Forget who has opted out of a business."""
    forget_opted_out(business_id, settings=settings)


turn = st.session_state.setdefault("exclude_turn", 0)
with st.expander("Add a list", icon=":material/add:", expanded=not exclude_lists(settings)):
    name = st.text_input("Name", placeholder="Opt-outs of November", key=f"exclude_name_{turn}")
    region = choose_country(
        "Numbers without a country code are from",
        load_preferences(auth.who(), settings).region,
        key=f"exclude_country_{turn}",
        help="Only for numbers that do not say their country. To be safe, whoever has the same "
        "digits in another country is excluded too.",
    )
    upload, paste = st.tabs(["Upload a file", "Paste numbers"])
    with upload:
        file = st.file_uploader("List of phone numbers", type=SHEET_TYPES, key=f"exclude_{turn}")
    with paste:
        text = st.text_area(
            "Phone numbers",
            key=f"exclude_text_{turn}",
            placeholder="+1 650 555 0123",
            help="One a line, or with commas between them. Every number in a line counts.",
        )
    if st.button("Add the list", type="primary", disabled=file is None and not text.strip()):
        try:
            if file is None:
                cells, origin = pasted_cells(text), "Pasted numbers"
            else:
                with st.spinner("Reading the list"):
                    cells = listed_cells(file.getvalue(), file.name, settings)
                origin = file.name
            added = add_exclude_list(
                cells,
                name=name.strip() or origin,
                region=region,
                added_by=auth.name(),
                settings=settings,
            )
        except SheetError as error:
            draw_error(error)
        except (NoNumbersError, StorageError) as error:
            st.error(f"**{error.sentence}** {error.action}", icon=":material/error:")
        else:
            st.session_state["exclude_added"] = added
            st.session_state["exclude_turn"] = turn + 1
            st.rerun()

lists = exclude_lists(settings)
if not lists:
    st.info(
        "There is no exclude list yet. Add the people who have opted out, and no sendout from "
        "here will message them.",
        icon=":material/info:",
    )
for each in lists:
    with st.container(border=True, key=f"list_{each.id}"):
        exclusions.describe(each)
        with st.popover("Remove", icon=":material/delete:"):
            st.write("These people can then get campaigns again.")
            st.button(
                "Remove this list",
                key=f"remove_{each.id}",
                type="primary",
                on_click=remove,
                args=(each.id,),
            )
if lists:
    st.caption(
        "Applies to every recipient not yet sent, in running and scheduled sendouts too. Every way "
        "of writing a number that reaches the same person on WhatsApp is excluded."
    )

reported = count_opted_out(settings=settings)
if reported:
    st.subheader("Reported by Connectly", anchor=False)
    st.write(
        "Connectly rejected messages to these people because they have opted out. They are held "
        "back in every later sendout for the same business."
    )
for business_id, people in reported.items():
    with st.container(border=True, key=f"opted_out_{business_id}"):
        noun = "person has" if people == 1 else "people have"
        st.markdown(f"**{count(people)} {noun} opted out** of {literal(business_id)}")
        with st.popover("Forget", icon=":material/delete:"):
            st.write("Do this only if they have agreed to messages again.")
            st.button(
                "Forget these opt-outs",
                key=f"forget_{business_id}",
                type="primary",
                on_click=forget,
                args=(business_id,),
            )
