from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lotwise.dates import to_day_number
from lotwise.errors import RiskModelError
from lotwise.risk.factor_model import FactorModel, Origin, attach
from lotwise.risk.proxies import ProxyGroup
from lotwise.securities.market import Market, MarketLabels, SecurityKind

Floats = NDArray[np.float64]

DAY = date(2024, 3, 1)


def model_of(exposures: Floats, covariance: Floats, specific: Floats) -> FactorModel:
    n, k = exposures.shape
    return FactorModel(
        as_of=DAY,
        symbols=tuple(f"S{i}" for i in range(n)),
        factors=tuple(f"F{j}" for j in range(k)),
        exposures=exposures,
        covariance=covariance,
        specific=specific,
        origin=(Origin.GIVEN,) * n,
    )


@pytest.fixture
def three() -> FactorModel:
    """Three securities, two factors of 20% and 10% with correlation one half."""
    return model_of(
        np.array([[1.0, 0.0], [1.2, 1.0], [0.5, -1.0]]),
        np.array([[0.04, 0.01], [0.01, 0.01]]),
        np.array([0.04, 0.09, 0.01]),
    )


def test_variance_of_a_portfolio_by_hand(three: FactorModel) -> None:
    # Half each of the first two: exposures 1.1 and 0.5; 1.21 x 0.04 + 2 x 0.55 x 0.01 + 0.25 x 0.01 + (0.04 + 0.09) / 4
    assert three.portfolio_variance(np.array([0.5, 0.5, 0.0])) == pytest.approx(0.0484 + 0.011 + 0.0025 + 0.0325)
    with pytest.raises(RiskModelError, match=r"shape \(3,\), had \(2,\)"):
        three.portfolio_variance(np.ones(2))


@st.composite
def _models(draw: st.DrawFn) -> FactorModel:
    """Any sizes and magnitudes, singular covariances too."""
    n, k = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    rank = draw(st.integers(1, k))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    root = rng.normal(size=(k, rank)) * 10.0 ** rng.uniform(-4, 1)
    covariance = root @ root.T
    text = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=8)
    return FactorModel(
        as_of=DAY,
        symbols=tuple(draw(st.lists(text, min_size=n, max_size=n, unique=True))),
        factors=tuple(draw(st.lists(text, min_size=k, max_size=k, unique=True))),
        exposures=rng.normal(size=(n, k)) * 10.0 ** rng.uniform(-8, 4, (n, k)),
        covariance=0.5 * (covariance + covariance.T),
        specific=10.0 ** rng.uniform(-12, 2, n),
        origin=(Origin.GIVEN,) * n,
    )


@given(_models())
def test_saved_and_loaded_is_the_same_to_the_bit(model: FactorModel) -> None:
    with TemporaryDirectory() as folder:
        model.save(Path(folder))
        loaded = FactorModel.load(Path(folder), DAY)
        assert sorted(path.name for path in (Path(folder) / "risk").iterdir()) == [
            "covariance.csv",
            "exposures.csv",
            "specific.csv",
        ]
    assert (loaded.symbols, loaded.factors, loaded.as_of) == (model.symbols, model.factors, DAY)
    assert loaded.exposures.tobytes() == model.exposures.tobytes()
    assert loaded.covariance.tobytes() == model.covariance.tobytes()
    assert loaded.specific.tobytes() == model.specific.tobytes()


@given(_models(), st.integers(0, 2**32 - 1))
def test_loadings_carry_twice_the_factor_variance(model: FactorModel, seed: int) -> None:
    """|loadings' x|^2 / 2 + specific . x^2 is the variance: the form that the market's columns promise."""
    loadings = model.loadings()
    assert loadings.flags.c_contiguous
    assert loadings.shape == model.exposures.shape
    x = np.random.default_rng(seed).normal(size=len(model.symbols))
    by_loadings = float(np.sum((loadings.T @ x) ** 2) / 2.0 + model.specific @ x**2)
    largest = float(np.sum(np.abs(model.exposures).T @ np.abs(x)) ** 2 * np.abs(model.covariance).max())
    assert by_loadings == pytest.approx(model.portfolio_variance(x), rel=1e-7, abs=1e-10 * largest)


def test_other_symbols_in_another_order(three: FactorModel) -> None:
    other = three.aligned(("S2", "S0"))
    assert other.symbols == ("S2", "S0")
    assert other.specific.tolist() == [0.01, 0.04]
    assert other.exposures.tolist() == [[0.5, -1.0], [1.0, 0.0]]
    with pytest.raises(RiskModelError, match=r"had no A, B$"):
        three.aligned(("S2", "A", "B"))


