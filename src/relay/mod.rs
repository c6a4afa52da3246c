//! Sends parcels to the next hop by SMTP (RFC 5321).

use crate::{model::Address, policy::Parcel};

/// What the next hop said about one recipient.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Delivery {
    /// It took responsibility.
    Accepted,
    /// Not now: code and text of the reply, or what went wrong on the way.
    Deferred(String),
    /// Never: code and text of the reply.
    Refused(String),
}

/// Where to send, and how.
#[derive(Clone, Debug)]
pub struct NextHop;

impl NextHop {
    /// Sends `parcel` to those of its recipients named in `to`, in one
    /// transaction, and tells the result for each in that order.
    pub async fn send(&self, parcel: &Parcel, to: &[Address]) -> Vec<(Address, Delivery)> {
        todo!("{parcel:?} {to:?}")
    }
}
