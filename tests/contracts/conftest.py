"""Fixtures of the contract suites: each port on every adapter."""

from tests.contracts.objects_stores import objects, s3_endpoint

__all__ = ["objects", "s3_endpoint"]
