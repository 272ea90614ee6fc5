"""Saved mappings are offered for sheets with similar headers."""

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from lib.campaign import (
    ConsentUse,
    FieldSource,
    Mapping,
    Style,
    delete_mapping,
    fitting_mappings,
    rename_mapping,
    save_mapping,
    saved_mappings,
    suggest_mapping,
)
from lib.settings import Settings
from lib.sheet import Sheet
from tests.support.recipients import fictional_phone
from tests.support.sheets import make_sheet

MAPPING = Mapping(
    client=FieldSource(column="Celular"),
    campaign_name=FieldSource(value="promo_a"),
    variables={
        "name": FieldSource(
            template="{Nombre} {Apellido|}", style=Style.model_validate({"form": "name"})
        ),
        "code": FieldSource(column="Código", fallback="none"),
    },
)
HEADERS = ("Celular", "Nombre", "Apellido", "Código", "E-mail")


def _sheet(*headers: str) -> Sheet:
    return make_sheet({name: [fictional_phone(0)] for name in headers})


def _save(mapping: Mapping, settings: Settings, *headers: str) -> str:
    sheet = _sheet(*(headers or HEADERS))
    return save_mapping(mapping, sheet, saved_by="ana@example.com", settings=settings).id


def _fitting(settings: Settings, *headers: str) -> list[Mapping]:
    return [each.mapping for each in fitting_mappings(_sheet(*headers), saved_mappings(settings))]


def test_a_mapping_fits_the_same_headers_in_any_order(settings: Settings) -> None:
    _save(MAPPING, settings)

    assert _fitting(settings, *reversed(HEADERS)) == [MAPPING]


def test_a_mapping_uses_the_new_sheets_spelling(settings: Settings) -> None:
    _save(MAPPING, settings)

    (found,) = _fitting(settings, "CELULAR", "nombre", "Apelido", "codigo", "Extra")

    assert found.client.column == "CELULAR"
    assert found.variables["name"].template == "{nombre} {Apelido|}"
    assert found.variables["code"] == FieldSource(column="codigo", fallback="none")


@pytest.mark.parametrize(
    "headers",
    [
        ("Celular", "Nombre", "Apellido", "E-mail"),
        (*HEADERS, "a", "b", "c", "d"),
        ("Fone", "Nome", "Sobrenome", "Cupom"),
    ],
)
def test_a_mapping_does_not_fit_if_columns_are_missing_or_most_headers_differ(
    headers: tuple[str, ...], settings: Settings
) -> None:
    _save(MAPPING, settings)

    assert _fitting(settings, *headers) == []


def test_mappings_are_ordered_by_similarity_and_then_newest_first(settings: Settings) -> None:
    phone = Mapping(client=FieldSource(column="Celular"))
    _save(phone, settings, "Celular", "Nombre")
    for campaign in ("old", "new"):
        named = phone.model_copy(update={"campaign_name": FieldSource(value=campaign)})
        _save(named, settings, "Celular", "Nombre", "Código")

    found = _fitting(settings, "Celular", "Nombre", "Código")

    assert [each.campaign_name.value for each in found] == ["new", "old", None]


def test_a_mapping_replaces_one_for_the_same_campaign_and_headers_and_keeps_its_name(
    settings: Settings,
) -> None:
    first = _save(MAPPING, settings)
    rename_mapping(first, "  Monday's list ", settings)
    rename_mapping(first, " ", settings)
    again = _save(MAPPING.model_copy(update={"variables": {}}), settings)
    _save(MAPPING.model_copy(update={"campaign_name": FieldSource(value="promo_b")}), settings)

    names = {each.name: each.mapping.variables for each in saved_mappings(settings)}
    assert again == first
    assert names == {"Monday's list": {}, "promo_b": MAPPING.variables}


def test_renaming_while_saving_the_same_mapping_is_not_lost(settings: Settings) -> None:
    saved = _save(MAPPING, settings)
    for number in range(20):
        name = f"list {number}"
        with ThreadPoolExecutor(4) as threads:
            for _ in range(3):
                threads.submit(_save, MAPPING, settings)
            threads.submit(rename_mapping, saved, name, settings)
        assert [each.name for each in saved_mappings(settings)] == [name]


def test_deleting_while_renaming_deletes(settings: Settings) -> None:
    for _ in range(20):
        saved = _save(MAPPING, settings)
        with ThreadPoolExecutor(4) as threads:
            for number in range(3):
                threads.submit(rename_mapping, saved, f"list {number}", settings)
            threads.submit(delete_mapping, saved, settings)
        assert saved_mappings(settings) == []


