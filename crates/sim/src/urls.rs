//! The URLs of targets as they stand in keys, each known by the number of the target that had it first.
//!
//! Most are what the trace says, host and path: these are not written down again. As long as all are,
//! and asked for by one method, no two are the same, since no two targets are, and nobody need look for
//! one.

use crate::bits::{Ascending, BitSet};
use crate::intern::hash_text;
use cachepolicy_core::key::Url;
use cachepolicy_trace::Pieces;
use cachepolicy_trace::block::{Target, TargetList};
use hashbrown::HashTable;
use std::borrow::Cow;

/// See the module's description.
#[derive(Debug, Default)]
pub(crate) struct Urls {
    /// What the trace says.
    texts: Pieces,
    /// Its reader has the texts of the present block as well.
    are_shared: bool,
    /// The text of each target; empty as long as all have the numbers of their targets.
    text_of: Vec<u32>,
    targets: u32,
    /// Targets whose URLs are spelled in another way than the trace says, and these.
    respelled: Ascending,
    spellings: Pieces,
    seen: Seen,
    /// Targets with a URL that another one had before, and that one.
    later: Ascending,
    firsts: Vec<u32>,
    /// Those whose URLs others have as well.
    repeated: BitSet,
}

/// URLs that were seen.
#[derive(Debug, Default)]
enum Seen {
    #[default]
    Nothing,
    /// All are what the trace says, of this method.
    OfMethod(String),
    /// The first targets that had them, by their texts.
    Any(HashTable<u32>),
}

impl Urls {
    /// Targets of a block come next.
    pub(crate) fn begin(&mut self, targets: &TargetList) {
        let texts = &mut self.texts;
        self.are_shared = targets.pieces().iter().all(|piece| texts.adopt(piece));
    }

    /// The next target comes, which has this place in its block.
    pub(crate) fn add_text(&mut self, targets: &TargetList, index: usize) {
        let text = targets.number(index).filter(|_| self.are_shared);
        let text = text.unwrap_or_else(|| {
            self.texts.push(targets.spelled(index));
            self.texts.len() as u32 - 1
        });
        if text != self.targets && self.text_of.is_empty() {
            self.text_of.extend(0..self.targets);
        }
        if text != self.targets || !self.text_of.is_empty() {
            self.text_of.push(text);
        }
        self.targets += 1;
    }

    /// The URL of the target that came last; `earlier` are those before that have one as well. If it is
    /// that of an earlier one, and of nobody else so far: of which?
    pub(crate) fn add(
        &mut self,
        target: Target<'_>,
        url: &str,
        earlier: impl Iterator<Item = u32>,
    ) -> Option<u32> {
        let number = self.targets.saturating_sub(1);
        let is_said = target.path.starts_with('/') && is_url_of(target, url);
        if !is_said {
            self.respelled.push(number);
            self.spellings.push(url);
        }
        let method = match &self.seen {
            Seen::Nothing if is_said => {
                self.seen = Seen::OfMethod(target.method.to_owned());
                return None;
            }
            Seen::OfMethod(method) => Some(method),
            Seen::Nothing | Seen::Any(_) => None,
        };
        if method.is_some_and(|method| is_said && *method == target.method) {
            return None;
        }
        let mut seen = match core::mem::take(&mut self.seen) {
            Seen::Any(seen) => seen,
            Seen::Nothing | Seen::OfMethod(_) => self.all(earlier),
        };
        let hash = hash_text(url);
        let first = seen.find(hash, |&other| self.is(other, url)).copied();
        if first.is_none() {
            seen.insert_unique(hash, number, |&other| self.hash(other));
        }
        self.seen = Seen::Any(seen);
        let first = first?;
        self.later.push(number);
        self.firsts.push(first);
        self.repeated.insert(first).then_some(first)
    }

    /// These targets by their URLs, which differ.
    fn all(&self, targets: impl Iterator<Item = u32>) -> HashTable<u32> {
        let mut seen = HashTable::new();
        for target in targets {
            seen.insert_unique(self.hash(target), target, |&other| self.hash(other));
        }
        seen
    }

    /// The number of a target's URL, if it has one.
    pub(crate) fn of(&self, target: u32) -> u32 {
        let place = self.later.place(target);
        let first = place.and_then(|place| self.firsts.get(place as usize));
        first.copied().unwrap_or(target)
    }

    /// Has no other target the URL of this one, as far as is known?
    pub(crate) fn is_alone(&self, target: u32) -> bool {
        self.later.place(target).is_none() && !self.repeated.has(target)
    }

    /// What the trace says.
    fn said(&self, target: u32) -> Target<'_> {
        let text = self.text_of.get(target as usize).copied();
        Target::of(self.texts.get(text.unwrap_or(target)))
    }

    /// How a URL is spelled, where that is not as the trace says.
    fn respelled(&self, url: u32) -> Option<&str> {
        let place = self.respelled.place(url)?;
        Some(self.spellings.get(place))
    }

    fn is(&self, url: u32, text: &str) -> bool {
        match self.respelled(url) {
            Some(respelled) => respelled == text,
            None => is_url_of(self.said(url), text),
        }
    }

    fn hash(&self, url: u32) -> u64 {
        let said = || match self.said(url) {
            Target { host: "", path, .. } => Cow::Borrowed(path),
            Target { host, path, .. } => Cow::Owned([host, path].concat()),
        };
        hash_text(&self.respelled(url).map_or_else(said, Cow::Borrowed))
    }

    /// Host, path and query that stand in keys.
    pub(crate) fn get(&self, url: u32) -> Url<'_> {
        match self.respelled(url) {
            Some(text) => parts(text.split_at(text.find('/').unwrap_or(text.len()))),
            None => {
                let Target { host, path, .. } = self.said(url);
                parts((host, path))
            }
        }
    }
}

fn parts<'a>((host, rest): (&'a str, &'a str)) -> Url<'a> {
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (rest, None),
    };
    Url { host, path, query }
}

/// Is this host and path of a target, one behind the other?
fn is_url_of(target: Target<'_>, url: &str) -> bool {
    url.strip_prefix(target.host) == Some(target.path)
}

#[cfg(test)]
mod tests;
