"""The ranking page: an empty state that says what to do, measures once there is a fit, and reputations."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.bootstrap import Services, clock
from core.domain.account import Role
from core.domain.ids import DAY
from core.domain.job import Job, JobKind, JobState
from core.domain.moderation import Case, CaseState, Outcome, Reason, Screening, Verdict
from core.services.calibration import SUBJECT
from tests.pages.conftest import OpenPage, account_of
from tests.services.test_calibration import served

MANAGER = Role.PRODUCT_MANAGER


@pytest.fixture
def fitted(services: Services) -> Services:
    now = clock()
    for day in (2, 1):
        served(services, pages=40, chance=0.1, day=day, now=now)
    job = Job(id="job", kind=JobKind.CALIBRATE, subject=SUBJECT, asked_by="account-product_manager")
    services.calibration.run(job, lambda done, step: None, clock=lambda: now)
    return services


def words(page: AppTest) -> str:
    return " ".join(element.value for element in (*page.markdown, *page.caption, *page.info))


def button(page: AppTest, label: str) -> object:
    return next(one for one in page.button if one.label == label)


def test_without_served_pages_it_says_what_to_do(open_page: OpenPage) -> None:
    page = open_page("ranking", MANAGER)
    assert not page.exception
    assert "Nothing is fitted yet" in words(page)
    assert "Calibration needs feed pages" in words(page)
    assert button(page, "Fit now").disabled  # type: ignore[attr-defined]


def test_with_some_slots_seen_it_says_how_many_are_missing(open_page: OpenPage, services: Services) -> None:
    served(services, pages=3, chance=0.1, now=clock())
    services.calibration._days.count(lambda done, step: None, now=clock())
    page = open_page("ranking", MANAGER)
    assert "60 seen slots counted so far" in words(page)
    assert not button(page, "Fit now").disabled  # type: ignore[attr-defined]


@pytest.mark.parametrize("role", [MANAGER, Role.ADMINISTRATOR])
def test_a_fit_is_shown_with_its_measures(open_page: OpenPage, fitted: Services, role: Role) -> None:
    page = open_page("ranking", role, action="like")
    assert not page.exception
    assert "**Version 1**, fitted just now on 1,600 seen slots of 2 days" in words(page)
    metrics = {metric.label: metric.value for metric in page.metric}
    assert metrics["Error before"].endswith("points")
    assert float(metrics["Error after"].split()[0]) < float(metrics["Error before"].split()[0])
    assert "Worth 1 like." in words(page)
    assert len(page.dataframe) == 3
    assert "nan" not in words(page).lower()


def test_another_action_is_one_click_away(open_page: OpenPage, fitted: Services) -> None:
    page = open_page("ranking", MANAGER, action="Order")
    assert not page.exception
    assert "Worth 20 likes" in words(page)
    assert "Nobody did this" in words(page)


def test_fit_now_queues_a_job_for_the_worker(open_page: OpenPage, fitted: Services) -> None:
    page = open_page("ranking", MANAGER)
    button(page, "Fit now").click().run()  # type: ignore[attr-defined]
    assert button(page, "Fit now").disabled  # type: ignore[attr-defined]
    (job,) = fitted.stores.jobs.find({"kind": JobKind.CALIBRATE}).items
    assert (job.state, job.asked_by) == (JobState.QUEUED, "account-product_manager")


def test_going_back_to_what_is_predicted_is_said_with_who_and_why(open_page: OpenPage, fitted: Services) -> None:
    page = open_page("ranking", MANAGER)
    button(page, "Put in force").click().run()  # type: ignore[attr-defined]
    assert "say why" in page.toast[0].value
    page.text_input(key="calibration_why").set_value("[likes](https://x.in) fell").run()
    button(page, "Put in force").click().run()  # type: ignore[attr-defined]
    assert page.toast[0].value == "Version 2 is in force."
    assert "**Version 2**, as predicted, without calibration, since just now, by Product manager:" in words(page)
    assert "[likes](" not in words(page)
    history = page.dataframe[-1].value
    assert history["What"].tolist() == ["As predicted", "Fitted on 1,600 seen slots"]
    assert history["Who"].tolist() == ["Product manager", "Product manager"]
    assert history["Why"].tolist() == ["[likes](https://x.in) fell", ""]


def test_a_fit_that_came_after_the_page_was_drawn_is_not_taken_back(open_page: OpenPage, fitted: Services) -> None:
    page = open_page("ranking", MANAGER)
    page.text_input(key="calibration_why").set_value("likes fell").run()
    fitted.calibration.fit(now=clock())
    button(page, "Put in force").click().run()  # type: ignore[attr-defined]
    assert page.toast[0].value.startswith("Version 2 has come in the meantime")
    assert page.text_input(key="calibration_why").value == "likes fell"
    assert fitted.calibration.report(account_of(MANAGER), now=clock()).current.number == 2  # type: ignore[union-attr]


def test_reputations_name_who_is_shown_less(open_page: OpenPage, services: Services) -> None:
    now = clock()
    services.stores.cases.insert(
        Case(
            id="case-9", post="post-rejected", publisher="kesari", state=CaseState.DECIDED, verdict=Verdict.REJECT,
            screening=Screening(outcome=Outcome.QUEUE, risk=0.5), reason=Reason.SPAM, decided_by="m", decided_at=now - DAY,
            created_at=now - DAY, updated_at=now - DAY,
        )
    )  # fmt: skip
    services.reputations.sweep(now=now)
    page = open_page("ranking", MANAGER, tab="Reputation")
    assert not page.exception
    assert "**1 publisher** of 2 is shown less than in full." in words(page)
    assert page.dataframe[0].value.iloc[0]["Publisher"] == "Kesari Looms"


def test_before_the_first_sweep_it_says_that_the_worker_computes_reputations(open_page: OpenPage) -> None:
    page = open_page("ranking", MANAGER, tab="Reputation")
    assert "The worker computes reputations once a minute" in words(page)
