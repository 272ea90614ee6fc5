"""People who opt out after their run was confirmed."""

import pandas as pd

from lib.campaign import add_exclude_list
from lib.settings import Settings


def exclude_phone(phone: str, settings: Settings) -> str:
    """Add an exclude list with this one phone and return the id of the list."""
    cells = pd.Series([phone], dtype="string[pyarrow]")
    added = add_exclude_list(cells, name="late", region=None, added_by="me", settings=settings)
    return added.id
