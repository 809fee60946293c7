"""`compose.yaml`: only this machine reaches the servers, each says when it is ready, and the addresses it names are settings."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.settings import Settings

FILE = Path(__file__).parents[1] / "compose.yaml"


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    return dict(yaml.safe_load(FILE.read_text())["services"])


def test_only_this_machine_reaches_the_servers(services: dict[str, dict[str, Any]]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert len(ports) == 3
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_server_has_a_health_check_and_a_pinned_image(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert service["healthcheck"]["test"], name
        assert re.search(r":\d+\.\d+", service["image"]), name


def test_the_variables_it_tells_to_set_are_valid_settings(services: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    named = dict(re.findall(r"(FEEDROOM_\w+)='?([^\s']+)", FILE.read_text()))
    settings = Settings.from_environment({**named, "FEEDROOM_DATA": str(tmp_path)})
    assert settings.mongo_uri is not None
    assert settings.redis_url is not None
    for address, port in ((settings.mongo_uri, 27017), (settings.redis_url, 6379), (settings.s3_endpoint, 8333)):
        assert f"127.0.0.1:{port}" in str(address)
        assert any(f"127.0.0.1:{port}:{port}" in service.get("ports", ()) for service in services.values())


def test_the_keys_it_names_are_those_of_the_object_store() -> None:
    text = FILE.read_text()
    identity = json.loads(yaml.safe_load(text)["configs"]["s3_identities"]["content"])["identities"][0]
    keys = dict(re.findall(r"(AWS_\w+_KEY\w*)=(\S+)", text))
    assert list(keys.values()) == list(identity["credentials"][0].values())
