"""Running experiments: on which market, with progress and checkpoints; what is kept of them, and the report of all."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from lotwise import __version__
from lotwise.errors import FolderError
from lotwise.interchange.atomic import write_whole
from lotwise.lab.cohorts.clients import Cohort
from lotwise.lab.cohorts.recording import Lived, write_lived
from lotwise.lab.cohorts.replay import LiveSettings, live, rows_to_live
from lotwise.lab.cohorts.risk import RiskThen
from lotwise.lab.experiments.markets import market_in_words
from lotwise.lab.experiments.protocol import Experiment, Finding, Setting, Size, Verdict
from lotwise.lab.market_panel import YEAR_ROWS, MarketPanel
from lotwise.reports.amounts import with_minus
from lotwise.reports.documents.pdf import Press
from lotwise.reports.documents.theme import Theme
from lotwise.reports.lab_document import lab_document
from lotwise.reports.lab_page import ExperimentPage, lab_page

__all__ = ["Asked", "Ran", "run_experiment", "write_report"]

_RESULT = "result.json"
REPORT = "report.html"
_DISCLOSURE = "Simulated and past markets say nothing certain of the next. Lotwise is software and gives no tax advice."
# Months between two estimates of risk: one takes seconds.
_RISK_MONTHS = {Size.QUICK: 3, Size.FULL: 1}

# Told when a phase begins that has so many steps, and of steps that are done.
OnPhase = Callable[[str, int], None]
OnDone = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run is asked for: on which market, how much, and where its results go."""

    out: Path
    size: Size = Size.QUICK
    market: Path | None = None
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Ran:
    """An experiment that was run."""

    experiment: Experiment
    finding: Finding
    folder: Path
    seconds: float
    account_years: float


def run_experiment(
    experiment: Experiment,
    asked: Asked,
    panel: MarketPanel,
    on_phase: OnPhase = lambda _name, _total: None,
    on_done: OnDone = lambda _done: None,
) -> Ran:
    """Run an experiment on a market and write what came out into OUT/NAME.

    What was interrupted goes on where it was, if everything is the same.
    """
    folder, begun, lived_years = asked.out / experiment.name, time.perf_counter(), [0.0]

    def risk() -> RiskThen:
        return RiskThen(_RISK_MONTHS[asked.size], folder=asked.out / "risk")

    def watch(name: str, total: int) -> OnDone:
        on_phase(f"{experiment.name}: {name}", total)
        return on_done

    def live_one(name: str, cohort: Cohort, *, last: int | None = None, keeps_lines: bool = False) -> Lived:
        settings = LiveSettings(last=last, keeps_lines=keeps_lines, checkpoints=folder / "checkpoints")
        told = watch(name, rows_to_live(cohort, panel, settings))
        lived = live(cohort, panel, risk(), settings, told)
        lived_years[0] += float(lived.alive.sum()) / YEAR_ROWS
        return lived

    finding = experiment.run(Setting(panel, asked.size, asked.seed, live_one, risk, watch))
    seconds = time.perf_counter() - begun
    ran = Ran(experiment, finding, folder, seconds, lived_years[0])
    _write(ran, asked, panel)
    return ran


def _write(ran: Ran, asked: Asked, panel: MarketPanel) -> None:
    for life in ran.finding.lives:
        names = tuple(policy.name for policy in life.cohort.policies)
        write_lived(life.lived, ran.folder / life.name, names)
    if ran.finding.rows:
        ran.folder.mkdir(parents=True, exist_ok=True)
    for rows in ran.finding.rows:
        rows.frame.write_parquet(ran.folder / f"{rows.name}.parquet")
    finding, experiment = ran.finding, ran.experiment
    said = {
        "experiment": experiment.name,
        "version": __version__,
        "market": market_in_words(panel),
        "as_of": panel.as_of.isoformat(),
        "size": asked.size.value,
        "seed": asked.seed,
        "verdict": finding.verdict.value,
        "because": finding.because,
        "settings": finding.settings,
        "tables": [table._asdict() for table in finding.tables],
        "pictures": [picture._asdict() for picture in finding.pictures],
        "figures": {name: round(value, 6) for name, value in finding.figures.items() if math.isfinite(value)},
    }
    write_whole(ran.folder / _RESULT, json.dumps(said, indent=1, ensure_ascii=False) + "\n")


def write_report(out: Path, experiments: Iterable[Experiment], *, pdf: bool = False) -> Path:
    """Write one page of all experiments that were run into this folder, and as PDF, too, where that is asked for.

    Raises FolderError where none was run, PressError where there is no typst for a PDF.
    """
    pages, days = [], []
    for experiment in experiments:
        path = out / experiment.name / _RESULT
        if not path.is_file():
            continue
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            verdict = Verdict(said["verdict"])
            pages.append(_page_of(experiment, said, verdict))
            days.append(date.fromisoformat(said["as_of"]))
        except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
            why = f"{path}: must be a result of `lotwise lab run`, cannot be read ({error}); run it again"
            raise FolderError(why) from error
    if not pages:
        raise FolderError(
            f"{out}: must hold results of `lotwise lab run`, has none; run an experiment with --out {out}"
        )
    path = out / REPORT
    if pdf:
        press = Press(Theme(name="Lotwise", disclosures=(_DISCLOSURE,)))
        write_whole(path.with_suffix(".pdf"), press.pdf(lab_document(pages, max(days))))
    write_whole(path, lab_page(pages))
    return path


def _page_of(experiment: Experiment, said: dict[str, Any], verdict: Verdict) -> ExperimentPage:
    return ExperimentPage(
        name=experiment.name,
        title=experiment.title,
        claim=experiment.claim,
        source=experiment.source,
        rule=experiment.rule,
        definitions=experiment.definitions,
        verdict=verdict.value,
        because=said["because"],
        market=said["market"],
        size=said["size"],
        seed=int(said["seed"]),
        version=said["version"],
        settings=tuple((name, value) for name, value in said["settings"]),
        tables=tuple(_as_printed(table) for table in said["tables"]),
        pictures=tuple(said["pictures"]),
    )


def _as_printed(table: dict[str, Any]) -> dict[str, Any]:
    return table | {"rows": [[with_minus(cell) for cell in row] for row in table["rows"]]}
