"""Who has had a campaign before, in step 3, and the choice to leave them out."""

from typing import Final

import streamlit as st

from lib.campaign import Draft
from lib.connectly import DuplicateBehavior
from lib.delivery import CampaignRecipients
from lib.settings import Settings
from lib.ui.cache import CheckedPlan
from lib.ui.form_state import show
from lib.ui.formatting import count, day, literal, several
from lib.ui.new_broadcast.draft import latest, save_changes

_SHOWN: Final = 5
_HELP: Final = (
    "Earlier sendouts with the same connection count, by phone and campaign name, whatever file "
    "they came from. Tests on your own phone do not count."
)


def draw(found: CheckedPlan, draft: Draft, settings: Settings) -> None:
    """Draw how many have had their campaign before, and ask who gets this sendout."""
    reached = found.reached
    if reached.unreadable:
        st.warning(
            f"Nobody can say whom {several(reached.unreadable, 'earlier sendout')} of this "
            "campaign went to: what was sent there is missing in the folder “plans”, or cannot be "
            "read. Put it back from a backup before you send to new people only.",
            icon=":material/help:",
        )
    if not reached.campaigns:
        return
    with st.container(border=True, key="reached_before"):
        for each in reached.campaigns[:_SHOWN]:
            _draw_campaign(each)
        if (more := len(reached.campaigns) - _SHOWN) > 0:
            st.markdown(f"And some people of {several(more, 'other campaign')}.")
        _draw_choice(found, draft, settings)


def _draw_campaign(each: CampaignRecipients) -> None:
    name = f"**{literal(each.campaign_name)}**"
    of = f"of {count(each.entries)}"
    if each.reached:
        last = f", last on {day(each.last)}" if each.last else ""
        verb = "has" if each.reached == 1 else "have"
        st.markdown(
            f":material/history: **{count(each.reached)} {of}** {verb} received {name} "
            f"before{last}."
        )
    if each.coming:
        verb = "gets" if each.coming == 1 else "get"
        st.markdown(
            f":material/schedule_send: **{count(each.coming)} {of}** {verb} {name} from a "
            "run that is not over yet."
        )
    if each.unknown:
        st.markdown(
            f":material/help: **{count(each.unknown)} {of}** may have received {name}: "
            "the answer to an earlier request got lost."
        )


def _draw_choice(found: CheckedPlan, draft: Draft, settings: Settings) -> None:
    answers, full_size = draft.answers, found.full_plan.entry_count
    unknown = len(found.reached.unknown_rows)
    include_unknown = answers.include_unknown
    new = full_size - len(found.reached.left_out(include_unknown=include_unknown))
    key, doubt_key = f"only_new_{draft.id}", f"with_doubtful_{draft.id}"

    def remember() -> None:
        now = latest(draft, settings)
        changed = now.answers.model_copy(update={"only_new": st.session_state[key]})
        save_changes(now, settings, answers=changed)

    def remember_doubt() -> None:
        now = latest(draft, settings)
        changed = now.answers.model_copy(update={"include_unknown": st.session_state[doubt_key]})
        save_changes(now, settings, answers=changed)

    if answers.only_new is not None:
        show(key, answers.only_new)
    st.radio(
        "Who gets this sendout?",
        [True, False],
        index=None,
        format_func={
            True: _only(new),
            False: f"All {count(full_size)}",
        }.__getitem__,
        captions=["The others are held back.", _again(draft)],
        key=key,
        help=_HELP,
        on_change=remember,
    )
    if unknown and answers.only_new:
        show(doubt_key, include_unknown)
        st.checkbox(
            f"Also send to the {count(unknown)} who may have received it",
            key=doubt_key,
            on_change=remember_doubt,
        )


def _only(new: int) -> str:
    if new == 0:
        return "Only new people: there are none"
    return f"Only the {count(new)} new {'one' if new == 1 else 'ones'}"


def _again(draft: Draft) -> str:
    if draft.answers.if_duplicate_check_unspecified is DuplicateBehavior.ALLOW_ONE:
        return "Connectly itself skips whoever has had the campaign: step 4 says “Each phone once”."
    return "They get it again, as step 4 says."
