"""Mutations of the spelling: fields, parameters, encoded words, encoded bodies.

Each takes the generator and the base, and answers False when there was
nothing to change.
"""

import base64 as b64
import re
from urllib.parse import quote_from_bytes

from shape import a_leaf
from tree import CRLF, Field

STRUCTURAL = (b"content-type", b"content-transfer-encoding", b"content-disposition", b"mime-version")


def a_part(rng, base):
    """Mostly one with the number; else any, multiparts too."""
    planted = base.planted()
    return rng.choice(planted) if planted and rng.random() < 0.6 else rng.choice(list(base.root.walk()))


def a_field(rng, base, names=None):
    fields = [f for p in base.root.walk() for f in p.fields if names is None or f.name.lower() in names]
    return rng.choice(fields) if fields else None


def name_case(rng, base):
    change = rng.choice([bytes.upper, bytes.lower, bytes.swapcase, lambda n: bytes(b ^ 32 if rng.random() < 0.5 and bytes([b]).isalpha() else b for b in n)])
    for part in base.root.walk():
        for field in part.fields:
            field.name = change(field.name)


def value_case(rng, base):
    field = a_field(rng, base, (b"content-type", b"content-transfer-encoding", b"content-disposition"))
    if field is None:
        return False
    head, semicolon, rest = field.value.partition(b";")
    field.value = head.swapcase() + semicolon + re.sub(rb"(\w+\*?)=", lambda m: m[0].upper(), rest, count=1)
    return None


def fold(rng, base):
    """Folds one field at white space, as mail programs do."""
    fields = [f for p in base.root.walk() for f in p.fields if b" " in f.value and CRLF not in f.value]
    if not fields:
        return False
    field = rng.choice(fields)
    blanks = [m.start() for m in re.finditer(b" ", field.value)]
    for at in sorted(rng.sample(blanks, min(len(blanks), rng.randrange(1, 4))), reverse=True):
        field.value = field.value[:at] + CRLF + rng.choice([b" ", b"\t"]) + field.value[at + 1 :]
    return None


def fold_oddly(rng, base):
    field = a_field(rng, base)
    if field is None or not field.value:
        return False
    at = rng.randrange(len(field.value))
    between = [b"\r\n ", b"\r\n\t\t", b"\r\n \r\n ", b"\n ", b"\r ", b"\r\n      ", b"\r\n \t \r\n\t", b"\r\r\n "]
    field.value = field.value[:at] + rng.choice(between) + field.value[at:]
    return None


def fold_first(rng, base):
    """The value begins on the second line."""
    field = a_field(rng, base)
    field.colon = rng.choice([b":\r\n ", b":\r\n\t", b": \r\n "])


def colon(rng, base):
    field = a_field(rng, base, STRUCTURAL if rng.random() < 0.7 else None)
    if field is None:
        return False
    field.colon = rng.choice([b":", b":\t", b":   ", b" : ", b"\t: ", b" :", b"::", b"; ", b"=", b":\x0b", b":\xa0"])
    return None


def drop_field(rng, base):
    part = a_part(rng, base)
    part.drop(rng.choice(STRUCTURAL))


def double_field(rng, base):
    part = a_part(rng, base)
    fields = [f for f in part.fields if f.name.lower() in STRUCTURAL]
    if not fields:
        return False
    field = rng.choice(fields)
    part.fields.insert(rng.randrange(len(part.fields) + 1), Field(field.name, field.value))
    return None


def contradict(rng, base):
    """A second field of a kind, which says something else."""
    part = a_part(rng, base)
    name, values = rng.choice(
        [
            (b"Content-Type", [b"text/plain", b"text/html; charset=utf-16", b"multipart/mixed; boundary=zzz"]),
            (b"Content-Type", [b"application/octet-stream", b"message/rfc822", b"multipart/mixed", b""]),
            (b"Content-Transfer-Encoding", [b"7bit", b"base64", b"quoted-printable", b"x-uuencode", b"", b"x"]),
            (b"Content-Disposition", [b"inline", b'attachment; filename="x.txt"', b"attachment", b"x"]),
            (b"MIME-Version", [b"2.0", b"1.0 (x)", b"", b"x"]),
        ]
    )
    part.fields.insert(rng.randrange(len(part.fields) + 1), Field(name, rng.choice(values)))


