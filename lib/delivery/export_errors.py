"""Errors of long reports. The ledger stores their codes and values, never their texts."""

import contextlib
from collections.abc import Mapping

from lib.errors import StudioError
from lib.i18n import N_
from lib.sheet import SheetError


class ExportFailedError(StudioError):
    """The report could not be made, and the code of the error is unknown to this release."""

    code = "STUDIO_REPORT_FAILED"
    sentence = N_("The report couldn't be prepared.")
    action = N_("Try again. If it fails again, contact your administrator.")


class ExportEndedError(StudioError):
    """The process that makes the report was stopped, as happens when memory runs out."""

    code = "STUDIO_REPORT_ENDED_EARLY"
    sentence = N_("The report stopped before it was finished, usually because memory ran out.")
    action = N_("Try again when the server is less busy, or download the report as CSV.")


class NoRoomForExportError(StudioError, OSError):
    """The disk of the machine that makes the report is full."""

    code = "STUDIO_NO_ROOM_FOR_REPORT"
    sentence = N_("There isn't enough disk space to write the report.")
    action = N_("Ask your administrator to free some disk space, then try again.")


class _StoredExportError(ExportFailedError):
    """An error of an earlier release, which stored English texts: they are its values."""

    sentence = "{sentence}"
    action = "{action}"


def restore_export_error(
    code: str | None,
    values: Mapping[str, int | str],
    *,
    stored_sentence: str | None = None,
    stored_action: str | None = None,
) -> StudioError:
    """Return the error with a stored code and values.

    The stored texts of an earlier release take the place of an error that this process does not
    know or whose values are missing; without them, it is an ExportFailedError.
    """
    with contextlib.suppress(KeyError, TypeError, ValueError):
        # Raised if a value is missing, or if the code is unknown.
        error = _make_error(code, values)
        str(error)
        return error
    if stored_sentence and stored_action:
        return _StoredExportError(sentence=stored_sentence, action=stored_action)
    return ExportFailedError()


def _make_error(code: str | None, values: Mapping[str, int | str]) -> StudioError:
    error_class = _find_error_class(code)
    if error_class is not None:
        return error_class(**values)
    return SheetError(code or "", **values)  # one class for all codes of sheets


def _find_error_class(code: str | None) -> type[StudioError] | None:
    """Return the loaded error class that defines a code."""
    pending: list[type[StudioError]] = [StudioError]
    while pending:
        each = pending.pop()
        if vars(each).get("code") == code is not None:
            return each
        pending += each.__subclasses__()
    return None
