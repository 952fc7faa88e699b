//! Doubly linked lists whose nodes are numbers: a family of disjoint lists over one array of
//! links, so that a node moves between lists without moving in memory.

/// No node.
const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Link {
    older: u32,
    newer: u32,
}

const UNLINKED: Link = Link {
    older: NONE,
    newer: NONE,
};

#[derive(Debug, Clone, Copy)]
struct Ends {
    oldest: u32,
    newest: u32,
}

const EMPTY: Ends = Ends {
    oldest: NONE,
    newest: NONE,
};

/// Disjoint lists over the nodes 0, 1, 2, …: a node is in at most one of them. Eight bytes a node.
#[derive(Debug, Clone)]
pub(crate) struct Lists {
    links: Vec<Link>,
    ends: Vec<Ends>,
}

impl Lists {
    /// That many empty lists.
    pub(crate) fn new(lists: usize) -> Self {
        Self {
            links: Vec::new(),
            ends: vec![EMPTY; lists],
        }
    }

    /// Makes sure that the list of that number exists.
    #[inline]
    pub(crate) fn ensure(&mut self, list: usize) {
        if list >= self.ends.len() {
            self.ends.resize(list + 1, EMPTY);
        }
    }

    /// Adds a node that is in no list at the newest end.
    #[inline]
    pub(crate) fn push(&mut self, list: usize, node: u32) {
        let index = node as usize;
        if index >= self.links.len() {
            self.links.resize(index + 1, UNLINKED);
        }
        let ends = &mut self.ends[list];
        let newest = ends.newest;
        ends.newest = node;
        self.links[index] = Link {
            older: newest,
            newer: NONE,
        };
        if newest == NONE {
            ends.oldest = node;
        } else {
            self.links[newest as usize].newer = node;
        }
    }

    /// Adds a node that is in no list as the next newer one of `after`, or as the oldest.
    pub(crate) fn insert(&mut self, list: usize, node: u32, after: Option<u32>) {
        let newer = match after {
            Some(after) => self.newer(after),
            None => self.oldest(list),
        };
        let Some(newer) = newer else {
            self.push(list, node);
            return;
        };
        let index = node as usize;
        if index >= self.links.len() {
            self.links.resize(index + 1, UNLINKED);
        }
        self.links[index] = Link {
            older: after.unwrap_or(NONE),
            newer,
        };
        self.links[newer as usize].older = node;
        match after {
            Some(after) => self.links[after as usize].newer = node,
            None => self.ends[list].oldest = node,
        }
    }

    /// Takes a node out of the list that it is in.
    #[inline]
    pub(crate) fn unlink(&mut self, list: usize, node: u32) {
        let Link { older, newer } = self.links[node as usize];
        if older == NONE {
            self.ends[list].oldest = newer;
        } else {
            self.links[older as usize].newer = newer;
        }
        if newer == NONE {
            self.ends[list].newest = older;
        } else {
            self.links[newer as usize].older = older;
        }
    }

    /// Moves a node to the newest end of the list that it is in.
    #[inline]
    pub(crate) fn renew(&mut self, list: usize, node: u32) {
        if self.ends[list].newest != node {
            self.unlink(list, node);
            self.push(list, node);
        }
    }

    /// Takes the oldest node out.
    #[inline]
    pub(crate) fn pop(&mut self, list: usize) -> Option<u32> {
        let node = self.oldest(list)?;
        self.unlink(list, node);
        Some(node)
    }

    /// The oldest node of a list.
    #[inline]
    pub(crate) fn oldest(&self, list: usize) -> Option<u32> {
        self.ends.get(list).and_then(|ends| some(ends.oldest))
    }

    /// The newest node of a list.
    pub(crate) fn newest(&self, list: usize) -> Option<u32> {
        self.ends.get(list).and_then(|ends| some(ends.newest))
    }

    /// The next older node of its list.
    pub(crate) fn older(&self, node: u32) -> Option<u32> {
        some(self.links[node as usize].older)
    }

    /// See [`super::Eviction::peek`]: of the links that [`Lists::unlink`] changes.
    #[inline]
    pub(crate) fn peek(&self, node: u32) -> u32 {
        let link = |node: u32| self.links.get(node as usize).copied().unwrap_or(UNLINKED);
        let Link { older, newer } = link(node);
        link(older).newer ^ link(newer).older
    }

    /// The oldest nodes of a list, so many at most.
    #[inline]
    pub(crate) fn oldest_few(&self, list: usize, count: usize) -> impl Iterator<Item = u32> + '_ {
        core::iter::successors(self.oldest(list), |&node| self.newer(node)).take(count)
    }

    /// The node that was added after this one.
    #[inline]
    pub(crate) fn newer(&self, node: u32) -> Option<u32> {
        some(self.links[node as usize].newer)
    }
}

fn some(node: u32) -> Option<u32> {
    (node != NONE).then_some(node)
}
