"""Object stores for the contract suite: each starts what it needs and takes it away again."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest

from core.adapters.folder import FolderObjects
from core.adapters.s3 import S3Objects
from core.domain.ports.objects import Objects
from tests.fakes.objects import MemoryObjects

_numbers = itertools.count(1)
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@contextmanager
def moto_endpoint() -> Iterator[str]:
    """An S3 over HTTP on a free port of this machine."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def bucket_of(endpoint: str) -> S3Objects:
    """A store on a fresh bucket."""
    import boto3

    name = f"feedroom-{next(_numbers)}"
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=name)
    return S3Objects(name, endpoint)


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    with patch.dict(os.environ, CREDENTIALS), moto_endpoint() as endpoint:
        yield endpoint


@pytest.fixture(params=["memory", "folder", "s3"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    match request.param:
        case "memory":
            return MemoryObjects()
        case "folder":
            return FolderObjects(tmp_path / "media")
        case _:
            return bucket_of(request.getfixturevalue("s3_endpoint"))
