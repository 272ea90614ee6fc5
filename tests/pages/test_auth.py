"""Fragments, which run without the router, check the sign-in."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib.settings import get_settings
from lib.ui import server
from tests.support.app_test import texts
from tests.support.sign_in import write_secrets


def draw_fragment() -> None:
    import streamlit as st

    from lib.ui import auth

    @auth.fragment
    def draw() -> None:
        st.write("38 recipients")

    draw()


@pytest.fixture(autouse=True)
def _forget_sign_in(data_dir: Path) -> None:
    server.sign_in.cache_clear()


def test_a_fragment_asks_strangers_to_sign_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets_file = write_secrets(tmp_path / "secrets.toml", port=8501)
    monkeypatch.setenv("STREAMLIT_SECRETS_FILES", str(secrets_file))
    monkeypatch.setenv("SENDOUT_SIGN_IN_DOMAINS", "corp.example")
    get_settings.cache_clear()

    app = AppTest.from_function(draw_fragment).run()

    assert texts(app).splitlines() == ["Sendout Studio", "Please sign in to continue.", "Sign in"]
    server.sign_in.cache_clear()


def test_a_fragment_is_drawn_without_sign_in() -> None:
    assert texts(AppTest.from_function(draw_fragment).run()) == "38 recipients"
