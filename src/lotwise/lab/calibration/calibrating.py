"""The calibration of the default profile: every setting around its default, then the best of each together."""

from __future__ import annotations

from typing import NamedTuple

from lotwise.lab.calibration.choosing import RULE, Choice, choice_of, chosen_values, judged
from lotwise.lab.calibration.clients import KINDS, Half, cohort_in, halves
from lotwise.lab.calibration.tried import Knob, Tried, knobs, policy_of, tried_values
from lotwise.lab.calibration.worth import PRICE, Noise, Parts, gain_over, parts_of, worth_of
from lotwise.lab.cohorts.measures import growth_of_target
from lotwise.lab.cohorts.policies import Looks, Policy
from lotwise.lab.cohorts.targets import CapIndex
from lotwise.lab.experiments.protocol import Experiment, Finding, Life, Picture, Setting, Table, Verdict
from lotwise.lab.market_panel import Floats
from lotwise.reports.lab_pictures import Pair, paired_bars

__all__ = ["CALIBRATION", "YEARS"]

# Years that accounts can live, both halves together: of a quick run and of a full one.
YEARS = (6, 14)
_SMALL = 5.0  # basis points a year of the best of each together: below it a claim holds in part
_PRICES = (25.0, 100.0)  # other prices of tracking at which it is chosen again


class _Lived(NamedTuple):
    """A half that was lived: what every account came to."""

    half: Half
    parts: Parts

    @property
    def worth(self) -> Floats:
        """(kinds, starts, policies) where everything is sold."""
        return worth_of(self.parts)


class _Outcome(NamedTuple):
    """What both halves say of every setting."""

    settings: tuple[Knob, ...]
    tried: tuple[Tried, ...]
    lived: tuple[_Lived, _Lived]
    choices: tuple[list[Choice], list[Choice]]  # of each half


def _outcome(settings: tuple[Knob, ...], lived: tuple[_Lived, _Lived]) -> _Outcome:
    tried = tried_values(settings)
    first, second = ([choice_of(knob, tried, each.worth) for knob in range(len(settings))] for each in lived)
    return _Outcome(settings, tried, lived, (first, second))


def _gains(lived: _Lived, policy: int) -> tuple[Noise, Noise]:
    """What a policy is worth more than the default on a half: sold, stepped up."""
    return gain_over(lived.worth, policy), gain_over(worth_of(lived.parts, stepped_up=True), policy)


def _verdicts(outcome: _Outcome) -> list[tuple[bool, str]]:
    """Of each setting: whether it should be another, in words; chosen on the first half, judged on the second."""
    made = []
    for knob, choice in zip(outcome.settings, outcome.choices[0], strict=True):
        value = outcome.tried[choice.place].value if choice.place >= 0 else ""
        made.append(judged(knob, choice, value, _gains(outcome.lived[1], choice.place + 1)))
    return made


def _signed(bps: float) -> str:
    """Basis points with their sign; what rounds to nothing has none."""
    return "0.0" if abs(bps) < 0.05 else f"{bps:+.1f}".replace("-", "\N{MINUS SIGN}")


def _with_error(gain: Noise) -> str:
    return f"{_signed(gain.mean)} ± {gain.error:.1f}"


def _values_table(outcome: _Outcome) -> Table:
    """Every value on both halves."""
    rows: list[tuple[str, ...]] = []
    for place, each in enumerate(outcome.tried, start=1):
        knob = outcome.settings[each.knob]
        halves_of = [_gains(lived, place) for lived in outcome.lived]
        parts = outcome.lived[1].parts
        cost, tracking = ((part[:, :, place] - part[:, :, 0]).mean() for part in (parts.cost, parts.tracking))
        figures = [_with_error(gain) for gain in (halves_of[0][0], halves_of[1][0], halves_of[1][1])]
        rows.append((knob.name, knob.default, each.value, *figures, _signed(cost), _signed(tracking)))
    columns = (
        "setting", "default", "tried", "choosing half", "judging half", "stepped up there", "cost", "tracking",
    )  # fmt: skip
    note = (
        "Worth above the default in after-tax basis points a year, mean over clients and starts, ± one standard error "
        "over starts; cost and tracking error on the judging half, basis points above the default's."
    )
    return Table("What each value is worth", columns, tuple(rows), note)


