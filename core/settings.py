"""Settings: read once from the environment, checked at start, never changed."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


class SettingsError(Exception):
    """A setting is wrong; the message names it and says what it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where Feedroom keeps things and how it is reached. None means the embedded default."""

    data: Path
    port: int = 8501
    secret: str
    mongo_uri: str | None = None
    redis_url: str | None = None
    s3_bucket: str | None = None
    s3_endpoint: str | None = None
    demo: bool = True
    secure_cookies: bool = False
    allowed_hosts: tuple[str, ...] = LOCAL_HOSTS
    trace_share: float = 0.01
    reports_to_review: float = 3
    reports_to_hold: float = 10
    click_days: float = 7
    view_days: float = 1
    app_link: str = "shop://posts/{post}?share={share}"

    @staticmethod
    def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
        """Read `FEEDROOM_*`; `FEEDROOM_TEST_*` is left to tests. Raises SettingsError for an unknown name or a wrong value."""
        known = {f"FEEDROOM_{name}" for name in _NAMES}
        for name in environment:
            if name.startswith("FEEDROOM_") and not name.startswith("FEEDROOM_TEST_") and name not in known:
                raise SettingsError(f"{name} is not a setting; known are {', '.join(sorted(known))}")

        def read(name: str) -> str | None:
            return environment.get(f"FEEDROOM_{name}", "").strip() or None

        data = Path(read("DATA") or ".feedroom").expanduser().resolve()
        if data.exists() and not data.is_dir():
            raise SettingsError(f"FEEDROOM_DATA={data} is not a folder")
        if (read("S3_ENDPOINT") is not None) and read("S3_BUCKET") is None:
            raise SettingsError("FEEDROOM_S3_ENDPOINT is set but FEEDROOM_S3_BUCKET is not; name the bucket too")
        hosts = tuple(host.strip() for host in (read("ALLOWED_HOSTS") or "").split(",") if host.strip())
        return Settings(
            data=data,
            port=_port(read("PORT") or "8501"),
            secret=_secret(read("SECRET"), data),
            mongo_uri=_address("MONGO_URI", read("MONGO_URI"), ("mongodb", "mongodb+srv")),
            redis_url=_address("REDIS_URL", read("REDIS_URL"), ("redis", "rediss", "unix")),
            s3_bucket=_bucket(read("S3_BUCKET")),
            s3_endpoint=_address("S3_ENDPOINT", read("S3_ENDPOINT"), ("http", "https")),
            demo=_flag("DEMO", read("DEMO"), default=True),
            secure_cookies=_flag("SECURE_COOKIES", read("SECURE_COOKIES"), default=False),
            allowed_hosts=hosts or LOCAL_HOSTS,
            trace_share=_share("TRACE_SHARE", read("TRACE_SHARE") or "0.01"),
            reports_to_review=_amount("REPORTS_TO_REVIEW", read("REPORTS_TO_REVIEW") or "3"),
            reports_to_hold=_amount("REPORTS_TO_HOLD", read("REPORTS_TO_HOLD") or "10"),
            click_days=_amount("CLICK_DAYS", read("CLICK_DAYS") or "7"),
            view_days=_amount("VIEW_DAYS", read("VIEW_DAYS") or "1"),
            app_link=_link("APP_LINK", read("APP_LINK") or "shop://posts/{post}?share={share}"),
        )


_NAMES = (
    "DATA", "PORT", "SECRET", "MONGO_URI", "REDIS_URL", "S3_BUCKET", "S3_ENDPOINT", "DEMO", "SECURE_COOKIES", "ALLOWED_HOSTS",
    "TRACE_SHARE", "REPORTS_TO_REVIEW", "REPORTS_TO_HOLD", "CLICK_DAYS", "VIEW_DAYS", "APP_LINK",
)  # fmt: skip


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65_535:
        raise SettingsError(f"FEEDROOM_PORT={text} is not a port; it takes a number from 1 to 65535")
    return int(text)


def _share(name: str, text: str) -> float:
    if not re.fullmatch(r"[01]|[01]?\.[0-9]{1,9}", text) or float(text) > 1:
        raise SettingsError(f"FEEDROOM_{name}={text} is not a share; it takes a number from 0 to 1, for example 0.01")
    return float(text)


def _amount(name: str, text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", text) or not 0 < float(text) <= 365:
        raise SettingsError(f"FEEDROOM_{name}={text} is not an amount; it takes a number above 0, at most 365")
    return float(text)


def _link(name: str, text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9+.-]*://\S+", text) or not {"{post}", "{share}"} >= set(
        re.findall(r"\{.*?\}", text)
    ):
        raise SettingsError(
            f"FEEDROOM_{name}={text} is not a link; it takes an address, in which {{post}} and {{share}} may stand"
        )
    return text


def _flag(name: str, text: str | None, *, default: bool) -> bool:
    if text is None:
        return default
    if text.lower() not in ("0", "1", "true", "false", "yes", "no"):
        raise SettingsError(f"FEEDROOM_{name}={text} is neither yes nor no; it takes 1 or 0")
    return text.lower() in ("1", "true", "yes")


def _address(name: str, text: str | None, schemes: tuple[str, ...]) -> str | None:
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        port_is_wrong = not text.startswith("mongodb") and parts.port == 0  # a Mongo address may name several hosts
    except ValueError:
        port_is_wrong = True
    if port_is_wrong or parts.scheme not in schemes or not (parts.netloc or parts.path):
        shown = re.sub(r"//.*@", "//…@", text)
        raise SettingsError(
            f"FEEDROOM_{name}={shown} is not an address; it starts with {' or '.join(s + '://' for s in schemes)}"
        )
    return text


def _bucket(text: str | None) -> str | None:
    if text is not None and not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", text):
        raise SettingsError(
            f"FEEDROOM_S3_BUCKET={text} is not a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens"
        )
    return text


def _secret(text: str | None, data: Path) -> str:
    """The signing secret: from the environment, else made once and kept in the data folder (readable by its owner only)."""
    if text is not None:
        if len(text) < 32:
            raise SettingsError(f"FEEDROOM_SECRET has {len(text)} characters; it takes at least 32")
        return text
    path = data / "secret"
    try:
        if not path.exists():
            data.mkdir(parents=True, exist_ok=True)
            _make_secret(path)
        kept = path.read_text().strip()
    except OSError as error:
        raise SettingsError(f"FEEDROOM_DATA={data} cannot be used: {error.strerror}: {error.filename}") from None
    if len(kept) < 32:
        raise SettingsError(f"{path} holds no usable secret; delete the file or set FEEDROOM_SECRET")
    return kept


def _make_secret(path: Path) -> None:
    """Make the file whole or not at all, once, even if several processes start together."""
    temporary = path.with_name(f"secret-{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    except FileExistsError:
        return
    finally:
        temporary.unlink(missing_ok=True)
