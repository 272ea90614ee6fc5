"""Step 2 of a broadcast: the columns. Where the value of each field comes from."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import streamlit as st

from lib.campaign import (
    Draft,
    FieldSource,
    Mapping,
    audience_channel,
    mapping_problems,
    save_mapping,
    unused_columns,
)
from lib.i18n import N_, _
from lib.settings import Settings
from lib.sheet import Sheet
from lib.ui import auth
from lib.ui.form_state import Shown, reset_form, shown_in
from lib.ui.formatting import literal
from lib.ui.new_broadcast.consent import draw_consent_columns
from lib.ui.new_broadcast.default_country import draw_country_question, suggested_country_changes
from lib.ui.new_broadcast.draft import latest, save_changes
from lib.ui.new_broadcast.saved_mappings import draw_saved_mapping_choice, keep_mapping
from lib.ui.new_broadcast.value_format import draw_format_choice, format_example

_NOT_USED: Final = -1
_FIXED: Final = -2
_TEMPLATE: Final = -3


@dataclass(frozen=True)
class _Field:
    """A field of the request; ``label`` and ``help`` are source texts."""

    name: str
    label: str
    help: str


_FIELDS: Final = (
    _Field(
        "campaign_name",
        N_("Campaign name"),
        N_(
            "Exactly as in Connectly. If all rows get the same campaign, choose “Same for every "
            "row”."
        ),
    ),
    _Field(
        "campaign_version",
        N_("Campaign version"),
        N_("Choose “Not used” to decide the version in step 4."),
    ),
    _Field(
        "sender",
        N_("Sender"),
        N_("Choose “Not used” to send from the default number of your business."),
    ),
    _Field(
        "callback_data",
        N_("Callback data"),
        N_(
            "Your own note, which Connectly returns to your systems with delivery reports. Most "
            "people don't need it."
        ),
    ),
)


def draw_columns_step(draft: Draft, sheet: Sheet, settings: Settings) -> tuple[Draft, bool]:
    """Draw the step; return the updated draft, and whether its columns are confirmed."""
    assert draft.mapping is not None  # a draft with a sheet has at least the suggested mapping
    mapping = _shown(draft).value
    settled = draft.mapping_confirmed and not _problems(sheet, mapping)
    title = _("**2 · Columns**")
    if settled:
        title += f" · {_summary(mapping)}"
    with st.expander(title, expanded=not settled, icon=_icon(done=settled)):
        st.write(_("We matched your columns. Change anything that's wrong."))
        draw_saved_mapping_choice(draft, sheet, settings)
        _draw_campaign_name_help()
        chosen = _choose_fields(mapping, sheet, draft)
        draw_consent_columns(draft, draft.mapping, sheet, settings)
        mapping = mapping.model_copy(update=chosen)
        variables = _choose_variables(mapping, sheet, draft, settings)
        if variables is None:
            return draft, False
        changed = mapping.model_copy(update={"variables": variables})
        problems = _problems(sheet, changed)
        draft = _save_mapping_changes(draft, changed, sheet, settings)
        if draft.mapping != changed:
            # Another tab has changed something that these widgets do not show yet.
            reset_form(_form(draft), draft.mapping)
            st.rerun()
        draw_country_question(draft, sheet, settings)
        for problem in problems:
            st.warning(literal(problem), icon=":material/error:")
        if not draft.mapping_confirmed:
            _draw_confirmation(draft, sheet, settings, disabled=bool(problems))
    return draft, draft.mapping_confirmed and not problems


def _problems(sheet: Sheet, mapping: Mapping) -> list[str]:
    """Return what has to be changed before the columns can be confirmed.

    A plan can be made with a variable that is blank, but all of its rows are held back.
    """
    problems = [each.translated_sentence for each in mapping_problems(sheet, mapping)]
    for name, source in mapping.variables.items():
        if source.is_blank:
            problems.append(
                _("Enter the value of the variable {variable}, or remove it.", variable=name)
            )
    return problems


def _save_mapping_changes(
    draft: Draft, changed: Mapping, sheet: Sheet, settings: Settings
) -> Draft:
    """Save what was changed in these widgets; return the updated draft."""
    shown = _shown(draft)
    before = shown.value
    if changed == before:
        return draft
    country = {}
    if (changed.client, changed.country) != (before.client, before.country):
        country = suggested_country_changes(sheet, changed, draft.answers, settings)
    drawn = draft.model_copy(update={"mapping": before})
    draft = save_changes(drawn, settings, mapping=changed, **country)
    shown.value = changed
    is_usable = draft.mapping == changed and not _problems(sheet, changed)
    if is_usable:
        keep_mapping(draft, sheet, settings)
    return draft


def _draw_confirmation(draft: Draft, sheet: Sheet, settings: Settings, *, disabled: bool) -> None:
    assert draft.mapping is not None
    if st.button(_("Confirm columns"), type="primary", icon=":material/check:", disabled=disabled):
        saved = save_mapping(
            draft.mapping, sheet, answers=draft.answers, saved_by=auth.name(), settings=settings
        )
        save_changes(draft, settings, mapping_confirmed=True, mapping_from=saved.id)
        st.rerun()


def _icon(*, done: bool) -> str:
    return ":material/check_circle:" if done else ":material/radio_button_unchecked:"


def _summary(mapping: Mapping) -> str:
    source = mapping.campaign_name
    campaign = literal(str(source.column or source.template or source.value))
    phone = literal(str(mapping.client.column or mapping.client.template))
    variables = [name for name, source in mapping.variables.items() if not source.is_left_out]
    if not variables:
        return _(
            "phone from “{phone}”, campaign “{campaign}”, no variables",
            phone=phone,
            campaign=campaign,
        )
    return _(
        "phone from “{phone}”, campaign “{campaign}”, {variables}",
        phone=phone,
        campaign=campaign,
        variables=literal(", ".join(variables)),
    )


def _draw_campaign_name_help() -> None:
    with st.popover(_("Where do I find the campaign name?"), icon=":material/help:"):
        st.markdown(
            _(
                "In Connectly, open the **Flow Builder** and choose **Resend** or **Edit** on a "
                "campaign that you have already sent to yourself. The name at the top is the "
                "campaign name. Copy it exactly: capitals, spaces and accents count."
            )
        )
        st.markdown(_("We can't look names up; Connectly offers no list."))
        st.markdown(
            _(
                "In the sandbox, try {first} or {second}.",
                first="`demo_welcome`",
                second="`demo_promo`",
            )
        )


def _choose_phone(mapping: Mapping, sheet: Sheet, draft: Draft) -> dict[str, FieldSource]:
    """Draw the sources of the phone and of its country, and return both."""
    left, right = st.columns(2)
    columns = list(sheet.frame.columns)
    options = [_TEMPLATE, *range(len(columns))]
    place = _option(mapping.client, columns)
    chosen = left.selectbox(
        _("Phone"),
        options,
        index=options.index(place) if place in options else None,
        format_func=lambda option: _describe(option, columns),
        placeholder=_("Choose a column"),
        key=f"client_{_turn(draft)}",
        help=_(
            "The recipient's phone number. Every row needs one. If it is in several columns, such "
            "as area code and number, combine them."
        ),
    )
    client = FieldSource()
    if chosen == _TEMPLATE:
        client = FieldSource(
            template=_choose_template(mapping.client, left, key=f"client_{_turn(draft)}")
        )
    elif chosen is not None:
        client = FieldSource(column=columns[chosen])
    return {"client": client, "country": _choose_country(mapping, columns, draft, right)}


def _choose_country(
    mapping: Mapping, columns: list[str], draft: Draft, place: st.delta_generator.DeltaGenerator
) -> FieldSource:
    """Draw the choice of the column with each row's country, and return it."""
    options = [None, *columns]
    column = mapping.country.column
    chosen = place.selectbox(
        _("Country of each phone"),
        options,
        index=options.index(column) if column in options else 0,
        format_func=lambda name: (
            _("Not used") if name is None else _("Column “{column}”", column=name)
        ),
        key=f"country_{_turn(draft)}",
        help=_(
            "A column with each recipient's country: its name, its code such as BR, or its dial "
            "code such as +55."
        ),
    )
    return FieldSource(column=chosen)


