//! An artefact. Its checksum keeps almost all damage from being looked at, so the policy in it is
//! also read as if it had its right one.

use super::json::policy_in;
use cachepolicy_core::artefact;

/// Reads it; a policy that is accepted comes back as it was.
pub(super) fn check(bytes: &[u8]) {
    let accepted = artefact::decode(bytes).ok();
    let named = policy_in(bytes);
    for policy in accepted.into_iter().chain(named) {
        // What is refused when written is inconsistent, as it would be when read.
        if let Ok(written) = artefact::encode(&policy) {
            let read = artefact::decode(written.as_bytes());
            assert!(
                read.is_ok_and(|read| read == policy),
                "the artefact holds another policy"
            );
            super::simulate::replay_nothing(&policy);
        }
    }
}
