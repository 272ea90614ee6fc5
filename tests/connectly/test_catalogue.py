import json
from pathlib import Path

import pytest

from lib.connectly import ALL_CODES, ALL_TYPES, CLASS_LABELS, ErrorClass, explain

SCHEMAS = json.loads(Path(__file__).with_name("contract.json").read_bytes())["components"][
    "schemas"
]


def test_the_catalogue_has_exactly_the_codes_of_the_contract() -> None:
    assert set(ALL_CODES) == set(SCHEMAS["errorErrorCode"]["enum"])


def test_the_catalogue_has_exactly_the_types_of_the_contract() -> None:
    assert set(ALL_TYPES) == set(SCHEMAS["errorErrorType"]["enum"])


def test_every_error_class_has_a_label() -> None:
    assert set(CLASS_LABELS) == set(ErrorClass)


def test_an_opt_out_is_never_retried() -> None:
    assert explain("ERROR_CODE_MESSAGE_CUSTOMER_OPTED_OUT").error_class is ErrorClass.NEVER_RETRY


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("ERROR_CODE_FROM_NEXT_YEAR", "From next year"),
        ("", "Unknown code"),
        ("weird <b>", "Weird <b>"),
        (None, "No reason given"),
    ],
)
def test_an_unknown_code_has_a_generic_description(code: str | None, title: str) -> None:
    info = explain(code)

    assert info.title == title
    assert info.error_class is ErrorClass.REPORT_IT
