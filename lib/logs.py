"""Keep phone numbers out of the logs, whoever writes them.

Our own messages never hold one. A library's exception may quote a cell, and Streamlit logs every
traceback, so whatever looks like a phone is blotted out before it is written.
"""

import logging
import re
from typing import Final

# Eight digits or more, with what people put between them, unless they begin as a date or are a part
# of an id or a fraction. Before them may stand a letter that ends an escape, as in a quoted line,
# and after them the full stop of a sentence.
_PHONE: Final = re.compile(
    r"(?:(?<![\w.-])|(?<=\\[nrtvf])|(?<=\\x[0-9a-f]{2}))(?!\d{4}-\d\d-\d\d\b)"
    r"[+(]?\d(?:[\s()./\u2010-\u2015\u2212-]{0,2}\d){7,}(?!\w|\.\w)"
)
_BLOT: Final = "[number]"


class PrivateFormatter(logging.Formatter):
    """Format as another formatter does, then blot out what looks like a phone number."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """Return the finished line, traceback included, without phone numbers."""
        return _PHONE.sub(_BLOT, self._inner.format(record))


def keep_private() -> None:
    """Put the blotting formatter on every handler there is. Safe to call again."""
    loggers = [logging.getLogger(), *map(logging.getLogger, logging.root.manager.loggerDict)]
    for handler in {each for logger in loggers for each in logger.handlers}:
        if not isinstance(handler.formatter, PrivateFormatter):
            handler.setFormatter(PrivateFormatter(handler.formatter or logging.Formatter()))
