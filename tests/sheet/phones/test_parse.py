"""Phone cells are read correctly or held back with a reason, never as another number."""

import functools

import pandas as pd
import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from lib.sheet.phones.codes import PhoneProblem, PhoneRepair
from lib.sheet.phones.messages import PROBLEMS, REPAIRS, explained
from lib.sheet.phones.parse import Phone, normalise, read_phone

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
PEOPLE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE)


@pytest.mark.parametrize(
    ("cell", "region", "expected"),
    [
        # International, in different notations.
        ("+16505550123", None, "+16505550123"),
        ("+1 (650) 555-0123", None, "+16505550123"),
        ("(+55) 11 91234-5678", None, "+5511912345678"),
        ("+44 (0)20 7946 0958", None, "+442079460958"),
        ("+49.30.901820", None, "+4930901820"),
        ("0034 612 34 56 78", None, "+34612345678"),
        # National, with a chosen country.
        ("011 44 20 7946 0958", "US", "+442079460958"),
        ("(650) 555-0123", "US", "+16505550123"),
        ("1 650 555 0123", "US", "+16505550123"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("07400 123456", "GB", "+447400123456"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("0151 23456789", "DE", "+4915123456789"),
        ("612 34 56 78", "ES", "+34612345678"),
        ("912 345 678", "PT", "+351912345678"),
        ("55 1234 5678", "MX", "+525512345678"),
        ("11 91234-5678", "BR", "+5511912345678"),
        ("5511912345678", "BR", "+5511912345678"),
        ("011 15 2345-6789", "AR", "+5491123456789"),
        ("310 1234567", "CO", "+573101234567"),
        ("9 6123 4567", "CL", "+56961234567"),
        ("987 654 321", "PE", "+51987654321"),
        ("099 123 4567", "EC", "+593991234567"),
        ("0412 345 678", "AU", "+61412345678"),
        ("021 123 4567", "NZ", "+64211234567"),
        ("098765 43210", "IN", "+919876543210"),
        ("0812-3456-7890", "ID", "+6281234567890"),
        ("050 123 4567", "AE", "+971501234567"),
        ("0501234567", "SA", "+966501234567"),
        ("0803 123 4567", "NG", "+2348031234567"),
        ("0712 345678", "KE", "+254712345678"),
        ("082 123 4567", "ZA", "+27821234567"),
        ("0532 123 45 67", "TR", "+905321234567"),
        ("090-1234-5678", "JP", "+819012345678"),
        ("010-1234-5678", "KR", "+821012345678"),
        ("0917 123 4567", "PH", "+639171234567"),
        ("079 123 45 67", "CH", "+41791234567"),
        ("0664 1234567", "AT", "+436641234567"),
        ("06 12345678", "NL", "+31612345678"),
        ("0470 12 34 56", "BE", "+32470123456"),
        ("512 345 678", "PL", "+48512345678"),
        # Italy keeps its zero.
        ("06 698 12345", "IT", "+390669812345"),
        ("+39 06 698 12345", None, "+390669812345"),
        # Digits, dashes and spaces of other scripts, and invisible characters.
        ("５５１１９１２３４５６７８", "BR", "+5511912345678"),
        ("+٥٥١١٩١٢٣٤٥٦٧٨", None, "+5511912345678"),
        ("+1\u00a0650\u2011555\u20130123", None, "+16505550123"),
        ("\u202a+1 650 555 0123\u202c", None, "+16505550123"),
        ("\ufeff+16505550123\u200b", None, "+16505550123"),
        ("＋1 650 555 0123", None, "+16505550123"),
    ],
)
def test_a_number_is_read_as_written(cell: str, region: str | None, expected: str) -> None:
    assert read_phone(cell, region).e164 == expected


@pytest.mark.parametrize(
    ("cell", "region", "expected", "repair"),
    [
        ("16505550123.0", "US", "+16505550123", "decimal_removed,plus_added"),
        ("1.6505550123E+10", "US", "+16505550123",
         "exponent_written_out,plus_added"),
        ('="+16505550123"', None, "+16505550123", "formula_removed"),
        ("=+16505550123", None, "+16505550123", "formula_removed"),
        ("+44 (0)20 7946 0958", None, "+442079460958", "trunk_removed"),
        ("+49 0151 23456789", None, "+4915123456789", "trunk_removed"),
        ("0 21 11 91234-5678", "BR", "+5511912345678", "country_added"),
        ("+54 11 15 2345-6789", None, "+5491123456789", "argentina_9"),
        ("5511912345678", "BR", "+5511912345678", "plus_added"),
        ("M: 07400 123456", "GB", "+447400123456", "label_removed,country_added"),
        ("+16505550123.00", None, "+16505550123", "decimal_removed"),
        ("'+16505550123", None, "+16505550123", "apostrophe_removed"),
        ("\u2019+16505550123", None, "+16505550123", "apostrophe_removed"),
        ("tel:+16505550123", None, "+16505550123", "label_removed"),
        ("WhatsApp: +1 650 555 0123", None, "+16505550123", "label_removed"),
        ("Cel. +5511912345678", None, "+5511912345678", "label_removed"),
        ("https://wa.me/16505550123", None, "+16505550123", "link_read"),
        ("wa.me/16505550123?text=hi", None, "+16505550123", "link_read"),
        ("https://api.whatsapp.com/send?phone=%2B16505550123&x=1", None, "+16505550123",
         "link_read"),
        ("0055 11 91234 5678", None, "+5511912345678", "international_prefix"),
        ("650 555 0123", "US", "+16505550123", "country_added"),
        ("+52 1 55 1234 5678", None, "+525512345678", "mexico_1"),
        ("+54 381 512 3456", None, "+543815123456", None),
        ("+55 11 8123 4567", None, "+5511981234567", "brazil_9"),
        ("11 8123-4567", "BR", "+5511981234567", "country_added,brazil_9"),
        ("(11) 7004-0301", "BR", "+5511970040301", "country_added,brazil_9"),
        ("1170040301", "BR", "+5511970040301", "country_added,brazil_9"),
        ("551170040301", "BR", "+5511970040301", "plus_added,brazil_9"),
        ("0055 51 7812-3456", None, "+5551978123456", "international_prefix,brazil_9"),
        ("+55 55 7004 0301", None, "+5555970040301", "brazil_9"),
        ("+55 11 97004 0301", None, "+5511970040301", None),
        ("5215512345678", "MX", "+525512345678", "plus_added,mexico_1"),
        ("+55 11 3123 4567", None, "+551131234567", None),
    ],
)  # fmt: skip
def test_each_change_of_digits_is_reported_as_a_repair(
    cell: str, region: str | None, expected: str, repair: str | None
) -> None:
    phone = read_phone(cell, region)

    assert (phone.e164, ",".join(phone.repairs) or None) == (expected, repair)


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("", "phone_missing"), ("   ", "phone_missing"), ("\u200b", "phone_missing"),
        ("1.65E+10", "cut_by_spreadsheet"), ("1,65E+10", "cut_by_spreadsheet"),
        ("5.06831E10", "cut_by_spreadsheet"), ("1.65e10", "cut_by_spreadsheet"),
        ("-1.6505550123E+10", "cut_by_spreadsheet"), ("6.50555012E+09", "cut_by_spreadsheet"),
        ("'2024-01-31", "looks_like_date"), ("=6505550123-1", "not_a_phone"),
        ("2024-01-31", "looks_like_date"), ("31/12/2024", "looks_like_date"),
        ("2024-01-31 00:00:00", "looks_like_date"),
        ("+1650555XXXX", "letters"), ("1-800-FLOWERS", "letters"), ("Ana", "letters"),
        ("+1 650 555 0123 Ana", "letters"), ("+1650555012O", "letters"),
        ("+1 650 555 0123 ext 5", "extension"), ("+16505550123x12", "extension"),
        ("+16505550123;ext=5", "extension"), ("11 3123-4567 ramal 22", "extension"),
        ("+16505550123 / +16505550124", "two_numbers"), ("6505550123, 6505550124", "two_numbers"),
        ("+16505550123\n+16505550124", "two_numbers"), ("6505550123 o 6505550124", "two_numbers"),
        ("+16505550123+16505550124", "two_numbers"),
        ("12", "too_short"), ("+1 650 555", "too_short"), ("1234567890123456", "too_long"),
        ("+999123456789", "unknown_country"), ("+11111111111", "not_valid"),
        ("#REF!", "not_a_phone"), ("#N/A", "not_a_phone"), ("1234567.89", "not_a_phone"),
        ("++16505550123", "not_a_phone"), ("16505550123+", "not_a_phone"),
        ("+1 800 234 5678", "nobodys"), ("6505550123", "no_country"),
        ("5511912345678", "no_country"),
        ("+49 30 901820/1", "extension"), ("+241 06 03 12 34/1", "extension"),
        ("123.456.789-09", "not_a_phone"),
        ("12.345.678/0001-95", "two_numbers"), ("39.90421234", "not_a_phone"),
        ("-23.5505199", "not_a_phone"), ("-6505550123", "not_a_phone"),
    ],
)  # fmt: skip
def test_a_cell_without_a_phone_number_has_a_problem(cell: str, problem: str) -> None:
    phone = read_phone(cell)

    assert (phone.e164, phone.problem) == (None, problem)