def _spoiled(three: FactorModel, field: str, at: tuple[int, ...], value: float) -> FactorModel:
    array = getattr(three, field).copy()
    array[at] = value
    return replace(three, **{field: array})


@pytest.mark.parametrize(
    ("field", "at", "value", "message"),
    [
        ("specific", (1,), -0.01, r"specific variance of S1 must be positive and finite, was -0\.01"),
        ("specific", (1,), 0.0, r"specific variance of S1 must be positive and finite, was 0\.0"),
        ("specific", (2,), np.nan, "specific variance of S2 must be positive and finite, was nan"),
        ("exposures", (2, 1), np.inf, "exposure of S2 to F1 must be finite, was inf"),
        ("covariance", (0, 1), np.nan, "covariance of F0 and F1 must be finite, was nan"),
        (
            "covariance",
            (0, 1),
            0.012,
            r"covariance of F0 and F1 must be the same both ways, was 0\.012 and 0\.01",
        ),
        ("covariance", (1, 1), 0.001, r"no negative eigenvalue, had -0\.00141.* \(most of it in F1\)"),
    ],
)
def test_a_number_that_no_risk_can_have_is_named(
    three: FactorModel, field: str, at: tuple[int, ...], value: float, message: str
) -> None:
    with pytest.raises(RiskModelError, match=message):
        _spoiled(three, field, at, value)


def test_all_problems_at_once_and_no_endless_message(three: FactorModel) -> None:
    with pytest.raises(RiskModelError, match=r"S0 .*; .*S1 .*; .*S2 "):
        replace(three, specific=np.array([np.nan, -1.0, 0.0]))
    many = np.full(500, -1.0)
    with pytest.raises(RiskModelError, match=r"and 490 more$"):
        model_of(np.ones((500, 1)), np.eye(1), many)


def test_names_and_shapes_must_fit(three: FactorModel) -> None:
    with pytest.raises(RiskModelError, match="symbol S0 must appear once"):
        replace(three, symbols=("S0", "S0", "S2"))
    with pytest.raises(RiskModelError, match="every factor must have a name"):
        replace(three, factors=("", "F1"))
    with pytest.raises(RiskModelError, match=r"covariance must have shape \(2, 2\), had \(3, 3\)"):
        replace(three, covariance=np.eye(3))
    with pytest.raises(RiskModelError, match="at least one factor"):
        model_of(np.empty((2, 0)), np.empty((0, 0)), np.ones(2))


def test_roundoff_is_forgiven(three: FactorModel) -> None:
    singular = np.array([[0.04, 0.02], [0.02, 0.01 - 1e-14]])
    singular[0, 1] += 1e-12
    model = replace(three, covariance=singular)
    assert np.all(np.isfinite(model.loadings()))


def write_folder(folder: Path, exposures: str, covariance: str, specific: str) -> Path:
    (folder / "risk").mkdir()
    (folder / "risk" / "exposures.csv").write_text("symbol,factor,value\n" + exposures)
    (folder / "risk" / "covariance.csv").write_text("factor,factor2,value\n" + covariance)
    (folder / "risk" / "specific.csv").write_text("symbol,variance\n" + specific)
    return folder


def test_what_is_not_given_is_zero_and_one_half_of_a_matrix_suffices(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, "A,m,1\nB,v,0.5\n", "m,m,0.04\nm,v,0.01\nv,v,0.02\ng,g,0.01\n", "A,0.1\nB,0.2\n")
    model = FactorModel.load(folder, DAY)
    assert model.exposures.tolist() == [[1.0, 0.0, 0.0], [0.0, 0.5, 0.0]]
    assert model.covariance.tolist() == [[0.04, 0.01, 0.0], [0.01, 0.02, 0.0], [0.0, 0.0, 0.01]]
    assert model.origin == ("given", "given")


def test_every_bad_row_of_the_files_is_named_with_its_line(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, "A,m,1\nC,m,1\nA,w,1\nA,m,2\n", "m,m,x\nv,m,0.1\n", "A,0.1\n,0.3\nB,nan\n")
    with pytest.raises(RiskModelError) as caught:
        FactorModel.load(folder, DAY)
    message = str(caught.value)
    for part in (
        "exposures.csv line 3: symbol C must have a row in specific.csv",
        "exposures.csv line 4: factor w must have a row in covariance.csv",
        "exposures.csv line 5: A and m must appear once",
        "covariance.csv line 2: value of m and m must be a finite number, was 'x'",
        "covariance.csv: must give the variance of factor v, had none",
        "specific.csv line 3: symbol must not be empty",
        "specific.csv line 4: variance of B must be a finite number, was 'nan'",
    ):
        assert part in message


