"""Recipients of 60 countries, in every notation, with and without the country of each row."""

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

import phonenumbers
from babel import Locale
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

COUNTRIES = [
    "AR", "AT", "AU", "BD", "BE", "BG", "BO", "BR", "CA", "CH", "CL", "CN", "CO", "CR", "CZ",
    "DE", "DK", "DO", "EC", "EG", "ES", "FI", "FR", "GB", "GR", "GT", "HK", "HU", "ID", "IE",
    "IL", "IN", "IT", "JP", "KE", "KR", "MA", "MX", "MY", "NG", "NL", "NO", "NZ", "PA", "PE",
    "PH", "PK", "PL", "PT", "PY", "RO", "RU", "SA", "SE", "SG", "TH", "TR", "US", "UY", "VE",
    "VN", "ZA",
]  # fmt: skip


def _mobiles(region: str, count: int = 12) -> list[str]:
    """Return valid mobile numbers of a country in E.164, the same ones in each run."""
    chance = random.Random(region)
    example = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    assert example is not None
    digits, code = str(example.national_number), example.country_code
    found: list[str] = []
    for _attempt in range(5_000):
        if len(found) == count:
            break
        kept = chance.randint(1, 3)
        tail = "".join(chance.choice("0123456789") for _ in digits[kept:])
        number = phonenumbers.parse(f"+{code}{digits[:kept]}{tail}")
        kinds = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
        is_mobile = phonenumbers.number_type(number) in kinds
        if is_mobile and phonenumbers.is_valid_number_for_region(number, region):
            found.append(phonenumbers.format_number(number, PhoneNumberFormat.E164))
    assert found, region
    return found


MOBILES = {region: _mobiles(region) for region in COUNTRIES}
# Ways to name a country in its cell.
NAMED: dict[str, Callable[[str], str]] = {
    "name": lambda region: Locale("es").territories[region],
    "ISO code": lambda region: region.lower(),
    "dial code": lambda region: f"+{phonenumbers.country_code_for_region(region)}",
}


class Recipient(NamedTuple):
    """A recipient: the cell of the phone, that of the country, and the number that is meant."""

    cell: str
    country: str
    e164: str


def _international(e164: str) -> Iterator[str]:
    number = phonenumbers.parse(e164)
    yield e164
    yield phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    yield f"00{e164[1:]}"
    yield f"wa.me/{e164[1:]}"


def _national(e164: str) -> Iterator[str]:
    number = phonenumbers.parse(e164)
    yield phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    yield phonenumbers.national_significant_number(number)


def _coded(e164: str) -> Iterator[str]:
    number = phonenumbers.parse(e164)
    yield e164[1:]
    yield phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)[1:]
    yield f"{e164[1:]}.0"


@st.composite
def recipient_lists(draw: st.DrawFn) -> tuple[str, list[Recipient]]:
    """Draw a home country, and rows of it and of others in any mixture of notations.

    Only numbers of the home country, and of rows that name their country, lack a country code.
    """
    home = draw(st.sampled_from(COUNTRIES))
    rows = []
    for _row in range(draw(st.integers(1, 8))):
        region = draw(st.one_of(st.just(home), st.sampled_from(COUNTRIES)))
        e164 = draw(st.sampled_from(MOBILES[region]))
        named = draw(st.sampled_from([None, *NAMED]))
        forms = [*_international(e164), *_coded(e164)]
        if named or region == home:
            forms += _national(e164)
        country = NAMED[named](region) if named else ""
        rows.append(Recipient(draw(st.sampled_from(forms)), country, e164))
    return home, rows
