"""Settings of the machine, not of a household (those are profiles): read once, at the top, from `LOTWISE_*`."""

from __future__ import annotations

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from lotwise.errors import SettingsError

__all__ = ["Settings", "read_settings"]


class Settings(BaseSettings):
    """One typed table: name, default, unit, help. An environment variable LOTWISE_<NAME> overrides a default."""

    model_config = SettingsConfigDict(env_prefix="LOTWISE_", extra="ignore")

    threads: int = Field(default=0, ge=0, le=1024, description="Solver threads; 0 = one per core.")
    csv: bool = Field(default=True, description="Write CSV files beside Parquet.")
    parquet: bool = Field(default=True, description="Write Parquet files.")


def read_settings() -> Settings:
    """Read the settings from the environment.

    Raises SettingsError that names each variable, what it must be and what it was.
    """
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(
            f"LOTWISE_{'_'.join(str(part) for part in one['loc']).upper()}: {one['msg'].lower()}, was {one['input']!r}"
            for one in error.errors()
        )
        raise SettingsError(f"a setting cannot be used: {wrong}") from error
