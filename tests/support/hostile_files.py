"""Files made to hurt whoever reads them: bombs, loops, and numbers beyond any page."""

from __future__ import annotations

import random
import struct
import zlib
from functools import cache
from typing import TYPE_CHECKING

from tests.support.raw_pdfs import HELVETICA, form, image, page_of, pdf_of, stream

if TYPE_CHECKING:
    from collections.abc import Callable

MANY = 200_000


def bomb(content: bytes, times: int, packed: int) -> bytes:
    """A stream of many times the same, deflated so many times, without ever making it whole."""
    deflate = zlib.compressobj(9, wbits=-15)
    block = deflate.compress(content) + deflate.flush(zlib.Z_FULL_FLUSH)
    data = b"\x78\xda" + block * times + b"\x03\x00"
    for _ in range(packed - 1):
        data = zlib.compress(data, 9)
    entries = b"/Filter[%s]/Length %d" % (b"/FlateDecode" * packed, len(data))
    return b"<<%s>>stream\n%s\nendstream" % (entries, data)


def drawn(picture: bytes, times: int = 1, *more: bytes) -> bytes:
    return page_of(
        b"q 612 0 0 792 0 0 cm /X Do Q\n" * times,
        picture,
        *more,
        resources=b"/XObject<</X 5 0 R>>",
    )


def forms_in_forms(times: int, depth: int) -> bytes:
    """Each form draws the next so many times."""
    more = [
        form(b"/X Do " * times, b"/XObject<</X %d 0 R>>" % (number + 1))
        for number in range(5, 5 + depth)
    ]
    last = form(b"BT /F1 9 Tf (1.00) Tj ET", HELVETICA)
    return page_of(b"/X Do", *more, last, resources=b"/XObject<</X 5 0 R>>")


def page_tree(times: int, depth: int) -> bytes:
    nodes = [
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (times**2, b"%d 0 R " % (number + 1) * times)
        for number in range(2, 2 + depth)
    ]
    leaf = b"<</Type/Page/MediaBox[0 0 9 9]>>"
    return pdf_of(b"<</Type/Catalog/Pages 2 0 R>>", *nodes, leaf)


def annotations(count: int, appearance: bytes = b"") -> bytes:
    note = b"<</Type/Annot/Subtype/Square/Rect[10 10 90 90]%s>>" % appearance
    drawing = form(b"0 0 9 9 re f")
    return page_of(b"", note, drawing, page=b"/Annots[%s]" % (b"5 0 R " * count))


def fonts(entries: bytes, *more: bytes, text: bytes = b"(1234.56)") -> bytes:
    return page_of(
        b"BT /F2 9 Tf 9 700 Td %s Tj ET" % text,
        b"<</Type/Font/FirstChar 0/LastChar 255/Widths[%s]%s>>" % (b"600 " * 256, entries),
        *more,
        resources=b"/Font<</F2 5 0 R>>",
    ).replace(HELVETICA, b"")


def font_program(kind: bytes, subtype: bytes, program: bytes, entries: bytes = b"") -> bytes:
    descriptor = b"<</Type/FontDescriptor/FontName/Odd/Flags 4/FontBBox[0 0 1 1]/%s 7 0 R>>" % kind
    name = b"/Subtype/%s/BaseFont/Odd/FontDescriptor 6 0 R" % subtype
    return fonts(name, descriptor, stream(program, entries))


@cache
def noise(count: int) -> bytes:
    return random.Random(7).randbytes(count)  # noqa: S311 - the same at each run


def revisions(count: int) -> bytes:
    data = page_of(b"BT /F1 9 Tf 9 700 Td (Net Pay 1.00) Tj ET")
    for _ in range(count):
        previous = data.rfind(b"xref\n0")
        previous = int(data.rsplit(b"startxref\n", 1)[1].split()[0])
        start = len(data)
        data += b"xref\n0 0\ntrailer<</Size 5/Root 1 0 R/Prev %d>>\n" % previous
        data += b"startxref\n%d\n%%%%EOF\n" % start
    return data


def loop_of_tables() -> bytes:
    data = page_of(b"")
    start = data.rsplit(b"startxref\n", 1)[1].split()[0]
    return data.replace(b"/Root 1 0 R", b"/Root 1 0 R/Prev " + start)


