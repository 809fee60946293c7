"""The Models tab: what a product manager reads and does."""

from __future__ import annotations

import pytest

from core.bootstrap import Services, clock
from core.domain.account import Role
from core.domain.job import JobKind
from core.domain.model import ModelQuality, ModelVersion, Rate
from tests.pages.conftest import OpenPage, account_of

MANAGER = account_of(Role.PRODUCT_MANAGER)


def version(number: int, *, measured: bool = True) -> ModelVersion:
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
        sha256="0" * 64, seconds=2.1, created_by="feedroom", created_at=clock(), updated_at=clock(),
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


def test_rolling_back_asks_why_and_leaves_no_model(open_page: OpenPage, trained: Services) -> None:
    page = open_page("ranking", Role.PRODUCT_MANAGER, tab="Models")
    next(button for button in page.button if button.label == "Roll back").click().run()
    assert any("goes, and what was in force before it comes back" in element.value for element in page.markdown)
    trained.models.roll_back(MANAGER, "worse", now=clock())
    page = open_page("ranking", Role.PRODUCT_MANAGER, tab="Models")
    assert "No model is in force" in texts(page)
    assert page.dataframe[1].value["In force"].tolist() == ["no model", "neighbours-1"]


def test_posts_newer_than_the_model_are_counted_beside_it(
    open_page: OpenPage, trained: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page("ranking", Role.PRODUCT_MANAGER, tab="Models")
    assert "came after its training" not in texts(page)
    monkeypatch.setattr(trained.feed, "arrivals", lambda actor, *, now: 14)
    assert "14 live posts came after its training: placed beside posts with the same tags" in texts(page.run())
