//! The milter front-end: a mail server such as Postfix hands each message over
//! before it answers its client.
//!
//! It takes the message, asks the gate once, and answers once, at the end of
//! the message. It judges nothing itself. Whatever goes wrong, a panic and a
//! missed deadline among them, is `451 4.7.1` to the client, and the mail
//! server must be told to do the same when it gets no answer at all
//! (`milter_default_action = tempfail`).
//!
//! The library logs whole messages at trace level: whoever sets up logging
//! must switch its target, `indymilter`, off.

mod decision;
mod draft;
mod edits;
mod end;
mod listener;
mod session;
mod settings;

use std::{future::Future, io, pin::pin, sync::Arc, time::Duration};

use indymilter::{Actions, Callbacks, Context, NegotiateContext, ProtoOpts, Status};
use tokio::{sync::oneshot, time::sleep};
use tracing::warn;

use self::{draft::Draft, end::Desk, session::Session};
pub use self::{
    listener::{BindError, Listener, QuickStream, Stream},
    settings::{Listen, ListenError, Settings},
};
use crate::gate::Judge;

/// Serves mail servers until `shutdown` completes. Then messages that are
/// being judged are answered, for at most ten seconds, and all else is cut
/// off, which the mail server turns into a temporary failure.
///
/// The judge is told that the message can be replaced for all recipients
/// alike; whether copies can be sent on another way is for the judge to know.
///
/// # Errors
///
/// The listener broke.
pub async fn serve(
    listener: Listener,
    judge: Arc<dyn Judge>,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let config = indymilter::Config {
        max_connections: settings.connections.get(),
        ..indymilter::Config::default()
    };
    let desk = Arc::new(Desk::new(judge, settings.time()));
    let (stop, stopped) = oneshot::channel::<()>();
    let callbacks = callbacks(desk, settings.message_bytes.get());
    let mut running = pin!(indymilter::run(listener, callbacks, config, stopped));
    let overrun = async {
        shutdown.await;
        drop(stop);
        sleep(GRACE).await;
    };
    tokio::select! {
        result = &mut running => result,
        () = overrun => {
            warn!("milter messages were still being judged at the end, cut off");
            Ok(())
        }
    }
}

fn callbacks(desk: Arc<Desk>, most: u64) -> Callbacks<Session> {
    Callbacks::new()
        .on_negotiate(|cx, actions, options| {
            let status = negotiate(cx, actions, options);
            Box::pin(async move { status })
        })
        .on_mail(move |cx, arguments| {
            let start = |session: &mut Session| session.draft = Some(Draft::new(&arguments, most));
            let status = step(cx, ProtoOpts::NOREPLY_MAIL, start);
            Box::pin(async move { status })
        })
        .on_rcpt(|cx, arguments| {
            let take = |draft: &mut Draft| draft.recipient(&arguments);
            let status = step_of_message(cx, ProtoOpts::NOREPLY_RCPT, take);
            Box::pin(async move { status })
        })
        .on_header(|cx, name, value| {
            let take = |draft: &mut Draft| draft.header(&name, &value);
            let status = step_of_message(cx, ProtoOpts::NOREPLY_HEADER, take);
            Box::pin(async move { status })
        })
        .on_eoh(|cx| {
            let status = step_of_message(cx, ProtoOpts::NOREPLY_EOH, Draft::end_of_header);
            Box::pin(async move { status })
        })
        .on_body(|cx, piece| {
            let take = |draft: &mut Draft| draft.body(&piece);
            let status = step_of_message(cx, ProtoOpts::NOREPLY_BODY, take);
            Box::pin(async move { status })
        })
        .on_eom(move |cx| {
            let desk = Arc::clone(&desk);
            Box::pin(async move { desk.finish(cx).await })
        })
        .on_abort(|cx| {
            let status = step(cx, ProtoOpts::empty(), |session| session.draft = None);
            Box::pin(async move { status })
        })
        .on_close(|cx| {
            cx.data = None;
            Box::pin(async { Status::Continue })
        })
}

fn negotiate(cx: &mut NegotiateContext<Session>, actions: Actions, options: ProtoOpts) -> Status {
    match Session::agree(actions, options) {
        Ok(session) => {
            cx.requested_actions = session::ACTIONS;
            cx.requested_opts = session.options();
            cx.data = Some(session);
            Status::Continue
        }
        Err(reason) => {
            warn!(%reason, "milter connection closed");
            // No answer to a negotiation: the library hangs up on it.
            Status::Reject
        }
    }
}

/// Does one step and answers it, unless that step was agreed to be silent. A
/// mail server that never negotiated is not trusted with anything.
fn step(cx: &mut Context<Session>, silent: ProtoOpts, act: impl FnOnce(&mut Session)) -> Status {
    let Some(session) = &mut cx.data else { return Status::Tempfail };
    act(session);
    if session.options().intersects(silent) { Status::Noreply } else { Status::Continue }
}

fn step_of_message(
    cx: &mut Context<Session>,
    silent: ProtoOpts,
    act: impl FnOnce(&mut Draft),
) -> Status {
    step(cx, silent, |session| {
        if let Some(draft) = &mut session.draft {
            act(draft);
        }
    })
}

/// How long messages that are being judged may take after the shutdown.
const GRACE: Duration = Duration::from_secs(10);
