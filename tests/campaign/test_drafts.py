"""Drafts are saved at every change, and concurrent changes are merged."""

import stat
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as running
from hypothesis import strategies as st

from lib.campaign import (
    Answers,
    Draft,
    FieldSource,
    Mapping,
    SendSchedule,
    change_draft,
    is_damaged,
    load_draft,
    save_draft,
)
from lib.settings import Settings


def test_a_draft_is_loaded_as_saved_and_only_its_owner_can_read_the_file(
    settings: Settings,
) -> None:
    draft = Draft(
        sheet_id="0" * 64,
        filename="list.csv",
        mapping=Mapping(
            client=FieldSource(column="phone"), variables={"n": FieldSource(value="x")}
        ),
        answers=Answers(region="BR", refused_repairs=frozenset({"brazil_9"})),
    )

    kept = save_draft(draft, settings)

    assert load_draft(draft.id, settings) == kept
    path = settings.drafts_dir / f"{draft.id}.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "draft_id", ["", "no-such-draft", "../../secret.json", "a" * 16, "a/b", "a" * 5_000, "\0" * 16]
)
def test_an_unknown_id_finds_nothing(draft_id: str, settings: Settings) -> None:
    assert load_draft(draft_id, settings) is None


def test_a_damaged_draft_is_not_loaded(settings: Settings) -> None:
    draft = save_draft(Draft(), settings)
    (settings.drafts_dir / f"{draft.id}.json").write_text('{"mapping": 7')

    assert load_draft(draft.id, settings) is None


def test_a_damaged_draft_is_renamed_and_stays_private(settings: Settings) -> None:
    draft = save_draft(Draft(), settings)
    path = settings.drafts_dir / f"{draft.id}.json"
    path.write_text('{"mapping": 7')

    assert load_draft(draft.id, settings) is None
    assert is_damaged(draft.id, settings)
    assert not path.exists()
    aside = path.with_name(f"{path.name}.damaged")
    assert aside.read_text() == '{"mapping": 7'
    assert stat.S_IMODE(aside.stat().st_mode) == 0o600
    assert not is_damaged(save_draft(Draft(), settings).id, settings)


@pytest.mark.parametrize("text", ["{}", "[]", "null", "\0", '{"id":"another-draft-16"}', "\ud800"])
def test_every_damaged_file_is_kept(text: str, settings: Settings) -> None:
    draft = save_draft(Draft(filename="list.csv"), settings)
    path = settings.drafts_dir / f"{draft.id}.json"
    for number in range(2):
        path.write_bytes(text.encode(errors="surrogatepass") + b" " * number)
        assert load_draft(draft.id, settings) is None
    assert is_damaged(draft.id, settings)
    assert sorted(each.name for each in settings.drafts_dir.iterdir()) == [
        f"{path.name}.damaged",
        f"{path.name}.damaged-2",
    ]
    # The draft as an open tab shows it is saved again.
    assert change_draft(draft, {"worksheet": "One"}, settings).filename == "list.csv"
    assert load_draft(draft.id, settings) is not None


def test_a_change_for_a_former_sheet_is_dropped_and_a_new_sheet_is_not_merged(
    settings: Settings,
) -> None:
    first = save_draft(Draft(sheet_id="1" * 64), settings)
    corrected = Answers(corrections={2: {"phone": "+1"}})
    change_draft(first, {"answers": corrected}, settings)
    second = change_draft(first, {"sheet_id": "2" * 64, "answers": Answers()}, settings)
    assert second.answers.corrections == {}
    late = change_draft(first, {"answers": corrected}, settings)
    assert late == second


cells = st.tuples(st.integers(2, 4), st.sampled_from(["phone", "name"]))
edits = st.one_of(
    st.tuples(st.just("correct"), cells, st.sampled_from(["x", "y", "z"])),
    st.tuples(st.just("undo"), cells),
    st.tuples(st.just("refuse"), st.integers(2, 4)),
    st.tuples(st.just("use"), st.integers(2, 4)),
    st.tuples(st.just("region"), st.sampled_from(["BR", "MX", None])),
    st.tuples(st.just("value"), st.sampled_from(["a", "b"]), st.sampled_from(["1", "2"])),
    st.tuples(st.just("fallback"), st.sampled_from(["a", "b"]), st.sampled_from(["1", "2"])),
    st.tuples(st.just("batch_size"), st.sampled_from([1, 10])),
    st.tuples(st.just("retries"), st.sampled_from([0, 3])),
)


def edited(draft: Draft, edit: tuple[Any, ...]) -> dict[str, Any]:
    """Return the changes that a page makes to the draft that it shows."""
    answers, mapping, schedule = draft.answers, draft.mapping, draft.schedule
    assert mapping is not None
    assert schedule is not None
    match edit:
        case ("correct", (row, column), text):
            now = {**answers.corrections, row: {**answers.corrections.get(row, {}), column: text}}
            return {"answers": answers.model_copy(update={"corrections": now})}
        case ("undo", (row, column)):
            kept = {
                each: {name: text for name, text in texts.items() if (each, name) != (row, column)}
                for each, texts in answers.corrections.items()
            }
            now = {each: texts for each, texts in kept.items() if texts}
            return {"answers": answers.model_copy(update={"corrections": now})}
        case ("refuse", row):
            refused = answers.refused_rows | {row}
            return {"answers": answers.model_copy(update={"refused_rows": refused})}
        case ("use", row):
            refused = answers.refused_rows - {row}
            return {"answers": answers.model_copy(update={"refused_rows": refused})}
        case ("region", region):
            return {"answers": answers.model_copy(update={"region": region})}
        case ("batch_size" | "retries" as field, number):
            return {"schedule": schedule.model_copy(update={field: number})}
    field, name, text = edit
    source = mapping.variables[name].model_copy(update={field: text})
    variables = {**mapping.variables, name: source}
    return {"mapping": mapping.model_copy(update={"variables": variables})}


@running(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["tab", "other tab", "fragment"]), edits, st.booleans())))
def test_any_interleaving_of_edits_keeps_every_edit(
    steps: list[tuple[str, tuple[Any, ...], bool]],
) -> None:
    """Each place shows the draft as it last drew it. Edits that change nothing are skipped."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        mapping = Mapping(variables={"a": FieldSource(value=""), "b": FieldSource(value="")})
        start = save_draft(Draft(mapping=mapping, schedule=SendSchedule()), settings)
        drawn = dict.fromkeys(["tab", "other tab", "fragment"], start)
        wanted = start
        for place, edit, is_drawn_again in steps:
            if edited(drawn[place], edit).items() <= drawn[place].__dict__.items():
                continue
            change_draft(drawn[place], edited(drawn[place], edit), settings)
            wanted = wanted.model_copy(update=edited(wanted, edit))
            if is_drawn_again:
                drawn[place] = load_draft(start.id, settings) or start
            kept = load_draft(start.id, settings)
            assert kept is not None
            assert kept.mapping == wanted.mapping
            assert kept.answers == wanted.answers
            assert kept.schedule == wanted.schedule


def test_a_mapping_that_another_tab_changed_is_not_confirmed(settings: Settings) -> None:
    drawn = save_draft(Draft(mapping=Mapping()), settings)
    other = Mapping(campaign_name=FieldSource(value="b"))
    change_draft(drawn, {"mapping": other}, settings)

    assert not change_draft(drawn, {"mapping_confirmed": True}, settings).mapping_confirmed
    now = load_draft(drawn.id, settings)
    assert now is not None
    assert change_draft(now, {"mapping_confirmed": True}, settings).mapping_confirmed
