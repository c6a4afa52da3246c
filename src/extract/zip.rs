//! stub
use super::{
    content,
    walk::{Place, Walk},
};
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    content::unknown(walk, place, bytes);
}
