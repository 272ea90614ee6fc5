"""Files that every machine needs are where every machine finds them, or somebody is told."""

import shutil
import socket
import traceback
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from fsspec.implementations.local import LocalFileSystem
from s3fs import S3FileSystem

from lib import storage
from lib.campaign import (
    FieldSource,
    FrozenPlan,
    Mapping,
    PlanUnreadableError,
    add_exclude_list,
    exclude_lists,
    excluded_numbers,
    freeze,
    make_plan,
    remove_exclude_list,
)
from lib.settings import Settings, get_settings
from lib.sheet import SheetError, load_sheet, read_sheet
from tests.support.sheets import make_sheet
from tests.support.storage import lead_to_s3, machine, s3_server

PLAN = make_plan(
    make_sheet({"phone": ["+16505550101", "+16505550102"]}),
    Mapping(client=FieldSource(column="phone"), campaign_name=FieldSource(value="promo")),
)


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture(params=["folder", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A shared storage with nothing in it."""
    if request.param == "folder":
        (tmp_path / "shared").mkdir()
        return (tmp_path / "shared").as_uri()
    lead_to_s3(request.getfixturevalue("s3"), monkeypatch)
    bucket = f"b{abs(hash(tmp_path))}"
    S3FileSystem().mkdir(bucket)
    return f"s3://{bucket}/sendout"


@pytest.fixture
def here(url: str, tmp_path: Path) -> Settings:
    return machine(tmp_path / "here", url)


@pytest.fixture
def there(url: str, tmp_path: Path) -> Settings:
    return machine(tmp_path / "there", url)


def add_list(settings: Settings, phone: str = "+16505550101") -> str:
    cells = pd.Series([phone], dtype="string[pyarrow]")
    return add_exclude_list(
        cells, name="Opt-outs", region=None, added_by="Kim", settings=settings
    ).id


def files_of(settings: Settings) -> list[Path]:
    return [each for each in settings.data_dir.rglob("*") if each.is_file()]


def test_what_one_machine_keeps_another_one_reads(here: Settings, there: Settings) -> None:
    sheet = read_sheet(b"phone,name\n+16505550101,Ana\n", settings=here)
    freeze(PLAN, here)
    list_id = add_list(here)

    assert load_sheet(sheet.id, settings=there).frame.equals(sheet.frame)
    assert FrozenPlan.open(PLAN.id, there).entries(0, 9) == list(PLAN.entries())
    assert [each.id for each in exclude_lists(there)] == [list_id]
    assert excluded_numbers([list_id], there).to_pylist() == [16505550101]
    kept = files_of(there)
    assert {each.name for each in kept} == {each.name for each in files_of(here)}
    assert [each for each in kept if each.stat().st_mode & 0o077] == []


def test_the_data_folder_may_be_emptied(here: Settings) -> None:
    sheet = read_sheet(b"phone,name\n+16505550101,Ana\n", settings=here)
    freeze(PLAN, here)
    shutil.rmtree(here.data_dir)

    assert load_sheet(sheet.id, settings=here).filename == "pasted rows"
    assert freeze(PLAN, here).row_count == 2


def test_a_list_removed_on_one_machine_counts_on_none(here: Settings, there: Settings) -> None:
    kept, gone = add_list(here), add_list(here, "+16505550102")
    exclude_lists(there)

    remove_exclude_list(gone, here)

    assert [each.id for each in exclude_lists(there)] == [kept]
    assert [each.id for each in exclude_lists(here)] == [kept]
    assert {each.stem for each in files_of(here) + files_of(there)} == {kept}


def test_what_was_kept_before_there_was_a_storage_is_shared_on_demand(
    here: Settings, there: Settings, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = machine(here.data_dir, None)
    freeze(PLAN, alone)
    list_id = add_list(alone)
    monkeypatch.setenv("SENDOUT_DATA_DIR", str(here.data_dir))
    monkeypatch.setenv("SENDOUT_STORAGE_URL", url)
    get_settings.cache_clear()

    assert storage.main() == 0

    assert FrozenPlan.open(PLAN.id, there).row_count == 2
    assert [each.id for each in exclude_lists(there)] == [list_id]


def test_a_file_that_nobody_has_is_missing_not_out_of_reach(there: Settings) -> None:
    with pytest.raises(PlanUnreadableError) as caught:
        FrozenPlan.open(PLAN.id, there)
    with pytest.raises(SheetError) as refused:
        load_sheet("0" * 64, settings=there)

    assert isinstance(caught.value.__cause__, FileNotFoundError)
    assert not isinstance(caught.value, storage.StorageError)
    assert refused.value.code == "sheet_gone"
    assert files_of(there) == []


def test_a_missing_bucket_or_folder_is_never_taken_for_an_empty_one(
    here: Settings, url: str
) -> None:
    """Else people on the exclude lists would get campaigns, for want of a mounted disk."""
    lost = machine(here.data_dir, url.replace("/shared", "/lost").replace("s3://b", "s3://lost"))

    for ask in (exclude_lists, add_list, lambda each: FrozenPlan.open(PLAN.id, each)):
        with pytest.raises(storage.StorageMissingError):
            ask(lost)
    with pytest.raises(SheetError) as refused:
        read_sheet(b"phone\n+16505550101\n", settings=lost)
    assert refused.value.code == "STUDIO_STORAGE_MISSING"
    assert files_of(lost) == []


@pytest.fixture
def nowhere() -> Iterator[str]:
    """An address at which nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ("s3://bucket/sendout", storage.StorageError),
        ("ftp://kim:hunter2@{nowhere}/sendout", storage.StorageError),
        ("odd://kim:hunter2@bucket", storage.StorageUnknownError),
    ],
)
def test_a_storage_out_of_reach_is_told_without_its_credentials(
    wrong: str,
    error: type[storage.StorageError],
    nowhere: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lead_to_s3(f"http://{nowhere}", monkeypatch)
    settings = machine(tmp_path / "data", wrong.format(nowhere=nowhere))

    with pytest.raises(storage.StorageError) as caught:
        FrozenPlan.open(PLAN.id, settings)

    assert type(caught.value) is error
    told = "".join(traceback.format_exception(caught.value)) + repr(settings)
    assert not [word for word in ("hunter2", "kim", nowhere) if word in told]
    assert files_of(settings) == []


def test_a_storage_that_lets_nobody_in_says_so(
    s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead_to_s3(s3, monkeypatch)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")

    with pytest.raises(storage.StorageRefusedError):
        exclude_lists(machine(tmp_path, "s3://bucket"))


def test_a_bug_is_not_reported_as_an_outage_of_the_storage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = machine(tmp_path / "here", (tmp_path / "shared").as_uri())
    (tmp_path / "shared").mkdir()

    def broken(_source: str, _target: str) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(LocalFileSystem, "get_file", lambda _self, *names: broken(*names))
    with pytest.raises(KeyError):
        storage.fetch(settings.sheets_dir / "a.arrow", settings)
