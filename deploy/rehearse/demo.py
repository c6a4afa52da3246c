"""Sends sample mails through a private Postfix and Sluse, and shows what became
of each. Started by deploy/try.sh. Ends with status 1 when something did not
happen as it has to.
"""

import argparse
import os
import re
import shutil
import signal
import sys
import tempfile
from email.header import decode_header, make_header

import rig

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLES = os.path.join(HERE, "..", "..", "tests", "fixtures", "samples")
KARI, OLA, PER = "kari@cpm.example", "ola@partner.example", "per@partner.example"
NUMBER = b"13827830652"
COLOUR = sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def tint(code, text):
    return f"\x1b[{code}m{text}\x1b[0m" if COLOUR else text


class Demo:
    def __init__(self, program, folder):
        self.folder = folder
        self.sink = rig.Sink()
        self.sluse = rig.Sluse(program, folder)
        self.postfix = rig.Postfix(folder, f"unix:{self.sluse.socket}", self.sink.port)
        self.ola = rig.Keyring(folder)
        self.failed = []
        self.count = 0

    def start(self):
        self.sluse.settle(self.postfix.behind)
        self.sluse.start()
        self.postfix.start()
        code, _, complaint = self.sluse.run("keys", "import", "-", stdin=self.ola.make(OLA))
        if code != 0:
            raise RuntimeError(f"keys import: {complaint}")

    def stop(self):
        self.postfix.stop()
        self.sluse.stop()
        self.ola.stop()

    # What the stories are told with.

    def story(self, title):
        self.count += 1
        self.title = title
        print(f"\n{tint('1', f'{self.count:2}  {title}')}")

    def send(self, name, sender, recipients):
        """Sends a sample; gives code, lines and the message."""
        with open(os.path.join(SAMPLES, f"{name}.eml"), "rb") as file:
            mail = rig.Mail(sender, recipients, file.read().replace(b"\n", b"\r\n"))
        print(f"    {sender or '<>'} -> {', '.join(recipients)}   {tint('2', name + '.eml')}")
        code, lines = rig.send(self.postfix.gate, mail)
        for number, line in enumerate(lines, 1):
            print(f"      {tint('36', f'{code}' + ('-' if number < len(lines) else ' ') + line)}")
        return code, lines, mail

    def check(self, what, held):
        print(f"    {tint('32', 'ok    ') if held else tint('31', 'FAILED')} {what}")
        if not held:
            self.failed.append(f"{self.count} {self.title}: {what}")

    def say(self, text):
        print(f"    {tint('2', text)}")

    def at_sink(self, mail, count=1, limit=rig.PATIENCE):
        mark = mail.header("Message-ID")
        return self.sink.wait(lambda one: one.header("Message-ID") == mark, count, limit)

    def nothing_came(self, mail):
        """True when a later message has arrived and this one has not."""
        later = rig.Mail(KARI, [OLA], b"From: kari@cpm.example\r\nTo: ola@partner.example\r\n"
                           b"Subject: Alt vel\r\nMessage-ID: <later-%d@cpm.example>\r\n\r\nAlt vel.\r\n"
                           % len(self.sink.arrived))
        rig.send(self.postfix.gate, later)
        return len(self.at_sink(later)) == 1 and not self.at_sink(mail, 0)

    def command(self, *arguments):
        code, out, complaint = self.sluse.run(*arguments)
        self.say(f"$ sluse {' '.join(arguments)}")
        for line in (out + complaint).splitlines()[:6]:
            print(f"      {line[:150]}")
        return code, out

    # The stories.

    def clean(self):
        for title, name in (("Clean text", "clean-text"), ("Clean mail of many parts", "clean-multipart"),
                            ("Already encrypted by the sender", "already-encrypted")):
            self.story(title)
            code, _, mail = self.send(name, KARI, [OLA])
            arrived = self.at_sink(mail)
            self.check("taken and delivered once", code == 250 and len(arrived) == 1)
            self.check("byte for byte as it was sent", bool(arrived) and arrived[0].is_untouched(mail.content))

    def refused(self):
        for title, name, sender, recipient in (
                ("A number in the text, no key for the recipient", "number-in-body", KARI, PER),
                ("A number in a Word file in a zip", "number-in-docx-in-zip", KARI, PER),
                ("A number from outside, in a table", "inbound-number", OLA, KARI)):
            self.story(title)
            code, lines, mail = self.send(name, sender, [recipient])
            self.check("refused in the session, in 3 lines at most", code == 550 and len(lines) <= 3)
            link = re.search(r"https?://\S+", " ".join(lines))
            status = self.sluse.page(link.group(0)[len(self.sluse.url):])[0] if link else 0
            self.check("with a link to guidance that opens, and no number", status == 200
                       and not re.search(r"\d{6}", " ".join(lines)))
            self.check("nothing came out", self.nothing_came(mail))

    def encrypted(self):
        for title, name in (("A number to somebody with a certificate", "recipient-with-key"),
                            ("A number in the Subject, to the same", "subject-with-key")):
            self.story(title)
            code, _, mail = self.send(name, KARI, [OLA])
            arrived = self.at_sink(mail)
            self.check("taken and delivered once", code == 250 and len(arrived) == 1)
            if not arrived:
                continue
            got = arrived[0]
            self.say(f"arrived: {got.header('Content-Type').split(';')[0]}, Subject: {got.header('Subject')}")
            self.check("the number is nowhere outside", NUMBER not in re.sub(rb"\s", b"", got.content))
            inner = self.ola.open(got.content)
            body = mail.content[mail.content.index(b"\r\n\r\n"):]
            self.check("gpg opens it, and the original is inside byte for byte", inner.endswith(body))
            self.check("its Subject is protected", got.header("Subject") == "[...]" and b"Subject:" in inner)

    def waiting(self, mail):
        """What the quarantine holds of a message."""
        mark = mail.header("Message-ID")
        return [item for item in self.sluse.held() if item["message_id"] == mark]

    def held(self):
        self.story("A bare number without a word beside it")
        code, _, mail = self.send("medium-finding", KARI, [OLA])
        self.check("taken, and nothing came out", code == 250 and self.nothing_came(mail))
        _, listed = self.command("quarantine", "list")
        waiting = self.waiting(mail)
        self.check("held once, shown without the number", len(waiting) == 1 and NUMBER.decode() not in listed)
        if not waiting:
            return
        identity = waiting[0]["id"]
        release = ("quarantine", "release", identity, "--by", "Siri", "--reason", "avtalt")
        self.command(*release)
        arrived = self.at_sink(mail)
        self.check("released: delivered byte for byte", bool(arrived) and arrived[0].is_untouched(mail.content))
        again, _ = self.command(*release)
        self.nothing_came(mail)
        self.check("released twice: delivered once", again == 1 and len(self.at_sink(mail)) == 1)

    def unreadable(self):
        self.story("An attachment that nobody can read")
        code, _, mail = self.send("unscannable", KARI, [OLA])
        waiting = self.waiting(mail)
        self.check("held: what cannot be read is not clean", code == 250 and len(waiting) == 1)
        if waiting:
            self.command("quarantine", "release", waiting[0]["id"], "--encrypt")
            arrived = self.at_sink(mail)
            opened = self.ola.open(arrived[0].content) if arrived else b""
            self.check("released encrypted: gpg opens it", b"uttrekk.kmf" in opened)

    def two(self):
        self.story("Two recipients, one with a certificate and one without")
        before = len(self.sink.wait(lambda one: one.sender == "", 0))
        code, _, mail = self.send("two-recipients", KARI, [OLA, PER])
        arrived = self.at_sink(mail)
        opened = self.ola.open(arrived[0].content) if arrived else b""
        self.check(f"{OLA} gets it encrypted", code == 250 and NUMBER in opened
                   and [one.recipients for one in arrived] == [[OLA]])
        self.check(f"{PER} gets nothing", not self.sink.wait(lambda one: PER in one.recipients, 0))
        told = self.sink.wait(lambda one: one.sender == "", before + 1)
        self.check(f"{KARI} is told", len(told) > before and told[-1].recipients == [KARI])
        if told:
            self.say(f"notice: {make_header(decode_header(told[-1].header('Subject')))}")

    def killed(self):
        self.story("The gate is killed")
        self.sluse.kill()
        code, _, mail = self.send("clean-text", KARI, [OLA])
        self.check("nothing passes; the sender is asked to try again", code == 451)
        self.sluse.start()
        code, _, _ = self.send("clean-text", KARI, [OLA])
        self.check("back again, the same mail passes", code == 250 and len(self.at_sink(mail, 2)) == 2)

    def proofs(self):
        self.story("What is left behind")
        code, _ = self.command("audit", "verify")
        self.check("the audit log proves itself", code == 0)
        self.command("stats")
        outside = self.sink.wait(lambda one: one.sender == "", 0)
        self.check("notices went to our own people only", all(one.recipients == [KARI] for one in outside))
        with open(self.sluse.log, "rb") as log:
            self.check("no number in the log", NUMBER not in log.read())

    def run(self):
        for tell in (self.clean, self.refused, self.encrypted, self.held, self.unreadable, self.two,
                     self.killed, self.proofs):
            tell()

    def where_to_look(self):
        samples = os.path.relpath(SAMPLES)
        program = f"{os.path.relpath(self.sluse.program)} --config {self.sluse.settings}"
        print(f"""
{tint('1', 'Running until Ctrl-C. Look around:')}
  SMTP with the gate    127.0.0.1:{self.postfix.gate}   everything ends in a sink, nothing leaves this machine
  health, metrics       {self.sluse.url}/readyz   {self.sluse.url}/metrics
  folder                {self.folder}   (sluse.toml, sluse.log, postfix.log, state/)

  {program} quarantine list
  {program} audit export
  {program} explain {samples}/two-recipients.eml --from {KARI} --to {OLA} --to {PER}
  {os.path.relpath(self.sluse.program)} scan {samples}/*.eml""", flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--program", required=True, help="the sluse to run")
    arguments.add_argument("--once", action="store_true", help="end after the demonstration")
    arguments = arguments.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))
    folder = tempfile.mkdtemp(prefix="sluse-try-", dir="/tmp")
    # Postfix reaches the milter socket as its own user.
    os.chmod(folder, 0o755)
    demo = Demo(os.path.abspath(arguments.program), folder)
    try:
        demo.start()
        demo.run()
        print()
        if demo.failed:
            print(tint("31", f"{len(demo.failed)} did not happen as they have to:"))
            print("\n".join(f"  {line}" for line in demo.failed))
        else:
            print(tint("32", f"all {demo.count} as they have to be"), flush=True)
        if not arguments.once:
            demo.where_to_look()
            signal.pause()
    except KeyboardInterrupt:
        print()
    finally:
        demo.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if demo.failed else 0


if __name__ == "__main__":
    sys.exit(main())
