//! The index of persons: which held messages name whom.
//!
//! A person is a keyed hash of the number, 64 bits of it: enough to look in the
//! right place, not enough to be believed, so what is found here is confirmed
//! by reading the content. Nothing in it tells a number without the key.

use sqlx::QueryBuilder;

use super::{
    database::{Backend, Connection},
    error::StoreError,
};
use crate::model::Person;

/// Notes whom a held message names, inside the caller's transaction.
pub(super) async fn place(
    connection: &mut Connection,
    id: &str,
    persons: &[Person],
) -> Result<(), StoreError> {
    for chunk in distinct(persons).chunks(500) {
        QueryBuilder::<Backend>::new("INSERT INTO held_person (person, held) ")
            .push_values(chunk, |mut row, person| {
                row.push_bind(text(*person)).push_bind(id);
            })
            .build()
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// How many persons these are.
pub(super) fn count(persons: &[Person]) -> i64 {
    i64::try_from(distinct(persons).len()).unwrap_or(i64::MAX)
}

fn distinct(persons: &[Person]) -> Vec<Person> {
    let mut persons = persons.to_vec();
    persons.sort_unstable();
    persons.dedup();
    persons
}

/// A person as the database keeps it: SQLite has no unsigned numbers.
pub(super) fn text(person: Person) -> String {
    format!("{:016x}", person.0)
}
