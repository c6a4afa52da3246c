"""Mutations of header fields: names, folds, doubles, the words for encodings.

Each takes the generator and the base, and answers False when there was
nothing to change.
"""

import re

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
    change = rng.choice(
        [
            bytes.upper,
            bytes.lower,
            bytes.swapcase,
            lambda n: bytes(b ^ 32 if rng.random() < 0.5 and bytes([b]).isalpha() else b for b in n),
        ]
    )
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
    between = [
        b"\r\n ",
        b"\r\n\t\t",
        b"\r\n \r\n ",
        b"\n ",
        b"\r ",
        b"\r\n      ",
        b"\r\n \t \r\n\t",
        b"\r\r\n ",
    ]
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
    field.colon = rng.choice(
        [b":", b":\t", b":   ", b" : ", b"\t: ", b" :", b"::", b"; ", b"=", b":\x0b", b":\xa0"]
    )
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
            (
                b"Content-Type",
                [b"text/plain", b"text/html; charset=utf-16", b"multipart/mixed; boundary=zzz"],
            ),
            (b"Content-Type", [b"application/octet-stream", b"message/rfc822", b"multipart/mixed", b""]),
            (
                b"Content-Transfer-Encoding",
                [b"7bit", b"base64", b"quoted-printable", b"x-uuencode", b"", b"x"],
            ),
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
    forms = [
        word.upper(),
        word.title(),
        b" " + word + b" ",
        word + b"\t",
        word + b" (comment)",
        b"(x) " + word,
    ]
    forms += [
        b'"' + word + b'"',
        word + b";",
        word + b",",
        word + b"; x=y",
        word + b".",
        b"x-" + word,
        b"'" + word + b"'",
    ]
    forms += [
        word[:3] + b" " + word[3:],
        word.replace(b"-", b""),
        b"=?utf-8?Q?" + word + b"?=",
        word + b", 7bit",
        b"7bit, " + word,
    ]
    forms += [
        word[:2] + b"\r\n " + word[2:],
        word + b"\0",
        b"\0" + word,
        word + b"-x",
        word + b" 8bit",
        word[:-1],
    ]
    part.put(b"Content-Transfer-Encoding", rng.choice(forms))


def transfer_lie(rng, base):
    part = a_part(rng, base)
    words = [
        b"7bit",
        b"8bit",
        b"base64",
        b"quoted-printable",
        b"x-uuencode",
        b"binary",
        b"x-yenc",
        b"ukjent",
        b"",
        b"hex",
    ]
    part.put(b"Content-Transfer-Encoding", rng.choice(words))


MILD = [name_case, value_case, fold, fold_first, shuffle, double_field]
ODD = [fold_oddly, colon, drop_field, contradict, transfer_label, transfer_lie]
