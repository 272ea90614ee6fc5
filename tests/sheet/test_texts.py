"""Errors and notices keep codes and values; their texts are looked up when shown."""

import pickle

import pytest

from lib.sheet import SAMPLES, SheetError
from lib.sheet.errors import OtherFile, SheetErrorCode, SheetStorageError
from lib.sheet.notes import NoticeCode, read_notice
from lib.storage import StorageError

VALUES = {"found": 100_001, "limit": 50_000}


@pytest.fixture
def german_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lib.sheet.errors.current_locale", lambda: "de")


@pytest.mark.parametrize("code", SheetErrorCode)
def test_every_error_code_has_texts(code: SheetErrorCode) -> None:
    error = SheetError(code, **VALUES)

    assert error.translated_sentence.endswith(".")
    assert error.translated_action.endswith(".")
    assert "{" not in str(error)


@pytest.mark.usefixtures("german_numbers")
def test_numbers_are_formatted_for_the_reader_and_in_english_for_logs() -> None:
    error = SheetError(SheetErrorCode.TOO_MANY_CELLS, **VALUES)

    assert "100.001" in error.translated_sentence
    assert "100,001" in str(error)


@pytest.mark.parametrize("kind", OtherFile)
def test_every_kind_of_other_file_has_its_own_text(kind: OtherFile) -> None:
    error = SheetError(SheetErrorCode.NOT_A_SHEET, kind=kind)

    assert error.sentence != SheetError(SheetErrorCode.NOT_A_SHEET).sentence


def test_an_unknown_error_code_is_refused() -> None:
    with pytest.raises(ValueError, match="no_such_code"):
        SheetError("no_such_code")


def test_an_error_can_be_pickled() -> None:
    error = pickle.loads(pickle.dumps(SheetError(SheetErrorCode.TOO_LARGE, limit=100)))

    assert (error.code, error.values) == ("too_large", {"limit": 100})
    assert "100 MB" in str(error)


@pytest.mark.parametrize("code", NoticeCode)
def test_every_notice_code_has_a_text(code: NoticeCode) -> None:
    assert read_notice(str(code)).sentence.endswith(".")


def test_an_error_of_the_storage_keeps_its_code_and_texts() -> None:
    class UnreachableError(StorageError):
        def __init__(self) -> None:
            OSError.__init__(self)

    error = SheetStorageError(UnreachableError())

    assert error.code == StorageError.code
    assert error.sentence == StorageError.sentence
    assert error.action == StorageError.action


def test_samples_have_texts() -> None:
    assert all(sample.title and sample.sentence.endswith(".") for sample in SAMPLES)
