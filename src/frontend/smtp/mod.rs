//! The SMTP and LMTP front-end: a mail server hands a message over and waits
//! until it was judged and has gone on.
//!
//! The client's transaction stays open until the next hop has answered, so a
//! message is never ours alone: what passes is answered by the next hop, what
//! does not was refused or is durable before the client hears 250. It decides
//! nothing itself but who may talk to it, and who that is stands in the
//! settings. Whatever goes wrong is a 4xx and one log line.

mod answer;
mod command;
mod content;
mod ending;
mod form;
mod forward;
mod limits;
mod listen;
mod mail;
mod message;
mod parameters;
mod proxied;
mod replies;
mod session;
mod settings;
mod socket;
mod tls;
mod trust;
mod wire;

use std::{
    fs,
    future::Future,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use metrics::{counter, gauge};
use thiserror::Error;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};
use tracing::{Instrument, debug, error, info_span, warn};

use self::{
    limits::{Door, Memory},
    listen::Dialect,
    session::{Arrival, Session},
    socket::{Link, Socket},
    tls::Tls,
    trust::Standing,
    wire::Wire,
};
pub use self::{
    listen::{At, ParsePlaceError, Place, Places},
    settings::{
        AcceptFrom, BareNewline, CertificateName, Connector, Fault, Limits,
        ParseCertificateNameError, Settings,
    },
    tls::TlsError,
};
use crate::{
    base::measure::{SMTP_CONNECTIONS, SMTP_REFUSED},
    frontend::unix,
    gate::Judge,
    relay::NextHop,
};

/// What all sessions share.
pub struct Front {
    judge: Arc<dyn Judge>,
    terms: ArcSwap<Terms>,
    door: Arc<Door>,
    memory: Memory,
    name: String,
    sessions: AtomicU64,
}

/// What may change while the service runs. A session keeps what it began with.
struct Terms {
    settings: Settings,
    /// Our own domains, in lower case.
    domains: Vec<String>,
    next_hop: NextHop,
    tls: Option<Tls>,
}

impl Terms {
    fn load(settings: Settings, domains: Vec<String>) -> Result<Self, TlsError> {
        let tls = Tls::load(&settings)?;
        let next_hop = NextHop::load(&settings.relay()).map_err(TlsError::NextHop)?;
        Ok(Self { settings, domains, next_hop, tls })
    }
}

impl Front {
    /// A front-end before `judge`; `domains` are ours, in lower case.
    ///
    /// # Errors
    ///
    /// A file for TLS cannot be used.
    pub fn new(
        judge: Arc<dyn Judge>,
        settings: Settings,
        domains: Vec<String>,
    ) -> Result<Arc<Self>, TlsError> {
        let hello = settings.hello.as_ref().map(|hello| hello.as_str().to_owned());
        Ok(Arc::new(Self {
            judge,
            door: Arc::default(),
            memory: Memory::new(settings.limits.memory.get()),
            name: hello.unwrap_or_else(own_name),
            sessions: AtomicU64::new(0),
            terms: ArcSwap::from_pointee(Terms::load(settings, domains)?),
        }))
    }

    /// Takes new settings into use for sessions that begin from now on. Where
    /// we listen, our name and the memory stay as they were.
    ///
    /// # Errors
    ///
    /// A file for TLS cannot be used; the old settings stay.
    pub fn reload(&self, settings: Settings, domains: Vec<String>) -> Result<(), TlsError> {
        self.terms.store(Arc::new(Terms::load(settings, domains)?));
        Ok(())
    }

    fn next_number(&self) -> u64 {
        self.sessions.fetch_add(1, Ordering::Relaxed)
    }

