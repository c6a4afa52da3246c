//! Whoever waits for an answer stops waiting, at every point there is. What
//! was begun is then undone or done, and a retry ends it.

use std::{future::poll_fn, task::Poll};

use sluse::{
    gate::{Discard, Gate, ReleaseAs},
    store::{HeldState, Purpose},
};

use crate::{
    letters::{self, NUMBER},
    office::{OLA, Office, PER, all, held, queued, submit, traces, vakt},
};

#[tokio::test]
async fn a_hold_cut_off_anywhere_is_one_hold_after_the_retry() {
    let office = Office::new();
    let gate = office.gate().await;
    for polls in 1.. {
        let mail = letters::letter("Hei", &format!("{polls}:\r\n{NUMBER}\r\n"));
        let whole = cut_off(polls, submit(&gate, &[OLA, PER], &mail)).await;
        let outcome = submit(&gate, &[OLA, PER], &mail).await;
        assert!(all(&outcome, "kept"), "{outcome:?}");
        let (held, _, decided) = traces(&gate, outcome.event.unwrap()).await;
        assert_eq!((held, decided), (1, 1), "after {polls} polls");
        if whole.is_some() {
            break;
        }
    }
    assert_eq!(queued(&gate).await.len(), 1, "one notice within the hour");
    no_content_without_a_row(&office, &gate).await;
}

#[tokio::test]
async fn copies_cut_off_anywhere_are_queued_once() {
    let office = Office::new();
    let gate = office.gate().await;
    office.key(&gate, OLA, None);
    office.key(&gate, PER, None);
    for polls in 1.. {
        let mail = letters::letter("Hei", &format!("{polls}: fnr {NUMBER}"));
        let whole = cut_off(polls, submit(&gate, &[OLA, PER], &mail)).await;
        let outcome = submit(&gate, &[OLA, PER], &mail).await;
        assert!(all(&outcome, "kept"), "{outcome:?}");
        assert_eq!(traces(&gate, outcome.event.unwrap()).await, (0, 2, 1), "after {polls} polls");
        if whole.is_some() {
            break;
        }
    }
}

#[tokio::test]
async fn a_release_cut_off_anywhere_is_one_release() {
    let office = Office::new();
    let gate = office.gate().await;
    for polls in 1.. {
        let mail = letters::letter("Hei", &format!("{polls}:\r\n{NUMBER}\r\n"));
        let event = submit(&gate, &[OLA], &mail).await.event.unwrap();
        let id = held(&gate).await.iter().find(|held| held.event == event).unwrap().id;
        let by = vakt();
        let whole = cut_off(polls, gate.release(id, &by, ReleaseAs::Sent)).await;
        gate.release(id, &by, ReleaseAs::Sent).await.unwrap();
        let copies = queued(&gate).await;
        let copies = copies.iter().filter(|i| i.event == event && i.purpose == Purpose::Release);
        assert_eq!(copies.count(), 1, "after {polls} polls");
        assert_eq!(crate::office::acts(&gate, event).await, ["decided", "released"]);
        if whole.is_some() {
            break;
        }
    }
}

#[tokio::test]
async fn a_rejection_cut_off_anywhere_is_told_once() {
    let office = Office::new();
    let gate = office.gate().await;
    for polls in 1.. {
        let mail = letters::letter("Hei", &format!("{polls}:\r\n{NUMBER}\r\n"));
        let event = submit(&gate, &[OLA], &mail).await.event.unwrap();
        let id = held(&gate).await.iter().find(|held| held.event == event).unwrap().id;
        let by = vakt();
        let whole = cut_off(polls, gate.discard(id, &by, Discard::Reject)).await;
        gate.discard(id, &by, Discard::Reject).await.unwrap();
        let told = queued(&gate).await;
        let told = told.iter().filter(|i| i.event == event && i.purpose == Purpose::Rejection);
        assert_eq!(told.count(), 1, "after {polls} polls");
        let state = gate.store().held_by_id(id).await.unwrap().unwrap().state;
        assert_eq!(state, HeldState::Rejected);
        if whole.is_some() {
            break;
        }
    }
}

/// Lets `work` go on for so many turns and then drops it.
async fn cut_off<T>(polls: usize, work: impl Future<Output = T>) -> Option<T> {
    let mut work = Box::pin(work);
    let mut left = polls;
    poll_fn(move |context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}

/// Every hold can be opened.
async fn no_content_without_a_row(office: &Office, gate: &Gate) {
    assert!(office.state().join("sealed/held").is_dir());
    for held in held(gate).await {
        gate.store().reveal_held(held.id, &vakt()).await.unwrap();
    }
}
