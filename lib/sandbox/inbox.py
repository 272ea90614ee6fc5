"""The test inbox: the messages that each phone would have received, as an HTML page.

The template escapes every value. The page's content security policy allows only its own stylesheet,
by hash, and forms to this server, so that HTML in a variable is shown as text. Links have the
number of a message instead of a phone number, because addresses are logged and kept in histories.
"""

import base64
import hashlib
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import jinja2
from starlette.responses import HTMLResponse, RedirectResponse, Response

from lib.sandbox.record import Message, Record

_CHATS_PER_PAGE: Final = 30
_MESSAGES_PER_PAGE: Final = 50
_LIVE_SECONDS: Final = 5

_TEMPLATES: Final = Path(__file__).with_name("templates")
_STYLE: Final = (_TEMPLATES / "inbox.css").read_text(encoding="utf-8")
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


def show_inbox(record: Record, query: Mapping[str, str]) -> Response:
    """Return the inbox page for a query.

    ``phone`` opens that phone's chat, or filters chats by digits. ``chat`` is the number of any
    message of the chat to show. ``before`` and ``older`` are the message numbers from which pages
    of chats and of messages continue. ``live=1`` makes the browser refresh the page.
    """
    digits = "".join(sign for sign in query.get("phone", "") if sign in "0123456789")
    if digits:
        found = record.chat(f"+{digits}", limit=1) or record.chats(digits=digits, limit=2)
        if len(found) == 1:
            address = _inbox_link(chat=found[0].seq)
            return RedirectResponse(address, status_code=303, headers=_HEADERS)
    number = _message_number(query, "chat")
    page = _Page(
        record,
        digits=digits,
        phone=record.phone_of(number) if number else None,
        chat=number,
        before=_message_number(query, "before"),
        older=_message_number(query, "older"),
        live=1 if query.get("live") == "1" else None,
    )
    headers = {**_HEADERS, "Refresh": str(_LIVE_SECONDS)} if page.live else _HEADERS
    return HTMLResponse(page.render(), headers=headers)


@dataclass(frozen=True)
class _Chat:
    """A line in the list of chats."""

    newest: Message
    link: str
    is_shown: bool

    @property
    def colour(self) -> int:
        """The number of the phone's colour in the stylesheet."""
        return sum(self.newest.client.encode()) % 6


@dataclass(frozen=True)
class _Page:
    """The list of chats beside the messages of one.

    Without a chosen chat, wide screens show the newest one.
    """

    record: Record
    digits: str
    phone: str | None
    chat: int | None
    before: int | None
    older: int | None
    live: int | None

    def render(self) -> str:
        """Return the page as HTML."""
        chats = self.record.chats(digits=self.digits, before=self.before, limit=_CHATS_PER_PAGE + 1)
        phone = self.phone or (chats[0].client if chats else None)
        messages = (
            self.record.chat(phone, before=self.older, limit=_MESSAGES_PER_PAGE + 1)
            if phone
            else []
        )
        has_more_chats = len(chats) > _CHATS_PER_PAGE
        return _TEMPLATE.render(
            style=_STYLE,
            is_reading=bool(self.phone or not (chats or self.digits)),
            is_live=self.live,
            live_seconds=_LIVE_SECONDS,
            total=self.record.count(),
            digits=self.digits,
            chats=[self._chat_line(chat, phone) for chat in chats[:_CHATS_PER_PAGE]],
            has_more_matches=has_more_chats and self.digits,
            phone=phone,
            messages=messages[:_MESSAGES_PER_PAGE],
            links={
                **self._refresh_links(),
                **self._chat_links(chats),
                **self._message_links(messages),
            },
        )

    def _chat_line(self, newest: Message, phone: str | None) -> _Chat:
        link = _inbox_link(chat=newest.seq, before=self.before, live=self.live)
        return _Chat(newest, link, newest.client == phone)

    def _refresh_links(self) -> dict[str, str]:
        return {
            "refresh": self._link_here(),
            "stop_refreshing": self._link_here(live=None),
            "keep_refreshing": self._link_here(live=1),
        }

    def _chat_links(self, chats: list[Message]) -> dict[str, str | None]:
        """Return the links between pages of chats.

        ``chats`` has one item more than a page if there is another page.
        """
        links: dict[str, str | None] = {
            "back": _inbox_link(before=self.before, live=self.live),
            "all_chats": None,
            "older_chats": None,
        }
        if self.before or self.digits:
            links["all_chats"] = _inbox_link(live=self.live)
        if len(chats) > _CHATS_PER_PAGE and not self.digits:
            last = chats[_CHATS_PER_PAGE - 1].seq
            links["older_chats"] = _inbox_link(before=last, live=self.live)
        return links

    def _message_links(self, messages: list[Message]) -> dict[str, str | None]:
        """Return the links between pages of one chat, as `_chat_links` does."""
        links: dict[str, str | None] = {"newest_messages": None, "older_messages": None}
        if self.older:
            links["newest_messages"] = self._link_here(older=None)
        if len(messages) > _MESSAGES_PER_PAGE:
            last = messages[_MESSAGES_PER_PAGE - 1].seq
            links["older_messages"] = self._link_here(chat=last, older=last)
        return links

    def _link_here(self, **changes: int | None) -> str:
        """Return the address of this page with some parameters changed."""
        query = {
            "chat": self.chat if self.phone else None,
            "before": self.before,
            "older": self.older,
            "live": self.live,
        }
        return _inbox_link(**{**query, **changes})


def _inbox_link(**query: int | None) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    return f"/sandbox/inbox?{urllib.parse.urlencode(given)}" if given else "/sandbox/inbox"


def _message_number(query: Mapping[str, str], name: str) -> int | None:
    """Return a message number of the query, or None if it is missing or malformed."""
    text = query.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) <= 18 else None


def _local_time(at: float) -> datetime:
    """Return a Unix time in this machine's time zone."""
    return datetime.fromtimestamp(at).astimezone()


def _clock(moment: datetime) -> str:
    """Return a local time as hours and minutes, with the date unless it is today."""
    today = datetime.now().astimezone().date()
    if moment.date() == today:
        return f"{moment:%H:%M}"
    return f"{moment.day} {moment:%b %Y, %H:%M}"


def _shorten_version(version: str) -> str:
    """Return a version with at most 12 characters, enough to tell UUIDs apart."""
    return version if len(version) <= 12 else f"{version[:8]}…"


def _load_template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(
        local_time=_local_time, clock=_clock, shorten_version=_shorten_version
    )
    return environment.get_template("inbox.html")


_TEMPLATE: Final = _load_template()
