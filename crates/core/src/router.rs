//! From a request to the levels that answer it.

use crate::ids::LevelId;
use crate::level::LevelKind;
use crate::policy::Policy;
use crate::route::{Captures, Pattern, Remainder, Route, Segment, answers, text_matches};
use rustc_hash::FxHashMap;

/// Sites that one request can be answered by, one inside the other, at most.
pub const MAX_SITES: usize = 8;

/// Which levels answer which requests. Built once from a policy; a look-up does not allocate and
/// takes time that grows with the path, not with the number of views.
#[derive(Debug, Clone)]
pub struct Router {
    sites: Vec<SiteEntry>,
    views: Node,
    patterns: Vec<Option<Pattern>>,
}

#[derive(Debug, Clone)]
struct SiteEntry {
    level: LevelId,
    route: Route,
    /// Sites that it contains, also through others; sorted.
    inside: Vec<LevelId>,
}

/// The levels that answer a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Routed<'p> {
    sites: [LevelId; MAX_SITES],
    site_count: usize,
    /// The view, the most specific one that answers.
    pub view: Option<LevelId>,
    /// What the holes of the view's route matched; for a site's see [`Router::captures`].
    pub captures: Captures<'p>,
}

impl Routed<'_> {
    /// The sites that answer, outermost first, each contained in the one before it.
    #[must_use]
    pub fn sites(&self) -> &[LevelId] {
        self.sites.get(..self.site_count).unwrap_or_default()
    }

    /// Where the walk begins: the outermost site, else the view.
    #[must_use]
    pub fn outermost(&self) -> Option<LevelId> {
        self.sites().first().copied().or(self.view)
    }

    /// What is looked up inside `level`, if it is one of the sites: the next site, else the view.
    #[must_use]
    pub fn inside(&self, level: LevelId) -> Option<LevelId> {
        let position = self.sites().iter().position(|site| *site == level)?;
        self.sites().get(position + 1).copied().or(self.view)
    }
}

impl Router {
    /// The routes of a policy. Of two views with one route and method the first one declared
    /// answers; the compiler reports them.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        let mut views = Node::default();
        let mut sites = Vec::new();
        let mut patterns = Vec::with_capacity(policy.levels.len());
        for (index, level) in policy.levels.iter().enumerate() {
            let id = LevelId(index as u16);
            if let Some(route) = &level.route {
                match level.kind {
                    LevelKind::Site => sites.push(SiteEntry {
                        level: id,
                        route: route.clone(),
                        inside: sites_inside(policy, id),
                    }),
                    _ => views.insert(&route.pattern.segments, id, &route.methods),
                }
            }
            patterns.push(level.route.as_ref().map(|route| route.pattern.clone()));
        }
        // A container stands behind what it contains: the outermost site comes first.
        sites.reverse();
        Self {
            sites,
            views,
            patterns,
        }
    }

    /// The levels that answer this request; `path` is without the query, `method` in upper case.
    #[must_use]
    pub fn route<'p>(&self, method: &str, path: &'p str) -> Routed<'p> {
        let mut routed = Routed {
            sites: [LevelId(0); MAX_SITES],
            site_count: 0,
            view: None,
            captures: Captures::new(),
        };
        self.find_sites(method, path, &mut routed);
        if let Some(rest) = Remainder::of(path) {
            routed.view = self.views.find(rest, method);
        }
        if let Some(view) = routed.view {
            self.captures(view, path, &mut routed.captures);
        }
        routed
    }

    /// What the holes of a site's or view's route match in this path.
    pub fn captures<'p>(&self, level: LevelId, path: &'p str, captures: &mut Captures<'p>) {
        *captures = Captures::new();
        if let Some(Some(pattern)) = self.patterns.get(level.index())
            && !pattern.matches(path, captures)
        {
            *captures = Captures::new();
        }
    }

    fn find_sites(&self, method: &str, path: &str, routed: &mut Routed<'_>) {
        let answers =
            |site: &SiteEntry| site.route.answers(method) && site.route.pattern.is_match(path);
        // Most policies have one, which is then asked once.
        if let [only] = self.sites.as_slice() {
            if answers(only) {
                routed.sites[0] = only.level;
                routed.site_count = 1;
            }
            return;
        }
        let matching = || self.sites.iter().filter(|site| answers(site));
        // Of sites that no other matching one contains there is one, unless the policy is wrong:
        // then the most specific one answers.
        let outermost = matching()
            .filter(|site| !matching().any(|outer| outer.inside.binary_search(&site.level).is_ok()))
            .min_by(|a, b| a.route.pattern.cmp_precedence(&b.route.pattern));
        let Some(outermost) = outermost else { return };
        let mut current = outermost;
        let inner = matching().filter(|site| outermost.inside.binary_search(&site.level).is_ok());
        for site in core::iter::once(outermost).chain(inner) {
            let is_next =
                site.level == outermost.level || current.inside.binary_search(&site.level).is_ok();
            if is_next && let Some(slot) = routed.sites.get_mut(routed.site_count) {
                *slot = site.level;
                routed.site_count += 1;
                current = site;
            }
        }
    }
}

