//! The copies of each level.

use super::copies::Copies;
use crate::eviction::list::Lists;
use cachepolicy_core::ids::LevelId;

/// Which copies belong to which level. A store that has only ever held copies of one level, as most
/// do that key-value traces are replayed through, keeps no lists: all its copies are of that level.
#[derive(Debug, Clone, Default)]
pub(crate) struct Families {
    /// The copies of each level in the order in which they were stored; those that were there before
    /// the second level came, in the order of their slots.
    lists: Option<Lists>,
    /// How many copies each level has.
    sizes: Vec<u32>,
    /// The only level so far, and slots below this have been used.
    only: Option<(LevelId, u32)>,
    /// By slot, what was done to the copy with all of its level; empty as long as nobody does
    /// anything to whole levels.
    passed: Vec<Pass>,
}

/// What is done to all copies of a level at once, the lesser first. Of copies in the order in which
/// they were stored, what was done to one was done to all before it, or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pass {
    /// Nothing.
    Untouched,
    /// They expired; once more changes nothing.
    Expired,
    /// Nobody will ever ask for those that are still there.
    Gone,
}

impl Families {
    /// Levels that ever had a copy have numbers below this.
    pub(super) fn levels(&self) -> usize {
        self.sizes.len()
    }

    /// How many copies a level has.
    pub(super) fn len(&self, level: LevelId) -> usize {
        self.sizes
            .get(level.index())
            .map_or(0, |&size| size as usize)
    }

    /// A copy comes into a slot. `copies` are those that were there before.
    #[inline]
    pub(super) fn join(&mut self, level: LevelId, slot: u32, copies: &Copies) {
        if self.lists.is_none() {
            match &mut self.only {
                Some((only, slots)) if *only == level => *slots = (*slots).max(slot + 1),
                Some((only, slots)) => {
                    let (only, slots) = (*only, *slots);
                    self.begin_lists(only, slots, slot, copies);
                }
                only @ None => *only = Some((level, slot + 1)),
            }
        }
        if level.index() >= self.sizes.len() {
            self.sizes.resize(level.index() + 1, 0);
        }
        if let Some(lists) = &mut self.lists {
            lists.ensure(level.index());
            lists.push(level.index(), slot);
        }
        self.sizes[level.index()] += 1;
        if let Some(passed) = self.passed.get_mut(slot as usize) {
            *passed = Pass::Untouched;
        }
    }

    /// A second level comes, into this slot, or somebody wants to know which copies are new.
    #[cold]
    fn begin_lists(&mut self, only: LevelId, slots: u32, new: u32, copies: &Copies) {
        let mut lists = Lists::new(only.index() + 1);
        for slot in (0..slots).filter(|&slot| slot != new && copies.is_taken(slot)) {
            lists.push(only.index(), slot);
        }
        self.lists = Some(lists);
    }

    /// The slots of those copies of a level to which this was not done yet, nor more, the newest
    /// first; from now on it was. Whoever does something to a whole level again and again looks at
    /// each copy once.
    pub(super) fn pass(&mut self, level: LevelId, pass: Pass, copies: &Copies) -> Vec<u32> {
        if let (None, Some((only, slots))) = (&self.lists, self.only) {
            self.begin_lists(only, slots, u32::MAX, copies);
        }
        let Self { lists, passed, .. } = self;
        let Some(lists) = lists else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let mut next = lists.newest(level.index());
        while let Some(slot) = next {
            let index = slot as usize;
            if index >= passed.len() {
                passed.resize(index + 1, Pass::Untouched);
            }
            if passed[index] >= pass {
                break;
            }
            passed[index] = pass;
            found.push(slot);
            next = lists.older(slot);
        }
        found
    }

    /// A copy leaves its slot.
    #[inline]
    pub(super) fn leave(&mut self, level: LevelId, slot: u32) {
        if let Some(lists) = &mut self.lists {
            lists.unlink(level.index(), slot);
        }
        self.sizes[level.index()] -= 1;
    }

    /// The slots of a level: in the order in which the copies were stored, or of their numbers as
    /// long as there is only one level.
    pub(super) fn of<'a>(
        &'a self,
        level: LevelId,
        copies: &'a Copies,
    ) -> impl Iterator<Item = u32> + 'a {
        let listed = self.lists.as_ref().map(|lists| {
            core::iter::successors(lists.oldest(level.index()), |&slot| lists.newer(slot))
        });
        let slots = match (&self.lists, self.only) {
            (None, Some((only, slots))) if only == level && self.len(level) > 0 => slots,
            _ => 0,
        };
        let alone = (0..slots).filter(|&slot| copies.is_taken(slot));
        listed.into_iter().flatten().chain(alone)
    }
}

#[cfg(test)]
mod tests {
    use super::Pass;
    use crate::store::{KeyId, NewCopy, Store};
    use cachepolicy_core::ids::LevelId;
    use cachepolicy_core::policy::Evict;
    use cachepolicy_core::units::Time;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    enum Operation {
        Put { key: u32, level: u16 },
        Remove { key: u32 },
        Pass { level: u16, pass: Pass },
    }

    fn operation() -> impl Strategy<Value = Operation> {
        let passes = prop_oneof![Just(Pass::Expired), Just(Pass::Gone)];
        prop_oneof![
            4 => (0..8u32, 0..2u16).prop_map(|(key, level)| Operation::Put { key, level }),
            1 => (0..8u32).prop_map(|key| Operation::Remove { key }),
            2 => (0..3u16, passes).prop_map(|(level, pass)| Operation::Pass { level, pass }),
        ]
    }

    /// The second level may come early, late, or never.
    fn operations() -> impl Strategy<Value = Vec<Operation>> {
        let one_level = |operation| match operation {
            Operation::Put { key, .. } => Operation::Put { key, level: 0 },
            other => other,
        };
        let first = proptest::collection::vec(operation().prop_map(one_level), 0..20);
        let then = proptest::collection::vec(operation(), 0..20);
        (first, then).prop_map(|(first, then)| [first, then].concat())
    }

    proptest! {
        #[test]
        fn each_copy_is_looked_at_once_by_each_pass(operations in operations()) {
            let mut store: Store<()> = Store::new(None, Evict::None, 1);
            let mut model: Vec<(u32, u16, Pass)> = Vec::new();
            for operation in operations {
                match operation {
                    Operation::Put { key, level } => {
                        let new = NewCopy {
                            key: KeyId(key),
                            level: LevelId(level),
                            size: 1,
                            dead_from: Time::NEVER,
                            value: (),
                        };
                        store.insert(new, Time::ZERO, &mut Vec::new());
                        model.retain(|copy| copy.0 != key);
                        model.push((key, level, Pass::Untouched));
                    }
                    Operation::Remove { key } => {
                        if let Some(slot) = store.lookup(KeyId(key)) {
                            store.remove(slot, Time::ZERO);
                        }
                        model.retain(|copy| copy.0 != key);
                    }
                    Operation::Pass { level, pass } => {
                        let found = store.pass(LevelId(level), pass);
                        let mut found: Vec<_> = found.iter().map(|slot| store.key(*slot).0).collect();
                        found.sort_unstable();
                        let mut expected = Vec::new();
                        for copy in model.iter_mut().filter(|it| it.1 == level && it.2 < pass) {
                            expected.push(copy.0);
                            copy.2 = pass;
                        }
                        expected.sort_unstable();
                        prop_assert_eq!(found, expected);
                    }
                }
            }
        }
    }
}
