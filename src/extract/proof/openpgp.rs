//! stub
use crate::extract::{
    content,
    walk::{Place, Walk},
};
pub(in crate::extract) fn starts_message(_: &[u8]) -> bool {
    false
}
pub(in crate::extract) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    content::unknown(walk, place, bytes);
}
