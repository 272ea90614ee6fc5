"""Plans account for every row, hold the right ones back, and send what the cells contain."""

import json
import re
from typing import Any

import pytest

from lib.campaign import (
    WORDS,
    Answers,
    DuplicateRows,
    FieldSource,
    FindingCode,
    Mapping,
    MappingIncompleteError,
    Plan,
    before_and_after,
    duplicate_rows,
    explain_reasons,
    find_duplicates,
    make_plan,
    mapping_problems,
    reasons_in_words,
    repaired_rows,
    single_entry_plan,
)
from lib.connectly import CampaignEntry, DuplicateBehavior, SendCampaignsOptions, VersionBehavior
from tests.support.recipients import fictional_phone, known_sheet
from tests.support.sheets import make_sheet

ANA, BEN, CAM = (fictional_phone(number) for number in range(3))
MAPPING = Mapping(
    client=FieldSource(column="phone"),
    campaign_name=FieldSource(column="campaign"),
    variables={"name": FieldSource(column="name")},
)


def _plan(
    phones: list[str],
    names: list[str] | None = None,
    campaigns: list[str] | None = None,
    *,
    mapping: Mapping = MAPPING,
    answers: Answers | None = None,
    **sheet: Any,
) -> Plan:
    columns = {
        "phone": phones,
        "campaign": campaigns or ["spring"] * len(phones),
        "name": names or ["Ana"] * len(phones),
    }
    return make_plan(make_sheet(columns, **sheet), mapping, answers=answers)


def _held(plan: Plan) -> dict[int, str]:
    return dict(plan.held["reasons"])


def _findings(plan: Plan) -> set[tuple[int, str, str]]:
    found = plan.findings[["row", "code", "severity"]]
    return {(int(row), code, severity) for row, code, severity in found.itertuples(index=False)}


def test_every_finding_is_in_the_right_row() -> None:
    known = known_sheet(300)
    columns = dict(
        zip(known.header, map(list, zip(*known.rows.values(), strict=True)), strict=True)
    )
    mapping = Mapping(
        client=FieldSource(column="Phone"),
        campaign_name=FieldSource(column="Campaign"),
        variables={"name": FieldSource(column="name"), "code": FieldSource(column="code")},
    )

    plan = make_plan(make_sheet(columns), mapping)

    by_code: dict[str, set[int]] = {}
    for row, reasons in _held(plan).items():
        by_code.setdefault(reasons, set()).add(row)
    assert set(plan.held.index) == known.held
    assert by_code["variable_empty"] == known.missing
    assert by_code["duplicate_differs"] == known.duplicates


@pytest.mark.parametrize(
    ("phone", "code"),
    [("", "phone_missing"), ("+1650555XXXX", "letters"), ("1.65E+10", "cut_by_spreadsheet"),
     ("2025550100", "no_country"), ("2026-01-31", "looks_like_date")],
)  # fmt: skip
def test_a_phone_that_cannot_be_read_holds_its_row(phone: str, code: str) -> None:
    assert _held(_plan([ANA, phone])) == {3: code}


def test_three_spellings_of_a_phone_are_one_recipient() -> None:
    plan = _plan(["+1 (202) 555-0100", "0012025550100", "tel:+1-202-555-0100"], ["Ana", "Ana", "X"])

    assert _held(plan) == {3: "duplicate", 4: "duplicate_differs"}


@pytest.mark.parametrize(
    ("preferred", "held"),
    [
        ({3}, {2: "duplicate_differs", 4: "duplicate_differs"}),
        ({4}, {2: "duplicate_differs", 3: "duplicate_differs"}),
        ({2}, {3: "duplicate_differs", 4: "duplicate_differs"}),
        ({9}, {3: "duplicate_differs", 4: "duplicate_differs"}),
        ({5}, {3: "duplicate_differs", 4: "duplicate_differs"}),
    ],
)
def test_a_person_chooses_which_of_several_rows_is_sent(
    preferred: set[int], held: dict[int, str]
) -> None:
    answers = Answers(preferred_rows=frozenset(preferred))

    plan = _plan([ANA, ANA, ANA, BEN], ["Ana", "Anna", "Anne", "Ben"], answers=answers)

    assert _held(plan) == held


def test_duplicates_are_grouped_by_their_first_rows_with_the_values_that_differ() -> None:
    phones = [CAM, ANA, BEN, ANA, "0012025550102", ANA, ANA, "x"]
    names = ["Cam", "Ana", "Ben", "Ana", "Cam B.", "Anna", "", "Ana"]

    for preferred in (frozenset[int](), frozenset({6, 7})):
        plan = _plan(phones, names, answers=Answers(preferred_rows=preferred))
        numbers = find_duplicates(plan, FindingCode.DUPLICATE_DIFFERS)
        assert numbers.to_dict() == {2: 0, 3: 1, 5: 1, 6: 0, 7: 1}

    cam, ana = (duplicate_rows(plan, rows) for rows in ([2, 6], [3, 5, 7]))
    assert (cam.kept, cam.values) == (6, {"name": ("Cam", "Cam B.")})
    assert (ana.kept, ana.values) == (7, {"name": ("Ana", "Ana", "Anna")})