def test_a_damaged_file_is_renamed_before_it_is_replaced(settings: Settings) -> None:
    path = settings.mappings_dir / f"{_save(MAPPING, settings)}.json"
    path.write_text("{")

    _save(MAPPING, settings)

    assert path.with_name(f"{path.name}.damaged").read_text() == "{"
    assert len(saved_mappings(settings)) == 1


def test_a_mapping_can_be_deleted_and_only_its_owner_can_read_the_file(settings: Settings) -> None:
    saved = _save(MAPPING, settings)
    (path,) = settings.mappings_dir.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    delete_mapping(saved, settings)
    delete_mapping(saved, settings)

    assert saved_mappings(settings) == []


def test_damaged_files_are_skipped_and_paths_are_not_ids(settings: Settings) -> None:
    _save(MAPPING, settings)
    (settings.mappings_dir / f"{'0' * 16}.json").write_text('{"id": 7')

    assert len(saved_mappings(settings)) == 1
    with pytest.raises(ValueError, match="not the id"):
        delete_mapping("../../secret", settings)


def test_earlier_uses_of_a_header_take_precedence_over_its_meaning(
    settings: Settings,
) -> None:
    earlier = Mapping(
        client=FieldSource(column="contacto 2"),
        campaign_name=FieldSource(column="lista"),
        variables={"name": FieldSource(column="Nombre", fallback="friend")},
    )
    _save(earlier, settings, "contacto 2", "lista", "Nombre", "a", "b", "c")
    columns = {"phone": [fictional_phone(0)], "contacto 2": [fictional_phone(1)]}
    sheet = make_sheet({**columns, "Lista": ["promo"], "nombre": ["Ana"], "other": ["x"]})

    found = suggest_mapping(sheet, saved_mappings(settings))

    assert (found.client.column, found.campaign_name.column) == ("contacto 2", "Lista")
    # The name "name" belongs to the mapping in which it was given.
    assert found.variables == {
        "nombre": FieldSource(column="nombre", fallback="friend"),
        "other": FieldSource(column="other"),
    }


def _consent_sheet(header: str, *cells: str) -> Sheet:
    phones = [fictional_phone(number) for number in range(len(cells))]
    return make_sheet({"Phone": phones, "Name": ["Ana"] * len(cells), header: list(cells)})


_PEOPLE_REFUSE = [
    ("Accepts Marketing", "yes", "no"),
    ("Unsubscribed", "no", "yes"),
    ("Unsubscribed", "no", "ask Ana"),
    ("Email opt-in", "yes", "no"),
    ("Tags", "vip", "do not contact"),
]


@pytest.mark.parametrize("use", [ConsentUse.IGNORE, ConsentUse.OTHER])
@pytest.mark.parametrize(("header", "good", "bad"), _PEOPLE_REFUSE)
def test_a_mapping_never_remembers_to_send_to_people_who_said_no(
    header: str, good: str, bad: str, use: ConsentUse, settings: Settings
) -> None:
    sheet = _consent_sheet(header, good, bad)
    mapping = Mapping(client=FieldSource(column="Phone"), consent={header: use})

    save_mapping(mapping, sheet, saved_by="Ana", settings=settings)

    (saved,) = saved_mappings(settings)
    assert saved.mapping.consent == {header: ConsentUse.HOLD}


@pytest.mark.parametrize("use", [ConsentUse.IGNORE, ConsentUse.OTHER])
@pytest.mark.parametrize(("header", "good", "bad"), _PEOPLE_REFUSE)
def test_a_remembered_use_does_not_apply_to_a_sheet_in_which_people_say_no(
    header: str, good: str, bad: str, use: ConsentUse, settings: Settings
) -> None:
    mapping = Mapping(client=FieldSource(column="Phone"), consent={header: use})
    save_mapping(mapping, _consent_sheet(header, good), saved_by="Ana", settings=settings)
    (saved,) = saved_mappings(settings)
    assert saved.mapping.consent == {header: use}
    sheet = _consent_sheet(header.upper(), good, bad)

    (fitting,) = fitting_mappings(sheet, [saved])

    assert fitting.mapping.consent == {header.upper(): ConsentUse.HOLD}
    assert suggest_mapping(sheet, [saved]).consent == {header.upper(): ConsentUse.HOLD}


def test_an_ignored_column_without_refusals_stays_ignored(settings: Settings) -> None:
    mapping = Mapping(
        client=FieldSource(column="Phone"), consent={"Opt-in source": ConsentUse.IGNORE}
    )
    sheet = _consent_sheet("Opt-in source", "web form", "shop 2")

    save_mapping(mapping, sheet, saved_by="Ana", settings=settings)

    (fitting,) = fitting_mappings(sheet, saved_mappings(settings))
    assert fitting.mapping == mapping