def _choose_channel(mapping: Mapping, sheet: Sheet, draft: Draft) -> FieldSource:
    """Draw, for an audience file of Connectly, whether rows for other channels are held back."""
    column = mapping.channel.column or audience_channel(sheet)
    if column is None:
        return FieldSource()
    kept = st.checkbox(
        _("Hold back rows whose “{column}” is not WhatsApp", column=literal(column)),
        mapping.channel.column is not None,
        key=f"channel_{_turn(draft)}",
        help=_(
            "This looks like an audience file from Connectly. On channels other than WhatsApp, a "
            "person's ID is not a phone number."
        ),
    )
    return FieldSource(column=column) if kept else FieldSource()


def _choose_fields(mapping: Mapping, sheet: Sheet, draft: Draft) -> dict[str, FieldSource]:
    chosen = {
        **_choose_phone(mapping, sheet, draft),
        "channel": _choose_channel(mapping, sheet, draft),
    }
    for field in _FIELDS:
        left, right = st.columns(2)
        chosen[field.name] = _choose_source(
            _(field.label),
            _(field.help),
            getattr(mapping, field.name),
            sheet,
            key=f"{field.name}_{_turn(draft)}",
            places=(left, right),
        )
    return chosen


def _choose_variables(
    mapping: Mapping, sheet: Sheet, draft: Draft, settings: Settings
) -> dict[str, FieldSource] | None:
    """Draw the variables; return them, or None if a name is missing or used twice."""
    st.markdown(_("**Variables** of the campaign, named as in Connectly"))
    keyed = zip(_variable_keys(draft), mapping.variables.items(), strict=True)
    chosen = [
        _choose_variable(name, source, sheet, draft, settings, key=key)
        for key, (name, source) in keyed
    ]
    drawn = mapping.model_copy(update={"variables": dict(chosen)})
    _draw_variable_buttons(drawn, sheet, draft, settings)
    names = [name for name, source in chosen]
    if "" in names:
        st.error(_("Every variable needs a name. Name it or remove it."))
        return None
    if len(set(names)) < len(names):
        st.error(_("Two variables have the same name. Rename one of them."))
        return None
    return dict(chosen)