def shuffle(rng, base):
    rng.shuffle(a_part(rng, base).fields)


def transfer_label(rng, base):
    """The right encoding in a wrong spelling."""
    part = a_leaf(rng, base)
    word = (part.encoding or "7bit").encode()
    forms = [word.upper(), word.title(), b" " + word + b" ", word + b"\t", word + b" (comment)", b"(x) " + word]
    forms += [b'"' + word + b'"', word + b";", word + b",", word + b"; x=y", word + b".", b"x-" + word, b"'" + word + b"'"]
    forms += [word[:3] + b" " + word[3:], word.replace(b"-", b""), b"=?utf-8?Q?" + word + b"?=", word + b", 7bit", b"7bit, " + word]
    forms += [word[:2] + b"\r\n " + word[2:], word + b"\0", b"\0" + word, word + b"-x", word + b" 8bit", word[:-1]]
    part.put(b"Content-Transfer-Encoding", rng.choice(forms))


def transfer_lie(rng, base):
    part = a_part(rng, base)
    words = [b"7bit", b"8bit", b"base64", b"quoted-printable", b"x-uuencode", b"binary", b"x-yenc", b"ukjent", b"", b"hex"]
    part.put(b"Content-Transfer-Encoding", rng.choice(words))


def body_spelling(*encodings):
    """A mutation of the body of a leaf that has one of `encodings`."""

    def adapt(change):
        def mutation(rng, base):
            leaves = [p for p in base.leaves() if p.encoding in encodings]
            if not leaves:
                part = a_leaf(rng, base)
                part.encode_as(rng.choice(encodings))
                leaves = [part]
            planted = [p for p in leaves if p in base.planted()]
            rng.choice(planted or leaves).spelling.append(change(rng))

        mutation.__name__ = change.__name__
        return mutation

    return adapt


@body_spelling("base64")
def base64_lines(rng):
    width = rng.choice([1, 2, 3, 4, 5, 60, 61, 64, 75, 77, 80, 998, 10**6])
    return lambda body: rewrap(body, width)


def rewrap(body, width, ending=CRLF):
    text = b"".join(body.split())
    return b"".join(text[at : at + width] + ending for at in range(0, len(text), width))


@body_spelling("base64")
def base64_junk(rng):
    junk = rng.choice([b"!", b"*", b"-", b"_", b".", b" ", b"\t", b"\0", b"\xff", b"%%%", b"\xc3\xa6", b"@@@@", b"=", b"(x)"])
    count = rng.randrange(1, 12)
    places = [rng.random() for _ in range(count)]

    def change(body):
        for place in places:
            at = int(place * len(body))
            body = body[:at] + junk + body[at:]
        return body

    return change


@body_spelling("base64")
def base64_pieces(rng):
    """Every line padded on its own."""
    size = rng.choice([1, 2, 4, 5, 7, 10, 20, 40])

    def change(body):
        octets = lenient(body)
        pieces = [octets[at : at + size] for at in range(0, len(octets), size)]
        return b"".join(b64.b64encode(piece) + CRLF for piece in pieces)

    return change


def lenient(body):
    text = re.sub(rb"[^A-Za-z0-9+/]", b"", body)
    text = text[: len(text) - (len(text) % 4 == 1)]
    return b64.b64decode(text + b"=" * (-len(text) % 4))


@body_spelling("base64")
def base64_end(rng):
    end = rng.choice([b"", b"=", b"==", b"====", b"=\r\n=", b"AAAA", b"\r\n\r\nHilsen Kari\r\n", b"-- \r\nSendt fra mobil\r\n"])
    return lambda body: body.rstrip(b"=\r\n") + end + CRLF


@body_spelling("base64")
def base64_start(rng):
    start = rng.choice([b"\r\n\r\n", b"====\r\n", b"Hei\r\n", b" ", b"=\r\n", b"begin-base64 644 a\r\n", b"\xef\xbb\xbf", b"data:;base64,"])
    return lambda body: start + body


@body_spelling("base64")
def base64_url(rng):
    return lambda body: body.replace(b"+", b"-").replace(b"/", b"_")


@body_spelling("base64")
def base64_ends(rng):
    ending = rng.choice([b"\r", b"\n", b"\r\r\n", b"\r\n\r\n", b" \r\n", b"=\r\n", b"\x0c", b"\r\n "])
    return lambda body: rewrap(body, 76, ending)


