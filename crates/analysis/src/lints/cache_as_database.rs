//! Something that is only in the cache.

use super::finding::{Finding, Place, Severity};
use super::{Lint, Study};
use cachepolicy_core::level::LifetimeSource;

pub(super) static LINT: Lint = Lint {
    code: "cache-as-database",
    severity: Severity::Warning,
    what: "Copies are kept forever, and nothing says what they are made from.",
    why: "A level without `reads`, `contains` and `cost` has nothing to be made from again: what looks like a copy is \
          the only one. A cache evicts, is flushed, loses its memory in a restart, and whatever was only there is \
          lost. Keep it in a database, or say what it is made of.",
    allow: "Losing it does no harm; or it is a constant.",
    failing: "object cart(session) { store shared; ttl forever }",
    mended: "model Cart { id; session; items }\nobject cart(session) { store shared; reads Cart(session: session); ttl forever; fence }\non Cart create|update|delete after commit via outbox { purge cart(session) }",
    run,
};

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    for (id, level) in study.levels() {
        let is_endless = level.rules.ttl.is_forever() && level.lifetime == LifetimeSource::Declared;
        let is_made = level.cost.from_trace
            || level.cost.otherwise.quantile(0.99) > 0.0
            || level.origin.is_some()
            || level.route.is_some();
        let is_alone = level.reads.is_empty() && level.contains.is_empty();
        if !level.is_stored() || !is_endless || is_made || !is_alone {
            continue;
        }
        let name = &level.name;
        let message = format!(
            "`{name}` is kept forever and made of nothing: what its backend evicts or loses is gone for good"
        );
        found.push(
            Finding::new(
                lint,
                Place::Property(id, "ttl"),
                message,
                "say what it is made of (`reads`, `cost … on`), or keep it in a database",
            )
            .related(
                Place::Property(id, "store"),
                "a cache may drop it at any time",
            ),
        );
    }
}
