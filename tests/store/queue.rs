//! The list of held messages: who looks for what, and in which order it comes.

use jiff::SignedDuration;
use sluse::{
    base::clock::Clock,
    model::{Direction, Level},
    store::{Change, Held, HeldId, HeldState, NewHold, Placed, QueueFilter, QueueSort, Store},
};

use crate::place::{Place, event, new_hold, reviewer};

#[tokio::test]
async fn a_reviewer_finds_a_message_by_any_part_of_an_address() {
    let (_place, store) = filled().await;
    for (words, found) in [
        ("kari", vec!["large", "late", "early"]),
        ("@KOMMUNE.example", vec!["late"]),
        ("kari late@", vec!["late"]),
        ("kari nobody", vec![]),
        ("100%", vec![]),
        ("_ate", vec![]),
        ("<late@cpm", vec!["late"]),
    ] {
        let filter = QueueFilter { search: words.to_owned(), ..QueueFilter::default() };
        assert_eq!(names(&store, &filter).await, found, "{words}");
    }
    let one = &store.queue(&QueueFilter::default()).await.unwrap()[1];
    let start = one.event.to_string()[..8].to_owned();
    let filter = QueueFilter { search: start, ..QueueFilter::default() };
    assert_eq!(store.queue(&filter).await.unwrap(), std::slice::from_ref(one));
}

#[tokio::test]
async fn the_last_of_very_many_recipients_is_found_by_the_whole_address() {
    let place = Place::new();
    let store = place.open().await;
    let many: Vec<String> = (0..300).map(|n| format!("mottaker-{n}@out.example")).collect();
    let to: Vec<&str> = many.iter().map(String::as_str).collect();
    commit(&store, new_hold(event(&store, b"x"), &to, b"x")).await;
    for (word, found) in [("Mottaker-299@out.example", 1), ("mottaker-300@out.example", 0)] {
        let filter = QueueFilter { search: word.to_owned(), ..QueueFilter::default() };
        assert_eq!(store.queue(&filter).await.unwrap().len(), found, "{word}");
    }
}

#[tokio::test]
async fn filters_narrow_the_list_and_its_total() {
    let (place, store) = filled().await;
    let none = QueueFilter::default();
    let before = place.clock.now().checked_sub(SignedDuration::from_mins(110)).unwrap();
    for (filter, found) in [
        (QueueFilter { level: Some(Level::High), ..none.clone() }, vec!["large", "early"]),
        (QueueFilter { rule: Some("no.dnr".to_owned()), ..none.clone() }, vec!["late"]),
        (QueueFilter { rule: Some("no.d".to_owned()), ..none.clone() }, vec![]),
        (QueueFilter { direction: Some(Direction::Inbound), ..none.clone() }, vec!["late"]),
        (QueueFilter { before: Some(before), ..none.clone() }, vec!["early"]),
        (QueueFilter { from: Some(before), ..none.clone() }, vec!["large", "late"]),
        (QueueFilter { state: Some(HeldState::Released), ..none.clone() }, vec![]),
    ] {
        assert_eq!(names(&store, &filter).await, found, "{filter:?}");
        let total = store.queue_total(&filter).await.unwrap();
        assert_eq!((total.items, total.more), (found.len() as u64, false));
    }
    assert_eq!(store.queue_rules().await.unwrap(), ["no.dnr", "no.fnr"]);
}

#[tokio::test]
async fn each_order_is_paged_without_gap_or_repeat() {
    let (_place, store) = filled().await;
    for (sort, expected) in [
        (QueueSort::Newest, ["large", "late", "early"]),
        (QueueSort::Oldest, ["early", "late", "large"]),
        (QueueSort::Expiry, ["early", "large", "late"]),
        (QueueSort::Level, ["early", "large", "late"]),
        (QueueSort::Size, ["large", "early", "late"]),
    ] {
        let mut filter = QueueFilter { sort, limit: 1, ..QueueFilter::default() };
        let mut seen = Vec::new();
        while let Some(held) = store.queue(&filter).await.unwrap().pop() {
            filter.after = Some(held.id);
            seen.push(name(&held));
        }
        assert_eq!(seen, expected, "{sort:?}");
        assert_eq!(sort.as_str().parse(), Ok(sort));
    }
}

#[tokio::test]
async fn states_are_counted_and_what_is_erased_is_found_no_more() {
    let (_place, store) = filled().await;
    let held = store.queue(&QueueFilter::default()).await.unwrap();
    store.settle_held(held[0].id, HeldState::Deleted, vec![], vec![]).await.unwrap();
    let states = store.queue_states().await.unwrap();
    assert_eq!((states[&HeldState::Held], states[&HeldState::Deleted]), (2, 1));
    store.erase(held[1].event, "person", &reviewer()).await.unwrap();
    let filter = QueueFilter { search: "kommune".to_owned(), ..QueueFilter::default() };
    assert!(store.queue(&filter).await.unwrap().is_empty());
}

/// Three messages from Kari, an hour apart: `early` and critical, `late` and
/// from outside with hardly anything in it, `large` and soon over.
async fn filled() -> (Place, Store) {
    let place = Place::new();
    let store = place.open().await;
    let wants = [
        ("early", Level::Critical, "no.fnr", Direction::Outbound, 3, 20),
        ("late", Level::Low, "no.dnr", Direction::Inbound, 30, 10),
        ("large", Level::High, "no.fnr", Direction::Outbound, 4, 3000),
    ];
    for (name, level, rule, direction, keep_days, size) in wants {
        let raw = format!("{name}{}", "x".repeat(size)).into_bytes();
        let to = if name == "late" { "Late@kommune.example" } else { "ola@out.example" };
        let new = NewHold {
            level: Some(level),
            rules: vec![rule.to_owned()],
            direction,
            keep_days,
            message_id: Some(format!("<{name}@cpm.example>")),
            ..new_hold(event(&store, &raw), &[to], &raw)
        };
        commit(&store, new).await;
        place.clock.advance(SignedDuration::from_mins(50));
    }
    (place, store)
}

async fn commit(store: &Store, new: NewHold) -> HeldId {
    let change = Change { holds: vec![new], ..Change::default() };
    match store.commit(change).await.unwrap().holds[0] {
        Placed::New(id) => id,
        other => panic!("{other:?}"),
    }
}

async fn names(store: &Store, filter: &QueueFilter) -> Vec<String> {
    store.queue(filter).await.unwrap().iter().map(name).collect()
}

fn name(held: &Held) -> String {
    let id = held.message_id.as_deref().unwrap_or_default();
    id.trim_start_matches('<').split('@').next().unwrap_or_default().to_owned()
}
