"""The encoding of a text is detected, whatever the size of the text."""

import codecs

import pytest

from lib.sheet.dispatch import read_contents
from lib.sheet.read_options import ReadLimits, ReadOptions
from lib.sheet.text.encoding import find_encoding

LIMITS = ReadLimits(100_000, 100, 1_000_000)
NAMES = {
    "big5": ["王小明", "陳美玲", "林志豪", "張雅婷", "黃俊傑"],
    "gb18030": ["王小明", "陈美玲", "林志强", "张雅婷", "黄俊杰"],
    "shift_jis": ["山田花子", "佐藤太郎", "鈴木一郎", "高橋さくら", "田中ゆみ"],
    "euc_jp": ["山田花子", "佐藤太郎", "鈴木一郎", "高橋さくら", "田中ゆみ"],
    "euc_kr": ["김민수", "이서연", "박지훈", "최은지", "정하늘"],
    "cp874": ["สมชาย ใจดี", "มาลี สุขใจ"],
    "cp1251": ["Анна Иванова", "Пётр Смирнов", "Жанна Кузнецова"],
    "cp1253": ["Άννα Παπαδοπούλου", "Γιώργος Νικολάου"],
    "cp1254": ["Ayşe Yılmaz", "Çağrı Öztürk"],
    "cp1256": ["محمد علي", "فاطمة حسن"],
    "cp1252": ["José Ñandú", "Zoë Müller", "João Conceição"],
}


def lines(encoding: str, count: int) -> bytes:
    names = NAMES[encoding]
    rows = [f"{names[at % len(names)]},+1202555{at % 10_000:04d}\n" for at in range(count)]
    return f"name,phone\n{''.join(rows)}".encode(encoding)


def read(data: bytes) -> tuple[list[str], list[str], str]:
    """Return the first column of a text, its notices, and its encoding."""
    sheet, facts = read_contents(data, worksheet=None, reading=ReadOptions(), limits=LIMITS)
    return sheet.table[0].to_pylist(), facts["notes"], facts["reading"]["encoding"]


@pytest.mark.parametrize("encoding", NAMES)
@pytest.mark.parametrize("count", [30, 3_000])
def test_an_encoding_is_detected_from_names(encoding: str, count: int) -> None:
    names, notes, found = read(lines(encoding, count))

    assert found == encoding
    assert names[: len(NAMES[encoding])] == NAMES[encoding]
    assert notes == ["encoding_guessed"]


@pytest.mark.parametrize("encoding", ["big5", "gb18030", "shift_jis", "euc_kr"])
@pytest.mark.parametrize("size", range(997, 1001))
def test_letters_of_several_bytes_may_be_parted(encoding: str, size: int) -> None:
    data = lines(encoding, 4_000)
    parts = (data[at : at + size] for at in range(0, len(data), size))

    assert find_encoding(parts).name == encoding


def test_letters_far_below_ascii_lines_decide() -> None:
    ascii_lines = b"name,phone\n" + b"Ana,+12025550101\n" * 5_000
    names, _notes, found = read(ascii_lines + lines("shift_jis", 30))

    assert found == "shift_jis"
    assert names[-1] == "田中ゆみ"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("names", [["山田花子", "一番"], ["Ana", "José"], ["анна", "пётр"]])
def test_utf_16_without_a_byte_order_mark_is_detected(encoding: str, names: list[str]) -> None:
    text = "".join(f"{name},{'連絡をおねがいします' * 5}\n" for name in names)

    assert read(f"name,note\n{text}".encode(encoding)) == (names, [], "utf-16")


def test_text_with_null_characters_is_not_taken_for_utf_16() -> None:
    names, notes, found = read(b"name,phone\nAna\0,+12025550101\nLuis,+12025550102\n")

    assert (names, notes, found) == (["Ana", "Luis"], ["nul_removed"], "utf-8")


def test_a_cut_utf_16_text_is_read_up_to_its_end() -> None:
    data = codecs.BOM_UTF16_LE + "name,phone\nAna,+12025550101\n".encode("utf-16-le")

    assert read(data + b"x")[0] == ["Ana", "\ufffd"]


@pytest.mark.parametrize(
    ("written", "read_as"),
    [("It\x92s", "It’s"), ("Ana \x96", "Ana –"), ("5 \x80", "5 €"), ("\x8aimek", "Šimek")],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_invisible_controls_are_the_letters_of_windows(
    written: str, read_as: str, encoding: str
) -> None:
    names, notes, _found = read(f"name,phone\n{written},+12025550101\n".encode(encoding))

    assert names == [read_as]
    assert notes == ["odd_letters"]


def test_a_few_bytes_of_windows_in_utf_8_are_read_as_its_letters() -> None:
    data = ("name,phone\n" + "Íñigo Ángel,1\n" * 4).encode() + b"It\x92s \x81,2\n"
    names, notes, found = read(data)

    assert names == ["Íñigo Ángel"] * 4 + ["It’s \x81"]
    assert (notes, found) == (["odd_letters"], "utf-8")


@pytest.mark.parametrize("letter", ["€", "①", "髙"])
def test_letters_that_only_windows_has_do_not_prevent_detection(letter: str) -> None:
    encoding = "cp1252" if letter == "€" else "cp932"
    data = lines("cp1252" if letter == "€" else "shift_jis", 30) + f"{letter},1\n".encode(encoding)

    assert read(data)[0][-1] == letter
