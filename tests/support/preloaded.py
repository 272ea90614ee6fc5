"""Import what the server of `tests.support.fork_server` forks, and nothing that starts a thread."""

import gc
import importlib

from tests.support.components import scan_packages_once

_MODULES = (
    "lib.delivery.worker.__main__",
    "lib.delivery.worker.workflows",
    "lib.sandbox.__main__",
    "lib.child_processes",
    "lib.front_door",
    "lib.outcomes",
    "lib.ui.navigation",
    "lib.ui.server",
    "plotly.graph_objects",
    "streamlit.web.cli",
    "streamlit.web.server.starlette.starlette_app",
)
for _name in _MODULES:
    importlib.import_module(_name)
scan_packages_once()
# Each child collects less garbage, and copies fewer pages.
gc.collect()
gc.freeze()
