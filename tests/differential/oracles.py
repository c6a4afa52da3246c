"""What other readers show: Python's email package and ripmime.

Each answers the texts it would present: decoded bodies, names, fields. What
they cannot decode they do not show; that is their business.
"""

import base64
import binascii
import email
import email.header
import email.policy
import html
import io
import os
import re
import shutil
import subprocess
import zipfile

POLICIES = {"email": email.policy.compat32, "email-default": email.policy.default}
DEEPEST = 80


def python(raw, policy):
    """All texts that the email package shows of `raw`."""
    try:
        message = email.message_from_bytes(raw, policy=policy)
    except Exception:  # its own mistakes show nothing
        return
    yield from of_part(message, policy, 0)


def of_part(part, policy, depth):
    if depth > DEEPEST:
        return
    yield from guarded(of_head, part)
    for beside in (part.preamble, part.epilogue):
        if isinstance(beside, str):
            yield beside
    if part.is_multipart():
        for inner in part.get_payload():
            yield from of_part(inner, policy, depth + 1)
        yield from guarded(of_encoded_message, part, policy, depth)
        return
    yield from guarded(of_leaf, part, policy, depth)


def guarded(texts, *arguments):
    """What `texts` yields until it fails."""
    found = []
    try:
        found.extend(texts(*arguments))
    except (Exception, RecursionError):
        pass
    return found


def of_head(part):
    for name, value in part.items():
        yield f"{name}: {value}"
        yield from guarded(decoded_field, value)
    yield from guarded(lambda: [part.get_filename() or ""])
    for header in ("content-type", "content-disposition"):
        yield from guarded(parameters, part, header)


def decoded_field(value):
    yield str(email.header.make_header(email.header.decode_header(value)))


def parameters(part, header):
    for _, value in part.get_params(failobj=[], header=header):
        yield email.utils.collapse_rfc2231_value(value)


def of_leaf(part, policy, depth):
    payload = part.get_payload(decode=True)
    if payload is not None:
        charset = part.get_content_charset()
        yield from of_octets(payload, charset)
    text = part.get_payload()
    if isinstance(text, str):
        yield from shown(text)
    if hasattr(part, "get_content"):
        yield from guarded(of_content, part)


def of_content(part):
    content = part.get_content()
    if isinstance(content, str):
        yield from shown(content)


def of_encoded_message(part, policy, depth):
    """A message/rfc822 in base64, which the package leaves alone."""
    if part.get_content_maintype() != "message":
        return
    encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
    inner = part.get_payload(0).as_bytes()
    if encoding == "base64":
        octets = base64.b64decode(inner)
    elif encoding == "quoted-printable":
        octets = binascii.a2b_qp(inner)
    else:
        return
    yield from of_part(email.message_from_bytes(octets, policy=policy), policy, depth + 1)


def of_octets(octets, charset):
    for name in dict.fromkeys([charset or "utf-8", "utf-8", "latin-1"]):
        yield from guarded(lambda: list(shown(octets.decode(name))))
    if octets.startswith(b"PK\3\4"):
        yield from guarded(of_zip, octets)


def of_zip(octets):
    with zipfile.ZipFile(io.BytesIO(octets)) as archive:
        for member in archive.namelist():
            yield member
            yield archive.read(member).decode("utf-8", "replace")


def shown(text):
    """The text, and as a page where it is one."""
    yield text
    if "<" in text or "&" in text:
        page = re.sub(r"<!--.*?-->|<[^<>]*>", "", text, flags=re.S)
        yield html.unescape(page)


def ripmime(path, folder):
    """All names and texts that ripmime writes for the message at `path`."""
    os.mkdir(folder)
    try:
        command = ["ripmime", "-q", "--timeout", "5", "-i", path, "-d", folder]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=10, check=False)
        for name in sorted(os.listdir(os.fsencode(folder))):
            yield name.decode("latin-1")
            yield name.decode("utf-8", "replace")
            with open(os.path.join(os.fsencode(folder), name), "rb") as file:
                yield from of_octets(file.read(), None)
    except subprocess.TimeoutExpired:
        return
    finally:
        shutil.rmtree(folder, ignore_errors=True)
