"""Base messages with one synthetic number planted in them.

The number stands beside a strong word, in one of the places where a reader
would see it. The twin of each message has a number of which the last digit is
wrong, and nothing else changed.
"""

import io
import re
import zipfile
from pathlib import Path

from tree import Field, Part, parse

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"

# How a number is written; `#` stands for a digit.
WRITINGS = ["###########", "###### #####", "######-#####", "######\u00a0#####", "## ## ## #####"]

SENTENCES = [
    "Pasienten har fnr {n} og skal til kontroll.",
    "Søkeren: personnummer {n}.",
    "Fødselsnummer {n} gjelder saken.",
    "fnr {n}",
    "Vi viser til vedtaket for bruker med fødselsnummer: {n}\nSe vedlegget.",
]

FILLERS = [
    "Hei,\n\nher er listen over rom og tider for høstsamlingen.\n\nHilsen Kari\n",
    "Takk for i går. Vi sees på kontoret.\n\nMvh\nOla\n",
    "Møtet er flyttet til onsdag. Blåbær og kaffe som vanlig.\n",
    "Kort melding.\n",
]

# Unscannable before anything is planted, or taken for encrypted.
ODD = {"armour-then-text.eml", "pgp-mime.eml", "signed-says-enveloped.eml", "already-encrypted.eml"}
ODD |= {"two-encodings.eml", "no-closing-boundary.eml", "unscannable.eml"}

WORD = re.compile(r"fnr|f\w?dselsnummer|personnummer", re.I)
ACCOUNT = re.compile(r"\d{4}[-. \u00a0\u2007]\d\d[-. \u00a0\u2007]\d{5}")


class Plant:
    """One number and how it is written."""

    def __init__(self, digits, writing):
        self.digits = digits
        figures = iter(digits)
        self.written = "".join(next(figures) if c == "#" else c for c in writing)
        between = r"(?:&nbsp;|[ \u00a0\u2007._-]){0,2}"
        # With a letter at it, it is part of something else for every reader.
        self.pattern = re.compile(r"(?<![^\W_])" + between.join(digits) + r"(?![^\W_])")

    def excerpt(self, text):
        """The number with a little around it, if `text` shows it. Where chance
        split it as account numbers are written, it is one for every reader; where
        junk left crumbs of it, no reader puts them together; and where junk split
        it and its word too, nothing says what it is."""
        matches = self.pattern.finditer(text)
        numbers = (one for one in matches if not ACCOUNT.fullmatch(one.group()))
        whole = (one for one in numbers if not crumbs(one.group()))
        found = next((one for one in whole if usual(one.group()) or named(text, one)), None)
        return found and text[max(0, found.start() - 40) : found.end() + 20]


def crumbs(number):
    """Whether it lies in more than four pieces of unlike length."""
    pieces = [len(piece) for piece in re.findall(r"\d+", number)]
    return len(pieces) > 4 and max(pieces) > 1


def usual(number):
    """Whether it is split as people write it."""
    return re.fullmatch(r"\d{6}\D{0,6}\d{5}|(\d\d\D{0,6}){3}\d{5}", number) is not None


def named(text, found):
    """Whether a word that says what it is stands near it."""
    near = text[max(0, found.start() - 80) : found.end() + 60]
    return WORD.search(near) is not None


class Base:
    """A message to mutate: its tree, and the part or field with the number."""

    def __init__(self, root, plant, place):
        self.root, self.plant, self.place = root, plant, place

    def leaves(self):
        return [p for p in self.root.walk() if p.text is not None]

    def planted(self):
        """The leaves in which the number stands."""
        return [p for p in self.leaves() if isinstance(p.text, str) and self.plant.written in p.text]


def numbers():
    """Pairs of a number and its twin, of which the last digit is wrong."""
    pairs = []
    for line in (FIXTURES / "golden" / "identifiers-synthetic.tsv").read_text().splitlines()[1:]:
        _, digits, types, _, _, tier, valid, *_ = line.split("\t")
        if types.startswith("fnr+80") and tier == "A" and valid == "1":
            pairs.append((digits, wrong(digits)))
    return pairs


def wrong(digits):
    """The number with a last digit that no rule takes, that of 2032 included."""
    for step in range(4, 8):
        last = str((int(digits[10]) + step) % 10)
        weights = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
        if sum(w * int(d) for w, d in zip(weights, digits[:10] + last)) % 11 > 3:
            return digits[:10] + last
    raise ValueError(digits)


