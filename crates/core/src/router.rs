//! From a request to the levels that answer it.

use crate::ids::LevelId;
use crate::level::LevelKind;
use crate::policy::Policy;
use crate::route::{Captures, Pattern, Remainder, Route, Segment, answers, text_matches};

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
        let matching = || {
            self.sites
                .iter()
                .filter(|site| site.route.answers(method) && site.route.pattern.is_match(path))
        };
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
    /// Sorted by text.
    texts: Vec<(String, Node)>,
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
                    let position = node.texts.binary_search_by(|(own, _)| own.cmp(text));
                    let index = position.unwrap_or_else(|index| {
                        node.texts.insert(index, (text.clone(), Self::default()));
                        index
                    });
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
        self.texts_matching(text)
            .iter()
            .find_map(|(own, node)| {
                text_matches(own, text)
                    .then(|| node.find(rest, method))
                    .flatten()
            })
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

    /// The texts among which one may match: those equal to it, or all if it has escapes.
    fn texts_matching(&self, text: &str) -> &[(String, Self)] {
        if text.contains('%') {
            return &self.texts;
        }
        match self
            .texts
            .binary_search_by(|(own, _)| own.as_str().cmp(text))
        {
            Ok(index) => self.texts.get(index..=index).unwrap_or_default(),
            Err(_) => &[],
        }
    }
}

