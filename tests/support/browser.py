"""Find a browser for the tests, or install one: ``python -m tests.support.browser``.

The system's Chromium or Chrome comes first, then Playwright's own; where there is neither,
Playwright fetches its own, and where that cannot work, Debian's package is installed. A test that
needs a browser never skips: without one it fails and says what to do.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
FETCH_SECONDS = 240
ADVICE = "Found no browser and could not install one. Install Chromium or Google Chrome."


class BrowserMissingError(RuntimeError):
    """There is no browser that starts on this machine."""


def find_browser() -> Path:
    """Return a Chromium or Chrome that starts. Raises BrowserMissingError where there is none."""
    for name in NAMES:
        if (path := shutil.which(name)) and _starts(path):
            return Path(path)
    if _starts(own := _playwrights_own()):
        return Path(own)
    raise BrowserMissingError(ADVICE)


def install_browser() -> Path:
    """Install a browser and return it. Raises BrowserMissingError where no way leads to one."""
    ways = [[[sys.executable, "-m", "playwright", "install", "chromium"]]]
    if shutil.which("apt-get") and os.geteuid() == 0:
        ways.append([["apt-get", "update"], ["apt-get", "install", "--yes", "chromium"]])
    for commands in ways:
        if all(_run(command) for command in commands):
            try:
                return find_browser()
            except BrowserMissingError:
                continue  # fetched, but it lacks a library of the system's: the next way
    raise BrowserMissingError(ADVICE)


def _playwrights_own() -> str:
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def _starts(browser: str) -> bool:
    """Tell whether the program runs at all: some are stubs, some lack a library."""
    try:
        done = subprocess.run([browser, "--version"], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _run(command: list[str]) -> bool:
    sys.stdout.write(f"Running: {' '.join(command)}\n")
    sys.stdout.flush()
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=FETCH_SECONDS,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def main() -> None:
    """Say which browser the tests will drive; exit with 1 where there is none to be had."""
    try:
        try:
            browser = find_browser()
        except BrowserMissingError:
            browser = install_browser()
    except BrowserMissingError as error:
        sys.exit(str(error))
    sys.stdout.write(f"The tests drive {browser}\n")


if __name__ == "__main__":
    main()
