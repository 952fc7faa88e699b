//! The levels that answer a target: for each there is a link, which knows the key that it had.

use crate::intern::NONE;
use crate::options::SimError;
use crate::variants::Variants;
use cachepolicy_core::ids::LevelId;
use prefetch_index::prefetch_index;
use rustc_hash::FxHashMap;

/// One level that answers a target, without what is the target's own: there are few that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Link {
    pub(crate) level: LevelId,
    /// The levels that answer the target, as a number, and its place among them.
    pub(crate) chain: u32,
    pub(crate) position: u16,
    /// Another one of the same target comes behind it.
    pub(crate) has_inner: bool,
    /// What it answers is for somebody whom its key does not tell apart.
    pub(crate) is_personal: bool,
    /// What is left of its `skip` when method and path are known.
    pub(crate) skip: u32,
    /// How many parameters of its level are kept.
    pub(crate) params: u16,
}

/// Where the key of a link and a variant stands.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Known {
    /// It is this one.
    Key(u32),
    /// Among those of all variants of the links that have several.
    At(u32),
}

/// Links, each known by the place of its first word.
#[derive(Debug, Default)]
pub(crate) struct Links {
    kinds: Vec<Link>,
    numbers: FxHashMap<Link, u32>,
    /// Of each link: its kind, its key, its parameters. Those of one target lie one behind the other.
    words: Vec<u32>,
    /// Keys of all variants of links that were asked for.
    variants: Vec<u32>,
}

/// From the first word of a link: its key as far as it is known, or, where its level has several
/// variants, where the keys of all of them are; …
const KEY: u32 = 1;
/// … and its parameters.
const PARAMS: u32 = 2;

impl Links {
    /// One more link.
    ///
    /// # Errors
    /// Where the places are used up.
    pub(crate) fn add(&mut self, link: Link, params: &[u32]) -> Result<u32, SimError> {
        let place = self.words.len();
        if place + PARAMS as usize + params.len() > NONE as usize {
            return Err(SimError::TooManyTargets);
        }
        let next = self.kinds.len() as u32;
        let kind = *self.numbers.entry(link).or_insert(next);
        if kind == next {
            self.kinds.push(link);
        }
        self.words.extend([kind, NONE]);
        self.words.extend_from_slice(params);
        Ok(place as u32)
    }

    #[inline]
    fn word(&self, place: u32) -> u32 {
        self.words[place as usize]
    }

    /// What is said of a link.
    #[inline]
    pub(crate) fn get(&self, link: u32) -> &Link {
        &self.kinds[self.word(link) as usize]
    }

    /// The link behind this one, if it [has one](Link::has_inner).
    #[inline]
    pub(crate) fn inner(&self, link: u32) -> u32 {
        link + PARAMS + u32::from(self.get(link).params)
    }

    /// The parameters of a link's level.
    pub(crate) fn params(&self, link: u32) -> &[u32] {
        let first = (link + PARAMS) as usize;
        let count = usize::from(self.get(link).params);
        self.words.get(first..first + count).unwrap_or_default()
    }

    /// Soon somebody will ask for this link and what may come behind it, …
    #[inline]
    pub(crate) fn prefetch(&self, link: u32) {
        prefetch_index(&self.words, link as usize);
        prefetch_index(&self.words, (link + PARAMS) as usize);
    }

    /// … and for a key that stands there.
    #[inline]
    pub(crate) fn prefetch_known(&self, place: Known) {
        if let Known::At(index) = place {
            prefetch_index(&self.variants, index as usize);
        }
    }

    /// Where the key stands that a link had for a variant of its level.
    #[inline]
    pub(crate) fn known_place(&self, link: u32, variants: &Variants, variant: usize) -> Known {
        match self.word(link + KEY) {
            first if first != NONE && variants.count() > 1 => Known::At(first + variant as u32),
            only => Known::Key(only),
        }
    }

    /// The key that stands there; [`NONE`]: there was none.
    #[inline]
    pub(crate) fn known(&self, place: Known) -> u32 {
        match place {
            Known::Key(key) => key,
            Known::At(index) => self.variants[index as usize],
        }
    }

    /// The key that a link had for a variant of its level; [`NONE`]: it had none.
    #[inline]
    pub(crate) fn known_key(&self, link: u32, variants: &Variants, variant: usize) -> u32 {
        self.known(self.known_place(link, variants, variant))
    }

    /// A link has this key for a variant of its level.
    pub(crate) fn remember_key(
        &mut self,
        link: u32,
        variants: &Variants,
        variant: usize,
        key: u32,
    ) {
        let known = &mut self.words[(link + KEY) as usize];
        if variants.count() == 1 {
            *known = key;
            return;
        }
        if *known == NONE {
            let first = self.variants.len();
            if first + variants.count() > NONE as usize {
                return;
            }
            *known = first as u32;
            self.variants.resize(first + variants.count(), NONE);
        }
        self.variants[*known as usize + variant] = key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lie_one_behind_the_other() -> Result<(), SimError> {
        let link = |level, has_inner, params| Link {
            level: LevelId(level),
            chain: 0,
            position: level,
            has_inner,
            is_personal: false,
            skip: 0,
            params,
        };
        let mut links = Links::default();
        let one = Variants::new(&[], &[]);
        for target in 0..10 {
            let outer = links.add(link(0, true, 0), &[])?;
            let inner = links.add(link(1, true, 2), &[target, 2 * target])?;
            let inmost = links.add(link(2, false, 1), &[NONE])?;
            assert_eq!(links.inner(outer), inner);
            assert_eq!(links.inner(inner), inmost);
            assert_eq!(*links.get(inner), link(1, true, 2));
            assert_eq!(links.params(inner), [target, 2 * target]);
            assert_eq!(links.params(inmost), [NONE]);
            assert_eq!(links.known_key(inner, &one, 0), NONE);
            links.remember_key(inner, &one, 0, target);
            assert_eq!(links.known_key(inner, &one, 0), target);
            assert_eq!(links.known_key(outer, &one, 0), NONE);
        }
        assert_eq!(links.kinds.len(), 3);
        Ok(())
    }
}
