"""Pages run from the router, as in a visitor's session, without a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from lib.settings import ROOT
from lib.ui import server
from tests.support.app_test import Visit
from tests.support.components import scan_packages_once


@pytest.fixture(scope="session", autouse=True)
def _one_scan_of_packages() -> None:
    """Start each page without looking for components in all packages again."""
    scan_packages_once()


@pytest.fixture
def visit(data_dir: Path) -> Iterator[Visit]:
    """Return a function that opens a page by the name of its file, with query parameters."""
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
