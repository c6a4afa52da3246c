"""A message as a tree that mutations can bend before it is written.

Nothing here checks what it writes: broken mail is the point. Line ends are
CRLF; the last stage of a mutant changes them in the bytes.
"""

import base64
import binascii
import quopri
import re

CRLF = b"\r\n"


class Field:
    """One header field, as it will be written."""

    def __init__(self, name, value, colon=b": "):
        self.name, self.value, self.colon = name, value, colon

    def write(self):
        return self.name + self.colon + self.value + CRLF


class Part:
    """A leaf (`text`), a multipart (`parts`), or a message in a message (`message`)."""

    def __init__(self, fields=(), text=None, parts=None, message=None):
        self.fields = list(fields)
        self.text, self.parts, self.message = text, parts, message
        self.codec = "utf-8"
        self.encoding = None
        self.boundary = b""
        self.preamble = self.epilogue = b""
        self.lead, self.tail, self.closing = b"--", b"", b"--"
        self.blank = CRLF
        # Changes to the encoded body, in order: bytes -> bytes.
        self.spelling = []

    def find(self, name):
        return [f for f in self.fields if f.name.lower() == name.lower()]

    def value(self, name):
        found = self.find(name)
        return found[-1].value if found else b""

    def put(self, name, value):
        """Replaces the field, or adds it at the end."""
        found = self.find(name)
        if found:
            found[-1].value = value
        else:
            self.fields.append(Field(name, value))

    def drop(self, name):
        self.fields = [f for f in self.fields if f.name.lower() != name.lower()]

    def type(self):
        return self.value(b"Content-Type").split(b";")[0].strip().lower()

    def parameters(self):
        """What follows the media type, with its first semicolon."""
        _, found, rest = self.value(b"Content-Type").partition(b";")
        return found + rest

    def encode_as(self, encoding):
        """Sets the transfer encoding, field and all."""
        self.encoding = encoding
        if encoding is None:
            self.drop(b"Content-Transfer-Encoding")
        else:
            self.put(b"Content-Transfer-Encoding", encoding.encode())

    def walk(self):
        """This part and all below it."""
        yield self
        if self.message is not None:
            yield from self.message.walk()
        for part in self.parts or ():
            yield from part.walk()

    def write(self):
        return b"".join(f.write() for f in self.fields) + self.blank + self.body()

    def body(self):
        if self.parts is not None:
            body = self.multipart()
        elif self.message is not None:
            body = transfer(self.message.write(), self.encoding)
        else:
            body = transfer(self.octets(), self.encoding)
        for spell in self.spelling:
            body = spell(body)
        return body

    def octets(self):
        if isinstance(self.text, bytes):
            return self.text
        text = self.text.replace("\n", "\r\n")
        return text.encode(self.codec, "xmlcharrefreplace" if "html" in str(self.type()) else "replace")

    def multipart(self):
        line = self.lead + self.boundary
        out = [self.preamble]
        for part in self.parts:
            out += [line, self.tail, CRLF, part.write(), CRLF]
        if self.closing is not None:
            out += [line, self.closing, self.tail, CRLF]
        return b"".join(out) + self.epilogue


def transfer(octets, encoding):
    if encoding == "base64":
        return base64.encodebytes(octets).replace(b"\n", CRLF)
    if encoding == "quoted-printable":
        quoted = quopri.encodestring(octets.replace(CRLF, b"\n"))
        return quoted.replace(b"\n", CRLF)
    if encoding == "x-uuencode":
        return uuencode(octets, b"notat.txt")
    return octets


def uuencode(octets, name):
    lines = [octets[at : at + 45] for at in range(0, len(octets), 45)]
    body = b"".join(binascii.b2a_uu(line) for line in lines).replace(b"\n", CRLF)
    return b"begin 644 " + name + CRLF + body + b"`" + CRLF + b"end" + CRLF


def yencode(octets, name):
    body = bytearray()
    for octet in octets:
        value = (octet + 42) % 256
        if value in (0, 10, 13, 61):
            body += bytes((61, (value + 64) % 256))
        else:
            body.append(value)
    head = b"=ybegin line=128 size=%d name=%s" % (len(octets), name)
    return head + CRLF + bytes(body) + CRLF + b"=yend size=%d" % len(octets) + CRLF


def parse(raw):
    """The tree of a plain, well-formed message; leaves keep no text."""
    raw = re.sub(rb"\r?\n", CRLF, raw)
    head, _, body = raw.partition(CRLF + CRLF)
    part = Part()
    for line in re.split(rb"\r\n(?![ \t])", head):
        name, colon, value = line.partition(b":")
        if colon:
            part.fields.append(Field(name, value.strip()))
    boundary = re.search(rb'boundary="?([^";\r\n]+)', part.value(b"Content-Type"))
    if part.type().startswith(b"multipart/") and boundary:
        part.boundary = boundary[1]
        sections = re.split(rb"(?:^|\r\n)--" + re.escape(boundary[1]), b"\r\n" + body)
        part.preamble = sections[0].lstrip() + CRLF
        inner = [s for s in sections[1:] if not s.startswith(b"--")]
        part.parts = [parse(section[2:] if section.startswith(CRLF) else section) for section in inner]
        if len(inner) == len(sections) - 1:
            part.closing = None
    elif part.type() == b"message/rfc822":
        part.message = parse(body)
    else:
        part.text = ""
        encoding = part.value(b"Content-Transfer-Encoding").decode("latin-1").lower()
        part.encoding = encoding or None
    return part
