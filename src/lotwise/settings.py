"""Settings of the machine, not of a household (those are profiles): read once, at the top, from `LOTWISE_*`."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["Settings"]


class Settings(BaseSettings):
    """One typed table: name, default, unit, help. An environment variable LOTWISE_<NAME> overrides a default."""

    model_config = SettingsConfigDict(env_prefix="LOTWISE_", extra="ignore")

    threads: int = Field(default=0, ge=0, le=1024, description="Solver threads; 0 = one per core.")
    csv: bool = Field(default=True, description="Write CSV files beside Parquet.")
    parquet: bool = Field(default=True, description="Write Parquet files.")
