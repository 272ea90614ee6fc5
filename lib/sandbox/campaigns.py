"""The built-in campaigns: those of Connectly's documentation, and demos of each outcome."""

import re
from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from lib.sandbox.faults import Fault

_PLACEHOLDER: Final = re.compile(r"\{([^{}]+)\}")


class Campaign(BaseModel):
    """A campaign and its simulated behaviour."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="name in responses")
    aliases: tuple[str, ...] = Field(default=(), description="other names that requests may use")
    versions: tuple[str, ...] = Field(
        default=("1",), min_length=1, description="the last one is the default"
    )
    variables: tuple[str, ...] = Field(default=(), description="required in every entry")
    text: str = Field(default="", description="the message, with {variables}")
    published: bool = True
    rejections: dict[str, str] = Field(
        default_factory=dict, description="last digits of a phone → error code"
    )
    faults: dict[Fault, float] = Field(
        default_factory=dict, description="share of requests, in place of the scenario's"
    )
    latency_ms: tuple[float, float] | None = Field(
        default=None, description="in place of the scenario's"
    )

    def missing_variable(self, variables: Mapping[str, JsonValue]) -> bool:
        """Return whether a required variable is missing or null."""
        return any(variables.get(name) is None for name in self.variables)

    def rejection(self, client: str) -> str | None:
        """Return the error code with which this campaign rejects a phone, or None."""
        for ending, code in self.rejections.items():
            if client.endswith(ending):
                return code
        return None

    def render(self, variables: Mapping[str, JsonValue]) -> str:
        """Return the text of a message. Placeholders without a variable stay unchanged."""
        if not self.text:
            return "\n".join(
                f"{name}: {_variable_text(value)}" for name, value in variables.items()
            )
        return _PLACEHOLDER.sub(
            lambda found: (
                _variable_text(variables[found[1]]) if found[1] in variables else found[0]
            ),
            self.text,
        )


def _variable_text(value: JsonValue) -> str:
    return value if isinstance(value, str) else str(value)


_DOCUMENTED: Final = (
    Campaign(
        name="campaignv3",
        aliases=("campaign_test",),
        versions=("018c5c51-8631-28b5-3c81-b70ecf14faef",),
        variables=("client", "name"),
        text="Hello {client}, this is {name}.",
    ),
    Campaign(name="campaign_basic", text="Hello! This message has no variables."),
    Campaign(
        name="campaign_with_variables",
        variables=("username", "product"),
        text="Hello {username}, your {product} is ready.",
    ),
    Campaign(name="campaign", variables=("key",), text="The key is {key}."),
    Campaign(
        name="campaign_A",
        versions=("v1.0", "v2.0"),
        variables=("key1", "key2"),
        text="Campaign A says {key1} and {key2}.",
    ),
    Campaign(
        name="campaign_B",
        versions=("v1.0",),
        variables=("Date", "Name", "Price"),
        text="{Name}, your order of {Date} comes to {Price}.",
    ),
)

_DEMO: Final = (
    Campaign(
        name="demo_welcome",
        versions=("1", "2"),
        variables=("name",),
        text="Hi {name}, welcome aboard!\nReply to this message whenever you need us.",
    ),
    Campaign(
        name="demo_promo",
        versions=("1", "2"),
        variables=("name", "code"),
        text="{name}, here is 20 % off your next order.\nUse the code {code} until Sunday.",
    ),
    Campaign(
        name="demo_promoción",
        variables=("Nombre", "Código"),
        text="{Nombre}, tienes un 20 % en tu próxima compra.\nUsa el código {Código}.",
    ),
    Campaign(
        name="demo_invalid_phones",
        variables=("name",),
        text="Hello {name}, you are one of the lucky phones.",
        rejections={
            "7": "ERROR_CODE_CAMPAIGN_ENTRY_CLIENT_INVALID",
            "8": "ERROR_CODE_MESSAGE_PHONE_NUMBER_NOT_ON_WHATSAPP",
            "9": "ERROR_CODE_MESSAGE_CUSTOMER_OPTED_OUT",
        },
    ),
    Campaign(
        name="demo_unpublished",
        variables=("name",),
        text="Hello {name}, nobody will ever read this.",
        published=False,
    ),
    Campaign(
        name="demo_throttled",
        variables=("name",),
        text="Hello {name}, this one took some patience.",
        faults={Fault.THROTTLED_WITH_WAIT: 0.2},
    ),
    Campaign(
        name="demo_flaky",
        variables=("name",),
        text="Hello {name}, the line was bad but here we are.",
        faults={
            Fault.ERROR_BEFORE: 0.04,
            Fault.ERROR_AFTER: 0.04,
            Fault.RESET_BEFORE: 0.04,
            Fault.RESET_AFTER: 0.04,
            Fault.CUT_BODY: 0.04,
            Fault.BAD_GATEWAY: 0.02,
        },
        latency_ms=(20, 900),
    ),
)

CATALOGUE: Final = (*_DOCUMENTED, *_DEMO)
