"""Encrypted workbooks are read if Excel opens them without asking for a password."""

import hashlib
import io
import struct
from collections.abc import Callable

import msoffcrypto
import msoffcrypto.format.ooxml as encrypting
import pytest
from msoffcrypto.method.rc4 import DocumentRC4

from lib.sheet import SheetError
from tests.support.read_bytes import read_bytes
from tests.support.workbooks import xls, xlsx

ROWS: list[list[str | float]] = [["phone", "name"], ["+12025550101", "Ána"]]
BUILT_IN = "VelvetSweatshop"


def _encrypted_xlsx(password: str) -> bytes:
    buffer = io.BytesIO()
    encrypting.OOXMLFile(io.BytesIO(xlsx(ROWS))).encrypt(password, buffer)
    return buffer.getvalue()


def _encrypted_xls(password: str) -> bytes:
    """Encrypt with RC4, which the same operation reverses.

    The record with the user's name makes room for the one with the verifier of the password.
    """
    salt, verifier = bytes(range(16)), bytes(16)
    secret = io.BytesIO(verifier + hashlib.md5(verifier).digest())
    checked = DocumentRC4.decrypt(password, salt, secret).read()
    file_pass = struct.pack("<HHHHH", 0x2F, 54, 1, 1, 1) + salt + checked
    plain = xls(ROWS)
    at = plain.index(struct.pack("<HH", 0x5C, 112))
    marked = plain[:at] + file_pass + struct.pack("<HH", 0, 54) + bytes(54) + plain[at + 116 :]
    reversed_ = io.BytesIO()
    file = msoffcrypto.OfficeFile(io.BytesIO(marked))
    file.load_key(password=password)
    file.decrypt(reversed_)
    data = reversed_.getvalue()
    return bytes(data[:at] + file_pass + data[at + len(file_pass) :])


@pytest.mark.parametrize("encrypt", [_encrypted_xlsx, _encrypted_xls])
def test_a_workbook_with_the_built_in_password_is_read(encrypt: Callable[[str], bytes]) -> None:
    found = read_bytes(encrypt(BUILT_IN))

    assert [found.names, *found.cells] == ROWS


@pytest.mark.parametrize("encrypt", [_encrypted_xlsx, _encrypted_xls])
def test_a_workbook_with_a_password_of_its_own_is_refused(encrypt: Callable[[str], bytes]) -> None:
    with pytest.raises(SheetError) as caught:
        read_bytes(encrypt("secret"))
    assert caught.value.code == "encrypted"


def test_a_damaged_encrypted_workbook_is_refused() -> None:
    data = _encrypted_xlsx(BUILT_IN)

    with pytest.raises(SheetError) as caught:
        read_bytes(data[:1_000] + bytes(512) + data[1_512:])
    assert caught.value.code == "encrypted"
