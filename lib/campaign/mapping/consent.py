"""Consent: find the columns that record who agreed to messages, and hold rows without consent.

A consent column is recognized by its header or its cells. Of several, WhatsApp takes precedence
over SMS, and SMS over marketing in general. A column about email applies only if a person decides
so. A refusal of marketing in general includes WhatsApp.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from lib.campaign.arrow_text import whole_array
from lib.campaign.findings import FindingCode, Findings, Severity
from lib.campaign.mapping import consent_vocabulary
from lib.campaign.mapping.consent_vocabulary import Answer, Channel, Header
from lib.campaign.mapping.model import Answers, ConsentUse, Mapping
from lib.sheet import Sheet

# Filled cells that are read to recognize a column.
_SAMPLE: Final = 500
# The share of these that must be answers, depending on how clearly the header asks for consent.
_MOST_CELLS: Final = 0.8
_SOME_CELLS: Final = 0.2
_PRECEDENCE: Final = (Channel.WHATSAPP, Channel.SMS, Channel.GENERAL, Channel.EMAIL)


@dataclass(frozen=True)
class ConsentColumn:
    """A consent column, the channels that it is about, and what a yes in it means.

    ``channels`` are those that its header names, none for marketing in general. ``refusing`` is
    whether a yes is a refusal; None where the header names both. ``has_dates`` is whether its
    answers are the dates on which they were given. ``only_refusals`` is whether it is about
    something else, such as tags or notes, and only clear refusals in it count.
    """

    name: str
    channels: tuple[Channel, ...]
    refusing: bool | None
    has_dates: bool
    only_refusals: bool = False

    @property
    def channel(self) -> Channel:
        """The channel that decides its precedence: WhatsApp if it is one of several."""
        if Channel.WHATSAPP in self.channels:
            return Channel.WHATSAPP
        return self.channels[0] if len(self.channels) == 1 else Channel.GENERAL


def consent_column(name: str, cells: pd.Series) -> ConsentColumn:
    """Return the meaning of a column that is about consent."""
    header = consent_vocabulary.plain(_spaced(name))
    texts = _plain_sample(cells)
    filled = [text for text in texts if text]
    dates = sum(map(consent_vocabulary.is_date, filled))
    has_dates = bool(filled) and dates * 2 > len(filled)
    if consent_vocabulary.asks_for_date(header):
        has_dates = has_dates or _are_serial_dates(filled)
    return ConsentColumn(
        name,
        consent_vocabulary.header_channels(header),
        consent_vocabulary.refuses(header),
        has_dates,
        only_refusals=_has_only_refusals(header, filled),
    )


def _has_only_refusals(header: str, filled: list[str]) -> bool:
    """Return whether neither the header nor most cells are about consent."""
    if consent_vocabulary.header_kind(header) or consent_vocabulary.is_status(header):
        return False
    return sum(map(consent_vocabulary.states_consent, filled)) < _MOST_CELLS * len(filled)


def _are_serial_dates(filled: list[str]) -> bool:
    """Return whether all cells are dates as spreadsheets number them; True if there is none."""
    return all(re.fullmatch(r"\d{5}(?: \d+)?", text) for text in filled)


def suggest_use(name: str, cells: pd.Series) -> ConsentUse | None:
    """Return the default use of a consent column; None if the column is not about consent.

    Details of an answer, such as its source, are neither answers nor variables: they are ignored.
    """
    header = consent_vocabulary.plain(_spaced(name))
    kind = consent_vocabulary.header_kind(header)
    filled = [text for text in _plain_sample(cells) if text]
    if kind is None:
        return ConsentUse.HOLD if _cells_state_consent(header, cells, filled) else None
    column = consent_column(name, cells)
    known = [text for text in filled if _answer(text, column) is not Answer.UNCLEAR]
    share = len(known) / len(filled) if filled else 0.0
    if kind is Header.STRONG:
        is_detail = consent_vocabulary.is_detail(header) and filled and share < _MOST_CELLS
        if is_detail and column.refusing:
            # Only people who opted out have a reason for it.
            return ConsentUse.HOLD
        return ConsentUse.IGNORE if is_detail else ConsentUse.HOLD
    enough = _SOME_CELLS if kind is Header.PHRASE else _MOST_CELLS
    return ConsentUse.HOLD if share >= enough and filled else None


def _cells_state_consent(header: str, cells: pd.Series, filled: list[str]) -> bool:
    """Return whether a column's cells are about consent although its header is not.

    ``header`` is the plain header, ``filled`` a sample of the column's plain cells.
    """
    if consent_vocabulary.is_status(header):
        # In a contact's status, one "unsubscribed" among "active" and "new" is enough.
        texts = whole_array(cells).dictionary_encode().dictionary.to_pylist()
        return any(map(consent_vocabulary.states_consent, map(consent_vocabulary.plain, texts)))
    stating = sum(map(consent_vocabulary.states_consent, filled))
    if stating > 0 and stating >= _MOST_CELLS * len(filled):
        return True
    if not _repeats_texts(cells) and not consent_vocabulary.may_have_replies(header):
        return False
    texts = whole_array(cells).dictionary_encode().dictionary.to_pylist()
    return any(
        consent_vocabulary.is_explicit_refusal(consent_vocabulary.plain(text)) for text in texts
    )


def _repeats_texts(cells: pd.Series) -> bool:
    """Return whether a column repeats its texts, as tags do, and names and codes don't."""
    first = cells.head(_SAMPLE * 10)
    return len(first) < _SAMPLE or first.nunique() < len(first) / 2


