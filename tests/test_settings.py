"""A wrong setting names itself and says what it takes; nothing starts with a guess."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.settings import Settings, SettingsError


def read(tmp_path: Path, **values: str) -> Settings:
    return Settings.from_environment(
        {"FEEDROOM_DATA": str(tmp_path / "data"), **{f"FEEDROOM_{name}": value for name, value in values.items()}}
    )


def test_without_any_setting_everything_is_embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_environment({"PATH": "/bin"})
    assert settings.data == tmp_path / ".feedroom"
    assert (settings.mongo_uri, settings.redis_url, settings.s3_bucket) == (None, None, None)
    assert (settings.port, settings.demo, settings.secure_cookies) == (8501, True, False)


def test_every_setting_is_read(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        REPORTS_TO_REVIEW="2", REPORTS_TO_HOLD="5.5", CLICK_DAYS="14", VIEW_DAYS="0.5", APP_LINK="https://a.example/{post}",
        PORT="9000", SECRET="s" * 32, MONGO_URI="mongodb://one:1,two:2/feedroom", REDIS_URL="rediss://:word@cache:6380/1",
        S3_BUCKET="clips", S3_ENDPOINT="http://127.0.0.1:9", DEMO="no", SECURE_COOKIES="1", ALLOWED_HOSTS="a.example, b.example",
    )  # fmt: skip
    assert settings == Settings(
        data=tmp_path / "data", port=9000, secret="s" * 32, mongo_uri="mongodb://one:1,two:2/feedroom",
        redis_url="rediss://:word@cache:6380/1", s3_bucket="clips", s3_endpoint="http://127.0.0.1:9", demo=False,
        secure_cookies=True, allowed_hosts=("a.example", "b.example"), reports_to_review=2, reports_to_hold=5.5, click_days=14,
        view_days=0.5, app_link="https://a.example/{post}",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"), ("PORT", "0"), ("PORT", "65536"), ("PORT", "-1"), ("PORT", "²"), ("PORT", "8501.0"),
        ("CLICK_DAYS", "0"), ("VIEW_DAYS", "-1"), ("REPORTS_TO_HOLD", "many"), ("APP_LINK", "no address"),
        ("APP_LINK", "https://a.example/{viewer}"), ("SECRET", "too short"), ("DEMO", "maybe"), ("SECURE_COOKIES", "on"),
        ("MONGO_URI", "localhost:27017"), ("MONGO_URI", "mysql://localhost"), ("REDIS_URL", "redis:"),
        ("REDIS_URL", "http://cache"), ("REDIS_URL", "redis://cache:port"), ("REDIS_URL", "redis://cache:99999"),
        ("TRACE_SHARE", "2"), ("TRACE_SHARE", "-0.1"), ("TRACE_SHARE", "1e-2"), ("TRACE_SHARE", "some"),
        ("S3_BUCKET", "No_Capitals"), ("S3_BUCKET", "ab"), ("S3_ENDPOINT", "http://127.0.0.1:9"), ("RESDIS_URL", "redis://x"),
    ],
)  # fmt: skip
def test_a_wrong_setting_names_itself(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"FEEDROOM_{name}") as caught:
        read(tmp_path, **{name: value})
    assert "\n" not in str(caught.value)


def test_the_share_of_pages_kept_for_replay_is_one_in_a_hundred_unless_told(tmp_path: Path) -> None:
    assert read(tmp_path).trace_share == 0.01
    assert [read(tmp_path, TRACE_SHARE=text).trace_share for text in ("0", "1", ".5", "1.0", "0.001")] == [
        0,
        1,
        0.5,
        1,
        0.001,
    ]


def test_an_endpoint_that_is_no_address_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="FEEDROOM_S3_ENDPOINT=minio:9000"):
        read(tmp_path, S3_BUCKET="clips", S3_ENDPOINT="minio:9000")


@pytest.mark.parametrize(
    "address", ["redis://me:hunter2@cache:port", "mysql://me:hunter2@db", "redis://me:hun@ter2@cache:0"]
)
def test_an_error_never_shows_a_password(tmp_path: Path, address: str) -> None:
    with pytest.raises(SettingsError, match="FEEDROOM_REDIS_URL") as caught:
        read(tmp_path, REDIS_URL=address)
    assert "hunter2" not in str(caught.value)
    assert "ter2" not in str(caught.value)


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(SettingsError, match=r"FEEDROOM_DATA=.* is not a folder"):
        read(tmp_path)


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to("/proc/feedroom-cannot-be-here")
    with pytest.raises(SettingsError, match="FEEDROOM_DATA=/proc/feedroom-cannot-be-here cannot be used"):
        read(tmp_path)


def test_the_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first, second = read(tmp_path), read(tmp_path)
    assert first.secret == second.secret
    assert len(first.secret) >= 32
    assert [path.name for path in first.data.iterdir()] == ["secret"]
    assert (first.data / "secret").stat().st_mode & 0o777 == 0o600


def test_an_empty_secret_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret").write_text("\n")
    with pytest.raises(SettingsError, match="holds no usable secret"):
        read(tmp_path)
