//! The mark on what the gateway itself sends, by which it knows its own mail.
//!
//! One field on top, with one keyed hash a recipient over the time, the
//! recipient and every byte below the field. A message whose mark holds for
//! each recipient of its envelope, and above which only traces of the way
//! stand, was judged before and passes unread. Anything else – a forged or an
//! old mark, one of another gateway, one for somebody else – is as if it were
//! not there, and the message is read like any other.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;

use super::{Answer, Fate, Gate, GateError, Outcome, Rulebook, fields};
use crate::{
    model::{Address, Submission, Verdict},
    policy::{MARK, Parcel, Passed},
    store::Store,
};

impl Gate {
    /// The parcel as it is sent to those named in `to`: with the mark on top.
    /// Without one when they are too many; then it is read when it comes back.
    pub(super) async fn marked(
        &self,
        parcel: &Parcel,
        to: &[Address],
    ) -> Result<Parcel, GateError> {
        if to.len() > MOST_RECIPIENTS {
            return Ok(parcel.clone());
        }
        let (store, now) = (self.store.clone(), self.now());
        let (parcel, to) = (parcel.clone(), to.to_vec());
        // Up to 64 MiB are copied and hashed.
        let work = move || parcel.marked(&field(&store, &parcel, &to, now)).unwrap_or(parcel);
        Ok(spawn_blocking(work).await?)
    }

    /// Passes a message on that bears our mark for all of its recipients. None
    /// when it does not.
    ///
    /// # Errors
    ///
    /// The audit log could not be written.
    pub(super) async fn let_pass(
        &self,
        book: &Arc<Rulebook>,
        submission: &Submission,
        started: Instant,
    ) -> Result<Option<Outcome>, GateError> {
        let Some(mark) = Mark::on(&submission.raw) else { return Ok(None) };
        if !mark.is_fresh(self.now()) || self.reader(book).finds_in(&mark.above, self.now()) {
            return Ok(None);
        }
        let (store, at) = (self.store.clone(), submission.clone());
        let Some(passed) = spawn_blocking(move || mark.check(&store, &at)).await? else {
            return Ok(None);
        };
        let (envelope, raw) = (&submission.envelope, &submission.raw);
        let cleared = book.policy.clear_passed(passed);
        let parcel = Parcel::new(cleared, envelope.sender.clone(), raw.clone())?;
        self.note_unread(book, submission, (Verdict::Deliver, ROUTE), started).await?;
        let (recipients, fate) = (envelope.recipients.clone(), Fate::Delivered(parcel));
        let answers = vec![Answer { recipients, fate }];
        Ok(Some(Outcome { event: Some(submission.id), answers }))
    }
}

/// The field for `parcel` on its way to these recipients at this time.
fn field(store: &Store, parcel: &Parcel, to: &[Address], now: Timestamp) -> String {
    let base = Base { seconds: now.as_second(), digest: parcel.bytes().digest() };
    let mut macs: Vec<_> = to.iter().map(|to| base.mac(store, &to.key())).collect();
    // A recipient must not be able to count the others, some of whom may be
    // hidden from him.
    for filler in to.len()..to.len().next_power_of_two().max(FEWEST_MACS) {
        macs.push(base.mac(store, &format!("\n{filler}")));
    }
    macs.sort_unstable();
    let macs: Vec<String> = macs.iter().map(|mac| BASE64URL_NOPAD.encode(mac)).collect();
    // Ten digits in a row might be taken for somebody's number.
    let seconds = format!("{:x}", base.seconds);
    format!("{MARK}: v={VERSION}; t={seconds};\r\n m={}\r\n", macs.join(",\r\n "))
}

/// What is the same for all recipients of a marked message.
struct Base {
    seconds: i64,
    digest: [u8; 32],
}

impl Base {
    fn mac(&self, store: &Store, recipient: &str) -> [u8; 32] {
        let parts =
            [VERSION.as_bytes(), &self.seconds.to_be_bytes(), &self.digest, recipient.as_bytes()];
        store.mac(PURPOSE, &parts.concat())
    }
}

/// A mark as it was found, which anybody may have written.
struct Mark {
    seconds: i64,
    macs: Vec<[u8; 32]>,
    /// The fields above it, without line ends.
    above: String,
    /// Where the bytes begin that it is about.
    below: usize,
}

impl Mark {
    /// The mark on a message, if there is one at its place.
    fn on(raw: &[u8]) -> Option<Self> {
        let mut above = String::new();
        for field in fields::all(raw) {
            if field.is(MARK) {
                return Self::read(&field, above);
            }
            let is_trace = TRACES.iter().any(|name| field.is(name));
            if !is_trace || field.end > MOST_ABOVE {
                return None;
            }
            above.push_str(&field.text());
            above.push('\n');
        }
        None
    }

    fn read(field: &fields::Field<'_>, above: String) -> Option<Self> {
        let text: String = field.text().split(' ').collect();
        let (version, rest) = text.strip_prefix("v=")?.split_once(";t=")?;
        let (seconds, macs) = rest.split_once(";m=")?;
        if version != VERSION || macs.len() > MOST_MACS * (MAC_LETTERS + 1) {
            return None;
        }
        let mac = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).ok()?.try_into().ok();
        let macs: Option<Vec<[u8; 32]>> = macs.split(',').map(mac).collect();
        let seconds = i64::from_str_radix(seconds, 16).ok()?;
        Some(Self { seconds, macs: macs?, above, below: field.end })
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        let age = now.as_second().saturating_sub(self.seconds);
        let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        (-seconds(CLOCKS_DIFFER)..=seconds(VALID)).contains(&age)
    }

    /// The proof that it holds for every recipient of the envelope.
    fn check(&self, store: &Store, submission: &Submission) -> Option<Passed> {
        let below = submission.raw.get(self.below..)?;
        let base = Base { seconds: self.seconds, digest: Sha256::digest(below).into() };
        Passed::proven_by_mark(&submission.raw, &submission.envelope.recipients, |recipient| {
            let right = base.mac(store, &recipient.key());
            self.macs.iter().fold(false, |found, mac| is_same(mac, &right) | found)
        })
    }
}

/// Compares in a time that tells nothing.
fn is_same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    one.iter().zip(other).fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
}

/// Fields that mail servers put on top of a message they hand on.
const TRACES: &[&str] = &[
    "Authentication-Results",
    "Delivered-To",
    "Received",
    "Received-SPF",
    "Return-Path",
    "X-Original-To",
];

const ROUTE: &str = "passed";
const PURPOSE: &str = "passed";
const VERSION: &str = "1";
/// As long as mail may be under way (RFC 5321 section 4.5.4.1).
const VALID: Duration = Duration::from_secs(5 * 24 * 3600);
/// Gateways that share a key may not share the time of day.
const CLOCKS_DIFFER: Duration = Duration::from_secs(3600);
const MOST_RECIPIENTS: usize = 50;
const FEWEST_MACS: usize = 4;
const MOST_MACS: usize = 64;
/// 32 bytes in base64 without padding.
const MAC_LETTERS: usize = 43;
const MOST_ABOVE: usize = 64 << 10;