def test_two_spellings_of_a_phone_are_not_different_values() -> None:
    """Without its 9, an Argentinian mobile number is valid as a landline, but no other person's."""
    plan = _plan(["+54 9 11 2345-6789", "+54 11 2345-6789"])

    assert _held(plan) == {3: "duplicate"}


def test_rows_that_are_held_for_other_reasons_are_no_duplicates() -> None:
    plan = _plan([ANA, ANA, ANA], ["", "Ana", "Ana"])

    assert find_duplicates(plan, FindingCode.DUPLICATE).to_dict() == {3: 0, 4: 0}
    assert duplicate_rows(plan, [3, 4]) == DuplicateRows((3, 4), 3, {})


def test_held_rows_do_not_make_later_rows_duplicates() -> None:
    """The second row is sent, because the first is held back for its empty name."""
    plan = _plan([ANA, ANA], ["", "Ana"])

    assert _held(plan) == {2: "variable_empty"}
    assert [each.variables for each in plan.entries()] == [{"name": "Ana"}]


def test_the_same_phone_may_get_two_campaigns() -> None:
    assert _held(_plan([ANA, ANA], campaigns=["spring", "summer"])) == {}


def test_duplicates_are_sent_if_multiple_sends_are_allowed() -> None:
    answers = Answers(if_duplicate_check_unspecified=DuplicateBehavior.ALLOW_MULTIPLE)

    plan = _plan([ANA, ANA], answers=answers)

    assert plan.entry_count == 2
    assert (3, "duplicate_sent", "warn") in _findings(plan)


@pytest.mark.parametrize("name", ["", " ", "\u00a0", "\u3000", "\t\n"])
@pytest.mark.parametrize("trim", [True, False])
def test_a_variable_of_only_spaces_is_empty(name: str, trim: bool) -> None:
    plan = _plan([ANA, BEN], [name, "Ben"], answers=Answers(trim=trim))

    assert list(plan.held.index) == [2]
    assert "variable_empty" in _held(plan)[2]


def test_a_fallback_replaces_an_empty_cell() -> None:
    mapping = MAPPING.model_copy(
        update={"variables": {"name": FieldSource(column="name", fallback="friend")}}
    )

    plan = _plan([ANA, BEN], ["", "Ben"], mapping=mapping)

    assert [each.variables["name"] for each in plan.entries()] == ["friend", "Ben"]


@pytest.mark.parametrize(
    "value", ["007", "1.10", "1e5", "TRUE", "2026-01-31", '"', "\\", "{name}", "año 🎉", "null"]
)
def test_texts_are_sent_as_texts(value: str) -> None:
    (entry,) = _plan([ANA], [value]).entries()

    assert entry.variables == {"name": value}


def test_spaces_are_trimmed_with_a_warning_unless_trimming_is_off() -> None:
    trimmed, kept = _plan([ANA], [" Ana "]), _plan([ANA], [" Ana "], answers=Answers(trim=False))

    assert next(trimmed.entries()).variables == {"name": "Ana"}
    assert (2, "trimmed", "warn") in _findings(trimmed)
    assert next(kept.entries()).variables == {"name": " Ana "}


@pytest.mark.parametrize(
    ("value", "code"),
    [("a\nb", "line_break"), ("a\tb", "line_break"), ("a     b", "many_spaces"),
     ("x" * 1025, "long_value")],
)  # fmt: skip
def test_values_that_whatsapp_may_reject_are_sent_with_a_warning(value: str, code: str) -> None:
    plan = _plan([ANA], [value])

    assert (2, code, "warn") in _findings(plan)
    assert plan.entry_count == 1


@pytest.mark.parametrize(
    ("text", "sent"),
    [('{"id": 1}', {"id": 1}), ("[1, 2]", [1, 2]), ("plain", "plain"), ("7", "7"), ("", None)],
)
def test_callback_data_is_an_object_an_array_or_text(text: str, sent: object) -> None:
    mapping = MAPPING.model_copy(update={"callback_data": FieldSource(value=text)})

    (entry,) = _plan([ANA], mapping=mapping).entries()

    assert entry.callback_data == sent


@pytest.mark.parametrize(
    ("text", "code"),
    [("é" * 511 + "x", "callback_too_large"), ('{"a": NaN}', "callback_unfit"),
     ("{broken", "callback_unfit"), ("[" * 100_000, "callback_unfit")],
)  # fmt: skip
def test_callback_data_that_the_api_would_reject_holds_its_row(text: str, code: str) -> None:
    mapping = MAPPING.model_copy(update={"callback_data": FieldSource(value=text)})

    assert _held(_plan([ANA], mapping=mapping)) == {2: code}


