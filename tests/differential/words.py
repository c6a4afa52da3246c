"""Mutations of encoded words (RFC 2047) and numbered parameters (RFC 2231).

Each takes the generator and the base, and answers False when there was
nothing to change.
"""

import base64 as b64
import re
from urllib.parse import quote_from_bytes

from fields import STRUCTURAL


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
        at = rng.randrange(len(words))
        words[at] = rng.choice([pieces[at].encode(), b"=?utf-8?Q??=" + joint + words[at]])
    field.value = before + joint.join(words) + after
    return None


def encoded_word(rng, text):
    codec = rng.choice(
        ["utf-8", "utf-8", "iso8859-1", "cp1252", "utf-16-be", "utf-7", "iso2022_jp", "utf-8", "cp037"]
    )
    label = {
        "utf-8": "utf-8",
        "iso8859-1": "iso-8859-1",
        "cp1252": "windows-1252",
        "utf-16-be": "utf-16be",
    }.get(codec, codec.replace("iso2022_jp", "iso-2022-jp"))
    octets = text.encode(codec, "replace")
    label = rng.choice([label, label.upper(), label, label + "*no", label])
    if rng.random() < 0.5:
        coded = b64.b64encode(octets)
        coded = rng.choice([coded, coded, coded.rstrip(b"="), coded[:2] + b" " + coded[2:], coded + b"="])
        mark = rng.choice([b"B", b"b"])
    else:
        form = rng.choice([b"=%02X", b"=%02x"])
        coded = b"".join(
            (
                b"_"
                if o == 32
                else form % o if o > 126 or o < 33 or o in b"=?_" or rng.random() < 0.4 else bytes([o])
            )
            for o in octets
        )
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
    label = rng.choice(
        [b"utf-8''", b"UTF-8'no'", b"iso-8859-1''", b"''", b"", b"utf-16be''", b"x-ukjent''", b"\"utf-8''"]
    )
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
    forms += [
        b'="' + value + b'" x',
        b'="' + value[:4] + b"\\" + value[4:] + b'"',
        b'="' + value[:4] + b'"' + value[4:],
    ]
    return name + rng.choice(forms)


MILD = [encoded_words, parameter]
ODD = [escaped_field]
