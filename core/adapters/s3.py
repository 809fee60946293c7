"""Media objects in an S3 bucket (or one of its look-alikes), uploaded in real multipart uploads."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.adapters.spool import spool
from core.domain.errors import InvalidInput, NotFound, Unavailable
from core.domain.ports.objects import CHUNK, ObjectInfo, check_complete, check_key, check_part, check_prefix

_ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})
_NO_UPLOAD = frozenset({"NoSuchUpload"})
_BEYOND_END = frozenset({"InvalidRange", "416"})


class S3Objects:
    """`Objects` of `core.domain.ports.objects` on one bucket. Credentials come from where AWS tools look for them."""

    def __init__(self, bucket: str, endpoint: str | None = None) -> None:
        import boto3
        import boto3.exceptions
        import botocore.exceptions
        from botocore.config import Config

        self._bucket = bucket
        self._where = f"bucket {bucket} at {endpoint or 'Amazon S3'}"
        self._client_error = botocore.exceptions.ClientError
        self._failures = (self._client_error, botocore.exceptions.BotoCoreError, boto3.exceptions.Boto3Error)
        config = Config(connect_timeout=3, read_timeout=30, retries={"mode": "standard", "max_attempts": 3})
        if endpoint:  # look-alikes know neither buckets as host names nor the newer checksums
            config = config.merge(Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"))
        with self._errors():
            self._client: Any = boto3.client("s3", endpoint_url=endpoint, config=config)

    def put_file(self, key: str, path: Path, content_type: str) -> None:
        check_key(key)
        with self._errors():
            self._client.upload_file(str(path), self._bucket, key, ExtraArgs={"ContentType": content_type})

    def put_bytes(self, key: str, data: bytes, content_type: str) -> None:
        check_key(key)
        with self._errors():
            self._client.put_object(Bucket=self._bucket, Key=key, Body=data, ContentType=content_type)

    def stat(self, key: str) -> ObjectInfo | None:
        check_key(key)
        try:
            with self._errors(absent=f"there is no object {key}"):
                head = self._client.head_object(Bucket=self._bucket, Key=key)
        except NotFound:
            return None
        return ObjectInfo(head["ContentLength"], head.get("ContentType", ""), head["ETag"].strip('"'))

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        check_key(key)
        whole = start == 0 and end is None
        span = {} if whole else {"Range": f"bytes={start}-{'' if end is None else end}"}
        try:
            with self._errors(absent=f"there is no object {key}"):
                body = self._client.get_object(Bucket=self._bucket, Key=key, **span)["Body"]
        except _BeyondEnd:
            return iter(())
        return self._chunks(body)

    def fetch(self, key: str, path: Path) -> None:
        check_key(key)
        with self._errors(absent=f"there is no object {key}"):
            self._client.download_file(self._bucket, key, str(path))

    def folders(self, prefix: str) -> list[str]:
        check_prefix(prefix)
        with self._errors():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix, Delimiter="/"
            )
            return sorted(found["Prefix"] for page in pages for found in page.get("CommonPrefixes", ()))

    def list(self, prefix: str) -> list[str]:
        check_prefix(prefix)
        with self._errors():
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            return sorted(found["Key"] for page in pages for found in page.get("Contents", ()))

    def delete_prefix(self, prefix: str) -> int:
        if not prefix:
            raise InvalidInput("prefix", prefix, "an empty prefix would delete everything")
        keys = self.list(prefix)
        for at in range(0, len(keys), 1_000):  # as many as one request takes
            batch = [{"Key": key} for key in keys[at : at + 1_000]]
            with self._errors():
                answer = self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": batch, "Quiet": True})
            if failed := answer.get("Errors"):
                raise Unavailable(f"{self._where}: {len(failed)} objects were not deleted: {failed[0].get('Message')}")
        return len(keys)

    def begin_parts(self, key: str, content_type: str) -> str:
        check_key(key)
        with self._errors():
            answer = self._client.create_multipart_upload(Bucket=self._bucket, Key=key, ContentType=content_type)
        return str(answer["UploadId"])

    def write_part(self, key: str, handle: str, number: int, data: Iterable[bytes], length: int) -> None:
        check_key(key)
        check_part(number, length)
        # Signing and repeating a request both need to read the part twice: a file in the temporary folder, not memory.
        with tempfile.TemporaryFile() as file:
            spool(file, number, data, length)
            file.seek(0)
            with self._errors(no_upload=f"there is no upload {handle} to {key}"):
                self._client.upload_part(
                    Bucket=self._bucket, Key=key, UploadId=handle, PartNumber=number, Body=file, ContentLength=length
                )

    def parts(self, key: str, handle: str) -> dict[int, int]:
        return {number: part["Size"] for number, part in self._parts(key, handle).items()}

    def complete_parts(self, key: str, handle: str, count: int) -> ObjectInfo:
        held = self._parts(key, handle)
        check_complete({number: part["Size"] for number, part in held.items()}, count)
        chosen = [{"PartNumber": number, "ETag": held[number]["ETag"]} for number in range(1, count + 1)]
        with self._errors(no_upload=f"there is no upload {handle} to {key}"):
            self._client.complete_multipart_upload(
                Bucket=self._bucket, Key=key, UploadId=handle, MultipartUpload={"Parts": chosen}
            )
        info = self.stat(key)
        if info is None:
            raise NotFound(f"object {key} was deleted while it was being completed")
        return info

    def abort_parts(self, key: str, handle: str) -> None:
        check_key(key)
        try:
            with self._errors(no_upload=f"there is no upload {handle} to {key}"):
                self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=handle)
        except NotFound:
            return

    def ping(self) -> None:
        with self._errors():
            self._client.head_bucket(Bucket=self._bucket)

    def _parts(self, key: str, handle: str) -> dict[int, dict[str, Any]]:
        check_key(key)
        with self._errors(no_upload=f"there is no upload {handle} to {key}"):
            pages = self._client.get_paginator("list_parts").paginate(Bucket=self._bucket, Key=key, UploadId=handle)
            return {part["PartNumber"]: part for page in pages for part in page.get("Parts", ())}

    def _chunks(self, body: Any) -> Iterator[bytes]:
        with self._errors(), body:
            yield from body.iter_chunks(CHUNK)

    @contextmanager
    def _errors(self, *, absent: str = "", no_upload: str = "") -> Iterator[None]:
        """Errors of botocore as ours: NotFound where the caller says what may be missing, else Unavailable in a line."""
        try:
            yield
        except self._failures as error:
            code = error.response["Error"]["Code"] if isinstance(error, self._client_error) else ""
            if absent and code in _ABSENT:
                raise NotFound(absent) from None
            if no_upload and code in _NO_UPLOAD:
                raise NotFound(no_upload) from None
            if code in _BEYOND_END:
                raise _BeyondEnd from None
            raise Unavailable(f"{self._where}: {' '.join(str(error).split())}") from error


class _BeyondEnd(Exception):
    """A range begins after the object's last byte."""
