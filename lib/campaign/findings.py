"""What can be wrong or odd about a row, in words: each finding by its code."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lib.sheet.phones.messages import PROBLEMS, REPAIRS


class Severity(StrEnum):
    """``hold`` keeps the row from being sent; ``warn`` does not."""

    HOLD = "hold"
    WARN = "warn"


@dataclass(frozen=True)
class FindingWords:
    """A kind of finding as people read it: a title, what it means, what to do."""

    title: str
    sentence: str
    action: str = ""


@dataclass(frozen=True)
class FindingGroup:
    """All findings of one kind in one column; ``example_rows`` are the first of them."""

    code: str
    severity: Severity
    title: str
    sentence: str
    action: str
    column: str | None
    count: int
    example_rows: tuple[int, ...]


_PHONES: Final = {
    code: FindingWords(f"Phone: {words.title[0].lower()}{words.title[1:]}", words.sentence)
    for code, words in {**PROBLEMS, **REPAIRS}.items()
}

WORDS: Final[dict[str, FindingWords]] = {
    **_PHONES,
    "repair_refused": FindingWords(
        "Phone: repair not wanted",
        "You chose not to use this kind of repair.",
        "Correct the number in your sheet, or allow the repair.",
    ),
    "excluded": FindingWords(
        "On an exclude list, or opted out",
        "This person is on a list of people who must not get campaigns, or has opted out of this "
        "business, as Connectly has reported.",
    ),
    "said_no": FindingWords(
        "Said no to marketing",
        "The column says that these people have not agreed, or no longer agree, to messages.",
        "If the column says something else, say so below.",
    ),
    "consent_blank": FindingWords(
        "No answer about marketing",
        "Nothing in your sheet says whether these people have agreed to messages.",
        "Decide below for all of them; until then they are held back.",
    ),
    "consent_blank_sent": FindingWords(
        "No answer about marketing, sent",
        "Nothing in your sheet says whether these people have agreed, and you chose to send to "
        "them.",
    ),
    "consent_unclear": FindingWords(
        "Answer about marketing not understood",
        "These cells say neither yes nor no in words that we know.",
        "Decide below for all of them, or correct the cells; until then they are held back.",
    ),
    "consent_unclear_sent": FindingWords(
        "Answer about marketing not understood, sent",
        "These cells say neither yes nor no in words that we know, and you chose to send to them.",
    ),
    "consent_email": FindingWords(
        "Said no to e-mail",
        "The column speaks of e-mail. It is not clear whether it counts for WhatsApp.",
        "Decide below for the column; until then these rows are held back.",
    ),
    "other_channel": FindingWords(
        "For another channel",
        "The row is for another channel than WhatsApp, or names none.",
        "If it is for WhatsApp, write that into its cell.",
    ),
    "reached_before": FindingWords(
        "Has had this campaign before",
        "This phone has got the campaign in an earlier run, or may have, and you chose to send to "
        "new people only.",
    ),
    "campaign_missing": FindingWords(
        "No campaign name",
        "The row does not say which campaign to send.",
        "Fill the cell, or give a name for empty cells in step 2.",
    ),
    "variable_empty": FindingWords(
        "Empty variable",
        "WhatsApp refuses a message with an empty variable, or one with a part left empty.",
        "Fill the cell, or give a text for empty cells in step 2.",
    ),
    "duplicate": FindingWords(
        "Same phone twice",
        "An earlier row has the same phone, campaign and version. Only that one is sent.",
    ),
    "duplicate_differs": FindingWords(
        "Same phone twice, with other values",
        "An earlier row has the same phone, campaign and version, but other values. Only the "
        "earlier one is sent.",
        "Decide which of the two is right, and take the other out.",
    ),
    "duplicate_sent": FindingWords(
        "Same phone twice, sent twice",
        "An earlier row has the same phone, campaign and version. Both are sent, since you "
        "allowed people to get a campaign again.",
    ),
    "error_value": FindingWords(
        "Spreadsheet error",
        "The cell holds an error of the spreadsheet, such as #REF! or #N/A.",
        "Mend the formula in your spreadsheet and upload it again.",
    ),
    "formula_without_value": FindingWords(
        "Formula without a result",
        "The file holds a formula, but not its result.",
        "Open the file in your spreadsheet, save it, and upload it again.",
    ),
    "row_too_long": FindingWords(
        "More cells than columns",
        "This row has more cells than there are columns, so its cells may stand one place off.",
        "Put quotes around a cell with a comma in it, or correct the row here.",
    ),
    "digits_lost": FindingWords(
        "Digits lost",
        "The spreadsheet keeps 15 digits of a number; this one was longer, and its end is lost.",
        "Export the column as text from where it came.",
    ),
    "callback_too_large": FindingWords(
        "Callback data too long",
        "Callback data may take 1,024 bytes at most.",
        "Shorten it, or leave it out.",
    ),
    "callback_unfit": FindingWords(
        "Callback data not usable",
        "The callback data looks like JSON but holds something that JSON does not allow.",
        "Correct it, or leave it out.",
    ),
    "date_unsure": FindingWords(
        "Date that could be two dates",
        "A date such as 03/04/2025 can be in March or in April, and nothing is guessed; or the "
        "date is in no calendar.",
        "Say in step 2 how dates are written in your sheet, or correct the cell.",
    ),
    "not_a_date": FindingWords(
        "Not read as a date",
        "The text is no date that we know, and goes out as it is.",
        "Correct the cell if it should be one.",
    ),
    "number_unsure": FindingWords(
        "Number that could be two numbers",
        "A number such as 1.234 can be a thousand or a little more than one, and nothing is "
        "guessed.",
        "Say in step 2 what your sheet puts before decimals, or correct the cell.",
    ),
    "not_a_number": FindingWords(
        "Not read as a number",
        "The text is no plain number, and goes out as it is.",
        "Correct the cell if it should be one.",
    ),
    "trimmed": FindingWords("Spaces taken off", "Spaces before or after the text were taken off."),
    "line_break": FindingWords(
        "Line break or tab in a variable",
        "WhatsApp may refuse the message later.",
        "Put the text on one line.",
    ),
    "many_spaces": FindingWords(
        "Many spaces in a row in a variable",
        "WhatsApp may refuse more than four spaces in a row.",
        "Take some out.",
    ),
    "long_value": FindingWords(
        "Very long variable",
        "WhatsApp may refuse a variable of more than 1,024 characters.",
        "Shorten the text.",
    ),
    "placeholder": FindingWords(
        "Looks like a gap that nobody filled",
        "The value reads like a stand-in, such as N/A, test or {{name}}, and goes out as it is.",
        "Put in the real value, or empty the cell and give a text for empty cells in step 2.",
    ),
    "odd_link": FindingWords(
        "Link that may not open",
        "The value begins like a web address but is none.",
        "Correct the address.",
    ),
    "in_capitals": FindingWords(
        "Name in capitals",
        "The name goes out in capitals, which reads like shouting.",
        "Change the letters in your sheet, or in step 2.",
    ),
    "same_person": FindingWords(
        "Same person, another phone",
        "Another row has the same e-mail address or customer number but another phone. Both get "
        "the campaign.",
        "Take one of them out if the person should get it once.",
    ),
}
