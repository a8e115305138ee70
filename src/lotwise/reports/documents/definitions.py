"""What every figure of a client document means: `definitions.toml` beside this file, read once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["DEFINITIONS", "Definition", "definitions_reference"]


class Definition(NamedTuple):
    """How a figure is called, and what it is."""

    term: str
    text: str


def _read() -> Mapping[str, Definition]:
    text = (resources.files("lotwise.reports.documents") / "definitions.toml").read_text("utf-8")
    found = tomllib.loads(text)
    return MappingProxyType({key: Definition(one["term"], " ".join(one["text"].split())) for key, one in found.items()})


DEFINITIONS = _read()


def definitions_reference() -> str:
    """Every definition as a Markdown table."""
    lines = ["| figure | what it is |", "|---|---|", *(f"| {one.term} | {one.text} |" for one in DEFINITIONS.values())]
    return "\n".join(lines) + "\n"
