"""Consent: columns that say who has agreed to messages, and the rows that must wait for it.

A column is known by its header or by its cells. Of several, WhatsApp counts before SMS before
marketing in general; one that speaks of e-mail counts only if a person says so. Who has refused
marketing as a whole has refused WhatsApp too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from lib.campaign import consent_vocabulary
from lib.campaign.arrow_text import whole_array
from lib.campaign.consent_vocabulary import Answer, Channel, Header
from lib.campaign.findings import Severity
from lib.campaign.mapping.model import Answers, ConsentUse, Mapping
from lib.campaign.plan.checks import Findings
from lib.sheet import Sheet

_SAMPLE: Final = 500
_MAX_SHARE: Final = 0.8
_SOME_SHARE: Final = 0.2
_ORDER: Final = (Channel.WHATSAPP, Channel.SMS, Channel.GENERAL, Channel.EMAIL)


@dataclass(frozen=True)
class ConsentColumn:
    """A column of consent: what it is about, and whether a yes in it is a refusal.

    ``refusing`` is None where the header names both. ``has_dates`` tells that its answers are the
    dates on which they were given.
    """

    name: str
    channel: Channel
    refusing: bool | None
    has_dates: bool


def consent_column(name: str, cells: pd.Series) -> ConsentColumn:
    """Return what a column means if it is one of consent."""
    header = consent_vocabulary.plain(_spaced(name))
    texts = _plain_sample(cells)
    filled = [text for text in texts if text]
    dates = sum(map(consent_vocabulary.is_date, filled))
    when = bool(filled) and dates * 2 > len(filled)
    when = when or (consent_vocabulary.says_when(header) and _are_serial_dates(filled))
    return ConsentColumn(
        name, consent_vocabulary.header_channel(header), consent_vocabulary.refuses(header), when
    )


def _are_serial_dates(filled: list[str]) -> bool:
    """Tell whether all cells are days as spreadsheets count them; also where there is none."""
    return all(re.fullmatch(r"\d{5}(?: \d+)?", text) for text in filled)


def suggest_use(name: str, cells: pd.Series) -> ConsentUse | None:
    """Return how a column of consent is used by default; None where it is none.

    What only stands beside an answer, such as its source, is neither consent nor a variable.
    """
    header = consent_vocabulary.plain(_spaced(name))
    kind = consent_vocabulary.header_kind(header)
    filled = [text for text in _plain_sample(cells) if text]
    if kind is None:
        if consent_vocabulary.is_status(header):
            # One "unsubscribed" among "active" and "new" is enough: the status is of the contact.
            texts = whole_array(cells).dictionary_encode().dictionary.to_pylist()
            every = map(consent_vocabulary.plain, texts)
            return ConsentUse.HOLD if any(map(consent_vocabulary.is_speaking, every)) else None
        speaking = sum(map(consent_vocabulary.is_speaking, filled))
        if not speaking or speaking < _MAX_SHARE * len(filled):
            return None
        return ConsentUse.HOLD
    column = consent_column(name, cells)
    known = [text for text in filled if _answer(text, column) is not Answer.UNCLEAR]
    share = len(known) / len(filled) if filled else 0.0
    if kind is Header.STRONG:
        beside = consent_vocabulary.is_beside(header) and filled and share < _MAX_SHARE
        if beside and column.refusing:
            # A reason to leave is given by who has left.
            return ConsentUse.HOLD
        return ConsentUse.IGNORE if beside else ConsentUse.HOLD
    enough = _SOME_SHARE if kind is Header.PHRASE else _MAX_SHARE
    return ConsentUse.HOLD if share >= enough and filled else None


def suggested_uses(sheet: Sheet, among: list[str]) -> dict[str, ConsentUse]:
    """Return the columns of consent among these, and how each is used by default."""
    found = {name: suggest_use(name, sheet.frame[name]) for name in among}
    return {name: use for name, use in found.items() if use is not None}


def consent_uses(sheet: Sheet, mapping: Mapping) -> dict[str, ConsentUse]:
    """Return the columns of consent of a sheet and their uses, as decided or as suggested.

    A mapping that was made for another sheet, or before there were any, decides only its own.
    """
    fed = {*mapping.client.columns, *mapping.channel.columns}
    others = [name for name in sheet.frame.columns if name not in {*mapping.consent, *fed}]
    uses = {**mapping.consent, **suggested_uses(sheet, others)}
    return {name: uses[name] for name in sheet.frame.columns if name in uses}


def check_consent(sheet: Sheet, mapping: Mapping, answers: Answers, findings: Findings) -> None:
    """Hold the rows of people who have refused, or of whom nobody knows that they agreed."""
    uses = consent_uses(sheet, mapping)
    columns = [
        consent_column(name, sheet.frame[name])
        for name, use in uses.items()
        if use is ConsentUse.HOLD
    ]
    if not columns:
        return
    said = {each.name: cell_answers(each, sheet.frame[each.name]) for each in columns}
    counting = [
        each
        for each in columns
        if each.channel is not Channel.EMAIL or answers.email_consent.get(each.name, False)
    ]
    rows = len(sheet.frame)
    refused = {each.name: _words_of_refusal(sheet.frame[each.name]) for each in counting}
    result = _combined(counting, said, refused, rows)
    for each in counting:
        said_no = (result == Answer.NO) & (said[each.name] == Answer.NO)
        findings.add(said_no, "said_no", Severity.HOLD, each.name)
    for answer, send, code in (
        (Answer.BLANK, answers.send_blank_consent, "consent_blank"),
        (Answer.UNCLEAR, answers.send_unclear_consent, "consent_unclear"),
    ):
        where = counting[0].name if len(counting) == 1 else None
        if send:
            findings.add(result == answer, f"{code}_sent", Severity.WARN, where)
        else:
            findings.add(result == answer, code, Severity.HOLD, where)
    for each in columns:
        if each.channel is Channel.EMAIL and each.name not in answers.email_consent:
            asked = np.isin(said[each.name], (Answer.NO, Answer.UNCLEAR)) & (result != Answer.YES)
            findings.add(asked, "consent_email", Severity.HOLD, each.name)


def cell_answers(column: ConsentColumn, cells: pd.Series) -> np.ndarray:
    """Return what each cell of a column answers, as numbers of `Answer`."""
    coded = whole_array(cells).dictionary_encode()
    texts = map(consent_vocabulary.plain, coded.dictionary.to_pylist())
    answers = np.array([_answer(text, column) for text in texts], dtype="int8")
    found: np.ndarray = answers[coded.indices.to_numpy()]
    return found


def _words_of_refusal(cells: pd.Series) -> np.ndarray:
    """Return for each cell whether it speaks of a refusal, such as "unsubscribed"."""
    coded = whole_array(cells).dictionary_encode()
    texts = map(consent_vocabulary.plain, coded.dictionary.to_pylist())
    speaking = np.array([consent_vocabulary.is_refusal(text) for text in texts], dtype=bool)
    found: np.ndarray = speaking[coded.indices.to_numpy()]
    return found


def _answer(text: str, column: ConsentColumn) -> Answer:
    return consent_vocabulary.answer_of(text, refusing=column.refusing, when=column.has_dates)


def _combined(
    columns: list[ConsentColumn],
    said: dict[str, np.ndarray],
    refused: dict[str, np.ndarray],
    rows: int,
) -> np.ndarray:
    """Return one answer for each row, from the channel that counts the least to the first.

    ``refused`` marks the cells of each column that speak of a refusal, not only of a no.
    """
    result = np.zeros(rows, dtype="int8")
    for channel in reversed(_ORDER):
        theirs = [said[each.name] for each in columns if each.channel is channel]
        if theirs:
            result = _before(np.maximum.reduce(theirs), result)
    for each in columns:
        if each.channel is not Channel.GENERAL:
            continue
        # A refusal of marketing as a whole counts, whatever a channel says.
        answers = said[each.name]
        result[(answers == Answer.NO) & (each.refusing or refused[each.name])] = Answer.NO
        if each.refusing:
            result[(answers == Answer.UNCLEAR) & (result == Answer.YES)] = Answer.UNCLEAR
    return result


def _before(first: np.ndarray, then: np.ndarray) -> np.ndarray:
    """Return the first answers; where there is none, a worse one of the second."""
    known = first >= Answer.YES
    worse = (first == Answer.NOT_REFUSED) | (then >= Answer.UNCLEAR)
    return np.where(known, first, np.where(worse, then, first))


def _plain_sample(cells: pd.Series) -> list[str]:
    """Return the plain texts of the first filled cells, blank ones as empty texts."""
    filled = cells.head(_SAMPLE * 20)
    filled = filled[filled.str.strip() != ""].head(_SAMPLE)
    return [consent_vocabulary.plain_or_blank(str(text)) for text in filled]


def _spaced(name: str) -> str:
    letters = [
        f" {letter}" if before.islower() and letter.isupper() else letter
        for before, letter in zip(" " + name, name, strict=False)
    ]
    return "".join(letters)


def counted(column: ConsentColumn, cells: pd.Series) -> Iterator[tuple[Answer, int]]:
    """Yield how many cells of a column give each answer, for those that any does."""
    answers, counts = np.unique(cell_answers(column, cells), return_counts=True)
    for answer, count in zip(answers, counts, strict=True):
        yield Answer(answer), int(count)
