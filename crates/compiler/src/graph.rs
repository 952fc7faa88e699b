//! The dependency graph of a policy, for drawing and for walking: what contains, reads, stores,
//! costs and invalidates what. Nodes and links are in the order of the policy.

use crate::checks::Tags;
use cachepolicy_core::edge::{Action, EdgeBlock, Target, Verb};
use cachepolicy_core::policy::Place;
use cachepolicy_core::route::Route;
use cachepolicy_core::{
    BackendId, BusId, Duration, EdgeId, Level, LevelId, LevelKind, ModelId, OriginId, Policy,
};
use petgraph::graph::{DiGraph, NodeIndex};

mod words;

/// A thing that the policy declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Which.
    pub kind: NodeKind,
    /// Its name.
    pub name: String,
    /// A few words more: a route, a backend's kind; may be empty.
    pub detail: String,
    /// Where it is declared.
    pub place: Place,
}

/// What a node stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// Something that is written.
    Model(ModelId),
    /// A family of copies.
    Level(LevelId, LevelKind),
    /// A place for copies.
    Backend(BackendId),
    /// What a miss loads.
    Origin(OriginId),
    /// How an invalidation travels.
    Bus(BusId),
}

impl NodeKind {
    /// Its word in the language.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Model(_) => "model",
            Self::Level(_, kind) => kind.name(),
            Self::Backend(_) => "backend",
            Self::Origin(_) => "origin",
            Self::Bus(_) => "bus",
        }
    }
}

/// How one thing depends on another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Level → level: it embeds copies of it.
    Contains {
        /// The values of its parameters: `slug, each headlines`; empty without parameters.
        args: String,
    },
    /// Site → view: it contains the view that a request is routed to.
    Answers,
    /// Level → model: its own work reads it.
    Reads {
        /// Which rows and fields: `Article(slug: slug).title`.
        what: String,
    },
    /// Model → level: a write removes copies.
    Invalidates {
        /// What is done to them.
        verb: Verb,
        /// Which: `article(slug: slug)`, `tag "author:{author}"`, with `cascade` and `when`.
        binding: String,
        /// Which writes: `create|update`.
        operations: String,
        /// The name of the bus; `None`: in the writer's own process.
        bus: Option<String>,
        /// The block that says so.
        edge: EdgeId,
        /// Its action, by index.
        action: usize,
        /// It is reached through a `cascade`, not named itself.
        by_cascade: bool,
    },
    /// Model → bus: invalidations of its writes travel on it. Backend → bus: its changes do.
    TravelsOn,
    /// Level → backend: its copies live there.
    StoredIn {
        /// 0 for the nearest tier.
        tier: usize,
        /// Copies leave this tier after so long.
        ceiling: Option<Duration>,
    },
    /// Level → origin: its own work is done there.
    CostsOn,
}

impl Link {
    /// Its word in drawings.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Contains { .. } => "contains",
            Self::Answers => "answers",
            Self::Reads { .. } => "reads",
            Self::Invalidates { verb, .. } => words::verb(*verb),
            Self::TravelsOn => "travels on",
            Self::StoredIn { .. } => "stored in",
            Self::CostsOn => "costs on",
        }
    }

    /// What to write beside it; may be empty.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Contains { args } => args.clone(),
            Self::Reads { what } => what.clone(),
            Self::Invalidates {
                verb, binding, bus, ..
            } => match bus {
                Some(bus) => format!("{} {binding} via {bus}", words::verb(*verb)),
                None => format!("{} {binding}", words::verb(*verb)),
            },
            Self::StoredIn {
                ceiling: Some(ceiling),
                ..
            } => format!("ttl {}", words::duration(*ceiling)),
            Self::StoredIn { ceiling: None, .. }
            | Self::Answers
            | Self::TravelsOn
            | Self::CostsOn => String::new(),
        }
    }
}

/// The graph, and where its levels are in it.
#[derive(Debug, Clone, Default)]
pub struct PolicyGraph {
    /// Nodes in the order models, levels (finest first), backends, origins, buses; links in the order
    /// of the levels and then of the edges.
    pub graph: DiGraph<Node, Link>,
    models: Vec<NodeIndex>,
    levels: Vec<NodeIndex>,
    backends: Vec<NodeIndex>,
    origins: Vec<NodeIndex>,
    buses: Vec<NodeIndex>,
}

impl PolicyGraph {
    /// Of a policy; also of one whose parts refer to something that is not there.
    #[must_use]
    pub fn of(policy: &Policy) -> Self {
        let mut graph = Self::default();
        graph.add_nodes(policy);
        for (index, level) in policy.levels.iter().enumerate() {
            graph.link_level(policy, LevelId(index as u16), level);
        }
        graph.link_sites(policy);
        let tags = Tags::new(policy);
        let containers = cachepolicy_core::graph::Graph::new(policy);
        for (index, edge) in policy.edges.iter().enumerate() {
            graph.link_edge(policy, &tags, &containers, EdgeId(index as u16), edge);
        }
        graph
    }

    /// The node of a level.
    #[must_use]
    pub fn level(&self, level: LevelId) -> Option<NodeIndex> {
        self.levels.get(level.index()).copied()
    }

    /// The node of a model.
    #[must_use]
    pub fn model(&self, model: ModelId) -> Option<NodeIndex> {
        self.models.get(model.index()).copied()
    }