@pytest.mark.parametrize(("cell", "region"), [("4915123456789", "DE"), ("62812345678", "ID")])
def test_an_ambiguous_number_is_held_back(cell: str, region: str) -> None:
    """Without a plus, the first digits may be the country code or part of the number."""
    assert read_phone(cell, region).problem == "two_readings"


@pytest.mark.parametrize("region", ["AU", None])
def test_the_australian_prefix_0011_is_not_read_as_the_code_of_the_united_states(
    region: str | None,
) -> None:
    """0011 501 622 1234 is Belize from Australia, and Arkansas where the prefix is 00."""
    assert read_phone("0011 501 622 1234", region).problem == "two_readings"
    assert read_phone("0011 33 6 12 34 56 78", region).e164 == "+33612345678"
    assert read_phone("001 501 622 1234", "DE").e164 == "+15016221234"


def test_a_foreign_mobile_number_is_not_read_as_a_domestic_landline() -> None:
    assert read_phone("447911123456", "DE").problem == "two_readings"


def test_a_number_of_two_countries_is_a_question_with_both_readings() -> None:
    """51 991 234 567 is a mobile in Porto Alegre, or in Peru if its plus is missing."""
    phone = read_phone("51991234567", "BR")

    assert (phone.e164, phone.problem) == (None, "two_readings")
    assert phone.question == "two_readings:51@BR"
    assert phone.as_code == Phone("+51991234567", repairs=(PhoneRepair.PLUS_ADDED,))
    assert phone.as_local == Phone("+5551991234567", repairs=(PhoneRepair.COUNTRY_ADDED,))


