//! Connections: one request each, a time limit on all of it, and a number of
//! them that stays bounded.

use std::{collections::VecDeque, future::Future, pin::pin, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
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
                Ok((stream, _)) => open.add(stream, app.clone()),
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

    fn add(&mut self, stream: TcpStream, app: Router) {
        while self.tasks.try_join_next().is_some() {}
        if self.handles.len() >= self.most {
            self.handles.retain(|handle| !handle.is_finished());
        }
        if self.handles.len() >= self.most
            && let Some(oldest) = self.handles.pop_front()
        {
            oldest.abort();
        }
        self.handles.push_back(self.tasks.spawn(answer(stream, app)));
    }

    async fn drain(mut self) {
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        // What is left is cut off when the tasks are dropped.
        let _ = timeout(GRACE, ended).await;
    }
}

/// One request, one response.
async fn answer(stream: TcpStream, app: Router) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .keep_alive(false)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
    match timeout(REQUEST_TIME, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "web request not answered"),
        Err(_) => tracing::debug!("web request took too long"),
    }
}

const HEADER_TIME: Duration = Duration::from_secs(5);
const REQUEST_TIME: Duration = Duration::from_secs(10);
const GRACE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(100);
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 16 << 10;
