"""The content mix page under AppTest: typing, refusals at the field, drafts that stay, versions, history."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from core.bootstrap import Services, clock
from core.domain.account import Role
from core.domain.experiment import Arm, Experiment, ExperimentState, Metric, MetricKind, MetricRole, Phase
from core.domain.post import Post, PostKind
from core.domain.viewer import SampleViewer
from tests.pages.conftest import OpenPage, account_of

LEAST = "mix:shares.ugc.least"


@pytest.fixture
def feed(services: Services) -> Services:
    """The small world with enough live posts for pages, and three sample viewers."""
    pattern: Post = services.stores.posts.get("post-live")
    for number in range(60):
        services.stores.posts.insert(
            replace(
                pattern, id=f"live-{number}", title=f"Live {number}", kind=list(PostKind)[number % 4],
                publisher=f"publisher-{number % 9}", tags=("saree",) if number % 3 else ("diwali",),
                published_at=clock() - number, updated_at=clock() - number,
            )
        )  # fmt: skip
    for number in (2, 3):
        services.stores.sample_viewers.insert(SampleViewer(id=f"viewer-{number}", name=f"Viewer {number}"))
    return services


def words(page: AppTest) -> str:
    return " ".join(str(one.value) for one in (*page.markdown, *page.caption, *page.error, *page.info))


def test_every_rule_stands_beside_its_price(open_page: OpenPage, feed: Services) -> None:
    page = open_page("mix", Role.PRODUCT_MANAGER)
    assert not page.exception
    assert page.title[0].value == "Content mix"
    assert page.number_input(LEAST).value == 40
    assert (
        sum("per point" in one.value or one.value == "Costs nothing now" for one in (*page.caption, *page.markdown))
        == 8
    )
    assert any("3 sample viewers" in one.value for one in page.caption)


def test_a_browser_that_has_forgotten_its_fields_would_draw_what_is_kept(open_page: OpenPage, feed: Services) -> None:
    page = open_page("mix", Role.PRODUCT_MANAGER)
    page.number_input(LEAST).set_value(55).run()
    page.slider("mix:range:shares.product").set_value((15, 35)).run()
    assert page.number_input(LEAST).value == 55
    for field in page.number_input:
        assert field.proto.default == field.value, field.key
    for slider in page.slider:
        assert tuple(slider.proto.default) == tuple(slider.value), slider.key
    base = page.selectbox("mix_base")
    assert base.proto.options[base.proto.default] == base.format_func(base.value)


def test_an_impossible_share_is_refused_at_its_field_with_what_would_be_possible(
    open_page: OpenPage, feed: Services
) -> None:
    page = open_page("mix", Role.PRODUCT_MANAGER)
    page.number_input(LEAST).set_value(95).run()
    assert page.error[0].value == (
        "At least 95% is more than at most 70%. Lower this to 70%, or raise the greatest share to 95%."
    )
    assert page.button("mix_save").disabled
    assert page.number_input(LEAST).value == 95
    page.number_input(LEAST).set_value(140).run()
    assert page.error[0].value == "A share lies between 0% and 100%. Type a share in between."
    page.button("mix_undo").click().run()
    page.button("mix_undo").click().run()
    assert not page.error
    assert page.number_input(LEAST).value == 40


def test_a_draft_stays_when_the_page_is_left_and_is_of_one_account(open_page: OpenPage, feed: Services) -> None:
    page = open_page("mix", Role.PRODUCT_MANAGER)
    page.number_input(LEAST).set_value(50).run()
    assert "UGC: at least 50% instead of 40% of a page." in words(page).replace("\\", "")
    again = open_page("mix", Role.PRODUCT_MANAGER)
    assert again.number_input(LEAST).value == 50
    assert again.selectbox("mix_base").label == "Draft from, 1 change"
    assert open_page("mix", Role.ADMINISTRATOR).number_input(LEAST).value == 40
    again.button("mix_discard").click().run()
    assert again.number_input(LEAST).value == 40
    assert feed.stores.mix_drafts.count() == 0


def test_the_slider_and_the_fields_say_the_same(open_page: OpenPage, feed: Services) -> None:
    page = open_page("mix", Role.PRODUCT_MANAGER)
    page.slider("mix:range:shares.promotional").set_value((5, 15)).run()
    assert page.number_input("mix:shares.promotional.least").value == 5
    assert page.number_input("mix:shares.promotional.most").value == 15
    page.number_input("mix:shares.promotional.most").set_value(25).run()
    assert page.slider("mix:range:shares.promotional").value == (5, 25)


def test_saving_and_publishing_say_first_what_differs(open_page: OpenPage, feed: Services) -> None:
    manager = account_of(Role.PRODUCT_MANAGER)
    page = open_page("mix", Role.PRODUCT_MANAGER)
    page.number_input("mix:shares.promotional.most").set_value(10).run()
    page.button("mix_save").click().run()
    assert page.text_input("mix_save_name").value == "For you"
    said = "Promotional: at most 10% instead of 20% of a page."
    assert words(page).replace("\\", "").count(said) == 2
    made = feed.mix.save(manager, {"shares.promotional.most": 0.1}, base="for_you-1", name="Calm", now=clock())
    feed.mix_drafts.start(manager, made.id, now=clock())
    page = open_page("mix", Role.PRODUCT_MANAGER)
    assert page.selectbox("mix_base").value == "for_you-2"
    page.button("mix_publish").click().run()
    assert page.text_area("mix_publish_why").label == "Why is it published?"
    assert feed.mix.current(manager).policy.id == "for_you-1"


def test_the_history_says_who_why_and_what_and_a_roll_back_asks_for_a_reason(
    open_page: OpenPage, feed: Services
) -> None:
    manager = account_of(Role.PRODUCT_MANAGER)
    made = feed.mix.save(manager, {"shares.promotional.most": 0.1}, base="for_you-1", name="Calm", now=clock())
    feed.mix.publish(manager, made.id, "Festival is over", now=clock())
    page = open_page("mix", Role.PRODUCT_MANAGER)
    (line,) = page.dataframe[0].value.to_dict("records")
    assert (line["From"], line["To"], line["Who"], line["Why"]) == (
        "for_you-1", "for_you-2", manager.name, "Festival is over",
    )  # fmt: skip
    page.button("mix_roll_back").click().run()
    assert page.text_area("mix_roll_back_why").label == "Why is it rolled back?"
    assert "Promotional: at most 20% instead of 10% of a page." in words(page).replace("\\", "")
    assert feed.mix.current(manager).policy == made


def test_running_experiments_are_named_with_the_part_of_the_viewers_they_serve(
    open_page: OpenPage, feed: Services
) -> None:
    goal = Metric(name="Clicks", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="product_clicks")
    feed.stores.experiments.insert(
        Experiment(
            id="e", name="Calmer feed", salt="e", metrics=(goal,), state=ExperimentState.RUNNING,
            arms=(Arm(name="control"), Arm(name="treatment", policy="for_you-1")),
            phases=(Phase(number=1, exposure=0.2, started_at=clock()),),
        )
    )  # fmt: skip
    page = open_page("mix", Role.PRODUCT_MANAGER)
    assert page.expander[0].label == "1 running experiment serves other versions to about 10% of the viewers"
    assert "**Calmer feed** serves for" in words(page)


def test_a_post_is_pinned_by_searching_and_moved_and_removed(open_page: OpenPage, feed: Services) -> None:
    manager = account_of(Role.PRODUCT_MANAGER)
    feed.mix_drafts.change(manager, {"pins": [(0, "live-3")]}, now=clock())
    page = open_page("mix", Role.PRODUCT_MANAGER)
    page.session_state["mix_group"] = "Pins"
    page.run()
    assert page.number_input("mix:pin:live-3").value == 1
    page.number_input("mix:pin:live-3").set_value(4).run()
    assert feed.mix_drafts.work(manager).typed["pins"] == [(3, "live-3")]
    page.button("mix:unpin:live-3").click().run()
    assert feed.mix_drafts.work(manager).typed == {}


def test_the_preview_compares_the_draft_with_what_is_in_force(open_page: OpenPage, feed: Services) -> None:
    manager = account_of(Role.PRODUCT_MANAGER)
    feed.mix_drafts.change(manager, {"shares.promotional.least": 0.3, "shares.promotional.most": 0.4}, now=clock())
    page = open_page("feed_preview", Role.PRODUCT_MANAGER, compare="draft")
    assert not page.exception
    session = page.session_state["feed_preview"]
    assert session.other.request == session.page.request
    assert session.other.policy == "draft"
    assert any("only on the left" in one.value for one in page.markdown)
    badges = [one.value for one in page.markdown if "Engagement" in one.value]
    assert len(badges) == 2


def test_the_same_mix_on_both_sides_makes_the_same_page(open_page: OpenPage, feed: Services) -> None:
    page = open_page("feed_preview", Role.PRODUCT_MANAGER, compare="for_you-1")
    assert any("Both mixes make the same page" in one.value for one in page.info)
