"""The inbox: what each phone would have received, as a page that needs nothing but itself.

Every value is escaped, and the page's policy allows one stylesheet, known by its hash, and forms
to this server: a variable that holds HTML is shown, never run. Links carry a message's number in
place of a phone, so that no phone stands in an address.
"""

import base64
import hashlib
import html
import urllib.parse
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from starlette.responses import HTMLResponse, RedirectResponse, Response

from lib.sandbox.record import Message, Record

_CHATS_A_PAGE: Final = 30
_BUBBLES_A_PAGE: Final = 50
_LIVE_SECONDS: Final = 5

_STYLE: Final = Path(__file__).with_name("inbox.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS: Final = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_HINT: Final = (
    '<p class="empty">No messages yet. Send something over the sandbox connection, and'
    " what each phone would have received appears here.</p>"
)


def show(record: Record, query: Mapping[str, str]) -> Response:
    """Return the page that a query asks for.

    ``phone`` leads to that phone's chat or filters by the digits given; ``chat`` is the number of
    any message of the chat to read; ``before`` and ``older`` page through chats and bubbles;
    ``live`` lets the browser reload the page by itself.
    """
    digits = "".join(sign for sign in query.get("phone", "") if sign in "0123456789")
    if digits:
        found = record.chat(f"+{digits}", limit=1) or record.chats(digits=digits, limit=2)
        if len(found) == 1:
            return RedirectResponse(_link(chat=found[0].seq), status_code=303, headers=_HEADERS)
    number = _number(query, "chat")
    page = _Page(
        record,
        digits=digits,
        phone=record.phone_of(number) if number else None,
        chat=number,
        before=_number(query, "before"),
        older=_number(query, "older"),
        live=query.get("live") == "1",
    )
    headers = {**_HEADERS, "Refresh": str(_LIVE_SECONDS)} if page.live else _HEADERS
    return HTMLResponse(page.write(), headers=headers)


