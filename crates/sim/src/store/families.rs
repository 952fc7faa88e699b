//! The copies of each level.

use super::copies::Copies;
use crate::eviction::list::Lists;
use cachepolicy_core::ids::LevelId;

/// Which copies belong to which level. A store that has only ever held copies of one level, as most
/// do that key-value traces are replayed through, keeps no lists: all its copies are of that level.
#[derive(Debug, Clone, Default)]
pub(crate) struct Families {
    /// The only level so far.
    only: Option<LevelId>,
    listed: Option<Listed>,
}

/// Of more levels than one, or of one to which something was done as a whole.
#[derive(Debug, Clone)]
struct Listed {
    /// The copies of each level in the order in which they were stored; those that were there before
    /// the second level came, in the order of their slots.
    lists: Lists,
    /// How many copies each level has.
    sizes: Vec<u32>,
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

impl Listed {
    /// Of a store in which all copies but that of one slot are of one level.
    fn new(only: LevelId, but: u32, copies: &Copies) -> Self {
        let mut listed = Self {
            lists: Lists::new(0),
            sizes: Vec::new(),
            passed: Vec::new(),
        };
        for slot in taken(copies).filter(|&slot| slot != but) {
            listed.join(only, slot);
        }
        listed
    }

    fn join(&mut self, level: LevelId, slot: u32) {
        if level.index() >= self.sizes.len() {
            self.sizes.resize(level.index() + 1, 0);
        }
        self.lists.ensure(level.index());
        self.lists.push(level.index(), slot);
        self.sizes[level.index()] += 1;
        if let Some(passed) = self.passed.get_mut(slot as usize) {
            *passed = Pass::Untouched;
        }
    }

    fn pass(&mut self, level: LevelId, pass: Pass) -> Vec<u32> {
        let mut found = Vec::new();
        let mut next = self.lists.newest(level.index());
        while let Some(slot) = next {
            let index = slot as usize;
            if index >= self.passed.len() {
                self.passed.resize(index + 1, Pass::Untouched);
            }
            if self.passed[index] >= pass {
                break;
            }
            self.passed[index] = pass;
            found.push(slot);
            next = self.lists.older(slot);
        }
        found
    }

    fn leave(&mut self, level: LevelId, slot: u32) {
        self.lists.unlink(slot);
        self.sizes[level.index()] -= 1;
    }
}

fn taken(copies: &Copies) -> impl Iterator<Item = u32> + '_ {
    (0..copies.slots() as u32).filter(|&slot| copies.is_taken(slot))
}

impl Families {
    /// Levels that ever had a copy have numbers below this.
    pub(super) fn levels(&self) -> usize {
        match (&self.listed, self.only) {
            (Some(listed), _) => listed.sizes.len(),
            (None, only) => only.map_or(0, |only| only.index() + 1),
        }
    }

    /// How many copies a level has, of that many in the store.
    pub(super) fn len(&self, level: LevelId, all: usize) -> usize {
        match &self.listed {
            Some(listed) => listed
                .sizes
                .get(level.index())
                .map_or(0, |&size| size as usize),
            None if self.only == Some(level) => all,
            None => 0,
        }
    }

    /// Is this the only level that ever had copies? It is from now on if there were none.
    pub(super) fn unify(&mut self, level: LevelId) -> bool {
        self.listed.is_none() && *self.only.get_or_insert(level) == level
    }

    /// A copy comes into a slot. `copies` are those that are there already.
    #[inline]
    pub(super) fn join(&mut self, level: LevelId, slot: u32, copies: &Copies) {
        if self.listed.is_some() || self.only != Some(level) {
            self.join_list(level, slot, copies);
        }
    }

    #[cold]
    fn join_list(&mut self, level: LevelId, slot: u32, copies: &Copies) {
        match (&mut self.listed, self.only) {
            (Some(listed), _) => listed.join(level, slot),
            (None, None) => self.only = Some(level),
            (listed @ None, Some(only)) => {
                let listed = listed.insert(Listed::new(only, slot, copies));
                listed.join(level, slot);
            }
        }
    }

    /// The slots of those copies of a level to which this was not done yet, nor more, the newest
    /// first; from now on it was. Whoever does something to a whole level again and again looks at
    /// each copy once.
    pub(super) fn pass(&mut self, level: LevelId, pass: Pass, copies: &Copies) -> Vec<u32> {
        let Some(only) = self.only else {
            return Vec::new();
        };
        let begin = || Listed::new(only, u32::MAX, copies);
        self.listed.get_or_insert_with(begin).pass(level, pass)
    }

    /// A copy leaves its slot.
    #[inline]
    pub(super) fn leave(&mut self, level: LevelId, slot: u32) {
        if let Some(listed) = &mut self.listed {
            listed.leave(level, slot);
        }
    }

    /// The slots of a level: in the order in which the copies were stored, or of their numbers as
    /// long as there is only one level.
    pub(super) fn of<'a>(
        &'a self,
        level: LevelId,
        copies: &'a Copies,
    ) -> impl Iterator<Item = u32> + 'a {
        let listed = self.listed.as_ref().map(|Listed { lists, .. }| {
            core::iter::successors(lists.oldest(level.index()), |&slot| lists.newer(slot))
        });
        let is_alone = self.listed.is_none() && self.only == Some(level);
        let alone = is_alone.then(|| taken(copies));
        listed
            .into_iter()
            .flatten()
            .chain(alone.into_iter().flatten())
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
