"""Messages of the app to a template process."""

from typing import Final

READ: Final = b"r"
"""Fork a reader; three descriptors come with it."""

RETIRE: Final = b"q"
"""End once the readers have ended."""
