"""Previous recipients in step 3: who already got a campaign, and whether to skip them."""

from typing import Final

import streamlit as st

from lib.campaign import Draft
from lib.connectly import DuplicateBehavior
from lib.delivery import CampaignRecipients
from lib.i18n import _, ngettext
from lib.settings import Settings
from lib.ui.cache import CheckedPlan
from lib.ui.form_state import show
from lib.ui.formatting import count, day, literal
from lib.ui.new_broadcast.draft import latest, save_changes

_MAX_CAMPAIGNS: Final = 5


def draw_previous_recipients(checked: CheckedPlan, draft: Draft, settings: Settings) -> None:
    """Draw how many people already got their campaign, and ask who gets this broadcast."""
    reached = checked.reached
    if reached.unreadable:
        st.warning(
            ngettext(
                "We can't tell who got {count} earlier sendout of this campaign. Its record in "
                "the “plans” folder is missing or can't be read. Restore it from a backup before "
                "you send to new people only.",
                "We can't tell who got {count} earlier sendouts of this campaign. Their records in "
                "the “plans” folder are missing or can't be read. Restore them from a backup "
                "before you send to new people only.",
                reached.unreadable,
            ),
            icon=":material/help:",
        )
    if not reached.campaigns:
        return
    with st.container(border=True, key="reached_before"):
        for each in reached.campaigns[:_MAX_CAMPAIGNS]:
            _draw_campaign(each)
        if (more := len(reached.campaigns) - _MAX_CAMPAIGNS) > 0:
            st.markdown(
                ngettext(
                    "Some people also received {count} other campaign.",
                    "Some people also received {count} other campaigns.",
                    more,
                )
            )
        _draw_choice(checked, draft, settings)


def _draw_campaign(each: CampaignRecipients) -> None:
    values = {"total": count(each.entries), "campaign": literal(each.campaign_name)}
    if each.reached and each.last:
        text = ngettext(
            "**{count} of {total}** has already received **{campaign}**, last on {day}.",
            "**{count} of {total}** have already received **{campaign}**, last on {day}.",
            each.reached,
            **values,
            day=day(each.last),
        )
        st.markdown(f":material/history: {text}")
    elif each.reached:
        text = ngettext(
            "**{count} of {total}** has already received **{campaign}**.",
            "**{count} of {total}** have already received **{campaign}**.",
            each.reached,
            **values,
        )
        st.markdown(f":material/history: {text}")
    if each.coming:
        text = ngettext(
            "**{count} of {total}** gets **{campaign}** from a broadcast that hasn't finished yet.",
            "**{count} of {total}** get **{campaign}** from a broadcast that hasn't finished yet.",
            each.coming,
            **values,
        )
        st.markdown(f":material/schedule_send: {text}")
    if each.unknown:
        text = ngettext(
            "**{count} of {total}** may have received **{campaign}**; we never got confirmation.",
            "**{count} of {total}** may have received **{campaign}**; we never got confirmation.",
            each.unknown,
            **values,
        )
        st.markdown(f":material/help: {text}")


def _draw_choice(checked: CheckedPlan, draft: Draft, settings: Settings) -> None:
    answers, total = draft.answers, checked.full_plan.entry_count
    left_out = checked.reached.left_out(include_unknown=answers.include_unknown)
    new = total - len(left_out)
    key = f"only_new_{draft.id}"

    def save_choice() -> None:
        now = latest(draft, settings)
        changed = now.answers.model_copy(update={"only_new": st.session_state[key]})
        save_changes(now, settings, answers=changed)

    if answers.only_new is not None:
        show(key, answers.only_new)
    st.radio(
        _("Who gets this broadcast?"),
        [True, False],
        index=None,
        format_func={
            True: _only_new_label(new),
            False: ngettext("Everyone ({count})", "Everyone ({count})", total),
        }.__getitem__,
        captions=[_("The others are held back."), _send_again_caption(draft)],
        key=key,
        help=_(
            "Counts earlier broadcasts from the same business, by person and campaign name, from "
            "any file. Tests on your own phone don't count."
        ),
        on_change=save_choice,
    )
    if answers.only_new:
        _draw_unknown_choice(len(checked.reached.unknown_rows), draft, settings)


def _draw_unknown_choice(unknown: int, draft: Draft, settings: Settings) -> None:
    """Draw whether people who may have received the campaign get it too."""
    if not unknown:
        return
    key = f"include_unknown_{draft.id}"

    def save_choice() -> None:
        now = latest(draft, settings)
        changed = now.answers.model_copy(update={"include_unknown": st.session_state[key]})
        save_changes(now, settings, answers=changed)

    show(key, draft.answers.include_unknown)
    st.checkbox(
        ngettext(
            "Also send to the {count} person who may have received it",
            "Also send to the {count} people who may have received it",
            unknown,
        ),
        key=key,
        on_change=save_choice,
    )


def _only_new_label(new: int) -> str:
    if new == 0:
        return _("Only new people (there are none)")
    return ngettext("Only the {count} new person", "Only the {count} new people", new)


def _send_again_caption(draft: Draft) -> str:
    if draft.answers.if_duplicate_check_unspecified is DuplicateBehavior.ALLOW_ONE:
        return _("Connectly skips people who already got the campaign, as chosen in step 4.")
    return _("They get it again, as chosen in step 4.")
