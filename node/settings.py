"""Every setting of a node: `leerkring.toml` in the home, overridden by LEERKRING_* variables."""

import json
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Literal

from pydantic import Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

CONFIG_NAME = "leerkring.toml"


class Settings(BaseSettings):
    """One node's settings. `load` reads them for a home."""

    model_config = SettingsConfigDict(env_prefix="LEERKRING_", extra="forbid")

    home: Path = Field(description="Folder with the database, media and leerkring.toml.")
    local: bool = Field(False, description="A trial on this computer: plain http, loopback only.")
    port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    listen: str = Field("127.0.0.1", description="Address to listen on; with local always 127.0.0.1.")
    database: str = Field("", description="Database URL; empty means SQLite in the home.")
    trusted_proxies: list[IPv4Network | IPv6Network] = Field(
        default_factory=list, description="Networks whose X-Forwarded-For is believed."
    )
    app_rate: int = Field(
        7500, ge=10, description="How often one app may ask for one member in five minutes."
    )
    language: Literal["nl", "en"] = Field("nl", description="Language of pages for readers without a choice.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then the home's file."""
        home = Path(init_settings().get("home", "."))
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, home / CONFIG_NAME)

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.home / 'leerkring.sqlite3'}"

    @property
    def media_folder(self) -> Path:
        return self.home / "media"

    @property
    def scheme(self) -> str:
        return "http" if self.local else "https"


def load(home: Path, **overrides: Any) -> Settings:
    """Settings of `home`; raises pydantic.ValidationError with the field named."""
    return Settings(home=home.resolve(), **overrides)


def write_config(home: Path, **values: bool | int | str) -> None:
    """Set lines in the home's leerkring.toml and keep the others; written whole or not at all."""
    path = home / CONFIG_NAME
    kept = path.read_text("utf-8").splitlines() if path.exists() else []
    lines = [line for line in kept if line.split("=")[0].strip() not in values]
    lines += [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    draft = path.with_suffix(".new")
    draft.write_text("\n".join(lines) + "\n", "utf-8")
    draft.replace(path)
