"""Small whole documents of each kind that may be sent."""

import io
import os

import pypdf
from PIL import Image
from pypdf.generic import DictionaryObject, NameObject, NumberObject

from tests.support.servers import PDF


def picture(kind, **options):
    """A picture of random dots, so that nothing of it is compressed away."""
    content = io.BytesIO()
    Image.effect_noise((40, 40), 90).save(content, kind, **options)
    return content.getvalue()


def box(kind, content=b""):
    """One part of a HEIC file."""
    return (len(content) + 8).to_bytes(4) + kind + content


def encrypted_pdf(password="1234", algorithm="RC4-128", **entries):  # noqa: S107 - protects nothing
    """A PDF that opens with a password only; further entries describe how it is encrypted."""
    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt(password, "owner", algorithm=algorithm)
    for name, entry in entries.items():
        writer._encrypt_entry[NameObject(f"/{name}")] = entry
    content = io.BytesIO()
    writer.write(content)
    return content.getvalue()


def pdf_with_encrypted_attachments():
    """A PDF that opens without a password; only files attached to it are encrypted."""
    identity, standard = NameObject("/Identity"), NameObject("/StdCF")
    method = {NameObject("/CFM"): NameObject("/V2"), NameObject("/Length"): NumberObject(16)}
    filters = DictionaryObject({standard: DictionaryObject(method)})
    version = {"V": NumberObject(4), "R": NumberObject(4)}
    return encrypted_pdf("", CF=filters, StmF=identity, StrF=identity, EFF=standard, **version)


def pdf_of_size(size):
    """A PDF of so many bytes, with random ones between its pages and its end."""
    body, start = PDF.split(b"xref\n", 1)
    comment = b"%" + os.urandom((size - len(PDF) - 5) // 2).hex().encode() + b"\n"
    place = len(body) + len(comment)
    return body + comment + b"xref\n" + start.replace(b"\n180\n", b"\n%d\n" % place)


JPEG, PNG = picture("JPEG"), picture("PNG")
HEIC = box(b"ftyp", b"heic" + bytes(12)) + box(b"meta", bytes(30)) + box(b"mdat", bytes(99))

WHOLE = {".pdf": PDF, ".jpg": JPEG, ".png": PNG, ".heic": HEIC}
MEDIA_TYPES = {
    ".pdf": "application/pdf",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".heic": "image/heic",
}
