"""Error guide: every error code, its meaning and what to do about it."""

import math

import streamlit as st

from lib.connectly import ALL_CODES, ALL_TYPES, CLASS_LABELS, ErrorClass, ErrorInfo
from lib.error_catalogue import STUDIO_CODES, explain
from lib.i18n import _, ngettext
from lib.ui import navigation, page
from lib.ui.error_codes import draw_code
from lib.ui.formatting import count

PAGE_SIZE = 15

page.begin_page(_("Error guide"), _("What each error code means and what to do about it."))
linked = st.query_params.get(navigation.CODE)

if linked is not None:
    draw_code(explain(linked))
    navigation.link(navigation.ERROR_GUIDE, _("All codes"), icon=":material/arrow_back:")
    st.stop()

search = st.text_input(
    _("Search"),
    type="search",
    placeholder=_("A code, or a word such as template"),
    key="search",
    live=True,
)
classes = st.pills(
    _("Next step"),
    list(ErrorClass),
    selection_mode="multi",
    format_func=lambda each: _(CLASS_LABELS[each]),
    key="classes",
)


def is_wanted(info: ErrorInfo) -> bool:
    """Return whether an entry matches the search and the chosen next steps."""
    texts = (info.code, _(info.title), _(info.meaning), _(info.action))
    text = " ".join(texts).casefold()
    found = all(word in text for word in search.casefold().split())
    return found and (not classes or info.error_class in classes)


guide = [*ALL_CODES.values(), *STUDIO_CODES.values()]
wanted = [info for info in guide if is_wanted(info)]
if wanted:
    st.caption(
        ngettext(
            "{shown} of {count} code",
            "{shown} of {count} codes",
            len(guide),
            shown=count(len(wanted)),
        )
    )
else:
    st.info(
        _(
            "No codes found. Try one word, or remove a filter. If a code isn't listed here, open "
            "it with the link next to it."
        ),
        icon=":material/search_off:",
    )
number_of_pages = math.ceil(len(wanted) / PAGE_SIZE)
page_number = st.pagination(number_of_pages, key="page") if number_of_pages > 1 else 1
for info in wanted[(page_number - 1) * PAGE_SIZE : page_number * PAGE_SIZE]:
    draw_code(info)

with st.expander(_("Error types"), icon=":material/category:"):
    st.write(_("With each code, Connectly also returns a broader type:"))
    st.table({_("Type"): list(ALL_TYPES), _("Meaning"): [_(each) for each in ALL_TYPES.values()]})
