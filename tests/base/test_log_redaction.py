"""What is logged holds no phone number, whichever handler writes it."""

import io
import logging
from collections.abc import Iterator

import pytest

from lib.log_redaction import install_redaction


@pytest.fixture(autouse=True)
def _private() -> Iterator[None]:
    before = logging.getLogRecordFactory()
    install_redaction()
    yield
    logging.setLogRecordFactory(before)


def _log(message: str) -> str:
    """Log a message, with a traceback that quotes it too, to a handler that is made only now."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    logger = logging.getLogger("test")
    logger.addHandler(handler)
    try:
        logger.error("%s", message, exc_info=ValueError(message))
    finally:
        logger.removeHandler(handler)
    return written.getvalue()


@pytest.mark.parametrize(
    "phone",
    ["+16505551234", "16505551234", "+55 11 91234-5678", "(650) 555-12345", "06 12 34 56 78 90",
     "+1\u2011650\u2011555\u20111234", "+1\u00a0650\u00a0555\u00a01234", "0650/555/1234",
     "+16505551234x12"],
)  # fmt: skip
def test_a_phone_number_is_blotted_out_of_messages_and_tracebacks(phone: str) -> None:
    written = _log(f"could not convert {phone} to a number")

    assert phone not in written
    assert written.count("[number]") == 2


@pytest.mark.parametrize(
    "around",
    ["to {}.", "tel:{}", r"'Ana\n{}\t'", r"b'Ana\xa0{}'", "{{'phone':{}}}"],
)
def test_a_phone_number_is_blotted_out_whatever_stands_beside_it(around: str) -> None:
    assert "16505551234" not in _log(around.format("16505551234"))


@pytest.mark.parametrize(
    "text",
    [
        "run 018c5c51-8631-28b5-3c81-b70ecf14faef is over",
        "2026-11-24 09:05:33,123",
        "line 4,812 of 5,000",
        "batch a1b2c3d4e5f6",
    ],
)
def test_ids_and_times_and_counts_stay_readable(text: str) -> None:
    assert text in _log(text)
