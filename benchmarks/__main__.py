"""Measure and print a table: ``python -m benchmarks [sheets] [clicks] [sending] …``, or all."""

import sys

from benchmarks import clicks, detection, outcomes, reached, sending, sheets, tabs

_ALL = {
    "sheets": sheets.main,
    "reached": reached.main,
    "detection": detection.main,
    "clicks": clicks.main,
    "outcomes": outcomes.main,
    "sending": sending.main,
    "tabs": tabs.main,
}


def main() -> None:
    """Print the table, line by line."""
    sys.stdout.write("| What | Sendout Studio | Plain script | Ratio |\n|---|---|---|---|\n")
    for name in sys.argv[1:] or _ALL:
        for line in _ALL[name]():
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
