"""Retries resend exactly the rejected rows, once, and exclude people who have opted out."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pandas as pd
import pytest

from lib.campaign import add_exclude_list
from lib.connectly import ErrorClass, VersionBehavior
from lib.delivery import (
    NothingToSendError,
    Outcome,
    cancel_run,
    count_runs,
    retry_offers,
    retry_run,
    run_summary,
    start_run,
)
from lib.error_catalogue import explain
from lib.outcomes import row_outcomes
from tests.support.opt_outs import exclude_phone
from tests.support.retries import rejected_run, settle
from tests.support.sandbox import messages_by_phone
from tests.support.worker import plan_of, wait_for_run

PICKY = "demo_invalid_phones"


def test_exactly_the_rejected_rows_are_resent_once(worker, sandbox):
    run_id = start_run(plan_of(30, campaign=PICKY), connection="sandbox")
    wait_for_run(run_id)
    offers = retry_offers(run_id)
    codes = [each.code for each in offers]
    assert ErrorClass.NEVER_RETRY not in {each.error_class for each in offers}
    again = retry_run(run_id, codes)
    assert retry_run(run_id, codes) == again
    wait_for_run(again)

    before, after = row_outcomes(run_id), row_outcomes(again)
    rejected = before[before["outcome"] == Outcome.REJECTED]
    assert set(after.index) == set(rejected.index[rejected["error_code"].isin(codes)])
    assert run_summary(again).retry_of == run_id
    assert set(messages_by_phone(sandbox).values()) == {1}


def test_a_code_that_forbids_retries_is_neither_offered_nor_accepted(worker, sandbox):
    run_id = start_run(plan_of(30, campaign=PICKY), connection="sandbox")
    wait_for_run(run_id)
    codes = set(row_outcomes(run_id)["error_code"].dropna())
    final = {code for code in codes if explain(code).error_class is ErrorClass.NEVER_RETRY}
    assert final
    with pytest.raises(NothingToSendError):
        retry_run(run_id, final)


def test_a_person_who_has_since_opted_out_is_excluded(worker, settings):
    plan = plan_of(30, campaign=PICKY)
    run_id = start_run(plan, connection="sandbox")
    wait_for_run(run_id)
    codes = [each.code for each in retry_offers(run_id)]
    found = row_outcomes(run_id)
    rows = list(found.index[found["error_code"].isin(codes)])
    phones = pd.Series([plan.table.loc[rows[0], "client"]], dtype="string[pyarrow]")
    add_exclude_list(phones, name="late", region=None, added_by="me", settings=settings)
    again = retry_run(run_id, codes)
    assert list(row_outcomes(again).index) == rows[1:]


def test_rows_of_a_new_version_are_resent_to_that_version(worker, sandbox):
    plan = plan_of(20, campaign=PICKY, versions=VersionBehavior.CREATE_NEW)
    run_id = start_run(plan, connection="sandbox")
    wait_for_run(run_id)
    [first] = run_summary(run_id).sendouts
    again = retry_run(run_id, [each.code for each in retry_offers(run_id)])
    wait_for_run(again)
    [second] = run_summary(again).sendouts
    assert second.pinned_version == first.pinned_version is not None


A = "ERROR_CODE_CAMPAIGN_ENTRY_CLIENT_INVALID"
B = "ERROR_CODE_CAMPAIGN_ENTRY_INVALID"


def rows_of(run_id: str) -> list[int]:
    return sorted(row_outcomes(run_id).index)


def test_retries_with_overlapping_codes_resend_each_row_once(settings):
    run_id = rejected_run(settings, 4, {0: A, 1: A, 2: B})
    first = retry_run(run_id, [A])
    second = retry_run(run_id, [A, B])
    assert (rows_of(first), rows_of(second)) == ([2, 3], [4])
    assert retry_run(run_id, [A, B]) == second
    assert retry_offers(run_id) == []


def test_the_same_code_after_an_opt_out_creates_no_second_run(settings):
    run_id = rejected_run(settings, 3, {0: A, 1: A})
    again = retry_run(run_id, [A])
    exclude_phone(plan_of(3).table["client"].iloc[0], settings)
    assert retry_run(run_id, [A]) == again
    assert count_runs() == 2


@pytest.mark.parametrize("is_sent", [True, False])
def test_a_person_since_reached_from_another_sheet_is_excluded(settings, is_sent):
    run_id = rejected_run(settings, 3, {0: A, 1: A})
    fixed = start_run(plan_of(1), connection="sandbox", token="fixed in another sheet")
    if is_sent:
        settle(fixed, {})
    assert rows_of(retry_run(run_id, [A])) == [3]


def test_a_person_reached_before_the_run_is_not_excluded(settings):
    earlier = start_run(plan_of(1, campaign="demo_promo"), connection="sandbox", token="earlier")
    settle(earlier, {})
    run_id = rejected_run(settings, 2, {0: A})
    assert rows_of(retry_run(run_id, [A])) == [2]


def test_unsent_rows_of_a_cancelled_retry_may_be_resent(settings):
    run_id = rejected_run(settings, 3, {0: A, 1: A})
    first = retry_run(run_id, [A])
    cancel_run(first)
    second = retry_run(run_id, [A])
    assert second != first
    assert rows_of(second) == [2, 3]


def test_two_concurrent_retries_resend_each_row_once(settings):
    run_id = rejected_run(settings, 4, {0: A, 1: A, 2: B})
    barrier = Barrier(2)

    def retry(codes):
        barrier.wait()
        return retry_run(run_id, codes)

    with ThreadPoolExecutor(2) as threads:
        found = set(threads.map(retry, [[A], [A, B]]))
    taken = [row for each in found for row in rows_of(each)]
    assert sorted(taken) == [2, 3, 4]


def test_rows_that_were_rejected_again_in_a_retry_are_not_in_another_one(settings):
    """The retry's own page offers them; the first run's page, perhaps out of date, does not."""
    code = "ERROR_CODE_CAMPAIGN_ENTRY_CLIENT_INVALID"
    run_id = rejected_run(settings, 3, {0: code, 1: code})
    again = retry_run(run_id, [code])
    settle(again, {0: code, 1: code})

    assert retry_run(run_id, [code]) == again
    assert count_runs() == 2
