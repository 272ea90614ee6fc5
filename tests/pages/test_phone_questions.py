"""Questions in step 3 about numbers with two readings, ambiguous dates, and earlier reports."""

from collections.abc import Iterable

import pytest
from streamlit.testing.v1 import AppTest

from lib.campaign import FrozenPlan
from lib.delivery import list_runs
from lib.settings import get_settings
from tests.support.app_test import Visit, press, texts

FIXED = -2
"""The option of a field that has the same value in every row."""


def _checked(visit: Visit, text: str):
    """Upload a sheet, accept its columns, and return the page with the check."""
    app = visit("new_broadcast")
    app.file_uploader[0].upload("list.csv", text.encode()).run()
    return press(app, "Confirm columns")


def _answer(app: AppTest):
    """Return the choice that answers the only question about phones."""
    (answer,) = [each for each in app.radio if each.label == "How to read them"]
    return answer


def _rows(header: str, lines: Iterable[str]) -> str:
    return "\n".join([header, *lines]) + "\n"


GERMAN = "name,phone,campaign\n" + "".join(
    f"Person {n},491511234500{n},demo_welcome\n" for n in range(5)
)


def test_a_group_of_numbers_is_decided_at_once_and_the_answer_can_be_changed(visit: Visit) -> None:
    app = _checked(visit, GERMAN)

    assert "**5 rows wait for your answer to 1 question below.**" in app.warning[0].value
    answer = _answer(app)
    assert answer.options[:2] == [
        "They include the country code: +49 1511 2345000 (Germany)",
        "They are local numbers: +49 491 5112345000 (Germany)",
    ]
    answer.set_value("code").run()
    assert "5 to send" in texts(app)
    answer = _answer(app)
    answer.set_value("hold").run()
    assert "5 held back" in texts(app)


def test_answers_are_used_for_the_next_sheet_with_the_same_columns(visit: Visit) -> None:
    app = _checked(visit, GERMAN)
    _answer(app).set_value("code").run()

    app = _checked(visit, GERMAN.replace("49151123450", "49151123460"))

    assert "5 to send" in texts(app)
    assert not app.warning


def test_a_single_number_can_be_read_differently_from_its_group(visit: Visit) -> None:
    app = _checked(visit, GERMAN)
    _answer(app).set_value("code").run()
    next(each for each in app.toggle if each.label == "Show each number").set_value(True).run()

    shown = next(each.value for each in app.dataframe if "as_local" in each.value.columns)
    assert list(shown["sent"]) == [f"+491511234500{n}" for n in range(5)]


TWO_GROUPS = _rows(
    "phone_br,campaign,name",
    [f"51991234{n:03},demo_welcome,Ana {n}" for n in range(11)]
    + [f"66911234{n:03},demo_welcome,Boon {n}" for n in range(2)],
)
"""Mobile numbers in Brazil, or in Peru and Thailand with their codes."""


def _titles(app: AppTest) -> list[str]:
    titles = [each.value for each in app.markdown]
    return [each for each in titles if "Do these numbers already start with" in each]


def test_questions_keep_their_places_when_they_are_answered(visit: Visit) -> None:
    app = _checked(visit, TWO_GROUPS)
    titles = _titles(app)

    assert titles == [
        "**Peru or Brazil · Do these numbers already start with a country code?**",
        "**Thailand or Brazil · Do these numbers already start with a country code?**",
    ]
    for place, sending in enumerate(("11 to send, 2 held back", "13 to send")):
        app.radio[place].set_value("local").run()
        assert sending in texts(app)
        assert _titles(app) == titles
    assert "All questions about phone numbers are answered" in texts(app)


def _select(app: AppTest, *places: int) -> None:
    """Select rows of the table of a question."""
    (table,) = (each for each in app.dataframe if "question_rows" in (each.proto.id or ""))
    key = table.proto.id.split("-", 2)[-1]
    app.session_state[key] = {"selection": {"rows": list(places), "columns": [], "cells": []}}
    app.run()


def _table(app: AppTest):
    return next(each.value for each in app.dataframe if "as_local" in each.value.columns)


def test_single_rows_of_a_question_can_be_held_back_or_read_differently(visit: Visit) -> None:
    app = _checked(visit, GERMAN)
    _answer(app).set_value("code").run()
    next(each for each in app.toggle if each.label == "Show each number").set_value(True).run()

    _select(app, 0)
    press(app, "Hold back")
    _select(app, 1, 2)
    press(app, "Use the local number")

    shown = texts(app)
    assert "4 to send, 1 held back" in shown
    assert "5 rows decided" in shown
    assert "3 exceptions" in shown
    assert list(_table(app)["others"]) == [f"Person {n}" for n in range(5)]
    assert list(_table(app)["decision"]) == [
        "Held back", "Local number", "Local number", "Same as the group", "Same as the group",
    ]  # fmt: skip
    assert list(_table(app)["sent"])[:2] == ["", "+494915112345001"]

    _select(app, 0, 1)
    press(app, "Same as the group")
    assert "5 to send" in texts(app)
    assert "1 exception" in texts(app)


def test_numbers_are_shown_if_the_sheet_has_no_other_columns(visit: Visit) -> None:
    app = visit("new_broadcast")
    app.file_uploader[0].upload("list.csv", b"phone_br\n51991234567\n51991234568\n").run()
    next(each for each in app.selectbox if each.label == "Campaign name").set_value(FIXED).run()
    next(each for each in app.text_input if each.label == "Value for every row").set_value(
        "demo_welcome"
    ).run()
    press(app, "Confirm columns")
    next(each for each in app.toggle if each.label == "Show each number").set_value(True).run()

    assert list(_table(app)["others"]) == ["", ""]


