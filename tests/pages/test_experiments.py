"""Experiments in the console: what a product manager reads, and what happens at each lever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import pytest

from core.bootstrap import Services, clock
from core.demo import trials
from core.domain.account import Role
from core.domain.experiment import ExperimentState
from core.domain.ports.documents import Document
from core.domain.ports.event_log import NewEvent
from core.services.experiment_metrics import GROUP, TOPIC
from core.services.stores import Stores
from core.settings import Settings
from tests.fakes.documents import MemoryDocuments
from tests.fakes.event_log import MemoryEventLog
from tests.fakes.live import MemoryLive
from tests.fakes.objects import MemoryObjects
from tests.pages.conftest import OpenPage, account_of
from tests.pages.world import fill

MANAGER = account_of(Role.PRODUCT_MANAGER)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> tuple[Mapping[str, Sequence[Document]], Sequence[NewEvent]]:
    """Five experiments and what viewers did in them, counted: documents by collection, and the events of the log."""
    documents = MemoryDocuments()
    stores = Stores.over(documents, MemoryObjects(), MemoryEventLog(), MemoryLive())
    made = Services(Settings(data=tmp_path_factory.mktemp("history"), secret="s" * 40), stores)
    fill(made)
    events = [NewEvent(e.id, e.viewer, msgspec.json.encode(e)) for e in trials.fill(made, clock(), seed=7)]
    stores.log.append(TOPIC, events)
    while made.experiment_metrics.consume("worker", now=clock()):
        pass
    return documents.everything(), events


@pytest.fixture
def measured(services: Services, history: tuple[Mapping[str, Sequence[Document]], Sequence[NewEvent]]) -> Services:
    stores, (documents, events) = services.stores, history
    for collection, held in documents.items():
        stores.documents.upsert_many(collection, held)
    stores.log.append(TOPIC, events)
    while records := stores.log.poll(TOPIC, GROUP, "worker", limit=10_000, now=clock()):
        stores.log.commit(TOPIC, GROUP, "worker", records)
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
    assert page.success[0].value.startswith("**Treatment.** Ship")
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


def test_the_machine_tells_on_overview_and_experiments_until_it_is_put_away(
    open_page: OpenPage, measured: Services
) -> None:
    measured.rollout.watch(now=clock())
    for name in ("overview", "experiments"):
        page = open_page(name, Role.PRODUCT_MANAGER)
        assert not page.exception
        assert any("Promotions up to 40" in element.value for element in page.error)
    page.button(key="dismiss:experiment-stopped-demo-breach").click().run()
    assert not any("Promotions up to 40" in element.value for element in page.error)
    assert any("Educational clips first" in element.value for element in page.error)


def test_what_the_machine_stopped_offers_no_resume_but_a_new_start(open_page: OpenPage, measured: Services) -> None:
    measured.rollout.watch(now=clock())
    page = open_page("readout", Role.PRODUCT_MANAGER, id="demo-breach")
    labels = [button.label for button in page.button]
    assert "Resume" not in labels
    assert {"Start again", "Roll back", "Decide"} <= set(labels)
    assert any("Stopped by the machine" in element.value for element in page.error)


@pytest.mark.parametrize("key", ["win", "breach", "split", "young", "past"])
def test_no_readout_shows_a_nan_or_says_ok_for_unknown(open_page: OpenPage, measured: Services, key: str) -> None:
    page = open_page("readout", Role.PRODUCT_MANAGER, id=f"demo-{key}")
    assert not page.exception
    shown = " ".join(str(element.value) for element in (*page.markdown, *page.caption, *page.info, *page.success))
    assert "nan" not in shown.lower().replace("nandini", "")
    assert " OK" not in shown


def test_a_ramp_can_be_held_and_let_go(open_page: OpenPage, measured: Services) -> None:
    page = open_page("readout", Role.PRODUCT_MANAGER, id="demo-young")
    next(button for button in page.button if button.label == "Hold here").click().run()
    assert measured.experiments.get(MANAGER, "demo-young").holding
    assert any("held here by hand" in element.value for element in page.caption)
    next(button for button in page.button if button.label == "Follow the schedule").click().run()
    assert not measured.experiments.get(MANAGER, "demo-young").holding


def test_the_form_refuses_while_typing_proposes_a_free_range_and_keeps_what_was_typed(
    open_page: OpenPage, measured: Services
) -> None:
    page = open_page("experiments", Role.PRODUCT_MANAGER, edit="new")
    assert not page.exception
    page.text_input(key="exp:new:name").set_value("More how-to posts").run()
    assert page.slider(key="exp:new:range").value == (80, 100)
    assert not page.error
    page.slider(key="exp:new:range").set_range(10, 30).run()
    assert "More clips with products" in page.error[0].value
    assert page.button(key="experiment_save").disabled
    page.button(key="exp:new:take").click().run()
    assert page.slider(key="exp:new:range").value == (80, 100)
    page.number_input(key="exp:new:weight1:2").set_value(40.0).run()
    assert "Weights add up to 0.9" in page.error[0].value
    page.number_input(key="exp:new:weight1:2").set_value(50.0).run()
    page.text_area(key="exp:new:testers").set_value("asha = nobody").run()
    assert "There is no arm nobody" in page.error[0].value
    page.text_area(key="exp:new:testers").set_value("asha = treatment").run()
    assert page.text_input(key="exp:new:name").value == "More how-to posts"
    page.button(key="experiment_save").click().run()
    assert not page.exception
    made = next(one for one in measured.experiments.find(MANAGER).items if one.name == "More how-to posts")
    assert (made.lower, made.upper, made.overrides) == (0.8, 1.0, {"asha": "treatment"})


def test_a_draft_is_planned_on_the_page_from_what_viewers_did(open_page: OpenPage, measured: Services) -> None:
    draft = measured.experiments.copy(MANAGER, "demo-win", now=clock())
    page = open_page("readout", Role.PRODUCT_MANAGER, id=draft.id)
    assert not page.exception
    labels = {metric.label: metric.value for metric in page.metric}
    assert {"Viewers per arm", "Days to get them"} <= set(labels)
    page.number_input(key="plan_effect").set_value(50.0).run()
    page.button(key="keep_plan").click().run()
    planned = measured.experiments.get(MANAGER, draft.id)
    assert planned.state is ExperimentState.PLANNED
    assert planned.plan is not None
    assert planned.plan.effect == 0.5


def test_a_draft_can_be_rehearsed_with_simulated_viewers(open_page: OpenPage, measured: Services) -> None:
    draft = measured.experiments.copy(MANAGER, "demo-win", now=clock())
    page = open_page("readout", Role.PRODUCT_MANAGER, id=draft.id)
    page.button(key="rehearse").click().run()
    assert not page.exception
    assert measured.stores.jobs.count({"kind": "rehearse"}) == 1
