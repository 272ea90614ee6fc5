"""Remove phone numbers from log records.

Our own messages never contain one. Exceptions of libraries may quote a cell, and Streamlit logs
every traceback, so everything that looks like a phone number is replaced before it is written.
"""

import logging
import re
from typing import Any, Final

# Eight digits or more with common separators, unless they start like a date or, without a plus, are
# part of an id or a decimal fraction. An escape sequence may precede them in a quoted text, and a
# full stop may follow.
_DIGITS: Final = r"\d(?:[\s()./\u2010-\u2015\u2212-]{0,2}\d){7,}"
_PHONE: Final = re.compile(
    r"(?:(?<![\w.-])|(?<=\\[nrtvf])|(?<=\\x[0-9a-f]{2}))(?!\d{4}-\d\d-\d\d\b)"
    rf"(?:\+{_DIGITS}|\(?{_DIGITS}(?!\w|\.\w))"
)
_PLACEHOLDER: Final = "[number]"


class RedactingLogRecord(logging.LogRecord):
    """A log record without phone numbers in its message and traceback."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        if self.exc_info:
            # Formatters use this text instead of formatting the exception themselves.
            self.exc_text = _redacted(logging.Formatter().formatException(self.exc_info))

    def getMessage(self) -> str:  # noqa: N802 - the base class's name
        """Return the message without phone numbers."""
        return _redacted(super().getMessage())


def _redacted(text: str) -> str:
    return _PHONE.sub(_PLACEHOLDER, text)


def install_redaction() -> None:
    """Redact all log records of this process, whichever handler writes them.

    A record factory is used because Streamlit replaces handlers when it reads its options.
    """
    logging.setLogRecordFactory(RedactingLogRecord)