def _settings_table(outcome: _Outcome, verdicts: list[tuple[bool, str]]) -> Table:
    """Every setting: what each half chooses, what it is worth on the other, and what to do."""
    rows: list[tuple[str, ...]] = []
    for number, knob in enumerate(outcome.settings):
        row = [knob.name, knob.default, verdicts[number][1]]
        for here in (0, 1):
            choice = outcome.choices[here][number]
            if choice.place < 0:
                row.append(f"{knob.default}, the default")
            else:
                there = _gains(outcome.lived[1 - here], choice.place + 1)[0]
                row.append(f"{outcome.tried[choice.place].value}: {_with_error(there)}")
        spread = outcome.choices[0][number]
        row.append(f"{spread.spread:.1f} / {spread.noise:.1f}")
        rows.append(tuple(row))
    columns = (
        "setting", "default", "verdict", "first half chooses: worth on the second",
        "second half chooses: worth on the first", "spread / noise",
    )  # fmt: skip
    note = (
        "After-tax basis points a year above the default, ± one standard error. Spread: the best less the worst value "
        "on the first half; noise: the largest standard error of its values."
    )
    return Table("What each half chooses, and what that is worth on the other", columns, tuple(rows), note)


def _together_table(together: tuple[_Lived, _Lived], names: tuple[str, ...]) -> Table:
    """The best of each together, by client and half."""
    rows: list[tuple[str, ...]] = []
    for policy in range(1, len(names)):
        for number, kind in enumerate(KINDS):
            row = [names[policy], kind.name]
            for lived in together:
                for stepped_up in (False, True):
                    worth = worth_of(lived.parts, stepped_up=stepped_up)[number]
                    row.append(_signed(float((worth[:, policy] - worth[:, 0]).mean())))
            rows.append(tuple(row))
    columns = ("together", "client", "first half", "stepped up", "second half", "stepped up")
    note = "Basis points a year above the default. Coordinate-wise: what settings do to each other is not searched."
    return Table("The best of each together", columns, tuple(rows), note)


def _prices_table(outcome: _Outcome) -> Table:
    """What the first half would choose, were tracking dearer or cheaper."""
    rows = []
    for number, knob in enumerate(outcome.settings):
        row = [knob.name]
        for price in (_PRICES[0], PRICE, _PRICES[1]):
            choice = choice_of(number, outcome.tried, worth_of(outcome.lived[0].parts, price=price))
            row.append(knob.default if choice.place < 0 else outcome.tried[choice.place].value)
        rows.append(tuple(row))
    columns = ("setting", *(f"{price:.0f} bp at 1%" for price in (_PRICES[0], PRICE, _PRICES[1])))
    return Table("What the first half chooses at other prices of tracking", columns, tuple(rows))


def _in_words(said: dict[int, str], settings: tuple[Knob, ...]) -> str:
    return ", ".join(f"{settings[place].name} {value}" for place, value in sorted(said.items())) or "the defaults"


def _live(setting: Setting, name: str, half: Half, policies: tuple[Policy, ...], lives: list[Life]) -> _Lived:
    target = CapIndex(500 if setting.full else 100)
    cohort = cohort_in(half, policies, target)
    lived = setting.live(f"{name}, {half.name}", cohort, last=half.last)
    lives.append(Life(f"{name} {half.name}".replace(" ", "_"), cohort, lived))
    return _Lived(half, parts_of(lived, half))


def _figures(outcome: _Outcome, together: tuple[_Lived, _Lived]) -> dict[str, float]:
    """Every figure by name."""
    found: dict[str, float] = {}
    for place, each in enumerate(outcome.tried, start=1):
        for lived in outcome.lived:
            sold, stepped_up = _gains(lived, place)
            stem = f"{outcome.settings[each.knob].key} {each.value} {lived.half.name}"
            found |= {f"{stem} sold": sold.mean, f"{stem} error": sold.error, f"{stem} stepped up": stepped_up.mean}
    for policy, name in enumerate(("first", "second"), start=1):
        for lived in together:
            found[f"best of the {name} half on the {lived.half.name}"] = gain_over(lived.worth, policy).mean
    return found


def _judged(verdicts: list[tuple[bool, str]], best: float) -> Verdict:
    """Apply the rule: which settings should be others, and what the best of each are worth on the second half."""
    if not any(changed for changed, _ in verdicts):
        return Verdict.REPRODUCED
    return Verdict.IN_PART if best < _SMALL else Verdict.NOT


