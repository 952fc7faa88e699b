//! Which keys bear which tags, and when tags were purged. That a copy embeds a key is a tag too,
//! which nobody wrote: a `cascade` goes by it.

use crate::engine::Engine;
use crate::intern::{NONE, Texts, Tuples};
use crate::patterns::Patterns;
use crate::provenance::INHERITED;
use crate::tables::Tables;
use cachepolicy_core::ids::DimensionId;
use cachepolicy_core::key::{Url, Values};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::tags::{TagValues, tags};
use cachepolicy_core::units::Time;
use rustc_hash::FxHashSet;

/// All tags.
#[derive(Debug)]
pub(crate) struct TagIndex {
    names: Texts,
    of_name: Vec<u32>,
    /// What edges that cascade name of a level.
    cascading: Patterns,
    /// Of what is embedded, as those edges name it.
    embedded: Tuples,
    of_embedded: Vec<u32>,
    tags: Vec<Tag>,
    pairs: FxHashSet<(u32, u32)>,
}

#[derive(Debug, Default)]
struct Tag {
    /// Keys of which a copy was stored that bears it.
    members: Vec<u32>,
    purges: Vec<Purged>,
}

/// When a tag was last purged in a backend.
#[derive(Debug, Clone, Copy)]
struct Purged {
    backend: u16,
    /// In this process's instance; [`NONE`]: in all of them.
    process: u32,
    /// Also what inherited it.
    cascade: bool,
    at: Time,
}

impl TagIndex {
    pub(crate) fn new(policy: &Policy) -> Self {
        Self {
            names: Texts::default(),
            of_name: Vec::new(),
            cascading: Patterns::new(policy, |action, _| action.cascade),
            embedded: Tuples::default(),
            of_embedded: Vec::new(),
            tags: Vec::new(),
            pairs: FxHashSet::default(),
        }
    }

    pub(crate) fn named(&mut self, name: &str) -> u32 {
        let number = self.names.intern(name);
        if number as usize == self.of_name.len() {
            self.of_name.push(self.tags.len() as u32);
            self.tags.push(Tag::default());
        }
        self.of_name[number as usize]
    }

    /// The tag of what embeds a key that an edge names so, see [`Patterns::each`].
    pub(crate) fn embedding(&mut self, name: &[u32]) -> u32 {
        let (number, is_new) = self.embedded.intern(name);
        if is_new {
            self.of_embedded.push(self.tags.len() as u32);
            self.tags.push(Tag::default());
        }
        self.of_embedded[number as usize]
    }

    /// The same, if something embedded such a key.
    pub(crate) fn find_embedding(&self, name: &[u32]) -> Option<u32> {
        let number = self.embedded.find(name)?;
        Some(self.of_embedded[number as usize])
    }

    pub(crate) fn add(&mut self, tag: u32, inst: u32) {
        if self.pairs.insert((tag, inst)) {
            self.tags[tag as usize].members.push(inst);
        }
    }

    /// Keys that may have copies that bear a tag.
    pub(crate) fn take_members(&mut self, tag: u32) -> Vec<u32> {
        core::mem::take(&mut self.tags[tag as usize].members)
    }

    /// Keys that still have some, and one that has none any more.
    pub(crate) fn put_back(&mut self, tag: u32, members: Vec<u32>) {
        self.tags[tag as usize].members = members;
    }

    pub(crate) fn drop_pair(&mut self, tag: u32, inst: u32) {
        self.pairs.remove(&(tag, inst));
    }

    pub(crate) fn purged(&mut self, tag: u32, backend: u16, process: u32, cascade: bool, at: Time) {
        let purges = &mut self.tags[tag as usize].purges;
        let is_same = |known: &&mut Purged| {
            known.backend == backend && known.process == process && known.cascade == cascade
        };
        match purges.iter_mut().find(is_same) {
            Some(known) => known.at = at,
            None => purges.push(Purged {
                backend,
                process,
                cascade,
                at,
            }),
        }
    }

    /// A new release: nobody asks for the keys of today any more.
    pub(crate) fn forget(&mut self) {
        self.pairs.clear();
        for tag in &mut self.tags {
            tag.members.clear();
        }
    }

