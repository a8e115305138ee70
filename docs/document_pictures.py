"""The first page of every client document as a picture, from invented figures: `python docs/document_pictures.py`.

What it writes into images/ is what the pages show; run it again after a template or a picture changes.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pypdfium2
from numpy.typing import NDArray

from lotwise.bench.document_figures import invented_choices, invented_gains, invented_holdings, invented_savings
from lotwise.reports.documents.gains_page import gains_document
from lotwise.reports.documents.holdings_page import holdings_document
from lotwise.reports.documents.pdf import Press
from lotwise.reports.documents.savings_page import savings_document
from lotwise.reports.documents.theme import Logo, Theme
from lotwise.reports.documents.transition_page import transition_document

LOGO = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><circle cx="20" cy="20" r="18" fill="#0b3c5d"/>'
    b'<path d="M10 24L18 14L24 20L31 11" stroke="white" stroke-width="3" fill="none"/></svg>'
)
THEME = Theme(
    name="An advisory firm",
    contact="1 Example Street, Exampletown",
    logo=Logo("svg", LOGO),
    disclosures=("This document is for information. It is not tax advice.",),
)
DOCUMENTS = (
    savings_document(invented_savings(1)),
    transition_document(invented_choices(1)),
    gains_document(invented_gains(1)),
    holdings_document(invented_holdings(1)),
)


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Rows of red, green and blue as a PNG file."""
    height, width, _ = pixels.shape

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    rows = np.zeros((height, 1 + 3 * width), np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = pixels.reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows.tobytes(), 9))
        + chunk(b"IEND", b"")
    )


def main() -> None:
    """Write one picture a document."""
    press = Press(THEME)
    for document in DOCUMENTS:
        page = pypdfium2.PdfDocument(press.pdf(document))[0]
        pixels = page.render(scale=1.25, rev_byteorder=True).to_numpy()
        name = f"document-{document.kind.partition('-')[0]}.png"
        (Path(__file__).parent / "images" / name).write_bytes(png(pixels[:, :, :3]))


if __name__ == "__main__":
    main()
