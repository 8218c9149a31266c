"""PDFs that mean harm, or have come to it: each made from a seed, and none larger than some megabytes.

`hostile_pdf(seed)` gives the name of a kind and the bytes. The seeds go round the kinds, so that any run of seeds as
long as `KINDS` has one of each.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Sequence
from functools import cache
from io import BytesIO

from made_gazettes import gazette
from reportlab.pdfgen.canvas import Canvas

from trio_pipeline.services.gazettes import make_gazette

__all__ = ["KINDS", "hostile_pdf"]

Source = random.Random

_CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
_RESOURCES = b"/Resources << /Font << /F 5 0 R >> /XObject << /X 6 0 R >> >>"
_PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R " + _RESOURCES + b" >>"
_ONE_PAGE = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
_LINE = b"BT /F 9 Tf 50 %d Td (Acordam os membros da turma em negar provimento) Tj ET\n"
_TEXT = b"".join(_LINE % height for height in range(700, 400, -20))


def hostile_pdf(seed: int) -> tuple[str, bytes]:
    """The kind and the bytes of one PDF."""
    names = sorted(KINDS)
    name = names[seed % len(names)]
    return name, KINDS[name](Source(seed))


def written(objects: Sequence[bytes], *, trailer: bytes = b"") -> bytes:
    """A PDF of numbered objects, the first of which is the catalog, with a table of where they are."""
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer << /Size %d /Root 1 0 R %b >>\n" % (len(objects) + 1, trailer)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """A stream object."""
    return b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(data), entries, data)


def one_page(
    content: bytes, *more: bytes, pages: bytes = _ONE_PAGE, page: bytes = _PAGE, trailer: bytes = b""
) -> bytes:
    """A PDF of one page with this content stream object; `more` are objects from the sixth on."""
    return written([_CATALOG, pages, page, content, _FONT, *(more or [b"null"])], trailer=trailer)


@cache
def _whole() -> bytes:
    """A good gazette, to be spoiled."""
    return make_gazette(gazette(), judgements=6).content()


def _packed(part: bytes, times: int) -> bytes:
    """The same bytes many times over, compressed."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(part) for _ in range(times)) + packer.flush()


# What has come to harm


def _truncated(source: Source) -> bytes:
    return _whole()[: source.randrange(len(_whole()))]


def _mutated(source: Source) -> bytes:
    content = bytearray(_whole())
    for _ in range(source.choice([1, 10, 100, 1000])):
        content[source.randrange(len(content))] = source.randrange(256)
    return bytes(content)


