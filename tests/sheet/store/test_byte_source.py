"""Files below the allowed roots are read in pieces; no other files are read."""

import io
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lib.settings import Settings
from lib.sheet import SheetError, read_shared_sheet, read_sheet
from lib.sheet.dispatch import read_contents, read_large_contents
from lib.sheet.read_options import ReadLimits, ReadOptions
from lib.sheet.store.byte_source import ByteSource

LIST = "phone,name\n+16505550123,Ana\n"
LIMITS = ReadLimits(10_000, 100, 1_000_000)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "lists"
    (folder / "may").mkdir(parents=True)
    (folder / "may" / "a.csv").write_text(LIST)
    (tmp_path / "lists-of-others").mkdir()
    (tmp_path / "lists-of-others" / "a.csv").write_text(LIST)
    (tmp_path / "secret.csv").write_text(LIST)
    (folder / "way-out.csv").symlink_to(tmp_path / "secret.csv")
    (folder / "out").symlink_to(tmp_path / "lists-of-others")
    return folder


def allowing(settings: Settings, *roots: object) -> Settings:
    return settings.model_copy(update={"sheet_allowed_roots": tuple(map(str, roots))})


def test_a_file_below_a_root_is_read_by_its_absolute_or_relative_path(
    root: Path, settings: Settings
) -> None:
    for place in ("may/a.csv", str(root / "may" / "a.csv")):
        sheet = read_shared_sheet(place, settings=allowing(settings, root))
        assert (sheet.filename, sheet.frame["name"].tolist()) == ("a.csv", ["Ana"])
    (root / "may" / "a.csv").write_text(LIST.replace("Ana", "Anabel"))
    again = read_shared_sheet("may/a.csv", settings=allowing(settings, root))
    assert again.frame["name"].tolist() == ["Anabel"]


@pytest.mark.parametrize(
    "place",
    [
        "../secret.csv", "may/../../secret.csv", "way-out.csv", "out/a.csv", "{root}/../secret.csv",
        "{root}-of-others/a.csv", "/etc/passwd", "file:///etc/passwd", "", ".", "memory://a.csv",
        "simplecache::file:///etc/passwd", "may/a.csv\0",
    ],
)  # fmt: skip
def test_files_outside_of_the_roots_are_refused(place: str, root: Path, settings: Settings) -> None:
    with pytest.raises(SheetError) as caught:
        read_shared_sheet(place.format(root=root), settings=allowing(settings, root))
    assert caught.value.code == "place_not_allowed"


@pytest.mark.parametrize(
    "place",
    [
        "https://lists.example/may/../secret.csv", "https://lists.example/may/%2e%2e/secret.csv",
        "https://lists.example.evil/may/a.csv", "https://lists.example/maybe/a.csv",
        "https://lists.example@evil.example/may/a.csv", "https://lists.example/may/a.csv?x=1",
        "http://lists.example/may/a.csv", "%252e%252e/secret.csv",
    ],
)  # fmt: skip
def test_an_address_outside_of_its_root_is_refused(place: str, settings: Settings) -> None:
    with pytest.raises(SheetError) as caught:
        read_shared_sheet(place, settings=allowing(settings, "https://lists.example/may"))
    assert caught.value.code == "place_not_allowed"


def test_a_missing_file_and_missing_roots_raise_different_errors(
    root: Path, settings: Settings
) -> None:
    for allowed, code in (
        (settings, "place_not_allowed"),
        (allowing(settings, root), "place_gone"),
    ):
        with pytest.raises(SheetError) as caught:
            read_shared_sheet("may/b.csv", settings=allowed)
        assert caught.value.code == code


def test_roots_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDOUT_SHEET_ALLOWED_ROOTS", "/data/lists, s3://bucket/lists")
    assert Settings().sheet_allowed_roots == ("/data/lists", "s3://bucket/lists")


