//! Combined Log Format: the common one, then `"referer" "user-agent"`.

use super::access_log::{self, AccessLog};
use crate::format::Spec;

pub(crate) const SPEC: Spec = Spec {
    name: "combined",
    about: "Combined Log Format of Apache and nginx",
    is_unordered: true,
    has_garbage: true,
    sniff: |sample| access_log::sniff(sample) && sample.lines().any(access_log::has_referer),
    open: |opening| {
        let records = AccessLog::new(&opening.options.needs);
        Ok(opening.source(records))
    },
    open_blocks: Some(access_log::open_blocks),
    accesses_only: false,
};
