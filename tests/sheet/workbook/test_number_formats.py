"""Numbers in each kind of format are shown as Excel shows them, in English (United States)."""

import pytest

from lib.sheet.workbook.number_formats import distinctive_format, format_number

DATE = "46096"  # 15 March 2026, a Sunday
MOMENT = "46096.678993055556"  # 16:17:45 on that day

DATES = [
    (DATE, "dd/mm/yyyy", "15/03/2026"),
    (DATE, "d/m/yy", "15/3/26"),
    (DATE, "yyyy-mm-dd", "2026-03-15"),
    (DATE, "yyyymmdd", "20260315"),
    (DATE, "yyyy/m/d;@", "2026/3/15"),
    (DATE, "dd.mm.yyyy", "15.03.2026"),
    (DATE, "dd.mm.yyyy;@", "15.03.2026"),
    (DATE, "d. m. yyyy", "15. 3. 2026"),
    (DATE, r"dd\.mm\.yyyy", "15.03.2026"),
    (DATE, 'dd"."mm"."yyyy', "15.03.2026"),
    (DATE, r"dd\-mm\-yyyy", "15-03-2026"),
    (DATE, "d-mmm-yy", "15-Mar-26"),
    (DATE, "d-mmm", "15-Mar"),
    (DATE, "mmm-yy", "Mar-26"),
    (DATE, "mmmm d, yyyy", "March 15, 2026"),
    (DATE, "dddd, d mmmm yyyy", "Sunday, 15 March 2026"),
    (DATE, "ddd", "Sun"),
    (DATE, "mmmmm", "M"),
    (DATE, "[Red]dd/mm/yyyy", "15/03/2026"),
    (DATE, '"Due "dd/mm', "Due 15/03"),
    (MOMENT, "dd/mm/yyyy", "15/03/2026"),
    # Excel counts 29 February 1900, which did not exist.
    ("59", "dd/mm/yyyy", "28/02/1900"),
    ("60", "dd/mm/yyyy", "29/02/1900"),
    ("61", "dd/mm/yyyy", "01/03/1900"),
    ("2958465", "dd/mm/yyyy", "31/12/9999"),
    ("2958466", "dd/mm/yyyy", None),
    ("-1", "dd/mm/yyyy", None),
]
TIMES = [
    (MOMENT, "h:mm", "16:17"),
    (MOMENT, "hh:mm:ss", "16:17:45"),
    (MOMENT, "h:mm AM/PM", "4:17 PM"),
    (MOMENT, "h AM/PM", "4 PM"),
    (MOMENT, "h:mm:ss AM/PM", "4:17:45 PM"),
    (MOMENT, "hh.mm", "16.17"),
    (MOMENT, "dd/mm/yyyy hh:mm", "15/03/2026 16:17"),
    (MOMENT, "dd.mm.yyyy hh:mm", "15.03.2026 16:17"),
    (MOMENT, "m/d/yy h:mm", "3/15/26 16:17"),
    (MOMENT, "mm:ss", "17:45"),
    (MOMENT, "mmss.0", "1745.0"),
    (MOMENT, "h:mm:ss.00", "16:17:45.00"),
    ("0.489583333333333", "h AM/PM", "11 AM"),  # 11:45
    ("0.678472222222222", "h:mm", "16:17"),  # 16:17:00, slightly less as a binary fraction
    ("0.9999", "h:mm", "23:59"),
    ("0.5", "h:mm AM/PM", "12:00 PM"),
    ("0", "h:mm AM/PM", "12:00 AM"),
]
DURATIONS = [
    ("1.5", "[h]:mm", "36:00"),
    ("1.5", "[hh]:mm:ss", "36:00:00"),
    ("1.5", "[mm]:ss", "2160:00"),
    ("1.5", "[ss]", "129600"),
    ("1.98958333333333", "[h]", "47"),  # 47:45
    ("0.0416666666666667", "[h]:mm", "1:00"),
    ("0.000810185185185185", "[m]", "1"),  # 70 seconds
]
CURRENCIES = [
    ("1234.5", '"$"#,##0.00', "$1,234.50"),
    ("1234.5", "$#,##0.00", "$1,234.50"),
    ("1234.5", '"R$" #,##0.00', "R$ 1,234.50"),
    ("1234.5", "[$R$-416] #,##0.00", "R$ 1,234.50"),
    ("1234.5", "#,##0.00 [$€-407]", "1,234.50 €"),
    ("1234.5", '#,##0.00\\ "€"', "1,234.50 €"),
    ("1234.5", "[$£-809]#,##0.00", "£1,234.50"),
    ("1234.5", "[$MXN] #,##0.00", "MXN 1,234.50"),
    ("-1234.5", '"$"#,##0.00', "-$1,234.50"),
    ("-1234.5", "#,##0.00 [$€-407]", "-1,234.50 €"),
    ("0", '_("$"* #,##0.00_);_("$"* (#,##0.00);_("$"* "-"??_);_(@_)', "$-"),
]
PERCENT_AND_FRACTIONS = [
    ("0.125", "0%", "13%"),
    ("0.125", "0.0%", "12.5%"),
    ("1.5", "0%", "150%"),
    ("-0.05", "0%", "-5%"),
    ("0.5", "# ?/?", "1/2"),
    ("1.25", "# ?/?", "1 1/4"),
    ("-1.5", "# ?/?", "-1 1/2"),
    ("3", "# ?/?", "3"),
    ("0.75", "# ?/4", "3/4"),
    ("0.3125", "# ??/16", "5/16"),
]
SECTIONS = [
    ("-5", "0.0;(0.0)", "(5.0)"),
    ("-1234.5", "#,##0.00;[Red]-#,##0.00", "-1,234.50"),
    ("-1234.5", '"$"#,##0.00_);[Red]("$"#,##0.00)', "($1,234.50)"),
    ("0", '0;-0;"none"', "none"),
    ("5", '"yes";"no";"zero"', "yes"),
    ("-5", '"yes";"no";"zero"', "no"),
    ("6505550123", "[<=9999999]###-####;(###) ###-####", "(650) 555-0123"),
    ("5550123", "[<=9999999]###-####;(###) ###-####", "555-0123"),
    # A format that hides the number is not applied.
    ("-5", "0;;", None),
    ("5", ";;;", None),
]
LONG_NUMBERS = [
    ("5511912345678", '"+"0', "+5511912345678"),
    ("5511912345678", r"\+0", "+5511912345678"),
    ("5511912345678", '"+"00 00 00000-0000', "+55 11 91234-5678"),
    ("16505550123", "+0 (000) 000-0000", "+1 (650) 555-0123"),
    ("123", "00000", "00123"),
    ("123456789012345", "#,##0", "123,456,789,012,345"),
    ("1500000", '0.0,,"M"', "1.5M"),
    ("1234.567", "#,##0.##", "1,234.57"),
    ("1.005", "0.00", "1.01"),
    ("0.5", "#.00", ".50"),
]
# A language tag has no currency symbol, and does not change numbers.
LANGUAGE_TAGS = [
    ("1234.5", "[$-80A]#,##0.00", "1,234.50"),
    ("525512345678", "[$-80A]0", "525512345678"),
    (DATE, "[$-407]dd.mm.yyyy", "15.03.2026"),
    (DATE, "[$-409]d-mmm-yy;@", "15-Mar-26"),
    (DATE, "[$-809]dd mmmm yyyy", "15 March 2026"),
    (DATE, "[$-en-US]mmmm d, yyyy", "March 15, 2026"),
]

