"""Options of the sandbox's behaviour where Connectly's documentation is silent or ambiguous.

With the default values, each example of Connectly's "Send Campaigns" page gets the documented
response.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lib.sandbox.campaigns import CATALOGUE, Campaign
from lib.sandbox.errors import ErrorBody
from lib.sandbox.faults import Fault

Share = Annotated[float, Field(ge=0, le=1)]


class Scenario(BaseModel):
    """The options of a scenario. The defaults follow Connectly's documentation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    api_key: str = "sandbox"
    business_id: str | None = Field(
        default=None, description="other ids get 403; without one, all ids are accepted"
    )
    wrong_key_type: Literal["ERROR_TYPE_AUTHENTICATION", "ERROR_TYPE_UNAUTHENTICATED"] = (
        "ERROR_TYPE_UNAUTHENTICATED"
    )
    rate: int = Field(default=200, gt=0, description="requests per second")
    retry_after: str | None = Field(
        default=None, description="Retry-After of a 429: seconds or a date"
    )
    entry_limit: int | None = Field(default=None, gt=0, description="entries per request")
    body_limit: int = Field(default=4 * 1024 * 1024, gt=0, description="bytes per request")
    limit_status: Literal[200, 400, 413] = Field(
        default=413, description="status of a request over a limit; 200 rejects its entries"
    )

    error_body: ErrorBody = Field(default="google", description="format of errors")
    unknown_campaign: Literal["item", "404"] = "item"
    counts: Literal["number", "string", "omit_zero", "null_zero"] = "number"
    missing_ids: Literal["null", "empty", "omit"] = "null"
    version_filled_in: bool = Field(
        default=True, description="respond with the version if the request had none"
    )
    reverse_items: bool = False
    duplicates_within: Literal["campaign", "version"] = Field(
        default="campaign", description="scope of duplicates under allow_one"
    )

    seed: int = 0
    latency_ms: tuple[float, float] = Field(default=(0, 0), description="minimum and maximum")
    faults: dict[Fault, Share] = Field(
        default_factory=dict, description="share of requests by fault"
    )
    script: tuple[Fault, ...] = Field(
        default=(), description="faults of the first requests, in order"
    )
    campaigns: tuple[Campaign, ...] = Field(
        default=(), description="added to the built-in campaigns; replaces those of the same name"
    )

    @model_validator(mode="after")
    def _check_shares(self) -> Self:
        tables = [self.faults, *(campaign.faults for campaign in self.campaigns)]
        if any(sum(table.values()) > 1 for table in tables):
            raise ValueError("the sum of the shares of all faults must not exceed 1")
        return self

    def catalogue(self) -> dict[str, Campaign]:
        """Return all campaigns by name and alias."""
        found: dict[str, Campaign] = {}
        for campaign in (*CATALOGUE, *self.campaigns):
            for name in (campaign.name, *campaign.aliases):
                found[name] = campaign
        return found


def read_scenario(path: Path | None) -> Scenario:
    """Return the scenario of a JSON file, or the default scenario for None.

    Raises OSError if the file cannot be read, and pydantic.ValidationError (a ValueError) if it is
    not a valid scenario.
    """
    return Scenario() if path is None else Scenario.model_validate_json(path.read_bytes())
