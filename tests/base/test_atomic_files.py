import resource
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from lib.atomic_files import is_disk_full, write_atomically
from lib.settings import ROOT


def test_a_file_appears_whole_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "data" / "new" / "file.json"

    write_atomically(path, b"{}")

    assert path.read_bytes() == b"{}"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(each.stat().st_mode) for each in path.parents[:2]} == {0o700}


def test_a_write_without_room_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    """The system refuses the write for real: the child may not write more than 1,000 bytes."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    code = (
        "import sys, pathlib; from lib.atomic_files import write_atomically, is_disk_full\n"
        "try: write_atomically(pathlib.Path(sys.argv[1]), b'x' * 5000)\n"
        "except OSError as error: sys.exit(7 if is_disk_full(error) else 8)\n"
    )

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    done = subprocess.run(
        # Keeping nothing compiled: the limit would cut that off too, for all who come after.
        [sys.executable, "-B", "-c", code, str(path)],
        cwd=ROOT,
        preexec_fn=limit,
        check=False,
    )

    assert done.returncode == 7
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(("number", "full"), [(28, True), (122, True), (27, True), (13, False)])
def test_only_want_of_room_counts_as_a_full_disk(number: int, full: bool) -> None:
    assert is_disk_full(OSError(number, "refused")) is full
