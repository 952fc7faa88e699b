//! `set` and `delete` of a stretch; see [`crate::key_value`].

use super::stretch::{Access, Stretch};
use crate::access::Operation;
use crate::eviction::Eviction;
use crate::intern::NONE;
use crate::metrics::Cause;
use crate::store::{KeyId, Reason};
use cachepolicy_core::units::Duration;
use cachepolicy_trace::event::AccessOperation;

impl Stretch<'_> {
    /// Was it done?
    pub(super) fn write<E: Eviction>(
        &mut self,
        access: Access,
        operation: AccessOperation,
        evictor: &mut E,
    ) -> bool {
        let Access { at, key, bytes, .. } = access;
        let slot = self.rack.lookup(KeyId(key));
        let copy = slot.map(|slot| (slot, self.rack.get(slot)));
        let is_alive = copy.is_some_and(|(_, copy)| at < copy.leaves(self.rules));
        // What misses writes, is dead and still there, or may outlive the write, is for others.
        let is_plain = copy.is_none_or(|(_, copy)| {
            is_alive && copy.provenance == NONE && self.is_stored_for_certain(access)
        });
        if !self.lane.fills || !is_plain {
            return false;
        }
        match self.last.take(key, operation, bytes, self.operations) {
            Operation::Get => {}
            Operation::Fill => {
                let size = self.draw_size(access);
                let has_ttl = access.ttl(self.accesses).is_some();
                if has_ttl || slot.is_none_or(|slot| self.rack.size(slot) != size) {
                    self.store(access, None, evictor);
                }
            }
            Operation::Write => {
                self.replace_row(is_alive);
                self.store(access, None, evictor);
            }
            Operation::Delete => {
                self.replace_row(is_alive);
                if let Some(slot) = slot {
                    let (rack, mut leaving) = self.parts();
                    let gone = rack.take(evictor, slot.number(), Reason::Taken, at);
                    leaving.left(&gone, at);
                    self.set_cause(KeyId(key), Cause::Invalidation);
                }
            }
        }
        true
    }

    /// Does a value that is put over another one take its place, whatever is drawn?
    fn is_stored_for_certain(&self, access: Access) -> bool {
        const LEAST: Duration = Duration::from_nanos(1_000_000);
        let said = self.said_ttl(access).unwrap_or(self.rules.ttl);
        let shortest = said - said.scaled(self.rules.jitter);
        shortest >= LEAST && !self.rack.is_by_bytes()
    }

    /// The row behind a key changed; the copy that misses it goes at the same instant.
    fn replace_row(&mut self, has_copy: bool) {
        if has_copy {
            self.figures.write_settled();
        }
    }
}
