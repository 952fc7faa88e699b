//! A copy made for one kind of request is served to another.

use super::finding::{Edit, Finding, Place, Severity};
use super::leak::{dimension_name, trail};
use super::{Lint, Study};
use cachepolicy_core::graph::is_personal;
use cachepolicy_core::ids::DimensionId;

pub(super) static LINT: Lint = Lint {
    code: "variant-missing",
    severity: Severity::Error,
    what: "What a level shows depends on something of the request that its key does not have.",
    why: "The copy that the first request made is served to all others: a French page to English readers, prices in \
          euros to those who pay in dollars. A level depends on what it `uses`, what its `reads` bind, and what \
          the levels that it contains depend on. `vary` keeps one copy for each value.",
    allow: "",
    failing: "view home { route GET \"/\"; store shared; uses accept-language; ttl 5m }",
    mended: "view home { route GET \"/\"; store shared; uses accept-language; vary accept-language; ttl 5m }",
    run,
};

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    for (id, level) in study.levels().filter(|(_, level)| level.is_stored()) {
        let missing: Vec<DimensionId> = study
            .graph
            .uncovered(id)
            .iter()
            .copied()
            .filter(|dimension| !is_personal(study.policy, *dimension))
            .collect();
        let Some(&first) = missing.first() else {
            continue;
        };
        let names: Vec<&str> = missing
            .iter()
            .map(|dimension| dimension_name(study, *dimension))
            .collect();
        let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let message = format!(
            "`{}` depends on {}, and its key does not: the copy made for one is served to all",
            level.name,
            crate::words::list(&quoted)
        );
        let names = names.join(", ");
        let help = format!("write `vary {names}`");
        let mut finding = Finding::new(lint, Place::Level(id), message, help);
        for (place, text) in trail(study, id, first) {
            finding = finding.related(place, text);
        }
        // A key that its author wrote has to take the variants in, too.
        if !level.key.explicit {
            let edit = if level.vary.is_empty() {
                Edit::Property(id, "store", format!("vary {names}"))
            } else {
                Edit::Behind(Place::Property(id, "vary"), format!(", {names}"))
            };
            finding = finding.fix("vary the copies", edit);
        }
        found.push(finding);
    }
}