def test_missing_and_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(RiskModelError, match=r"covariance\.csv: must be a readable UTF-8 file, No such file"):
        FactorModel.load(tmp_path, DAY)
    folder = write_folder(tmp_path, "", "m,m,1\n", "A,1\n")
    (folder / "risk" / "exposures.csv").write_bytes(b"\xff\xfe\x00")
    (folder / "risk" / "specific.csv").write_text("symbol,volatility\nA,1\n")
    with pytest.raises(RiskModelError, match=r"specific\.csv line 1: .* had no variance.*exposures\.csv: .*not UTF-8"):
        FactorModel.load(folder, DAY)


@given(st.binary(max_size=200), st.sampled_from(["exposures.csv", "covariance.csv", "specific.csv"]))
def test_no_bytes_make_a_traceback(content: bytes, name: str) -> None:
    with TemporaryDirectory() as folder:
        write_folder(Path(folder), "A,m,1\n", "m,m,0.04\n", "A,0.1\n")
        path = Path(folder) / "risk" / name
        path.write_bytes(path.read_bytes() + content)
        try:
            FactorModel.load(Path(folder), DAY)
        except RiskModelError as error:
            assert "risk model cannot be" in str(error)  # noqa: PT017 - either outcome is right


def market_of(kinds: tuple[SecurityKind, ...], day: date = DAY) -> Market:
    n = len(kinds)
    return Market(
        as_of=np.int32(to_day_number(day)),
        price=np.full(n, 1_000_000, dtype=np.int64),
        spread=np.zeros(n, dtype=np.int64),
        tradable=np.ones(n, dtype=np.bool_),
        identical=np.arange(n, dtype=np.int32),
        kind=np.array(kinds, dtype=np.uint8),
        asset_class=np.zeros(n, dtype=np.int32),
        dividend_yield=np.zeros(n),
        qualified_share=np.ones(n),
        gain_distribution=np.zeros(n),
        loadings=np.zeros((n, 0)),
        specific=np.zeros(n),
    )


def labels_of(symbols: tuple[str, ...], asset_class: str = "", sector: str = "") -> MarketLabels:
    n = len(symbols)
    return MarketLabels(symbols, ("",) * n, (asset_class,) * n, (sector,) * n, ("",) * n)


def test_attach_fills_the_columns_and_names_what_has_no_risk(three: FactorModel) -> None:
    stock, cash = SecurityKind.STOCK, SecurityKind.CASH
    market = market_of((stock, stock, cash, stock))
    market.tradable[3] = False
    done = attach(market, three, labels_of(("S2", "NEW", "SWEEP", "S0")))
    assert done.without_risk == ("NEW",)  # two covered stocks are no group
    assert done.proxies == ()
    assert done.market.tradable.tolist() == [True, False, True, False]
    assert market.tradable.tolist() == [True, True, True, False]  # the market given is left as it was
    assert done.market.loadings.flags.c_contiguous
    assert done.market.specific.flags.c_contiguous
    assert done.market.loadings[[0, 3]].tobytes() == three.loadings()[[2, 0]].tobytes()
    assert np.all(done.market.loadings[2] == 0.0)
    assert np.any(done.market.loadings[1] != 0.0)  # whatever is done with it, it is not without risk
    assert done.market.specific == pytest.approx([0.01, 0.065, 1e-6, 0.04])


def test_attach_lends_the_risk_of_the_asset_class(three: FactorModel) -> None:
    stock = SecurityKind.STOCK
    market = market_of((stock,) * 4)
    market.tradable[1] = False
    done = attach(market, three, labels_of(("S2", "NEW", "S1", "S0"), asset_class="US stocks"))
    assert done.without_risk == ()
    assert done.proxies == (("NEW", ProxyGroup(3, "the asset class US stocks")),)
    assert done.market.tradable.tolist() == [True, False, True, True]  # a stale price stays one
    assert done.market.loadings[1] == pytest.approx(three.loadings().mean(axis=0))
    assert done.market.specific[1] > np.quantile(three.specific, 0.75)


def test_attach_refuses_a_model_of_a_later_day(three: FactorModel) -> None:
    market = market_of((SecurityKind.STOCK,), date(2024, 2, 29))
    with pytest.raises(RiskModelError, match="must be of 2024-02-29 or before, was of 2024-03-01"):
        attach(market, three, labels_of(("S0",)))
    with pytest.raises(RiskModelError, match="1 securities, was given 2 symbols"):
        attach(market, three, labels_of(("S0", "S1")))


def test_a_symbol_without_a_row_of_exposures_is_not_taken_for_one_without_risk(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, "A,m,1\n", "m,m,0.04\n", "A,0.1\nB,0.1\n")
    with pytest.raises(RiskModelError, match=r"exposures\.csv: must have a row of B, with the value 0"):
        FactorModel.load(folder, DAY)
