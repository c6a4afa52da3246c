//! The front-end between a judge and a next hop of the test's own.

use std::{net::SocketAddr, sync::Arc};

use sluse::{
    frontend::smtp::{self, Front, Listener, Settings},
    gate::Judge,
};
use tokio::{sync::oneshot, task::JoinHandle};

use crate::{fake_judge::FakeJudge, hop::Hop};

pub(crate) struct Gateway {
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) judge: Arc<FakeJudge>,
    pub(crate) hop: Hop,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl Gateway {
    /// With settings that say no more than they must.
    pub(crate) async fn start(judge: FakeJudge) -> Self {
        Self::with(judge, "").await
    }

    /// With further lines of settings.
    pub(crate) async fn with(judge: FakeJudge, more: &str) -> Self {
        Self::at(judge, "\"127.0.0.1:0\"", more).await
    }

    /// Listening elsewhere.
    pub(crate) async fn at(judge: FakeJudge, listen: &str, more: &str) -> Self {
        let hop = Hop::start().await;
        let next_hop = hop.address.to_string();
        Self::before(judge, listen, (hop, &next_hop), more).await
    }

    /// Before a next hop that is elsewhere.
    pub(crate) async fn before(
        judge: FakeJudge,
        listen: &str,
        (hop, next_hop): (Hop, &str),
        more: &str,
    ) -> Self {
        let text = format!(
            "listen = {listen}\nnext_hop = {next_hop:?}\nhello = \"gate.cpm.example\"\n{more}"
        );
        let settings: Settings = toml::from_str(&text).unwrap();
        assert_eq!(settings.fault(), None);
        let listener = Listener::bind(&settings).await.unwrap();
        let addresses = listener.addresses();
        let judge = Arc::new(judge);
        let asked: Arc<dyn Judge> = judge.clone();
        let front = Front::new(asked, settings, vec!["cpm.example".to_owned()]).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            let until = async {
                let _ = stopped.await;
            };
            smtp::serve(listener, front, until).await;
        });
        Self { addresses, judge, hop, stop: Some(stop), serving }
    }

    /// Where it listens first.
    pub(crate) fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Tells it to stop.
    pub(crate) fn stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    /// Waits for its end.
    pub(crate) async fn ended(self) {
        self.serving.await.unwrap();
    }
}
