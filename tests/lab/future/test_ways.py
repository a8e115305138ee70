"""Alternatives as lines of a profile: over the household's own, and clear where one cannot be."""

from __future__ import annotations

from decimal import Decimal

import pytest

from lotwise.errors import ProfileError
from lotwise.households.profile import Profile
from lotwise.lab.cohorts.policies import Looks
from lotwise.lab.future.ways import ORDINARY, OWN, alternative, ways_of

PROFILE = Profile("patient", risk_price_bps=Decimal(25), worth_it_bps=Decimal(40))


def test_the_ordinary_rule_and_the_own_profile_come_first() -> None:
    made = ways_of(PROFILE, ["harvest = 'any'"])
    assert [policy.name for policy in made] == [
        ORDINARY, OWN, "looks once a month", "no harvesting", "risk price 12.5", "risk price 50", "harvest = 'any'",
    ]  # fmt: skip
    assert made[0].rule is not None
    assert made[1].profile is PROFILE
    assert all(policy.profile is not None and policy.profile.worth_it_bps == 40 for policy in made[1:])


@pytest.mark.parametrize("text", ['risk_price_bps = 10; harvest = "any"', 'risk_price_bps = 10\nharvest = "any"'])
def test_an_alternative_changes_what_it_says_alone(text: str) -> None:
    policy = alternative(text, PROFILE)
    assert policy.profile is not None
    assert policy.profile.risk_price_bps == 10
    assert policy.profile.harvest == "any"
    assert policy.profile.worth_it_bps == 40
    assert policy.looks is Looks.DAILY


def test_an_alternative_says_how_often_it_looks() -> None:
    policy = alternative('looks = "quarterly"; worth_it_bps = 2', PROFILE)
    assert policy.looks is Looks.QUARTERLY
    assert policy.profile is not None
    assert policy.profile.worth_it_bps == 2


def test_a_semicolon_in_quotes_divides_nothing() -> None:
    policy = alternative('notes = "one; two"; worth_it_bps = 2', PROFILE)
    assert policy.profile is not None
    assert policy.profile.notes == "one; two"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("risk_prise_bps = 3", "a key of a profile.*risk_price_bps"),
        ("risk_price_bps = -3", "a number from 0.001 to 1000000"),
        ("risk_price_bps", "keys of a profile, as in profiles.toml"),
        ("  ", "one key of a profile at least"),
        ('looks = "hourly"', "one of daily, .*was 'hourly'"),
        ("deferral_years = 3", "without discount_rate, step_up_probability"),
    ],
)
def test_an_alternative_that_cannot_be_is_named(text: str, why: str) -> None:
    with pytest.raises(ProfileError, match=f"(?s)--alternative.*{why}"):
        alternative(text, PROFILE)


def test_an_alternative_is_said_once() -> None:
    with pytest.raises(ProfileError, match="must be said once; was worth_it_bps = 2"):
        ways_of(PROFILE, ["worth_it_bps = 2", "worth_it_bps = 2"])
