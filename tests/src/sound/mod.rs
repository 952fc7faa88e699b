//! Random policies with every feature of the language that touches staleness or leaks, and random
//! traces inside their declared limits, aimed at the instants where something changes.

mod edges;
mod levels;
pub mod observed;
pub mod traffic;

use proptest::prelude::*;
use std::fmt::Write as _;

/// Rolls of dice, from which everything about a policy follows; the lowest ones give the simplest.
#[derive(Debug, Clone, Copy)]
pub struct Dice<'r> {
    rolls: &'r [u8],
    low: usize,
    high: usize,
}

impl<'r> Dice<'r> {
    /// These rolls, then the lowest for ever.
    #[must_use]
    pub const fn new(rolls: &'r [u8]) -> Self {
        Self {
            rolls,
            low: 0,
            high: 256,
        }
    }

    /// The same, but no roll is below or above these, of 256.
    const fn between(self, low: usize, high: usize) -> Self {
        Self { low, high, ..self }
    }

    /// A number below that of a die's sides.
    pub fn roll(&mut self, sides: usize) -> usize {
        let (roll, rest) = self.rolls.split_first().unwrap_or((&0, &[]));
        self.rolls = rest;
        (self.low + usize::from(*roll) * (self.high - self.low) / 256) * sides / 256
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())]
    }

    /// Yes, in so many of a hundred.
    pub fn is(&mut self, percent: usize) -> bool {
        self.roll(100) >= 100 - percent
    }
}

/// What a plan has more of than others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// Nothing.
    Anything,
    /// Invalidations that reach nearly everything in time.
    Edges,
    /// What is made for one person.
    People,
    /// Things that go wrong.
    Faults,
}

/// What a policy is made of: one part for each of its own parts, so that one can get simpler while
/// the others stay as they are.
const PARTS: usize = 24;
const ROLLS: usize = 28;

/// Random policies.
pub fn plan(focus: Focus) -> impl Strategy<Value = Plan> {
    let part = proptest::collection::vec(any::<u8>(), ROLLS);
    proptest::collection::vec(part, PARTS).prop_map(move |rolls| Plan { rolls, focus })
}

/// A random policy.
#[derive(Clone)]
pub struct Plan {
    rolls: Vec<Vec<u8>>,
    focus: Focus,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text())
    }
}

/// The parts of a plan.
#[derive(Debug, Clone, Copy)]
enum Part {
    Places,
    Buses,
    Item,
    List,
    Owned,
    Twice,
    Fragment,
    Panel,
    Page,
    Home,
    Site,
    Contains,
    Blocks,
    OtherBlock = Part::Blocks as isize + 4,
    Traffic,
}

impl Plan {
    fn dice(&self, part: Part, more: usize) -> Dice<'_> {
        let rolls = self.rolls.get(part as usize + more);
        let dice = Dice::new(rolls.map_or(&[], Vec::as_slice));
        match (self.focus, part) {
            (Focus::Edges, Part::Buses | Part::Blocks | Part::OtherBlock) => dice.between(0, 214),
            (Focus::Faults, Part::Traffic) => dice.between(160, 256),
            _ => dice,
        }
    }

    /// Of these rolls.
    #[must_use]
    pub const fn of(rolls: Vec<Vec<u8>>, focus: Focus) -> Self {
        Self { rolls, focus }
    }

    /// For what the trace is like.
    #[must_use]
    pub fn traffic(&self) -> Dice<'_> {
        self.dice(Part::Traffic, 0)
    }

    /// The policy's text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.places(&mut out);
        self.buses(&mut out);
        let levels = self.levels(&mut out);
        self.edges(&levels, &mut out);
        out
    }

    fn places(&self, out: &mut String) {
        let mut dice = self.dice(Part::Places, 0);
        let processes = dice.pick(&[1, 2, 3]);
        let threads = dice.pick(&["", "", "", "", "", "", "; threads 2"]);
        let semantics = dice.pick(&["", "", "", "; semantics django \"5.2\""]);
        let _ = writeln!(
            out,
            "policy planned {{ edition 1; processes {processes}{threads}{semantics} }}"
        );
        out.push_str(
            "model Row { id; slug; title; kind; owner -> Owner; labels -> many Label }\n\
             model Owner { id; name }\nmodel Label { id; name }\n\
             request {\n  user.id personal\n  user.role in [a, b] by user.id\n  \
             user.team in [red, blue] by user.role\n  query n in 1..3 else 1\n  \
             header lang in [en, de] else en\n  cookie session personal\n  attr plan in [free, pro] else free\n}\n",
        );
        let origin = dice.pick(&[
            "",
            "",
            "slots 3",
            "slots 2; failure-rate 10%",
            "replica-lag 50ms max 300ms",
            "replica-lag uniform(0s..2s)",
            "replica-lag 200ms; failure-rate 5%",
            "rate 20/s burst 5",
        ]);
        let _ = writeln!(out, "origin db {{ {origin} }}");
        let capacities: &[&str] = &[
            "",
            "",
            "",
            "",
            "capacity 5 entries; evict lru",
            "capacity 4KiB; evict sieve",
        ];
        let latencies: &[&str] = &["", "", "; latency 1ms", "; latency uniform(0s..40ms)"];
        let failures: &[&str] = &[
            "",
            "",
            "",
            "; on-failure error",
            "; on-failure bypass after 200ms",
        ];
        out.push_str("backend nowhere none\n");
        for kind in [
            "near memory",
            "kept disk",
            "far redis",
            "front proxy",
            "edge cdn",
        ] {
            let pops = if kind == "edge cdn" { "pops 2; " } else { "" };
            let capacity = dice.pick(capacities);
            let latency = dice.pick(latencies);
            let failure = dice.pick(failures);
            let more = format!("{pops}{capacity}{latency}{failure}");
            let _ = writeln!(
                out,
                "backend {kind} {{ {} }}",
                more.trim_start_matches("; ")
            );
        }
    }

    fn buses(&self, out: &mut String) {
        let mut dice = self.dice(Part::Buses, 0);
        for name in ["slow", "fast", "third"] {
            let delivery = dice.pick(&[
                "at-least-once",
                "at-least-once",
                "at-least-once",
                "in-process",
                "at-most-once",
                "at-most-once loss 20%",
            ]);
            let delay = dice.pick(&[
                "50ms",
                "exp(mean 200ms) min 100ms max 2s",
                "uniform(1s..3s)",
                "5s",
                "uniform(0s..500ms)",
                "0s",
                "400ms",
            ]);
            let reaches = dice.pick(&["; reaches all-processes", ""]);
            // A call in the writer's process takes no time.
            let delay = if delivery == "in-process" {
                String::new()
            } else {
                format!("; delay {delay}")
            };
            let _ = writeln!(out, "bus {name} {{ delivery {delivery}{delay}{reaches} }}");
        }
        let tracking = dice.pick(&[
            "",
            "",
            "",
            "",
            "tracks far; delivery at-least-once; delay uniform(1ms..700ms)",
            "tracks far; delivery at-most-once loss 10%; delay 300ms",
            "tracks far max 2; delivery at-least-once; delay exp(mean 200ms) max 3s",
        ]);
        if !tracking.is_empty() {
            let _ = writeln!(out, "bus told {{ {tracking} }}");
        }
    }
}