class _Page:
    """The list of chats beside the bubbles of one."""

    def __init__(
        self,
        record: Record,
        *,
        digits: str,
        phone: str | None,
        chat: int | None,
        before: int | None,
        older: int | None,
        live: bool,
    ) -> None:
        self._record = record
        self._digits = digits
        self._phone = phone
        self._chat = chat
        self._before = before
        self._older = older
        self.live = live

    def write(self) -> str:
        """Return the whole page; where no chat was chosen, a wide one shows the newest."""
        chats = self._record.chats(
            digits=self._digits, before=self._before, limit=_CHATS_A_PAGE + 1
        )
        shown = self._phone or (chats[0].client if chats else None)
        reading = self._phone or not (chats or self._digits)
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>Sandbox inbox</title><style>{_STYLE}</style></head>"
            f'<body class="{"reading" if reading else "listing"}">'
            f"{self._header()}"
            f"<main>{self._chats(chats, shown)}{self._bubbles(shown)}</main></body></html>"
        )

    def _header(self) -> str:
        live = (
            _anchor("Stop refreshing", self._here(live=None))
            if self.live
            else _anchor(f"Refresh every {_LIVE_SECONDS} seconds", self._here(live=1))
        )
        return (
            "<header><h1>Sandbox inbox</h1>"
            f"<p>{_counted(self._record.count(), 'message')}</p>"
            f"<nav>{_anchor('Refresh', self._here())}{live}</nav>"
            '<p class="notice"><strong>Nothing here left this machine.</strong> '
            "These are the messages the sandbox accepted; no real phone received one.</p></header>"
        )

    def _chats(self, chats: list[Message], shown: str | None) -> str:
        items = "".join(
            self._chat_line(chat, shown=chat.client == shown) for chat in chats[:_CHATS_A_PAGE]
        )
        more = []
        if self._before or self._digits:
            more.append(_anchor("All chats, newest first", _link(live=self._live())))
        if len(chats) > _CHATS_A_PAGE and not self._digits:
            last = chats[_CHATS_A_PAGE - 1].seq
            more.append(_anchor("Older chats", _link(before=last, live=self._live())))
        elif len(chats) > _CHATS_A_PAGE:
            more.append("There are more; type more digits.")
        if self._digits and not chats:
            items = '<li class="empty">No phone with these digits has a message yet.</li>'
        return (
            '<section class="chats" aria-label="Phones">'
            '<form method="post" action="/sandbox/inbox">'
            '<input name="phone" type="search" inputmode="tel" placeholder="Phone, or part of it"'
            f' aria-label="Phone, or part of it" value="{self._digits}">'
            f"<button>Find</button></form><ol>{items}</ol>{_more(more)}</section>"
        )

    def _chat_line(self, chat: Message, *, shown: bool) -> str:
        chosen = ' aria-current="true"' if shown else ""
        target = _link(chat=chat.seq, before=self._before, live=self._live())
        return (
            f'<li><a href="{html.escape(target)}"{chosen}>'
            f'<span class="face face{sum(chat.client.encode()) % 6}" aria-hidden="true">'
            f"{html.escape(chat.client[-2:])}</span>"
            f'<span class="phone">{html.escape(chat.client)}</span>{_time(chat.at)}'
            f'<span class="last">{html.escape(chat.text[:120])}</span>'
            f'<span class="count" title="{_counted(chat.messages, "message")}">'
            f"{chat.messages:,}</span></a></li>"
        )

    def _bubbles(self, phone: str | None) -> str:
        if phone is None:
            hint = "" if self._digits else _HINT
            return f'<section class="chat" aria-label="Messages">{hint}</section>'
        messages = self._record.chat(phone, before=self._older, limit=_BUBBLES_A_PAGE + 1)
        items = "".join(_bubble(message) for message in messages[:_BUBBLES_A_PAGE])
        more = []
        if self._older:
            more.append(_anchor("Newest messages", self._here(older=None)))
        if len(messages) > _BUBBLES_A_PAGE:
            last = messages[_BUBBLES_A_PAGE - 1].seq
            more.append(_anchor("Older messages", self._here(chat=last, older=last)))
        back = _link(before=self._before, live=self._live())
        return (
            '<section class="chat" aria-label="Messages"><div>'
            f'<a class="back" href="{html.escape(back)}">← All chats</a>'
            f"<h2>{html.escape(phone)}</h2>"
            '<span class="soft">Newest message first</span></div>'
            f'<ol class="bubbles">{items}</ol>{_more(more)}</section>'
        )

    def _live(self) -> int | None:
        return 1 if self.live else None

    def _here(self, **changes: int | None) -> str:
        """Return the address of this page, with changes."""
        query = {
            "chat": self._chat if self._phone else None,
            "before": self._before,
            "older": self._older,
            "live": self._live(),
        }
        return _link(**{**query, **changes})


def _bubble(message: Message) -> str:
    repeats = message.submissions - 1
    repeated = (
        f'<span class="soft">Sent {_counted(repeats, "more time")}; shown once, since the phone'
        " had it already</span>"
        if repeats
        else ""
    )
    version = message.version if len(message.version) <= 12 else f"{message.version[:8]}…"
    return (
        f'<li><span class="chip">{html.escape(message.campaign)} · '
        f'<span title="{html.escape(message.version)}">version {html.escape(version)}</span></span>'
        f"<p>{html.escape(message.text)}</p>"
        f'<div class="foot">{repeated}{_time(message.at)}</div></li>'
    )


def _time(at: float) -> str:
    """Write a moment as this machine's clock shows it, with the day unless it is today's."""
    moment = datetime.fromtimestamp(at).astimezone()
    today = moment.date() == datetime.now().astimezone().date()
    words = f"{moment:%H:%M}" if today else f"{moment.day} {moment:%b %Y, %H:%M}"
    return f'<time datetime="{moment.isoformat(timespec="seconds")}">{words}</time>'


def _more(links: list[str]) -> str:
    return f'<p class="more">{"".join(links)}</p>' if links else ""


def _anchor(words: str, target: str) -> str:
    return f'<a href="{html.escape(target)}">{html.escape(words)}</a>'


def _link(**query: int | None) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    return f"/sandbox/inbox?{urllib.parse.urlencode(given)}" if given else "/sandbox/inbox"


def _number(query: Mapping[str, str], name: str) -> int | None:
    """Return a message number of the query; nonsense counts as none."""
    text = query.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) <= 18 else None


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
