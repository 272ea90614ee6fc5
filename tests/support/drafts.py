"""A draft of a broadcast on its page, up to the step where its columns are confirmed."""

from streamlit.testing.v1 import AppTest

from tests.support.app_test import Visit, press
from tests.support.recipients import fictional_phone

ANA, BEN = fictional_phone(0), fictional_phone(1)
GOOD = f"phone,campaign,name\n{ANA},demo_welcome,Ana\n{BEN},demo_welcome,Ben\n"


def upload(app: AppTest, data: bytes | str, name: str = "list.csv") -> AppTest:
    """Upload a sheet and let the page run."""
    data = data.encode() if isinstance(data, str) else data
    app.file_uploader[0].upload(name, data).run()
    assert not app.exception
    return app


def prepared(visit: Visit, data: bytes | str = GOOD, name: str = "list.csv") -> AppTest:
    """Upload a sheet to a new draft and confirm its columns."""
    return press(upload(visit("new_broadcast"), data, name), "Confirm columns")


def current_draft_id(app: AppTest) -> str:
    """Return the draft that the address of the page names."""
    value = app.query_params["draft"]
    return value if isinstance(value, str) else value[0]
