"""Phone numbers: from the text of a cell to an E.164 number and the person behind it."""

from lib.sheet.phones.parse import normalise

__all__ = ["normalise"]
