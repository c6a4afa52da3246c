//! Examples for the help texts and the manual page. A test runs each of them
//! through the parser, so they can be copied as they stand.

pub(super) const SLUSE: &str = "\
Examples:
  sluse scan mail.eml report.docx       what is in these files?
  sluse check-config                    are settings, rules and policy right?
  sluse serve                           run the gateway
  sluse quarantine list --format json   what is held?

Exit status: 0 done or clean, 1 findings or no, 2 wrong usage, 3 wrong settings,
4 try again later, 5 not allowed.";

pub(super) const ACCOUNT: &str = "\
Examples:
  sluse account add solveig --roles reviewer,approver
  sluse account list
  sluse account roles solveig --roles officer
  sluse account reset solveig
  sluse account reset solveig --second-factor
  sluse account close solveig

A change ends the sessions of the account. The service prints a link for the first
administrator in its log.";

pub(super) const AUDIT: &str = "\
Examples:
  sluse audit verify
  sluse audit export --from 2026-11-01 --to 2026-11-30 > audit.jsonl
  sluse audit key

The service signs the log once a day. A checkpoint stands in the log itself and in
the log of the service.";

pub(super) const AUDIT_EVIDENCE: &str = "\
Examples:
  sluse audit evidence --from 2026-11-01 --reason \"asked by the supervisory authority\"";

pub(super) const AUDIT_EXPORT: &str = "\
Examples:
  sluse audit export --from 1000 --to 2000 > audit.jsonl
  sluse audit export --as csv --from 2026-11-23 --reason \"yearly audit\" > audit.csv";

pub(super) const AUDIT_VERIFY: &str = "\
Examples:
  sluse audit verify
  sluse audit verify audit.jsonl
  sluse audit verify audit.jsonl --key 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
  sluse audit verify --checkpoint sluse.log

The first row that is wrong is named. A file is checked by the keys of this store, or
with --key by its checkpoints alone, anywhere.";

pub(super) const CHECK_CONFIG: &str = "\
Examples:
  sluse check-config
  sluse check-config --config new.toml && mv new.toml /etc/sluse/sluse.toml
  sluse check-config --format json";

pub(super) const COMPLETIONS: &str = "\
Examples:
  sluse completions bash > /etc/bash_completion.d/sluse
  sluse completions zsh > /usr/local/share/zsh/site-functions/_sluse
  sluse completions fish > ~/.config/fish/completions/sluse.fish";

pub(super) const EXPLAIN: &str = "\
Examples:
  sluse explain mail.eml --from kari@cpm.example --to ola@partner.example
  sluse explain bcdfghjkmnpqrstvbcdf";

pub(super) const FORMATS: &str = "\
Examples:
  sluse formats
  sluse formats --format json

What cannot be read is a gap, and the policy decides about gaps.";

pub(super) const KEYS: &str = "\
Examples:
  sluse keys import partner.asc
  sluse keys import --pin post@partner.example partner.asc
  sluse keys list
  sluse keys lookup ola@partner.example
  sluse keys remove 0123456789ABCDEF0123456789ABCDEF01234567";

pub(super) const MAN: &str = "\
Examples:
  sluse man > /usr/local/share/man/man8/sluse.8";

pub(super) const OUTBOX: &str = "\
Examples:
  sluse outbox list
  sluse outbox retry bcdfghjkmnpqrstvbcdf
  sluse outbox drop bcdfghjkmnpqrstvbcdf --reason \"the domain is gone\"";

pub(super) const QUARANTINE: &str = "\
Examples:
  sluse quarantine list --state held
  sluse quarantine show bcdfghjkmnpqrstvbcdf
  sluse quarantine release bcdfghjkmnpqrstvbcdf --encrypt
  sluse quarantine reject bcdfghjkmnpqrstvbcdf";

pub(super) const QUARANTINE_DELETE: &str = "\
Examples:
  sluse quarantine delete bcdfghjkmnpqrstvbcdf --reason \"spam\"";

pub(super) const QUARANTINE_KEEP: &str = "\
Examples:
  sluse quarantine keep bcdfghjkmnpqrstvbcdf --reason \"case 24-118832 of the district court\"
  sluse quarantine kept
  sluse quarantine lift bcdfghjkmnpqrstvbcdf --reason \"the case is closed\"

What is under a legal hold cannot be deleted, refused or erased, and does not expire.";

pub(super) const QUARANTINE_LIST: &str = "\
Examples:
  sluse quarantine list --state held --direction outbound
  sluse quarantine list --format json --limit 20";

pub(super) const QUARANTINE_REJECT: &str = "\
Examples:
  sluse quarantine reject bcdfghjkmnpqrstvbcdf --reason \"use the portal instead\"";

pub(super) const QUARANTINE_RELEASE: &str = "\
Examples:
  sluse quarantine release bcdfghjkmnpqrstvbcdf --reason \"not personal data\"
  sluse quarantine release bcdfghjkmnpqrstvbcdf --encrypt --by kari";

pub(super) const QUARANTINE_SHOW: &str = "\
Examples:
  sluse quarantine show bcdfghjkmnpqrstvbcdf
  sluse quarantine show bcdfghjkmnpqrstvbcdf --reveal --reason \"asked by the sender\"";

pub(super) const REPORT: &str = "\
Examples:
  sluse report slip bcdfghjkmnpqrstvbcdf --reason \"incident 2026-4\" > incident.html
  sluse report slip --from 2026-11-23 --to 2026-11-24 --as json
  sluse report evidence --language en > evidence.html

Print the document from a browser. It shows no content; making it is an audit row.";

pub(super) const RULES: &str = "\
Examples:
  sluse rules list
  sluse rules test rules/
  sluse rules test --format json own-rules.toml";

pub(super) const SCAN: &str = "\
Examples:
  sluse scan mail.eml
  sluse scan --format json attachments/*
  printf 'Kontakt oss' | sluse scan --as text -
  sluse scan --config /etc/sluse/sluse.toml report.docx
  sluse scan --ocr scan.pdf

A file is sensitive (a finding of level medium or above), else unscannable (a
part of it cannot be read), else encrypted, else clean. Exit status 1 means
sensitive or unscannable.";

pub(super) const SERVE: &str = "\
Examples:
  sluse serve
  sluse serve --config /etc/sluse/sluse.toml

SIGHUP takes new settings, rules and policy into use, or keeps the old ones
when the new ones are wrong. SIGTERM ends the service within 10 seconds.";

pub(super) const STATS: &str = "\
Examples:
  sluse stats
  sluse stats --days 30 --format json
  sluse stats --check || echo \"mail is not accounted for\"";

pub(super) const SUBJECT: &str = "\
Examples:
  sluse subject find --number - --reason \"request 2026-17\"
  sluse subject find --address ola@partner.example --reason \"request 2026-17\"
  sluse subject export --name \"Ola Nordmann\" --out request-17 --reason \"request 2026-17\"
  sluse subject erase --address ola@partner.example --reason \"request 2026-17\"
  sluse subject erase --name \"Ola Nordmann\" --only bcdfghjkmnpqrstvbcdf --reason \"17\"
  sluse subject correct bcdfghjkmnpqrstvbcdf --note note.txt --reason \"request 2026-17\"

A number on the command line can be seen by others on this machine. The audit log
keeps masked findings until its rows are old.";
