"""Profiles: defaults, bounds, inheritance, both forms of deferral, and findings that say where."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.errors import Finding, Severity
from lotwise.households.profile import KEYS, Profile, profile_reference
from lotwise.households.profile_reading import read_profile
from lotwise.households.toml_text import TomlText, TomlUnreadable

# The names and meanings that every version keeps.
CONTRACT = {
    "risk_price_bps",
    "tracking_cap_bps",
    "deferral_discount",
    "deferral_years",
    "discount_rate",
    "step_up_probability",
    "harvest",
    "loss_usability",
    "trading_cost_multiplier",
    "buy_opportunity_cost",
    "cash_target",
    "cash_band",
    "minimum_trade",
    "fractional_shares",
    "worth_it_bps",
    "tax_budget",
    "tax_budget_pct",
}


def read(text: str, inherits: Profile | None = None) -> tuple[Profile | None, tuple[Finding, ...]]:
    source = TomlText.read("profiles.toml", ("[mine]\n" + text).encode())
    table = source.values["mine"]
    assert isinstance(table, dict)
    return read_profile("mine", table, inherits or Profile(), source, "mine", "profile mine")


def errors(findings: tuple[Finding, ...]) -> list[tuple[int | None, str | None]]:
    return [(f.line, f.column) for f in findings if f.severity is Severity.ERROR]


def test_the_contract_keeps_its_keys() -> None:
    assert set(KEYS) >= CONTRACT
    assert set(KEYS) == {made.name for made in fields(Profile)} - {"name", "layers", "location"}


def test_every_default_is_within_its_bounds() -> None:
    for key in KEYS.values():
        if isinstance(key.default, Decimal):
            assert key.low <= key.default <= key.high, key.name


def test_an_empty_table_is_what_it_inherits() -> None:
    profile, findings = read("", Profile(cash_target=Decimal("0.02")))
    assert profile == Profile(name="mine", cash_target=Decimal("0.02"))
    assert not findings


def test_values_are_exact() -> None:
    profile, _ = read("harvest = 0.9\nminimum_trade = 250.50\nrisk_price_bps = 35\nfractional_shares = true")
    assert profile is not None
    assert profile.harvest == Decimal("0.9")
    assert profile.minimum_trade == 2_505_000
    assert profile.risk_price_bps == Decimal(35)
    assert profile.fractional_shares is True


@pytest.mark.parametrize(
    "line",
    [
        "risk_price_bsp = 50",
        "risk_price_bps = 0",
        "risk_price_bps = -1",
        "risk_price_bps = nan",
        "risk_price_bps = inf",
        "risk_price_bps = true",
        'risk_price_bps = "50"',
        "risk_price_bps = [50]",
        "fractional_shares = 1",
        'harvest = "always"',
        "harvest = 1.5",
        "harvest = 2020-01-01",
        "loss_usability = 1.01",
        "cash_target = -0.01",
        "short_term_wait_cap = 0.5",
        "minimum_trade = -1",
        "location_years = -1",
        "withdrawal_rate = 1.1",
        "after_tax_weighting = 1",
        'cash_reserve = "25,000"',
        "spending = -1",
        "turnover_cap = 1.5",
        "days_between_trades = 400",
        "gain_budget = true",
        'harvest_year_end = "any"',
        "notes = 5",
        "location = 5",
    ],
)
def test_a_wrong_key_is_found_in_its_line_and_spoils_the_profile(line: str) -> None:
    profile, findings = read("# a comment\ncash_band = 0.01\n" + line)
    assert profile is None
    assert errors(findings) == [(4, line.split(" =", maxsplit=1)[0])]


def test_an_unknown_key_is_guessed() -> None:
    _, findings = read("cash_traget = 0.01")
    assert "did you mean cash_target?" in findings[0].to_do


def test_both_forms_of_deferral_are_an_error() -> None:
    profile, findings = read("deferral_discount = 0.5\ndeferral_years = 10")
    assert profile is None
    assert errors(findings) == [(3, "deferral_years")]


def test_half_a_form_of_deferral_is_an_error() -> None:
    assert read("deferral_years = 10")[0] is None
    assert read("deferral_years = 10\ndiscount_rate = 0.05")[0] is None


def test_the_lower_form_of_deferral_wins() -> None:
    whole = "deferral_years = 10\ndiscount_rate = 0.05\nstep_up_probability = 0.25"
    by_years, _ = read(whole)
    assert by_years is not None
    assert float(by_years.tax_later()) == pytest.approx(0.75 / 1.05**10)
    again, _ = read("deferral_discount = 0.9", by_years)
    assert again is not None
    assert again.tax_later() == Decimal("0.9")
    longer, _ = read("deferral_years = 20", by_years)
    assert longer is not None
    assert float(longer.tax_later()) == pytest.approx(0.75 / 1.05**20)


def test_a_plan_of_transition_is_read_and_used() -> None:
    profile, findings = read("turnover_cap = 0.2\ndays_between_trades = 5")
    assert profile is not None
    assert (profile.turnover_cap, profile.days_between_trades) == (Decimal("0.2"), Decimal(5))
    assert findings == ()
    assert read("turnover_cap = -1")[0] is None


def test_limits_are_read_and_used() -> None:
    profile, findings = read("tax_budget = 5000\ntax_budget_pct = 1.5\ntracking_cap_bps = 150")
    assert profile is not None
    assert profile.tax_budget == 50_000_000
    assert findings == ()
    assert read("tax_budget = -1")[0] is None


@pytest.mark.parametrize(
    ("day", "depth"),
    [
        (date(2025, 1, 1), "0.80"),
        (date(2025, 12, 1), "0.95"),
        (date(2025, 12, 31), "0.95"),
        (date(2024, 1, 1), "0.80"),
        (date(2024, 6, 16), "0.875"),  # 167.5 of 335 days would be half; 167 are gone
    ],
)
def test_year_round_deepens_by_day(day: date, depth: str) -> None:
    found = Profile(harvest="year_round").harvest_depth(day)
    assert float(found) == pytest.approx(float(depth), abs=3e-4)


def test_a_depth_of_its_own_moves_to_that_of_the_year_end() -> None:
    custom = Profile(harvest=Decimal("0.70"), harvest_year_end=Decimal("0.90"))
    assert custom.harvest_depth(date(2025, 1, 1)) == Decimal("0.70")
    assert custom.harvest_depth(date(2025, 12, 24)) == Decimal("0.90")
    # 151 of the 334 days from 1 January to 1 December
    assert float(custom.harvest_depth(date(2025, 6, 1))) == pytest.approx(0.70 + 0.20 * 151 / 334)
    preset = Profile(harvest="year_round", harvest_year_end=Decimal("0.99"))
    assert preset.harvest_depth(date(2025, 1, 1)) == Decimal("0.80")
    assert preset.harvest_depth(date(2025, 12, 1)) == Decimal("0.99")
    for word, depth in (("any", 1), ("none", 0)):
        assert Profile(harvest=word, harvest_year_end=Decimal("0.9")).harvest_depth(date(2025, 12, 5)) == depth


def test_cash_on_top_is_the_reserve_and_months_of_spending() -> None:
    profile, _ = read("cash_reserve = 25000\nspending = 4000.50\nspending_months = 6")
    assert profile is not None
    assert profile.cash_on_top() == (25_000 + 24_003) * 10_000
    assert Profile().cash_on_top() == 0


def test_notes_are_text() -> None:
    profile, findings = read('notes = "Sells the house in spring."')
    assert profile is not None
    assert (profile.notes, findings) == ("Sells the house in spring.", ())
    assert read(f'notes = "{"x" * 2001}"')[0] is None


def test_harvest_words_are_depths() -> None:
    day = date(2025, 6, 30)
    assert Profile(harvest="any").harvest_depth(day) == 1
    assert Profile(harvest="none").harvest_depth(day) == 0
    assert Profile(harvest=Decimal("0.9")).harvest_depth(day) == Decimal("0.9")


def test_the_reference_lists_every_key() -> None:
    text = profile_reference()
    assert all(f"| `{name}` |" in text for name in KEYS)


def toml_or_why(content: bytes) -> TomlText | TomlUnreadable:
    try:
        return TomlText.read("firm.toml", content)
    except TomlUnreadable as error:
        return error


@given(st.binary(max_size=200) | st.text(st.sampled_from("[]=.\"'a1\n#,{}"), max_size=40).map(str.encode))
def test_any_bytes_are_toml_or_say_why(content: bytes) -> None:
    source = toml_or_why(content)
    if isinstance(source, TomlUnreadable):
        assert str(source)
        return
    for name, value in source.values.items():
        if isinstance(value, dict):
            read_profile(name, value, Profile(), source, name, name)


@pytest.mark.parametrize(
    ("text", "line"),
    [("a = 1\nb = \n", 2), ("a = 1\n\n[x\n", 3), ("a = " + "9" * 5000, None), ("a = " + "[" * 5000, None)],
)
def test_what_is_not_toml_is_said_with_its_line(text: str, line: int | None) -> None:
    with pytest.raises(TomlUnreadable) as caught:
        TomlText.read("firm.toml", text.encode())
    assert line is None or caught.value.line == line


def test_lines_of_keys_are_found_in_their_tables() -> None:
    source = TomlText.read("p.toml", b'x = 1\n[a]\nx = 2\n["b c"]\n"x" = 3\n')
    assert [source.line_of(table, "x") for table in ("", "a", "b c")] == [1, 3, 5]
    assert source.line_of("b c") == 4
    text = b'[a.location]\n"U S" = {x = 1}\n["b c".location . \'V\']\nx = 1\n[d]\nlocation.W.x = 1\n'
    nested = TomlText.read("p.toml", text)
    assert nested.line_of_path("a", "location", "U S", "x") == 2
    assert nested.line_of_path("b c", "location", "V", "x") == 4
    assert nested.line_of_path("b c", "location", "V") == 3
    assert nested.line_of_path("d", "location", "W", "x") == 6
    assert nested.line_of_path("e", "location") is None
    assert source.line_of("a", "y") is None