/// The sites that a site contains, also through others; sorted. A level stands behind what it
/// contains, so one pass downwards finds them all.
fn sites_inside(policy: &Policy, site: LevelId) -> Vec<LevelId> {
    let mut is_inside = vec![false; site.index() + 1];
    let mut found = Vec::new();
    for index in (0..=site.index()).rev() {
        let (Some(level), Some(&reached)) = (policy.levels.get(index), is_inside.get(index)) else {
            continue;
        };
        if index != site.index() {
            if !reached {
                continue;
            }
            if level.kind == LevelKind::Site {
                found.push(LevelId(index as u16));
            }
        }
        for contain in &level.contains {
            if let Some(slot) = is_inside.get_mut(contain.level.index()) {
                *slot = true;
            }
        }
    }
    found.reverse();
    found
}

/// A node of the tree of views: what was read so far. A search goes through the branches in the
/// order of [`Pattern::cmp_precedence`], so that the first view found is the most specific one. It
/// visits no node twice.
#[derive(Debug, Clone, Default)]
struct Node {
    /// Views whose pattern ends here.
    ends: Vec<Leaf>,
    texts: Vec<(String, Node)>,
    /// Where in `texts` each of them stands.
    text_index: FxHashMap<String, usize>,
    /// In order of precedence.
    holes: Vec<(Segment, Node)>,
    /// Rests with a name, which need a slash before them.
    named_rests: Vec<Leaf>,
    /// Rests without one.
    rests: Vec<Leaf>,
}

#[derive(Debug, Clone)]
struct Leaf {
    level: LevelId,
    methods: Vec<String>,
}

impl Node {
    fn insert(&mut self, segments: &[Segment], level: LevelId, methods: &[String]) {
        let leaf = Leaf {
            level,
            methods: methods.to_vec(),
        };
        let mut node = self;
        for segment in segments {
            node = match segment {
                Segment::Text(text) => {
                    let index = match node.text_index.get(text) {
                        Some(&index) => index,
                        None => {
                            node.text_index.insert(text.clone(), node.texts.len());
                            node.texts.push((text.clone(), Self::default()));
                            node.texts.len() - 1
                        }
                    };
                    &mut node.texts[index].1
                }
                Segment::Hole { .. } => {
                    let position = node
                        .holes
                        .binary_search_by(|(own, _)| own.cmp_precedence(segment));
                    let index = position.unwrap_or_else(|index| {
                        node.holes.insert(index, (segment.clone(), Self::default()));
                        index
                    });
                    &mut node.holes[index].1
                }
                Segment::Rest { param: Some(_) } => return node.named_rests.push(leaf),
                Segment::Rest { param: None } => return node.rests.push(leaf),
            };
        }
        node.ends.push(leaf);
    }

    fn find(&self, mut rest: Remainder<'_>, method: &str) -> Option<LevelId> {
        let Some(text) = rest.next_segment() else {
            return first(&self.ends, method).or_else(|| first(&self.rests, method));
        };
        self.text_matching(text)
            .and_then(|node| node.find(rest, method))
            .or_else(|| {
                self.holes.iter().find_map(|(hole, node)| {
                    hole.is_match(text)
                        .then(|| node.find(rest, method))
                        .flatten()
                })
            })
            .or_else(|| first(&self.named_rests, method))
            .or_else(|| first(&self.rests, method))
    }

    /// What follows the one text that matches.
    fn text_matching(&self, text: &str) -> Option<&Self> {
        let (_, node) = if text.is_empty() || text.contains('%') {
            self.texts.iter().find(|(own, _)| text_matches(own, text))?
        } else {
            self.texts.get(*self.text_index.get(text)?)?
        };
        Some(node)
    }
}

fn first(leaves: &[Leaf], method: &str) -> Option<LevelId> {
    leaves
        .iter()
        .find(|leaf| answers(&leaf.methods, method))
        .map(|leaf| leaf.level)
}

#[cfg(test)]
mod tests;
