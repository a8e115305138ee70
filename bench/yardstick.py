"""`lotwise.bench.yardstick` at the address where scripts of this folder, and others, look for it."""

from __future__ import annotations

from lotwise.bench.yardstick import Yardstick

__all__ = ["Yardstick"]
