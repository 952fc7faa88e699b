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
    }

    /// A second level comes, into this slot.
    #[cold]
    fn begin_lists(&mut self, only: LevelId, slots: u32, new: u32, copies: &Copies) {
        let mut lists = Lists::new(only.index() + 1);
        for slot in (0..slots).filter(|&slot| slot != new && copies.is_taken(slot)) {
            lists.push(only.index(), slot);
        }
        self.lists = Some(lists);
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
