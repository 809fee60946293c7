"""Fixtures of the contract suites: each port on every adapter."""

from tests.contracts.document_stores import documents, nx_address, shared_address
from tests.contracts.live_stores import live, redis_live, valkey_live
from tests.contracts.objects_stores import objects, s3_endpoint

__all__ = ["documents", "live", "nx_address", "objects", "redis_live", "s3_endpoint", "shared_address", "valkey_live"]
