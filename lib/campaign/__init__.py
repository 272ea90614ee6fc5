"""From a sheet to a plan: the mapping, the checks, the sendouts, and drafts on the way there."""

from lib.campaign.corrections import (
    NotOurRowsError,
    ReadBack,
    corrected,
    correction_list,
    read_back,
    with_cells,
)
from lib.campaign.course import (
    FIRST_WAVE,
    MOST_RETRIES,
    WAVES_ABOVE,
    Course,
    moments_of,
    share_out,
    wave_size,
)
from lib.campaign.dates import date_orders
from lib.campaign.drafts import Draft, change_draft, is_damaged, load_draft, save_draft
from lib.campaign.exclusions import (
    ExcludeList,
    Exclusions,
    NoNumbersError,
    add_exclude_list,
    exclude_lists,
    excluded_numbers,
    listed_cells,
    load_exclusions,
    pasted_cells,
    phone_cells,
    remove_exclude_list,
)
from lib.campaign.findings import WORDS, FindingGroup, Severity
from lib.campaign.frozen import FrozenPlan, freeze, freeze_part
from lib.campaign.glimpses import Glimpse, glimpses, random_row
from lib.campaign.held import held_sheet, reasons_in_words
from lib.campaign.large import LARGE, CheckFailedError, make_plan_apart
from lib.campaign.local_times import Place, places
from lib.campaign.mapping import (
    Answers,
    ConsentUse,
    Corrections,
    Mapping,
    MappingIncompleteError,
    MappingProblem,
    Source,
    mapping_problems,
)
from lib.campaign.plan import Plan, Sendout, single_entry_plan
from lib.campaign.planning import make_plan
from lib.campaign.repairs import PAGE_ROWS, before_and_after, repaired_rows
from lib.campaign.saved_mappings import (
    SavedMapping,
    delete_mapping,
    fitting_mappings,
    rename_mapping,
    save_mapping,
    saved_mappings,
)
from lib.campaign.style import (
    DATE_FORMS,
    NUMBER_FORMS,
    DateOrder,
    DecimalMark,
    Form,
    Spaces,
    Style,
)
from lib.campaign.suggestions import audience_channel, suggest_mapping
from lib.campaign.writing import write

__all__ = [
    "DATE_FORMS",
    "FIRST_WAVE",
    "LARGE",
    "MOST_RETRIES",
    "NUMBER_FORMS",
    "PAGE_ROWS",
    "WAVES_ABOVE",
    "WORDS",
    "Answers",
    "CheckFailedError",
    "ConsentUse",
    "Corrections",
    "Course",
    "DateOrder",
    "DecimalMark",
    "Draft",
    "ExcludeList",
    "Exclusions",
    "FindingGroup",
    "Form",
    "FrozenPlan",
    "Glimpse",
    "Mapping",
    "MappingIncompleteError",
    "MappingProblem",
    "NoNumbersError",
    "NotOurRowsError",
    "Place",
    "Plan",
    "ReadBack",
    "SavedMapping",
    "Sendout",
    "Severity",
    "Source",
    "Spaces",
    "Style",
    "add_exclude_list",
    "audience_channel",
    "before_and_after",
    "change_draft",
    "corrected",
    "correction_list",
    "date_orders",
    "delete_mapping",
    "exclude_lists",
    "excluded_numbers",
    "fitting_mappings",
    "freeze",
    "freeze_part",
    "glimpses",
    "held_sheet",
    "is_damaged",
    "listed_cells",
    "load_draft",
    "load_exclusions",
    "make_plan",
    "make_plan_apart",
    "mapping_problems",
    "moments_of",
    "pasted_cells",
    "phone_cells",
    "places",
    "random_row",
    "read_back",
    "reasons_in_words",
    "remove_exclude_list",
    "rename_mapping",
    "repaired_rows",
    "save_draft",
    "save_mapping",
    "saved_mappings",
    "share_out",
    "single_entry_plan",
    "suggest_mapping",
    "wave_size",
    "with_cells",
    "write",
]
