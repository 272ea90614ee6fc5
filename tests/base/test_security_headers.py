import base64
import hashlib
import re
from pathlib import Path

import streamlit

from lib.security_headers import INLINE_SCRIPT


def test_the_policy_allows_just_the_inline_script_that_streamlit_ships() -> None:
    """A new release of Streamlit may change its one inline line: then this hash must follow."""
    index = Path(streamlit.__file__).parent / "static" / "index.html"

    inline = re.findall(r"<script>(.*?)</script>", index.read_text(), re.DOTALL)

    hashes = [
        "sha256-" + base64.b64encode(hashlib.sha256(each.encode()).digest()).decode()
        for each in inline
    ]
    assert hashes == [INLINE_SCRIPT]
