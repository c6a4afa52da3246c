//! Identifiers of held and of queued items, and of requests: random, in the alphabet of event
//! identifiers.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{error::StoreError, seal};
use crate::base::id::{EventId, ParseEventIdError};

/// Names one held item.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct HeldId(EventId);

/// Names the account of a person.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct AccountId(EventId);

/// Names a token of a person.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct TokenId(EventId);

/// Names one item of the outbox.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct QueuedId(EventId);

/// Names what somebody asked for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct ProposalId(EventId);

macro_rules! item_id {
    ($name:ident) => {
        impl $name {
            /// Draws a new one.
            pub(super) fn draw() -> Result<Self, StoreError> {
                Ok(Self(EventId::from_keyed_hash(&seal::random()?)))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseEventIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

item_id!(AccountId);
item_id!(HeldId);
item_id!(ProposalId);
item_id!(QueuedId);
item_id!(TokenId);