# Names of months and days are in the language of the tag, by number or by code.
NAMES = [
    ("46015", '[$-80A]d "de" mmmm "de" yyyy;@', "24 de diciembre de 2025"),
    ("46015", '[$-416]d "de" mmmm', "24 de dezembro"),
    ("46015", r"[$-C0A]dddd\, d \d\e mmmm", "miércoles, 24 de diciembre"),
    ("46015", "[$-0C0A]mmm-yy", "dic-25"),
    ("46015", "[$-es-CO]ddd d mmm", "mié 24 dic"),
    ("46015", "[$-es-MX,1]mmmm", "diciembre"),
    ("46015", "[$-100080A]d mmmm", "24 diciembre"),
    ("46015", "[$-580A]d mmmm", "24 diciembre"),
    ("46015", "[$-816]dddd", "quarta-feira"),
    ("46015", "[$-416]d-mmm-yy;@", "24-dez-25"),
    ("46015", "[$-pt-BR]dd/mmm/yyyy", "24/dez/2025"),
    ("46015", "[$-407]d. mmmm yyyy", "24. Dezember 2025"),
    ("46015", "[$-40C]d mmmm yyyy", "24 décembre 2025"),
    ("46015", "[$-410]mmm", "dic"),
    ("46015", "[$-FC19]d mmmm yyyy", "24 декабря 2025"),
    ("46015", "[$-419]mmmm yyyy", "декабрь 2025"),
    ("45915", "[$-80A]mmm", "sep"),
    ("45915", "[$-416]mmmmm", "s"),
    ("46015.75", "[$-80A]d mmmm hh:mm", "24 diciembre 18:00"),
    ("46015", "[$-409]mmmm d, yyyy", "December 24, 2025"),
    ("60", "[$-80A]d mmmm yyyy", None),
]


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        *DATES, *TIMES, *DURATIONS, *CURRENCIES, *PERCENT_AND_FRACTIONS, *SECTIONS, *LONG_NUMBERS,
        *LANGUAGE_TAGS, *NAMES,
    ],
)  # fmt: skip
def test_a_number_in_a_format_is_shown_as_in_excel(value, code, text):
    assert distinctive_format(code) == code
    assert format_number(value, code, date1904=False) == text


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        ("0", "dd/mm/yyyy", "01/01/1904"),
        ("60", "dd/mm/yyyy", "01/03/1904"),
        ("44634", "dd/mm/yyyy", "15/03/2026"),
        ("44634.678993055556", "dd.mm.yyyy h:mm", "15.03.2026 16:17"),
        ("1.5", "[h]:mm", "36:00"),
        ("1234.5", "#,##0.00", "1,234.50"),
    ],
)
def test_dates_of_a_workbook_with_the_1904_date_system_are_shown_as_in_excel(value, code, text):
    assert format_number(value, code, date1904=True) == text


@pytest.mark.parametrize("code", ["", "General", "0", "#", "@", "_(0_)", "0.00E+00", "##0.0E+0"])
def test_formats_that_add_nothing_or_hide_digits_are_not_applied(code):
    assert distinctive_format(code) is None


@pytest.mark.parametrize(
    "code",
    [
        "[$-F800]dddd, mmmm dd, yyyy",
        "[$-F400]h:mm:ss AM/PM",
        "[$-x-sysdate]dddd, mmmm dd, yyyy",
        'd "de" mmmm "de" yyyy',
        r"d \d\e mmmm",
        "[$-E3FF]d mmmm",
        "[$-xx-YY]d mmmm",
        "[$-1070401]d mmmm yyyy",
        "[$-2000401]d mmmm yyyy",
    ],
)
def test_formats_that_depend_on_the_computer_or_on_an_unknown_language_are_not_applied(code):
    assert distinctive_format(code) is None
