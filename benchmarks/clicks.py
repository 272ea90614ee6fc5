"""Server time of a click on each page with an open sheet of a million rows."""

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import streamlit as st
from streamlit.testing.v1 import AppTest

from benchmarks.harness import Line
from benchmarks.sheets import CSV_ROWS, write_csv
from lib.campaign import Answers, Draft, save_draft, suggest_mapping
from lib.settings import ROOT, get_settings
from lib.sheet import keep_upload, read_sheet, upload_path

_PAGES = ("start", "new_sendout", "quick_test", "runs", "outcomes", "exclude_lists", "settings")
_CLICKS = 5


def main() -> Iterator[Line]:
    """Yield a line for each page."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SENDOUT_DATA_DIR"] = folder
        get_settings.cache_clear()
        draft = _draft(Path(folder))
        st.cache_resource.clear()
        app = AppTest.from_file(str(ROOT / "lib" / "router.py"), default_timeout=300)
        app.run()
        for page in _PAGES:
            app.switch_page(f"../pages/{page}.py")
            app.query_params["draft"] = draft.id
            first = _seconds(app)
            clicks = [_seconds(app) for _ in range(_CLICKS)]
            yield Line(
                f"A click on {page}, {CSV_ROWS:,} rows open",
                f"{statistics.median(clicks) * 1000:,.0f} ms",
                f"first look {first:.1f} s",
                "",
            )


def _draft(folder: Path) -> Draft:
    path = folder / "million.csv"
    write_csv(path)
    settings = get_settings()
    upload_id = keep_upload(path.read_bytes(), path.name, settings=settings)
    sheet = read_sheet(
        upload_path(upload_id, settings=settings), filename=path.name, settings=settings
    )
    draft = Draft(
        upload_id=upload_id,
        sheet_id=sheet.id,
        filename=path.name,
        mapping=suggest_mapping(sheet),
        mapping_confirmed=True,
        answers=Answers(region="US"),
    )
    return save_draft(draft, settings)


def _seconds(app: AppTest) -> float:
    started = time.perf_counter()
    app.run()
    if app.exception:
        raise AssertionError(app.exception)
    return time.perf_counter() - started
