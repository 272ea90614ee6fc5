import json
from pathlib import Path

import pytest

from lib import connectly
from lib.connectly import ALL_CODES, ALL_TYPES, STUDIO_CODES, ConnectlyError, ErrorClass, explain

SCHEMAS = json.loads(Path(__file__).with_name("contract.json").read_bytes())["components"][
    "schemas"
]


def test_every_code_of_the_contract_is_described_and_no_other() -> None:
    assert set(ALL_CODES) == set(SCHEMAS["errorErrorCode"]["enum"])


def test_every_type_of_the_contract_is_described_and_no_other() -> None:
    assert set(ALL_TYPES) == set(SCHEMAS["errorErrorType"]["enum"])


@pytest.mark.parametrize("code", [*ALL_CODES, *STUDIO_CODES])
def test_a_description_is_short_and_speaks_to_people(code: str) -> None:
    info = explain(code)

    assert len(info.title) <= 45
    assert info.title[-1] != "."
    assert info.meaning.endswith(".")
    assert info.action.endswith(".")
    assert "ERROR_" not in info.title + info.meaning + info.action


def test_every_exception_without_a_code_of_the_apis_has_one_of_ours() -> None:
    classes = [
        each
        for each in vars(connectly).values()
        if isinstance(each, type) and issubclass(each, ConnectlyError)
    ]

    assert {each.code_without_answer for each in classes} <= set(STUDIO_CODES)


def test_people_who_do_not_want_messages_are_never_tried_again() -> None:
    assert explain("ERROR_CODE_MESSAGE_CUSTOMER_OPTED_OUT").error_class is ErrorClass.NEVER_RETRY


@pytest.mark.parametrize("code", ["ERROR_CODE_FROM_NEXT_YEAR", "", "weird <b>", None])
def test_an_unknown_code_gets_a_sensible_answer(code: str | None) -> None:
    info = explain(code)

    assert info.title
    assert info.error_class is ErrorClass.REPORT_IT
