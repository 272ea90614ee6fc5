"""Pages run as a visitor's session runs them, without a browser: from the router on."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from lib.settings import ROOT
from lib.ui import server

Visit = Callable[..., AppTest]


@pytest.fixture
def visit(data_dir: Path) -> Iterator[Visit]:
    """Open a page by its file's name, with what stands in its address."""
    st.cache_resource.clear()

    server.sign_in.cache_clear()

    def open_page(name: str, **query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "lib" / "router.py"), default_timeout=60)
        app.run()
        app.switch_page(f"../pages/{name}.py")
        for key, value in query.items():
            app.query_params[key] = value
        app.run()
        assert not app.exception
        return app

    yield open_page
    server.sign_in.cache_clear()


def texts(app: AppTest) -> str:
    """Return all that a person can read on the page, as one text."""
    kinds = (
        app.title, app.header, app.subheader, app.markdown, app.caption, app.info, app.warning,
        app.error, app.success, app.code,
    )  # fmt: skip
    shown = [str(each.value) for kind in kinds for each in kind]
    shown += [f"{each.label} {each.value}" for each in app.metric]
    shown += [each.label for each in [*app.button, *app.expander, *app.checkbox]]
    return "\n".join(shown).replace("\\", "")


def press(app: AppTest, label: str) -> AppTest:
    """Press the button of this label and let the page run."""
    next(each for each in app.button if each.label == label).click().run()
    assert not app.exception
    return app