def suggested_uses(sheet: Sheet, among: list[str]) -> dict[str, ConsentUse]:
    """Return the consent columns among these, and the default use of each."""
    found = {name: suggest_use(name, sheet.frame[name]) for name in among}
    return {name: use for name, use in found.items() if use is not None}


def consent_uses(sheet: Sheet, mapping: Mapping) -> dict[str, ConsentUse]:
    """Return the consent columns of a sheet and their uses.

    Columns without a use in the mapping, for example one made for another sheet, have the default.
    """
    fed = {*mapping.client.columns, *mapping.channel.columns}
    others = [name for name in sheet.frame.columns if name not in {*mapping.consent, *fed}]
    uses = {**mapping.consent, **suggested_uses(sheet, others)}
    return {name: uses[name] for name in sheet.frame.columns if name in uses}


def remembered_uses(sheet: Sheet, uses: dict[str, ConsentUse]) -> dict[str, ConsentUse]:
    """Return uses that were chosen before, so that they let nobody pass who refuses messages.

    A column of the sheet with a refusal has its default use unless it holds rows back. To send to
    these people has to be decided for each sheet.
    """
    return {name: _remembered_use(sheet, name, use) for name, use in uses.items()}


def _remembered_use(sheet: Sheet, name: str, use: ConsentUse) -> ConsentUse:
    if use is ConsentUse.HOLD or name not in sheet.frame.columns:
        return use
    cells = sheet.frame[name]
    if not _refusals(consent_column(name, cells), cells).any():
        return use
    return suggest_use(name, cells) or use


def check_consent(sheet: Sheet, mapping: Mapping, answers: Answers, findings: Findings) -> None:
    """Hold the rows of people who refused messages or are not known to have agreed."""
    uses = consent_uses(sheet, mapping)
    columns = [
        consent_column(name, sheet.frame[name])
        for name, use in uses.items()
        if use is ConsentUse.HOLD
    ]
    if not columns:
        return
    given = {each.name: cell_answers(each, sheet.frame[each.name]) for each in columns}
    applying = [
        each
        for each in columns
        if each.channel is not Channel.EMAIL or answers.email_consent.get(each.name, False)
    ]
    rows = len(sheet.frame)
    refused = {each.name: _states_refusal(sheet.frame[each.name]) for each in applying}
    result = _combine_answers(applying, given, refused, rows)
    for each in applying:
        said_no = (result == Answer.NO) & (given[each.name] == Answer.NO)
        findings.add(said_no, FindingCode.SAID_NO, Severity.HOLD, each.name)
    column = applying[0].name if len(applying) == 1 else None
    if answers.send_blank_consent:
        blank, severity = FindingCode.CONSENT_BLANK_SENT, Severity.WARN
    else:
        blank, severity = FindingCode.CONSENT_BLANK, Severity.HOLD
    findings.add(result == Answer.BLANK, blank, severity, column)
    if answers.send_unclear_consent:
        unclear, severity = FindingCode.CONSENT_UNCLEAR_SENT, Severity.WARN
    else:
        unclear, severity = FindingCode.CONSENT_UNCLEAR, Severity.HOLD
    findings.add(result == Answer.UNCLEAR, unclear, severity, column)
    for each in columns:
        if each.channel is Channel.EMAIL and each.name not in answers.email_consent:
            not_yes = np.isin(given[each.name], (Answer.NO, Answer.UNCLEAR))
            undecided = not_yes & (result != Answer.YES)
            findings.add(undecided, FindingCode.CONSENT_EMAIL, Severity.HOLD, each.name)


