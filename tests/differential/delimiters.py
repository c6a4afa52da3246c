"""Mutations of the delimiters of multiparts and of the lines around heads.

Each takes the generator and the base, and answers False when there was
nothing to change.
"""

import re

from tree import CRLF, Field


def a_multipart(rng, base):
    multiparts = [p for p in base.root.walk() if p.parts is not None]
    return rng.choice(multiparts) if multiparts else None


def on_multipart(change):
    def mutation(rng, base):
        part = a_multipart(rng, base)
        return False if part is None else change(rng, part)

    mutation.__name__ = change.__name__
    return mutation


def rename(part, delimiter, told):
    """The delimiter in the body, and what the parameter says."""
    part.boundary = delimiter
    value = part.value(b"Content-Type")
    part.put(b"Content-Type", re.sub(rb'boundary="?[^";]*"?', lambda _: b"boundary=" + told, value, count=1))


@on_multipart
def boundary_name(rng, part):
    name = rng.choice(
        [b"a", b"a b", b"--", b"-- --", b"=_?:", b"x" * 69, b"x" * 70, b"'()+_,-./:=?", b"0", b"a--", b"--a"]
    )
    rename(part, name, b'"' + name + b'"')


@on_multipart
def boundary_bare(rng, part):
    rename(part, b"enkel%d" % rng.randrange(99), b"")
    rename(part, part.boundary, part.boundary)


@on_multipart
def boundary_quoting(rng, part):
    name = part.boundary
    told = [
        b'"' + name + b' "',
        b'" ' + name + b'"',
        b"'" + name + b"'",
        b'"' + name,
        name + b'"',
        b'"\\' + name + b'"',
    ]
    told += [
        b' "' + name + b'"',
        name + b" (x)",
        b"(x) " + name,
        b'"' + name + b'" ; x=y',
        name + b"\t",
        b'"' + name + b'\0"',
    ]
    told += [
        b"=?utf-8?Q?" + name.replace(b"=", b"=3D").replace(b"_", b"=5F") + b"?=",
        b'"' + name[:2] + b'" "' + name[2:] + b'"',
        b'"' + name + b'";',
        b'""',
        b"",
    ]
    rename(part, name, rng.choice(told))


@on_multipart
def boundary_long(rng, part):
    name = b"x" * rng.choice([71, 100, 200, 201, 256, 300, 997, 1200])
    rename(part, name, b'"' + name + b'"')


@on_multipart
def boundary_twice(rng, part):
    value = part.value(b"Content-Type")
    other = rng.choice(
        [b'; boundary="zzz"', b"; boundary=zzz", b'; boundary*="zzz"', b"; boundary=", b'; Boundary="zzz"']
    )
    if rng.random() < 0.5:
        part.put(b"Content-Type", value + other)
    else:
        media, _, rest = value.partition(b";")
        part.put(b"Content-Type", media + other + b";" + rest)


@on_multipart
def boundary_continued(rng, part):
    name = b"deltgrense"
    forms = [b'boundary*0="delt"; boundary*1="grense"', b'boundary*1="grense"; boundary*0="delt"']
    forms += [
        b"boundary*=utf-8''delt%67rense",
        b"boundary*=''deltgrense",
        b"boundary*0*=us-ascii'en'delt; boundary*1=grense",
    ]
    rename(part, name, b"@")
    part.put(b"Content-Type", part.value(b"Content-Type").replace(b"boundary=@", rng.choice(forms)))


@on_multipart
def boundary_case(rng, part):
    """The delimiter in other case than the parameter."""
    part.boundary = part.boundary.swapcase()


@on_multipart
def boundary_gone(rng, part):
    value = part.value(b"Content-Type")
    part.put(b"Content-Type", re.sub(rb';\s*boundary="?[^";]*"?', b"", value))


