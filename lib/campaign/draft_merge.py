"""Three-way merge of concurrent changes to a draft.

Two tabs and a fragment of a page may hold different states of one draft. Only the difference
between the state that was shown and the state that is wanted is applied to the current state. If
the same value was changed twice, the later change wins.
"""

from typing import Any, Final

from pydantic import BaseModel

from lib.campaign.mapping.model import Answers, FieldSource, Mapping
from lib.campaign.schedule import SendSchedule

# Models that are merged field by field. Others are replaced as a whole.
_MERGED_BY_FIELD: Final = (Answers, Mapping, FieldSource, SendSchedule)
# Fields that are only valid in combination and change together.
_FIELD_GROUPS: Final[dict[type[BaseModel], tuple[frozenset[str], ...]]] = {
    FieldSource: (frozenset({"column", "value", "template"}),),
    SendSchedule: (
        frozenset({"first_wave", "wave_growth", "wave_tolerance"}),
        frozenset({"quiet_from", "quiet_until"}),
    ),
}
_MISSING: Final = object()


def merged(base: Any, wanted: Any, now: Any) -> Any:
    """Return ``now`` with the change from ``base`` to ``wanted`` applied.

    Answers, mappings, sources and schedules are merged field by field, dictionaries key by key, and
    sets by what was added and removed. Everything else is replaced as a whole.
    """
    if base == now:
        return wanted
    if wanted == base:
        return now
    kinds = {type(base), type(wanted), type(now)}
    if kinds in ({each} for each in _MERGED_BY_FIELD):
        return _merge_fields(base, wanted, now)
    if kinds == {dict}:
        return _merge_keys(base, wanted, now)
    if kinds == {frozenset}:
        return (now | (wanted - base)) - (base - wanted)
    return wanted


def _merge_fields(base: BaseModel, wanted: BaseModel, now: BaseModel) -> BaseModel:
    changes = {}
    for name in type(now).model_fields:
        values = [getattr(each, name) for each in (base, wanted, now)]
        if isinstance(now, Mapping) and name == "variables":
            values = _align_variable_names(*values)
        changes[name] = merged(*values)
    for group in _FIELD_GROUPS.get(type(now), ()):
        if any(getattr(base, name) != getattr(wanted, name) for name in group):
            changes |= {name: getattr(wanted, name) for name in group}
    return now.model_copy(update=changes)


def _align_variable_names(
    base: dict[str, FieldSource], wanted: dict[str, FieldSource], now: dict[str, FieldSource]
) -> list[dict[str, FieldSource]]:
    """Return all three with the variables that were renamed on either side renamed."""
    base, wanted = _rename_variables(base, now, base), _rename_variables(base, now, wanted)
    return [_rename_variables(base, wanted, base), wanted, _rename_variables(base, wanted, now)]


def _rename_variables(
    before: dict[str, FieldSource], after: dict[str, FieldSource], variables: dict[str, FieldSource]
) -> dict[str, FieldSource]:
    """Rename variables as they were from ``before`` to ``after``, matched by position."""
    names = {
        old: new
        for old, new in zip(before, after, strict=False)
        if old not in after and new not in before and new not in variables
    }
    return {names.get(name, name): source for name, source in variables.items()}


def _merge_keys(
    base: dict[Any, Any], wanted: dict[Any, Any], now: dict[Any, Any]
) -> dict[Any, Any]:
    found = {}
    for key in [*now, *(each for each in wanted if each not in now)]:
        values = [each.get(key, _MISSING) for each in (base, wanted, now)]
        if any(isinstance(each, dict) for each in values):
            # A row without corrections equals one with empty corrections.
            values = [{} if each is _MISSING else each for each in values]
        value = merged(*values)
        if value is not _MISSING and value != {}:
            found[key] = value
    return found