@body_spelling("quoted-printable")
def quoted_all(rng):
    """Every character escaped, in either case of the digits."""
    form = rng.choice([b"=%02X", b"=%02x"])

    def change(body):
        plain = re.sub(rb"=\r\n", b"", body)
        plain = re.sub(rb"=([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), plain)
        out = bytearray()
        for line in plain.split(CRLF):
            for at in range(0, len(line), 20):
                out += (b"=" + CRLF if at else b"") + b"".join(form % b for b in line[at : at + 20])
            out += CRLF
        return bytes(out)

    return change


@body_spelling("quoted-printable")
def quoted_breaks(rng):
    """Soft line breaks between digits, of every kind."""
    breaks = rng.choice([b"=\r\n", b"=\n", b"= \r\n", b"=\t \r\n", b"=\r", b"=\r\n=\r\n", b"=\r\r\n"])
    every = rng.randrange(1, 5)

    def change(body):
        def cut(match):
            run = match[0]
            return breaks.join(run[at : at + every] for at in range(0, len(run), every))

        return re.sub(rb"(?<!=)(?<!=[0-9A-Fa-f])[0-9]{3,}", cut, body)

    return change


@body_spelling("quoted-printable")
def quoted_lower(rng):
    return lambda body: re.sub(rb"=([0-9A-F]{2})", lambda m: m[0].lower(), body)


@body_spelling("quoted-printable")
def quoted_invalid(rng):
    """Escapes that are none, here and there."""
    junk = rng.choice([b"=ZZ", b"=", b"==", b"=3", b"=\t", b"= ", b"=\0", b"=x0", b"=\xe6", b"=0=", b"=?="])
    places = [rng.random() for _ in range(rng.randrange(1, 6))]

    def change(body):
        for place in places:
            at = int(place * len(body))
            body = body[:at] + junk + body[at:]
        return body

    return change


@body_spelling("quoted-printable")
def quoted_end(rng):
    end = rng.choice([b"=", b"=\r\n", b"=3", b"==", b" \r\n", b"=20"])
    return lambda body: body.rstrip() + end


@body_spelling("x-uuencode", "base64", "quoted-printable", "8bit")
def truncated(rng):
    """The end of the body is missing."""
    share = rng.choice([0.5, 0.8, 0.95])
    return lambda body: body[: int(len(body) * share)]


# Encoded words and numbered parameters.


def number_fields(base):
    """The fields outside Content-* in which the number stands."""
    number = base.plant.written.encode()
    fields = [f for p in base.root.walk() for f in p.fields]
    return [f for f in fields if number in f.value and f.name.lower() not in STRUCTURAL]


def encoded_words(rng, base):
    """The words before and with the number as encoded words."""
    fields = number_fields(base)
    if not fields:
        return False
    field = rng.choice(fields)
    number = base.plant.written.encode()
    before, _, after = field.value.partition(number)
    text = number.decode()
    cuts = sorted(rng.sample(range(1, len(text)), rng.randrange(0, 4)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)])]
    words = [encoded_word(rng, piece) for piece in pieces]
    joint = rng.choice([b" ", b"\r\n ", b"\r\n\t", b"  ", b"", b"\r\n \r\n "])
    if rng.random() < 0.3:
        words[rng.randrange(len(words))] = pieces[0].encode() if len(words) == 1 else b"=?utf-8?Q??=" + joint + words[0]
    field.value = before + joint.join(words) + after
    return None


def encoded_word(rng, text):
    codec = rng.choice(["utf-8", "utf-8", "iso8859-1", "cp1252", "utf-16-be", "utf-7", "iso2022_jp", "utf-8", "cp037"])
    label = {"utf-8": "utf-8", "iso8859-1": "iso-8859-1", "cp1252": "windows-1252", "utf-16-be": "utf-16be"}.get(codec, codec.replace("iso2022_jp", "iso-2022-jp"))
    octets = text.encode(codec, "replace")
    label = rng.choice([label, label.upper(), label, label + "*no", label])
    if rng.random() < 0.5:
        coded = b64.b64encode(octets)
        coded = rng.choice([coded, coded, coded.rstrip(b"="), coded[:2] + b" " + coded[2:], coded + b"="])
        mark = rng.choice([b"B", b"b"])
    else:
        form = rng.choice([b"=%02X", b"=%02x"])
        coded = b"".join(b"_" if o == 32 else form % o if o > 126 or o < 33 or o in b"=?_" or rng.random() < 0.4 else bytes([o]) for o in octets)
        mark = rng.choice([b"Q", b"q"])
    end = rng.choice([b"?="] * 9 + [b"?"])
    return b"=?" + label.encode() + b"?" + mark + b"?" + coded + end


