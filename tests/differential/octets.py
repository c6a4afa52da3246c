"""Mutations of the bytes of a written message: line ends, NUL, cuts, chance.

Each takes the generator and the bytes, and answers the new bytes.
"""

import re


def line_feeds(rng, raw):
    return raw.replace(b"\r\n", b"\n")


def returns(rng, raw):
    return raw.replace(b"\r\n", b"\r")


def mixed_ends(rng, raw):
    ends = rng.choice([[b"\n", b"\r\n"], [b"\r", b"\r\n"], [b"\n", b"\r", b"\r\n"], [b"\r\r\n", b"\r\n"]])
    return re.sub(rb"\r\n", lambda _: rng.choice(ends), raw)


def odd_ends(rng, raw):
    return raw.replace(b"\r\n", rng.choice([b"\r\r\n", b"\n\r", b"\r\n\0", b" \r\n"]))


def head_line_feeds(rng, raw):
    """One kind of line end in the head, another in the body."""
    head, blank, body = raw.partition(b"\r\n\r\n")
    if rng.random() < 0.5:
        return head.replace(b"\r\n", b"\n") + rng.choice([b"\n\n", blank]) + body
    return head + blank + body.replace(b"\r\n", b"\n")


def mark(rng, raw):
    return rng.choice([b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"]) + raw


def mailbox_line(rng, raw):
    return b"From kari@avsender.example Mon Nov 23 10:00:00 2026\r\n" + raw


def mailbox_lines(rng, raw):
    line = b"From kari@avsender.example Mon Nov 23 10:00:00 2026\r\n"
    return rng.choice([b">" + line, line + line, line + b"\r\n"]) + raw


def blank_front(rng, raw):
    return rng.choice([b"\r\n", b"\n", b"\r\n\r\n", b" \r\n", b" ", b"\t", b"\0"]) + raw


def nul(rng, raw):
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(raw))
        raw = raw[:at] + b"\0" + raw[at:]
    return raw


def nul_line_ends(rng, raw):
    lines = raw.split(b"\r\n")
    at = rng.randrange(len(lines))
    lines[at] += b"\0"
    return b"\r\n".join(lines)


def cut(rng, raw):
    return raw[: int(len(raw) * rng.choice([0.7, 0.9, 0.97, 0.99]))]


def tail(rng, raw):
    return raw + rng.choice([b"\x1a", b"\r\n.\r\n", b"\r\n" * 20])


def odd_tail(rng, raw):
    field = b"\r\nContent-Type: text/html\r\n\r\n<p>\r\n"
    return raw + rng.choice([b"\0" * 20, b"--\r\n", field, b"--" + field])


def drop_line(rng, raw):
    lines = raw.split(b"\r\n")
    del lines[rng.randrange(len(lines))]
    return b"\r\n".join(lines)


def double_line(rng, raw):
    lines = raw.split(b"\r\n")
    at = rng.randrange(len(lines))
    lines.insert(at, lines[at])
    return b"\r\n".join(lines)


def swap_lines(rng, raw):
    lines = raw.split(b"\r\n")
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[at], lines[other] = lines[other], lines[at]
    return b"\r\n".join(lines)


def blank_line(rng, raw):
    lines = raw.split(b"\r\n")
    lines.insert(rng.randrange(len(lines)), rng.choice([b"", b" ", b"\t"]))
    return b"\r\n".join(lines)


def join_lines(rng, raw):
    """One line end is missing."""
    ends = [m.start() for m in re.finditer(b"\r\n", raw)]
    if not ends:
        return raw
    at = rng.choice(ends)
    return raw[:at] + raw[at + 2 :]


def character(rng, raw):
    """One character more, less, or another, where structure is."""
    places = [m.start() for m in re.finditer(rb'[:;="\r\n()<>/-]', raw)]
    if not places:
        return raw
    at = rng.choice(places) + rng.randrange(2)
    new = rng.choice(
        [
            b" ",
            b"\t",
            b'"',
            b";",
            b":",
            b"=",
            b"(",
            b")",
            b"\\",
            b"\r",
            b"\n",
            b"\0",
            b",",
            b"\xe6",
            b"-",
            b"?",
        ]
    )
    kind = rng.randrange(3)
    return raw[:at] + (b"" if kind == 0 else new) + raw[at + (kind != 1) :]


MILD = [line_feeds, mailbox_line, tail]
ODD = [
    mailbox_lines,
    odd_tail,
    returns,
    mixed_ends,
    odd_ends,
    head_line_feeds,
    mark,
    blank_front,
    nul,
    nul_line_ends,
    cut,
    drop_line,
]
ODD += [double_line, swap_lines, blank_line, join_lines, character, character, character]