def _because(outcome: _Outcome, verdicts: list[tuple[bool, str]], figures: dict[str, float]) -> str:
    changed = [
        f"{knob.name} {words}" for knob, (changes, words) in zip(outcome.settings, verdicts, strict=True) if changes
    ]
    idle = [knob.name for knob, choice in zip(outcome.settings, outcome.choices[0], strict=True) if not choice.matters]
    first, swap = (
        figures[f"best of the {one} half on the {other} half"]
        for one, other in (("first", "second"), ("second", "first"))
    )
    said = "; ".join(changed) + "." if changed else "No setting should be another."
    return (
        f"{said} What the first half chooses together is worth {_signed(first)} bp a year on the second; the other way "
        f"round {_signed(swap)}. Within noise on the first half: {', '.join(idle) or 'none'}."
    )


def _run(setting: Setting) -> Finding:
    lives: list[Life] = []
    base = Looks.DAILY if setting.full else Looks.MONTHLY
    settings = knobs(base, full=setting.full)
    tried = tried_values(settings)
    policies = [policy_of("default", settings, {})]
    policies += [
        policy_of(f"{settings[each.knob].name} {each.value}", settings, {each.knob: each.value}) for each in tried
    ]
    both = halves(setting.panel, 6 if setting.full else 3)
    first, second = (_live(setting, "one at a time", half, tuple(policies), lives) for half in both)
    outcome = _outcome(settings, (first, second))
    best = [chosen_values(choices, tried) for choices in outcome.choices]
    names = ("default", "what the first half chooses", "what the second half chooses")
    combined = (policies[0], *(policy_of(name, settings, values) for name, values in zip(names[1:], best, strict=True)))
    one, other = (_live(setting, "together", half, combined, lives) for half in both)
    figures, verdicts = _figures(outcome, (one, other)), _verdicts(outcome)
    said = (
        ("Target", lives[0].cohort.targets[0].in_words()),
        *((half.name, f"{half.in_words(setting.panel)}; the target {growth_of_target(life.lived):+.1%} a year")
          for half, life in zip(both, lives, strict=False)),
        ("Everything is looked at", base.value),
        *((f"Client: {kind.name}", kind.in_words()) for kind in KINDS),
        *((name, _in_words(values, settings)) for name, values in zip(names[1:], best, strict=True)),
    )  # fmt: skip
    tables = (
        _settings_table(outcome, verdicts),
        _values_table(outcome),
        _together_table((one, other), names),
        _prices_table(outcome),
    )
    title = "Worth above the default, after-tax basis points a year: on the judging half, and on the choosing half"
    pairs = [
        Pair(policies[place].name, *(_gains(lived, place)[0].mean for lived in (second, first)))
        for place in range(1, len(policies))
    ]
    picture = Picture(paired_bars(pairs, ("judging half", "choosing half"), "bp", title), title)
    verdict = _judged(verdicts, figures["best of the first half on the second half"])
    return Finding(verdict, _because(outcome, verdicts, figures), said, tables, (picture,), figures, tuple(lives))


CALIBRATION = Experiment(
    name="calibrate",
    title="The default profile, chosen on one half of history and shown on the other",
    claim=(
        "No setting of the default profile is worth more at another value than noise, out of sample: risk price 50, "
        "deferral discount 0.5, harvest below 97%, worth-it 1 bp, trading cost charged three times."
    ),
    source="Lotwise's own defaults",
    rule=RULE,
    definitions=(
        (
            "Worth",
            (
                "After-tax basis points a year: minus the drag of all taxes, minus half the spread of what was traded, "
                f"minus {PRICE:.0f} bp for tracking of 1%, growing with its square. Pre-tax luck is no part of it."
            ),
        ),
        (
            "Price of tracking",
            (
                "What the risk price means to the client who holds it. Without one whoever strays furthest from the "
                "target defers most, and wins every comparison; the table of other prices says what hangs on it."
            ),
        ),
        ("Halves", "The first half of the market's years after the warm-up chooses, the second judges; then swapped."),
        ("Noise", "The standard error over starts of the difference from the same client under the default."),
        (
            "Together",
            "The chosen value of each setting at once: coordinate-wise, not searched for what they do jointly.",
        ),
        ("Stepped up", "The same where nothing is taxed at the end."),
    ),
    run=_run,
)
