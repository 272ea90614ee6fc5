"""Pages say so where the shared storage is away, and go on once it is back."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib.delivery import list_runs
from lib.settings import get_settings
from tests.support.app_test import Visit, press, texts


@pytest.fixture
def shared(tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shared folder that the settings lead to."""
    folder = tmp_path / "shared"
    folder.mkdir()
    monkeypatch.setenv("SENDOUT_STORAGE_URL", folder.as_uri())
    get_settings.cache_clear()
    return folder


def confirm(app: AppTest) -> None:
    next(box for box in app.checkbox if "I have checked" in box.label).check().run()


def test_nothing_is_sent_while_the_storage_is_away(visit: Visit, shared: Path) -> None:
    app = visit("new_broadcast")
    rows = b"phone,campaign,name\n+16505550101,demo_welcome,Ana\n"
    app.file_uploader[0].upload("list.csv", rows).run()
    app = press(app, "Confirm columns")
    confirm(app)
    away = shared.rename(shared.with_name("away"))

    app = press(app, "Send to 1 recipient")

    assert "of the shared storage doesn't exist" in texts(app)
    away.rename(shared)
    app.run()
    assert "Nothing was sent." in texts(app)
    assert list_runs() == []
    confirm(app)
    press(app, "Send to 1 recipient")
    assert len(list_runs()) == 1


def test_a_list_that_could_not_be_shared_is_not_called_added(visit: Visit, shared: Path) -> None:
    app = visit("exclude_lists")
    app.text_area[0].set_value("+16505550101").run()
    shared.rmdir()
    app = press(app, "Add list")

    assert "of the shared storage doesn't exist" in texts(app)
    shared.mkdir()
    assert "No exclude lists yet" in texts(visit("exclude_lists"))