def base(rng, plant):
    """A message with `plant` in it."""
    root = rng.choice(BUILDERS)(rng)
    place = rng.choices(list(PLACES), WEIGHTS)[0]
    if place == "nested":
        root = forwarded(rng, root)
        place = rng.choice(["body", "subject", "html"])
        target = next(p.message for p in root.walk() if p.message is not None)
    else:
        target = root
    PLACES[place](rng, target, plant)
    return Base(root, plant, place)


def sentence(rng, plant):
    return rng.choice(SENTENCES).format(n=plant.written)


def letter(rng):
    root = Part(envelope(rng), text=rng.choice(FILLERS))
    root.put(b"Content-Type", b"text/plain; charset=utf-8")
    root.encode_as(rng.choice(["8bit", "quoted-printable", "base64", None]))
    return root


def envelope(rng):
    number = rng.randrange(10**6)
    return [
        Field(b"From", b"Kari Eksempel <kari@avsender.example>"),
        Field(b"To", b"Ola Prove <ola@mottaker.example>"),
        Field(b"Subject", b"Oppfolging av avtale"),
        Field(b"Date", b"Mon, 23 Nov 2026 10:00:00 +0100"),
        Field(b"Message-ID", b"<a%d@avsender.example>" % number),
        Field(b"MIME-Version", b"1.0"),
    ]


def leaf(rng, media=b"text/plain", text=None):
    part = Part(text=rng.choice(FILLERS) if text is None else text)
    part.put(b"Content-Type", media + b"; charset=utf-8")
    part.encode_as(rng.choice(["8bit", "quoted-printable", "base64"]))
    return part


def multipart(rng, subtype, parts, fields=()):
    part = Part(fields, parts=parts)
    # No five digits in a row: with the first six of a number they may make a valid one.
    tag = b"%04d" % rng.randrange(10**4)
    part.boundary = rng.choice([b"=_grense_%s", b"----=_NextPart_%s_fin", b"b%s", b"beef%scafe"]) % tag
    part.put(b"Content-Type", b'multipart/%s; boundary="%s"' % (subtype, part.boundary))
    return part


def mixed(rng):
    file = leaf(rng)
    file.put(b"Content-Disposition", b'attachment; filename="notat.txt"')
    return multipart(rng, b"mixed", [leaf(rng), file], envelope(rng))


def alternative(rng):
    page = leaf(rng, b"text/html", "<html><body><p>" + rng.choice(FILLERS) + "</p></body></html>")
    return multipart(rng, b"alternative", [leaf(rng), page], envelope(rng))


def office(rng):
    """As Outlook writes: related in alternative in mixed."""
    page = leaf(rng, b"text/html", "<div>" + rng.choice(FILLERS) + "</div>")
    picture = leaf(rng, b"application/octet-stream", "Logo\n")
    picture.put(b"Content-ID", b"<logo>")
    related = multipart(rng, b"related", [page, picture])
    inner = multipart(rng, b"alternative", [leaf(rng), related])
    return multipart(rng, b"mixed", [inner, leaf(rng)], envelope(rng))


def fixture(rng):
    """The structure of one of the fixtures, with our texts."""
    names = sorted(FIXTURES.glob("extract/*.eml")) + sorted(FIXTURES.glob("samples/*.eml"))
    path = rng.choice([name for name in names if name.name not in ODD])
    root = parse(path.read_bytes())
    for field in envelope(rng):
        if field.name != b"MIME-Version":
            root.drop(field.name)
            root.fields.insert(0, field)
    for part in root.walk():
        for field in part.fields:
            if not re.match(rb"content-type", field.name, re.I):
                field.value = (
                    re.sub(rb"[0-9]{6,}", b"x", field.value) if field.name[:1] in b"Cc" else field.value
                )
        if part.text is not None:
            part.text = rng.choice(FILLERS)
            if not part.type().startswith(b"text/") and part.type():
                name = re.search(rb"name=[^;]+", part.value(b"Content-Type"))
                media = b"application/octet-stream" + (b"; " + name[0] if name else b"")
                part.put(b"Content-Type", media)
    return root


def forwarded(rng, inner):
    carrier = Part([Field(b"Content-Type", b"message/rfc822")], message=inner)
    return multipart(rng, b"mixed", [leaf(rng), carrier], envelope(rng))


BUILDERS = [letter, letter, mixed, mixed, alternative, office, fixture, fixture]