def _choose_variable(
    name: str, source: FieldSource, sheet: Sheet, draft: Draft, settings: Settings, *, key: str
) -> tuple[str, FieldSource]:
    """Draw one variable; return its name and where its value comes from."""
    naming, left, right = st.columns([2, 2, 2])
    new_name = naming.text_input(_("Variable"), name, key=f"{key}_name").strip()
    new_source = _choose_source(
        _("Value from"),
        _("The value that is sent as {variable}.", variable=literal(name)),
        source,
        sheet,
        key=key,
        places=(left, right),
    )
    if new_source.is_blank:
        right.warning(_("Enter a value, or choose another source."))
    with st.container(horizontal=True, vertical_alignment="center"):
        example = ""
        if new_source.columns:
            style = draw_format_choice(
                new_source.model_copy(update={"style": source.style}), sheet, key=key
            )
            new_source = new_source.model_copy(update={"style": style})
            example = format_example(new_source, sheet, trim=draft.answers.trim)
        st.caption(example, width="stretch")
        st.button(
            _("Remove"),
            icon=":material/delete:",
            key=f"{key}_remove",
            help=_("Remove the variable {variable}.", variable=literal(name)),
            on_click=_remove_variable,
            args=(key, draft, settings),
        )
    return new_name, new_source


def _variable_keys(draft: Draft) -> list[str]:
    """Return the first part of the widget keys of each variable that is drawn, in order.

    A key is never used again: a new variable in the place of a removed one, or of one that has
    moved, must not get the state of its widgets.
    """
    keys: list[str] = st.session_state.setdefault(f"variables_{_turn(draft)}", [])
    new = len(_shown(draft).value.variables) - len(keys)
    keys += [f"variable_{secrets.token_hex(4)}_{_turn(draft)}" for _place in range(new)]
    return keys


def _remove_variable(key: str, draft: Draft, settings: Settings) -> None:
    keys = _variable_keys(draft)
    if key not in keys:  # the button was clicked twice
        return
    removed = list(_shown(draft).value.variables)[keys.index(key)]
    _set_variables(
        lambda now: {name: each for name, each in now.variables.items() if name != removed},
        draft,
        settings,
    )


def _draw_variable_buttons(
    mapping: Mapping, sheet: Sheet, draft: Draft, settings: Settings
) -> None:
    """Draw the buttons that add and remove variables, and the columns that are not used."""
    unused = unused_columns(sheet, mapping)
    with st.container(horizontal=True, vertical_alignment="center"):
        changes: tuple[tuple[str, str, Callable[[Mapping], dict[str, FieldSource]], bool], ...] = (
            (_("Add variable"), ":material/add:", _with_empty, True),
            (
                _("Use all columns"),
                ":material/select_all:",
                lambda now: _with_columns(now, unused_columns(sheet, now)),
                bool(unused),
            ),
            (_("Use none"), ":material/deselect:", lambda _now: {}, bool(mapping.variables)),
        )
        for label, icon, change, is_useful in changes:
            st.button(
                label,
                icon=icon,
                key=f"{icon}_{draft.id}",
                disabled=not is_useful,
                on_click=_set_variables,
                args=(change, draft, settings),
            )
    if unused:
        st.caption(_("Columns not used: {columns}", columns=literal(", ".join(unused))))


