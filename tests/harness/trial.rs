//! Many messages from a sender that never gives up, and the books on what
//! became of each.
//!
//! A message is *lost* when the sender was told that it was taken and it is
//! nowhere; *leaked* when one that had to be stopped reached the world; *held
//! twice* when the quarantine has two of it.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    client::{Client, Mail, Reply},
    samples::{NUMBER, OLA, PER, letter},
    sink::Arrival,
};

/// What has to become of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    /// It reaches the world as it is.
    Clean,
    /// It ends in the quarantine.
    Held,
    /// Its recipient gets it encrypted.
    Protected,
    /// The sender is told no.
    Refused,
    /// One recipient gets it encrypted, the other nothing.
    Split,
}

impl Fate {
    fn text(self) -> String {
        match self {
            Self::Clean => "Hei, møtet er flyttet til torsdag. Hilsen Kari".to_owned(),
            Self::Held => format!("Hei, her er det du spurte etter:\r\n\r\n{NUMBER}\r\n"),
            Self::Protected | Self::Refused | Self::Split => {
                format!("Pasienten har fødselsnummer {NUMBER}.")
            }
        }
    }

    /// Whether it has to reach the world when it was taken.
    fn arrives(self) -> bool {
        matches!(self, Self::Clean | Self::Protected | Self::Split)
    }
}

/// Many messages: 70 % clean, 20 % to be held, 10 % to be refused.
pub(crate) struct Trial {
    planned: Vec<(String, Fate, Mail)>,
    answers: Mutex<HashMap<String, u16>>,
    next: AtomicUsize,
    retries: AtomicUsize,
}

impl Trial {
    /// So many messages, named after `name`.
    pub(crate) fn new(name: &str, count: usize) -> Self {
        Self::of(name, (0..count).map(|n| MIX[n % MIX.len()]))
    }

    /// Messages with these fates, in this order.
    pub(crate) fn of(name: &str, fates: impl IntoIterator<Item = Fate>) -> Self {
        let plan = |(n, fate): (usize, Fate)| {
            // In letters, as digits beside a number could spoil its detection.
            let id = format!("{name}-{}", letters(n));
            let mut mail = letter(&id, &fate.text());
            match fate {
                Fate::Refused => mail.recipients = vec![PER.to_owned()],
                Fate::Split => mail.recipients = vec![OLA.to_owned(), PER.to_owned()],
                Fate::Clean | Fate::Held | Fate::Protected => {}
            }
            (format!("<{id}@cpm.example>"), fate, mail)
        };
        Self {
            planned: fates.into_iter().enumerate().map(plan).collect(),
            answers: Mutex::default(),
            next: AtomicUsize::new(0),
            retries: AtomicUsize::new(0),
        }
    }

    /// Sends all of it to `port` over so many connections. Each message is
    /// tried until it gets a final answer or `limit` is over.
    pub(crate) fn send(&self, port: u16, connections: usize, limit: Duration) {
        let end = Instant::now() + limit;
        thread::scope(|scope| {
            for _ in 0..connections {
                scope.spawn(|| self.work(port, end));
            }
        });
    }

    /// Begins again with the first message that has no final answer.
    pub(crate) fn again(&self) {
        self.next.store(0, Ordering::Relaxed);
    }

    /// How many have their final answer.
    pub(crate) fn answered(&self) -> usize {
        self.answers.lock().unwrap().len()
    }

    /// The messages, in order.
    pub(crate) fn mails(&self) -> impl Iterator<Item = &Mail> {
        self.planned.iter().map(|(_, _, mail)| mail)
    }

    /// Whether each message that was taken and has to reach the sink is there.
    /// Second copies of some do not stand in for others.
    pub(crate) fn is_complete(&self, arrivals: &[Arrival]) -> bool {
        let there: HashSet<_> =
            arrivals.iter().filter_map(|one| one.header("Message-ID")).collect();
        let answers = self.answers.lock().unwrap();
        let mut arriving = self.planned.iter().filter(|(_, fate, _)| fate.arrives());
        arriving.all(|(id, ..)| answers.get(id) != Some(&250) || there.contains(id))
    }

    /// Whether a message at the sink belongs to this trial.
    pub(crate) fn owns(&self, arrival: &Arrival) -> bool {
        let id = arrival.header("Message-ID").unwrap_or_default();
        self.planned.iter().any(|(known, ..)| *known == id)
    }

    /// Closes the books.
    pub(crate) fn account(&self, arrivals: &[Arrival], held: &[Value]) -> Account {
        let mut out: HashMap<String, Vec<&Arrival>> = HashMap::new();
        for arrival in arrivals {
            out.entry(arrival.header("Message-ID").unwrap_or_default()).or_default().push(arrival);
        }
        let mut kept: HashMap<String, usize> = HashMap::new();
        for item in held {
            let id = item["message_id"].as_str().unwrap_or("").trim_matches(['<', '>']);
            *kept.entry(format!("<{id}>")).or_default() += 1;
        }
        let answers = self.answers.lock().unwrap();
        let retries = self.retries.load(Ordering::Relaxed);
        let mut account = Account { messages: self.planned.len(), retries, ..Account::default() };
        for (id, fate, _) in &self.planned {
            let out = out.get(id).map(Vec::as_slice).unwrap_or_default();
            let kept = kept.get(id).copied().unwrap_or(0);
            account.enter(*fate, answers.get(id).copied(), out, kept);
        }
        account
    }

