//! The short way of most requests: a fresh copy in the nearest memory, about which there is nothing to decide.

use crate::counters::Count;
use crate::entry::Name;
use crate::http::answer::{Facts, How};
use crate::http::service::{Answered, Shared};
use crate::http::stored::{Answer, Made};
use crate::level::{Key, Outcome};
use crate::lookup;
use crate::request::Request as Carried;
use cachepolicy_core::decide::Hit;
use http::request::Parts;
use std::sync::Arc;

impl Shared {
    /// The answer of the outermost level, where that has one at hand. The way through all levels comes to
    /// the same.
    pub(crate) fn at_hand(
        &self,
        parts: &Parts,
        name: &Name,
        request: &Carried,
    ) -> Option<Answered> {
        let key = Key::new(self.cache.clone(), name.clone());
        let state = self.cache.inner.state(name.level)?;
        let mut text = key.text(Some(request));
        let variant = state.variants.of(&text, &parts.headers);
        text.push_str(&variant);
        let entry = lookup::plainly(&key, &text, request)?;
        let made = entry.value.as_ref()?.downcast_ref::<Made>()?;
        let Answer::Whole(stored) = &made.answer else {
            return None;
        };
        if !stored.selected.matches(&parts.headers) {
            return None;
        }
        state.counting.count(Count::Hit(Hit::Fresh));
        let now = self.cache.inner.clock.now();
        Some(Answered {
            response: stored.answer(&parts.method, &parts.headers, now),
            stored: Some(Arc::clone(stored)),
            is_error: false,
            how: How::Level(Outcome::Hit(Hit::Fresh)),
            facts: Facts::of(Some(entry.lifetimes().fresh_until), now, None),
        })
    }
}
