"""Options that say the ordinary rule which taxes saved are measured against."""

from __future__ import annotations

from typing import Annotated

import typer

from lotwise.savings.shadow_rule import Order, Schedule

__all__ = ["Band", "Month", "Often", "Relief"]

Often = Annotated[Schedule, typer.Option(help="How often the ordinary rule rebalances.")]
Month = Annotated[int, typer.Option(min=1, max=12, help="Month at whose end a yearly one does.")]
Band = Annotated[float, typer.Option(min=0, max=1, help="Part of its target within which a name stays.")]
Relief = Annotated[Order, typer.Option(help="Which lots it sells first.")]
