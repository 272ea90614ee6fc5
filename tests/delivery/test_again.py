"""Rejected rows go again as a run of their own: exactly those, once, and never who opted out."""

import pandas as pd
import pytest

from lib.campaign import add_exclude_list
from lib.connectly import ErrorClass, VersionBehavior, explain
from lib.delivery import (
    NothingToSendError,
    Outcome,
    retry_offers,
    retry_run,
    row_outcomes,
    run_summary,
    start_run,
)
from tests.delivery.test_worker import people
from tests.support.worker import plan_of, wait_for_run

PICKY = "demo_invalid_phones"


def test_exactly_the_rejected_rows_go_again_and_only_once(worker, sandbox):
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
    assert set(people(sandbox).values()) == {1}


def test_a_code_after_which_nothing_may_be_sent_again_is_not_offered_and_not_obeyed(
    worker, sandbox
):
    run_id = start_run(plan_of(30, campaign=PICKY), connection="sandbox")
    wait_for_run(run_id)
    codes = set(row_outcomes(run_id)["error_code"].dropna())
    final = {code for code in codes if explain(code).error_class is ErrorClass.NEVER_RETRY}
    assert final
    with pytest.raises(NothingToSendError):
        retry_run(run_id, final)


def test_who_has_opted_out_meanwhile_is_left_out(worker, settings):
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


def test_rows_of_a_new_version_go_again_to_that_version(worker, sandbox):
    plan = plan_of(20, campaign=PICKY, versions=VersionBehavior.CREATE_NEW)
    run_id = start_run(plan, connection="sandbox")
    wait_for_run(run_id)
    [first] = run_summary(run_id).sendouts
    again = retry_run(run_id, [each.code for each in retry_offers(run_id)])
    wait_for_run(again)
    [second] = run_summary(again).sendouts
    assert second.pinned_version == first.pinned_version is not None
