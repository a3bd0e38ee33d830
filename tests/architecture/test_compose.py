"""What can be held about docker/compose.yaml without an engine: whether it runs is not tested here."""

import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import make_url

from node.settings import Settings

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
TEXT = (DOCKER / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
LASTING = sorted(name for name, service in SERVICES.items() if service["restart"] == "unless-stopped")
KNOWN = {
    *("image", "build", "user", "environment", "volumes", "networks", "healthcheck", "depends_on", "ports"),
    *("cap_drop", "cap_add", "security_opt", "restart", "stop_grace_period", "read_only", "tmpfs", "sysctls"),
    *("entrypoint", "network_mode"),
}


def dockerfile() -> dict[str, str]:
    return dict(re.findall(r"(LEERKRING_\w+|USER)[= ](\S+)", (DOCKER / "Dockerfile").read_text()))


def test_it_is_the_three_of_them_in_words_of_the_specification() -> None:
    assert LASTING == ["caddy", "database", "node"]
    assert set(COMPOSE) == {"name", "services", "networks", "volumes"}
    for name, service in SERVICES.items():
        assert set(service) <= KNOWN, name


@pytest.mark.parametrize("name", LASTING)
def test_a_service_runs_as_an_ordinary_user_and_can_become_no_other(name: str) -> None:
    service = SERVICES[name]
    assert service["user"] not in ("root", "0", "0:0")
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "healthcheck" in service or "HEALTHCHECK" in (DOCKER / "Dockerfile").read_text()


def test_images_are_pinned_to_a_release() -> None:
    for name, service in SERVICES.items():
        assert name == "node" or re.fullmatch(r"[a-z]+:\d+\.\d+(\.\d+)?-alpine", service["image"]), name
    assert SERVICES["node"]["build"] == {"context": "..", "dockerfile": "docker/Dockerfile"}
    assert SERVICES["node"]["user"] == dockerfile()["USER"]


def test_every_variable_is_asked_for_and_no_secret_has_a_default() -> None:
    offered = dict(re.findall(r"^(\w+)=(.*)$", (DOCKER / "example.env").read_text(), re.MULTILINE))
    used = dict(re.findall(r"\$\{(\w+)(:[-?][^}]*)?\}", TEXT))
    assert set(used) == set(offered)
    for name in ("DOMAIN", "POSTGRES_PASSWORD"):
        assert offered[name] == ""
        assert used[name].startswith(":?")
    assert "docker/.env" in (ROOT / ".gitignore").read_text().splitlines()


def test_every_setting_of_the_node_exists(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = {**SERVICES["node"]["environment"], "LEERKRING_LANGUAGE": "nl"}
    for name, value in given.items():
        assert name.removeprefix("LEERKRING_").lower() in Settings.model_fields
        monkeypatch.setenv(name, str(value))
    settings = Settings(home=tmp_path)
    url = make_url(re.sub(r"\$\{[^}]*\}", "x", settings.database_url))
    assert (url.host, url.get_dialect().driver) == ("database", "psycopg")
    [trusted] = settings.trusted_proxies
    address = SERVICES["caddy"]["networks"]["front"]["ipv4_address"]
    assert trusted == ip_network(f"{address}/32")
    assert ip_address(address) in ip_network(COMPOSE["networks"]["front"]["ipam"]["config"][0]["subnet"])


def test_caddy_and_the_node_meet_on_one_network_only_and_the_database_meets_the_node_alone() -> None:
    nets = {name: set(SERVICES[name]["networks"]) for name in LASTING}
    assert nets["caddy"] & nets["node"] == {"front"}
    assert nets["node"] & nets["database"] == {"back"}
    assert nets["caddy"] & nets["database"] == set()
    assert all(COMPOSE["networks"][name]["internal"] for name in ("front", "back"))
    assert [name for name in SERVICES if "ports" in SERVICES[name]] == ["caddy"]


def test_caddy_hands_on_to_the_port_that_the_node_listens_on() -> None:
    text = (DOCKER / "Caddyfile").read_text()
    assert re.findall(r"reverse_proxy (\S+)", text) == [f"node:{dockerfile()['LEERKRING_PORT']}"]
    assert "{$DOMAIN}" in text
    assert "DOMAIN" in SERVICES["caddy"]["environment"]


def test_what_is_named_is_there() -> None:
    for service in SERVICES.values():
        for mount in service["volumes"]:
            source = mount.split(":")[0]
            assert source in COMPOSE["volumes"] or (DOCKER / source).exists() or source == "./backups"
        assert set(service.get("depends_on", {})) <= set(SERVICES)
        assert set(service.get("networks", {})) <= set(COMPOSE["networks"])
    assert f"{SERVICES['node']['volumes'][0]}".endswith(dockerfile()["LEERKRING_HOME"])


def test_readme_says_how_to_begin_and_how_to_make_backups() -> None:
    text = (ROOT / "README.md").read_text()
    for words in ("docker compose up -d", "example.env", "openssl rand", "leerkring backup /backups"):
        assert words in text
