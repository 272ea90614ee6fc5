"""Numbers of every country in many notations are read correctly or held back with a reason."""

import functools
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd
import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from lib.sheet.phones.messages import PROBLEMS
from lib.sheet.phones.parse import normalise, read_phone

KINDS = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE)
DEFAULTS = ("US", "BR", "MX", "AR", "DE", "IT", "AU", None)


class Form(NamedTuple):
    """A number in some notation; ``e164`` is the number that it means."""

    name: str
    cell: str
    region: str
    e164: str


def _forms(region: str, number: phonenumbers.PhoneNumber) -> Iterator[tuple[str, str]]:
    """Yield notations with a country code, then those without."""
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    abroad = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    code, digits = f"+{number.country_code}", phonenumbers.national_significant_number(number)
    trunk = phonenumbers.ndd_prefix_for_region(region, True) or ""
    wide = e164.translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)})
    yield "plus", e164
    yield "international", abroad
    yield "international, dots", abroad.replace(" ", ".").replace("-", ".")
    yield "international, brackets", f"({code}) {digits}"
    yield "international, Unicode", abroad.replace(" ", "\u00a0").replace("-", "\u2011")
    yield "international, wide digits", wide
    yield "tel: link", phonenumbers.format_number(number, PhoneNumberFormat.RFC3966)
    yield "wa.me link", f"https://wa.me/{e164[1:]}?text=hi"
    yield "label", f"WhatsApp: {abroad}"
    yield "apostrophe", f"'{e164}"
    yield "formula", f'="{e164}"'
    yield "decimal", f"{e164}.0"
    yield "00", f"00{e164[1:]}"
    yield "00, spaces", f"00 {abroad[1:]}"
    yield "trunk in brackets", f"{code} ({trunk}){digits}"
    yield "trunk after the code", f"{code} {trunk}{digits}"
    yield "no plus", e164[1:]
    yield "no plus, spaces", abroad[1:]
    yield "no plus, decimal", f"{e164[1:]}.0"
    yield "no plus, exponent", f"{e164[1]}.{e164[2:]}E+{len(e164) - 2}"
    yield "cut exponent", f"{e164[1]}.{e164[2:4]}E+{len(e164) - 2}"
    yield "national", national
    yield "national, dots", national.replace(" ", ".").replace("-", ".")
    yield "national, hyphens", national.replace(" ", "-")
    yield "national, trunk", f"{trunk}{digits}"
    yield "national, bare", digits
    yield "national, brackets", f"({digits[:3]}) {digits[3:]}"
    yield "extension", f"{abroad} ext. 12"
    yield "two numbers", f"{abroad} / {abroad}"
    yield "letters", f"{e164[:-4]}XXXX"
    yield "slash", f"{abroad}/1"


@functools.cache
def _written() -> list[Form]:
    found = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in KINDS:
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
                found += [Form(name, cell, region, e164) for name, cell in _forms(region, number)]
    return found


def _read(forms: list[Form], region: str | None) -> list[tuple[Form, str | None, str]]:
    read = normalise(pd.Series([form.cell for form in forms], dtype="str"), region)
    e164 = read["e164"].astype(object).where(read["e164"].notna(), None)
    return list(zip(forms, e164, read["problem"].fillna(""), strict=True))


def _wrong(read: list[tuple[Form, str | None, str]]) -> list[Form]:
    return [form for form, e164, _ in read if e164 not in {None, form.e164}]


NEVER = {"cut exponent", "extension", "two numbers", "letters", "slash"}
# Others are not always read: some countries have another international prefix than 00, or national
# numbers that may begin with a country code.
ALWAYS = {
    "plus", "international", "international, dots", "international, Unicode", "apostrophe",
    "international, brackets", "international, wide digits", "tel: link", "wa.me link", "label",
    "formula", "decimal",
}  # fmt: skip


@pytest.mark.parametrize("region", DEFAULTS)
def test_no_notation_of_any_number_is_read_as_another_number(region: str | None) -> None:
    """A column mixes all countries, with one default country.

    National notations of other countries are left out, since they mean a number of the default
    country.
    """
    at_home = [
        form
        for form in _written()
        if form.region == region or not form.name.startswith(("national", "cut"))
    ]
    read = _read(at_home, region)

    assert _wrong(read) == []
    assert {problem for _, e164, problem in read if e164 is None} <= PROBLEMS.keys()


def test_few_notations_are_held_back_in_the_numbers_own_country() -> None:
    """Each country's notations are read with that country as the default."""
    read = [line for forms in _by_region().values() for line in _read(forms, forms[0].region)]
    reasons = Counter((form.name, problem) for form, e164, problem in read if e164 is None)
    missed = Counter(name for name, _ in reasons.elements())
    share = {name: missed[name] / count for name, count in Counter(
        form.name for form in _written()).items()}  # fmt: skip
    report = "\n".join(f"{count:5} {name}: {why}" for (name, why), count in reasons.most_common())

    assert _wrong(read) == []
    assert {name for name, part in share.items() if part == 1} == NEVER, report
    assert {name for name, part in share.items() if part == 0} >= ALWAYS, report
    assert max(part for name, part in share.items() if name not in NEVER) < 0.4, report


def _by_region() -> dict[str, list[Form]]:
    found: dict[str, list[Form]] = {}
    for form in _written():
        found.setdefault(form.region, []).append(form)
    return found


@pytest.mark.parametrize("region", ["US", "BR", "DE", "IT", None])
def test_a_column_is_read_like_its_single_cells(region: str | None) -> None:
    """Reading by column must give the same results as reading each cell."""
    forms = _written()[::7]

    for form, e164, problem in _read(forms, region):
        alone = read_phone(form.cell, region)
        if problem != "two_readings":
            assert (alone.e164, alone.problem or "") == (e164, problem), form
