"""A real run, sent by a real worker to a real sandbox, that the tests of outcomes read."""

import pytest

from lib.settings import get_settings
from lib.sheet import read_sheet
from tests.support.sandbox import start_sandbox
from tests.support.sent_run import SentRun, odd_sheet, start_known
from tests.support.worker import Worker, wait_for_run


@pytest.fixture(scope="session")
def sent_run(tmp_path_factory: pytest.TempPathFactory) -> SentRun:
    """150 rows over three campaigns, some held back and some rejected."""
    data_dir = tmp_path_factory.mktemp("sent") / "data"
    data_dir.mkdir()
    sandbox = start_sandbox(tmp_path_factory.mktemp("sandbox"))
    worker = Worker(data_dir)
    known = odd_sheet(150)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SENDOUT_DATA_DIR", str(data_dir))
        get_settings.cache_clear()
        settings = get_settings()
        try:
            worker.connect(sandbox)
            worker.start()
            run_id = start_known(known, settings)
            summary = wait_for_run(run_id)
        finally:
            worker.end()
            sandbox.stop()
    sheet = read_sheet(known.xlsx(), filename="clientes.xlsx", settings=settings)
    return SentRun(summary, known, sheet, settings)