def _with_empty(mapping: Mapping) -> dict[str, FieldSource]:
    """Return the variables with a new one that has no value yet."""
    taken = mapping.variables
    name = next(f"variable_{n}" for n in range(1, 10_000) if f"variable_{n}" not in taken)
    return {**taken, name: FieldSource(value="")}


def _with_columns(mapping: Mapping, columns: list[str]) -> dict[str, FieldSource]:
    """Return the variables with one for each of these columns."""
    variables = dict(mapping.variables)
    for column in columns:
        variables[_column_name(column, variables)] = FieldSource(column=column)
    return variables


def _column_name(column: str, taken: dict[str, FieldSource]) -> str:
    """Return a name for the variable of a column that no other variable has."""
    name = column.strip()
    names = (name, *(f"{name} ({number})" for number in range(2, len(taken) + 3)))
    return next(each for each in names if each not in taken)


def _set_variables(
    change: Callable[[Mapping], dict[str, FieldSource]], draft: Draft, settings: Settings
) -> None:
    now, shown = latest(draft, settings), _shown(draft)
    assert now.mapping is not None
    mapping = now.mapping.model_copy(update={"variables": change(now.mapping)})
    save_changes(now, settings, mapping=mapping)
    if now.mapping == shown.value:
        keys = _variable_keys(draft)
        named = zip(keys, now.mapping.variables, strict=True)
        keys[:] = [key for key, name in named if name in mapping.variables]
        shown.value = mapping


def _choose_source(
    label: str,
    help: str,  # noqa: A002 - the name that Streamlit gives it
    source: FieldSource,
    sheet: Sheet,
    *,
    key: str,
    places: tuple[st.delta_generator.DeltaGenerator, st.delta_generator.DeltaGenerator],
) -> FieldSource:
    """Draw the source of one field: a column, several columns, one value, or none."""
    left, right = places
    columns = list(sheet.frame.columns)
    options = [_NOT_USED, _FIXED, _TEMPLATE, *range(len(columns))]
    chosen = left.selectbox(
        label,
        options,
        index=options.index(_option(source, columns)),
        format_func=lambda option: _describe(option, columns),
        key=f"{key}_from",
        help=help,
    )
    if chosen == _NOT_USED:
        return FieldSource()
    if chosen == _FIXED:
        value = right.text_input(_("Value for every row"), source.value or "", key=f"{key}_value")
        return FieldSource(value=value)
    template = None
    if chosen == _TEMPLATE:
        template = _choose_template(source, right, key=key)
    fallback = right.text_input(
        _("If a cell is empty, use"), source.fallback, key=f"{key}_fallback"
    )
    if template is not None:
        return FieldSource(template=template, fallback=fallback)
    return FieldSource(column=columns[chosen], fallback=fallback)


def _choose_template(
    source: FieldSource, place: st.delta_generator.DeltaGenerator, *, key: str
) -> str:
    return place.text_input(
        _("Text with column names in braces"),
        _as_template(source),
        key=f"{key}_template",
        placeholder="{first} {last}",
        help=_(
            "Put column names in braces: {example}. After a bar, enter what to use for an "
            "empty cell: {fallback}, or {omitted} to leave it out.",
            example="{first} {last}",
            fallback="{first|friend}",
            omitted="{middle|}",
        ),
    )


def _as_template(source: FieldSource) -> str:
    if source.template is not None:
        return source.template
    return f"{{{source.column}}}" if source.column else source.value or ""


def _option(source: FieldSource, columns: list[str]) -> int:
    if source.column in columns:
        return columns.index(source.column)
    if source.template is not None:
        return _TEMPLATE
    return _FIXED if source.value is not None else _NOT_USED


def _describe(option: int, columns: list[str]) -> str:
    if option == _NOT_USED:
        return _("Not used")
    if option == _FIXED:
        return _("Same for every row")
    if option == _TEMPLATE:
        return _("Combine columns")
    return _("Column “{column}”", column=columns[option])


def _turn(draft: Draft) -> str:
    """Return the part of widget keys that changes when the form shows another mapping."""
    return f"{_form(draft)}_{_shown(draft).turn}"


def _shown(draft: Draft) -> Shown[Mapping]:
    assert draft.mapping is not None
    return shown_in(_form(draft), draft.mapping)


def _form(draft: Draft) -> str:
    return f"{draft.id}_{(draft.sheet_id or '')[:12]}"
