//! Plain data that travels between the hops. No I/O, no decisions.
//!
//! One message is `Submission → Extraction → Finding → Ruling → Parcel →
//! Outcome`; the last two live where they can be made: `policy` and `gate`.

pub mod address;
pub mod answered;
pub mod channel;
pub mod direction;
pub mod envelope;
pub mod event;
pub mod extraction;
pub mod finding;
pub mod first_reading;
pub mod login_name;
pub mod masked;
pub mod method;
pub mod part_path;
pub mod raw;
pub mod reading;
pub mod reply;
pub mod reviewer;
pub mod role;
pub mod ruling;
pub mod submission;
pub mod wish;

pub use self::{
    address::Address,
    answered::Answered,
    channel::Channel,
    direction::Direction,
    envelope::Envelope,
    event::{Act, Event},
    extraction::{Extraction, Fragment, Gap, GapKind, Kind, Mark, Proof, Surface},
    finding::{Finding, Level, Person, Span},
    first_reading::{FirstReading, Picture},
    login_name::LoginName,
    masked::Masked,
    method::{KeyTrouble, MethodId, Offer},
    part_path::PartPath,
    raw::Raw,
    reading::Reading,
    reply::Reply,
    reviewer::{Reviewer, ReviewerError},
    role::{Permission, Role},
    ruling::{Reason, Ruling, Verdict},
    submission::Submission,
    wish::{Ret, Tidings, Wish, Wishes},
};