    /// Was the tag purged since, where a fill of this process would be stored?
    fn was_purged(
        &self,
        tag: u32,
        since: Time,
        process: u32,
        is_place: impl Fn(u16) -> bool,
    ) -> bool {
        let is_inherited = tag & INHERITED != 0;
        let tag = &self.tags[(tag & !INHERITED) as usize];
        tag.purges.iter().any(|purged| {
            purged.at >= since
                && (purged.cascade || !is_inherited)
                && (purged.process == NONE || purged.process == process)
                && is_place(purged.backend)
        })
    }
}

impl Engine {
    /// A frame's result gets its level's tags, and gathers nothing more.
    pub(crate) fn give_tags(&mut self, t: &Tables, frame: u32) {
        let level = self.frames[frame].level as usize;
        let templates = &t.policy.levels[level].tags;
        if t.has_tags && !templates.is_empty() {
            let mut found = Vec::new();
            let lists = t.policy.levels[level].data.len() as u16;
            let lists = (0..lists).map(|index| {
                let list = self.data_of(t, frame, index);
                let values = (0..list.count).map(|nth| self.data_value(frame, &list, nth));
                values.collect()
            });
            let lists: Vec<Vec<u32>> = lists.collect();
            let bearer = Bearer {
                engine: self,
                t,
                frame,
                lists: &lists,
            };
            let mut scratch = String::new();
            for template in templates {
                tags(template, &bearer, &mut scratch, |tag| {
                    found.push(tag.to_owned())
                });
            }
            for name in found {
                let tag = self.tags.named(&name);
                self.add_tag(frame, tag);
            }
        }
        self.close_provenance(frame);
    }

    /// A frame embeds a key.
    pub(crate) fn remember_embedded(&mut self, t: &Tables, frame: u32, inst: u32) {
        let level = self.keys.level(inst);
        let mut name = core::mem::take(&mut self.set);
        let cascading = core::mem::take(&mut self.tags.cascading);
        let mut tags = Vec::new();
        let count = t.levels[level.index()].params;
        let params = self.keys.values(inst).get(..count).unwrap_or_default();
        cascading.each(level.0, params, &mut name, |name| {
            tags.push(self.tags.embedding(name));
        });
        self.tags.cascading = cascading;
        self.set = name;
        for tag in tags {
            self.add_tag(frame, tag | INHERITED);
        }
    }

    /// A copy of a frame's result is stored: its tags lead to its key.
    pub(crate) fn index_tags(&mut self, frame: u32) {
        let (provenance, inst) = (self.frames[frame].provenance, self.frames[frame].inst);
        if provenance == NONE {
            return;
        }
        let tags = self.provenances.tags(provenance);
        for &tag in tags {
            self.tags.add(tag & !INHERITED, inst);
        }
    }

    /// Was one of the tags that a fill's result bears purged since it began?
    pub(crate) fn was_purged_by_tag(&self, t: &Tables, frame: u32, since: Time) -> bool {
        let f = &self.frames[frame];
        if f.provenance == NONE {
            return false;
        }
        let tiers = &t.levels[f.level as usize].tiers;
        let process = self.tasks[f.task].process;
        let is_place = |backend| tiers.iter().any(|tier| tier.backend == backend);
        let tags = self.provenances.tags(f.provenance);
        tags.iter()
            .any(|&tag| self.tags.was_purged(tag, since, process, is_place))
    }
}

/// The values of a frame's tags.
struct Bearer<'e> {
    engine: &'e Engine,
    t: &'e Tables,
    frame: u32,
    lists: &'e [Vec<u32>],
}

impl Values for Bearer<'_> {
    fn param(&self, index: u16) -> Option<&str> {
        let inst = self.engine.frames[self.frame].inst;
        let params = self.engine.params_of(self.t, inst);
        self.engine.values.value(*params.get(index as usize)?)
    }

    fn dimension(&self, dimension: DimensionId) -> Option<&str> {
        let task = self.engine.frames[self.frame].task;
        let value = self.engine.tasks[task].dims.get(dimension.index());
        self.engine.values.value(*value?)
    }

    fn url(&self) -> Url<'_> {
        Url::default()
    }
}

impl TagValues for Bearer<'_> {
    fn data_len(&self, index: u16) -> usize {
        self.lists.get(index as usize).map_or(0, Vec::len)
    }

    fn data(&self, index: u16, nth: usize) -> Option<&str> {
        let value = self.lists.get(index as usize)?.get(nth)?;
        self.engine.values.value(*value)
    }
}