def test_a_reading_says_what_kind_of_number_it_gives(visit: Visit) -> None:
    answer = _answer(_checked(visit, GERMAN))

    assert list(answer.proto.captions) == ["A mobile number", "A landline", ""]


def test_ambiguous_dates_are_decided_for_the_whole_column(visit: Visit) -> None:
    app = visit("new_broadcast")
    text = "phone,campaign,due\n+16505550101,demo_welcome,03/04/2026\n"
    app.file_uploader[0].upload("list.csv", text.encode()).run()
    next(each for each in app.selectbox if each.label == "Format as").set_value("date").run()
    app = press(app, "Confirm columns")

    assert "1 held back" in texts(app)
    labels = [each.label for each in app.button]
    assert "Day first: 3 April 2026" in labels
    app = press(app, "Month first: 4 March 2026")
    assert "1 to send" in texts(app)


def test_rows_of_an_earlier_report_can_be_sent_again(visit: Visit) -> None:
    text = (
        "phone,campaign,Outcome,Phone as sent\n"
        "+16505550101,demo_welcome,Accepted,+16505550101\n"
        "+16505550102,demo_welcome,Rejected,+16505550102\n"
    )
    app = _checked(visit, text)

    assert "1 to send, 1 held back" in texts(app)
    (question,) = [each for each in app.radio if "Send them anyway" in each.options]
    question.set_value("send").run()
    assert "2 to send" in texts(app)


def test_columns_that_are_not_used_are_named_and_can_all_be_used(visit: Visit) -> None:
    app = visit("new_broadcast")
    text = "phone,campaign,name,email,note\n+16505550101,demo_welcome,Ana,a@b.example,x\n"
    app.file_uploader[0].upload("list.csv", text.encode()).run()

    assert "Columns not used: email" in texts(app)
    app = press(app, "Use all columns")
    assert "Columns not used" not in texts(app)
    app = press(app, "Use none")
    assert "Columns not used: name, email, note" in texts(app)


SHOP = [
    "ID", "Name", "Last Name", "Email", "Accepts Email Marketing", "Company", "Country Code",
    "Zip", "Default Address Phone", "Phone", "Accepts SMS Marketing", "Note", "Tags",
    *[f"Metafield {n}" for n in range(27)],
]  # fmt: skip


def _shop_row(number: int) -> str:
    phone, country = (
        (f"55123456{number:02}", "MX") if number % 2 else (f"+165055501{number:02}", "US")
    )
    known = {
        "ID": f"70000{number}",
        "Name": f"Name {number}",
        "Last Name": f"Last {number}",
        "Email": f"p{number}@example.com",
        "Accepts Email Marketing": "no" if number == 5 else "yes",
        "Country Code": country,
        "Phone": phone,
        "Accepts SMS Marketing": "no" if number in {3, 4} else "yes",
    }
    return ",".join(known.get(name, "") for name in SHOP)


def _mexican(number: int) -> str:
    return f"5255123456{number:02}" if number % 4 else f"96112345{number:02}"


LISTS = {
    "Indonesian numbers of 11, 12 and 13 digits": (
        _rows("Nomor HP,Nama", (f"62812{10 ** (5 + n % 3) + n},Budi {n}" for n in range(30))),
        ["code"], 30, {f"+62812{10 ** (5 + n % 3) + n}" for n in range(30)},
    ),
    "German numbers with their code": (
        _rows("Name;Handynummer", (f"Kunde {n};49151123450{n:02}" for n in range(40))),
        ["code"], 40, {f"+49151123450{n:02}" for n in range(40)},
    ),
    "Mexican numbers of area code 961 among others with 52": (
        _rows("Nombre,Celular", (f"Ana {n},{_mexican(n)}" for n in range(40))),
        ["local"], 40, {f"+5296112345{n:02}" for n in range(0, 40, 4)},
    ),
    "Brazilian numbers in Windows-1252": (
        _rows("Nome;Fone/WhatsApp (BR)", (f"João {n};(11) 98765-00{n:02}" for n in range(30))),
        [], 30, {f"+55119876500{n:02}" for n in range(30)},
    ),
    "a shop's export with 40 columns and two consent columns": (
        _rows(",".join(SHOP), map(_shop_row, range(20))),
        [], 18, {"+525512345601", "+16505550100"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_a_real_list_is_ready_to_send_in_under_ten_clicks(visit: Visit, name: str) -> None:
    text, answers, to_send, phones = LISTS[name]
    app = visit("new_broadcast")
    encoding = "cp1252" if "1252" in name else "utf-8"
    app.file_uploader[0].upload("list.csv", text.encode(encoding)).run()
    clicks = 1
    next(each for each in app.selectbox if each.label == "Campaign name").set_value(FIXED).run()
    next(each for each in app.text_input if each.label == "Value for every row").set_value(
        "demo_welcome"
    ).run()
    app = press(app, "Confirm columns")
    clicks += 4
    for answer in answers:
        _answer(app).set_value(answer).run()
        clicks += 1
    next(box for box in app.checkbox if "I have checked" in box.label).check().run()
    app = press(app, f"Send to {to_send} recipients")
    clicks += 2

    run = list_runs()[0]
    sent = FrozenPlan.open(run.plan_id, get_settings())
    assert clicks < 10
    assert (run.rows, run.rows - run.held) == (text.count("\n") - 1, to_send)
    assert phones <= {each.client for each in sent.entries(0, run.rows)}
