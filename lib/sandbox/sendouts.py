"""Accept or reject the entries of requests, and build the items of responses."""

import json
import re
import uuid
from typing import Any, Final

from lib.sandbox import errors
from lib.sandbox.campaigns import Campaign
from lib.sandbox.errors import ApiError, RefusalError
from lib.sandbox.gateway import Entry, SendRequest
from lib.sandbox.record import Record, SandboxSendout
from lib.sandbox.scenario import Scenario

CALLBACK_LIMIT: Final = 1024

_PHONE: Final = re.compile(r"\+[0-9]{7,15}")


class Sendouts:
    """The campaigns and sendouts of the simulated business."""

    def __init__(self, scenario: Scenario, record: Record) -> None:
        self._scenario = scenario
        self._record = record
        self._catalogue = scenario.catalogue()

    def find(self, name: str) -> Campaign | None:
        """Return the campaign with a name or alias, or None."""
        return self._catalogue.get(name)

    def accept(self, request: SendRequest) -> list[dict[str, Any]]:
        """Record accepted messages and return an item for each requested campaign and version.

        Raises RefusalError, and records nothing, if the whole request is refused.
        """
        groups: dict[tuple[str, str], list[Entry]] = {}
        for entry in request.entries:
            key = (entry.campaign_name, entry.campaign_version)
            groups.setdefault(key, []).append(entry)

        limit = self._scenario.entry_limit
        if limit is not None and len(request.entries) > limit:
            return self._reject_over_limit(groups)
        for name, _version in groups:
            self._require_usable(self._catalogue.get(name))
        with self._record.transaction():
            items = [
                self._accept_group(name, version, entries, request)
                for (name, version), entries in groups.items()
            ]
        return items[::-1] if self._scenario.reverse_items else items

    def _require_usable(self, campaign: Campaign | None) -> None:
        if campaign is None:
            if self._scenario.unknown_campaign == "404":
                raise RefusalError(404, errors.CAMPAIGN_NOT_FOUND)
        elif not campaign.published:
            raise RefusalError(409, errors.CAMPAIGN_NOT_FINAL)

    def _reject_over_limit(
        self, groups: dict[tuple[str, str], list[Entry]]
    ) -> list[dict[str, Any]]:
        if self._scenario.limit_status != 200:
            raise RefusalError(self._scenario.limit_status, errors.TOO_MANY_ENTRIES)
        return [
            self._rejected(name, version, entries, errors.TOO_MANY_ENTRIES)
            for (name, version), entries in groups.items()
        ]

    def _accept_group(
        self, name: str, version: str, entries: list[Entry], request: SendRequest
    ) -> dict[str, Any]:
        campaign = self._catalogue.get(name)
        if campaign is None:
            return self._rejected(name, version, entries, errors.CAMPAIGN_NOT_FOUND)
        create_new = request.create_new and not version
        sendout = self._find_sendout(campaign, version, create_new=create_new)
        if sendout is None:
            return self._rejected(
                campaign.name,
                version,
                entries,
                errors.VERSION_NOT_FOUND,
                campaign_id=_stable_id(campaign.name),
            )
        refused = self._accept_entries(campaign, sendout, entries, request.allow_multiple)
        accepted = len(entries) - len(refused)
        opened = (create_new or accepted > 0) and self._record.open_sendout(
            sendout, created_new=create_new
        )
        return self._build_item(
            campaign_id=_stable_id(campaign.name),
            name=campaign.name,
            version=sendout.version if version or self._scenario.version_filled_in else "",
            sendout_id=_stable_id(f"{sendout.campaign}/{sendout.version}"),
            status="error" if refused else "created" if opened else "updated",
            accepted=accepted,
            rejected=len(refused),
            error=refused[0] if refused else None,
        )

    def _find_sendout(
        self, campaign: Campaign, version: str, *, create_new: bool
    ) -> SandboxSendout | None:
        """Return the sendout of a group of entries, or None if the version is unknown."""
        if version:
            sendout = SandboxSendout(campaign.name, version)
            known = version in campaign.versions or self._record.has_sendout(sendout)
            return sendout if known else None
        if create_new:
            return SandboxSendout(campaign.name, str(uuid.uuid4()))
        newest = self._record.newest_version(campaign.name)
        return SandboxSendout(campaign.name, newest or campaign.versions[-1])

    def _accept_entries(
        self,
        campaign: Campaign,
        sendout: SandboxSendout,
        entries: list[Entry],
        allow_multiple: bool,  # noqa: FBT001 - an option of the request
    ) -> list[ApiError]:
        """Record accepted entries and return the errors of the others."""
        within_version = self._scenario.duplicates_within == "version"
        refused = []
        for entry in entries:
            if error := _entry_error(campaign, entry):
                refused.append(error)
            elif allow_multiple or not self._record.count_repeat(
                entry, sendout, within_version=within_version
            ):
                self._record.add(entry, sendout, campaign.render(entry.variables))
        return refused

    def _rejected(
        self, name: str, version: str, entries: list[Entry], error: ApiError, campaign_id: str = ""
    ) -> dict[str, Any]:
        return self._build_item(
            campaign_id=campaign_id,
            name=name,
            version=version,
            sendout_id="",
            status="error",
            accepted=0,
            rejected=len(entries),
            error=error,
        )

    def _build_item(
        self,
        *,
        campaign_id: str,
        name: str,
        version: str,
        sendout_id: str,
        status: str,
        accepted: int,
        rejected: int,
        error: ApiError | None,
    ) -> dict[str, Any]:
        """Return an item in the format of the scenario."""
        item: dict[str, Any] = {
            "campaignId": campaign_id,
            "campaignName": name,
            "campaignVersion": version,
            "sendoutId": sendout_id,
            "status": status,
            "acceptedCount": accepted,
            "rejectedCount": rejected,
            "error": error.as_json() if error else None,
        }
        for key in ("campaignId", "campaignVersion", "sendoutId"):
            if not item[key]:
                self._set_missing_id(item, key)
        for key in ("acceptedCount", "rejectedCount"):
            self._format_count(item, key)
        return item

    def _set_missing_id(self, item: dict[str, Any], key: str) -> None:
        if self._scenario.missing_ids == "omit":
            del item[key]
        elif self._scenario.missing_ids == "null":
            item[key] = None

    def _format_count(self, item: dict[str, Any], key: str) -> None:
        form = self._scenario.counts
        if form == "string":
            item[key] = str(item[key])
        elif item[key] == 0 and form == "omit_zero":
            del item[key]
        elif item[key] == 0 and form == "null_zero":
            item[key] = None


def _entry_error(campaign: Campaign, entry: Entry) -> ApiError | None:
    """Return the error of an entry, or None if it is valid."""
    if not _PHONE.fullmatch(entry.client):
        return errors.CLIENT_INVALID
    if _callback_size(entry) > CALLBACK_LIMIT or campaign.missing_variable(entry.variables):
        return errors.ENTRY_INVALID
    code = campaign.rejection(entry.client)
    return errors.entry_error(code) if code else None


def _callback_size(entry: Entry) -> int:
    """Return the size of an entry's callback data in bytes: compact JSON in UTF-8."""
    if entry.callback_data is None:
        return 0
    text = json.dumps(entry.callback_data, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode())


def _stable_id(name: str) -> str:
    """Return a UUID that depends only on the name of a campaign or sendout."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))
