//! One user's copy is served to another.

use super::finding::{Finding, Place, Severity};
use super::{Lint, Study};
use cachepolicy_core::graph::is_personal;
use cachepolicy_core::ids::{DimensionId, LevelId};
use cachepolicy_core::level::{Level, LevelKind, ValueSource};
use cachepolicy_core::policy::Semantics;

pub(super) static LINT: Lint = Lint {
    code: "leak",
    severity: Severity::Error,
    what: "Copies of a level hold something personal, and are served to everybody.",
    why: "Whatever a level shows of one user, itself or through what it contains, is in its copy, and the copy goes to \
          all who ask with the same key. So the first visitor's name, cart or token is shown to the next. The key or \
          `vary` needs what tells users apart, `skip` has to leave such requests out, or the personal part has to \
          leave the copy: into a level of its own that the page loads without storing itself. In Django this is \
          `cache_page` over a view that reads `request.user` or the session, or has a `{% csrf_token %}`: the \
          middlewares add `Vary: Cookie` after the copy was made.",
    allow: "",
    failing: "fragment sidebar(user) { store shared; uses user; ttl 10m }\nview home { route GET \"/\"; store shared; contains sidebar(user.id); ttl 5m }",
    mended: "fragment sidebar(user) { store shared; uses user; ttl 10m }\nview home { route GET \"/\"; store shared; contains sidebar(user.id); ttl 5m; skip when user.id }",
    run,
};

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    for (id, level) in study.levels().filter(|(_, level)| level.is_stored()) {
        let uncovered = study.graph.uncovered(id);
        let personal: Vec<DimensionId> = uncovered
            .iter()
            .copied()
            .filter(|dimension| is_personal(study.policy, *dimension))
            .collect();
        if let Some(&first) = personal.first() {
            found.push(of_dimensions(lint, study, (id, level), &personal, first));
        } else if let Some(finding) = of_csrf(lint, study, id, level) {
            found.push(finding);
        }
    }
}

fn of_dimensions(
    lint: &Lint,
    study: &Study<'_>,
    (id, level): (LevelId, &Level),
    personal: &[DimensionId],
    first: DimensionId,
) -> Finding {
    let name = &level.name;
    let names: Vec<String> = personal
        .iter()
        .map(|dimension| format!("`{}`", dimension_name(study, *dimension)))
        .collect();
    let names = crate::words::list(&names);
    let one = dimension_name(study, first);
    let message = format!(
        "`{name}` serves one user's copy to another: what it shows depends on {names}, and its key does not"
    );
    let help = format!(
        "write `vary {one}` for a copy for each of them, `skip when {one}` to leave their requests out, or take out \
         of `{name}` what is personal{}",
        of_cache_page(study, level)
    );
    let finding = Finding::new(lint, Place::Level(id), message, help);
    trail(study, id, first)
        .into_iter()
        .fold(finding, |finding, (place, text)| {
            finding.related(place, text)
        })
}

/// A token belongs to a browser, and no request says which before the look-up, unless the key has
/// something personal.
fn of_csrf(lint: &Lint, study: &Study<'_>, id: LevelId, level: &Level) -> Option<Finding> {
    if !study.graph.shares_token(study.policy, id) {
        return None;
    }
    let name = &level.name;
    let message = format!(
        "`{name}` serves one browser's CSRF token to all others: their forms will be refused, and who knows the token \
         can forge them"
    );
    let help = format!(
        "load the token with a request of its own, leave the form out of `{name}`, or write `vary` with the session's \
         cookie{}",
        of_cache_page(study, level)
    );
    let mut inner = id;
    let mut finding = Finding::new(lint, Place::Level(id), message, help);
    while let Some(next) = study.graph.contained(inner).find(|next| {
        let all = study.graph.dependencies(*next);
        all.is_some_and(|all| all.csrf) && !study.level(inner).is_some_and(|level| level.uses_csrf)
    }) {
        finding = finding.related(study.contain(inner, next), "the token comes in here");
        inner = next;
    }
    Some(finding.related(Place::Property(inner, "uses"), "this looks at the token"))
}

/// What a Django project that keeps its decorators has to do besides.
fn of_cache_page(study: &Study<'_>, level: &Level) -> &'static str {
    if level.kind == LevelKind::View && matches!(study.policy.semantics, Semantics::Django(_)) {
        "; `cache_page` stores the page before the middlewares add `Vary: Cookie`: the view has to say it itself, by \
         `vary_on_cookie` below `cache_page`"
    } else {
        ""
    }
}

pub(super) fn dimension_name<'a>(study: &Study<'a>, dimension: DimensionId) -> &'a str {
    let dimension = study.policy.dimensions.get(dimension.index());
    dimension.map_or("", |dimension| &dimension.name)
}

/// How a dimension comes into a level's copies: down to the level whose own work looks at it.
pub(super) fn trail(
    study: &Study<'_>,
    mut level: LevelId,
    dimension: DimensionId,
) -> Vec<(Place, String)> {
    let name = dimension_name(study, dimension);
    let mut trail = Vec::new();
    for _ in 0..study.policy.levels.len() {
        let Some(declared) = study.level(level) else {
            break;
        };
        if let Some((place, text)) = own_use(declared, level, dimension, name) {
            trail.push((place, text));
            break;
        }
        let depends = |inner: &LevelId| {
            let all = study.graph.dependencies(*inner);
            all.is_some_and(|all| all.dimensions.contains(&dimension))
        };
        let Some(inner) = study.graph.contained(level).find(depends) else {
            break;
        };
        let text = format!("`{}` brings `{name}` in", study.name(inner));
        trail.push((study.contain(level, inner), text));
        level = inner;
    }
    trail
}

/// Where a level's own text names a dimension.
fn own_use(
    level: &Level,
    id: LevelId,
    dimension: DimensionId,
    name: &str,
) -> Option<(Place, String)> {
    let is_it = |value: &ValueSource| *value == ValueSource::Dimension(dimension);
    if level.uses.contains(&dimension) {
        let read = level.reads.iter().position(|read| {
            let mut values = read.bindings.iter().map(|binding| &binding.value);
            values.any(is_it)
        });
        let place = read.map_or(Place::Property(id, "uses"), |read| Place::Read(id, read));
        return Some((place, format!("`{name}` is looked at here")));
    }
    let number = level
        .contains
        .iter()
        .position(|contain| contain.args.iter().any(is_it))?;
    Some((
        Place::Contain(id, number),
        format!("`{name}` goes into the copy here"),
    ))
}
