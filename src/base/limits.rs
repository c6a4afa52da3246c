//! How much one message may cost. A reader spends from these; what lies over
//! them becomes a gap, never a partial clean.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Upper bounds for reading one message or file.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of the message or file as received.
    pub message_bytes: u64,
    /// Bytes of everything unpacked and decoded from it, together.
    pub expanded_bytes: u64,
    /// Unpacked bytes for each packed byte of one archive member.
    pub ratio: u32,
    /// Containers inside containers: messages, multiparts and archives.
    pub depth: u32,
    /// Parts, members, sheets and paragraphs groups, together.
    pub entries: u32,
    /// Seconds from the first byte read to the last finding.
    pub seconds: u32,
    /// What may be handed on of pictures. No key of the settings file, and not
    /// part of what is written for a child: both say it in a place of its own.
    #[serde(skip)]
    pub pictures: Pictures,
}

/// How many pictures of one message may be handed on to be read by another
/// program. Those over it are gaps.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Pictures {
    /// Pictures; none when there is no such program.
    pub count: u32,
    /// Pixels of the largest.
    pub pixels: u64,
    /// Bytes of all together.
    pub bytes: u64,
}

impl Limits {
    /// The time allowed for one message.
    pub fn time(&self) -> Duration {
        Duration::from_secs(u64::from(self.seconds))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 64 << 20,
            expanded_bytes: 256 << 20,
            ratio: 1000,
            depth: 16,
            entries: 20_000,
            seconds: 8,
            pictures: Pictures::default(),
        }
    }
}
