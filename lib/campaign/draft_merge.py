"""Apply a change that was made to an older state to the state that there is now.

Two tabs and a fragment of a page may each hold another state of one draft. What each of them
changes is the difference between the state it held and the state it wants; only that difference is
applied. Where both have changed the same value, the later change wins.
"""

from typing import Any, Final

from pydantic import BaseModel

from lib.campaign.mapping.model import Answers, FieldSource, Mapping
from lib.campaign.schedule import SendSchedule

# Other models are values of their own: parts of two of them do not make a third one.
_BY_FIELD: Final = (Answers, Mapping, FieldSource, SendSchedule)
# Fields that are valid only as they were chosen together.
_TOGETHER: Final[dict[type[BaseModel], tuple[frozenset[str], ...]]] = {
    FieldSource: (frozenset({"column", "value", "template"}),),
    SendSchedule: (
        frozenset({"first_wave", "wave_growth", "wave_tolerance"}),
        frozenset({"quiet_from", "quiet_until"}),
    ),
}
_MISSING: Final = object()


def merged(base: Any, wanted: Any, now: Any) -> Any:
    """Return ``now`` with the change from ``base`` to ``wanted``.

    Answers, mappings, sources and courses are merged field by field, dictionaries key by key, and
    sets by what was added and removed. Everything else is replaced as a whole.
    """
    if base == now:
        return wanted
    if wanted == base:
        return now
    kinds = {type(base), type(wanted), type(now)}
    if kinds in ({each} for each in _BY_FIELD):
        return _merged_fields(base, wanted, now)
    if kinds == {dict}:
        return _merged_keys(base, wanted, now)
    if kinds == {frozenset}:
        return (now | (wanted - base)) - (base - wanted)
    return wanted


def _merged_fields(base: BaseModel, wanted: BaseModel, now: BaseModel) -> BaseModel:
    changes = {}
    for name in type(now).model_fields:
        values = [getattr(each, name) for each in (base, wanted, now)]
        if isinstance(now, Mapping) and name == "variables":
            values = _with_same_names(*values)
        changes[name] = merged(*values)
    for group in _TOGETHER.get(type(now), ()):
        if any(getattr(base, name) != getattr(wanted, name) for name in group):
            changes |= {name: getattr(wanted, name) for name in group}
    return now.model_copy(update=changes)


def _with_same_names(
    base: dict[str, FieldSource], wanted: dict[str, FieldSource], now: dict[str, FieldSource]
) -> list[dict[str, FieldSource]]:
    """Give the variables that were renamed, on either side, the same name in all three."""
    base, wanted = _renamed(base, now, base), _renamed(base, now, wanted)
    return [_renamed(base, wanted, base), wanted, _renamed(base, wanted, now)]


def _renamed(
    before: dict[str, FieldSource], after: dict[str, FieldSource], variables: dict[str, FieldSource]
) -> dict[str, FieldSource]:
    """Rename variables as from ``before`` to ``after``: one is known again by its place."""
    names = {
        old: new
        for old, new in zip(before, after, strict=False)
        if old not in after and new not in before and new not in variables
    }
    return {names.get(name, name): source for name, source in variables.items()}


def _merged_keys(
    base: dict[Any, Any], wanted: dict[Any, Any], now: dict[Any, Any]
) -> dict[Any, Any]:
    found = {}
    for key in [*now, *(each for each in wanted if each not in now)]:
        values = [each.get(key, _MISSING) for each in (base, wanted, now)]
        if any(isinstance(each, dict) for each in values):
            # A row without corrections is one whose corrections are empty.
            values = [{} if each is _MISSING else each for each in values]
        value = merged(*values)
        if value is not _MISSING and value != {}:
            found[key] = value
    return found