def cell_answers(column: ConsentColumn, cells: pd.Series) -> np.ndarray:
    """Return the answer in each cell of a column, as numbers of `Answer`."""
    coded = whole_array(cells).dictionary_encode()
    texts = map(consent_vocabulary.plain, coded.dictionary.to_pylist())
    if column.only_refusals:
        is_refusal = map(consent_vocabulary.is_explicit_refusal, texts)
        found = [Answer.NO if refused else Answer.NOT_REFUSED for refused in is_refusal]
        answers = np.array(found, dtype="int8")
    else:
        answers = np.array([_answer(text, column) for text in texts], dtype="int8")
    by_row: np.ndarray = answers[coded.indices.to_numpy()]
    return by_row


def _states_refusal(cells: pd.Series) -> np.ndarray:
    """Return for each cell whether it names a refusal, such as "unsubscribed"."""
    coded = whole_array(cells).dictionary_encode()
    texts = map(consent_vocabulary.plain, coded.dictionary.to_pylist())
    is_refusal = np.array([consent_vocabulary.is_refusal(text) for text in texts], dtype=bool)
    found: np.ndarray = is_refusal[coded.indices.to_numpy()]
    return found


def _answer(text: str, column: ConsentColumn) -> Answer:
    return consent_vocabulary.answer_of(text, refusing=column.refusing, has_dates=column.has_dates)


def _combine_answers(
    columns: list[ConsentColumn],
    given: dict[str, np.ndarray],
    refused: dict[str, np.ndarray],
    rows: int,
) -> np.ndarray:
    """Return one answer for each row, from the answers ``given`` in each column.

    ``refused`` marks the cells of each column that name a refusal rather than just say no.
    """
    result = np.zeros(rows, dtype="int8")
    for channel in reversed(_PRECEDENCE):
        theirs = [given[each.name] for each in columns if each.channel is channel]
        if theirs:
            result = _override_answers(np.maximum.reduce(theirs), result)
    for each in columns:
        if each.channel is not Channel.GENERAL:
            continue
        # A refusal of marketing in general overrides any channel.
        answers = given[each.name]
        result[(answers == Answer.NO) & (each.refusing or refused[each.name])] = Answer.NO
        if each.refusing:
            result[(answers == Answer.UNCLEAR) & (result == Answer.YES)] = Answer.UNCLEAR
    return result


def _override_answers(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the first answers; where one is blank, a negative or unclear second one."""
    is_answered = first >= Answer.YES
    use_second = (first == Answer.NOT_REFUSED) | (second >= Answer.UNCLEAR)
    return np.where(is_answered, first, np.where(use_second, second, first))


def _plain_sample(cells: pd.Series) -> list[str]:
    """Return the plain texts of the first filled cells; those that mean "no answer" are empty."""
    filled = cells.head(_SAMPLE * 20)
    filled = filled[filled.str.strip() != ""].head(_SAMPLE)
    return [consent_vocabulary.plain_or_blank(str(text)) for text in filled]


def _spaced(name: str) -> str:
    """Return a header with spaces between words in camel case."""
    letters = [
        f" {letter}" if before.islower() and letter.isupper() else letter
        for before, letter in zip(" " + name, name, strict=False)
    ]
    return "".join(letters)


def refused_rows(sheet: Sheet) -> np.ndarray | None:
    """Return a mask of the rows in which a consent column says no.

    None if the sheet has no consent column, or if all of its rows say the same.
    """
    uses = suggested_uses(sheet, list(sheet.frame.columns))
    found = np.zeros(len(sheet.frame), dtype=bool)
    for name, use in uses.items():
        if use is ConsentUse.HOLD:
            cells = sheet.frame[name]
            found |= _refusals(consent_column(name, cells), cells)
    return found if found.any() and not found.all() else None


def _refusals(column: ConsentColumn, cells: pd.Series) -> np.ndarray:
    """Return a mask of the cells that say no."""
    answers = cell_answers(column, cells)
    # What is unclear in a column of refusals counts as one, to be on the safe side.
    is_unclear = (answers == Answer.UNCLEAR) & bool(column.refusing)
    found: np.ndarray = (answers == Answer.NO) | is_unclear
    return found


def counted(column: ConsentColumn, cells: pd.Series) -> Iterator[tuple[Answer, int]]:
    """Yield each answer in a column's cells, and the number of cells with it."""
    answers, counts = np.unique(cell_answers(column, cells), return_counts=True)
    for answer, count in zip(answers, counts, strict=True):
        yield Answer(answer), int(count)
