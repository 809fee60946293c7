"""The content mix page under AppTest: typing, refusals at the field, drafts that stay, versions, history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import NumberInput, Slider

from core.bootstrap import Services, clock
from core.domain.account import Account, Role
from core.domain.errors import Unavailable
from core.domain.experiment import Arm, Experiment, ExperimentState, Metric, MetricKind, MetricRole, Phase
from core.domain.ids import Millis
from core.domain.mix_life import MixDraft
from core.domain.post import Post, PostKind
from core.domain.viewer import SampleViewer
from core.services.mix_drafts import MixDrafts
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


def number(page: AppTest, name: str) -> NumberInput:
    """The field of this name: it is drawn under another key when it has to show something else than it says."""
    return next(one for one in page.number_input if one.key is not None and one.key.split("#")[0] == name)


def slider(page: AppTest, name: str) -> Slider[int]:
    """The slider of this name."""
    return next(one for one in page.slider if one.key is not None and one.key.split("#")[0] == name)


class DraftsOfAStoreThatMayBeDown(MixDrafts):
    """What is written is refused while it is down; what is read is not."""

    down = False

    def _update(self, actor: Account, act: Callable[[MixDraft], MixDraft], now: Millis) -> MixDraft:
        if self.down:
            raise Unavailable("the store does not answer")
        return super()._update(actor, act, now)


def saving() -> None:
    """A script that is nothing but the dialog, opened once: AppTest closes a dialog with the next run of a page."""
    import streamlit as st

    from dashboard.components.mix_actions import save_dialog
    from dashboard.components.told import tell
    from dashboard.context import services

    tell("mix")
    account = services().stores.accounts.get("account-product_manager")
    if "opened" not in st.session_state:
        st.session_state["opened"] = services().mix_drafts.work(account)
    save_dialog(account, st.session_state["opened"])


def rolling_back() -> None:
    """The same for a roll back."""
    import streamlit as st

    from dashboard.components.mix_actions import roll_back_dialog
    from dashboard.context import services

    account = services().stores.accounts.get("account-product_manager")
    if "opened" not in st.session_state:
        st.session_state["opened"] = services().mix.current(account), services().mix.previous(account)
    roll_back_dialog(account, *st.session_state["opened"])


def test_every_rule_stands_beside_its_price(open_page: OpenPage, feed: Services) -> None:
    page = open_page("mix", Role.PRODUCT_MANAGER)
    assert not page.exception
    assert page.title[0].value == "Content mix"
    assert number(page, LEAST).value == 40
    assert (
        sum("per point" in one.value or one.value == "Costs nothing now" for one in (*page.caption, *page.markdown))
        == 8
    )
    assert any("3 sample viewers" in one.value for one in page.caption)


def test_a_browser_that_has_forgotten_its_fields_would_draw_what_is_kept(open_page: OpenPage, feed: Services) -> None:
    page = open_page("mix", Role.PRODUCT_MANAGER)
    number(page, LEAST).set_value(55).run()
    slider(page, "mix:range:shares.product").set_value((15, 35)).run()
    assert number(page, LEAST).value == 55
    for field in page.number_input:
        assert field.proto.default == field.value, field.key
    for ends in page.slider:
        assert tuple(ends.proto.default) == tuple(ends.value), ends.key
    base = page.selectbox("mix_base")
    assert base.proto.options[base.proto.default] == base.format_func(base.value)


def test_an_impossible_share_is_refused_at_its_field_with_what_would_be_possible(
    open_page: OpenPage, feed: Services
) -> None:
    page = open_page("mix", Role.PRODUCT_MANAGER)
    number(page, LEAST).set_value(95).run()
    assert page.error[0].value == (
        "At least 95% is more than at most 70%. Lower this to 70%, or raise the greatest share to 95%."
    )
    assert page.button("mix_save").disabled
    assert number(page, LEAST).value == 95
    number(page, LEAST).set_value(140).run()
    assert page.error[0].value == "A share lies between 0% and 100%. Type a share in between."
    page.button("mix_undo").click().run()
    page.button("mix_undo").click().run()
    assert not page.error
    assert number(page, LEAST).value == 40


def test_a_draft_stays_when_the_page_is_left_and_is_of_one_account(open_page: OpenPage, feed: Services) -> None:
    page = open_page("mix", Role.PRODUCT_MANAGER)
    number(page, LEAST).set_value(50).run()
    assert "UGC: at least 50% instead of 40% of a page." in words(page).replace("\\", "")
    again = open_page("mix", Role.PRODUCT_MANAGER)
    assert number(again, LEAST).value == 50
    assert again.selectbox("mix_base").label == "Draft from, 1 change"
    assert number(open_page("mix", Role.ADMINISTRATOR), LEAST).value == 40
    again.button("mix_discard").click().run()
    assert number(again, LEAST).value == 40
    assert again.selectbox("mix_base").label == "Version"
    again.button("mix_undo").click().run()
    assert number(again, LEAST).value == 50


def test_what_was_undone_a_moment_ago_can_be_typed_again(open_page: OpenPage, feed: Services) -> None:
    page = open_page("mix", Role.PRODUCT_MANAGER)
    number(page, LEAST).set_value(50).run()
    page.button("mix_undo").click().run()
    assert number(page, LEAST).value == 40
    number(page, LEAST).set_value(50)
    number(page, "mix:shares.product.least").set_value(5).run()
    typed = feed.mix_drafts.work(account_of(Role.PRODUCT_MANAGER)).typed
    assert typed == {"shares.ugc.least": 0.5, "shares.product.least": 0.05}
    assert number(page, LEAST).value == 50


def test_what_could_not_be_stored_stays_in_its_field_and_is_stored_at_the_next_run(
    open_page: OpenPage, feed: Services
) -> None:
    manager = account_of(Role.PRODUCT_MANAGER)
    feed.mix_drafts = drafts = DraftsOfAStoreThatMayBeDown(feed.stores, feed.mix)
    page = open_page("mix", Role.PRODUCT_MANAGER)
    drafts.down = True
    number(page, LEAST).set_value(50).run()
    assert number(page, LEAST).value == 50
    assert "Not stored yet" in page.toast[0].value
    assert not drafts.work(manager).typed
    drafts.down = False
    page.run()
    assert drafts.work(manager).typed == {"shares.ugc.least": 0.5}
    assert number(page, LEAST).value == 50


def test_a_save_whose_draft_could_not_be_moved_on_says_what_was_saved(feed: Services) -> None:
    feed.mix_drafts = drafts = DraftsOfAStoreThatMayBeDown(feed.stores, feed.mix)
    manager = account_of(Role.PRODUCT_MANAGER)
    drafts.change(manager, {"shares.ugc.least": 0.5}, now=clock())
    page = AppTest.from_function(saving, default_timeout=30).run()
    drafts.down = True
    page.button("mix_save_confirm").click().run()
    assert page.toast[0].value.replace("\\", "") == (
        "Saved as for_you-2. It is not in force yet. The draft could not be moved on to it: choose it under Draft from."
    )
    assert len(feed.mix.versions(manager)) == 2


def test_saving_keeps_what_another_tab_has_typed_meanwhile(feed: Services) -> None:
    manager = account_of(Role.PRODUCT_MANAGER)
    feed.mix_drafts.change(manager, {"shares.ugc.least": 0.5}, now=clock())
    page = AppTest.from_function(saving, default_timeout=30).run()
    feed.mix_drafts.change(manager, {"per_brand": 2.0}, now=clock())
    page.button("mix_save_confirm").click().run()
    work = feed.mix_drafts.work(manager)
    assert (work.base.id, work.typed) == ("for_you-2", {"per_brand": 2.0})


def test_the_publish_dialog_tells_the_effect_of_the_version_it_publishes_and_of_no_other(
    open_page: OpenPage, feed: Services
) -> None:
    manager = account_of(Role.PRODUCT_MANAGER)
    made = [
        feed.mix.save(manager, {"shares.promotional.most": most}, base="for_you-1", name="Calm", now=clock())
        for most in (0.1, 0.15)
    ]
    feed.mix_drafts.start(manager, made[0].id, now=clock())
    page = open_page("mix", Role.PRODUCT_MANAGER)
    page.button("mix_publish").click().run()
    said = words(page)
    assert "Expected on the pages of 3 sample viewers: engagement" in said
    assert said.split("business value")[1].count("95% interval") == 1
    feed.mix_drafts.start(manager, made[1].id, now=clock())
    page.button("mix_publish").click().run()
    assert "What it would do is still being worked out." in words(page)
    assert "Expected on the pages of 3" not in words(page)


def test_words_of_people_are_shown_as_they_were_written(open_page: OpenPage, feed: Services) -> None:
    manager = account_of(Role.PRODUCT_MANAGER)
    made = feed.mix.save(
        manager, {"shares.promotional.most": 0.1}, base="for_you-1", name=":red[Calm] **now**", now=clock()
    )
    feed.mix.publish(manager, made.id, "Festival", now=clock())
    page = open_page("feed_preview", Role.PRODUCT_MANAGER)
    page.session_state["preview_tab"] = "Content mix"
    page.run()
    said = " ".join(one.value for one in (*page.success, *page.warning))
    assert ":red[" not in said
    assert ":red[Calm] **now**" in said.replace("\\", "")
    page = AppTest.from_function(rolling_back, default_timeout=30).run()
    feed.mix.roll_back(manager, "[see](http://x) *this*", now=clock())
    page.text_area("mix_roll_back_why").set_value("Sales fell")
    page.button("mix_roll_back_confirm").click().run()
    (refused,) = page.error
    assert "[see]" not in refused.value
    assert "[see](http://x) *this*" in refused.value.replace("\\", "").replace("\u2060", "")


def test_the_slider_and_the_fields_say_the_same(open_page: OpenPage, feed: Services) -> None:
    page = open_page("mix", Role.PRODUCT_MANAGER)
    slider(page, "mix:range:shares.promotional").set_value((5, 15)).run()
    assert number(page, "mix:shares.promotional.least").value == 5
    assert number(page, "mix:shares.promotional.most").value == 15
    number(page, "mix:shares.promotional.most").set_value(25).run()
    assert slider(page, "mix:range:shares.promotional").value == (5, 25)


def test_saving_and_publishing_say_first_what_differs(open_page: OpenPage, feed: Services) -> None:
    manager = account_of(Role.PRODUCT_MANAGER)
    page = open_page("mix", Role.PRODUCT_MANAGER)
    number(page, "mix:shares.promotional.most").set_value(10).run()
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
    made = feed.mix.save(account_of(Role.PRODUCT_MANAGER), {"explore": 0.2}, base="for_you-1", name="New", now=clock())
    goal = Metric(name="Clicks", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="product_clicks")
    feed.stores.experiments.insert(
        Experiment(
            id="e", name="Calmer feed", salt="e", metrics=(goal,), state=ExperimentState.RUNNING,
            arms=(Arm(name="control", policy="for_you-1"), Arm(name="treatment", policy=made.id)),
            phases=(Phase(number=1, exposure=0.2, started_at=clock()),),
        )
    )  # fmt: skip
    page = open_page("mix", Role.PRODUCT_MANAGER)
    assert page.expander[0].label == (
        "1 running experiment names versions: about 10% of the viewers get another one than this"
    )
    assert "**Calmer feed** serves for" in words(page)


def test_a_post_is_pinned_by_searching_and_moved_and_removed(open_page: OpenPage, feed: Services) -> None:
    manager = account_of(Role.PRODUCT_MANAGER)
    feed.mix_drafts.change(manager, {"pins": [(0, "live-3")]}, now=clock())
    page = open_page("mix", Role.PRODUCT_MANAGER)
    page.session_state["mix_group"] = "Pins"
    page.run()
    assert number(page, "mix:pin:live-3").value == 1
    assert number(page, "mix:pin:live-3").label == "Slot of Live 3"
    assert page.button("mix:unpin:live-3").label == "Remove Live 3"
    number(page, "mix:pin:live-3").set_value(4).run()
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


def test_a_draft_that_cannot_be_is_not_compared_with_and_the_preview_says_why(
    open_page: OpenPage, feed: Services
) -> None:
    manager = account_of(Role.PRODUCT_MANAGER)
    feed.mix_drafts.change(manager, {"shares.ugc.least": 0.95}, now=clock())
    page = open_page("feed_preview", Role.PRODUCT_MANAGER, compare="draft")
    (warning,) = page.warning
    assert "At least 95% is more than at most 70%. Lower this to 70%" in warning.value.replace("\\", "")
    assert any("Put them right" in one.proto.label for one in page.get("page_link"))
    feed.mix_drafts.undo(manager, now=clock())
    assert not page.run().warning


def test_the_same_mix_on_both_sides_makes_the_same_page(open_page: OpenPage, feed: Services) -> None:
    page = open_page("feed_preview", Role.PRODUCT_MANAGER, compare="for_you-1")
    assert any("Both mixes make the same page" in one.value for one in page.info)