    fn add_nodes(&mut self, policy: &Policy) {
        let graph = &mut self.graph;
        let mut add = |kind, name: &str, detail: String, place| {
            graph.add_node(Node {
                kind,
                name: name.to_owned(),
                detail,
                place,
            })
        };
        for (index, model) in policy.models.iter().enumerate() {
            let kind = NodeKind::Model(ModelId(index as u16));
            self.models
                .push(add(kind, &model.name, String::new(), model.place));
        }
        for (index, level) in policy.levels.iter().enumerate() {
            let kind = NodeKind::Level(LevelId(index as u16), level.kind);
            let detail = level.route.as_ref().map(words::route).unwrap_or_default();
            self.levels
                .push(add(kind, &level.name, detail, level.place));
        }
        for (index, backend) in policy.backends.iter().enumerate() {
            let kind = NodeKind::Backend(BackendId(index as u16));
            let detail = words::backend_kind(backend.kind);
            self.backends
                .push(add(kind, &backend.name, detail, backend.place));
        }
        for (index, origin) in policy.origins.iter().enumerate() {
            let kind = NodeKind::Origin(OriginId(index as u16));
            self.origins
                .push(add(kind, &origin.name, String::new(), origin.place));
        }
        for (index, bus) in policy.buses.iter().enumerate() {
            let kind = NodeKind::Bus(BusId(index as u16));
            self.buses.push(add(
                kind,
                &bus.name,
                words::delivery(bus.delivery),
                bus.place,
            ));
        }
        for (index, bus) in policy.buses.iter().enumerate() {
            let backend = bus.tracks.map(|tracks| tracks.backend.index());
            let from = backend.and_then(|backend| self.backends.get(backend).copied());
            self.link(from, self.buses.get(index).copied(), Link::TravelsOn);
        }
    }

    fn link(&mut self, from: Option<NodeIndex>, to: Option<NodeIndex>, link: Link) {
        if let (Some(from), Some(to)) = (from, to) {
            self.graph.add_edge(from, to, link);
        }
    }

    fn link_level(&mut self, policy: &Policy, id: LevelId, level: &Level) {
        let own = self.level(id);
        for contain in &level.contains {
            let args: Vec<String> = contain
                .args
                .iter()
                .enumerate()
                .map(|(index, arg)| {
                    let each = contain.each == Some(index as u16);
                    let each = if each { "each " } else { "" };
                    format!("{each}{}", words::value(policy, level, arg))
                })
                .collect();
            let link = Link::Contains {
                args: args.join(", "),
            };
            self.link(own, self.level(contain.level), link);
        }
        for read in &level.reads {
            let link = Link::Reads {
                what: words::read(policy, level, read),
            };
            self.link(own, self.model(read.model), link);
        }
        for (tier, stored) in level.tiers.iter().enumerate() {
            let to = self.backends.get(stored.backend.index()).copied();
            let ceiling = stored.ceiling;
            self.link(own, to, Link::StoredIn { tier, ceiling });
        }
        if let Some(origin) = level.origin {
            let to = self.origins.get(origin.index()).copied();
            self.link(own, to, Link::CostsOn);
        }
    }

    fn link_sites(&mut self, policy: &Policy) {
        let routed = |kind: LevelKind| {
            let levels = policy.levels.iter().enumerate();
            levels.filter_map(move |(index, level): (usize, &Level)| {
                let route: Option<&Route> = level.route.as_ref().filter(|_| level.kind == kind);
                route.map(|route| (LevelId(index as u16), route))
            })
        };
        for (site, route) in routed(LevelKind::Site) {
            for (view, _) in routed(LevelKind::View).filter(|(_, view)| route.overlaps(view)) {
                self.link(self.level(site), self.level(view), Link::Answers);
            }
        }
    }

    fn link_edge(
        &mut self,
        policy: &Policy,
        tags: &Tags,
        containers: &cachepolicy_core::graph::Graph,
        id: EdgeId,
        edge: &EdgeBlock,
    ) {
        let from = self.model(edge.model);
        for (position, action) in edge.actions.iter().enumerate() {
            let direct: Vec<LevelId> = match &action.target {
                Target::Level { level, .. } => vec![*level],
                Target::Tag(parts) => tags.bearers(parts).collect(),
            };
            let mut reached: Vec<LevelId> = Vec::new();
            for level in direct {
                if !reached.contains(&level) {
                    reached.push(level);
                }
            }
            let named = reached.len();
            if action.cascade {
                for level in reached.clone() {
                    for container in containers.all_containers(level) {
                        if !reached.contains(&container) {
                            reached.push(container);
                        }
                    }
                }
            }
            for (index, level) in reached.into_iter().enumerate() {
                let link = invalidates(policy, (id, edge), (position, action), index >= named);
                self.link(from, self.level(level), link);
            }
        }
        if let Some(bus) = edge.bus {
            let to = self.buses.get(bus.index()).copied();
            let known = from
                .zip(to)
                .is_some_and(|(from, to)| self.graph.find_edge(from, to).is_some());
            if !known {
                self.link(from, to, Link::TravelsOn);
            }
        }
    }
}

fn invalidates(
    policy: &Policy,
    (id, edge): (EdgeId, &EdgeBlock),
    (position, action): (usize, &Action),
    by_cascade: bool,
) -> Link {
    let operations: Vec<&str> = edge
        .operations
        .iter()
        .map(|operation| operation.name())
        .collect();
    let bus = edge.bus.and_then(|bus| policy.buses.get(bus.index()));
    Link::Invalidates {
        verb: action.verb,
        binding: words::binding(policy, edge, action),
        operations: operations.join("|"),
        bus: bus.map(|bus| bus.name.clone()),
        edge: id,
        action: position,
        by_cascade,
    }
}