def escaped_field(rng, base):
    """Backslashes, comments or quotes between the digits of a field."""
    fields = number_fields(base)
    if not fields:
        return False
    field = rng.choice(fields)
    number = base.plant.written.encode()
    cut = rng.randrange(1, len(number))
    between = rng.choice([b"\\", b"(x)", b'"', b'" "', b"\r\n ", b"\r\n\t", b"\t", b"=?=", b"\xad"])
    field.value = field.value.replace(number, number[:cut] + between + number[cut:])
    return None


def parameter(rng, base):
    """The file name in the shapes of RFC 2231 and its misreadings."""
    number = base.plant.written.encode()
    pairs = [
        (f, m)
        for p in base.root.walk()
        for f in p.fields
        for m in [re.search(rb'(file)?name="([^"]*)"', f.value)]
        if m and number in m[2]
    ]
    if not pairs:
        return False
    field, match = rng.choice(pairs)
    name = (match[1] or b"") + b"name"
    shape = rng.choice([continued, extended, worded, doubled, bare, continued])
    field.value = field.value[: match.start()] + shape(rng, name, match[2]) + field.value[match.end() :]
    return None


def continued(rng, name, value):
    cuts = sorted(rng.sample(range(1, len(value)), rng.randrange(1, 4)))
    pieces = [value[a:b] for a, b in zip([0, *cuts], [*cuts, len(value)])]
    coded = rng.random() < 0.4
    out = []
    for at, piece in enumerate(pieces):
        index = at + rng.choice([0, 0, 0, 0, 0, 1]) * (rng.random() < 0.2)
        if coded and rng.random() < 0.7:
            text = escaped(rng, piece)
            text = b"utf-8''" + text if at == 0 else text
            out.append(name + b"*%d*=" % index + text)
        else:
            out.append(name + rng.choice([b'*%d="', b'*%d="', b'*0%d="']) % index + piece + b'"')
    if rng.random() < 0.5:
        rng.shuffle(out)
    return rng.choice([b"; ", b";\r\n ", b";"]).join(out)


def escaped(rng, piece):
    if rng.random() < 0.4:
        return b"".join(b"%%%02x" % o for o in piece)
    return quote_from_bytes(piece).encode()


def extended(rng, name, value):
    text = escaped(rng, value)
    label = rng.choice([b"utf-8''", b"UTF-8'no'", b"iso-8859-1''", b"''", b"", b"utf-16be''", b"x-ukjent''", b'"utf-8\'\''])
    end = b'"' if label.startswith(b'"') else b""
    shown = rng.choice([b"", name + b'="vedlegg.txt"; '])
    return shown + name + b"*=" + label + text + end


def worded(rng, name, value):
    cut = rng.randrange(1, len(value))
    pieces = [encoded_word(rng, piece.decode("utf-8", "replace")) for piece in (value[:cut], value[cut:])]
    return name + b'="' + rng.choice([b" ", b"\r\n ", b""]).join(pieces) + b'"'


def doubled(rng, name, value):
    both = [name + b'="' + value + b'"', name + b"=x.txt"]
    rng.shuffle(both)
    return rng.choice([b"; ", b";", b" "]).join(both)


def bare(rng, name, value):
    forms = [b'="' + value, b"=" + value, b'= "' + value + b'"', b' = "' + value + b'"', b"='" + value + b"'"]
    forms += [b'="' + value + b'" x', b'="' + value[:4] + b'\\' + value[4:] + b'"', b'="' + value[:4] + b'"' + value[4:]]
    return name + rng.choice(forms)


MILD = [name_case, value_case, fold, fold_first, shuffle, double_field, encoded_words, parameter]
MILD += [base64_lines, quoted_all, quoted_breaks, quoted_lower]
ODD = [fold_oddly, colon, drop_field, contradict, transfer_label, transfer_lie, base64_junk, base64_pieces, base64_end]
ODD += [base64_start, base64_url, base64_ends, quoted_invalid, quoted_end, truncated, escaped_field]
