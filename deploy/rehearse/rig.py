"""A private Postfix, a Sluse at its gate, and the world outside, for demo.py.

Only Python's own library. Everything lives in one folder and listens on
127.0.0.1; the templates main.cf and master.cf beside this file are shared with
the tests.
"""

import json
import os
import re
import shutil
import signal
import smtplib
import socket
import socketserver
import subprocess
import threading
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
MASTER = "/usr/lib/postfix/sbin/master"
QUEUES = ("active bounce corrupt defer deferred flush hold incoming maildrop private public saved trace").split()
PATIENCE = 30


def until(what, ask, limit=PATIENCE):
    """Asks until the answer is true; an error when it never is."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.02)
    raise TimeoutError(f"waited {limit} s in vain for {what}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Mail:
    """A message and its envelope, coming or going."""

    def __init__(self, sender, recipients, content):
        self.sender, self.recipients, self.content = sender, recipients, content

    def header(self, name):
        head = self.content.split(b"\r\n\r\n")[0].decode("utf-8", "replace")
        found = re.search(rf"(?im)^{name}:[ \t]*(.*(?:\r\n[ \t].*)*)", head)
        return re.sub(r"\r\n[ \t]+", " ", found.group(1)).strip() if found else ""

    def is_untouched(self, original):
        """Whether nothing was done to it but Received lines put on top."""
        rest = self.content
        while rest != original:
            found = re.match(rb"Received:.*(?:\r\n[ \t].*)*\r\n", rest)
            if not found:
                return False
            rest = rest[found.end():]
        return True


class Sink(socketserver.ThreadingTCPServer):
    """The world outside: takes every message and keeps it, byte for byte."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), SinkSession)
        self.port = self.server_address[1]
        self.arrived = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def wait(self, fits, count=1, limit=PATIENCE):
        """The messages that fit, as soon as there are so many."""
        end = time.monotonic() + limit
        while True:
            found = [mail for mail in list(self.arrived) if fits(mail)]
            if len(found) >= count or time.monotonic() > end:
                return found
            time.sleep(0.02)


class SinkSession(socketserver.StreamRequestHandler):
    def handle(self):
        sender, recipients = "", []
        self.say("220 sink.partner.example ESMTP")
        for line in self.rfile:
            verb, path = line[:4].upper(), re.search(rb"<(.*?)>", line)
            path = path.group(1).decode() if path else ""
            if verb == b"EHLO":
                self.say("250-sink.partner.example\r\n250-8BITMIME\r\n250 PIPELINING")
            elif verb == b"MAIL":
                sender, recipients = path, []
                self.say("250 2.1.0 Ok")
            elif verb == b"RCPT":
                recipients.append(path)
                self.say("250 2.1.5 Ok")
            elif verb == b"DATA":
                self.say("354 Go on")
                content = self.content()
                if content is None:
                    return
                self.server.arrived.append(Mail(sender, recipients, content))
                self.say("250 2.0.0 Kept")
            elif verb == b"QUIT":
                self.say("221 2.0.0 Bye")
                return
            else:
                self.say("250 2.0.0 Ok")

    def content(self):
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)
        return None

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")


class Postfix:
    """Two doors: `gate` with the filter, `behind` without."""

    def __init__(self, folder, milter, sink):
        self.gate, self.behind = free_port(), free_port()
        self.folder, self.milter, self.sink = folder, milter, sink
        self.process = None

    def start(self):
        conf = os.path.join(self.folder, "conf")
        queue = os.path.join(self.folder, "queue")
        data = os.path.join(self.folder, "data")
        for path in (conf, data, *(os.path.join(queue, name) for name in [*QUEUES, "pid"])):
            os.makedirs(path, mode=0o755, exist_ok=True)
        for path in (data, *(os.path.join(queue, name) for name in QUEUES)):
            shutil.chown(path, "postfix")
        words = {"DIR": self.folder, "SINK": self.sink, "GATE": self.gate,
                 "BEHIND": self.behind, "MILTER": self.milter}
        for name in ("main.cf", "master.cf"):
            with open(os.path.join(HERE, name)) as file:
                text = file.read()
            for word, value in words.items():
                text = text.replace(f"@{word}@", str(value))
            with open(os.path.join(conf, name), "w") as file:
                file.write(text)
        log = open(os.path.join(self.folder, "postfix.log"), "ab")
        # Through a pipe, as a log file opened twice would be overwritten.
        tee = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=log, start_new_session=True)
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", MASTER, "-s", "-c", conf],
            stdin=subprocess.DEVNULL, stdout=tee.stdin, stderr=tee.stdin)
        tee.stdin.close()
        until("Postfix", lambda: answers(self.behind) and answers(self.gate))

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()


