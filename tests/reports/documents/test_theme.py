"""theme.toml: what it says, and a clear finding for everything that is wrong; the default stands in for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lotwise.errors import Severity
from lotwise.reports.documents.theme import Logo, Theme, contrast_to_white, read_theme

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


def read(folder: Path, text: str, why: str = "") -> tuple[Theme, list[str]]:
    (folder / "theme.toml").write_text(text, encoding="utf-8")
    theme, findings = read_theme(folder, "Firm", lambda _: why)
    return theme, [str(finding) for finding in findings]


def test_no_file_is_the_default(tmp_path: Path) -> None:
    assert read_theme(tmp_path, "Firm") == (Theme(name="Firm"), ())


def test_everything_it_says(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_bytes(SVG)
    theme, findings = read(
        tmp_path,
        'name = "Other"\ncontact = "1 Street"\naccent = "#7A1F5C"\nlogo = "logo.svg"\npaper = "a4"\n'
        'disclosures = ["One.", "  ", "Two."]\n',
    )
    assert findings == []
    assert theme == Theme("Other", "1 Street", "#7a1f5c", Logo("svg", SVG), ("One.", "Two."), "a4")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("name = 5", "theme.toml:1 [name]: must be text; was 5"),
        (
            'accent = "red"',
            "theme.toml:1 [accent]: must be a colour as #rrggbb, dark enough to be read on white; was 'red'",
        ),
        ('accent = "#ffee00"', "was #ffee00, of contrast 1.2 to white; from 4.5 on it can be read"),
        ('paper = "A3"', 'theme.toml:1 [paper]: must be "letter" or "a4"; was \'A3\''),
        ('disclosures = "One."', "theme.toml:1 [disclosures]: must be a list of texts; was 'One.'"),
        ("disclosures = [1]", "must be a list of texts; was [1]"),
        (f'disclosures = ["{"x" * 20_001}"]', "was 20,001 letters, more than 20,000"),
        ('logo = "../logo.svg"', "must be an SVG or PNG file in the firm folder, at most 500 kB; was '../logo.svg'"),
        ('logo = "logo.gif"', "was 'logo.gif'"),
        ('logo = "none.png"', "was 'none.png': No such file"),
        ('logo = "fake.png"', "was 'fake.png', which is no PNG"),
        ('logo = "large.svg"', "was 'large.svg' of 500,001 bytes"),
        ('logo = "outside.svg"', "was 'outside.svg', a link to somewhere else"),
        ("= 5", "theme.toml:1: must be TOML"),
    ],
)
def test_what_is_wrong_is_said_and_the_default_stands_in(tmp_path: Path, line: str, said: str) -> None:
    folder = tmp_path / "firm"
    folder.mkdir()
    (tmp_path / "logo.svg").write_bytes(SVG)
    (folder / "fake.png").write_bytes(SVG)
    (folder / "large.svg").write_bytes(b" " * 500_001)
    (folder / "outside.svg").symlink_to(tmp_path / "logo.svg")
    theme, findings = read(folder, line)
    assert theme == Theme(name="Firm")
    assert len(findings) == 1
    assert said in findings[0]
    assert "until then the default stands in for it" in findings[0]


def test_a_logo_that_cannot_be_drawn_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_bytes(SVG)
    theme, (finding,) = read(tmp_path, 'name = "Other"\nlogo = "logo.svg"\n', "no root node")
    assert theme == Theme(name="Other")
    assert "theme.toml:2 [logo]" in finding
    assert "which cannot be drawn: no root node" in finding


def test_a_misspelt_key_is_a_notice(tmp_path: Path) -> None:
    (tmp_path / "theme.toml").write_text('acent = "#000000"\n', encoding="utf-8")
    _, (finding,) = read_theme(tmp_path, "Firm")
    assert finding.severity is Severity.NOTICE
    assert "did you mean accent?" in str(finding)


def test_contrast_of_known_colours() -> None:
    """Black on white is 21, white on white 1 (WCAG 2.2)."""
    assert contrast_to_white("#000000") == pytest.approx(21.0)
    assert contrast_to_white("#ffffff") == pytest.approx(1.0)
    assert contrast_to_white("#767676") == pytest.approx(4.54, abs=0.01)
