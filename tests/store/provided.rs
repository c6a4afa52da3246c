//! Accounts of people who log in at a provider.

use jiff::SignedDuration;
use sluse::{
    model::{LoginName, Role},
    store::{Account, AccountChange, Invitation, NewToken, Store, StoreError, Vouched},
};

use crate::place::Place;

async fn vouched(store: &Store, subject: &str, roles: &[Role]) -> Option<Account> {
    let names: [LoginName; 2] =
        ["kari".parse().unwrap(), format!("kari.{subject}").parse().unwrap()];
    let person = Vouched {
        provider: "op",
        issuer: "https://op.example",
        subject,
        names: &names,
        email: None,
        roles,
    };
    store.vouched(&person).await.unwrap()
}

#[tokio::test]
async fn a_person_keeps_the_account_and_nobody_else_gets_it() {
    let place = Place::new();
    let store = place.open().await;
    assert!(vouched(&store, "a", &[]).await.is_none());
    let first = vouched(&store, "a", &[Role::Viewer]).await.unwrap();
    let again = vouched(&store, "a", &[Role::Reviewer]).await.unwrap();
    assert_eq!((first.id, again.roles), (again.id, vec![Role::Reviewer]));
    let other = vouched(&store, "b", &[Role::Viewer]).await.unwrap();
    assert_eq!((first.name.as_str(), other.name.as_str()), ("kari", "kari.b"));
    assert_eq!(store.audit_verify().await.unwrap().first_bad, None);
}

#[tokio::test]
async fn what_the_provider_says_is_not_said_here() {
    let place = Place::new();
    let store = place.open().await;
    let account = vouched(&store, "a", &[Role::Viewer]).await.unwrap();
    let invitation = Invitation { mark: "x".to_owned(), until: place.now() };
    for change in [AccountChange::Roles(vec![Role::Officer]), AccountChange::Invite(invitation)] {
        let changed = store.change_account(account.id, change, "test").await;
        assert!(matches!(changed, Err(StoreError::Conflict)), "{changed:?}");
    }
    store.change_account(account.id, AccountChange::Close, "test").await.unwrap();
    let closed = vouched(&store, "a", &[Role::Officer]).await.unwrap();
    assert!(closed.closed_at.is_some() && closed.roles == [Role::Viewer]);
    store.change_account(account.id, AccountChange::Reopen, "test").await.unwrap();
    assert!(vouched(&store, "a", &[Role::Officer]).await.unwrap().closed_at.is_none());
}

#[tokio::test]
async fn a_token_rests_when_the_provider_has_not_vouched_for_a_month() {
    let place = Place::new();
    let store = place.open().await;
    let account = vouched(&store, "a", &[Role::Reviewer]).await.unwrap();
    let token = NewToken {
        mark: "mark".to_owned(),
        name: "skript",
        roles: &[Role::Reviewer],
        expires_at: place.now() + SignedDuration::from_hours(24 * 365),
    };
    store.make_token(&account, token).await.unwrap();
    assert!(store.token("mark").await.unwrap().is_some());
    place.clock.advance(SignedDuration::from_hours(24 * 31));
    assert!(store.token("mark").await.unwrap().is_none());
    vouched(&store, "a", &[Role::Viewer]).await.unwrap();
    let (token, _) = store.token("mark").await.unwrap().unwrap();
    assert_eq!(token.roles, [], "and has no role that the person lost");
}
