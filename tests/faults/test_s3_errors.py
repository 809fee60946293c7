"""An S3 that is missing, unreachable or forgetful says so in one line."""

from __future__ import annotations

import socket

import pytest
from botocore.stub import Stubber

from core.adapters.s3 import S3Objects
from core.domain.errors import NotFound, Unavailable
from tests.contracts.objects_stores import CREDENTIALS, moto_endpoint


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


def test_an_unreachable_endpoint_is_named_in_one_line() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(Unavailable, match=f"bucket clips at {endpoint}") as caught:
            S3Objects("clips", endpoint).ping()
    assert "\n" not in caught.value.detail


def test_a_missing_bucket_is_named_with_its_endpoint() -> None:
    with moto_endpoint() as endpoint:
        store = S3Objects("not-there", endpoint)
        with pytest.raises(Unavailable, match=f"bucket not-there at {endpoint}"):
            store.ping()
        with pytest.raises(Unavailable, match="not-there"):
            store.read("posts/1/clip.mp4")


def test_an_upload_that_s3_has_forgotten_is_not_found() -> None:
    store = S3Objects("clips", "http://127.0.0.1:1")
    one_part = {"Parts": [{"PartNumber": 1, "ETag": '"a"', "Size": 2}], "IsTruncated": False}
    with Stubber(store._client) as stub:
        stub.add_client_error("upload_part", "NoSuchUpload", http_status_code=404)
        with pytest.raises(NotFound, match="there is no upload gone to uploads/1"):
            store.write_part("uploads/1", "gone", 1, iter([b"ab"]), 2)
        stub.add_client_error("list_parts", "NoSuchUpload", http_status_code=404)
        with pytest.raises(NotFound, match="there is no upload gone to uploads/1"):
            store.parts("uploads/1", "gone")
        stub.add_response("list_parts", one_part)
        stub.add_client_error("complete_multipart_upload", "NoSuchUpload", http_status_code=404)
        with pytest.raises(NotFound, match="there is no upload gone to uploads/1"):
            store.complete_parts("uploads/1", "gone", 1)


def test_objects_that_stay_when_deleted_are_an_error() -> None:
    store = S3Objects("clips", "http://127.0.0.1:1")
    with Stubber(store._client) as stub:
        stub.add_response("list_objects_v2", {"Contents": [{"Key": "p/1"}], "IsTruncated": False})
        stub.add_response(
            "delete_objects", {"Errors": [{"Key": "p/1", "Code": "AccessDenied", "Message": "Access Denied"}]}
        )
        with pytest.raises(Unavailable, match="1 objects were not deleted: Access Denied"):
            store.delete_prefix("p/")
