"""PDFs for tests, as a printer would make them: lines of text, and pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

__all__ = ["picture", "printed"]

Picture = Callable[[Canvas], object]


def printed(path: Path, *pages: Sequence[str | Picture], **options: object) -> str:
    """A PDF with lines of text and pictures; returns its path."""
    canvas = Canvas(str(path), invariant=1, **options)
    for lines in pages:
        for number, line in enumerate(lines):
            if callable(line):
                line(canvas)
            else:
                canvas.drawString(50, 800 - 20 * number, line)
        canvas.showPage()
    canvas.save()
    return str(path)


def picture(left: float, bottom: float, width: float, height: float) -> Picture:
    """A picture, in points from the left and the bottom of the page."""
    image = ImageReader(Image.new("L", (8, 8), 200))
    return lambda canvas: canvas.drawImage(image, left, bottom, width, height)
