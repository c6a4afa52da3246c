"""Mutations of the tree: nesting, types, charsets, encodings, delimiters.

Each takes the generator and the base, and answers False when there was
nothing to change.
"""

from plant import envelope, leaf, multipart
from tree import CRLF, Part, uuencode, yencode

# Charsets with the names that mail uses for them.
CHARSETS = {
    "utf-8": ["utf-8", "UTF-8", "utf8"],
    "iso8859-1": ["iso-8859-1", "latin1", "ISO-8859-1"],
    "iso8859-15": ["iso-8859-15"],
    "cp1252": ["windows-1252", "cp1252", "x-cp1252"],
    "cp850": ["cp850", "ibm850"],
    "mac-roman": ["macintosh", "x-mac-roman"],
    "koi8-r": ["koi8-r"],
    "iso2022_jp": ["iso-2022-jp"],
    "shift_jis": ["shift_jis"],
    "gb18030": ["gb18030", "gb2312", "gbk"],
    "big5": ["big5"],
    "euc_kr": ["euc-kr", "ks_c_5601-1987"],
    "hz": ["hz-gb-2312"],
    "utf-7": ["utf-7", "unicode-1-1-utf-7"],
    "utf-16": ["utf-16", "UTF-16"],
    "utf-16-le": ["utf-16le"],
    "utf-16-be": ["utf-16be"],
    "utf-32": ["utf-32"],
    "utf-32-le": ["utf-32le"],
    "cp037": ["cp037", "ibm037"],
    "cp500": ["cp500", "ibm500"],
    "cp1140": ["cp1140"],
}
WIDE = ("utf-16", "utf-32", "cp037", "cp500", "cp1140")
SUBTYPES = [
    b"mixed",
    b"alternative",
    b"related",
    b"parallel",
    b"report",
    b"signed",
    b"x-unknown",
    b"form-data",
    b"digest",
]


def a_leaf(rng, base):
    """Mostly the one with the number."""
    planted = base.planted()
    return rng.choice(planted if planted and rng.random() < 0.85 else base.leaves())


def set_charset(part, label):
    rest = [p for p in part.parameters().split(b";")[1:] if not p.strip().lower().startswith(b"charset")]
    media = part.type() or b"text/plain"
    part.put(b"Content-Type", b";".join([media, b" charset=" + label.encode(), *rest]))


def wrap(rng, base):
    base.root = wrapped(rng, base.root, rng.choice(SUBTYPES))


def wrapped(rng, root, subtype):
    """`root` as a part of a new message that keeps its envelope."""
    outer, inner = [], []
    for field in root.fields:
        (inner if field.name.lower().startswith(b"content-") else outer).append(field)
    root.fields = inner
    parts = [root, leaf(rng)] if rng.random() < 0.5 else [leaf(rng), root]
    return multipart(rng, subtype, parts, outer)


def deepen(rng, base):
    for _ in range(rng.randrange(2, 6)):
        base.root = wrapped(rng, base.root, rng.choice(SUBTYPES[:3]))


def bury(rng, base):
    """Deeper than anybody writes."""
    for _ in range(rng.choice([8, 12, 20, 40, 60])):
        base.root = wrapped(rng, base.root, b"mixed")


def forward(rng, base):
    carrier = Part([], message=base.root)
    carrier.put(
        b"Content-Type", rng.choice([b"message/rfc822", b'message/rfc822; name="sak.eml"', b"Message/RFC822"])
    )
    base.root = multipart(rng, b"mixed", [leaf(rng), carrier], envelope(rng))


def forward_encoded(rng, base):
    """Not allowed by RFC 2046, and understood by most."""
    carrier = Part([], message=base.root)
    carrier.put(b"Content-Type", rng.choice([b"message/rfc822", b"message/global"]))
    carrier.encode_as(rng.choice(["base64", "quoted-printable"]))
    base.root = multipart(rng, b"mixed", [leaf(rng), carrier], envelope(rng))


