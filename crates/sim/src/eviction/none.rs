//! `none`: what is there stays, and what does not fit is not stored.

use super::{Eviction, Newcomer, Setting, Victim, View};

/// No eviction, as Redis' `noeviction`: a full store refuses. It differs from Redis in that a
/// newer copy of a key that is there is stored if it fits in the place of the older one.
///
/// A store without a capacity uses it too, since it keeps no books.
#[derive(Debug, Clone)]
pub(crate) struct None;

impl Eviction for None {
    fn new(_setting: Setting) -> Self {
        Self
    }

    fn inserted(&mut self, _slot: u32, _view: View<'_>) {}

    #[inline]
    fn touched(&mut self, _slot: u32, _view: View<'_>) {}

    fn removed(&mut self, _slot: u32, _view: View<'_>) {}

    fn victim(&mut self, _newcomer: Option<Newcomer>, _view: View<'_>) -> Victim {
        Victim::Newcomer
    }
}