def test_a_shared_text_may_be_larger_than_an_upload_but_a_workbook_may_not(
    root: Path, settings: Settings
) -> None:
    small = allowing(settings, root).model_copy(update={"sheet_max_bytes": 20})
    assert len(read_shared_sheet("may/a.csv", settings=small).frame) == 1
    (root / "book.xlsx").write_bytes(b"PK" + bytes(100))
    with pytest.raises(SheetError) as caught:
        read_shared_sheet("book.xlsx", settings=small)
    assert caught.value.code == "too_large"


ROWS = "".join(f'+1650555{at:04d},"Ana, {at}",{at}\r\n' for at in range(300))
PLAIN = f"phone,name,n\r\n{ROWS}"


def parquet() -> bytes:
    buffer = io.BytesIO()
    table = pa.table({"phone": ["+16505550123"] * 5, "n": [1e16, 2.5, None, 4.0, 5.0]})
    pq.write_table(table, buffer, row_group_size=2)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "make",
    [
        PLAIN.encode,
        lambda: f"Liste für Mai\r\n\r\n{PLAIN}\r\nTotal,,300\r\n".encode("cp1252"),
        lambda: f"sep=,\r\n{PLAIN}".encode("utf-16"),
        lambda: PLAIN.replace("Ana", "Åna").encode("utf-16-le"),
        lambda: f'{PLAIN}+16505559999,"open,3\r\n\r\n{ROWS}'.encode("utf-8-sig"),
        f"{PLAIN}+16505559999,a,b,c,d\r\n,,\r\n{ROWS}\r\n\r\n".encode,
        lambda: PLAIN.replace(",", "||").encode(),
        lambda: PLAIN.replace("\r\n", "\r").replace("1", "\x001").encode(),
        lambda: PLAIN.encode() + "+16505559999,José,3\r\n".encode("latin-1"),
        ROWS.encode,
        parquet,
    ],
    ids=[
        "plain", "preamble, footer", "utf-16", "utf-16-le", "open quote", "long row", "bars",
        "NULs, CR", "another encoding later", "no header", "parquet",
    ],
)  # fmt: skip
def test_reading_in_pieces_gives_the_same_sheet_as_reading_whole(
    make: Callable[[], bytes], tmp_path: Path
) -> None:
    data = make()
    path = tmp_path / "list"
    path.write_bytes(data)
    whole, facts = read_contents(data, worksheet=None, reading=ReadOptions(), limits=LIMITS)
    pieced, same = read_large_contents(
        ByteSource(str(path)),
        tmp_path / "scratch",
        worksheet=None,
        reading=ReadOptions(),
        limits=LIMITS,
        report=lambda _: None,
    )
    assert (
        pieced.table.to_pydict().values().__repr__() == whole.table.to_pydict().values().__repr__()
    )
    assert pieced.rows.to_pylist() == whole.rows.to_pylist()
    assert pieced.flags == whole.flags
    assert {**same, "notes": None} == {**facts, "notes": None}


@pytest.mark.parametrize(
    ("url", "is_remote"),
    [
        ("/lists/a.csv", False), ("file:///lists/a.csv", False), ("FILE:///lists/a.csv", False),
        ("s3://bucket/a.csv", True), ("https://lists.example/a.csv", True),
    ],
)  # fmt: skip
def test_only_addresses_of_other_machines_need_the_network(url: str, is_remote: bool) -> None:
    assert ByteSource(url).is_remote == is_remote


def test_reading_reports_progress_and_can_be_cancelled(root: Path, settings: Settings) -> None:
    class StopError(Exception):
        pass

    def stop(_share: float) -> None:
        raise StopError

    before = set(settings.data_dir.rglob("*.*"))
    with pytest.raises(StopError):
        read_sheet(LIST.encode(), settings=settings, watch=stop)
    assert set(settings.data_dir.rglob("*.*")) == before
    shares: list[float] = []
    read_sheet(LIST.encode(), settings=settings, watch=shares.append)
    assert shares
    assert all(0 <= share <= 1 for share in shares)
