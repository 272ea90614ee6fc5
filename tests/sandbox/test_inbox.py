"""Tests of the test inbox page."""

import re
import time

import pytest

from lib.sandbox import Record, inbox
from lib.sandbox.gateway import Entry
from lib.sandbox.record import SandboxSendout
from tests.support.sandbox import SandboxHandle

ANA, BEN = "+16505551230", "+16505551231"
PROMO = SandboxSendout("demo_promo", "2")


def send(api: SandboxHandle, phone: str, name: str) -> None:
    entry = {"client": phone, "campaignName": "demo_welcome", "variables": {"name": name}}
    options = {"ifDuplicateCheckUnspecified": "allow_multiple"}
    api.send({"entries": [entry], "options": options}).raise_for_status()


def fill(record: Record, phones: list[str]) -> None:
    with record.transaction():
        for number, phone in enumerate(phones):
            record.add(Entry(phone, "demo_promo", "", "", {}, None), PROMO, f"text {number}.")


def page(record: Record, **query: str) -> str:
    return bytes(inbox.show_inbox(record, query).body).decode()


def bubbles(html: str) -> list[str]:
    return re.findall(r"text \d+\.", html.partition('<ol class="bubbles">')[2])


def test_an_empty_inbox_explains_what_to_do(api: SandboxHandle):
    html = api.inbox()

    assert "No messages yet" in html
    assert "Nothing here left this machine." in html


def test_a_chat_shows_campaign_version_and_text_newest_first(api: SandboxHandle):
    send(api, ANA, "Ana")
    send(api, ANA, "Anna")
    send(api, BEN, "Ben")

    html = api.inbox(phone=ANA)

    chat = html.partition('<ol class="bubbles">')[2]
    assert chat.index("Hi Anna, welcome") < chat.index("Hi Ana, welcome")
    assert "Hi Ben" not in chat
    assert "demo_welcome" in chat
    assert "version 2" in chat


def test_a_repeat_that_was_not_delivered_is_explained(api: SandboxHandle):
    for _ in range(3):
        api.send({"entries": [{"client": ANA, "campaignName": "campaign_basic"}]})

    html = api.inbox(phone=ANA)

    assert html.count("This message has no variables.") == 2  # in the list and in the chat
    assert "Sent 2 more times; shown once" in html


def test_html_in_values_is_escaped(api: SandboxHandle):
    attack = '<script>alert(1)</script><img src=x onerror="alert(2)">'
    send(api, ANA, attack)

    response = api.http.get("/sandbox/inbox", params={"phone": ANA}, follow_redirects=True)

    assert "<script" not in response.text
    assert "<img" not in response.text
    assert "&lt;script&gt;alert(1)" in response.text
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not re.search(r"(?:src|href)=\"(?!/sandbox/inbox)", response.text)


def test_no_link_contains_a_phone(api: SandboxHandle):
    for phone in (ANA, BEN):
        send(api, phone, "Ana")

    html = api.inbox(phone=ANA)
    found = api.http.post("/sandbox/inbox", data={"phone": "650 555-1231"})

    assert not re.search(r"href=\"[^\"]*555", html)
    assert re.fullmatch(r"/sandbox/inbox\?chat=\d+", found.headers["location"])
    assert BEN in api.inbox(chat=int(found.headers["location"].rpartition("=")[2]))


def test_digits_filter_the_chats(api: SandboxHandle):
    for phone in (ANA, BEN, "+5511987654321"):
        send(api, phone, "Ana")

    assert re.findall(r'class="phone">([^<]+)', api.inbox(phone="5551")) == [BEN, ANA]
    no_match = api.inbox(phone="000")
    assert "No phone with these digits" in no_match
    assert "No messages yet" not in no_match


def test_chats_and_messages_are_paged_newest_first():
    record = Record()
    fill(record, [ANA] * 120 + [f"+44770090{number:04}" for number in range(40)])

    first = page(record)
    older = re.findall(r"before=(\d+)", first)
    chat = page(record, chat="1")
    rest = page(record, chat="1", older=re.findall(r"older=(\d+)", chat)[0])

    assert len(re.findall('class="phone"', first)) == 30
    assert len(re.findall('class="phone"', page(record, before=older[0]))) == 11
    assert bubbles(chat) == [f"text {number}." for number in range(119, 69, -1)]
    assert bubbles(rest) == [f"text {number}." for number in range(69, 19, -1)]
    record.close()


@pytest.mark.parametrize(
    "query", ["chat=x", "chat=-1", "chat=99999", "before=٣", "older=" + "9" * 40]
)
def test_a_malformed_query_shows_the_list(api: SandboxHandle, query: str):
    send(api, ANA, "Ana")

    response = api.http.get(f"/sandbox/inbox?{query}")

    assert response.status_code == 200
    assert ANA in response.text


def test_the_page_refreshes_only_if_live(api: SandboxHandle):
    send(api, ANA, "Ana")

    still = api.http.get("/sandbox/inbox")
    live = api.http.get("/sandbox/inbox?live=1")

    assert "refresh" not in still.headers
    assert live.headers["refresh"] == "5"
    assert "live=1" in live.text.partition('class="phone"')[0].rpartition("<li>")[2]


def test_the_page_is_fast_with_a_hundred_thousand_messages():
    record = Record()
    fill(record, [f"+1650{number // 2:07}" for number in range(100_000)])

    started = time.process_time()
    for query in ({}, {"chat": "5"}, {"before": "50000"}, {"phone": "0049999"}):
        assert page(record, **query) or query
    assert time.process_time() - started < 1.0
    record.close()