class Sluse:
    """The program with settings of its own."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.settings = os.path.join(folder, "sluse.toml")
        self.socket = os.path.join(folder, "milter.sock")
        self.log = os.path.join(folder, "sluse.log")
        self.web = free_port()
        self.url = f"http://127.0.0.1:{self.web}"
        self.process = None

    def settle(self, behind):
        state = os.path.join(self.folder, "state")
        with open(self.settings, "w") as file:
            file.write(f"""\
[gateway]
domains = ["cpm.example"]
state = "{state}"
policy = "{os.path.join(HERE, '..', 'policy.toml')}"
[milter]
listen = "unix:{self.socket}"
# Postfix connects as its own user.
socket_mode = 0o666
[reinject]
to = "127.0.0.1:{behind}"
[web]
listen = "127.0.0.1:{self.web}"
public_url = "{self.url}"
[notify]
contact = "it@cpm.example"
""")

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", self.program, "serve", "--config", self.settings],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until("Sluse", lambda: self.page("/readyz")[0] == 200 or self.process.poll() is not None)
        if self.process.poll() is not None:
            raise RuntimeError(f"sluse serve ended, see {self.log}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()

    def run(self, *arguments, stdin=b""):
        """(exit code, output, complaints) of a command."""
        ran = subprocess.run([self.program, *arguments, "--config", self.settings],
                             input=stdin, capture_output=True, check=False)
        return ran.returncode, ran.stdout.decode("utf-8", "replace"), ran.stderr.decode("utf-8", "replace")

    def held(self):
        """Messages that wait in the quarantine."""
        _, out, _ = self.run("quarantine", "list", "--state", "held", "--format", "json")
        return [json.loads(line) for line in out.splitlines()]

    def page(self, path):
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                return answer.status, answer.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            return error.code, ""
        except OSError:
            return 0, ""


class Keyring:
    """The correspondent's own gpg."""

    def __init__(self, folder):
        self.home = os.path.join(folder, "g")
        os.makedirs(self.home, mode=0o700)

    def make(self, address):
        """Makes a key and gives its certificate."""
        self.gpg("--quick-gen-key", address, "future-default", "-", "1y")
        return self.gpg("--armor", "--export", address)

    def open(self, content):
        """What an armored message holds; nothing when it does not open."""
        armor = re.search(rb"-----BEGIN PGP MESSAGE-----.*?-----END PGP MESSAGE-----", content, re.S)
        return self.gpg("--decrypt", stdin=armor.group(0) + b"\n") if armor else b""

    def gpg(self, *arguments, stdin=b""):
        return subprocess.run(
            ["gpg", "--homedir", self.home, "--batch", "--quiet", "--no-tty", "--trust-model", "always",
             "--pinentry-mode", "loopback", "--passphrase", "", *arguments],
            input=stdin, capture_output=True, check=False).stdout

    def stop(self):
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "all"], capture_output=True, check=False)


def send(port, mail):
    """Sends a message; gives code and lines of the last reply."""
    with smtplib.SMTP("127.0.0.1", port, "client.cpm.example", timeout=120) as client:
        client.ehlo()
        options = [] if mail.content.isascii() else ["body=8bitmime"]
        code, text = client.mail(mail.sender, options)
        for recipient in mail.recipients:
            if code == 250:
                code, text = client.rcpt(recipient)
        if code == 250:
            try:
                code, text = client.data(mail.content)
            except smtplib.SMTPDataError as error:
                code, text = error.smtp_code, error.smtp_error
        return code, text.decode("ascii", "replace").splitlines()