def test_a_landline_abroad_is_a_question_only_among_numbers_with_a_code_but_no_plus() -> None:
    """321 555 0123 is a number in Florida, or in Liège without its zero if its plus is missing."""
    unlikely, national = "3215550123", "6505550123"

    alone = normalise(pd.Series([unlikely, national], dtype="str"), "US")
    for coded in ("16505550124", "525512345678"):
        among = normalise(pd.Series([unlikely, national, coded], dtype="str"), "US")
        assert list(among["problem"].fillna("")[:2]) == ["two_readings", ""]

    assert list(alone["e164"]) == ["+13215550123", "+16505550123"]
    assert alone["question"].isna().all()


@pytest.mark.parametrize(
    ("cell", "question", "as_code", "as_local"),
    [
        ("+16505550123", "country_conflict", "+16505550123", None),
        ("0016505550123", "country_conflict", "+16505550123", None),
        ("+34612345678", "country_conflict", "+34612345678", None),
        ("+9611234567", "country_conflict", "+9611234567", "+529611234567"),
        ("16505550123", "country_conflict", "+16505550123", None),
        ("5511912345678", "country_conflict", "+5511912345678", None),
        ("5512345678", None, None, None),
        ("525512345678", None, None, None),
        ("9611234567", None, None, None),
        ("+525512345678", None, None, None),
    ],
)
def test_a_number_of_another_country_than_the_rows_own_is_a_question(
    cell: str, question: str | None, as_code: str | None, as_local: str | None
) -> None:
    phone = read_phone(cell, "MX", is_own=True)

    assert phone.question == question
    assert (phone.problem is None) == (question is None)
    if question is not None:
        assert phone.as_code is not None
        assert phone.as_local is not None
        assert (phone.as_code.e164, phone.as_local.e164) == (as_code, as_local)


