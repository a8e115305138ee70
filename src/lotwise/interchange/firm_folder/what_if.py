"""A firm as it would be if every profile said something else: nothing is read again, the same figures are made anew.

The keys come last, over every layer, as if they stood in overrides.toml for each household.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from lotwise.errors import Finding, ProfileError, Severity
from lotwise.households.location_reading import classes_preferred
from lotwise.households.policy_version import policy_version
from lotwise.households.profile import Profile
from lotwise.households.profile_reading import read_profile
from lotwise.households.toml_text import TomlText
from lotwise.interchange.firm_folder.book_building import limits_of, policy_columns, preferences_of
from lotwise.interchange.firm_folder.findings import FindingList, Place
from lotwise.interchange.firm_folder.firm import Firm
from lotwise.interchange.firm_folder.header import Preferred
from lotwise.interchange.firm_folder.tax_positions import deferred_dollars, rates_tonight
from lotwise.interchange.firm_folder.wishes import report_unknown_classes
from lotwise.rebalancing.mandates import with_mandates
from lotwise.rebalancing.unrealised import gains_of_a_move, unrealised_losses
from lotwise.securities.market import asset_classes_of

__all__ = ["WHAT_IF", "with_changed_profiles"]

WHAT_IF = "what if"  # the layer, and what findings name in place of a file


def with_changed_profiles(firm: Firm, keys: Mapping[str, object]) -> Firm:
    """Return the firm with these keys in every household's profile; notices and warnings are among its findings.

    A weight of CASH in a model still replaces cash_target, which is then a warning. Raises ProfileError, with every
    finding, where a key is unknown, a value is of the wrong type or out of bounds, or both forms of deferral meet.
    """
    source = TomlText(WHAT_IF, "", {})
    given = {name: _as_in_toml(value) for name, value in keys.items()}
    profiles: list[Profile] = []
    found: dict[Finding, None] = {}
    for inherits in firm.profiles:
        read, findings = read_profile(inherits.name, given, inherits, source, "", WHAT_IF)
        found.update(dict.fromkeys(findings))
        profile = read or inherits
        if "cash_target" in given and inherits.layers.get("cash_target") == "model":
            found.update(dict.fromkeys(_cash_of_model(profile, inherits)))
            layers = {**profile.layers, "cash_target": "model"}
            profile = replace(profile, cash_target=inherits.cash_target, layers=layers)
        profiles.append(profile)
    wrong = tuple(finding for finding in found if finding.severity is Severity.ERROR)
    if wrong:
        raise ProfileError(wrong)
    return _with_profiles(firm, tuple(profiles), (*found, *_unknown_classes(firm, given)))


def _as_in_toml(value: object) -> object:
    """The value as a TOML file would have given it: a decimal for a float, plain for what numpy wraps."""
    if isinstance(value, Mapping):
        return {str(key): _as_in_toml(each) for key, each in value.items()}
    plain = value.item() if hasattr(value, "item") else value
    return Decimal(repr(plain)) if isinstance(plain, float) else plain


def _unknown_classes(firm: Firm, given: Mapping[str, object]) -> tuple[Finding, ...]:
    """Warn of every preference of location for an asset class that no security has."""
    findings = FindingList()
    named = tuple(Preferred(Place(WHAT_IF, None, f"location.{name}"), name) for name in classes_preferred(given))
    report_unknown_classes(named, asset_classes_of(firm.market_labels.asset_classes).names, findings)
    return findings.all_sorted(())


def _cash_of_model(profile: Profile, inherits: Profile) -> tuple[Finding, ...]:
    """Warn that the weight of CASH in a model stays what it is."""
    if profile.cash_target == inherits.cash_target:
        return ()
    was, kept = f"{profile.cash_target:f}", f"{inherits.cash_target:f}"
    to_do = f"the model's {kept} is used: change the weight of CASH in the model"
    must_be = "the weight of CASH in the models that have one"
    return (Finding(WHAT_IF, None, "cash_target", Severity.WARNING, must_be, was, to_do),)


def _with_profiles(firm: Firm, profiles: tuple[Profile, ...], found: tuple[Finding, ...]) -> Firm:
    """Make everything of the book anew that comes from a profile: policies, preferences, rates and weights."""
    book, households = firm.book, firm.book.households
    held = (book.accounts, book.lots, firm.market.price)
    losses = unrealised_losses(len(book.tax), *held)
    gains = gains_of_a_move(*held, book.models, households.model)
    rates = rates_tonight(book.tax, (losses, gains), profiles, households.policy)
    preferences, rows = preferences_of(profiles, asset_classes_of(firm.market_labels.asset_classes).names)
    weight, cost = deferred_dollars(households.ordinary_rate, profiles, households.policy)
    changed = households._replace(
        short_rate=rates["short"].copy(),
        long_rate=rates["long"].copy(),
        loss_short_rate=rates["loss_short"].copy(),
        loss_long_rate=rates["loss_long"].copy(),
        deferred_weight=weight,
        withdrawal_cost=cost,
    )
    policies = policy_columns(profiles, firm.as_of, rows)
    return replace(
        firm,
        book=with_mandates(
            book._replace(households=changed, policies=policies, preferences=preferences, limits=limits_of(profiles)),
            firm.market,
        ),
        labels=replace(firm.labels, policies=tuple(policy_version(profile) for profile in profiles)),
        profiles=profiles,
        findings=(*firm.findings, *found),
    )
