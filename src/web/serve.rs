//! Connections: one request each, a time limit on all of it, and a number of
//! them that stays bounded.

use std::{
    collections::VecDeque,
    future::Future,
    net::IpAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::Request};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
    time::{sleep, timeout},
};

use super::{People, State, router};

/// Answers on `listener` until `shutdown`, then lets open requests end.
/// At most `connections` are open at a time: one more closes the oldest, so
/// that those who sit idle cannot keep others out.
pub async fn serve(
    listener: TcpListener,
    state: State,
    people: Option<People>,
    connections: usize,
    shutdown: impl Future<Output = ()>,
) {
    let app = router(state, people);
    let mut open = Connections::new(connections);
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => open.add(stream, Peer(peer.ip()), app.clone()),
                Err(error) => {
                    tracing::warn!(%error, "web connection not accepted");
                    sleep(PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    open.drain().await;
}

/// Who is at the other end of the connection: a visitor, or a proxy before
/// one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

/// How long the request may take. A page that has more to do than others asks
/// for more, once it knows who sent the request.
#[derive(Clone, Default)]
pub(super) struct Patience(Arc<AtomicBool>);

impl Patience {
    /// Gives the request as long as proxies wait for an answer.
    pub(super) fn ask_for_more(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Connections {
    most: usize,
    tasks: JoinSet<()>,
    /// By age, the oldest first; ended ones among them.
    handles: VecDeque<AbortHandle>,
}

impl Connections {
    fn new(most: usize) -> Self {
        Self { most: most.max(1), tasks: JoinSet::new(), handles: VecDeque::new() }
    }

    fn add(&mut self, stream: TcpStream, peer: Peer, app: Router) {
        while self.tasks.try_join_next().is_some() {}
        if self.handles.len() >= self.most {
            self.handles.retain(|handle| !handle.is_finished());
        }
        if self.handles.len() >= self.most
            && let Some(oldest) = self.handles.pop_front()
        {
            oldest.abort();
        }
        self.handles.push_back(self.tasks.spawn(answer(stream, peer, app)));
    }

    async fn drain(mut self) {
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        // What is left is cut off when the tasks are dropped.
        let _ = timeout(GRACE, ended).await;
    }
}

/// One request, one response.
async fn answer(stream: TcpStream, peer: Peer, app: Router) {
    let patience = Patience::default();
    let app = TowerToHyperService::new(app);
    let app = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(patience.clone());
        app.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .keep_alive(false)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), app);
    let mut connection = pin!(connection);
    let mut answered = timeout(REQUEST_TIME, connection.as_mut()).await;
    if answered.is_err() && patience.0.load(Ordering::Relaxed) {
        answered = timeout(MORE_TIME, connection).await;
    }
    match answered {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "web request not answered"),
        Err(_) => tracing::debug!("web request took too long"),
    }
}

const HEADER_TIME: Duration = Duration::from_secs(5);
const REQUEST_TIME: Duration = Duration::from_secs(10);
/// As much again as proxies commonly allow.
const MORE_TIME: Duration = Duration::from_secs(50);
const GRACE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(100);
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 16 << 10;
