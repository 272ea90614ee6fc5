"""Tests of parsing requests as the gateway in front of Connectly's API does."""

from typing import Any

import pytest

from lib.sandbox.gateway import MalformedError, read_request
from tests.support.sandbox import SandboxHandle


def body_with(fields: str) -> bytes:
    return b'{"entries":[{%s}]}' % fields.encode()


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"{}", b'{"entries":null}', b'{"entries":[]}', b'{"Entries":[{}],"extra":{"a":1}}'],
)
def test_a_request_without_entries_gets_no_items(api: SandboxHandle, body: bytes):
    response = api.send(body)

    assert (response.status_code, response.json()) == (200, {"data": []})


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"null",
        b"[]",
        b'"entries"',
        b"\xff",
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b"[" * 100_000,
        b'{"entries":{}}',
        b'{"entries":[null]}',
        b'{"entries":[7]}',
        b'{"entries":[],"entries":[]}',
        b'{"options":[]}',
        b'{"options":{"ifVersionUnspecified":true}}',
        b'{"options":{"ifVersionUnspecified":"create_new","if_version_unspecified":"create_new"}}',
        body_with('"client":16505551234'),
        body_with('"campaignName":"a","campaign_name":"a"'),
        body_with('"callbackData":1,"callback_data":1'),
        body_with('"scheduledAt":7'),
        body_with('"variables":[]'),
        body_with('"variables":{"a":NaN}'),
        body_with('"variables":{"a":-Infinity}'),
        body_with('"variables":{"a":1e999}'),
        body_with(f'"variables":{{"a":{"9" * 400}}}'),
        body_with(f'"variables":{{"a":{"9" * 5000}}}'),
        body_with('"variables":{"a":"1","a":"2"}'),
        body_with('"variables":{"a":"\\ud800"}'),
    ],
)
def test_a_malformed_body_is_refused_as_google_rpc_status(api: SandboxHandle, body: bytes):
    response = api.send(body)

    assert response.status_code == 400
    assert response.json().keys() == {"code", "message", "details"}
    assert response.json()["code"] == 3


def test_an_error_contains_no_values_of_the_body():
    with pytest.raises(MalformedError) as refusal:
        read_request(body_with('"client":["+16505551234"]'))

    assert "650" not in str(refusal.value)


def test_field_names_are_read_in_camel_case_and_snake_case():
    camel = read_request(
        b'{"entries":[{"client":"+1","campaignName":"a","campaignVersion":"2","callbackData":[1]}],'
        b'"options":{"ifVersionUnspecified":"create_new",'
        b'"ifDuplicateCheckUnspecified":"allow_multiple"}}'
    )
    snake = read_request(
        b'{"entries":[{"client":"+1","campaign_name":"a","campaign_version":"2",'
        b'"callback_data":[1]}],"options":{"if_version_unspecified":"create_new",'
        b'"if_duplicate_check_unspecified":"allow_multiple"}}'
    )

    assert camel == snake
    assert camel.create_new
    assert camel.allow_multiple


@pytest.mark.parametrize("option", ['"allow-multiple"', '"ALLOW_MULTIPLE"', "1", "null"])
def test_an_unknown_option_acts_as_the_default(option: str):
    body = b'{"options":{"ifDuplicateCheckUnspecified":%s}}' % option.encode()

    assert not read_request(body).allow_multiple


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("12345678901234567", 12345678901234568),
        ("5.0", 5),
        ("0.1", 0.1),
        ("true", True),
        ("[1, null]", [1, None]),
        ('{"a": 1}', {"a": 1}),
        ('"007"', "007"),
        ('"\\ud83d\\ude00"', "😀"),
    ],
)
def test_numbers_of_a_variable_become_float64(sent: str, kept: Any):
    request = read_request(body_with(f'"variables":{{"a":{sent}}}'))

    assert request.entries[0].variables == {"a": kept}