    fn work(&self, port: u16, end: Instant) {
        let mut client = None;
        while let Some((id, _, mail)) = self.planned.get(self.next.fetch_add(1, Ordering::Relaxed))
        {
            if self.answers.lock().unwrap().contains_key(id) {
                continue;
            }
            while Instant::now() < end {
                if let Some(reply) = attempt(&mut client, port, mail)
                    && (reply.code == 250 || reply.code >= 500)
                {
                    self.answers.lock().unwrap().insert(id.clone(), reply.code);
                    break;
                }
                client = None;
                self.retries.fetch_add(1, Ordering::Relaxed);
                thread::park_timeout(PAUSE);
            }
        }
    }
}

/// One try; none when the connection failed.
fn attempt(client: &mut Option<Client>, port: u16, mail: &Mail) -> Option<Reply> {
    let mut open = match client.take() {
        Some(open) => open,
        None => Client::connect(port).ok()?,
    };
    let reply = open.send(mail).ok()?;
    *client = Some(open);
    Some(reply)
}

/// What became of the messages of a trial.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Account {
    pub(crate) messages: usize,
    pub(crate) retries: usize,
    pub(crate) taken: usize,
    pub(crate) refused: usize,
    pub(crate) unanswered: usize,
    pub(crate) duplicated: usize,
    pub(crate) held_twice: usize,
    pub(crate) leaked: usize,
    pub(crate) lost: usize,
    pub(crate) wrongly_refused: usize,
}

impl Account {
    /// Whether nothing went wrong: all answered, and none lost, leaked, held
    /// twice, delivered twice or refused without cause.
    pub(crate) fn is_perfect(&self) -> bool {
        self.is_safe() && self.unanswered == 0
    }

    /// Whether nothing went wrong with what was answered.
    pub(crate) fn is_safe(&self) -> bool {
        let faults =
            [self.duplicated, self.held_twice, self.leaked, self.lost, self.wrongly_refused];
        faults.iter().all(|count| *count == 0)
    }

    /// Two accounts in one.
    pub(crate) fn plus(&self, other: &Self) -> Self {
        Self {
            messages: self.messages + other.messages,
            retries: self.retries + other.retries,
            taken: self.taken + other.taken,
            refused: self.refused + other.refused,
            unanswered: self.unanswered + other.unanswered,
            duplicated: self.duplicated + other.duplicated,
            held_twice: self.held_twice + other.held_twice,
            leaked: self.leaked + other.leaked,
            lost: self.lost + other.lost,
            wrongly_refused: self.wrongly_refused + other.wrongly_refused,
        }
    }

    fn enter(&mut self, fate: Fate, answer: Option<u16>, out: &[&Arrival], kept: usize) {
        match answer {
            Some(250) => self.taken += 1,
            Some(_) => self.refused += 1,
            None => self.unanswered += 1,
        }
        self.lost += usize::from(answer == Some(250) && out.len() + kept == 0);
        let leaks = match fate {
            Fate::Clean => false,
            Fate::Held | Fate::Refused => !out.is_empty(),
            Fate::Protected | Fate::Split => {
                out.iter().any(|one| one.recipients != [OLA] || one.tells(NUMBER))
            }
        };
        self.leaked += usize::from(leaks);
        self.duplicated += out.len().saturating_sub(1);
        self.held_twice += usize::from(kept > 1);
        let refused = answer.is_some_and(|code| code != 250);
        self.wrongly_refused += usize::from(fate != Fate::Refused && refused);
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} messages: {} taken, {} refused, {} unanswered, {} retries; {} lost, {} leaked, \
             {} held twice, {} delivered twice, {} wrongly refused",
            self.messages,
            self.taken,
            self.refused,
            self.unanswered,
            self.retries,
            self.lost,
            self.leaked,
            self.held_twice,
            self.duplicated,
            self.wrongly_refused
        )
    }
}

/// A number in letters: 0 is `a`, 26 is `ba`.
fn letters(mut number: usize) -> String {
    let mut text = String::new();
    loop {
        let letter = u8::try_from(number % 26).unwrap_or(0);
        text.insert(0, char::from(b'a' + letter));
        number /= 26;
        if number == 0 {
            return text;
        }
    }
}

const MIX: [Fate; 10] = [
    Fate::Clean,
    Fate::Held,
    Fate::Clean,
    Fate::Clean,
    Fate::Refused,
    Fate::Clean,
    Fate::Clean,
    Fate::Held,
    Fate::Clean,
    Fate::Clean,
];

/// Between two tries of one message.
const PAUSE: Duration = Duration::from_millis(30);
