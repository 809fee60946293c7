"""Fixtures of the contract suites: each port on every adapter."""

from tests.contracts.live_stores import live, redis_live, valkey_live
from tests.contracts.objects_stores import objects, s3_endpoint

__all__ = ["live", "objects", "redis_live", "s3_endpoint", "valkey_live"]
