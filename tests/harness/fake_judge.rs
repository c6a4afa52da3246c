//! A judge that says what a test tells it to, and remembers what it saw.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

pub(crate) use sluse::gate::Taken;
use sluse::{
    gate::{Answer, Fate, Judge, Outcome},
    model::{Address, Answered, Channel, Envelope, Raw, Reading, Reviewer},
    policy::{Parcel, Policy},
};
use tokio::sync::Notify;

/// Judges by a rule, at once or when it is released.
pub(crate) struct FakeJudge {
    rule: Box<dyn Fn(&Taken) -> Outcome + Send + Sync>,
    seen: Mutex<Vec<Seen>>,
    answered: Mutex<Vec<Answered>>,
    release: Option<Arc<Notify>>,
    entered: Notify,
    busy: Arc<AtomicUsize>,
}

/// What it saw of a message.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) channel: Channel,
    pub(crate) envelope: Envelope,
    pub(crate) raw: Raw,
}

impl FakeJudge {
    pub(crate) fn new(rule: impl Fn(&Taken) -> Outcome + Send + Sync + 'static) -> Self {
        let (seen, answered, entered, busy) = Default::default();
        Self { rule: Box::new(rule), seen, answered, release: None, entered, busy }
    }

    /// Delivers, but only when told to.
    pub(crate) fn waiting() -> (Self, Arc<Notify>) {
        let release = Arc::new(Notify::new());
        (Self { release: Some(Arc::clone(&release)), ..deliver() }, release)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// What it heard of answers that were given.
    pub(crate) fn heard(&self) -> Vec<Answered> {
        self.answered.lock().unwrap().clone()
    }

    pub(crate) fn forget(&self) {
        self.seen.lock().unwrap().clear();
    }

    /// Completes when a message has come before the judge.
    pub(crate) async fn entered(&self) {
        self.entered.notified().await;
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.busy.load(Ordering::SeqCst) == 0
    }
}

impl Judge for FakeJudge {
    fn judge(&self, taken: Taken) -> Pin<Box<dyn Future<Output = Outcome> + Send + '_>> {
        Box::pin(async move {
            let _busy = Busy::new(&self.busy);
            let Taken { channel, envelope, raw, .. } = &taken;
            let seen = Seen { channel: *channel, envelope: envelope.clone(), raw: raw.clone() };
            self.seen.lock().unwrap().push(seen);
            self.entered.notify_one();
            if let Some(release) = &self.release {
                release.notified().await;
            }
            (self.rule)(&taken)
        })
    }

    fn answered(&self, answered: Answered) {
        self.answered.lock().unwrap().push(answered);
    }
}

struct Busy(Arc<AtomicUsize>);

impl Busy {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A judge that delivers everything as it came.
pub(crate) fn deliver() -> FakeJudge {
    FakeJudge::new(|taken| {
        let recipients = &taken.envelope.recipients;
        let copy = parcel(&taken.envelope.sender, recipients, &taken.raw);
        outcome(vec![answer(recipients, Fate::Delivered(copy))])
    })
}

/// A judge that has one verdict for everyone.
pub(crate) fn everyone(fate: Fate) -> FakeJudge {
    FakeJudge::new(move |taken| outcome(vec![answer(&taken.envelope.recipients, fate.clone())]))
}

pub(crate) fn outcome(answers: Vec<Answer>) -> Outcome {
    Outcome { event: None, answers }
}

pub(crate) fn answer(recipients: &[Address], fate: Fate) -> Answer {
    Answer { recipients: recipients.to_vec(), fate }
}

/// A parcel, cleared by a policy that releases whatever it is asked to.
pub(crate) fn parcel(sender: &Option<Address>, recipients: &[Address], bytes: &Raw) -> Parcel {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(bytes).into();
    let reading = Reading { digest, findings: Vec::new(), gaps: Vec::new() };
    let envelope = Envelope { sender: sender.clone(), recipients: recipients.to_vec() };
    let reviewer = Reviewer::new("Vakt", "sak 12").unwrap();
    let cleared = Policy::built_in().clear_released(&reading, &envelope, &reviewer);
    Parcel::new(cleared, envelope.sender, bytes.clone()).unwrap()
}
