"""Exclude lists: people who must not get campaigns, whatever sheet they are in."""

import streamlit as st

from lib.campaign import exclude_lists, remove_exclude_list
from lib.delivery import count_opted_out, forget_opted_out
from lib.i18n import _, ngettext
from lib.storage import StorageError
from lib.ui import page
from lib.ui.errors import draw_error
from lib.ui.exclude_lists import draw_entries, draw_exclude_list, draw_new_list
from lib.ui.formatting import literal

settings = page.begin_page(
    _("Exclude lists"), _("People who must not get campaigns. No broadcast is sent to them.")
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


draw_new_list(settings)

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
        draw_entries(each, settings)
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
