import tomllib
from pathlib import Path

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_file

from lib import connectly
from lib.connectly import ALL_CODES, ALL_TYPES, CLASS_LABELS, ConnectlyError, ErrorInfo
from lib.error_catalogue import STUDIO_CODES, error_code, explain

ERROR_CLASSES = [
    each
    for each in vars(connectly).values()
    if isinstance(each, type) and issubclass(each, ConnectlyError)
]

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("code", [*ALL_CODES, *STUDIO_CODES])
def test_a_description_is_short_and_contains_no_codes(code: str) -> None:
    info = explain(code)

    assert info.code == code
    assert len(info.title) <= 45
    assert info.title[-1] != "."
    assert info.meaning.endswith(".")
    assert info.action.endswith(".")
    assert "ERROR_" not in info.title + info.meaning + info.action


def test_all_codes_of_sendout_studio_have_its_prefix() -> None:
    assert all(code.startswith("STUDIO_") for code in STUDIO_CODES)


@pytest.mark.parametrize("error_class", ERROR_CLASSES)
def test_an_error_without_a_code_has_a_described_studio_code(
    error_class: type[ConnectlyError],
) -> None:
    assert error_code(error_class()) in STUDIO_CODES


# These codes are stored in the ledgers of users.
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (connectly.ConnectionFailed(), "STUDIO_UNREACHABLE"),
        (connectly.BadRequest(), "STUDIO_BAD_REQUEST"),
        (connectly.AuthenticationFailed(), "STUDIO_KEY_REFUSED"),
        (connectly.PermissionDenied(), "STUDIO_NOT_PERMITTED"),
        (connectly.NotFound(), "STUDIO_NOT_FOUND"),
        (connectly.Conflict(), "STUDIO_CAMPAIGN_STATE"),
        (connectly.RequestTooLarge(), "STUDIO_REQUEST_TOO_LARGE"),
        (connectly.RateLimited(), "STUDIO_TOO_FAST"),
        (connectly.RedirectRefused(), "STUDIO_REDIRECTED"),
        (connectly.ReadTimedOut(), "STUDIO_NO_ANSWER"),
        (connectly.ConnectionLost(), "STUDIO_CONNECTION_LOST"),
        (connectly.ServerError(), "STUDIO_SERVER_ERROR"),
        (connectly.UnreadableAnswer(), "STUDIO_UNREADABLE_ANSWER"),
        (ConnectlyError(), "STUDIO_UNEXPECTED_ANSWER"),
    ],
)
def test_the_code_of_an_error_is_the_apis_or_depends_on_its_class(
    error: ConnectlyError, code: str
) -> None:
    assert error_code(error) == code
    assert error_code(type(error)(code="ERROR_CODE_CONFLICT")) == "ERROR_CODE_CONFLICT"
    assert error_code(type(error)(code="")) == code


@pytest.mark.parametrize("code", ["ERROR_CODE_FROM_NEXT_YEAR", "", None, "STUDIO_FROM_NEXT_YEAR"])
def test_other_codes_are_described_as_the_client_does(code: str | None) -> None:
    assert explain(code) == connectly.explain(code)


def _texts(info: ErrorInfo) -> tuple[str, str, str]:
    return info.title, info.meaning, info.action


def test_all_texts_can_be_extracted_for_translation() -> None:
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["babel"]["mappings"]
    method_by_pattern = {
        pattern: mapping["method"] for mapping in mappings for pattern in mapping["pattern"]
    }
    sources = {
        "lib/connectly/errors.py": method_by_pattern["lib/**.py"],
        "lib/connectly/catalogue.toml": method_by_pattern["lib/connectly/catalogue.toml"],
        "lib/studio_codes.toml": method_by_pattern["lib/studio_codes.toml"],
    }
    extracted = {
        text
        for path, method in sources.items()
        for _, text, _, _ in extract_from_file(method, ROOT / path, keywords=DEFAULT_KEYWORDS)
    }

    shown = {
        *(text for info in (*ALL_CODES.values(), *STUDIO_CODES.values()) for text in _texts(info)),
        *_texts(connectly.explain("")),
        *ALL_TYPES.values(),
        *CLASS_LABELS.values(),
        *(each().user_message for each in ERROR_CLASSES),
    }
    assert shown <= extracted