def test_lost_cells_hold_a_row_only_if_their_column_is_used() -> None:
    flags = [(2, "name", "error_value"), (3, "unused", "error_value")]

    assert _held(_plan([ANA, BEN], flags=flags)) == {2: "error_value"}


def test_a_refused_repair_holds_its_rows() -> None:
    taken = _plan(["2025550100", BEN], answers=Answers(region="US"))
    left = _plan(
        ["2025550100", BEN],
        answers=Answers(region="US", refused_repairs=frozenset({"country_added"})),
    )

    assert _held(taken) == {}
    assert _held(left) == {2: "repair_refused"}


def test_a_repair_can_be_refused_for_one_row() -> None:
    sheet = make_sheet(
        {"phone": ["2025550100", "202-555-0101", BEN], "campaign": ["a"] * 3, "name": ["Ana"] * 3}
    )
    plan = make_plan(
        sheet, MAPPING, answers=Answers(region="US", refused_rows=frozenset({3, 4, 99}))
    )

    assert _held(plan) == {3: "repair_refused"}
    rows = repaired_rows(plan, "country_added")
    assert before_and_after(plan, sheet, rows).reset_index().to_numpy().tolist() == [
        [2, "2025550100", "+12025550100", True],
        [3, "202-555-0101", "+12025550101", False],
    ]


def test_rows_are_ordered_by_sendout_and_then_as_in_the_sheet() -> None:
    plan = _plan([ANA, BEN, CAM], campaigns=["b", "a", "b"])

    assert [(each.campaign_name, each.entries) for each in plan.sendouts] == [("b", 2), ("a", 1)]
    assert [each.client for each in plan.entries()] == [ANA, CAM, BEN]
    assert [each.client for each in plan.entries(sendout=0, start=1)] == [CAM]


def test_names_and_versions_that_are_equal_when_joined_are_two_sendouts() -> None:
    mapping = MAPPING.model_copy(update={"campaign_version": FieldSource(column="name")})

    plan = _plan([ANA, BEN], ["c", "b\0c"], ["a\0b", "a"], mapping=mapping)

    assert len(plan.sendouts) == 2


def _fingerprint(**changes: Any) -> str:
    given: dict[str, Any] = {"phones": [ANA, BEN], "names": ["Ana", "Ben"], **changes}
    return _plan(given.pop("phones"), given.pop("names"), **given).fingerprint


@pytest.mark.parametrize(
    "changes",
    [
        {"phones": [ANA, CAM]},
        {"phones": [BEN, ANA], "names": ["Ben", "Ana"]},
        {"names": ["Ana", "ben"]},
        {"names": ["AnaB", "en"]},
        {"campaigns": ["spring", "summer"]},
        {"mapping": MAPPING.model_copy(update={"sender": FieldSource(value="+1")})},
        {"mapping": MAPPING.model_copy(update={"campaign_version": FieldSource(value="v1")})},
        {"mapping": MAPPING.model_copy(update={"callback_data": FieldSource(value="x")})},
        {"mapping": MAPPING.model_copy(update={"variables": {"n": FieldSource(column="name")}})},
        {"answers": Answers(if_version_unspecified=VersionBehavior.CREATE_NEW)},
        {"answers": Answers(if_duplicate_check_unspecified=DuplicateBehavior.ALLOW_MULTIPLE)},
    ],
)
def test_changes_of_what_is_sent_change_the_fingerprint(changes: dict[str, Any]) -> None:
    assert _fingerprint(**changes) != _fingerprint()


@pytest.mark.parametrize(
    "changes",
    [
        {"filename": "other.xlsx"},
        {"rows": [7, 19]},
        {"names": [" Ana ", "Ben"]},
        {"phones": [ANA, f"tel:{BEN}"]},
        {"phones": [ANA, "x", BEN], "names": ["Ana", "-", "Ben"]},
        {"answers": Answers(region="BR")},
    ],
)
def test_other_changes_keep_the_fingerprint(changes: dict[str, Any]) -> None:
    assert _fingerprint(**changes) == _fingerprint()


