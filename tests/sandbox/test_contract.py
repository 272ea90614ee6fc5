"""Generated requests of the API's contract get responses of the contract."""

from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case, GenerationMode, HookContext

from tests.support.sandbox import SandboxHandle

CONTRACT = Path(__file__).parents[1] / "connectly" / "contract.json"

schema = schemathesis.openapi.from_path(CONTRACT)
schema.config.generation.update(modes=[GenerationMode.POSITIVE])


@schema.hook
def filter_body(_context: HookContext, body: dict[str, Any]) -> bool:
    """Exclude extra keys in snake case, which the gateway reads as fields.

    Hypothesis generates strings from the project's code, such as "campaign_version".
    """
    parts = [body.get("options", {}), *body.get("entries", [])]
    return not any("_" in key for part in parts for key in part)


@schema.parametrize()
@settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_responses_follow_the_contract(case: Case[Any], api: SandboxHandle):
    case.call_and_validate(base_url=api.url, headers={"X-API-Key": api.api_key})
