"""Where rates are sought on one side of a name, and which side that is."""

from __future__ import annotations

import pytest

from lotwise.rebalancing.pinned_sides import Tried, better_side, next_part


def test_between_two_solves_planes_meet_on_the_line_between_them() -> None:
    assert next_part([Tried(0.2, 30.0), Tried(0.6, -10.0), Tried(0.0, 80.0)]) == pytest.approx(0.5)


def test_beyond_all_solves_the_line_through_the_last_two_leads_a_little_too_far() -> None:
    """It falls by 10 in a tenth: to zero in another 0.1, and 0.3 of that beyond."""
    assert next_part([Tried(0.4, 20.0), Tried(0.5, 10.0)]) == pytest.approx(0.5 + 1.3 * 0.1)
    assert next_part([Tried(0.7, -20.0), Tried(0.6, -10.0)]) == pytest.approx(0.6 - 1.3 * 0.1)


def test_rates_stay_between_the_pair_and_a_single_solve_goes_a_quarter_of_the_way() -> None:
    assert next_part([Tried(0.9, 20.0), Tried(0.95, 19.0)]) == 1.0
    assert next_part([Tried(0.6, 20.0)]) == pytest.approx(0.7)
    assert next_part([Tried(0.6, -20.0)]) == pytest.approx(0.45)


def test_there_is_nothing_between_two_solves_at_the_same_rates_nor_beyond_the_pair() -> None:
    assert next_part([Tried(0.5, 20.0), Tried(0.50005, -20.0)]) is None
    assert next_part([Tried(1.0, 20.0), Tried(0.5, 40.0)]) is None
    assert next_part([]) is None


def test_the_better_side_is_the_one_whose_turn_is_nearer_and_comes_faster() -> None:
    """What rates cost on the way: half of 30 x 30 / 100 against 20 x 20 / 20."""
    slow = [Tried(0.5, -20.0), Tried(0.6, -22.0)]
    fast = [Tried(0.5, 30.0), Tried(0.4, 40.0)]
    assert better_side((slow, fast)) == 1
    assert better_side((fast, slow)) == 0
    # Where one side has a single solve it is as fast as the other: the nearer one.
    assert better_side(([Tried(0.5, 30.0)], slow)) == 1
