//! Common Log Format: `host ident user [time] "request" status bytes`.

use super::access_log::{self, AccessLog};
use crate::format::Spec;

pub(crate) const SPEC: Spec = Spec {
    name: "common",
    about: "Common Log Format of Apache, nginx and others",
    is_unordered: true,
    has_garbage: true,
    sniff: |sample| access_log::sniff(sample),
    open: |opening| {
        let records = AccessLog::new(&opening.options.needs);
        Ok(opening.source(records))
    },
    open_blocks: Some(access_log::open_blocks),
    accesses_only: false,
};
