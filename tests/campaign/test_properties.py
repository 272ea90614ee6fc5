"""Properties of plans: counts reconcile, and the fingerprint identifies what is sent."""

import dataclasses
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lib.campaign import Answers, FieldSource, Mapping, Plan, make_plan
from lib.campaign.mapping.value_format import DATE_FORMS, NUMBER_FORMS, Style
from lib.connectly import DuplicateBehavior, SendCampaignsRequest, VersionBehavior
from lib.sheet import Sheet
from tests.support.recipients import fictional_phone
from tests.support.sheets import make_sheet

Line = tuple[str, str, str, str]
COLUMNS = ("phone", "a", "b", "c")

cells = st.sampled_from(
    ["", " ", "Ana", "ANA DE LA CRUZ", "03/04/2025", "13/04/2025", "1.234", "1,234.50", "x\ny",
     '{"k": 1}', "{{name}}", "\u00e9", "\u200b", "z" * 1025]
)  # fmt: skip
phones = st.one_of(
    st.integers(0, 3).map(fictional_phone), st.sampled_from(["", "x", "2025550100", "+999"])
)
styles = st.builds(
    Style,
    form=st.sampled_from(["as_it_is", "name", "first", "upper", "lower", "date", "number"]),
    spaces=st.sampled_from(["keep", "ends", "one_line"]),
    date_order=st.sampled_from([None, "day_first", "month_first"]),
    date_form=st.sampled_from(list(DATE_FORMS)),
    time=st.booleans(),
    decimal_mark=st.sampled_from([None, ".", ","]),
    number_form=st.sampled_from(list(NUMBER_FORMS)),
    decimals=st.sampled_from([None, 0, 2]),
)
sources = st.one_of(
    st.builds(FieldSource, column=st.sampled_from(COLUMNS), fallback=cells, style=styles),
    st.builds(FieldSource, value=cells),
    st.builds(
        FieldSource,
        template=st.sampled_from(["{a} {b}", "{a|} {b|}", "{c|x}", "{{a}}!", "none"]),
        fallback=cells,
        style=styles,
    ),
)
mappings = st.builds(
    Mapping,
    client=st.just(FieldSource(column="phone")),
    campaign_name=st.one_of(
        st.just(FieldSource(value="spring")), st.just(FieldSource(template="{a} {c|}"))
    ),
    campaign_version=st.one_of(st.just(FieldSource()), sources),
    variables=st.dictionaries(st.sampled_from(["x", "y"]), sources, max_size=2),
    callback_data=st.one_of(st.just(FieldSource()), sources),
)
rows = st.lists(st.tuples(phones, cells, cells, cells), max_size=6)
answers = st.builds(
    Answers,
    region=st.sampled_from([None, "US"]),
    trim=st.booleans(),
    if_duplicate_check_unspecified=st.sampled_from(list(DuplicateBehavior)),
    if_version_unspecified=st.sampled_from(list(VersionBehavior)),
)
given_plans = st.tuples(rows, mappings, answers)


def _sheet(lines: list[Line], **about: Any) -> Sheet:
    columns = list(zip(*lines, strict=True)) or [()] * len(COLUMNS)
    return make_sheet(dict(zip(COLUMNS, columns, strict=True)), **about)


def _wire(plan: Plan) -> list[str]:
    """Return the body of every request."""
    return [
        SendCampaignsRequest(entries=(entry,), options=plan.options).to_json()
        for entry in plan.entries()
    ]


@given(given_plans)
@settings(deadline=None, max_examples=20)
def test_the_counts_of_any_plan_reconcile(
    parts: tuple[list[Line], Mapping, Answers],
) -> None:
    lines, mapping, chosen = parts

    plan = make_plan(_sheet(lines), mapping, answers=chosen)

    assert plan.rows == len(lines) == plan.entry_count + plan.held_count
    assert plan.entry_count == len(_wire(plan)) == sum(each.entries for each in plan.sendouts)
    assert plan.request_count == sum(each.requests for each in plan.sendouts)
    assert sorted(plan.table["position"].dropna()) == list(range(plan.entry_count))
    sent = [(each.client, each.campaign_name, each.campaign_version) for each in plan.entries()]
    once = chosen.if_duplicate_check_unspecified is DuplicateBehavior.ALLOW_ONE
    assert not once or len(sent) == len(set(sent))
    holding = plan.findings.loc[plan.findings["severity"] == "hold", "row"]
    assert set(holding) == set(plan.held.index)
    assert sum(each.count for each in plan.finding_groups) == len(plan.findings)


@st.composite
def _pairs(draw: st.DrawFn) -> tuple[Plan, Plan]:
    """Draw a plan, and one that differs in one thing that may or may not be sent."""
    lines, mapping, chosen = draw(given_plans)
    plan = make_plan(_sheet(lines), mapping, answers=chosen)
    about: dict[str, Any] = {}
    match draw(st.sampled_from(["cell", "row", "order", "mapping", "answers", "about"])):
        case "cell" if lines:
            at, column = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, 3))
            changed = list(lines[at])
            changed[column] = draw(phones if column == 0 else cells)
            phone, a, b, c = changed
            lines = [*lines[:at], (phone, a, b, c), *lines[at + 1 :]]
        case "row":
            lines = [*lines, draw(st.tuples(phones, cells, cells, cells))]
        case "order":
            lines = draw(st.permutations(lines))
        case "mapping":
            name = draw(st.sampled_from(["campaign_version", "callback_data"]))
            mapping = mapping.model_copy(update={name: draw(sources)})
        case "answers":
            chosen = draw(answers)
        case _:
            about = {"filename": "other.xlsx", "first_row": 9}
    return plan, make_plan(_sheet(lines, **about), mapping, answers=chosen)


@given(_pairs())
@settings(deadline=None, max_examples=30)
def test_the_fingerprint_changes_only_with_what_is_sent(
    pair: tuple[Plan, Plan],
) -> None:
    one, other = pair
    same = one.options == other.options and _wire(one) == _wire(other)

    assert (one.fingerprint == other.fingerprint) is same
    assert dataclasses.replace(one, filename="else").fingerprint == one.fingerprint
