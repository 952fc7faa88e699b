//! Keys as people write them.

use crate::engine::Engine;
use crate::tables::{Extra, Tables};
use cachepolicy_core::ids::DimensionId;
use cachepolicy_core::key::{Url, Values, key};

impl Engine {
    /// The key of a number, without its backend's prefix and version.
    pub(crate) fn key_name(&self, t: &Tables, inst: u32) -> String {
        let known = self.keys.level_if_known(inst);
        let Some(level) = known.or_else(|| self.trace_keys.level(inst)) else {
            return String::new();
        };
        let level = level.index();
        let mut name = String::new();
        let values = KeyValues {
            engine: self,
            t,
            inst,
            level,
            unnamed: self.trace_keys.unnamed(inst),
        };
        key(
            &t.policy.levels[level].key.parts,
            &values,
            &t.filter,
            &mut name,
        );
        name
    }
}

struct KeyValues<'e> {
    engine: &'e Engine,
    t: &'e Tables,
    inst: u32,
    level: usize,
    /// Its only parameter, where nobody else knows it.
    unnamed: Option<String>,
}

impl KeyValues<'_> {
    fn extra(&self, wanted: Extra) -> Option<u32> {
        let table = &self.t.levels[self.level];
        let index = table.extras.iter().position(|extra| *extra == wanted)?;
        let values = self.engine.keys.values(self.inst);
        values.get(table.params + index).copied()
    }
}

impl Values for KeyValues<'_> {
    fn param(&self, index: u16) -> Option<&str> {
        if self.unnamed.is_some() {
            return self.unnamed.as_deref();
        }
        let params = self.engine.params_of(self.t, self.inst);
        self.engine.values.value(*params.get(index as usize)?)
    }

    fn dimension(&self, dimension: DimensionId) -> Option<&str> {
        let value = self.extra(Extra::Dimension(dimension))?;
        self.engine.values.value(value)
    }

    fn url(&self) -> Url<'_> {
        match self.extra(Extra::Url) {
            Some(url) => self.engine.ingest.paths.urls.get(url),
            None => Url::default(),
        }
    }
}
