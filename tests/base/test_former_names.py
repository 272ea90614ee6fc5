"""Names of earlier releases keep working, with a warning."""

import logging
from pathlib import Path

import pytest

import lib.settings
from lib.delivery import start_run
from lib.former_names import accepts_former_names
from lib.settings import Settings
from tests.support.worker import plan_of


@accepts_former_names(repeat="resend_number")
def example(*, resend_number: int = 0) -> int:
    return resend_number


def test_a_former_keyword_is_accepted_with_a_warning():
    with pytest.warns(DeprecationWarning, match="repeat is called resend_number now"):
        assert example(repeat=2) == 2  # type: ignore[call-arg]


def test_both_names_of_one_argument_are_refused():
    with pytest.raises(TypeError, match="the same argument"):
        example(repeat=1, resend_number=1)  # type: ignore[call-arg]


def test_start_run_still_takes_the_keywords_of_earlier_releases(data_dir: Path):
    plan = plan_of(2)
    first = start_run(plan, connection="sandbox")
    with pytest.warns(DeprecationWarning, match="repeat is called"):
        again = start_run(plan, connection="sandbox", repeat=1)  # type: ignore[call-arg]
    assert again != first
    assert start_run(plan, connection="sandbox", resend_number=1) == again


def test_former_settings_in_the_environment_work_and_are_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setenv("SENDOUT_KEEP_DAYS", "3")
    monkeypatch.setenv("SENDOUT_SHEET_ROOTS", "/data/lists, s3://bucket/lists")
    with caplog.at_level(logging.WARNING):
        settings = Settings()
    assert settings.retention_days == 3
    assert settings.sheet_allowed_roots == ("/data/lists", "s3://bucket/lists")
    assert "SENDOUT_KEEP_DAYS is called SENDOUT_RETENTION_DAYS now" in caplog.text


def test_the_present_name_of_a_setting_takes_precedence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SENDOUT_KEEP_DAYS", "3")
    monkeypatch.setenv("SENDOUT_RETENTION_DAYS", "5")
    assert Settings().retention_days == 5


def test_former_settings_in_the_secrets_file_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    secrets = tmp_path / "secrets.toml"
    secrets.write_text("[sendout]\nkeep_days = 4\n")
    monkeypatch.setattr(lib.settings, "SECRETS_FILE", secrets)
    assert Settings().retention_days == 4