def forward_bare(rng, base):
    """The message is a message, without a multipart around it."""
    carrier = Part(envelope(rng), message=base.root)
    carrier.put(b"Content-Type", b"message/rfc822")
    base.root = carrier


def forward_as_file(rng, base):
    carrier = Part([], message=base.root)
    carrier.put(b"Content-Type", rng.choice([b"application/octet-stream", b"text/plain", b"application/eml"]))
    carrier.put(b"Content-Disposition", b'attachment; filename="sak.eml"')
    carrier.encode_as(rng.choice(["base64", "quoted-printable", "8bit"]))
    base.root = multipart(rng, b"mixed", [leaf(rng), carrier], envelope(rng))


def partial(rng, base):
    carrier = Part(envelope(rng), message=base.root)
    carrier.put(b"Content-Type", b'message/partial; id="a@b"; number=1; total=%d' % rng.choice([1, 2]))
    base.root = carrier


def siblings(rng, base):
    for part in base.root.walk():
        if part.parts is not None:
            for _ in range(rng.randrange(1, 4)):
                part.parts.insert(rng.randrange(len(part.parts) + 1), leaf(rng))
            return None
    return False


def subtype(rng, base):
    for part in base.root.walk():
        if part.parts is not None and part.type():
            value = part.value(b"Content-Type")
            part.put(b"Content-Type", value.replace(part.type(), b"multipart/" + rng.choice(SUBTYPES), 1))
            return None
    return False


def charset(rng, base):
    part = a_leaf(rng, base)
    if not isinstance(part.text, str):
        return False
    part.codec = rng.choice(list(CHARSETS))
    set_charset(part, rng.choice(CHARSETS[part.codec]))
    if part.codec.startswith(WIDE):
        part.encode_as("base64")
    return None


def charset_lie(rng, base):
    part = a_leaf(rng, base)
    if not isinstance(part.text, str):
        return False
    part.codec = rng.choice(list(CHARSETS))
    told = rng.choice([c for c in CHARSETS if c != part.codec])
    set_charset(part, rng.choice(CHARSETS[told]))
    if part.codec.startswith(WIDE):
        part.encode_as("base64")
    return None


def charset_label(rng, base):
    labels = [
        '"utf-8"',
        "UTF-8",
        '" utf-8 "',
        "utf-8 (norsk)",
        "unknown-8bit",
        "x-ukjent",
        '""',
        "us-ascii",
        "utf-8;",
    ]
    labels += [
        "=?us-ascii?Q?utf-8?=",
        "'utf-8'",
        "utf_8",
        "utf8; charset=utf-16",
        "utf-16; charset=utf-8",
        "iso8859_1",
    ]
    labels += [
        "ansi_x3.4-1968",
        "binary",
        "default",
        "utf-8//IGNORE",
        "quopri",
        "rot13",
        "hex",
        "idna",
        "punycode",
    ]
    set_charset(a_leaf(rng, base), rng.choice(labels))


def charset_extended(rng, base):
    part = a_leaf(rng, base)
    set_charset(part, "utf-8")
    value = part.value(b"Content-Type")
    new = rng.choice([b"charset*=us-ascii'en'utf-8", b"charset*0=utf; charset*1=-8", b"CHARSET=utf-8"])
    part.put(b"Content-Type", value.replace(b"charset=utf-8", new))


def no_charset(rng, base):
    part = a_leaf(rng, base)
    part.put(b"Content-Type", part.type() or b"text/plain")


def byte_order_mark(rng, base):
    part = a_leaf(rng, base)
    if not isinstance(part.text, str):
        return False
    part.text = "\ufeff" + part.text
    return None


def false_mark(rng, base):
    """A mark of another charset in front of the text."""
    part = a_leaf(rng, base)
    mark = rng.choice([b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"+/v8-", b"\xef\xbb\xbf"])
    part.text = mark + part.octets()


def encoding(rng, base):
    a_leaf(rng, base).encode_as(rng.choice(["base64", "quoted-printable", "8bit", "binary", "7bit", None]))


