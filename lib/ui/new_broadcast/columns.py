"""Step 2 of a sendout: the columns. Which column, or fixed value, feeds which field."""

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
)
from lib.settings import Settings
from lib.sheet import Sheet
from lib.ui import auth
from lib.ui.form_state import Shown, show_anew, shown_in
from lib.ui.formatting import literal
from lib.ui.new_broadcast import consent, default_country, saved_mappings, value_format
from lib.ui.new_broadcast.draft import latest, save_changes

_LEAVE_OUT: Final = -1
_FIXED: Final = -2
_TEMPLATE: Final = -3


@dataclass(frozen=True)
class _Field:
    name: str
    label: str
    help: str


_FIELDS: Final = (
    _Field(
        "campaign_name",
        "Campaign name",
        "Exactly as it stands in Connectly. Use a fixed value if all rows get the same campaign.",
    ),
    _Field(
        "campaign_version",
        "Campaign version",
        "Leave it out to use the version that the preview step explains.",
    ),
    _Field("sender", "Sender", "Leave it out to send from your business's usual number."),
    _Field(
        "callback_data",
        "Callback data",
        "Your own note, handed back to your systems with delivery news. Most people leave it out.",
    ),
)


def draw(draft: Draft, sheet: Sheet, settings: Settings) -> tuple[Draft, bool]:
    """Draw the step; return the draft as it is now, and whether its columns are settled."""
    assert draft.mapping is not None  # a draft with a sheet has at least the suggested mapping
    shown = _shown(draft)
    mapping = shown.value
    settled = draft.mapping_confirmed and not mapping_problems(sheet, mapping)
    title = "**2 · Columns**"
    if settled:
        title += f" · {_summary(mapping)}"
    with st.expander(title, expanded=not settled, icon=_icon(done=settled)):
        st.write(
            "We have matched your columns as well as their names allow. Check each line and "
            "change what is not right."
        )
        saved_mappings.offer(draft, sheet, settings)
        _explain_campaign_names()
        chosen = _choose_fields(mapping, sheet, draft)
        consent.choose_uses(draft, draft.mapping, sheet, settings)
        variables = _choose_variables(mapping, sheet, draft, settings)
        if variables is None:
            return draft, False
        changed = Mapping(**chosen, variables=variables, consent=mapping.consent)
        problems = mapping_problems(sheet, changed)
        if changed != mapping:
            anew = changed.client != mapping.client
            country = (
                default_country.suggested(sheet, changed, draft.answers, settings) if anew else {}
            )
            drawn = draft.model_copy(update={"mapping": mapping})
            draft = save_changes(drawn, settings, mapping=changed, **country)
            shown.value = changed
            if draft.mapping_confirmed and draft.mapping == changed and not problems:
                save_mapping(changed, sheet, saved_by=auth.name(), settings=settings)
        if draft.mapping != changed:
            # Another tab has changed something that these widgets do not show yet.
            show_anew(_form(draft), draft.mapping)
            st.rerun()
        default_country.ask(draft, settings)
        for problem in problems:
            st.warning(literal(problem.translated_sentence), icon=":material/error:")
        if not draft.mapping_confirmed and st.button(
            "These columns are right",
            type="primary",
            icon=":material/check:",
            disabled=bool(problems),
        ):
            saved = save_mapping(changed, sheet, saved_by=auth.name(), settings=settings)
            save_changes(draft, settings, mapping_confirmed=True, mapping_from=saved.id)
            st.rerun()
    return draft, draft.mapping_confirmed and not problems


def _icon(*, done: bool) -> str:
    return ":material/check_circle:" if done else ":material/radio_button_unchecked:"


def _summary(mapping: Mapping) -> str:
    source = mapping.campaign_name
    campaign = source.column or source.template or source.value
    names = ", ".join(mapping.variables) or "no variables"
    return literal(f"phone from “{mapping.client.column}”, campaign “{campaign}”, {names}")


def _explain_campaign_names() -> None:
    with st.popover("Where do I find the campaign name?", icon=":material/help:"):
        st.markdown(
            "In Connectly, open the **Flow Builder** and choose **Resend** or **Edit** on the "
            "campaign that you have already sent to yourself. The name at the top is the campaign "
            "name. Copy it as it is: capitals, spaces and accents count.\n\n"
            "Names can't be looked up for you: Connectly has no list that this app could ask. In "
            "the sandbox, try `demo_welcome` or `demo_promo`."
        )


def _choose_phone(mapping: Mapping, sheet: Sheet, draft: Draft) -> FieldSource:
    """Draw where phones come from: always a column, since each row has a phone of its own."""
    columns = list(sheet.frame.columns)
    column = mapping.client.column
    chosen = st.columns(2)[0].selectbox(
        "Phone",
        columns,
        index=columns.index(column) if column in columns else None,
        format_func=lambda name: f"Column “{name}”",
        placeholder="Choose a column",
        key=f"client_{_turn(draft)}",
        help="Who gets the message. The only thing every row must have.",
    )
    return FieldSource(column=chosen)


