import stat

import pytest

from lib.campaign import Answers, Draft, Mapping, Source, load_draft, save_draft
from lib.settings import Settings


def test_a_draft_comes_back_as_it_was_and_only_its_owner_can_read_it(settings: Settings) -> None:
    draft = Draft(
        sheet_id="0" * 64,
        filename="list.csv",
        mapping=Mapping(client=Source(column="phone"), variables={"n": Source(value="x")}),
        answers=Answers(region="BR", refused_repairs=frozenset({"brazil_9"})),
    )

    kept = save_draft(draft, settings)

    assert load_draft(draft.id, settings) == kept
    path = settings.drafts_dir / f"{draft.id}.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "draft_id", ["", "no-such-draft", "../../secret.json", "a" * 16, "a/b", "a" * 5_000, "\0" * 16]
)
def test_an_id_that_nobody_has_given_out_finds_nothing(draft_id: str, settings: Settings) -> None:
    assert load_draft(draft_id, settings) is None


def test_a_damaged_draft_is_as_good_as_none(settings: Settings) -> None:
    draft = save_draft(Draft(), settings)
    (settings.drafts_dir / f"{draft.id}.json").write_text('{"mapping": 7')

    assert load_draft(draft.id, settings) is None
