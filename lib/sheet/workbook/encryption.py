"""Open workbooks that are encrypted with Excel's own password."""

import io
import struct
from typing import Final
from xml.parsers.expat import ExpatError

import msoffcrypto
from msoffcrypto.exceptions import DecryptionError, FileFormatError, ParseError

from lib.sheet.errors import SheetError, SheetErrorCode

# Excel encrypts a workbook whose structure is protected with this password, and opens it without
# asking for one.
_BUILT_IN_PASSWORD: Final = "VelvetSweatshop"  # noqa: S105 - published, the same in all copies
# What msoffcrypto raises for another password, another method, or a damaged file.
_FAILURES: Final = (
    DecryptionError,
    FileFormatError,
    ParseError,
    ExpatError,
    struct.error,
    AssertionError,
    LookupError,
    OSError,
    ValueError,
)


def decrypt_built_in(data: bytes) -> bytes:
    """Return the workbook in a file that Excel opens without asking for a password.

    Raises SheetError encrypted if it has a password of its own, or if it can't be decrypted.
    """
    decrypted = io.BytesIO()
    try:
        file = msoffcrypto.OfficeFile(io.BytesIO(data))
        file.load_key(password=_BUILT_IN_PASSWORD)
        file.decrypt(decrypted)
    except _FAILURES as error:
        raise SheetError(SheetErrorCode.ENCRYPTED) from error
    return decrypted.getvalue()
