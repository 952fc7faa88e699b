//! The graph as a tree in text: what contains what, and which writes remove what.

use super::residence;
use super::soundness::{Soundness, Verdict};
use crate::output::Terminal;
use crate::output::colour::{Meaning, Paint};
use crate::output::{text, units};
use cachepolicy_compiler::graph::{Link, NodeKind, PolicyGraph};
use cachepolicy_core::edge::Timing;
use cachepolicy_core::level::Level;
use cachepolicy_core::{LevelId, Policy};
use cachepolicy_sim::metrics::labels;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn render(
    policy: &Policy,
    whole: &PolicyGraph,
    soundness: &Soundness<'_>,
    terminal: Terminal,
) -> String {
    let mut tree = Tree::of(policy, whole, terminal);
    tree.add_limits(soundness);
    tree.verdicts = verdicts(whole, soundness);
    tree.heading("Levels");
    // Coarse first: what nothing contains is where a request begins.
    for index in (0..policy.levels.len()).rev() {
        if !tree.contained.contains(&index) {
            tree.level(index, None, "", "");
        }
    }
    if !policy.edges.is_empty() {
        tree.text.push('\n');
        tree.heading("Writes");
        tree.edges();
    }
    tree.text
}

const fn meaning(verdict: &Verdict) -> Meaning {
    match verdict {
        Verdict::Sound(_) => Meaning::Good,
        Verdict::Unsound(_) => Meaning::Warning,
        Verdict::Unneeded => Meaning::Faint,
    }
}

struct Tree<'p> {
    policy: &'p Policy,
    terminal: Terminal,
    /// For each level, what stands below it.
    children: BTreeMap<usize, Vec<Child>>,
    /// Levels that stand below another one.
    contained: BTreeSet<usize>,
    /// Levels whose parts were shown already.
    shown: BTreeSet<usize>,
    /// For each action, what it does about the levels that it reaches.
    verdicts: Verdicts,
    text: String,
}

#[derive(Clone)]
enum Child {
    /// A level, with the arguments that it is given.
    Level(usize, Option<String>),
    Reads(String),
    /// How out of date its answers can be.
    Limit(String),
}

/// By edge and action: levels by their names, and how well it does there.
type Verdicts = BTreeMap<(usize, usize), Vec<(String, Verdict)>>;

fn verdicts(whole: &PolicyGraph, soundness: &Soundness<'_>) -> Verdicts {
    let mut verdicts = Verdicts::new();
    for index in whole.graph.edge_indices() {
        let Some((_, to)) = whole.graph.edge_endpoints(index) else {
            continue;
        };
        if let Some(Link::Invalidates { edge, action, .. }) = whole.graph.edge_weight(index)
            && let Some(node) = whole.graph.node_weight(to)
            && let Some(verdict) = super::verdict(whole, soundness, index)
        {
            let of_action = verdicts.entry((edge.index(), *action)).or_default();
            of_action.push((node.name.clone(), verdict));
        }
    }
    verdicts
}

impl<'p> Tree<'p> {
    fn of(policy: &'p Policy, whole: &PolicyGraph, terminal: Terminal) -> Self {
        let mut children: BTreeMap<usize, Vec<Child>> = BTreeMap::new();
        let mut contained = BTreeSet::new();
        let level = |index| match whole.graph.node_weight(index).map(|node| node.kind) {
            Some(NodeKind::Level(id, _)) => Some(id.index()),
            _ => None,
        };
        for index in whole.graph.edge_indices() {
            let (Some((from, to)), Some(link)) = (
                whole.graph.edge_endpoints(index),
                whole.graph.edge_weight(index),
            ) else {
                continue;
            };
            let child = match (link, level(to)) {
                (Link::Contains { args }, Some(inner)) => Child::Level(inner, Some(args.clone())),
                (Link::Answers, Some(inner)) => Child::Level(inner, None),
                (Link::Reads { what }, _) => Child::Reads(format!("reads {what}")),
                _ => continue,
            };
            if let Child::Level(inner, _) = &child {
                contained.insert(*inner);
            }
            if let Some(container) = level(from) {
                children.entry(container).or_default().push(child);
            }
        }
        Self {
            policy,
            terminal,
            children,
            contained,
            shown: BTreeSet::new(),
            verdicts: Verdicts::new(),
            text: String::new(),
        }
    }

    fn add_limits(&mut self, soundness: &Soundness<'_>) {
        for index in 0..self.policy.levels.len() {
            let limits = soundness.limits(LevelId(index as u16));
            if !limits.is_empty() {
                let limit = Child::Limit(format!("staleness {}", limits.join(", ")));
                self.children.entry(index).or_default().push(limit);
            }
        }
    }

    const fn paint(&self) -> Paint {
        self.terminal.paint
    }

    fn heading(&mut self, title: &str) {
        let title = self.paint().text(Meaning::Heading, title);
        self.text.push_str(&format!("{title}\n"));
    }

