"""Let Streamlit look for components among the installed packages once per process.

It does so for each app, and reads the metadata of every package, which takes longer than most
pages. Packages are not installed while tests run.
"""

import functools

from streamlit.components.v2 import manifest_scanner


def scan_packages_once() -> None:
    """Scan now, and use the result for every app of this process and its forks."""
    scan = functools.cache(manifest_scanner.scan_component_manifests)
    scan()
    manifest_scanner.scan_component_manifests = scan