def in_body(rng, root, plant):
    leaves = [p for p in root.walk() if p.text is not None]
    texts = [p for p in leaves if p.type() in (b"", b"text/plain")] or leaves
    part = rng.choice(texts)
    put_in(rng, part, sentence(rng, plant))


def put_in(rng, part, text):
    before, after = rng.choice(FILLERS), rng.choice(FILLERS)
    part.text = rng.choice([text, before + text + "\n" + after, before + text, text + "\n\n" + after])


def in_html(rng, root, plant):
    leaves = [p for p in root.walk() if p.text is not None]
    pages = [p for p in leaves if p.type() == b"text/html"]
    part = rng.choice(pages or leaves)
    if not pages:
        part.put(b"Content-Type", b"text/html; charset=utf-8")
    cut = rng.randrange(1, len(plant.written))
    left, right = plant.written[:cut], plant.written[cut:]
    shown = rng.choice(
        [plant.written] * 3
        + [f"{left}<b>{right}</b>", f"{left}<!-- x -->{right}", f"{left}<span></span>{right}"]
        + ["".join(f"&#{ord(c)};" for c in plant.written), f"{left[:-1]}&#x{ord(left[-1]):x};{right}"]
    )
    text = rng.choice(SENTENCES).format(n=shown)
    part.text = rng.choice(
        ["<html><head><title>Hei</title></head><body><p>{}</p></body></html>", "<p>{}</p>\n"]
    ).format(text)


def in_attachment(rng, root, plant):
    leaves = [p for p in root.walk() if p.text is not None]
    files = [p for p in leaves if p.find(b"Content-Disposition")]
    part = rng.choice(files or leaves)
    line = rng.choice(["Navn;Fnr\nKari;{}\n", '{{"fnr": "{}"}}\n', "fnr\t{}\n", "Fødselsnummer: {}\n"])
    part.text = line.format(plant.written)
    name = rng.choice([b"liste.csv", b"liste.txt", b"data.json", b"notat"])
    part.put(b"Content-Disposition", b'attachment; filename="%s"' % name)


def in_subject(rng, root, plant):
    root.put(b"Subject", ("Sak om fnr " + plant.written + rng.choice(["", " haster"])).encode())


def in_name(rng, root, plant):
    name = rng.choice(["Pasient, fnr {}", "fødselsnummer {}"]).format(plant.written)
    root.put(rng.choice([b"To", b"From", b"Cc"]), b'"%s" <ola@mottaker.example>' % name.encode())


def in_file_name(rng, root, plant):
    leaves = [p for p in root.walk() if p.text is not None]
    part = rng.choice(leaves)
    name = f"fnr {plant.written}.txt".encode()
    if rng.random() < 0.3:
        part.put(b"Content-Type", (part.type() or b"text/plain") + b'; name="%s"' % name)
    else:
        part.put(b"Content-Disposition", b'attachment; filename="%s"' % name)


def in_other_field(rng, root, plant):
    name = rng.choice(
        [b"Comments", b"X-Referanse", b"Keywords", b"Content-Description", b"Reply-To", b"Thread-Topic"]
    )
    root.put(name, f"fnr {plant.written}".encode())


def in_calendar(rng, root, plant):
    part = rng.choice([p for p in root.walk() if p.text is not None])
    part.put(b"Content-Type", b"text/calendar; charset=utf-8; method=REQUEST")
    part.text = (
        "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nSUMMARY:Time\n"
        f"DESCRIPTION:Pasient med fnr {plant.written}\nEND:VEVENT\nEND:VCALENDAR\n"
    )


def in_zip(rng, root, plant):
    part = rng.choice([p for p in root.walk() if p.text is not None])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("liste.csv"), f"Navn;Fnr\nKari;{plant.written}\n")
    part.text = packed.getvalue()
    part.put(b"Content-Type", b"application/zip")
    part.put(b"Content-Disposition", b'attachment; filename="liste.zip"')
    part.encode_as("base64")


PLACES = {
    "body": in_body,
    "html": in_html,
    "attachment": in_attachment,
    "subject": in_subject,
    "name": in_name,
    "file-name": in_file_name,
    "other-field": in_other_field,
    "calendar": in_calendar,
    "zip": in_zip,
    "nested": None,
}
# Places in a field, where encoded words and numbered parameters may be.
IN_FIELDS = ("subject", "name", "file-name", "other-field")
# Where most mail carries it comes up most.
WEIGHTS = [6, 4, 3, 3, 3, 3, 2, 1, 1, 4]