def boundary_shared(rng, base):
    """An inner multipart takes the delimiter of an outer one, or a prefix of it."""
    multiparts = [p for p in base.root.walk() if p.parts is not None]
    if len(multiparts) < 2:
        return False
    outer, inner = multiparts[0], rng.choice(multiparts[1:])
    name = rng.choice(
        [outer.boundary, outer.boundary + b"1", outer.boundary[:-1] or b"a", outer.boundary + b"--"]
    )
    rename(inner, name, b'"' + name + b'"')
    return None


@on_multipart
def no_closing(rng, part):
    part.closing = None


@on_multipart
def odd_closing(rng, part):
    part.closing = rng.choice(
        [b"-", b"---", b"-- ", b"--x", b" --", b"--\t", b"--\r\n--" + part.boundary + b"--", b""]
    )


@on_multipart
def closing_early(rng, part):
    """The closing delimiter before the last part."""
    part.parts[0].spelling.append(lambda body: body + CRLF + b"--" + part.boundary + b"--")


@on_multipart
def delimiter_tail(rng, part):
    part.tail = rng.choice([b" ", b"\t", b"   \t", b"x", b" x", b"\0", b"\x0b", b";", b"\r"])


@on_multipart
def delimiter_lead(rng, part):
    part.lead = rng.choice([b" --", b"-", b"---", b"\t--", b"\r\n--", b"> --", b"\0--", b"\xef\xbb\xbf--"])


@on_multipart
def blank_line(rng, part):
    """The empty line between the head and the body of a part."""
    child = rng.choice(part.parts)
    child.blank = rng.choice(
        [b"", b" \r\n", b"\t\r\n", b"\r\n\r\n", b"\n", b"\r", b"\n\r\n", b"\0\r\n", b"\r\r\n", b"x\r\n\r\n"]
    )


@on_multipart
def empty_head(rng, part):
    """A part with no fields at all."""
    child = rng.choice(part.parts)
    if child.parts is not None or child.message is not None:
        return False
    child.fields = []
    return None


@on_multipart
def empty_parts(rng, part):
    part.preamble += (b"--" + part.boundary + CRLF + rng.choice([b"", CRLF])) * rng.randrange(1, 4)


def first_blank_line(rng, base):
    """The same line for the whole message."""
    base.root.blank = rng.choice(
        [b"", b" \r\n", b"\t\r\n", b"\r\n\r\n", b"\n", b"\r", b" \r\n\r\n", b"\r\r\n", b"\r\n \r\n"]
    )


def stray_line(rng, base):
    """A line in a head that is no field."""
    part = rng.choice(list(base.root.walk()))
    at = rng.randrange(len(part.fields) + 1)
    line, colon = rng.choice(
        [
            (b"ikke et felt", b""),
            (b"From kari@avsender.example Mon Nov 23 10:00:00 2026", b""),
            (b">From kari@avsender.example", b""),
            (b"", b": tom"),
            (b" ", b""),
            (b"\t", b""),
            (b"X-\xe6\xf8\xe5", b": ja"),
            (b"X Y", b": z"),
            (b" Content-Type", b": text/html"),
            (b"--", b""),
            (b"fnr", b""),
            (b"\0", b""),
            (b"X-Lang", b": " + b"x " * 600),
        ]
    )
    part.fields.insert(at, Field(line, b"", colon))


def many_fields(rng, base):
    part = rng.choice(list(base.root.walk()))
    part.fields[:0] = [Field(b"X-Spor-%d" % n, b"verdi") for n in range(rng.choice([20, 100, 300]))]


MILD = [boundary_name, boundary_bare, no_closing, many_fields]
ODD = [
    boundary_quoting,
    boundary_long,
    boundary_twice,
    boundary_continued,
    boundary_case,
    boundary_gone,
    boundary_shared,
]
ODD += [odd_closing, closing_early, delimiter_tail, delimiter_lead, blank_line, empty_head, empty_parts]
ODD += [first_blank_line, stray_line]
