//! The second factor of accounts: the secret of an authenticator, sealed, and
//! keyed hashes of the recovery codes.
//!
//! A new secret is pending until its first code proves that the authenticator
//! has it. Each step of time and each recovery code is taken once, in the
//! transaction that notes it: whoever comes second is refused. Setting and
//! removing are rows of the audit log.

use jiff::Timestamp;
use serde_json::json;
use sqlx::Row as _;

use super::{
    Store, StoreError,
    accounts::Account,
    audit::{self, Entry},
    database::{Connection, Durability, millis, time},
    ids::AccountId,
    seal,
};
use crate::{
    base::secret::Secret,
    model::{Act, Event},
};

/// The second factor of an account.
pub struct SecondFactor {
    /// The secret that waits for its first code.
    pub pending: Option<Secret<Vec<u8>>>,
    /// The secret that counts.
    pub secret: Option<Secret<Vec<u8>>>,
    /// Since when it counts.
    pub set_at: Option<Timestamp>,
}

impl Store {
    /// The second factor of an account, pending ones too.
    ///
    /// # Errors
    ///
    /// The database does not answer, or was altered.
    pub async fn second_factor(&self, id: AccountId) -> Result<Option<SecondFactor>, StoreError> {
        let select = "SELECT pending, secret, set_at FROM second_factor WHERE account = $1";
        let id = id.to_string();
        let row = sqlx::query(select).bind(&id).fetch_optional(&self.0.database.readers).await?;
        let Some(row) = row else { return Ok(None) };
        let open = |column: &str| {
            let sealed: Option<String> = row.try_get(column)?;
            let label = label(&id);
            let open = |sealed: String| seal::open_short(&self.0.keys.wrap, &label, &sealed);
            sealed.map(open).transpose()
        };
        Ok(Some(SecondFactor {
            pending: open("pending")?,
            secret: open("secret")?,
            set_at: row.try_get::<Option<i64>, _>("set_at")?.map(time),
        }))
    }

    /// Keeps a secret until its first code. One that counts goes on counting.
    ///
    /// # Errors
    ///
    /// The database fails.
    pub async fn offer_second_factor(
        &self,
        id: AccountId,
        secret: &[u8],
    ) -> Result<(), StoreError> {
        let id = id.to_string();
        let sealed = seal::seal_short(&self.0.keys.wrap, &label(&id), secret)?;
        let mut writing = self.0.database.write(Durability::Process).await?;
        let insert = "INSERT INTO second_factor (account, pending, last_step) VALUES ($1, $2, 0) \
                      ON CONFLICT (account) DO UPDATE SET pending = excluded.pending";
        let insert = sqlx::query(insert).bind(id).bind(sealed);
        insert.execute(writing.connection()).await?;
        writing.commit().await
    }

    /// Lets the pending secret count, after the code of `step`, with recovery
    /// codes of these keyed hashes. Older ones are worth nothing any more.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when nothing is pending; else the database
    /// fails. Nothing was changed.
    pub async fn set_second_factor(
        &self,
        account: &Account,
        step: i64,
        recovery: &[String],
    ) -> Result<(), StoreError> {
        let now = millis(self.0.clock.now());
        let id = account.id.to_string();
        let mut writing = self.0.database.write(Durability::Power).await?;
        let connection = writing.connection();
        let update = "UPDATE second_factor SET secret = pending, pending = NULL, set_at = $1, \
                      last_step = $2 WHERE account = $3 AND pending IS NOT NULL";
        let update = sqlx::query(update).bind(now).bind(step).bind(&id);
        if update.execute(&mut *connection).await?.rows_affected() == 0 {
            return Err(StoreError::Conflict);
        }
        forget_codes(connection, &id).await?;
        for mark in recovery {
            let insert = "INSERT INTO recovery_code (mark, account) VALUES ($1, $2)";
            sqlx::query(insert).bind(mark).bind(&id).execute(&mut *connection).await?;
        }
        let entry = told(&account.name, &account.name, "second factor set");
        audit::append(connection, &self.0.keys, now, &[&entry]).await?;
        writing.commit().await
    }

    /// Takes the code of a step, unless it or a later one was taken before.
    ///
    /// # Errors
    ///
    /// The database fails.
    pub async fn spend_step(&self, id: AccountId, step: i64) -> Result<bool, StoreError> {
        let mut writing = self.0.database.write(Durability::Power).await?;
        let update =
            "UPDATE second_factor SET last_step = $1 WHERE account = $2 AND last_step < $1";
        let update = sqlx::query(update).bind(step).bind(id.to_string());
        let done = update.execute(writing.connection()).await?;
        writing.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Takes a recovery code, which is worth nothing after that.
    ///
    /// # Errors
    ///
    /// The database fails.
    pub async fn spend_recovery_code(
        &self,
        account: &Account,
        mark: &str,
    ) -> Result<bool, StoreError> {
        let now = millis(self.0.clock.now());
        let mut writing = self.0.database.write(Durability::Power).await?;
        let connection = writing.connection();
        let delete = "DELETE FROM recovery_code WHERE mark = $1 AND account = $2";
        let delete = sqlx::query(delete).bind(mark).bind(account.id.to_string());
        let is_spent = delete.execute(&mut *connection).await?.rows_affected() == 1;
        if is_spent {
            let entry = told(&account.name, &account.name, "recovery code used");
            audit::append(connection, &self.0.keys, now, &[&entry]).await?;
        }
        writing.commit().await?;
        Ok(is_spent)
    }

    /// How many recovery codes are left.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn recovery_codes(&self, id: AccountId) -> Result<u64, StoreError> {
        let select = "SELECT COUNT(*) FROM recovery_code WHERE account = $1";
        let count = sqlx::query_scalar(select).bind(id.to_string());
        let count: i64 = count.fetch_one(&self.0.database.readers).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Takes the second factor of an account away.
    ///
    /// # Errors
    ///
    /// The database fails, and nothing was changed.
    pub async fn remove_second_factor(
        &self,
        account: &Account,
        by: &str,
    ) -> Result<(), StoreError> {
        let now = millis(self.0.clock.now());
        let id = account.id.to_string();
        let mut writing = self.0.database.write(Durability::Power).await?;
        let connection = writing.connection();
        let delete = sqlx::query("DELETE FROM second_factor WHERE account = $1").bind(&id);
        if delete.execute(&mut *connection).await?.rows_affected() == 1 {
            forget_codes(connection, &id).await?;
            let entry = told(by, &account.name, "second factor removed");
            audit::append(connection, &self.0.keys, now, &[&entry]).await?;
        }
        writing.commit().await
    }
}

async fn forget_codes(connection: &mut Connection, id: &str) -> Result<(), StoreError> {
    let delete = sqlx::query("DELETE FROM recovery_code WHERE account = $1").bind(id);
    delete.execute(connection).await?;
    Ok(())
}

fn told(by: &str, account: &str, change: &str) -> Entry {
    let facts = json!({ "account": account, "change": change });
    Entry::from(&Event { event: None, actor: by.to_owned(), act: Act::AccountChanged, facts })
}

/// Ties a sealed secret to its account.
fn label(id: &str) -> Vec<u8> {
    [b"second-factor/".as_slice(), id.as_bytes()].concat()
}
