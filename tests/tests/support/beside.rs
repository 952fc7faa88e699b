//! What random levels say beside their tiers, ttl and protection.

use proptest::prelude::*;
use proptest::sample::subsequence;

/// Any of windows, absences and a fence, as they stand behind a ttl: `; fence`.
pub(crate) fn beside_ttl() -> impl Strategy<Value = String> {
    let all = vec![
        "; stale-while-revalidate 8235ms",
        "; stale-if-error 16431ms",
        "; negative ttl 4149ms",
        "; fence",
    ];
    subsequence(all, 0..=4).prop_map(|some| some.concat())
}
