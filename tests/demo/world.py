"""What the tests of the demo world share."""

from __future__ import annotations

from functools import cache

from core.demo import people, products, taxonomy
from core.domain.account import Account, Role
from core.services.audit import Audit
from core.services.stores import Stores
from tests.fakes.stores import memory_stores

NOW = 1_795_000_000_000
ADMIN = Account(id="root", email="root@x.example", name="Root", role=Role.ADMINISTRATOR)


@cache
def filled_stores() -> tuple[Stores, Audit]:
    """Tags, publishers, products and sample viewers, for tests that only read them."""
    stores = memory_stores()
    taxonomy.ensure_taxonomy(stores, NOW)
    stores.publishers.upsert_many(people.publishers(NOW))
    stores.products.upsert_many(item.product for item in products.items(NOW).values())
    stores.sample_viewers.upsert_many(people.viewers(NOW))
    return stores, Audit(stores)
