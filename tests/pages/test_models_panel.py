"""The Models tab: what a product manager reads and does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from core.bootstrap import Services, clock
from core.domain.account import Role
from core.domain.job import JobKind
from core.domain.model import ModelPublish, ModelQuality, ModelVersion, Rate
from tests.pages.conftest import OpenPage, account_of

MANAGER = account_of(Role.PRODUCT_MANAGER)


def version(number: int, *, measured: bool = True, by: str = "feedroom") -> ModelVersion:
    rates = {
        "model": Rate(value=0.31, low=0.28, high=0.34),
        "popularity": Rate(value=0.2, low=0.18, high=0.22),
        "over_popularity": Rate(value=0.11, low=0.08, high=0.14),
    }
    quality = ModelQuality(
        viewers=210, acts=900, sentence="Among its first 10 it named 31.0%.", **(rates if measured else {})
    )
    return ModelVersion(
        id=f"neighbours-{number}", number=number, method="EASE (l2 40)", data_from=clock() - 9_000_000, data_through=clock(),
        events=72_000, viewers=1_200, posts=55, interactions=12_500, quality=quality, prefix="models/x", bytes=94_000,
        sha256="0" * 64, seconds=2.1, created_by=by, created_at=clock(), updated_at=clock(),
    )  # fmt: skip


@pytest.fixture
def trained(services: Services) -> Services:
    for number in (1, 2):
        services.stores.models.insert(version(number))
    services.models.publish(None, "neighbours-1", "Trained and measured by itself.", now=clock())
    return services


def texts(page: object) -> str:
    return " ".join(
        element.value for name in ("markdown", "caption", "info", "warning") for element in getattr(page, name)
    )


def test_without_a_model_the_tab_says_what_comes(open_page: OpenPage) -> None:
    page = open_page("ranking", Role.PRODUCT_MANAGER, tab="Models")
    assert not page.exception
    assert "No model is in force" in texts(page)
    assert "No model has been trained yet" in texts(page)


def test_train_now_queues_one_training_and_shows_how_far_it_is(open_page: OpenPage, services: Services) -> None:
    page = open_page("ranking", Role.PRODUCT_MANAGER, tab="Models")
    next(button for button in page.button if button.label == "Train now").click().run()
    assert services.stores.jobs.count({"kind": JobKind.TRAIN_MODEL}) == 1
    assert next(button for button in page.button if button.label == "Train now").disabled
    job = services.jobs.claim("w", now=clock(), kinds=[JobKind.TRAIN_MODEL])
    assert job is not None
    services.jobs.fail(job, "0 acts are too few to learn from; it takes 50.", now=clock(), final=True)
    assert "0 acts are too few" in texts(page.run())


def test_the_table_tells_versions_apart_and_marks_the_one_in_force(open_page: OpenPage, trained: Services) -> None:
    trained.stores.models.insert(version(3, measured=False))
    page = open_page("ranking", Role.PRODUCT_MANAGER, tab="Models")
    assert not page.exception
    assert "neighbours-1 is in force" in texts(page)
    table = page.dataframe[0].value
    assert table["Model"].tolist() == ["neighbours-3", "neighbours-2", "neighbours-1"]
    assert table["State"].tolist() == [["Ready"], ["Ready"], ["In force"]]
    assert table["Hits"].tolist() == ["–", "31.0% (28.0 to 34.0)", "31.0% (28.0 to 34.0)"]
    assert page.metric[0].value == "31.0%"


def dialog() -> None:
    """The dialog alone: a page that draws it with every run."""
    import streamlit as st

    from core.domain.account import Role
    from dashboard.components.models_actions import roll_back_dialog
    from dashboard.components.told import tell
    from dashboard.context import services
    from tests.pages.conftest import account_of

    me, models = account_of(Role.PRODUCT_MANAGER), services().models
    tell("models")
    if (seen := st.session_state.setdefault("seen", models.in_force(me))) and "closed" not in st.session_state:
        roll_back_dialog(me, seen, st.session_state.setdefault("before", models.previous(me)))


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


def test_rolling_back_names_what_goes_and_what_comes_back(trained: Services) -> None:
    trained.models.publish(MANAGER, "neighbours-2", "[knows](https://x.in) Diwali", now=clock())
    page = AppTest.from_function(dialog).run()
    assert "**neighbours-2** goes and **neighbours-1** comes back" in texts(page)
    assert "Trained and measured by itself" in texts(page)
    assert any(button.label == "Cancel" for button in page.button)
    page = press(page, "Roll back")
    assert "why" in page.error[0].value.lower()
    page.text_input[0].set_value("worse").run()
    page = press(page, "Roll back")
    assert page.toast[0].value == "neighbours-2 is rolled back; neighbours-1 is in force."
    line = trained.models.in_force(MANAGER)
    assert line is not None
    assert (line.model, line.why, line.by_name) == ("neighbours-1", "worse", MANAGER.name)


def test_rolling_back_to_no_model_is_warned_of(trained: Services) -> None:
    page = AppTest.from_function(dialog).run()
    assert "no model is left" in page.warning[0].value
    page.text_input[0].set_value("worse").run()
    press(page, "Roll back")
    assert trained.models.history(MANAGER)[0].model == ""


def test_a_model_that_came_while_the_dialog_was_open_stays(trained: Services) -> None:
    page = AppTest.from_function(dialog).run()
    page.text_input[0].set_value("worse").run()
    trained.models.publish(None, "neighbours-2", "measured", now=clock())
    page = press(page, "Roll back")
    assert "published neighbours" in page.error[0].value
    assert page.text_input[0].value == "worse"
    assert trained.models.history(MANAGER)[0].model == "neighbours-2"


def test_after_a_roll_back_of_the_only_model_none_is_in_force(open_page: OpenPage, trained: Services) -> None:
    trained.models.roll_back(MANAGER, "[click](https://x.in)", now=clock())
    page = open_page("ranking", Role.PRODUCT_MANAGER, tab="Models")
    assert "No model is in force" in texts(page)
    assert "[click](" not in texts(page)
    assert page.dataframe[1].value["In force"].tolist() == ["no model", "neighbours-1"]


def test_the_model_in_force_is_shown_however_many_came_after_it(open_page: OpenPage, trained: Services) -> None:
    for number in range(3, 24):
        trained.stores.models.insert(version(number, by=MANAGER.id))
    page = open_page("ranking", Role.PRODUCT_MANAGER, tab="Models")
    assert not page.exception
    assert page.subheader[0].value == "neighbours-1"
    table = page.dataframe[0].value
    assert table["Model"].tolist()[::19] == ["neighbours-23", "neighbours-4"]
    assert set(table["By"]) == {MANAGER.name}
    page.button(key="models_pages-older").click().run()
    table = page.dataframe[0].value
    assert table["Model"].tolist() == ["neighbours-3", "neighbours-2", "neighbours-1"]
    assert table["By"].tolist() == [MANAGER.name, "Feedroom", "Feedroom"]


def test_a_model_that_nothing_is_known_of_can_still_be_rolled_back(open_page: OpenPage, trained: Services) -> None:
    trained.stores.model_publishes.insert(
        ModelPublish(id="00000002", model="neighbours-9", parent="00000001", by="feedroom", why="lost", at=clock())
    )
    page = open_page("ranking", Role.PRODUCT_MANAGER, tab="Models")
    assert not page.exception
    assert page.subheader[0].value == "neighbours-2, not in force"
    assert "**neighbours-9** goes and **neighbours-1** comes back" in texts(press(page, "Roll back"))


def test_a_model_that_is_worse_than_popularity_points_down(open_page: OpenPage, trained: Services) -> None:
    held = trained.stores.models.get("neighbours-1").quality
    worse = replace(
        held, model=Rate(value=0.15, low=0.1, high=0.2), over_popularity=Rate(value=-0.05, low=-0.08, high=-0.02)
    )
    trained.stores.models.insert(replace(version(3), quality=worse))
    trained.models.publish(MANAGER, "neighbours-3", "new", now=clock())
    page = open_page("ranking", Role.PRODUCT_MANAGER, tab="Models")
    assert page.metric[0].delta == "-25.0% against popularity"
    assert "−5.0 percentage points, 95% interval −8.0 to −2.0." in texts(page)


def test_posts_newer_than_the_model_are_counted_beside_it(
    open_page: OpenPage, trained: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page("ranking", Role.PRODUCT_MANAGER, tab="Models")
    assert "came after its training" not in texts(page)
    monkeypatch.setattr(trained.feed, "arrivals", lambda actor, *, now: 14)
    assert "14 live posts came after its training: placed beside posts with the same tags" in texts(page.run())
