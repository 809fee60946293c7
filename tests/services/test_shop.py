"""Products, tags, publishers and sample viewers as each role sees them."""

from __future__ import annotations

import pytest

from core.demo import people, products, taxonomy
from core.domain.account import Account, Role
from core.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.domain.taxonomy import Facet, TagStatus
from core.services.audit import Audit
from core.services.lifecycle import CATALOGUE
from core.services.shop import Shop, fold
from core.services.stores import Stores
from tests.fakes.stores import memory_stores

NOW = 1_795_000_000_000


def account(role: Role, publisher: str | None = None) -> Account:
    return Account(id=role.value, email=f"{role.value}@x.example", name=role.label, role=role, publisher=publisher)


BRAND = account(Role.BRAND, "padchaal")
MODERATOR = account(Role.MODERATOR)
MANAGER = account(Role.PRODUCT_MANAGER)


@pytest.fixture
def stores() -> Stores:
    filled = memory_stores()
    taxonomy.ensure_taxonomy(filled, NOW)
    filled.publishers.upsert_many(people.publishers(NOW))
    filled.products.upsert_many(item.product for item in products.items(NOW).values())
    filled.sample_viewers.upsert_many(people.viewers(NOW))
    return filled


@pytest.fixture
def shop(stores: Stores) -> Shop:
    return Shop(stores, Audit(stores))


def test_products_are_found_by_all_words_in_any_order(shop: Shop) -> None:
    assert [p.id for p in shop.search_products(BRAND, "SAREE  mor").items] == ["mor-pankh-silk-saree"]
    assert [p.id for p in shop.search_products(BRAND, "pdc-003").items] == ["mirchi-red-sneakers"]
    assert shop.search_products(BRAND, "saree toaster").items == []


def test_products_are_filtered_by_category_brand_and_stock(shop: Shop) -> None:
    sneakers = shop.search_products(MANAGER, category="sneakers", brand="Padchaal Footwear").items
    assert len(sneakers) == 4
    assert len(shop.search_products(MANAGER, category="sneakers", brand="Padchaal Footwear", in_stock=True).items) == 3


def test_pages_of_products_together_hold_each_product_once(shop: Shop) -> None:
    found: list[str] = []
    cursor = None
    while True:
        page = shop.search_products(MANAGER, limit=25, cursor=cursor)
        found += [product.id for product in page.items]
        if (cursor := page.cursor) is None:
            break
    assert len(found) == len(set(found)) == 120
    assert sum(shop.categories(MANAGER).values()) == 120


def test_stock_changes_are_audited_and_announced(shop: Shop, stores: Stores) -> None:
    before = stores.live.signals.version(CATALOGUE)
    changed = shop.change_stock(BRAND, "mirchi-red-sneakers", 3, now=NOW + 1)
    assert (changed.stock, changed.updated_at) == (3, NOW + 1)
    assert stores.live.signals.version(CATALOGUE) == before + 1
    (line,) = stores.audit.find({"subject": "mirchi-red-sneakers"}).items
    assert (line.action, line.detail) == ("product.stock", {"before": "55", "after": "3"})


def test_a_brand_cannot_touch_the_stock_of_another(shop: Shop) -> None:
    with pytest.raises(NotFound):
        shop.change_stock(BRAND, "chai-kettle", 3, now=NOW)


def test_an_impossible_stock_a_wrong_role_and_an_old_version_are_refused(shop: Shop) -> None:
    with pytest.raises(InvalidInput, match="stock"):
        shop.change_stock(MANAGER, "chai-kettle", -1, now=NOW)
    with pytest.raises(Forbidden):
        shop.change_stock(MODERATOR, "chai-kettle", 1, now=NOW)
    shop.change_stock(MANAGER, "chai-kettle", 1, now=NOW)
    with pytest.raises(Conflict):
        shop.change_stock(MANAGER, "chai-kettle", 2, now=NOW, expected_version=1)


@pytest.mark.parametrize(
    ("typed", "first"),
    [("diwa", "diwali"), ("sar", "sarees"), ("ghar ki", "home-decor"), ("подар", "gifting"), ("दिवा", "diwali")],
)
def test_tags_are_offered_while_somebody_types(shop: Shop, typed: str, first: str) -> None:
    assert first in [tag.id for tag in shop.search_tags(BRAND, typed)[:3]]


def test_a_whole_name_comes_before_a_beginning(shop: Shop) -> None:
    assert shop.search_tags(BRAND, "winter")[0].id == "winter"
    assert shop.search_tags(BRAND, "  ") == []


def test_tags_can_be_kept_to_a_facet(shop: Shop) -> None:
    assert {tag.facet for tag in shop.search_tags(BRAND, "w", facet=Facet.OCCASION)} == {Facet.OCCASION}
    by_facet = shop.tags_by_facet(BRAND)
    assert list(by_facet) == list(Facet)
    assert sum(map(len, by_facet.values())) == len(shop.tags(BRAND))


def test_a_merged_tag_answers_with_its_heir_and_is_offered_no_more(shop: Shop, stores: Stores) -> None:
    stores.tags.patch("juttis", {"status": TagStatus.MERGED, "merged_into": "sandals"})
    found = shop.find_tag(BRAND, "mojari")
    assert found is not None
    assert found.id == "sandals"
    assert "juttis" not in [tag.id for tag in shop.tags(BRAND)]
    assert shop.find_tag(BRAND, "no such thing") is None


def test_a_brand_lists_itself_and_the_others_list_all(shop: Shop) -> None:
    assert [publisher.id for publisher in shop.publishers(BRAND)] == ["padchaal"]
    assert len(shop.publishers(MODERATOR)) == 14
    assert shop.publisher_names(BRAND, ["ajji", "nobody"]) == {"ajji": "Ajji's Two-Minute Tadka"}


def test_sample_viewers_are_for_product_managers(shop: Shop) -> None:
    assert len(shop.sample_viewers(MANAGER)) == 24
    assert shop.sample_viewer(MANAGER, "viewer-dev").segment == "student"
    with pytest.raises(Forbidden):
        shop.sample_viewers(BRAND)


def test_text_is_folded_before_it_is_compared() -> None:
    assert fold("  Straße\u00a0ＣＨＡＩ ") == "strasse chai"
