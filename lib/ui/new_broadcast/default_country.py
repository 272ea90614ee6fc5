"""The country of numbers that do not say theirs: suggested, or asked where nothing says it."""

from typing import Any, Final

import streamlit as st

from lib.campaign import Answers, Draft, Mapping
from lib.preferences import load_preferences
from lib.settings import Settings
from lib.sheet import Sheet
from lib.sheet.phones.default_country import Evidence, Suggestion, suggest_region
from lib.ui import auth
from lib.ui.countries import choose_country, country_names
from lib.ui.new_broadcast.draft import latest, save_changes

WHY: Final = {
    Evidence.CHOSEN: "You chose this country.",
    Evidence.NUMBERS: "Suggested by the numbers in your sheet that have a country code.",
    Evidence.HEADER: "Suggested by the name of the column.",
    Evidence.USUAL: "Suggested by your settings.",
}
HELP: Final = (
    "Only for numbers that do not say their country. A wrong choice could message strangers, so "
    "leave it empty if you are not sure: such rows are then held back."
)


def suggested(
    sheet: Sheet, mapping: Mapping, answers: Answers, settings: Settings
) -> dict[str, Any]:
    """Return the changes of a draft that the numbers of a newly chosen phone column ask for.

    What only the browser hints at is not taken before the person says so.
    """
    column = mapping.client.column
    found = Suggestion(None, Evidence.NOT_NEEDED)
    if column is not None and column in sheet.frame.columns:
        found = suggest_region(
            sheet.frame[column],
            column,
            usual=load_preferences(auth.who(), settings).region,
            locale=st.context.locale,
        )
    region = None if found.evidence is Evidence.BROWSER else found.region
    return {
        "answers": answers.model_copy(update={"region": region}),
        "region_evidence": found.evidence,
        "region_hint": found.region,
    }


def ask(draft: Draft, settings: Settings) -> None:
    """Ask for the country of numbers without one, if there are any and little speaks for it."""
    if not draft.region_evidence.is_thin and draft.region_evidence is not Evidence.CHOSEN:
        return
    names = country_names()
    st.markdown("**Country** of numbers that do not say theirs")
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        choose(draft, settings, "Some numbers have no country code. They are from", place="asked")
    hint = draft.region_hint
    if draft.region_evidence is Evidence.BROWSER and hint in names:
        right.button(
            f"They are from {names[hint]}",
            icon=":material/language:",
            help="The country that your browser is set to.",
            on_click=_remember,
            args=(draft, settings, hint),
        )
    if draft.region_evidence in WHY:
        st.caption(WHY[draft.region_evidence])
    elif draft.answers.region is None:
        st.caption("Nothing in your sheet says it. Without a country, these rows are held back.")


def choose(draft: Draft, settings: Settings, label: str, *, place: str) -> None:
    """Draw the list of countries; what is chosen is kept as the person's own choice."""
    region = draft.answers.region
    key = f"region_{place}_{region}_{draft.id}"
    choose_country(
        label,
        region,
        key=key,
        help=HELP,
        on_change=lambda: _remember(draft, settings, st.session_state[key]),
    )


def _remember(draft: Draft, settings: Settings, region: str | None) -> None:
    now = latest(draft, settings)
    answers = now.answers.model_copy(update={"region": region})
    save_changes(now, settings, answers=answers, region_evidence=Evidence.CHOSEN)
