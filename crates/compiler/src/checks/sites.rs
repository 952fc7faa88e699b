//! Sites: one for each request, or several where one contains the next.

use crate::context::Context;
use crate::lower::levels::LevelDraft;
use cachepolicy_core::route::{Route, Segment};
use cachepolicy_core::router::MAX_SITES;
use cachepolicy_core::sorting;
use cachepolicy_core::{LevelId, LevelKind};
use cachepolicy_syntax::Diagnostic;
use std::collections::{BTreeMap, BTreeSet};

/// A site with its index in the order of the levels.
struct Site<'d> {
    id: LevelId,
    draft: &'d LevelDraft,
    route: &'d Route,
}

pub(crate) fn run(cx: &mut Context<'_>, drafts: &[LevelDraft]) {
    let sites: Vec<Site<'_>> = drafts
        .iter()
        .enumerate()
        .filter(|(_, draft)| draft.level.kind == LevelKind::Site)
        .filter_map(|(index, draft)| {
            let route = draft.level.route.as_ref()?;
            let id = LevelId(index as u16);
            Some(Site { id, draft, route })
        })
        .collect();
    // Sites that begin with different texts have no request in common.
    let mut by_first: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut anywhere: Vec<usize> = Vec::new();
    for (index, site) in sites.iter().enumerate() {
        match site.route.pattern.segments.first() {
            Some(Segment::Text(text)) => {
                let same = by_first.entry(text).or_default();
                let earlier = same.iter().chain(&anywhere).copied().collect();
                check(cx, drafts, &sites, site, earlier);
                by_first.entry(text).or_default().push(index);
            }
            _ => {
                check(cx, drafts, &sites, site, (0..index).collect());
                anywhere.push(index);
            }
        }
    }
}

/// Compares a site with those before it. Reports the first that is neither inside nor around it.
fn check(
    cx: &mut Context<'_>,
    drafts: &[LevelDraft],
    sites: &[Site<'_>],
    site: &Site<'_>,
    mut earlier: Vec<usize>,
) {
    sorting::ascending(&mut earlier);
    let mut inside: Option<BTreeSet<LevelId>> = None;
    let mut together = 1;
    for other in earlier.into_iter().filter_map(|index| sites.get(index)) {
        if !other.route.overlaps(site.route) {
            continue;
        }
        // What is contained has the smaller index.
        let inside = inside.get_or_insert_with(|| contained(drafts, site.id));
        let (first, second) = (&other.draft.level.name, &site.draft.level.name);
        let span = site.draft.seen.get("route").unwrap_or(site.draft.header);
        let related = other.draft.seen.get("route").unwrap_or(other.draft.header);
        if !inside.contains(&other.id) {
            let message = format!("`{first}` and `{second}` answer the same requests");
            cx.report(
                Diagnostic::error("overlapping-sites", span, message)
                    .related(related, format!("the route of `{first}`"))
                    .help(format!(
                        "if `{second}` stands before `{first}`, write `contains {first}` into `{second}`; else change one of the routes"
                    )),
            );
            return;
        }
        together += 1;
        if together > MAX_SITES {
            let message =
                format!("more than {MAX_SITES} sites, one inside the other, answer a request");
            cx.report(
                Diagnostic::error("too-many", span, message).help("put some of them together"),
            );
            return;
        }
    }
}

/// The sites that a site contains, also through others.
fn contained(drafts: &[LevelDraft], site: LevelId) -> BTreeSet<LevelId> {
    let mut found = BTreeSet::new();
    let mut todo = vec![site];
    while let Some(next) = todo.pop() {
        let contains = drafts.get(next.index()).map(|draft| &draft.level.contains);
        for contain in contains.into_iter().flatten() {
            let is_site = drafts
                .get(contain.level.index())
                .is_some_and(|draft| draft.level.kind == LevelKind::Site);
            if is_site && found.insert(contain.level) {
                todo.push(contain.level);
            }
        }
    }
    found
}
