//! The wishes of senders, as they stand in the rows of recipients.

use super::{StoreError, database::Connection, ids::HeldId};
use crate::model::{Address, Wish, Wishes};

/// A wish as its column has it; null where nothing is wished.
pub(super) fn column(wishes: &Wishes, recipient: &Address) -> Result<Option<String>, StoreError> {
    let wish = wishes.about(recipient);
    if wish == Wish::default() {
        return Ok(None);
    }
    let unreadable = |_| StoreError::Unreadable { what: "wish", id: recipient.to_string() };
    serde_json::to_string(&wish).map(Some).map_err(unreadable)
}

/// Reads a column. A wish that cannot be read is none: it must not stop mail.
pub(super) fn wish(column: Option<&str>) -> Wish {
    column.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Gives the recipients of a released item the wishes that their sender had when
/// the message was held.
pub(super) async fn inherit(connection: &mut Connection, item: &str) -> Result<(), StoreError> {
    let update = "UPDATE outbox_recipient SET wish = ( \
                      SELECT h.wish FROM held_recipient h WHERE h.event = outbox_recipient.event \
                      AND h.recipient = outbox_recipient.recipient) \
                  WHERE item = $1";
    sqlx::query(update).bind(item).execute(connection).await?;
    Ok(())
}

/// The wishes about those that an item is held for.
pub(super) async fn of_held(connection: &mut Connection, id: HeldId) -> Result<Wishes, StoreError> {
    let select = "SELECT recipient, wish FROM held_recipient WHERE held = $1 AND wish IS NOT NULL";
    let rows: Vec<(String, String)> =
        sqlx::query_as(select).bind(id.to_string()).fetch_all(connection).await?;
    let read = |(recipient, text): (String, String)| {
        let unreadable = |_| StoreError::Unreadable { what: "recipient", id: id.to_string() };
        Ok((recipient.parse().map_err(unreadable)?, wish(Some(&text))))
    };
    rows.into_iter().map(read).collect()
}