def test_fingerprint_and_id_are_those_of_earlier_releases() -> None:
    """Runs and stored plans are found by these values, so they must never change."""
    sheet = make_sheet(
        {
            "phone": ["+16505550100", "+5511987650001", "x", "+16505550100", "+525512345678"],
            "campaign": ["spring", "summer", "spring", "spring", "spring"],
            "name": ["Ana", " José ", "Cam", "Dia", '"quoted" 🎉'],
            "order": ['{"id": 1}', "", "", "", "note"],
            "Opt-in": ["yes"] * 5,
        }
    )
    mapping = Mapping(
        client=FieldSource(column="phone"),
        campaign_name=FieldSource(column="campaign"),
        campaign_version=FieldSource(value="v1"),
        sender=FieldSource(value="+16505550199"),
        variables={
            "name": FieldSource(column="name"),
            "text": FieldSource(template="{name}, {campaign}"),
        },
        callback_data=FieldSource(column="order"),
    )

    plan = make_plan(sheet, mapping)

    assert plan.fingerprint == "eeaf56907477724169a303d128c870f4e1a76cdc7bd59ee6a48a4a12bcd59a89"
    assert plan.id == "e7ba50725a014942094a05ae0c2b7d55c13d88e54f2154499b25690968329403"


def test_plans_that_differ_only_in_held_rows_share_a_fingerprint_but_not_an_id() -> None:
    one, other = _plan([ANA]), _plan([ANA, "x"])

    assert one.fingerprint == other.fingerprint
    assert one.id != other.id


def test_entries_are_found_by_the_row_number_that_the_owner_sees() -> None:
    plan = _plan([ANA, "x", BEN], rows=[5, 6, 9])
    found = plan.entry_for_row(9)

    assert found is not None
    assert found.client == BEN
    assert plan.entry_for_row(6) is None
    assert plan.entry_for_row(1) is None
    assert plan.first_row_to_send == 5


def test_an_incomplete_mapping_is_refused() -> None:
    with pytest.raises(MappingIncompleteError) as caught:
        _plan([ANA], mapping=Mapping(variables={"n": FieldSource(column="gone")}))

    codes = {problem.code for problem in caught.value.problems}
    assert codes == {"no_phone_column", "no_campaign", "column_gone"}


def test_groups_hold_source_texts_for_every_code() -> None:
    (group,) = _plan([ANA], ["x     y"]).finding_groups

    assert (group.code, group.title) == ("many_spaces", WORDS["many_spaces"].title)
    assert set(FindingCode) < set(WORDS)
    assert not any("{" in str(text) for words in WORDS.values() for text in vars(words).values())


@pytest.mark.parametrize("code", sorted(WORDS))
def test_texts_in_files_do_not_refer_to_the_page(code: str) -> None:
    words = WORDS[code]
    in_file = f"{words.title} {words.sentence} {words.action_in_file}"

    assert not re.search(r"\b(?:above|below|here|step \d|this page|click|button)\b", in_file)
    assert reasons_in_words(code).endswith(words.action_in_file or words.sentence)


@pytest.mark.parametrize(
    "codes",
    [
        "said_no", "excluded", "consent_email", "duplicate", "duplicate_differs", "reached_before",
        "in_own_report", "consent_blank", "consent_unclear", "letters,said_no",
        "said_no,phone_missing", "excluded,variable_empty", "consent_blank,consent_email",
    ],
)  # fmt: skip
def test_rows_that_are_rightly_not_sent_are_not_to_be_corrected(codes: str) -> None:
    reasons = explain_reasons(codes)

    assert not reasons.is_correctable
    assert not re.search(r"correct|fill|enter", f"{reasons.meaning} {reasons.action}".casefold())
    titles = [WORDS[code].title for code in codes.split(",")]
    assert all(title in reasons.meaning for title in titles)


@pytest.mark.parametrize("codes", ["letters", "consent_blank,letters", "variable_empty"])
def test_rows_with_wrong_cells_are_to_be_corrected(codes: str) -> None:
    assert explain_reasons(codes).is_correctable


def test_a_plan_and_its_groups_are_the_same_in_every_language(in_spanish: None) -> None:
    (group,) = _plan([ANA], [""]).finding_groups

    assert group.title == "Empty variable"
    assert reasons_in_words("variable_empty").startswith("Variable vacía. ")
    (problem, _) = mapping_problems(make_sheet({"a": ["b"]}), Mapping())
    assert problem.sentence.startswith("Choose the column")
    assert problem.translated_sentence == "Elija la columna de los teléfonos."


def test_a_single_entry_is_a_plan() -> None:
    entry = CampaignEntry(
        client=ANA, campaign_name="spring", variables={"n": '"x"'}, callback_data={"a": [1]}
    )

    plan = single_entry_plan(entry, SendCampaignsOptions(), label="Test")

    assert list(plan.entries()) == [entry]
    assert (plan.rows, plan.held_count, plan.request_count) == (1, 0, 1)


def test_entry_for_row_has_the_variables_of_the_table() -> None:
    plan = _plan([ANA], ['{"a": "b"}'])
    entry = plan.entry_for_row(2)

    assert entry is not None
    assert (
        json.loads(str(plan.table.loc[2, "variables"])) == entry.variables == {"name": '{"a": "b"}'}
    )
