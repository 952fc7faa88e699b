//! Why a claim is not proved, and what would mend it.

use cachepolicy_analysis::{Bounds, By, Claims, Edge, Words};
use cachepolicy_core::expectation::Claim;
use cachepolicy_core::graph::{Graph, is_personal};
use cachepolicy_core::policy::Policy;

/// The level that decides, the path of its bound and the first thing that would shorten it.
pub(super) fn why(policy: &Policy, claim: &Claim) -> Option<String> {
    let graph = Graph::new(policy);
    let bounds = Bounds::new(policy, &graph);
    let decided = Claims::new(policy, &graph, &bounds).decide(claim)?;
    let (level, model) = decided.by?;
    let name = &policy.levels.get(level.index())?.name;
    let Some(model) = model else {
        let uncovered = graph.uncovered(level).iter();
        let personal = uncovered.filter(|&&dimension| is_personal(policy, dimension));
        let names = personal.filter_map(|dimension| policy.dimensions.get(dimension.index()));
        let names: Vec<_> = names
            .map(|dimension| format!("`{}`", dimension.name))
            .collect();
        let of = if names.is_empty() {
            "the session's token".to_owned()
        } else {
            names.join(", ")
        };
        return Some(format!(
            "copies of `{name}` depend on {of}, which its key does not tell apart: put it into \
             `vary`, or leave those requests out with `skip when`"
        ));
    };
    let words = Words {
        policy,
        bounds: &bounds,
    };
    let bound = bounds.of(level, model)?;
    let mut text = words.path(level, bound);
    if let (By::Time, Edge::Unsound(missed)) = (bound.by, &bound.edge)
        && let Some(first) = missed.first()
    {
        let (missed, remedy) = (
            words.missed(level, model, first),
            words.remedy(level, model, first),
        );
        text.push_str(&format!("; {missed}: {remedy}"));
    }
    Some(text)
}
