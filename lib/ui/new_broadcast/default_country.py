"""The country for numbers without a country code: suggested, or asked for."""

from typing import Any, Final

import streamlit as st

from lib.campaign import Answers, Draft, Mapping, phones_and_countries
from lib.campaign.mapping.phone_columns import has_area_code
from lib.i18n import N_, _
from lib.preferences import load_preferences
from lib.settings import Settings
from lib.sheet import Sheet
from lib.sheet.phones.default_country import Evidence, Suggestion, suggest_region
from lib.ui import auth
from lib.ui.countries import choose_country, country_names
from lib.ui.new_broadcast.draft import latest
from lib.ui.new_broadcast.saved_mappings import save_answers

WHY: Final = {
    Evidence.CHOSEN: N_("You chose this country."),
    Evidence.SAVED: N_("Saved with the mapping of this sheet's columns."),
    Evidence.NUMBERS: N_("Suggested by the numbers in your sheet that have a country code."),
    Evidence.MOST_NUMBERS: N_("Most numbers with a country code in your sheet are from there."),
    Evidence.HEADER: N_("Suggested by the column name."),
    Evidence.USUAL: N_("Suggested by your settings."),
    Evidence.USUAL_UNSURE: N_("Your usual country, but the numbers may be from another one."),
    Evidence.BROWSER: N_("The country that your browser is set to."),
}
"""Source texts: why a country is suggested."""


def suggested_country_changes(
    sheet: Sheet, mapping: Mapping, answers: Answers, settings: Settings
) -> dict[str, Any]:
    """Return the changes to a draft that the numbers of a newly chosen phone column suggest.

    A country that only the browser's language suggests is a hint; it is not set.
    """
    found = Suggestion(None, Evidence.NOT_NEEDED)
    used = {*mapping.client.columns, *mapping.country.columns}
    if mapping.client.columns and used <= set(sheet.frame.columns):
        texts, countries = phones_and_countries(sheet, mapping)
        # The country of other rows is known.
        found = suggest_region(
            texts if countries is None else texts[countries == ""],
            mapping.client.column,
            usual=load_preferences(auth.who(), settings).region,
            locale=st.context.locale,
            has_area_code=has_area_code(mapping.client),
        )
    region = None if found.evidence.is_hint else found.region
    return {
        "answers": answers.model_copy(update={"region": region}),
        "region_evidence": found.evidence,
        "region_hint": found.region,
    }


def draw_country_question(draft: Draft, sheet: Sheet, settings: Settings) -> None:
    """Ask for the country if some numbers have no code and there is little evidence for one."""
    if not draft.region_evidence.is_thin and draft.region_evidence is not Evidence.CHOSEN:
        return
    names = country_names()
    st.markdown(_("**Country**: some numbers have no country code"))
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        draw_country_choice(draft, sheet, settings, place="asked")
    hint = draft.region_hint
    if draft.region_evidence.is_hint and hint in names:
        right.button(
            _("Use {country}", country=names[hint]),
            icon=":material/language:",
            on_click=_save_country,
            args=(draft, sheet, settings, hint),
        )
    if draft.region_evidence in WHY:
        st.caption(_(WHY[draft.region_evidence]))
    elif draft.answers.region is None:
        st.caption(
            _("We couldn't tell from your sheet. Without a country, these rows are held back.")
        )


def draw_country_choice(draft: Draft, sheet: Sheet, settings: Settings, *, place: str) -> None:
    """Draw the list of countries and save the choice; ``place`` makes its key unique."""
    region = draft.answers.region
    key = f"region_{place}_{region}_{draft.id}"
    choose_country(
        _("Country for numbers without a code"),
        region,
        key=key,
        help=_(
            "Used only for numbers without a country code. With the wrong country, "
            "strangers could get your messages. If you aren't sure, leave it empty. These rows are "
            "then held back."
        ),
        on_change=lambda: _save_country(draft, sheet, settings, st.session_state[key]),
    )


def _save_country(draft: Draft, sheet: Sheet, settings: Settings, region: str | None) -> None:
    now = latest(draft, settings)
    save_answers(now, sheet, settings, region=region, region_evidence=Evidence.CHOSEN)
