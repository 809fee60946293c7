"""Experiments in the console: what a product manager reads, and what happens at each lever."""

from __future__ import annotations

import msgspec
import pytest

from core.bootstrap import Services, clock
from core.demo import trials
from core.domain.account import Role
from core.domain.experiment import ExperimentState
from core.domain.ports.event_log import NewEvent
from core.services.experiment_metrics import TOPIC
from tests.pages.conftest import OpenPage, account_of

MANAGER = account_of(Role.PRODUCT_MANAGER)


@pytest.fixture
def measured(services: Services) -> Services:
    events = trials.fill(services, clock(), seed=7)
    services.stores.log.append(TOPIC, [NewEvent(e.id, e.viewer, msgspec.json.encode(e)) for e in events])
    while services.experiment_metrics.consume("worker", now=clock()):
        pass
    return services


def test_the_list_says_of_each_experiment_what_can_be_said(open_page: OpenPage, measured: Services) -> None:
    page = open_page("experiments", Role.PRODUCT_MANAGER)
    assert not page.exception
    text = " ".join(element.value for element in page.markdown)
    assert "Ship: Product clicks is better" in text
    assert "Do not read the effects" in text
    assert "Cannot say yet" in text


def test_an_empty_list_says_what_to_do_next(open_page: OpenPage) -> None:
    page = open_page("experiments", Role.PRODUCT_MANAGER)
    assert "New experiment" in page.info[0].value


def test_the_readout_puts_the_verdict_first_and_shows_no_nan(open_page: OpenPage, measured: Services) -> None:
    page = open_page("readout", Role.PRODUCT_MANAGER, id="demo-win")
    assert not page.exception
    assert page.success[0].value.startswith("**treatment.** Ship")
    shown = " ".join(element.value for element in (*page.markdown, *page.caption))
    assert "nan" not in shown.lower()


def test_a_wrong_split_hides_the_effects(open_page: OpenPage, measured: Services) -> None:
    page = open_page("readout", Role.PRODUCT_MANAGER, id="demo-split")
    assert "viewers were not split as planned" in page.error[0].value
    assert "Effects" not in [header.value for header in page.subheader]


def test_pausing_assigns_nobody_and_resuming_goes_on(open_page: OpenPage, measured: Services) -> None:
    page = open_page("readout", Role.PRODUCT_MANAGER, id="demo-win")
    next(button for button in page.button if button.label == "Pause").click().run()
    assert measured.experiments.get(MANAGER, "demo-win").state is ExperimentState.PAUSED
    next(button for button in page.button if button.label == "Resume").click().run()
    assert measured.experiments.get(MANAGER, "demo-win").state is ExperimentState.RUNNING


def test_an_unknown_experiment_is_told_plainly(open_page: OpenPage) -> None:
    page = open_page("readout", Role.PRODUCT_MANAGER, id="nothing")
    assert page.title[0].value == "No such experiment"