@pytest.fixture(autouse=True)
def large_pattern_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enlarge the cache of `re` to hold the patterns of all countries."""
    monkeypatch.setattr("re._MAXCACHE", 10_000, raising=False)


@functools.cache
def _mobiles() -> list[str]:
    """Return a mobile number of each country that has any, in E.164."""
    numbers = [phonenumbers.example_number_for_type(each, PhoneNumberType.MOBILE)
               for each in REGIONS]  # fmt: skip
    return [phonenumbers.format_number(each, PhoneNumberFormat.E164) for each in numbers if each]


@pytest.mark.parametrize("region", REGIONS)
def test_foreign_numbers_without_a_plus_are_not_read_as_other_numbers(region: str) -> None:
    """For each default country, no mobile number without a plus is read as another one."""
    e164 = _mobiles()

    read = normalise(pd.Series([each[1:] for each in e164], dtype="str"), region)

    wrong = [
        (given, got)
        for given, got in zip(e164, read["e164"], strict=True)
        if not pd.isna(got) and got != given
    ]
    assert wrong == []


def test_a_number_of_another_country_is_not_read_for_the_default_country() -> None:
    assert read_phone("5511912345678", "MX").problem == "other_country"


@pytest.mark.parametrize("region", REGIONS)
def test_no_notation_of_a_number_is_read_as_another_number(region: str) -> None:
    """Common notations are read as the same number or held back, in each country."""
    for kind in PEOPLE:
        number = phonenumbers.example_number_for_type(region, kind)
        if number is None:
            continue
        e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
        international = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
        written = [
            e164,
            international,
            phonenumbers.format_number(number, PhoneNumberFormat.RFC3966),
            "00" + e164[1:],
            f"'{e164}",
            f"{e164}.0",
            e164[1:],
            national,
            national.replace(" ", "\u00a0").replace("-", "\u2011"),
            phonenumbers.national_significant_number(number),
        ]
        for cell in written:
            for given in (region, None):
                assert read_phone(cell, given).e164 in {e164, None}, (cell, given)
        assert read_phone(e164).e164 == e164
        assert read_phone(international).e164 == e164


# Their national numbers have too few digits to be accepted as phone numbers.
SHORT = {"AC", "AD", "CK", "FK", "FO", "GL", "NC", "NF", "PM", "SH", "TK", "TV", "WF"}


@pytest.mark.parametrize("region", REGIONS)
def test_common_notations_are_read(region: str) -> None:
    """A mobile number of each country is read in each notation that lists contain."""
    number = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    if number is None:
        assert region == "TA"
        return
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    written = {
        (e164, None),
        (phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL), None),
        (phonenumbers.format_number(number, PhoneNumberFormat.RFC3966), None),
        (f"00{e164[1:]}", None),
        (f"'{e164}", None),
        (f"{e164}.0", None),
        (phonenumbers.format_out_of_country_calling_number(number, "US"), "US"),
    }
    if region not in SHORT:
        written |= {(national, region), (national.replace(" ", "-"), region)}
        written |= {(phonenumbers.national_significant_number(number), region)}

    read = [read_phone(*each) for each in written]
    # A question is read as local once it is answered so.
    answered = [phone.as_local or phone for phone in read]
    assert {phone.e164 for phone in answered} == {e164}


@pytest.mark.parametrize("region", REGIONS)
def test_no_text_added_to_a_number_makes_it_another_number(region: str) -> None:
    number = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    if number is None:
        return
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    for cell in (f"{e164} x", f"{e164}E5", f"{e164}ABC", f"{e164} (2)", f"{e164}/{e164}",
                 f"{e164[:-1]}O", f"{e164[:-1]}.5", f"a{e164}", f"{e164},5"):  # fmt: skip
        assert read_phone(cell, region).e164 in {e164, None}, cell


def test_a_frame_has_the_index_of_the_column() -> None:
    series = pd.Series(["+16505550123", "x", "+16505550123"], index=[5, 7, 9], dtype="str")

    read = normalise(series)

    assert list(read.index) == [5, 7, 9]
    assert list(read["e164"].fillna("")) == ["+16505550123", "", "+16505550123"]
    assert list(read["problem"].fillna("")) == ["", "letters", ""]


@pytest.mark.parametrize(
    ("cell", "facts"),
    [
        ("1.65E+10", "kept only 3 digits"),
        ("+1 650 555", "only 7 digits"),
        ("1234567890123456", "has 16 digits"),
        ("+1650555012O", "contains 1 letter."),
        ("+999 123 456 789", "begins with +999"),
        ("2024-01-31", "turned the number into a date"),
        ("+55 11 1234 5678", "Not a valid phone number for Brazil."),
        ("0055 11 1234 5678", "Not a valid phone number for Brazil."),
        ("+1 111 111 1111", "isn't valid in its country"),
    ],
)
def test_an_explanation_names_facts_about_the_cell(cell: str, facts: str) -> None:
    assert facts in explained(read_phone(cell).problem or "", cell)


def test_a_national_number_that_is_not_valid_is_explained_with_the_chosen_country() -> None:
    assert "for Spain" in explained("not_valid", "012 345 678", "ES")
    assert "its country" in explained("not_valid", "012 345 678")


def test_every_code_has_texts() -> None:
    assert PROBLEMS.keys() == set(PhoneProblem)
    assert REPAIRS.keys() == set(PhoneRepair)
    for words in [*PROBLEMS.values(), *REPAIRS.values()]:
        assert words.title
        assert words.sentence.endswith(".")
