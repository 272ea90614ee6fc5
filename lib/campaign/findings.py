"""Findings: what can be wrong with or unusual about a row, by code.

The texts are English sources. Translate them with `lib.i18n._` where they are shown; plans and
their groups are cached for all readers.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd

from lib.campaign.arrow_text import TEXT_TYPE, Mask
from lib.i18n import N_
from lib.sheet.phones.messages import PROBLEMS, REPAIRS


class Severity(StrEnum):
    """``hold`` keeps the row from being sent; ``warn`` does not."""

    HOLD = "hold"
    WARN = "warn"


class FindingCode(StrEnum):
    """The codes of findings. They are stored with plans.

    Findings about phones have codes of their own: the keys of `lib.sheet.phones.messages.PROBLEMS`
    and ``REPAIRS``.
    """

    REPAIR_REFUSED = "repair_refused"
    EXCLUDED = "excluded"
    SAID_NO = "said_no"
    CONSENT_BLANK = "consent_blank"
    CONSENT_BLANK_SENT = "consent_blank_sent"
    CONSENT_UNCLEAR = "consent_unclear"
    CONSENT_UNCLEAR_SENT = "consent_unclear_sent"
    CONSENT_EMAIL = "consent_email"
    OTHER_CHANNEL = "other_channel"
    REACHED_BEFORE = "reached_before"
    IN_OWN_REPORT = "in_own_report"
    IN_OWN_REPORT_SENT = "in_own_report_sent"
    CAMPAIGN_MISSING = "campaign_missing"
    CAMPAIGN_LOOKS_ALIKE = "campaign_looks_alike"
    VARIABLE_EMPTY = "variable_empty"
    DUPLICATE = "duplicate"
    DUPLICATE_DIFFERS = "duplicate_differs"
    DUPLICATE_SENT = "duplicate_sent"
    ERROR_VALUE = "error_value"
    FORMULA_WITHOUT_VALUE = "formula_without_value"
    ROW_TOO_LONG = "row_too_long"
    DIGITS_LOST = "digits_lost"
    CALLBACK_TOO_LARGE = "callback_too_large"
    CALLBACK_UNFIT = "callback_unfit"
    DATE_UNSURE = "date_unsure"
    NOT_A_DATE = "not_a_date"
    NUMBER_UNSURE = "number_unsure"
    NOT_A_NUMBER = "not_a_number"
    TRIMMED = "trimmed"
    LINE_BREAK = "line_break"
    MANY_SPACES = "many_spaces"
    LONG_VALUE = "long_value"
    PLACEHOLDER = "placeholder"
    ODD_LINK = "odd_link"
    IN_CAPITALS = "in_capitals"
    SAME_PERSON = "same_person"
    SPELLED_TWICE = "spelled_twice"
    BROKEN_TEXT = "broken_text"


CONSENT_CODES: Final = (
    FindingCode.SAID_NO,
    FindingCode.CONSENT_BLANK,
    FindingCode.CONSENT_UNCLEAR,
    FindingCode.CONSENT_EMAIL,
)
"""The codes that hold rows back because of consent."""


class Remedy(StrEnum):
    """What is to be done about a row that is held back.

    ``CORRECT``: its cells are wrong or incomplete. ``DECIDE``: its cells may be right, and someone
    has to know whether it may be sent. ``NONE``: it is rightly not sent.
    """

    CORRECT = "correct"
    DECIDE = "decide"
    NONE = "none"


@dataclass(frozen=True)
class FindingWords:
    """The English source texts for a code: a title, what it means, and what to do, if anything.

    The sentence is true on the page and in files. ``action`` is for the page. ``file_action`` is
    for files, which are read elsewhere and later; None if the action is the same there.
    """

    title: str
    sentence: str
    action: str = ""
    file_action: str | None = None
    remedy: Remedy = Remedy.CORRECT

    @property
    def action_in_file(self) -> str:
        """What to do, for a reader of a downloaded file; may be empty."""
        return self.action if self.file_action is None else self.file_action


@dataclass(frozen=True)
class FindingGroup:
    """All findings with one code in one column; ``example_rows`` are the first of them.

    ``title``, ``sentence`` and ``action`` are English source texts without placeholders. ``action``
    may be empty, which must not be passed to ``_``.
    """

    code: str
    severity: Severity
    column: str | None
    count: int
    example_rows: tuple[int, ...]

    @property
    def title(self) -> str:
        """The source text of the title."""
        return WORDS[self.code].title

    @property
    def sentence(self) -> str:
        """The source text of what the finding means."""
        return WORDS[self.code].sentence

    @property
    def action(self) -> str:
        """The source text of what to do, or an empty string."""
        return WORDS[self.code].action


_PHONE_WORDS: Final = {
    str(code): FindingWords(words.title, words.sentence)
    for code, words in {**PROBLEMS, **REPAIRS}.items()
}

_OWN_WORDS: Final[dict[FindingCode, FindingWords]] = {
    FindingCode.REPAIR_REFUSED: FindingWords(
        N_("Automatic fix declined"),
        N_("You chose not to use this automatic fix, or to hold the row back."),
        N_("Correct the number in your sheet, or allow the fix."),
        N_("Correct the number."),
    ),
    FindingCode.EXCLUDED: FindingWords(
        N_("On an exclude list or opted out"),
        N_(
            "This person is on an exclude list, or Connectly has reported that they opted out of "
            "messages from this business."
        ),
        remedy=Remedy.NONE,
    ),
    FindingCode.SAID_NO: FindingWords(
        N_("Declined marketing"),
        N_("The consent column says no to messages."),
        N_("If the column means something else, change its use below."),
        "",
        Remedy.NONE,
    ),
    FindingCode.CONSENT_BLANK: FindingWords(
        N_("No consent recorded"),
        N_("The sheet doesn't say whether this person agreed to get messages."),
        N_("Send only to people who have agreed."),
        remedy=Remedy.DECIDE,
    ),
    FindingCode.CONSENT_BLANK_SENT: FindingWords(
        N_("No consent recorded, sent anyway"),
        N_(
            "Your sheet doesn't say whether these people agreed to get messages. You chose to send "
            "to them."
        ),
    ),
    FindingCode.CONSENT_UNCLEAR: FindingWords(
        N_("Unclear consent"),
        N_("The consent column doesn't clearly say yes or no."),
        N_("Send only to people who have agreed."),
        remedy=Remedy.DECIDE,
    ),
    FindingCode.CONSENT_UNCLEAR_SENT: FindingWords(
        N_("Unclear consent, sent anyway"),
        N_("These cells don't clearly say yes or no. You chose to send to these people."),
    ),
    FindingCode.CONSENT_EMAIL: FindingWords(
        N_("Declined email"),
        N_(
            "This person didn't agree to email. The sheet doesn't say whether that also applies to "
            "WhatsApp."
        ),
        N_("Send only to people who have agreed."),
        remedy=Remedy.NONE,
    ),
    FindingCode.OTHER_CHANNEL: FindingWords(
        N_("Different channel"),
        N_("The row is for a channel other than WhatsApp, or names no channel."),
        N_("If it is for WhatsApp, enter WhatsApp as its channel."),
    ),
    FindingCode.REACHED_BEFORE: FindingWords(
        N_("Already got this campaign"),
        N_(
            "This person got the campaign in an earlier broadcast, or may have, and you chose to "
            "skip people who already got it."
        ),
        remedy=Remedy.NONE,
    ),
    FindingCode.IN_OWN_REPORT: FindingWords(
        N_("Already sent in an earlier broadcast"),
        N_(
            "The sheet is a report of an earlier broadcast. It shows this row as accepted or "
            "unconfirmed, so the person may have got the message."
        ),
        remedy=Remedy.NONE,
    ),
    FindingCode.IN_OWN_REPORT_SENT: FindingWords(
        N_("Sent in an earlier broadcast, sent again"),
        N_("These people may have got an earlier message. You chose to send to them again."),
    ),
    FindingCode.CAMPAIGN_LOOKS_ALIKE: FindingWords(
        N_("Campaign names that look alike"),
        N_(
            "The name looks like another row's but has other capitals, spaces, hyphens or "
            "invisible characters. Connectly treats them as different campaigns."
        ),
        N_("Correct the cells if they should be the same campaign."),
    ),
    FindingCode.CAMPAIGN_MISSING: FindingWords(
        N_("No campaign name"),
        N_("The row doesn't say which campaign to send."),
        N_("Fill in the cell, or set a name for empty cells in step 2."),
        N_("Fill in the cell."),
    ),
    FindingCode.VARIABLE_EMPTY: FindingWords(
        N_("Empty variable"),
        N_(
            "The variable or one of its combined columns is empty. WhatsApp rejects messages with "
            "empty variables."
        ),
        N_("Fill in the cell, or set a text for empty cells in step 2."),
        N_("Fill in the cell."),
    ),
    FindingCode.DUPLICATE: FindingWords(
        N_("Duplicate recipient"),
        N_("Another row has the same phone, campaign and version. Only the other row is sent."),
        remedy=Remedy.NONE,
    ),
    FindingCode.DUPLICATE_DIFFERS: FindingWords(
        N_("Duplicate recipient with different values"),
        N_(
            "Another row has the same phone, campaign and version, but different values. Only the "
            "other row is sent, which is the first one unless you choose."
        ),
        N_("Decide which row is right."),
        N_("Check which of the rows is right."),
        Remedy.NONE,
    ),
    FindingCode.DUPLICATE_SENT: FindingWords(
        N_("Duplicate recipient, sent twice"),
        N_(
            "An earlier row has the same phone, campaign and version. Both are sent, because you "
            "chose to send a campaign to the same person more than once."
        ),
    ),
    FindingCode.ERROR_VALUE: FindingWords(
        N_("Spreadsheet error"),
        N_("The cell contains a spreadsheet error, such as #REF! or #N/A."),
        N_("Fix the formula in your spreadsheet, then upload the file again."),
    ),
    FindingCode.FORMULA_WITHOUT_VALUE: FindingWords(
        N_("Formula without a result"),
        N_("The file contains a formula but not its result."),
        N_("Open the file in your spreadsheet program, save it, and upload it again."),
    ),
    FindingCode.ROW_TOO_LONG: FindingWords(
        N_("More cells than columns"),
        N_(
            "The row has more cells than the sheet has columns, so its values may be shifted by "
            "one column."
        ),
        N_("Put quotes around cells that contain the separator, or correct the row here."),
        N_("Put quotes around cells that contain the separator."),
    ),
    FindingCode.DIGITS_LOST: FindingWords(
        N_("Digits lost"),
        N_(
            "Spreadsheets keep only 15 digits of a number. This number was longer, so its last "
            "digits are lost."
        ),
        N_("Export the column as text from its source."),
    ),
    FindingCode.CALLBACK_TOO_LARGE: FindingWords(
        N_("Callback data too long"),
        N_("Callback data can have up to 1,024 bytes."),
        N_("Shorten it or leave it out."),
    ),
    FindingCode.CALLBACK_UNFIT: FindingWords(
        N_("Invalid callback data"),
        N_("The callback data looks like JSON but isn't valid JSON."),
        N_("Correct it or leave it out."),
    ),
    FindingCode.DATE_UNSURE: FindingWords(
        N_("Ambiguous date"),
        N_(
            "A date such as 03/04/2025 can be in March or in April, and we don't guess. Or the "
            "date doesn't exist."
        ),
        N_("Choose how your sheet writes dates in step 2, or correct the cell."),
        N_("Correct the date, or write its month as a word."),
    ),
    FindingCode.NOT_A_DATE: FindingWords(
        N_("Not a date"),
        N_("We don't recognize this text as a date. It is sent unchanged."),
        N_("Correct the cell if it should be a date."),
    ),
    FindingCode.NUMBER_UNSURE: FindingWords(
        N_("Ambiguous decimal separator"),
        N_(
            "A number such as 1.234 can be more than a thousand or a little more than one, and we "
            "don't guess."
        ),
        N_("Choose the decimal separator of your sheet in step 2, or correct the cell."),
        N_("Write the number so that it can be read in only one way."),
    ),
    FindingCode.NOT_A_NUMBER: FindingWords(
        N_("Not a number"),
        N_("We don't recognize this text as a number. It is sent unchanged."),
        N_("Correct the cell if it should be a number."),
    ),
    FindingCode.TRIMMED: FindingWords(
        N_("Spaces trimmed"), N_("Spaces before or after the text were removed.")
    ),
    FindingCode.LINE_BREAK: FindingWords(
        N_("Line break or tab in a variable"),
        N_("WhatsApp may reject the message."),
        N_("Put the text on one line."),
    ),
    FindingCode.MANY_SPACES: FindingWords(
        N_("Many consecutive spaces"),
        N_("WhatsApp may reject more than four consecutive spaces in a variable."),
        N_("Remove the extra spaces."),
    ),
    FindingCode.LONG_VALUE: FindingWords(
        N_("Very long variable"),
        N_("WhatsApp may reject a variable of more than 1,024 characters."),
        N_("Shorten the text."),
    ),
    FindingCode.PLACEHOLDER: FindingWords(
        N_("Unfilled placeholder"),
        N_(
            "The value looks like a placeholder, such as N/A, test or [name]. It is sent unchanged."
        ),
        N_("Enter the real value, or clear the cell and set a text for empty cells in step 2."),
        N_("Enter the real value."),
    ),
    FindingCode.ODD_LINK: FindingWords(
        N_("Link that may not open"),
        N_("The value begins like a web address but isn't a valid one."),
        N_("Correct the address."),
    ),
    FindingCode.IN_CAPITALS: FindingWords(
        N_("Name in capitals"),
        N_("The name is sent in capital letters."),
        N_("Change it in your sheet, or choose another format in step 2."),
        N_("Change it in your sheet."),
    ),
    FindingCode.SAME_PERSON: FindingWords(
        N_("Same person, different phone"),
        N_(
            "Another row has the same email address or customer number but a different phone. Both "
            "get the campaign."
        ),
        N_("Delete one of the rows if the person should get it only once."),
    ),
    FindingCode.SPELLED_TWICE: FindingWords(
        N_("One person, two spellings of the phone"),
        N_(
            "Another row has the same phone in another spelling, such as with and without Mexico's "
            "1. Both messages reach the same person."
        ),
        N_("Delete one of the rows if the person should get only one message."),
    ),
    FindingCode.BROKEN_TEXT: FindingWords(
        N_("Garbled letters"),
        N_(
            "The text contains signs of a wrong encoding, such as Ã©, or codes of a web page. It "
            "is sent unchanged."
        ),
        N_("Correct the cell, or export the sheet again as UTF-8."),
    ),
}

WORDS: Final[dict[str, FindingWords]] = {
    **_PHONE_WORDS,
    **{str(code): words for code, words in _OWN_WORDS.items()},
}
"""The source texts of every finding, by code."""


class Findings:
    """Findings collected column by column; a row may have several.

    ``held`` is the mask of the rows with a finding that holds them back.
    """

    def __init__(self, rows: pd.Index) -> None:
        self._rows = rows
        self._parts: list[pd.DataFrame] = []
        self.held: Mask = np.zeros(len(rows), dtype=bool)

    def add(self, mask: Mask, code: str, severity: Severity, column: str | None = None) -> None:
        """Add a finding for every row of the mask."""
        if not mask.any():
            return
        self._parts.append(
            pd.DataFrame(
                {
                    "row": self._rows[mask],
                    "code": str(code),
                    "severity": severity.value,
                    "column": column,
                }
            )
        )
        if severity is Severity.HOLD:
            self.held |= mask

    def mask(self, code: str, column: str | None = None) -> Mask:
        """Return a mask of the rows with a finding of this code, if given in this column."""
        found: Mask = np.zeros(len(self._rows), dtype=bool)
        for part in self._parts:
            first = part.iloc[0]
            if first["code"] == code and column in {None, first["column"]}:
                found |= self._rows.isin(part["row"])
        return found

    def frame(self) -> pd.DataFrame:
        """Return one line for each finding, ordered by row: row, code, severity, column."""
        empty = pd.DataFrame({"row": [], "code": [], "severity": [], "column": []}).astype(
            {"row": "int64"}
        )
        found = pd.concat(self._parts, ignore_index=True) if self._parts else empty
        typed = found.astype({"code": TEXT_TYPE, "severity": TEXT_TYPE, "column": TEXT_TYPE})
        return typed.sort_values("row", kind="stable", ignore_index=True)
