"""Error guide: every code, in words, with what to do about it."""

import math

import streamlit as st

from lib.connectly import ALL_CODES, ALL_TYPES, CLASS_LABELS, ErrorClass, ErrorInfo
from lib.error_catalogue import STUDIO_CODES, explain
from lib.i18n import _
from lib.ui import navigation, page
from lib.ui.error_codes import draw_code
from lib.ui.formatting import count, several

PAGE_SIZE = 15

page.begin_page("Error guide", "What each error code means, and what to do about it.")
linked = st.query_params.get(navigation.CODE)

if linked is not None:
    draw_code(explain(linked))
    navigation.link(navigation.ERROR_GUIDE, "All codes", icon=":material/arrow_back:")
    st.stop()

search = st.text_input(
    "Search",
    type="search",
    placeholder="A code, or a word such as template",
    key="search",
    live=True,
)
classes = st.pills(
    "What to do",
    list(ErrorClass),
    selection_mode="multi",
    format_func=lambda each: _(CLASS_LABELS[each]),
    key="classes",
)


def is_wanted(info: ErrorInfo) -> bool:
    """Tell whether an entry fits the search and the classes chosen."""
    text = f"{info.code} {info.title} {info.meaning} {info.action}".casefold()
    found = all(word in text for word in search.casefold().split())
    return found and (not classes or info.error_class in classes)


guide = [*ALL_CODES.values(), *STUDIO_CODES.values()]
wanted = [info for info in guide if is_wanted(info)]
if wanted:
    st.caption(f"{count(len(wanted))} of {several(len(guide), 'code')}")
else:
    st.info(
        "No code fits. Try one word, or take a filter away. A code that is not listed can be "
        "opened by the link beside it.",
        icon=":material/search_off:",
    )
number_of_pages = math.ceil(len(wanted) / PAGE_SIZE)
page_number = st.pagination(number_of_pages, key="page") if number_of_pages > 1 else 1
for info in wanted[(page_number - 1) * PAGE_SIZE : page_number * PAGE_SIZE]:
    draw_code(info)

with st.expander("Kinds of error", icon=":material/category:"):
    st.write("Beside its code, Connectly gives each error a broad kind:")
    st.table({"Kind": list(ALL_TYPES), "Meaning": [_(text) for text in ALL_TYPES.values()]})
