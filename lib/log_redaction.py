"""Keep phone numbers out of the logs, whoever writes them.

Our own messages never hold one. A library's exception may quote a cell, and Streamlit logs every
traceback, so whatever looks like a phone is blotted out before it is written.
"""

import logging
import re
from typing import Any, Final

# Eight digits or more, with what people put between them, unless they begin as a date or are a part
# of an id or a fraction, which no plus begins. Before them may stand a letter that ends an escape,
# as in a quoted line, and after them the full stop of a sentence.
_DIGITS: Final = r"\d(?:[\s()./\u2010-\u2015\u2212-]{0,2}\d){7,}"
_PHONE: Final = re.compile(
    r"(?:(?<![\w.-])|(?<=\\[nrtvf])|(?<=\\x[0-9a-f]{2}))(?!\d{4}-\d\d-\d\d\b)"
    rf"(?:\+{_DIGITS}|\(?{_DIGITS}(?!\w|\.\w))"
)
_BLOT: Final = "[number]"


class RedactingLogRecord(logging.LogRecord):
    """A record without phone numbers, in its message and its traceback."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        if self.exc_info:
            # Formatters take this text, where there is one, and make none of their own.
            self.exc_text = _blotted(logging.Formatter().formatException(self.exc_info))

    def getMessage(self) -> str:  # noqa: N802 - the base class's name
        """Return the message without phone numbers."""
        return _blotted(super().getMessage())


def _blotted(text: str) -> str:
    return _PHONE.sub(_BLOT, text)


def install_redaction() -> None:
    """Make every record of this process a private one, whichever handler writes it and since when.

    Streamlit makes handlers anew as its modules are loaded and its options are read.
    """
    logging.setLogRecordFactory(RedactingLogRecord)
