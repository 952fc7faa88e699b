//! Things that come and go.

use prefetch_index::prefetch_index;

/// Things that come and go, in slots that are used again.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    items: Vec<T>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T: Default> Slab<T> {
    /// A slot; what is in it is what was there last.
    pub(crate) fn take(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.items.push(T::default());
            (self.items.len() - 1) as u32
        })
    }

    pub(crate) fn give_back(&mut self, slot: u32) {
        self.free.push(slot);
    }

    /// Soon somebody will look at this slot, if it is one.
    #[inline]
    pub(crate) fn prefetch(&self, slot: u32) {
        prefetch_index(&self.items, slot as usize);
    }

    /// How many are in use.
    pub(crate) fn live(&self) -> usize {
        self.items.len() - self.free.len()
    }

    /// How many slots there are, free ones included.
    pub(crate) fn slots(&self) -> u32 {
        self.items.len() as u32
    }
}

impl<T> core::ops::Index<u32> for Slab<T> {
    type Output = T;
    #[inline]
    fn index(&self, slot: u32) -> &T {
        &self.items[slot as usize]
    }
}

impl<T> core::ops::IndexMut<u32> for Slab<T> {
    #[inline]
    fn index_mut(&mut self, slot: u32) -> &mut T {
        &mut self.items[slot as usize]
    }
}
