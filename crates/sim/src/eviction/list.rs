//! Doubly linked lists whose nodes are numbers: a family of disjoint lists over one array of
//! links, so that a node moves between lists without moving in memory.

use prefetch_index::prefetch_index;

/// What comes before and after a node, as places in the array of links.
#[derive(Debug, Clone, Copy)]
struct Link {
    older: u32,
    newer: u32,
}

/// Disjoint lists over the nodes 0, 1, 2, …: a node is in at most one of them. Eight bytes a node.
///
/// Each list is a ring through a link of its own, which stands before those of the nodes: so no
/// change has to ask whether it is at an end.
#[derive(Debug, Clone)]
pub(crate) struct Lists {
    links: Vec<Link>,
    /// How many links are those of lists.
    lists: u32,
}

impl Lists {
    /// That many empty lists.
    pub(crate) fn new(lists: usize) -> Self {
        let lists = lists as u32;
        let empty = |list| Link {
            older: list,
            newer: list,
        };
        Self {
            links: (0..lists).map(empty).collect(),
            lists,
        }
    }

    /// Makes sure that the list of that number exists.
    pub(crate) fn ensure(&mut self, list: usize) {
        let list = list as u32;
        if list < self.lists {
            return;
        }
        // Doubled, so that lists that come one after the other are cheap.
        let lists = (list + 1).max(2 * self.lists);
        let (before, more) = (self.lists, lists - self.lists);
        let moved = |place: u32| if place < before { place } else { place + more };
        let mut links = Self::new(lists as usize).links;
        for (place, link) in self.links.iter().enumerate() {
            let link = Link {
                older: moved(link.older),
                newer: moved(link.newer),
            };
            match links.get_mut(place).filter(|_| place < before as usize) {
                Some(own) => *own = link,
                None => links.push(link),
            }
        }
        *self = Self { links, lists };
    }

    #[inline]
    fn link(&self, place: u32) -> Link {
        self.links[place as usize]
    }

    #[inline]
    fn join(&mut self, older: u32, newer: u32) {
        self.links[older as usize].newer = newer;
        self.links[newer as usize].older = older;
    }

    /// Puts a node between two places that follow each other.
    #[inline]
    fn put(&mut self, place: u32, older: u32, newer: u32) {
        super::put(&mut self.links, place, Link { older, newer });
        self.links[older as usize].newer = place;
        self.links[newer as usize].older = place;
    }

    /// Adds a node that is in no list at the newest end.
    #[inline]
    pub(crate) fn push(&mut self, list: usize, node: u32) {
        let list = list as u32;
        self.put(self.lists + node, self.link(list).older, list);
    }

    /// Adds a node that is in no list as the next newer one of `after`, or as the oldest.
    #[inline]
    pub(crate) fn insert(&mut self, list: usize, node: u32, after: Option<u32>) {
        let older = after.map_or(list as u32, |after| self.lists + after);
        self.put(self.lists + node, older, self.link(older).newer);
    }

    /// Takes a node out of the list that it is in.
    #[inline]
    pub(crate) fn unlink(&mut self, node: u32) {
        let Link { older, newer } = self.link(self.lists + node);
        self.join(older, newer);
    }

    /// Moves a node to the newest end of a list.
    #[inline]
    pub(crate) fn renew(&mut self, list: usize, node: u32) {
        self.unlink(node);
        self.push(list, node);
    }

    /// Takes the oldest node out.
    #[inline]
    pub(crate) fn pop(&mut self, list: usize) -> Option<u32> {
        let node = self.oldest(list)?;
        self.unlink(node);
        Some(node)
    }

    #[inline]
    fn node(&self, place: u32) -> Option<u32> {
        place.checked_sub(self.lists)
    }

    /// The oldest node of a list, if there is such a list.
    #[inline]
    pub(crate) fn oldest(&self, list: usize) -> Option<u32> {
        if list >= self.lists as usize {
            return None;
        }
        self.node(self.link(list as u32).newer)
    }

    /// The newest node of a list, if there is such a list.
    pub(crate) fn newest(&self, list: usize) -> Option<u32> {
        if list >= self.lists as usize {
            return None;
        }
        self.node(self.link(list as u32).older)
    }

    /// See [`super::Eviction::peek`]: of the links that [`Lists::unlink`] changes.
    #[inline]
    pub(crate) fn peek(&self, node: u32) -> u32 {
        let link = |place: u32| self.links.get(place as usize).copied();
        let Some(Link { older, newer }) = link(self.lists.saturating_add(node)) else {
            return 0;
        };
        let older = link(older).map_or(0, |link| link.newer);
        older ^ link(newer).map_or(0, |link| link.older)
    }

    /// See [`super::Eviction::prefetch`].
    #[inline]
    pub(crate) fn prefetch(&self, node: u32) {
        prefetch_index(&self.links, self.lists.saturating_add(node) as usize);
    }

    /// The oldest nodes of a list, so many at most.
    #[inline]
    pub(crate) fn oldest_few(&self, list: usize, count: usize) -> impl Iterator<Item = u32> + '_ {
        core::iter::successors(self.oldest(list), |&node| self.newer(node)).take(count)
    }

    /// The node that was added after this one.
    #[inline]
    pub(crate) fn newer(&self, node: u32) -> Option<u32> {
        self.node(self.link(self.lists + node).newer)
    }

    /// The node that was added before this one.
    #[inline]
    pub(crate) fn older(&self, node: u32) -> Option<u32> {
        self.node(self.link(self.lists + node).older)
    }
}
