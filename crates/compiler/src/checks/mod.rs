//! What must hold of the whole, once every statement has its meaning. One file for each subject.

mod claims;
mod edges;
pub(crate) use edges::Tags;
mod keys;
mod lifetimes;
mod routes;
mod sites;
mod unused;
mod variants;

use crate::context::Context;
use crate::lower::levels::LevelDraft;
use cachepolicy_core::graph::Graph;

/// Checks the context's policy (what is wrong in it was left out, so that nothing is said of uses
/// that may be there), whose levels are those of the drafts, and finishes what depends on
/// all of it: keys, and the order of actions.
pub(crate) fn run(cx: &mut Context<'_>, drafts: &[LevelDraft]) {
    keys::run(cx, drafts);
    routes::run(cx, drafts);
    sites::run(cx, drafts);
    edges::run(cx);
    let graph = Graph::new(&cx.policy);
    lifetimes::run(cx, drafts);
    variants::run(cx, drafts);
    claims::run(cx, &graph);
    if !cx.has_errors() {
        cx.is_sound = true;
        unused::run(cx, drafts);
        crate::findings::run(cx, drafts, &graph);
    }
}
