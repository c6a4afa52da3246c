#!/usr/bin/env python3
"""Fills the corpora of the fuzz targets from folders of sample files.

    seeds.py CORPUS FOLDER...

Each file goes to the targets that read its format, told by content. Messages
are taken apart, archives opened, and the streams of PDF files inflated, so that
the fuzzer finds text where it would meet only compressed bytes. A file that is
no use is left out silently; large ones are too slow to be of use.
"""

import bz2
import email
import gzip
import hashlib
import io
import lzma
import random
import re
import struct
import sys
import zipfile
import zlib
from pathlib import Path

MOST = 64 << 10
APART = b"\x1e\x1f\x1e\x1f"
DEEPEST = 3
ARCHIVES = (b"PK", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"Rar!", b"\x5d\0\0", b"LZIP")
PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"BM")
TEXTS = (".ics", ".vcf", ".mbox", ".txt", ".json", ".hl7", ".ldif", ".ged")


class Corpus:
    def __init__(self, root):
        self.root = Path(root)

    def add(self, target, data):
        if not data or len(data) > MOST:
            return
        folder = self.root / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ("seed-" + hashlib.sha1(data).hexdigest()[:16])).write_bytes(data)


def take(corpus, name, data, depth=0):
    """Puts a file where it belongs, and what is in it."""
    if depth > DEEPEST or not data:
        return
    ending = Path(name).suffix.lower()
    if ending == ".eml" or data[:9].lower() in (b"received:", b"content-t"):
        message(corpus, data, depth)
    elif data.startswith(ARCHIVES) or data[257:262] == b"ustar":
        corpus.add("archives", data)
        opened(corpus, data, depth)
    elif data.startswith(b"\xd0\xcf\x11\xe0"):
        # A hundred thousand rounds for each input would find nothing more.
        data = data.replace(b'spinCount="100000"', b'spinCount="3"     ')
        corpus.add("ole", data)
        corpus.add("ole", b"@" + APART.join(streams(data)))
    elif b"%PDF-" in data[:1024]:
        corpus.add("pdf", data)
        corpus.add("pdf", inflated(data))
    elif data.startswith(b"{\\rt"):
        corpus.add("rtf", data)
    elif data.startswith(b"\x78\x9f\x3e\x22"):
        corpus.add("tnef", data)
    elif data.startswith(PICTURES):
        corpus.add("images", data)
    elif b"-----BEGIN " in data[:4096] or ending in (".pgp", ".gpg", ".asc", ".p7m", ".sig"):
        corpus.add("proofs", data)
    elif data.startswith(b"SQLite format 3\0"):
        corpus.add("tables", data)
    elif ending in (".csv", ".tsv", ".tab", ".sql", ".rds", ".parquet", ".dbf", ".sav", ".dta"):
        corpus.add("tables", data)
    elif re.search(rb"<(html|body|p|div|table)\b", data[:4096], re.I):
        corpus.add("html", b"\0" + data)
    elif ending in TEXTS:
        corpus.add("calendars", data)
        corpus.add("html", b"\xc1" + data)


def message(corpus, data, depth):
    corpus.add("messages", data)
    corpus.add("calendars", data)
    head = re.split(rb"\r?\n\r?\n", data, maxsplit=1)[0]
    corpus.add("headers", b"\0" + head[:4096])
    for field in re.split(rb"\r?\n(?![ \t])", head):
        corpus.add("headers", b"\1" + field.partition(b":")[2].strip())
    try:
        for part in email.message_from_bytes(data).walk():
            content = part.get_payload(decode=True)
            if content:
                name = str(part.get_filename() or part.get_content_type().replace("/", "."))
                take(corpus, name, content, depth + 1)
    except Exception as error:  # The samples are made to upset parsers.
        print(f"not taken apart: {type(error).__name__}", file=sys.stderr)


def streams(data):
    """The streams of a compound file, as the target wants them; what is not
    found by following the tables of an orderly file is left out."""
    number = lambda at, size=4: int.from_bytes(data[at : at + size], "little")
    size = 1 << number(30, 2)
    sector = lambda at: data[(at + 1) * size : (at + 2) * size]
    words = lambda text: [int.from_bytes(text[at : at + 4], "little") for at in range(0, len(text), 4)]
    table = [next for at in words(data[76:512]) if at < 0xFFFFFFF0 for next in words(sector(at))]

    def chain(at, links):
        seen = []
        while at < len(links) and len(seen) < 4096:
            seen.append(at)
            at = links[at]
        return seen

    whole = lambda at: b"".join(map(sector, chain(at, table)))
    folder, small = whole(number(48)), words(whole(number(60)))
    entries = [folder[at : at + 128] for at in range(0, len(folder), 128)]
    short = whole(int.from_bytes(entries[0][116:120], "little")) if entries else b""
    field = lambda entry, at: int.from_bytes(entry[at : at + 4], "little")

    def walk(at, path):
        if at >= len(entries) or len(path) > 400:
            return
        entry = entries[at]
        name = entry[: max(0, int.from_bytes(entry[64:66], "little") - 2)].decode("utf-16le", "replace")
        yield from walk(field(entry, 68), path)
        yield from walk(field(entry, 72), path)
        if entry[66] == 2:
            start, length = field(entry, 116), field(entry, 120)
            if length >= 4096:
                content = whole(start)[:length]
            else:
                pieces = (short[at * 64 : at * 64 + 64] for at in chain(start, small))
                content = b"".join(pieces)[:length]
            yield f"{path}/{name}\n".encode() + content
        else:
            yield from walk(field(entry, 76), f"{path}/{name}")

    return list(walk(field(entries[0], 76), "")) if entries else []


