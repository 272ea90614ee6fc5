"""Two tabs on one draft: each keeps the changes of the other, and neither sends them unseen."""

from lib.campaign import FieldSource, SendSchedule, change_draft, load_draft
from lib.delivery import list_runs
from lib.settings import Settings
from tests.support.app_test import Visit, press
from tests.support.drafts import current_draft_id, prepared


def test_columns_changed_in_another_tab_are_not_overwritten(
    visit: Visit, settings: Settings
) -> None:
    app = prepared(visit)
    drawn = load_draft(current_draft_id(app), settings)
    assert drawn is not None
    assert drawn.mapping is not None
    theirs = drawn.mapping.model_copy(update={"campaign_version": FieldSource(value="2")})
    change_draft(drawn, {"mapping": theirs}, settings)
    app.run()
    assert not app.exception
    kept = load_draft(drawn.id, settings)
    assert kept is not None
    assert kept.mapping == theirs

    variable = next(each for each in app.text_input if each.label == "Variable")
    variable.set_value("who").run()
    kept = load_draft(drawn.id, settings)
    assert kept is not None
    assert kept.mapping is not None
    assert list(kept.mapping.variables) == ["who"]
    assert kept.mapping.campaign_version == FieldSource(value="2")


def test_a_schedule_changed_in_another_tab_is_not_overwritten(
    visit: Visit, settings: Settings
) -> None:
    app = prepared(visit)
    drawn = load_draft(current_draft_id(app), settings)
    assert drawn is not None
    theirs = SendSchedule(batch_size=50, stop_share=0.5, zone="UTC")
    change_draft(drawn, {"schedule": theirs}, settings)
    app.run()
    assert not app.exception
    kept = load_draft(drawn.id, settings)
    assert kept is not None
    assert kept.schedule == theirs


def test_nothing_is_sent_if_another_tab_changed_the_columns(
    visit: Visit, settings: Settings
) -> None:
    app = prepared(visit)
    next(each for each in app.checkbox if "checked the numbers" in each.label).check().run()
    drawn = load_draft(current_draft_id(app), settings)
    assert drawn is not None
    assert drawn.mapping is not None
    theirs = drawn.mapping.model_copy(update={"campaign_name": FieldSource(value="demo_promo")})
    change_draft(drawn, {"mapping": theirs}, settings)
    press(app, "Send to 2 recipients")
    assert list_runs(settings=settings) == []
