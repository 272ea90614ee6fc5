"""The base class of errors that people see."""

from typing import ClassVar

from lib.i18n import _


class StudioError(Exception):
    """An error with a code, a sentence that says what happened, and what to do about it.

    A subclass marks ``sentence`` and ``action`` with `lib.i18n.N_`. Both may name values in braces,
    which are passed as keyword arguments and kept in ``values``. Neither the texts nor the values
    may hold a phone number, a key, or the content of a cell.
    """

    code: ClassVar[str]
    sentence: ClassVar[str]
    action: ClassVar[str]

    def __init__(self, **values: int | str) -> None:
        self.values = values
        super().__init__(self.code)

    @property
    def translated_sentence(self) -> str:
        """What happened, in the reader's language."""
        return _(self.sentence, **self.values)

    @property
    def translated_action(self) -> str:
        """What to do about it, in the reader's language."""
        return _(self.action, **self.values)

    def __str__(self) -> str:
        """Return the sentence and the action in English, for logs and the command line."""
        return f"{self.sentence} {self.action}".format(**self.values)
