"""Find campaign names that look alike although they are different, such as "promo" and "Promo"."""

import re
import unicodedata
from typing import Final

import numpy as np
import pandas as pd

from lib.campaign.arrow_text import Mask

_NOT_VISIBLE: Final = {"Cc", "Cf", "Co", "Cn"}


def look_alikes(names: pd.Series) -> Mask:
    """Return which rows have a campaign name that looks like another row's, or has invisible marks.

    Of names that look alike, the most frequent one is taken for the right one.
    """
    places, found = pd.factorize(names)
    counts = np.bincount(places[places >= 0], minlength=len(found))
    forms = [visible_form(str(name)) for name in found]
    best: dict[str, int] = {}
    for place, key in enumerate(forms):
        if key not in best or counts[place] > counts[best[key]]:
            best[key] = place
    is_odd = np.array(
        [
            best[forms[place]] != place or _has_invisible(str(name))
            for place, name in enumerate(found)
        ],
        dtype=bool,
    )
    mask: Mask = is_odd[places] & (places >= 0)
    return mask


def visible_form(name: str) -> str:
    """Return what a name looks like: without invisible marks, case, and differences of spacing."""
    text = unicodedata.normalize("NFKC", name)
    text = "".join(each for each in text if unicodedata.category(each) not in _NOT_VISIBLE)
    return re.sub(r"[\s_-]+", " ", text.casefold()).strip()


def _has_invisible(name: str) -> bool:
    return any(unicodedata.category(each) in _NOT_VISIBLE for each in name)
