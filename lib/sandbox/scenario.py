"""The scenario: how the sandbox behaves where the vendor's page is silent or contradicts itself.

Without a scenario file every example of the page gets the page's answer.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lib.sandbox.campaigns import CATALOGUE, Campaign
from lib.sandbox.errors import ErrorBody
from lib.sandbox.faults import Fault

Share = Annotated[float, Field(ge=0, le=1)]


class Scenario(BaseModel):
    """Every switch, with the value that follows the vendor's page."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    api_key: str = "sandbox"
    business_id: str | None = Field(
        default=None, description="any other answers 403; left out, every business is served"
    )
    wrong_key_type: Literal["ERROR_TYPE_AUTHENTICATION", "ERROR_TYPE_UNAUTHENTICATED"] = (
        "ERROR_TYPE_UNAUTHENTICATED"
    )
    rate: int = Field(default=200, gt=0, description="requests in any second")
    retry_after: str | None = Field(default=None, description="header of a 429: seconds or a date")
    entry_limit: int | None = Field(default=None, gt=0, description="entries in a request")
    body_limit: int = Field(default=4 * 1024 * 1024, gt=0, description="bytes of a request")
    limit_status: Literal[200, 400, 413] = Field(
        default=413, description="status of a request over a limit; 200 rejects entry by entry"
    )

    error_body: ErrorBody = Field(default="google", description="form of refusals")
    unknown_campaign: Literal["item", "404"] = "item"
    counts: Literal["number", "string", "omit_zero", "null_zero"] = "number"
    missing_ids: Literal["null", "empty", "omit"] = "null"
    version_filled_in: bool = Field(default=True, description="answer a version nobody asked for")
    reverse_items: bool = False
    duplicates_within: Literal["campaign", "version"] = Field(
        default="campaign", description="what a phone gets only once under allow_one"
    )

    seed: int = 0
    latency_ms: tuple[float, float] = Field(default=(0, 0), description="least and most")
    faults: dict[Fault, Share] = Field(default_factory=dict, description="share of requests")
    script: tuple[Fault, ...] = Field(
        default=(), description="faults of the first requests, one each, before chance rules"
    )
    campaigns: tuple[Campaign, ...] = Field(
        default=(), description="added to the catalogue, or in place of its namesakes"
    )

    @model_validator(mode="after")
    def _check_shares(self) -> Self:
        tables = [self.faults, *(campaign.faults for campaign in self.campaigns)]
        if any(sum(table.values()) > 1 for table in tables):
            raise ValueError("the shares of all faults together must not exceed 1")
        return self

    def catalogue(self) -> dict[str, Campaign]:
        """Return every campaign by each name that finds it."""
        found: dict[str, Campaign] = {}
        for campaign in (*CATALOGUE, *self.campaigns):
            for name in (campaign.name, *campaign.aliases):
                found[name] = campaign
        return found


def read_scenario(path: Path | None) -> Scenario:
    """Return the scenario of a JSON file, or the page's own without one.

    Raises OSError where the file cannot be read and pydantic.ValidationError (a ValueError)
    where it is no scenario.
    """
    return Scenario() if path is None else Scenario.model_validate_json(path.read_bytes())