def _choose_channel(mapping: Mapping, sheet: Sheet, draft: Draft) -> FieldSource:
    """Draw, for one of Connectly's own audience files, that only rows for WhatsApp are sent."""
    column = mapping.channel.column or audience_channel(sheet)
    if column is None:
        return FieldSource()
    kept = st.checkbox(
        literal(f"Hold rows back whose “{column}” is not WhatsApp"),
        mapping.channel.column is not None,
        key=f"channel_{_turn(draft)}",
        help="This looks like one of Connectly's own audience files: for other channels than "
        "WhatsApp, the id of a person is no phone.",
    )
    return FieldSource(column=column) if kept else FieldSource()


def _choose_fields(mapping: Mapping, sheet: Sheet, draft: Draft) -> dict[str, FieldSource]:
    chosen = {
        "client": _choose_phone(mapping, sheet, draft),
        "channel": _choose_channel(mapping, sheet, draft),
    }
    for field in _FIELDS:
        left, right = st.columns(2)
        chosen[field.name] = _choose_source(
            field.label,
            field.help,
            getattr(mapping, field.name),
            sheet,
            key=f"{field.name}_{_turn(draft)}",
            places=(left, right),
        )
    return chosen


def _choose_variables(
    mapping: Mapping, sheet: Sheet, draft: Draft, settings: Settings
) -> dict[str, FieldSource] | None:
    """Draw the variables; return them, or None while two of them have one name."""
    st.markdown("**Variables** of the campaign, named as in Connectly")
    chosen: list[tuple[str, FieldSource]] = []
    for position, (name, source) in enumerate(mapping.variables.items()):
        key = f"variable_{position}_{_turn(draft)}"
        naming, left, right = st.columns([2, 2, 2])
        new_name = naming.text_input("Variable", name, key=f"{key}_name").strip()
        new_source = _choose_source(
            "Comes from",
            f"What is sent as {literal(name)}.",
            source,
            sheet,
            key=key,
            places=(left, right),
        )
        if new_source.columns:
            with st.container(horizontal=True, vertical_alignment="center"):
                style = value_format.choose(
                    new_source.model_copy(update={"style": source.style}), sheet, key=key
                )
                new_source = new_source.model_copy(update={"style": style})
                st.caption(
                    value_format.example(new_source, sheet, trim=draft.answers.trim),
                    width="stretch",
                )
        chosen.append((new_name, new_source))
    st.button(
        "Add a variable",
        icon=":material/add:",
        on_click=_add_variable,
        args=(draft, settings),
    )
    names = [name for name, _ in chosen]
    if "" in names:
        st.error("Each variable needs a name. To drop one, choose “Leave out”.")
        return None
    if len(set(names)) < len(names):
        st.error("Two variables have the same name. Give each its own.")
        return None
    return dict(chosen)


def _add_variable(draft: Draft, settings: Settings) -> None:
    now, shown = latest(draft, settings), _shown(draft)
    assert now.mapping is not None
    taken = now.mapping.variables
    name = next(f"variable_{n}" for n in range(1, 10_000) if f"variable_{n}" not in taken)
    mapping = now.mapping.model_copy(update={"variables": {**taken, name: FieldSource(value="")}})
    save_changes(now, settings, mapping=mapping)
    if now.mapping == shown.value:
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
    """Draw where one field comes from: column, template, fixed value, or nowhere."""
    left, right = places
    columns = list(sheet.frame.columns)
    options = [_LEAVE_OUT, _FIXED, _TEMPLATE, *range(len(columns))]
    chosen = left.selectbox(
        label,
        options,
        index=options.index(_option(source, columns)),
        format_func=lambda option: _describe(option, columns),
        key=f"{key}_from",
        help=help,
    )
    if chosen == _LEAVE_OUT:
        return FieldSource()
    if chosen == _FIXED:
        value = right.text_input("Fixed value", source.value or "", key=f"{key}_value")
        return FieldSource(value=value)
    template = None
    if chosen == _TEMPLATE:
        template = right.text_input(
            "Text with columns in braces",
            _as_template(source),
            key=f"{key}_template",
            placeholder="{first} {last}",
            help="Put a column's name in braces: {first} {last}. Behind a bar stands what to use "
            "for an empty cell: {first|friend}, or {middle|} to leave it out.",
        )
    fallback = right.text_input("If a cell is empty, use", source.fallback, key=f"{key}_fallback")
    if template is not None:
        return FieldSource(template=template, fallback=fallback)
    return FieldSource(column=columns[chosen], fallback=fallback)


def _as_template(source: FieldSource) -> str:
    if source.template is not None:
        return source.template
    return f"{{{source.column}}}" if source.column else source.value or ""


def _option(source: FieldSource, columns: list[str]) -> int:
    if source.column in columns:
        return columns.index(source.column)
    if source.template is not None:
        return _TEMPLATE
    return _FIXED if source.value is not None else _LEAVE_OUT


def _describe(option: int, columns: list[str]) -> str:
    if option == _LEAVE_OUT:
        return "Leave out"
    if option == _FIXED:
        return "A fixed value"
    if option == _TEMPLATE:
        return "A text with several columns"
    return f"Column “{columns[option]}”"


def _turn(draft: Draft) -> str:
    """Name the widgets after the turn of what they show: another mapping has new widgets."""
    return f"{_form(draft)}_{_shown(draft).turn}"


def _shown(draft: Draft) -> Shown[Mapping]:
    assert draft.mapping is not None
    return shown_in(_form(draft), draft.mapping)


def _form(draft: Draft) -> str:
    return f"{draft.id}_{(draft.sheet_id or '')[:12]}"
