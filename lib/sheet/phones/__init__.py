"""Phone numbers: read cells as E.164 numbers, and identify the person behind a number."""

from lib.sheet.phones.parse import normalise

__all__ = ["normalise"]