def _spliced(source: Source) -> bytes:
    """Pieces in another order, some of them twice."""
    content = _whole()
    cuts = sorted(source.randrange(len(content)) for _ in range(source.randrange(2, 20)))
    pieces = [content[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    return pieces[0] + b"".join(source.choices(pieces, k=len(pieces)))


def _wrong_table(source: Source) -> bytes:
    """A table of objects that leads astray, or in a circle."""
    content = one_page(stream(_TEXT))
    start = content.rindex(b"startxref")
    lies = [b"startxref\n%d\n%%%%EOF" % place for place in (0, start, len(content) * 2, -1, 10**30)]
    if source.random() < 0.3:
        table = content.index(b"xref\n0")
        return one_page(stream(_TEXT), trailer=b"/Prev %d" % table)
    return content[:start] + source.choice(lies)


def _no_pdf(source: Source) -> bytes:
    noise = source.randbytes(source.randrange(1, 5000))
    return source.choice(
        [
            b"",
            b"\n",
            b"%PDF-1.4\n",
            b"<html><title>Bloqueado</title></html>",
            b"PK\x03\x04" + noise,
            noise,
            bytes(10**6),
        ]
    )


# What means harm


def _nested_objects(source: Source) -> bytes:
    depth = source.choice([10, 100, 1000, 100_000])
    begin, end = source.choice([(b"[", b"]"), (b"<< /A ", b">>"), (b"[<< /B ", b">>]")])
    nested = begin * depth + end * depth
    if source.random() < 0.5:
        return one_page(stream(_TEXT + nested))
    return one_page(stream(_TEXT), page=_PAGE[:-2] + b"/Z " + nested + b">>")


def _deep_page_tree(source: Source) -> bytes:
    depth = source.choice([5, 200, 5000])
    nodes = [b"<< /Type /Pages /Kids [%d 0 R] /Count 1 /Parent %d 0 R >>" % (n + 1, n - 1) for n in range(7, 7 + depth)]
    page = _PAGE.replace(b"/Parent 2", b"/Parent %d" % (6 + depth))
    return one_page(stream(_TEXT), b"null", *nodes, page, pages=b"<< /Type /Pages /Kids [7 0 R] /Count 1 >>")


def _circle_of_pages(source: Source) -> bytes:
    kids = source.choice([b"2 0 R", b"1 0 R", b"3 0 R 2 0 R", b"2 0 R " * 50])
    count = source.choice([1, 2, 1000, 10**6])
    return one_page(stream(_TEXT), pages=b"<< /Type /Pages /Kids [%b] /Count %d >>" % (kids, count))


def _huge_page_count(source: Source) -> bytes:
    """More pages than there are, or one page many times."""
    if source.random() < 0.5:
        count = source.choice([21_000, 10**6, 2**31 - 1, 2**40, -5])
        return one_page(stream(_TEXT), pages=b"<< /Type /Pages /Kids [3 0 R] /Count %d >>" % count)
    count = source.choice([500, 25_000])
    return one_page(stream(_TEXT), pages=b"<< /Type /Pages /Kids [%b] /Count %d >>" % (b"3 0 R " * count, count))


def _encrypted(source: Source) -> bytes:
    if source.random() < 0.5:
        lie = source.choice([b"<< >>", b"<< /Filter /Standard /V 99 /R 99 >>", b"<< /Filter /Other >>"])
        return one_page(stream(_TEXT), trailer=b"/Encrypt " + lie)
    file = BytesIO()
    canvas = Canvas(file, encrypt=f"{source.random()}", invariant=1)
    canvas.drawString(50, 700, "Segredo")
    canvas.save()
    return file.getvalue()


def _bomb(source: Source) -> bytes:
    """A few kilobytes that unpack to a great deal, perhaps twice over."""
    part = source.choice([b" ", b"q ", b"[", b"0 0 m ", b"(a) Tj ", b"BT /F 1 Tf 9 9 Td (aaaaaaaaa) Tj ET "])
    size = source.choice([10**6, 10**6, 10**7, 10**7, 10**8, 2 * 10**9])
    data = _packed(part * (10**6 // len(part)), size // 10**6)
    if source.random() < 0.3:
        return one_page(stream(zlib.compress(data), b"/Filter [/FlateDecode /FlateDecode]"))
    return one_page(stream(data, b"/Filter /FlateDecode"))


def _long_text(source: Source) -> bytes:
    """Text without end, each word in a place of its own."""
    words = source.choice([10**3, 10**4, 10**5, 3 * 10**5])
    text = b"BT /F 1 Tf 1 0 0 1 0 790 Tm 1.1 TL\n" + b"(abcdefghij klmnopqrst) Tj T*\n" * words + b"ET"
    return one_page(stream(zlib.compress(text), b"/Filter /FlateDecode"))


def _forms_in_forms(source: Source) -> bytes:
    """Pictures that draw each other: in a circle, or each many times the next."""
    depth = source.choice([1, 2, 3, 10])
    times = source.choice([1, 1, 2, 10])
    forms = []
    for number in range(depth):
        following = 6 + (number + 1) % depth
        entries = b"/Type /XObject /Subtype /Form /BBox [0 0 600 800] "
        entries += b"/Resources << /Font << /F 5 0 R >> /XObject << /X %d 0 R >> >>" % following
        forms.append(stream(_LINE % (700 - number) + b"/X Do " * times, entries))
    return one_page(stream(b"/X Do"), *forms)


def _bad_font(source: Source) -> bytes:
    """A font whose table of characters is endless or nonsense."""
    ranges = source.choice([b"<0000> <FFFFFFFF> <0041>", b"<00> <FF> [" + b"<0041>" * 300 + b"]", b"<FF> <00> <D800>"])
    table = b"begincmap 1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfrange " + ranges
    unicode = stream(table + b" endbfrange endcmap")
    font = _FONT[:-2] + b"/ToUnicode 6 0 R /FirstChar 0 /LastChar %d /Widths [1 2 3] >>" % source.choice(
        [2, 255, 10**9]
    )
    return written([_CATALOG, _ONE_PAGE, _PAGE, stream(_TEXT), font, unicode])


def _scan(source: Source) -> bytes:
    side = source.choice([1, 100, 60_000])
    size = b"/Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8" % (side, side)
    picture = stream(source.randbytes(min(side * side, 10_000)), b"/Type /XObject /Subtype /Image " + size)
    return one_page(stream(b"q 600 0 0 800 0 0 cm /X Do Q"), picture)


KINDS: dict[str, Callable[[Source], bytes]] = {
    "bad font": _bad_font,
    "bomb": _bomb,
    "circle of pages": _circle_of_pages,
    "deep page tree": _deep_page_tree,
    "encrypted": _encrypted,
    "forms in forms": _forms_in_forms,
    "huge page count": _huge_page_count,
    "long text": _long_text,
    "mutated": _mutated,
    "nested objects": _nested_objects,
    "no PDF": _no_pdf,
    "scan": _scan,
    "spliced": _spliced,
    "truncated": _truncated,
    "wrong table": _wrong_table,
}
