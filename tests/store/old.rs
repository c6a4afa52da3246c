//! A database of an earlier version: it opens, and nothing in it is lost.

use sluse::store::{HeldFilter, HeldState, OutboxFilter};
use sqlx::Connection;

use crate::place::{Place, reviewer};

#[tokio::test]
async fn a_database_from_before_the_ledger_opens_and_balances() {
    let place = Place::new();
    make_old(&place).await;
    for _start in 0..2 {
        let store = place.open().await;
        assert_eq!(store.check_ledger(place.now()).await.unwrap(), []);
        let held = store.held(&HeldFilter::default()).await.unwrap();
        assert_eq!(held.iter().map(|held| held.recipients.len()).sum::<usize>(), 3);
        assert_eq!(store.outbox(&OutboxFilter::default()).await.unwrap().len(), 1);
    }
    // From here on it is kept like any other.
    let store = place.open().await;
    let waiting = HeldFilter { state: Some(HeldState::Held), ..HeldFilter::default() };
    let id = store.held(&waiting).await.unwrap()[0].id;
    store.settle_held(id, HeldState::Deleted, vec![], vec![]).await.unwrap();
    let item = store.outbox(&OutboxFilter::default()).await.unwrap()[0].id;
    store.drop_queued(item, &reviewer()).await.unwrap();
    assert_eq!(store.check_ledger(place.now()).await.unwrap(), []);
    assert_eq!(store.audit_verify().await.unwrap().first_bad, None);
}

/// Puts a database of the first version in the place, with the key that is
/// there: one message held for two, one deleted, and one on its way to one of
/// two.
async fn make_old(place: &Place) {
    drop(place.open().await);
    let mut new = place.connect().await;
    let check: String =
        sqlx::query_scalar("SELECT mac FROM key_check").fetch_one(&mut new).await.unwrap();
    let seal: String =
        sqlx::query_scalar("SELECT seal FROM audit_head").fetch_one(&mut new).await.unwrap();
    new.close().await.unwrap();
    for file in ["sluse.db", "sluse.db-wal", "sluse.db-shm"] {
        let _gone = std::fs::remove_file(place.folder().join(file));
    }
    std::fs::File::create(place.folder().join("sluse.db")).unwrap();
    let mut old = place.connect().await;
    sqlx::raw_sql(OLD).execute(&mut old).await.unwrap();
    for (statement, value) in [
        ("INSERT INTO key_check VALUES ($1)", check),
        ("INSERT INTO audit_head VALUES (1, 0, '', $1)", seal),
    ] {
        sqlx::query(statement).bind(value).execute(&mut old).await.unwrap();
    }
    old.close().await.unwrap();
}

const OLD: &str = "
CREATE TABLE schema_version (version BIGINT NOT NULL);
INSERT INTO schema_version VALUES (1);
CREATE TABLE key_check (mac TEXT NOT NULL);
CREATE TABLE held ( id TEXT PRIMARY KEY, event TEXT NOT NULL, state TEXT NOT NULL, message_id TEXT, sender TEXT, sender_key TEXT, recipients TEXT NOT NULL, direction TEXT NOT NULL, reasons TEXT NOT NULL, held_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, settled_at BIGINT, size BIGINT NOT NULL, sealed_key TEXT);
CREATE INDEX held_by_time ON held (held_at, id);
CREATE INDEX held_by_sender ON held (sender_key);
CREATE INDEX held_by_expiry ON held (expires_at) WHERE sealed_key IS NOT NULL;
CREATE TABLE held_recipient ( event TEXT NOT NULL, recipient TEXT NOT NULL, recipient_key TEXT NOT NULL, held TEXT NOT NULL, PRIMARY KEY (event, recipient));
CREATE INDEX held_recipient_by_key ON held_recipient (recipient_key);
CREATE TABLE outbox ( id TEXT PRIMARY KEY, event TEXT NOT NULL, purpose TEXT NOT NULL, state TEXT NOT NULL, limit_key TEXT, attempts BIGINT NOT NULL, queued_at BIGINT NOT NULL, next_at BIGINT NOT NULL, leased_until BIGINT NOT NULL, expires_at BIGINT NOT NULL, settled_at BIGINT, size BIGINT NOT NULL, sealed_key TEXT);
CREATE INDEX outbox_by_due ON outbox (state, next_at);
CREATE INDEX outbox_by_time ON outbox (queued_at, id);
CREATE INDEX outbox_by_limit ON outbox (limit_key, queued_at) WHERE limit_key IS NOT NULL;
CREATE TABLE outbox_recipient ( event TEXT NOT NULL, purpose TEXT NOT NULL, recipient TEXT NOT NULL, item TEXT NOT NULL, state TEXT NOT NULL, reply TEXT, PRIMARY KEY (event, purpose, recipient));
CREATE INDEX outbox_recipient_by_item ON outbox_recipient (item);
CREATE TABLE audit ( seq INTEGER PRIMARY KEY, at BIGINT NOT NULL, event TEXT, actor TEXT NOT NULL, act TEXT NOT NULL, facts TEXT NOT NULL, mac TEXT NOT NULL);
CREATE INDEX audit_by_event ON audit (event) WHERE event IS NOT NULL;
CREATE TABLE audit_head ( id INTEGER PRIMARY KEY, seq BIGINT NOT NULL, mac TEXT NOT NULL, seal TEXT NOT NULL);
CREATE TABLE counter ( day TEXT NOT NULL, name TEXT NOT NULL, value BIGINT NOT NULL, PRIMARY KEY (day, name));
CREATE TABLE mark (name TEXT PRIMARY KEY, at BIGINT NOT NULL);
INSERT INTO held VALUES
  ('bcdfbcdfbcdfbcdfbcdb', 'bbbbbbbbbbbbbbbbbbbb', 'held', NULL, NULL, NULL,
   '[\"a@out.example\",\"b@out.example\"]', 'outbound', '[]', 1795420000000, 1795430000000, NULL,
   100, NULL),
  ('bcdfbcdfbcdfbcdfbcdc', 'cccccccccccccccccccc', 'deleted', NULL, NULL, NULL,
   '[\"c@out.example\"]', 'outbound', '[]', 1795420000000, 1795430000000, 1795421000000, 100, NULL);
INSERT INTO held_recipient VALUES
  ('bbbbbbbbbbbbbbbbbbbb', 'a@out.example', 'a@out.example', 'bcdfbcdfbcdfbcdfbcdb'),
  ('bbbbbbbbbbbbbbbbbbbb', 'b@out.example', 'b@out.example', 'bcdfbcdfbcdfbcdfbcdb'),
  ('cccccccccccccccccccc', 'c@out.example', 'c@out.example', 'bcdfbcdfbcdfbcdfbcdc');
INSERT INTO outbox VALUES
  ('bcdfbcdfbcdfbcdfbcdd', 'dddddddddddddddddddd', 'copy', 'queued', NULL, 1, 1795420000000,
   1795420000000, 0, 1799999999999, NULL, 100, NULL);
INSERT INTO outbox_recipient VALUES
  ('dddddddddddddddddddd', 'copy', 'd@out.example', 'bcdfbcdfbcdfbcdfbcdd', 'sent', NULL),
  ('dddddddddddddddddddd', 'copy', 'e@out.example', 'bcdfbcdfbcdfbcdfbcdd', 'pending', NULL);
";
