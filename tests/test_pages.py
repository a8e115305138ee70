"""Pages as a browser sees them: the page of a run and the documentation load whole, without asking any server."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lotwise.bench.document_figures import invented_choices, invented_gains, invented_holdings, invented_savings
from lotwise.money import DOLLAR
from lotwise.reports.documents.gains_page import gains_document
from lotwise.reports.documents.holdings_page import holdings_document
from lotwise.reports.documents.html import document_html
from lotwise.reports.documents.savings_page import savings_document
from lotwise.reports.documents.theme import Logo, Theme
from lotwise.reports.documents.transition_page import transition_document
from lotwise.reports.firm_savings_page import firm_savings_page
from lotwise.reports.run_page import run_page
from tests.reports.firm_savings_tables import firm_savings
from tests.reports.small_run import simulated_run

ROOT = Path(__file__).parent.parent


def opened(chromium: Path, page: Path, profile: Path) -> tuple[str, list[str]]:
    """Open a page from the disk with no name resolvable; its document when loaded, and what the console said."""
    done = subprocess.run(  # noqa: S603 - the browser of the fixture, files of this test
        [
            str(chromium),
            "--headless",
            "--no-sandbox",  # tests may run as root, which the sandbox refuses
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={profile}",
            "--enable-logging=stderr",
            "--log-level=0",
            "--virtual-time-budget=4000",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def test_the_browser_reports_what_a_page_may_not_do(chromium: Path, tmp_path: Path) -> None:
    """Otherwise the test below could not fail."""
    page = tmp_path / "page.html"
    policy = "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\">"
    page.write_text(f"<!doctype html>{policy}<title>x</title><style>p {{color: red}}</style><p>here")
    document, said = opened(chromium, page, tmp_path / "profile")
    assert "here" in document
    assert len(said) == 1
    assert "violates the following Content Security Policy" in said[0]


def test_documents_for_clients_need_nothing_and_run_nothing(chromium: Path, tmp_path: Path) -> None:
    """A logo with a script in it is an image, where it does not run."""
    script = b'<svg xmlns="http://www.w3.org/2000/svg"><script>console.log("ran")</script><path d="M0 0L9 9"/></svg>'
    theme = Theme(name="Firm", logo=Logo("svg", script), disclosures=("<script>console.log(1)</script>",))
    for document in (
        savings_document(invented_savings(1)),
        transition_document(invented_choices(1)),
        gains_document(invented_gains(1)),
        holdings_document(invented_holdings(1, positions=5)),
    ):
        page = tmp_path / f"{document.kind}.html"
        page.write_text(document_html(document, theme), encoding="utf-8")
        text, said = opened(chromium, page, tmp_path / "profile")
        assert said == []
        assert "What the figures mean" in text


def test_the_page_of_a_run_needs_nothing_and_breaks_none_of_its_own_rules(chromium: Path, tmp_path: Path) -> None:
    """Its content policy forbids requests; a style or picture that the policy blocks would show on the console."""
    page = tmp_path / "run.html"
    page.write_text(run_page(simulated_run(60, 8).run()), encoding="utf-8")
    document, said = opened(chromium, page, tmp_path / "profile")
    assert said == []
    assert "What the trades do" in document
    assert document.count("<svg") >= 3


def test_the_page_of_taxes_saved_needs_nothing_and_breaks_none_of_its_own_rules(chromium: Path, tmp_path: Path) -> None:
    page = tmp_path / "savings.html"
    parts = np.random.default_rng(1).integers(-500, 2_000, (80, 3)) * DOLLAR
    page.write_text(firm_savings_page(firm_savings(parts, [1_000] * 80)), encoding="utf-8")
    document, said = opened(chromium, page, tmp_path / "profile")
    assert said == []
    assert "Household by household" in document
    assert document.count("<svg") == 2


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation, built strictly."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "--quiet", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(  # noqa: S603 - this interpreter
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_the_documentation_asks_no_server(site: Path) -> None:
    """Links may lead anywhere; scripts, styles, fonts and pictures come from the folder itself."""
    fetched = re.compile(
        r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(?:https?:)?//"""
        r"""|<link\b(?![^>]*rel=["']?canonical)[^>]*\bhref=["']?(?:https?:)?//"""
        r"""|@import\s+["']?(?:url\()?["']?(?:https?:)?//|url\(["']?(?:https?:)?//"""
    )
    files = [path for path in site.rglob("*") if path.suffix in {".html", ".css"}]
    assert len(files) > 20
    assert [path.name for path in files if fetched.search(path.read_text(encoding="utf-8"))] == []
    assert fetched.search('<link rel="stylesheet" href="https://example.com/a.css">')
    assert fetched.search("@font-face { src: url(//example.com/a.woff) }")


@pytest.mark.parametrize("name", ["index.html", "reference/profile.html", "reference/python.html"])
def test_the_documentation_loads_from_the_disk(chromium: Path, site: Path, tmp_path: Path, name: str) -> None:
    document, _ = opened(chromium, site / name, tmp_path / "profile")
    assert "Lotwise" in document
    assert "<!-- table:" not in document