def opened(corpus, data, depth):
    """Members of an archive; those of an office document as the target wants them."""
    try:
        if data.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                members = [(i.filename, archive.read(i)) for i in archive.infolist() if i.file_size < MOST]
            names = {name for name, _ in members}
            if names & {"[Content_Types].xml", "mimetype", "content.xml"}:
                corpus.add("office", data)
                texts = [name.encode() + b"\n" + body.replace(b"\x1e", b" ") for name, body in members]
                corpus.add("office", b"\x1e".join(texts))
                return
            for name, body in members:
                take(corpus, name, body, depth + 1)
        else:
            openers = {b"\x1f": gzip.decompress, b"B": bz2.decompress, b"\xfd": lzma.decompress}
            unpack = openers.get(data[:1])
            if unpack:
                take(corpus, "inner.txt", unpack(data)[:MOST], depth + 1)
    except Exception as error:  # Damaged on purpose, or locked.
        print(f"not opened: {type(error).__name__}", file=sys.stderr)


def inflated(data):
    """A PDF whose deflated streams stand open; its table of places is wrong then,
    which the reader must stand."""

    def plain(found):
        try:
            text = zlib.decompressobj().decompress(found[3], MOST)
        except zlib.error:
            return found[0]
        head = re.sub(rb"/Filter\s*(/FlateDecode|\[\s*/FlateDecode\s*\])", b"", found[1])
        head = re.sub(rb"/Length\s+\d+(\s+\d+\s+R)?", b"/Length %d" % len(text), head)
        return head + found[2] + text + b"\nendstream"

    return re.sub(rb"(<<(?:(?!stream).){0,600}?>>\s*)(stream\r?\n)(.*?)\r?\n?endstream", plain, data, flags=re.S)


def made(corpus):
    """Seeds that stand in no file."""
    dice = random.Random(20261123)
    for length in (20, 40, 80, 160, 320, 320, 640, 640):
        for _ in range(8):
            corpus.add("pipeline", dice.randbytes(length))
            corpus.add("milter_frames", b"\1" + dice.randbytes(length))
            corpus.add("digits", b"\1" + dice.randbytes(length // 4))
    for length in (9, 11, 12, 16):
        corpus.add("digits", b"\0" + dice.randbytes(length))

    def frame(command, payload):
        return struct.pack(">I", len(payload) + 1) + command + payload

    steps = [
        frame(b"O", struct.pack(">III", 6, 0x1FF, 0x1FFFFF)),
        frame(b"C", b"mx.example\x004\x00\x19192.0.2.1\0"),
        frame(b"M", b"<kari@cpm.example>\0"),
        frame(b"R", b"<ola@partner.example>\0"),
        frame(b"L", b"Subject\0Hei\0"),
        frame(b"N", b""),
        frame(b"B", b"Hei.\r\n"),
        frame(b"E", b""),
    ]
    for end in range(1, len(steps) + 1):
        corpus.add("milter_frames", b"\0" + b"".join(steps[:end]))
    request = b"\0\1a" + bytes([127, 127, 100, 16, 50, 8, 0, 0, 0]) + b"\x7f\5"
    corpus.add("worker_frames", b"\0" + struct.pack(">IB", len(request), 1) + request + b"hello")
    answer = b"\1\3\1\1a\3fnr\1\0\1x\1\0\1\1h" + b"\0\0"
    corpus.add("worker_frames", b"\1" + answer)


def documents(corpus):
    """The smallest documents of the old Office programs, in streams."""
    text = b"Fnr 13827830652\r"
    head = bytearray(0x400)
    head[0:4], head[10:12] = b"\xec\xa5\xc1\0", b"\0\x02"
    pieces = struct.pack("<IIHIH", 0, len(text), 0, 0x40000000 | 0x400 << 1, 0)
    clx = b"\2" + struct.pack("<I", len(pieces)) + pieces
    head[0x4C:0x50] = struct.pack("<I", len(text))
    head[0x1A2:0x1AA] = struct.pack("<II", 0, len(clx))
    corpus.add("ole", b"@WordDocument\n" + bytes(head) + text + APART + b"1Table\n" + clx)
    shapes = [struct.pack("<HHI", 0, kind, len(text)) + text for kind in (4000, 4008, 4026)]
    slides = b"".join(struct.pack("<HHI", 15, kind, 0) for kind in (1000, 1006)) + b"".join(shapes)
    corpus.add("ole", b"@PowerPoint Document\n" + slides + APART + b"Current User\n" + bytes(20))
    wide = "Fnr 13827830652".encode("utf-16le")
    item = [b"__substg1.0_0037001F\n" + wide, b"__substg1.0_1000001F\n" + wide, b"__properties_version1.0\n" + bytes(48)]
    attached = b"__attach_version1.0_#00000000/__substg1.0_"
    item += [attached + b"3707001F\n" + wide, attached + b"37010102\n" + text]
    corpus.add("ole", b"@" + APART.join(item))


def packs(corpus, folder):
    for path in sorted(folder.rglob("*.toml")):
        text = path.read_bytes()
        corpus.add("rules", text)
        for rule in re.split(rb"\n(?=\[\[rule\]\]|\[\[combine\]\])", text)[1:]:
            body = re.sub(rb"\A\[\[rule\]\]\nid = .*\ntitle = .*\n", b"+", rule)
            if body.startswith(b"+"):
                corpus.add("rules", body)


def main(root, *folders):
    corpus = Corpus(root)
    made(corpus)
    documents(corpus)
    for folder in map(Path, folders):
        packs(corpus, folder)
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.stat().st_size <= 4 * MOST:
                take(corpus, path.name, path.read_bytes())


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__.strip())
    main(*sys.argv[1:])