    /// Serves one connection to its end.
    async fn attend(
        self: Arc<Self>,
        stream: Link,
        (peer, dialect): (SocketAddr, Dialect),
        stop: watch::Receiver<bool>,
    ) {
        let terms = self.terms.load_full();
        let standing = Standing::of_address(peer.ip(), &terms.settings);
        match self.door.enter(peer.ip(), standing, &terms.settings.limits) {
            Ok(seat) => {
                counter_of_open(&self.door);
                let wire = Wire::new(stream, stop);
                let arrival = Arrival { wire, peer, dialect, standing, seat };
                Session::new(Arc::clone(&self), terms, arrival).run().await;
                counter_of_open(&self.door);
            }
            Err(full) => {
                warn!(reason = full.as_str(), "too many smtp connections, one turned away");
                counter!(SMTP_REFUSED, "reason" => full.as_str()).increment(1);
                if dialect != Dialect::Smtps {
                    // There is room for one line in the buffer of a new socket.
                    let _ = stream.try_write(TURNED_AWAY);
                }
            }
        }
    }
}

/// Bound sockets.
pub struct Listener(Vec<(Socket, Dialect)>);

impl Listener {
    /// Binds all places that `[smtp]` names.
    ///
    /// # Errors
    ///
    /// One of them cannot be bound.
    pub async fn bind(settings: &Settings) -> Result<Self, BindError> {
        let mut sockets = Vec::new();
        for place in settings.listen.as_slice() {
            let bound = Socket::bind(place, settings.socket_mode).await;
            let failed = |source| BindError { place: place.clone(), source };
            sockets.push((bound.map_err(failed)?, place.dialect));
        }
        Ok(Self(sockets))
    }

    /// Where it listens by TCP, in the order of the settings.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.0.iter().filter_map(|(socket, _)| socket.address()).collect()
    }
}

/// A place to listen cannot be bound.
#[derive(Debug, Error)]
#[error("cannot listen on {place}")]
pub struct BindError {
    place: Place,
    source: unix::Fault,
}

/// Serves clients until `shutdown` completes. Then messages that are being
/// judged and sent on are finished, for at most ten seconds; everybody else is
/// told to come again.
pub async fn serve(listener: Listener, front: Arc<Front>, shutdown: impl Future<Output = ()>) {
    let (stop, stopped) = watch::channel(false);
    let mut sessions = JoinSet::new();
    for (socket, dialect) in listener.0 {
        let (front, stopped) = (Arc::clone(&front), stopped.clone());
        sessions.spawn(accept(socket, dialect, front, stopped));
    }
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(ended) = sessions.join_next() => if let Err(error) = ended {
                error!(%error, "smtp listener broke");
                break;
            },
        }
    }
    let _ = stop.send(true);
    let ended = async { while sessions.join_next().await.is_some() {} };
    if timeout(GRACE, ended).await.is_err() {
        warn!("smtp messages were still in hand at the end, cut off");
    }
}

/// Takes connections at one socket, and waits for their ends.
async fn accept(
    socket: Socket,
    dialect: Dialect,
    front: Arc<Front>,
    mut stopped: watch::Receiver<bool>,
) {
    let stop = stopped.clone();
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = wire::stopped(&mut stopped) => break,
            Some(ended) = sessions.join_next() => note(ended),
            accepted = socket.accept() => match accepted {
                Ok((stream, peer)) => {
                    let session = Arc::clone(&front).attend(stream, (peer, dialect), stop.clone());
                    sessions.spawn(session.instrument(info_span!("smtp")));
                }
                Err(error) => {
                    // For want of file descriptors, as a rule.
                    error!(%error, "cannot take an smtp connection, trying again");
                    sleep(REST).await;
                }
            },
        }
    }
    drop(socket);
    while let Some(ended) = sessions.join_next().await {
        note(ended);
    }
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    if ended.is_err_and(|error| error.is_panic()) {
        error!("an smtp session panicked, its connection is closed");
    }
}

fn counter_of_open(door: &Door) {
    let open = u32::try_from(door.open()).unwrap_or(u32::MAX);
    gauge!(SMTP_CONNECTIONS).set(f64::from(open));
}

/// The name of this machine, which is the best we have where none is set.
fn own_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    let fits = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
    let is_name = !name.is_empty() && name.chars().all(fits);
    debug!(name, "name in the smtp greeting");
    if is_name { name.to_owned() } else { "localhost".to_owned() }
}

const TURNED_AWAY: &[u8] = b"421 4.3.2 Too many connections, please try again later\r\n";
/// How long messages in hand may take after the shutdown.
const GRACE: Duration = Duration::from_secs(10);
const REST: Duration = Duration::from_millis(100);