def fields(count: int) -> bytes:
    widget = b"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V(1.00)/DA(/F1 9 Tf)/Rect[9 9 99 20]>>"
    kids = b"5 0 R " * count
    return page_of(
        b"", widget, page=b"/Annots[%s]" % kids, catalog=b"/AcroForm<</Fields[%s]>>" % kids
    )


def field_loop() -> bytes:
    return page_of(
        b"",
        b"<</FT/Tx/T(a)/Kids[6 0 R]/Parent 6 0 R>>",
        b"<</T(b)/Kids[5 0 R]/Parent 5 0 R/Subtype/Widget/Rect[0 0 9 9]>>",
        page=b"/Annots[5 0 R 6 0 R]",
        catalog=b"/AcroForm<</Fields[5 0 R]>>",
    )


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    parts = (
        chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100_000))) + chunk(b"IEND", b"")
    )
    return b"\x89PNG\r\n\x1a\n" + parts


def jpeg(width: int, height: int) -> bytes:
    sides = struct.pack(">HH", height, width)
    head = b"\xff\xc0\x00\x11\x08" + sides + b"\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
    tables = b"\xff\xdb\x00\x43\x00" + b"\x01" * 64
    scan = b"\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00" + noise(5_000)
    return b"\xff\xd8" + tables + head + scan + b"\xff\xd9"


def text_lines(count: int, text: bytes = b"Net Pay 1.00") -> bytes:
    lines = [b"1 0 0 1 %d %d Tm (%s) Tj\n" % (n % 500, n % 780, text) for n in range(count)]
    return page_of(b"BT /F1 5 Tf " + b"".join(lines) + b"ET")


def chain(count: int) -> bytes:
    """Each object says no more than where the next one is."""
    links = [b"%d 0 R" % (number + 1) for number in range(5, 5 + count)]
    return page_of(b"", *links, b"[0 0 9 9]", page=b"/CropBox 5 0 R")


PATTERN = b"/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 1 1]"
PAINT = b"/Pattern cs /P scn 0 0 612 792 re f"
WIDE = b"/Width 60000/Height 60000/BitsPerComponent 1/ColorSpace/DeviceGray"
LOOPING_MARK = b"<</Type/OCMD/VE[/And 5 0 R 5 0 R]>>"
LAYERED = b"/OC /L BDC BT /F1 9 Tf (1.00) Tj ET EMC"
ENCRYPTED = b"/Encrypt<</Filter/Standard/V 5/R 6/Length 256/O(a)/U(b)/OE()/UE()/P -1>>/ID[(a)(b)]"
LAUGHS = b"".join(
    b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10 if n else b"1.00") for n in range(12)
)
XMP = b'<?xpacket begin=""?><!DOCTYPE x [%s]><x:xmpmeta>&l11;</x:xmpmeta>' % LAUGHS