fn first(leaves: &[Leaf], method: &str) -> Option<LevelId> {
    leaves
        .iter()
        .find(|leaf| answers(&leaf.methods, method))
        .map(|leaf| leaf.level)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{contain, pattern, policy, routed};
    use crate::level::Level;
    use proptest::prelude::*;

    fn view(route: &str) -> Level {
        routed(LevelKind::View, route, route)
    }

    fn found(router: &Router, policy: &Policy, method: &str, path: &str) -> Option<String> {
        let view = router.route(method, path).view?;
        Some(policy.levels[view.index()].name.clone())
    }

    #[test]
    fn the_most_specific_view_answers() {
        let policy = policy(
            [
                "GET /**",
                "GET /{lang}/blog/{slug}",
                "GET /a/{x}",
                "GET /a/{n:int}",
                "GET /a/new",
                "POST /a/new",
                "GET /a/v{n:int}",
                "GET /a/",
                "GET /a",
                "GET /files/{path:**}",
                "HEAD /a",
                "GET /über",
            ]
            .map(view)
            .into(),
        );
        let router = Router::new(&policy);
        for (request, expected) in [
            ("GET /", "GET /**"),
            ("GET /de/blog/x", "GET /{lang}/blog/{slug}"),
            ("GET /de/blog", "GET /**"),
            ("GET /a/x", "GET /a/{x}"),
            ("GET /a/17", "GET /a/{n:int}"),
            ("GET /a/%317", "GET /a/{n:int}"),
            ("GET /a/new", "GET /a/new"),
            ("HEAD /a/new", "GET /a/new"),
            ("POST /a/new", "POST /a/new"),
            ("GET /a/v2", "GET /a/v{n:int}"),
            ("GET /a/v2b", "GET /a/{x}"),
            ("GET /a/", "GET /a/"),
            ("GET /a", "GET /a"),
            ("HEAD /a", "GET /a"),
            ("GET /a/b/c", "GET /**"),
            ("GET /files/", "GET /files/{path:**}"),
            ("GET /files/a/b", "GET /files/{path:**}"),
            ("GET /files", "GET /**"),
            ("GET /a%2Fx", "GET /**"),
            ("GET /%C3%BCber", "GET /über"),
            ("GET /%c3%bcber", "GET /über"),
            ("GET ", "GET /**"),
        ] {
            let (method, path) = request.split_once(' ').unwrap();
            assert_eq!(
                found(&router, &policy, method, path).as_deref(),
                Some(expected),
                "{request}"
            );
        }
        for request in ["POST /a", "OPTIONS *", "get /", "GET a"] {
            let (method, path) = request.split_once(' ').unwrap();
            assert_eq!(found(&router, &policy, method, path), None, "{request}");
        }
    }

    #[test]
    fn captures_are_the_view_s_own() {
        let policy = policy(vec![
            view("GET /{lang}/p-{slug}.html"),
            view("GET /x/{p:**}"),
        ]);
        let router = Router::new(&policy);
        let routed = router.route("GET", "/de/p-a%20b.html");
        assert_eq!(routed.captures.get(0), Some("de"));
        assert_eq!(routed.captures.get(1), Some("a%20b"));
        assert_eq!(routed.captures.get(2), None);
        assert_eq!(router.route("GET", "/x/a/b").captures.get(0), Some("a/b"));
    }

    #[test]
    fn sites_from_the_outermost_in() {
        let site = |name: &str, route: &str| routed(LevelKind::Site, name, route);
        let mut cdn = site("cdn", "GET /**");
        let mut proxy = site("proxy", "GET /api/**");
        cdn.contains = vec![contain(2)];
        proxy.contains = vec![contain(1)];
        let policy = policy(vec![
            view("GET /api/{x}"),
            site("app", "GET /**"),
            proxy,
            cdn,
            site("admin", "POST /admin/**"),
        ]);
        let router = Router::new(&policy);
        let ids = |method, path| -> Vec<u16> {
            let routed = router.route(method, path);
            routed.sites().iter().map(|id| id.0).collect()
        };
        assert_eq!(ids("GET", "/api/1"), [3, 2, 1]);
        // The proxy does not answer: what it contains is inside the cdn all the same.
        assert_eq!(ids("HEAD", "/x"), [3, 1]);
        assert_eq!(ids("POST", "/admin"), [4]);
        assert_eq!(ids("POST", "/x"), [] as [u16; 0]);
        let routed = router.route("GET", "/api/1");
        assert_eq!(routed.outermost(), Some(LevelId(3)));
        assert_eq!(routed.inside(LevelId(3)), Some(LevelId(2)));
        assert_eq!(routed.inside(LevelId(1)), Some(LevelId(0)));
        assert_eq!(routed.inside(LevelId(0)), None);
        assert_eq!(router.route("GET", "/x").inside(LevelId(1)), None);
    }

    fn any_pattern() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[a1]{0,1}",
            "[a1]{0,1}\\{H\\}[a1]{0,1}",
            "[a1]{0,1}\\{H:int\\}"
        ];
        (
            prop::collection::vec(piece, 1..3),
            prop_oneof![Just(""), Just("/**"), Just("/{R:**}")],
        )
            .prop_map(|(pieces, end)| {
                let mut text = String::new();
                for (index, piece) in pieces.iter().enumerate() {
                    text.push('/');
                    text.push_str(&piece.replace('H', &format!("h{index}")));
                }
                text + end
            })
    }

    proptest! {
        /// Against the definition: of the views that match, the first in order of precedence.
        #[test]
        fn finds_what_a_search_through_all_finds(
            patterns in prop::collection::vec(any_pattern(), 1..12),
            path in "(/(a|1|%31|a1|1a|aa|11|a11|)){0,4}",
        ) {
            let policy = policy(patterns.iter().map(|text| view(&format!("GET {text}"))).collect());
            let router = Router::new(&policy);
            let expected = patterns
                .iter()
                .map(|text| pattern(text))
                .filter(|pattern| pattern.is_match(&path))
                .min_by(Pattern::cmp_precedence);
            let found = router.route("GET", &path).view;
            let found = found.map(|id| policy.levels[id.index()].route.clone().unwrap().pattern);
            prop_assert_eq!(
                found.as_ref().map(|pattern| expected.as_ref().unwrap().cmp_precedence(pattern)),
                expected.as_ref().map(|_| core::cmp::Ordering::Equal)
            );
        }
    }
}