def uu_encoding(rng, base):
    part = a_leaf(rng, base)
    part.encode_as("x-uuencode")
    part.put(
        b"Content-Transfer-Encoding",
        rng.choice([b"x-uuencode", b"uuencode", b"x-uue", b"uue", b"X-UUENCODE"]),
    )


def uu_inline(rng, base):
    part = a_leaf(rng, base)
    part.text = (
        b"Hei\r\n\r\n" + uuencode(part.octets(), rng.choice([b"notat.txt", b"", b"a b.txt"])) + b"Hilsen\r\n"
    )
    part.encode_as(rng.choice(["7bit", "8bit", "quoted-printable", "base64", None]))


def yenc_inline(rng, base):
    part = a_leaf(rng, base)
    part.text = yencode(part.octets(), b"notat.txt")
    part.encode_as(rng.choice(["8bit", "base64"]))


def media_type(rng, base):
    part = a_leaf(rng, base)
    types = [
        b"text/html",
        b"text/x-ukjent",
        b"text/enriched",
        b"text/rtf",
        b"application/octet-stream",
        b"image/png",
    ]
    types += [
        b"application/pdf",
        b"text",
        b"text/",
        b"/plain",
        b"text/plain/x",
        b"text plain",
        b"application/zip",
    ]
    types += [
        b"application/json",
        b"text/xml",
        b"message/delivery-status",
        b"message/disposition-notification",
    ]
    types += [
        b"text/rfc822-headers",
        b"application/pgp-signature",
        b"application/x-tar",
        b"audio/basic",
        b"x/y",
    ]
    types += [
        b"TEXT/PLAIN",
        b"Text/Html",
        b"text/csv",
        b"text/directory",
        b"application/ms-tnef",
        b"message/x-odd",
    ]
    part.put(b"Content-Type", rng.choice(types) + part.parameters())


def flowed(rng, base):
    part = a_leaf(rng, base)
    extra = rng.choice([b"; format=flowed", b"; format=flowed; delsp=yes", b"; FORMAT=Flowed"])
    part.put(b"Content-Type", (part.value(b"Content-Type") or b"text/plain") + extra)


def quoted_reply(rng, base):
    part = a_leaf(rng, base)
    if not isinstance(part.text, str):
        return False
    mark = rng.choice(["> ", ">", ">> ", "| "])
    part.text = "".join(mark + line for line in part.text.splitlines(keepends=True))
    return None


def long_line(rng, base):
    part = a_leaf(rng, base)
    if not isinstance(part.text, str):
        return False
    part.text = "ord " * rng.choice([200, 300, 3000]) + part.text
    return None


def preamble(rng, base):
    return beside_parts(rng, base, "preamble")


def epilogue(rng, base):
    return beside_parts(rng, base, "epilogue")


def beside_parts(rng, base, where):
    """Text, and now and then the number, outside all parts."""
    multiparts = [p for p in base.root.walk() if p.parts is not None]
    if not multiparts:
        return False
    text = rng.choice(["Denne meldingen er i MIME-format.", "fnr " + base.plant.written]).encode()
    setattr(rng.choice(multiparts), where, text + CRLF)
    return None


def entity_outside(rng, base):
    """A whole part with head and body, before or after all parts."""
    multiparts = [p for p in base.root.walk() if p.parts is not None]
    if not multiparts:
        return False
    part = rng.choice(multiparts)
    hidden = leaf(rng, text="fnr " + base.plant.written + "\n").write() + CRLF
    if rng.random() < 0.5:
        part.preamble = hidden
    else:
        part.epilogue = hidden if rng.random() < 0.5 else b"--" + part.boundary + CRLF + hidden
    return None


MILD = [
    wrap,
    deepen,
    forward,
    forward_as_file,
    siblings,
    subtype,
    charset,
    no_charset,
    byte_order_mark,
    encoding,
]
MILD += [uu_inline, flowed, quoted_reply, long_line, preamble, epilogue]
ODD = [bury, forward_encoded, forward_bare, partial, charset_lie, charset_label, charset_extended, false_mark]
ODD += [uu_encoding, yenc_inline, media_type, entity_outside]
