"""Recipient sheets of which we know everything: which rows are good, which are not, and why."""

import io
from dataclasses import dataclass, field

import xlsxwriter

# Area codes whose numbers 555-0100 to 555-0199 are reserved for fiction.
_AREAS = (
    202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 224,
    225, 228, 229, 231, 234, 239, 240, 248, 251, 252, 253, 254, 256, 260, 262, 267, 269,
    270, 276, 281, 301, 302, 303, 304, 305, 307, 308, 309, 310, 312, 313, 314, 315, 316,
    317, 318, 319, 320, 321, 323, 325, 330, 334, 336, 337, 339, 347, 351, 352, 360, 361,
    386,
)  # fmt: skip


def fictional_phone(number: int) -> str:
    """Return the n-th fictional American phone number, as ``+1`` and ten digits."""
    area, last = divmod(number, 100)
    return f"+1{_AREAS[area]}55501{last:02d}"


@dataclass
class KnownSheet:
    """A sheet and what must come of each of its rows, by the number that Excel shows."""

    header: tuple[str, ...]
    rows: dict[int, tuple[str, ...]] = field(default_factory=dict)
    bad_phones: set[int] = field(default_factory=set)
    duplicates: set[int] = field(default_factory=set)
    missing: set[int] = field(default_factory=set)

    @property
    def held(self) -> set[int]:
        """The rows that must not be sent."""
        return self.bad_phones | self.duplicates | self.missing

    @property
    def sent(self) -> dict[int, tuple[str, ...]]:
        """The rows that must be sent, once each."""
        return {row: cells for row, cells in self.rows.items() if row not in self.held}

    def xlsx(self) -> bytes:
        """Write the sheet as a workbook of text cells."""
        buffer = io.BytesIO()
        with xlsxwriter.Workbook(buffer, {"in_memory": True}) as workbook:
            worksheet = workbook.add_worksheet("Recipients")
            worksheet.write_row(0, 0, self.header)
            for row, cells in self.rows.items():
                for column, cell in enumerate(cells):
                    worksheet.write_string(row - 1, column, cell)
        return buffer.getvalue()

    def csv(self) -> bytes:
        """Write the sheet as commas and lines."""
        lines = [self.header, *self.rows.values()]
        return "\r\n".join(",".join(cells) for cells in lines).encode()


_BAD = ("+1650555XXXX", "1.65E+10", "2026-01-31", "", "12", "+999123456789")
_CAMPAIGNS = ("demo_welcome", "demo_promo", "demo_invalid_phones")


def known_sheet(rows: int, *, first: int = 0) -> KnownSheet:
    """Make a sheet over three campaigns in which every 10th row has something wrong.

    Its recipients are the fictional phones from ``first`` on.
    """
    sheet = KnownSheet(header=("Phone", "Campaign", "name", "code"))
    for index in range(rows):
        row = index + 2
        phone, campaign = fictional_phone(first + index), _CAMPAIGNS[index % 3]
        name, code = f"Ana {index}", f"00{index}"
        match index % 30:
            case 9:
                phone = _BAD[index // 30 % len(_BAD)]
                sheet.bad_phones.add(row)
            case 19:
                phone = sheet.rows[row - 3][0]
                sheet.duplicates.add(row)
            case 29:
                name = ""
                sheet.missing.add(row)
        sheet.rows[row] = (phone, campaign, name, code)
    return sheet
