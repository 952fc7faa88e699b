//! The keys of look-ups, and whom their copies are for.

use crate::depends::{self, LevelDims};
use crate::engine::Engine;
use crate::intern::NONE;
use crate::links::Link;
use crate::options::SimError;
use crate::tables::{Extra, LevelTable, Tables};
use cachepolicy_core::LevelId;
use cachepolicy_trace::block::TargetList;

impl Engine {
    /// A frame for one level of a task's walk. `self.tuple` holds the level's parameters.
    pub(crate) fn new_frame(
        &mut self,
        t: &Tables,
        task: u32,
        parent: u32,
        level: LevelId,
        link: u32,
    ) -> u32 {
        let inst = self.key_of(t, task, level, link);
        self.new_frame_of(t, task, parent, (level, inst), link)
    }

    /// The same, of a key that is known.
    pub(crate) fn new_frame_of(
        &mut self,
        t: &Tables,
        task: u32,
        parent: u32,
        key: (LevelId, u32),
        link: u32,
    ) -> u32 {
        let look = self.new_look(t, task, parent, key, link);
        self.write_frame(&look)
    }

    /// The key of a level for a task; its parameters are in `self.tuple`, unless `link` has them.
    pub(crate) fn key_of(&mut self, t: &Tables, task: u32, level: LevelId, link: u32) -> u32 {
        let table = &t.levels[level.index()];
        if table.is_known_by_url && link != NONE {
            return self.key_of_url(t, self.tasks[task].path, level, link);
        }
        if link != NONE {
            self.tuple.clear();
            let params = self.ingest.paths.links.params(link);
            self.tuple.extend_from_slice(params);
        }
        debug_assert_eq!(self.tuple.len(), table.params);
        for extra in &table.extras {
            let value = match extra {
                Extra::Dimension(dimension) => self.tasks[task].dims[dimension.index()],
                Extra::Url => self.ingest.paths.urls.of(self.tasks[task].path),
                Extra::Process => self.tasks[task].process,
            };
            self.tuple.push(value);
        }
        let inst = self.intern_key(t, level);
        if link != NONE
            && let Some(variant) = table.variants.number(self.tasks[task].digits)
        {
            let links = &mut self.ingest.paths.links;
            links.remember_key(link, &table.variants, variant, inst);
        }
        inst
    }

    /// The key of a level that is known by the URL of a target. As long as no other target has that URL,
    /// only the target's link knows the key.
    fn key_of_url(&mut self, t: &Tables, path: u32, level: LevelId, link: u32) -> u32 {
        let table = &t.levels[level.index()];
        let paths = &self.ingest.paths;
        let before = paths.links.known_key(link, &table.variants, 0);
        if before != NONE && self.is_current(before) {
            return before;
        }
        self.tuple.clear();
        self.tuple.push(paths.urls.of(path));
        let inst = if paths.urls.is_alone(path) {
            let inst = self.keys.add_unfound(level, &self.tuple);
            self.add_key(inst, table, level, before != NONE);
            inst
        } else {
            self.intern_key(t, level)
        };
        let links = &mut self.ingest.paths.links;
        links.remember_key(link, &table.variants, 0, inst);
        inst
    }

    /// Learns the targets that are new in a block.
    ///
    /// # Errors
    /// Where there are too many.
    pub(crate) fn learn_targets(
        &mut self,
        t: &Tables,
        targets: &TargetList,
    ) -> Result<(), SimError> {
        if t.has_url_keys {
            self.ingest.paths.urls.begin(targets);
        }
        for index in 0..targets.len() {
            let paths = &mut self.ingest.paths;
            if let Some(first) = paths.add(t, &mut self.values, targets, index)? {
                self.enter_keys(t, first);
            }
        }
        Ok(())
    }

    /// A target's URL is that of another one as well: its keys are found by it from now on.
    fn enter_keys(&mut self, t: &Tables, path: u32) {
        let mut next = Some(self.ingest.paths.first_link(path)).filter(|link| *link != NONE);
        while let Some(link) = next {
            let links = &self.ingest.paths.links;
            let &Link {
                level, has_inner, ..
            } = links.get(link);
            next = has_inner.then(|| links.inner(link));
            let table = &t.levels[level.index()];
            if table.is_known_by_url {
                let key = links.known_key(link, &table.variants, 0);
                if key != NONE {
                    self.keys.enter_one(key, self.is_current(key));
                }
            }
        }
    }

    /// The key of the parameters and extras in `self.tuple`.
    pub(crate) fn intern_key(&mut self, t: &Tables, level: LevelId) -> u32 {
        let table = &t.levels[level.index()];
        // Many look-ups in a row are for the only key of a level, or for that of nobody.
        let last = self.levels[level.index()].last_key;
        if last != NONE && self.is_current(last) && *self.keys.values(last) == *self.tuple {
            return last;
        }
        let (inst, is_new) = self.keys.intern(level, &self.tuple);
        self.levels[level.index()].last_key = inst;
        if is_new {
            let was_forgotten = self.keys.was_forgotten(level, &self.tuple);
            self.add_key(inst, table, level, was_forgotten);
        }
        inst
    }

    /// The parameters of a key.
    #[inline]
    pub(crate) fn params_of(&self, t: &Tables, inst: u32) -> &[u32] {
        let count = t.levels[self.keys.level(inst).index()].params;
        self.keys.values(inst).get(..count).unwrap_or_default()
    }

    /// Whom a copy of a task's look-up is for: the values of the personal dimensions that the level
    /// depends on and that its key does not tell apart. [`NONE`]: there are none such.
    #[inline]
    pub(crate) fn principal(&mut self, t: &Tables, task: u32, level: LevelId, link: u32) -> u32 {
        let is_personal = if link == NONE {
            t.levels[level.index()].dims.uncovered != 0
        } else {
            self.ingest.paths.link(link).is_personal
        };
        if is_personal {
            self.some_principal(t, task, level, link)
        } else {
            NONE
        }
    }

    fn some_principal(&mut self, t: &Tables, task: u32, level: LevelId, link: u32) -> u32 {
        let uncovered = self.dims_of(&t.levels[level.index()], link).uncovered;
        self.tuple.clear();
        for dimension in depends::list(uncovered) {
            self.tuple.push(self.tasks[task].dims[dimension.index()]);
        }
        self.principals.intern(&self.tuple).0
    }

    /// The dimensions that a level depends on; that of a link, with what it contains there.
    pub(crate) fn dims_of<'e>(&'e self, table: &'e LevelTable, link: u32) -> &'e LevelDims {
        if link == NONE {
            return &table.dims;
        }
        let link = self.ingest.paths.link(link);
        let chain = self.ingest.paths.chain_of(link);
        &chain.levels[usize::from(link.position)].dims
    }
}
