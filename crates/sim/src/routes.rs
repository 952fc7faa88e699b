//! The rows that the report has for routes: one for each route of a level, and one for each claim on
//! a route that no level declares just so, as one method of several, or a path that only a workload
//! asks for. Requests count in these beside their level's row.

use cachepolicy_core::expectation::{Claim, Subject};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::route::Pattern;

/// A row that only a claim asks for.
#[derive(Debug)]
pub(crate) struct ClaimedRoute {
    /// Its place among the report's routes.
    pub(crate) row: u32,
    method: String,
    pattern: Pattern,
    /// The row of the level that declares the pattern: what another level answers does not count.
    of: Option<u32>,
}

impl ClaimedRoute {
    /// Does a request count here that counts in `route`?
    pub(crate) fn counts(&self, method: &str, path: &str, route: Option<u32>) -> bool {
        self.method == method
            && self.of.is_none_or(|of| route == Some(of))
            && self.pattern.is_match(path)
    }
}

/// Those that a policy needs, and their names, added to the routes that the report has.
pub(crate) fn claimed(
    policy: &Policy,
    routes: &mut Vec<String>,
    route_of: &[Option<u32>],
) -> Vec<ClaimedRoute> {
    let mut claimed = Vec::new();
    for expectation in &policy.expectations {
        let Claim::Figure {
            subject: Subject::Route(name),
            ..
        } = &expectation.claim
        else {
            continue;
        };
        if routes.contains(name) {
            continue;
        }
        let Some((method, pattern)) = parsed(name) else {
            continue;
        };
        let declaring = policy.levels.iter().zip(route_of).find(|(level, _)| {
            let route = level.route.as_ref();
            route.is_some_and(|route| route.pattern.text == pattern.text && route.answers(&method))
        });
        claimed.push(ClaimedRoute {
            row: routes.len() as u32,
            method,
            pattern,
            of: declaring.and_then(|(_, row)| *row),
        });
        routes.push(name.clone());
    }
    claimed
}

fn parsed(name: &str) -> Option<(String, Pattern)> {
    let (method, pattern) = name.split_once(' ')?;
    let pattern = Pattern::parse(pattern, |_| None).ok()?;
    Some((method.to_owned(), pattern))
}

/// The report's routes: one for each site or view, by its methods and pattern.
pub(crate) fn routes(policy: &Policy) -> (Vec<String>, Vec<Option<u32>>) {
    let mut names: Vec<String> = Vec::new();
    let route_of = policy.levels.iter().map(|level| {
        let route = level.route.as_ref()?;
        let name = format!("{} {}", route.methods.join("|"), route.pattern.text);
        let index = names.iter().position(|known| *known == name);
        Some(index.unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        }) as u32)
    });
    let route_of = route_of.collect();
    (names, route_of)
}
