//! One file a format.

use crate::format::Spec;

mod access_log;
mod arc;
mod combined;
mod common;
mod keys;
mod oracle_general;

/// All formats; where a content would suit several, the first counts.
pub(crate) const ALL: &[&Spec] = &[
    &combined::SPEC,
    &common::SPEC,
    &arc::SPEC,
    &keys::SPEC,
    &oracle_general::SPEC,
];