HOSTILE: dict[str, Callable[[], bytes]] = {
    "3,000 dictionaries in each other": lambda: page_of(b"", b"<</A" * 3000 + b"1" + b">>" * 3000),
    "arrays in each other": lambda: page_of(b"[" * MANY, b"[" * 3000 + b"]" * 3000),
    "3,000 objects in a chain": lambda: chain(3000),
    "a tree of pages 3,000 deep": lambda: page_tree(1, 3000),
    "a tree of a billion pages": lambda: page_tree(10, 9),
    "a tree of pages that is a loop": lambda: pdf_of(
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Parent 2 0 R/Count 9>>"
    ),
    "a form that draws itself": lambda: page_of(
        b"/X Do", form(b"/X Do /X Do", b"/XObject<</X 5 0 R>>"), resources=b"/XObject<</X 5 0 R>>"
    ),
    "forms, each drawing the next twice": lambda: forms_in_forms(2, 40),
    "forms, each drawing the next a thousand times": lambda: forms_in_forms(1000, 5),
    "a content of a gigabyte": lambda: page_of(b"", contents=bomb(bytes(10**7), 100, 1)),
    "a content deflated three times": lambda: page_of(
        b"", contents=bomb(b"0 0 m " * 1_000_000, 50, 3)
    ),
    "a content in run lengths": lambda: page_of(
        b"", contents=stream(b"\x81 " * 5_000_000, b"/Filter/RunLengthDecode")
    ),
    "a huge page": lambda: page_of(b"0 0 9 9 re f", box=b"0 0 1e9 1e9"),
    "a page as thin as a thread": lambda: page_of(b"BT /F1 9 Tf (1) Tj ET", box=b"0 0 1 1e8"),
    "a page of no size": lambda: page_of(b"BT /F1 9 Tf (1) Tj ET", box=b"5 5 5 5"),
    "a page of numbers beyond any": lambda: page_of(
        b"1e38 0 0 1e38 1e38 -1e38 cm 9e99 9e99 9e99 9e99 re f BT /F1 1e30 Tf (1) Tj ET",
        box=b"-1e400 0 1e400 9",
    ),
    "an empty matrix": lambda: page_of(b"0 0 0 0 0 0 cm BT /F1 9 Tf (1) Tj ET 0 0 9 9 re f"),
    "200,000 annotations": lambda: annotations(MANY),
    "20,000 annotations with a picture each": lambda: annotations(20_000, b"/AP<</N 6 0 R>>"),
    "200,000 form fields": lambda: fields(MANY),
    "form fields in a loop": field_loop,
    "form fields, each with the next twice": lambda: page_of(
        b"",
        *[b"<</Kids[%d 0 R %d 0 R]>>" % (number, number) for number in range(6, 46)],
        b"<</FT/Tx/T(a)/V(1.00)>>",
        catalog=b"/AcroForm<</Fields[5 0 R]>>",
    ),
    "a map to Unicode without end": lambda: fonts(
        b"/Subtype/Type1/BaseFont/Odd/ToUnicode 6 0 R",
        stream(b"1 beginbfrange\n" + b"<00> <ff> <0041>\n" * 2_000_000 + b"endbfrange", packed=1),
    ),
    "a map to Unicode of one great range": lambda: fonts(
        b"/Subtype/Type1/BaseFont/Odd/ToUnicode 6 0 R",
        stream(b"1 beginbfrange <00000000> <ffffffff> <0041> endbfrange"),
    ),
    "a font of noise": lambda: font_program(b"FontFile2", b"TrueType", noise(50_000)),
    "a compact font of noise": lambda: font_program(
        b"FontFile3", b"Type1", b"\1\0\4\1" + noise(50_000), b"/Subtype/Type1C"
    ),
    "an old font of noise": lambda: font_program(
        b"FontFile", b"Type1", b"%!PS-AdobeFont-1.0\neexec " + noise(50_000), b"/Length1 20"
    ),
    "a font whose letters write themselves": lambda: page_of(
        b"BT /F2 9 Tf (aaaa) Tj ET",
        b"<</Type/Font/Subtype/Type3/FontBBox[0 0 1e9 1e9]/FontMatrix[1 0 0 1 0 0]"
        b"/CharProcs<</a 6 0 R>>/Encoding<</Differences[97/a]>>/FirstChar 97/LastChar 97"
        b"/Widths[1]/Resources<</Font"
        b"<</F2 5 0 R>>>>>>",
        stream(b"1 0 d0 BT /F2 9 Tf (aaaa) Tj ET"),
        resources=b"/Font<</F2 5 0 R>>",
    ).replace(HELVETICA, b""),
    "an image of 60,000 by 60,000": lambda: drawn(image(WIDE, b"")),
    "an image that is drawn 20,000 times": lambda: drawn(
        image(b"/Width 3000/Height 3000/BitsPerComponent 8/ColorSpace/DeviceGray/SMask 6 0 R", b""),
        20_000,
        image(b"/Width 3000/Height 3000/BitsPerComponent 8/ColorSpace/DeviceGray", b"\x80" * 9**7),
    ),
    "a JPEG of 65,000 by 65,000": lambda: drawn(
        image(b"/Width 65000/Height 65000/Filter/DCTDecode", jpeg(65_000, 65_000))
    ),
    "a JBIG2 of noise": lambda: drawn(image(WIDE + b"/Filter/JBIG2Decode", noise(9_000))),
    "a JPEG 2000 of noise": lambda: drawn(
        image(b"/Width 9/Height 9/Filter/JPXDecode", b"\xff\x4f\xff\x51" + noise(9_000))
    ),
    "a fax of a billion columns": lambda: drawn(
        image(
            WIDE + b"/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns 1000000000>>", noise(9_000)
        )
    ),
    "a pattern of tiny steps": lambda: page_of(
        PAINT,
        stream(b"0 0 1 1 re f", PATTERN + b"/XStep 0.0001/YStep 0.0001/Resources<<>>"),
        resources=b"/Pattern<</P 5 0 R>>",
    ),
    "a pattern painted with itself": lambda: page_of(
        PAINT,
        stream(PAINT, PATTERN + b"/XStep 1/YStep 1/Resources<</Pattern<</P 5 0 R>>>>"),
        resources=b"/Pattern<</P 5 0 R>>",
    ),
    "a shading by a great table": lambda: page_of(
        b"/S sh",
        b"<</ShadingType 1/ColorSpace/DeviceRGB/Function 6 0 R>>",
        stream(
            b"",
            b"/FunctionType 0/Domain[0 1 0 1]/Range[0 1 0 1 0 1]/Size[65535 65535]"
            b"/BitsPerSample 32",
        ),
        resources=b"/Shading<</S 5 0 R>>",
    ),
    "a state saved without end": lambda: page_of(b"q " * 3_000_000),
    "3,000 clips in each other": lambda: page_of(
        b"0 0 500 500 re W n " * 3000 + b"BT /F1 9 Tf 9 9 Td (1.00) Tj ET " * 3000
    ),
    "a million shapes": lambda: page_of(b"0 0 9 9 re f\n" * 1_000_000),
    "one shape of a million frames": lambda: page_of(b"0 0 9 9 re\n" * 1_000_000 + b"f"),
    "a text of 5 MB": lambda: page_of(b"BT /F1 9 Tf (" + b"1.00 " * 1_000_000 + b") Tj ET"),
    "200,000 texts": lambda: text_lines(MANY),
    "30,000 texts at one place": lambda: page_of(
        b"".join(b"BT /F1 9 Tf 9 700 Td (%d.00) Tj ET\n" % n for n in range(30_000))
    ),
    "a text to stall regular expressions": lambda: page_of(
        b"BT /F1 9 Tf 10 700 Td (Net Pay %s) Tj 0 -20 Td (%s) Tj ET"
        % (b"1," * MANY, b"startxref " * 20_000)
    ),
    "marks in marks": lambda: page_of(
        b"/Span<</ActualText(9)>>BDC " * 5_000 + b"BT /F1 9 Tf (1.00) Tj ET " * 50
    ),
    "an ActualText of 5 MB": lambda: page_of(
        b"/Span<</ActualText(%s)>>BDC BT /F1 9 Tf (1.00) Tj ET EMC" % (b"9" * 5_000_000)
    ),
    "a layer that depends on itself": lambda: page_of(
        LAYERED, LOOPING_MARK, resources=b"/Properties<</L 5 0 R>>"
    ),
    "a million ends": lambda: page_of(b"") + b"startxref\n9\n%%EOF\n" * 1_000_000,
    "40 MB of objects without one": lambda: b"%PDF-1.7\n" + b"1 0 obj " * 5_000_000,
    "cross-references in a loop": loop_of_tables,
    "2,000 revisions": lambda: revisions(2_000),
    "a length that is its own stream": lambda: page_of(b"").replace(
        b"/Length", b"/Length 4 0 R/Was"
    ),
    "an encryption of nothing": lambda: pdf_of(
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>", trailer=ENCRYPTED
    ),
    "a billion laughs": lambda: page_of(
        b"", stream(XMP, b"/Type/Metadata/Subtype/XML"), catalog=b"/Metadata 5 0 R"
    ),
    "a signature of every byte and more": lambda: page_of(
        b"",
        b"<</FT/Sig/T(s)/V<</Type/Sig/ByteRange[0 -1 %s 2147483647]/Contents<00>>>>>"
        % (b"1 " * 9999),
        catalog=b"/AcroForm<</Fields[5 0 R]/SigFlags 3>>",
    ),
    "an end at the beginning": lambda: b"%PDF-1.7\n%%EOF",
    "noise": lambda: b"%PDF-1.7\n" + noise(300_000),
    "a PNG of 50,000 by 50,000": lambda: png(50_000, 50_000),
    "a JPEG picture of 65,000 by 65,000": lambda: jpeg(65_000, 65_000),
}