    /// A level and all below it, which is shown only the first time: a part that many share would
    /// otherwise fill the screen.
    fn level(&mut self, index: usize, arguments: Option<&str>, first: &str, rest: &str) {
        let Some(level) = self.policy.levels.get(index) else {
            return;
        };
        let children = self.children.get(&index).cloned().unwrap_or_default();
        let again = !self.shown.insert(index) && !children.is_empty();
        self.line(level, arguments, first, again);
        if again {
            return;
        }
        let count = children.len();
        for (position, child) in children.into_iter().enumerate() {
            let last = position + 1 == count;
            let branch = format!("{rest}{}", if last { "└─ " } else { "├─ " });
            let below = format!("{rest}{}", if last { "   " } else { "│  " });
            match child {
                Child::Level(inner, arguments) => {
                    self.level(inner, arguments.as_deref(), &branch, &below)
                }
                Child::Reads(said) | Child::Limit(said) => {
                    let room = self.terminal.width.saturating_sub(text::width(&branch));
                    for (number, line) in text::wrap(&said, room).iter().enumerate() {
                        let before = if number == 0 { &branch } else { &below };
                        let line = self.paint().text(Meaning::Faint, line);
                        self.text.push_str(&format!("{before}{line}\n"));
                    }
                }
            }
        }
    }

    fn line(&mut self, level: &Level, arguments: Option<&str>, first: &str, again: bool) {
        let arguments = match arguments {
            Some("") => String::new(),
            Some(arguments) => format!("({arguments})"),
            None if level.params.is_empty() || level.route.is_some() => String::new(),
            None => format!("({})", level.params.join(", ")),
        };
        let name = format!("{}{arguments}", level.name);
        let mut about = Vec::new();
        if let Some(route) = level.route.as_ref().filter(|_| !again) {
            about.push(format!(
                "{} {}",
                route.methods.join("|"),
                route.pattern.text
            ));
        }
        about.push(if again {
            "see above".to_owned()
        } else {
            residence(self.policy, level)
        });
        let vary = level
            .vary
            .iter()
            .filter_map(|id| self.policy.dimensions.get(id.index()));
        let vary: Vec<_> = vary.map(|dimension| dimension.name.as_str()).collect();
        if !vary.is_empty() && !again {
            about.push(format!("varies on {}", vary.join(", ")));
        }
        let taken = text::width(first) + level.kind.name().len() + 1 + text::width(&name) + 2;
        let about = text::shorten(
            &about.join(" · "),
            self.terminal.width.saturating_sub(taken),
        );
        let paint = self.paint();
        self.text.push_str(&format!(
            "{first}{} {}  {}\n",
            level.kind.name(),
            paint.text(Meaning::Strong, &name),
            paint.text(Meaning::Faint, &about)
        ));
    }

    fn edges(&mut self) {
        let paint = self.paint();
        for (edge, block) in self.policy.edges.iter().enumerate() {
            let bus = block.bus.and_then(|bus| self.policy.buses.get(bus.index()));
            let mut how = match block.timing {
                Timing::AfterCommit => "after commit".to_owned(),
                Timing::BeforeCommit { by } => format!("before commit by {}", units::literal(by)),
            };
            how.push_str(&bus.map_or_else(
                || " in the writer's process".to_owned(),
                |bus| format!(" via {}", bus.name),
            ));
            let on = paint.text(Meaning::Strong, &labels::on(self.policy, block));
            self.text
                .push_str(&format!("{on}  {}\n", paint.text(Meaning::Faint, &how)));
            let count = block.actions.len();
            for (index, action) in block.actions.iter().enumerate() {
                let (branch, below) = if index + 1 == count {
                    ("└─ ", "   ")
                } else {
                    ("├─ ", "│  ")
                };
                let action = labels::action(self.policy, block, action);
                self.action(&action, (edge, index), (branch, below));
            }
        }
    }

    /// An action and how well it does: behind it where there is room, else below.
    fn action(&mut self, action: &str, number: (usize, usize), (branch, below): (&str, &str)) {
        let verdicts = self.verdicts.get(&number).map_or(&[][..], Vec::as_slice);
        let same = verdicts.windows(2).all(|pair| match pair {
            [(_, one), (_, other)] => one == other,
            _ => true,
        });
        let named = verdicts.iter().map(|(level, verdict)| {
            let label = if same {
                verdict.label()
            } else {
                format!("{}: {level}", verdict.label())
            };
            (label, meaning(verdict))
        });
        let mut named: Vec<(String, Meaning)> = named.collect();
        named.dedup();
        let width = |label: &str| text::width(branch) + text::width(label);
        let mut said = text::shorten(action, self.terminal.width.saturating_sub(3));
        if let [(label, meaning)] = named.as_slice()
            && width(&said) + 2 + text::width(label) <= self.terminal.width
        {
            said.push_str(&format!("  {}", self.paint().text(*meaning, label)));
            named.clear();
        }
        self.text.push_str(&format!("{branch}{said}\n"));
        for (label, meaning) in named {
            let room = self.terminal.width.saturating_sub(text::width(below) + 2);
            for line in text::wrap(&label, room) {
                let line = self.paint().text(meaning, &line);
                self.text.push_str(&format!("{below}  {line}\n"));
            }
        }
    }
}
