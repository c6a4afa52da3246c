"""Mutations of encoded bodies: base64, quoted-printable, cuts.

Each takes the generator and the base, and answers False when there was
nothing to change.
"""

import base64 as b64
import re

from shape import a_leaf
from tree import CRLF


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
    junk = rng.choice(
        [
            b"!",
            b"*",
            b"-",
            b"_",
            b".",
            b" ",
            b"\t",
            b"\0",
            b"\xff",
            b"%%%",
            b"\xc3\xa6",
            b"@@@@",
            b"=",
            b"(x)",
        ]
    )
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
    end = rng.choice(
        [
            b"",
            b"=",
            b"==",
            b"====",
            b"=\r\n=",
            b"AAAA",
            b"\r\n\r\nHilsen Kari\r\n",
            b"-- \r\nSendt fra mobil\r\n",
        ]
    )
    return lambda body: body.rstrip(b"=\r\n") + end + CRLF


@body_spelling("base64")
def base64_start(rng):
    start = rng.choice(
        [
            b"\r\n\r\n",
            b"====\r\n",
            b"Hei\r\n",
            b" ",
            b"=\r\n",
            b"begin-base64 644 a\r\n",
            b"\xef\xbb\xbf",
            b"data:;base64,",
        ]
    )
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


MILD = [base64_lines, quoted_all, quoted_breaks, quoted_lower]
ODD = [base64_junk, base64_pieces, base64_end, base64_start, base64_url, base64_ends]
ODD += [quoted_invalid, quoted_end, truncated]
