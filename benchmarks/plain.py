"""The plain script that results are compared with: what a developer writes in an afternoon."""

import json
from typing import Any

import openpyxl
import pandas as pd
import phonenumbers


def plan_of_csv(path: str, excluded: set[str]) -> tuple[list[dict[str, Any]], list[int]]:
    """Read a CSV with pandas; return the entries and the skipped rows."""
    return _plan(read_csv(path), excluded)


def read_csv(path: str) -> pd.DataFrame:
    """Read the cells of a CSV as text."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def plan_of_xlsx(path: str, excluded: set[str]) -> tuple[list[dict[str, Any]], list[int]]:
    """Read a workbook with openpyxl; return the entries and the skipped rows."""
    book = openpyxl.load_workbook(path)
    rows = book.worksheets[0].iter_rows(values_only=True)
    lines = [["" if cell is None else str(cell) for cell in line] for line in rows]
    return _plan(pd.DataFrame(lines[1:], columns=lines[0]), excluded)


def _plan(frame: pd.DataFrame, excluded: set[str]) -> tuple[list[dict[str, Any]], list[int]]:
    entries: list[dict[str, Any]] = []
    held: list[int] = []
    seen: set[tuple[str, str]] = set()
    others = ("phone", "campaign", "country", "Accepts marketing")
    names = [name for name in frame.columns if name not in others]
    for row, line in enumerate(frame.to_dict("records"), 2):
        phone = phone_of(line["phone"], line["country"] or "US")
        variables = {name: line[name].strip() for name in names}
        key = (phone or "", line["campaign"])
        said_no = line["Accepts marketing"].strip().lower() == "no"
        is_held = phone is None or said_no or phone in excluded or key in seen
        if is_held or not all(variables.values()):
            held.append(row)
            continue
        seen.add(key)
        entry = {"client": phone, "campaignName": line["campaign"], "variables": variables}
        json.dumps(entry)
        entries.append(entry)
    return entries, held


def phone_of(text: str, region: str) -> str | None:
    """Return one phone number in E.164 format, None if it is not valid."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
