//! How a level's answer gets as old as it can.

use super::Short;
use super::clock::Timed;
use super::delay::{DelayedTo, Window};
use super::schedule::{MARGIN, Plan};
use super::stage::{Stage, latency};
use crate::arrive::{Arrival, Heard, Place, heard};
use crate::bounds::By;
use crate::bounds::edges::{KindBound, Sound};
use crate::bounds::missed::Reason;
use crate::bounds::sources::Source;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::level::Level;
use cachepolicy_core::units::Duration;

/// How a level has to be asked so that it gives what was planned.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// When the look-up begins.
    pub(super) at: i64,
    /// Whose work fails.
    pub(super) failing: Vec<LevelId>,
}

impl Asked {
    pub(super) const fn at(at: i64) -> Self {
        Self {
            at,
            failing: Vec::new(),
        }
    }
}

/// How a copy is used at the end of its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// As any other.
    Fresh,
    /// In place of an error.
    OnError,
    /// It is an absence.
    Absent,
}

/// How a copy that an invalidation removes comes to be there until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    /// By a fill across the write, or shortly before it.
    Across,
    /// As early as its life lets it.
    Early,
    /// As late as what it is made of lets it: after other invalidations.
    Late,
}

/// So many of the things that make a result old are tried.
const SOURCES: usize = 3;

/// What can be done in one way or another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choice {
    /// Of the level itself, and of those that it embeds.
    made: [Made; 2],
    /// What fails does so because its origin is down for a moment.
    pub(super) is_outage: bool,
    /// Of what makes the level's result old: the oldest, or the next one.
    source: usize,
}

impl Choice {
    /// All, the simplest first.
    pub(super) fn all() -> Vec<Self> {
        let ways = [Made::Across, Made::Early, Made::Late];
        let mut all = Vec::new();
        for source in 0..SOURCES {
            for is_outage in [false, true] {
                for made in ways
                    .iter()
                    .flat_map(|inner| ways.map(|outer| [outer, *inner]))
                {
                    all.push(Self {
                        made,
                        is_outage,
                        source,
                    });
                }
            }
        }
        all
    }
}

impl<'p> Plan<'p> {
    /// Plans everything so that the level's answer at that time is as old as it gets, and no older
    /// than wanted.
    pub(super) fn serve(
        &mut self,
        stage: &Stage,
        way: usize,
        (at, wanted): (i64, Duration),
    ) -> Option<Asked> {
        let bound = self.of(stage.level(), way)?;
        if stage.is_hidden() {
            self.short = Some(Short::Hidden);
        }
        let made = self.choice.made[self.depth.min(1)];
        self.depth += 1;
        let asked = match (&bound.verdict, bound.by) {
            (_, By::Embedded) | (Err(_), By::Edges) => None,
            (_, By::Time) => self.serve_by_time(stage, way, (at, wanted), Made::Early),
            (Ok(sound), By::Edges)
                if bound.shared >= bound.staleness && bound.shared > sound.delay =>
            {
                self.serve_shared(stage, way, (bound, made), at)
            }
            (Ok(sound), By::Edges) => {
                let wanted = wanted.min(bound.staleness);
                let is_whole = wanted == bound.staleness;
                match made {
                    Made::Across if is_whole => self.serve_by_edges(stage, way, (bound, sound), at),
                    _ => self.serve_by_time(stage, way, (at, wanted), made),
                }
            }
        };
        self.depth -= 1;
        asked
    }

    /// By the result of somebody else's fill.
    fn serve_shared(
        &mut self,
        stage: &Stage,
        way: usize,
        (bound, made): (&'p KindBound, Made),
        at: i64,
    ) -> Option<Asked> {
        self.links.push(bound);
        let began = self.fill(stage, way, &bound.given, (at, false))?;
        // Whoever asks after a `bump` asks for something else. Who waits for long cannot keep what
        // he takes in.
        let joins = match made {
            Made::Across => began + MARGIN / 2,
            Made::Early | Made::Late => at - self.gap,
        };
        let at = self.before_locks(stage, began, joins);
        Some(Asked::at(at))
    }

    /// By a copy that is about to be removed.
    fn serve_by_edges(
        &mut self,
        stage: &Stage,
        way: usize,
        (bound, sound): (&'p KindBound, &Sound),
        at: i64,
    ) -> Option<Asked> {
        let id = stage.level();
        let level = self.whole.level(id)?;
        let stale = sound.stale.nanos();
        let far = self.far_delay(sound, level);
        let told = (sound.delay - far).nanos();
        let survive = sound
            .survive
            .map_or(told, |(_, time)| time.nanos().max(told));
        let is_asked = sound.bound > sound.delay && stale == 0 && survive == 0;
        let soon = latency(self.whole, level).nanos() + 2 * MARGIN;
        let before = if survive > 0 {
            2 * self.gap
        } else if is_asked {
            MARGIN
        } else {
            soon
        };
        let removed = at - stale.max(survive) + before;
        let written = removed - far.nanos();
        self.put_off(sound, level, written);
        // A nearer tier gets its copy in another process than the one that made it.
        self.maker = u32::from(survive > 0 && self.whole.policy.processes > 1);
        let fence = bound.fence.map_or(Duration::FOREVER, |fence| fence.least);
        let longest = fence.min(far).nanos() - 2 * self.gap;
        let is_alone = survive > 0 && self.maker == 0;
        if is_asked && bound.fence.is_none() {
            // Stored under the old version when whoever asks for that has not got an answer yet.
            self.fill_across(stage, way, written, self.gap + 3 * MARGIN)?;
        } else if longest > 0 && !is_alone {
            self.fill_across(stage, way, written, longest)?;
        } else {
            let made = self.make(stage, written, removed - survive);
            self.plan_write(stage, way, made.max(written))?;
        }
        self.maker = 0;
        let promoted = removed - self.gap;
        // What another invalidation removed before is made again, of what is still old.
        let is_own = self.bounds.ways.of(id).get(way)?.is_own;
        if !is_own && far.nanos() > 6 * self.gap {
            self.ask(stage, &Asked::at(written + 2 * self.gap));
            self.ask(stage, &Asked::at(promoted - self.gap));
        }
        if survive > 0 {
            self.ask(stage, &Asked::at(promoted));
        }
        self.links.push(bound);
        let memory = if survive > 0 {
            (promoted, at)
        } else {
            (written, at.min(promoted))
        };
        let (memory, until) = memory;
        let shared = ((written, written), promoted);
        self.keep(id, Some(DelayedTo::Shared), shared);
        self.keep(id, Some(DelayedTo::Memory), ((memory, memory), until));
        let lived = Duration::from_nanos((at - stale - written).max(0));
        let how = if stale > level.rules.stale_while_revalidate.nanos() || lived > fresh(level) {
            Use::OnError
        } else {
            Use::Fresh
        };
        self.use_late(stage, how, Asked::at(at))
    }

    /// By a copy that lives as long as copies do, or as it has to if its answer is to be so old.
    fn serve_by_time(
        &mut self,
        stage: &Stage,
        way: usize,
        (at, wanted): (i64, Duration),
        made: Made,
    ) -> Option<Asked> {
        let id = stage.level();
        let (bound, level) = (self.of(id, way)?, self.whole.level(id)?);
        let (usable, _) = self.usable(id, level);
        let ranked = Source::ranked(&bound.kept, self.lives.get(id.index())?.fill);
        let next = ranked
            .get(self.choice.source)
            .filter(|_| self.depth == 1 && self.choice.source > 0);
        let source = next.unwrap_or(&bound.oldest);
        let most = source.age + source.rest;
        let wanted = wanted.min(bound.staleness);
        let whole = most + usable;
        // How long the copy is there, and how old it is before.
        let (lived, age) = match made {
            _ if wanted >= whole => (usable, most),
            Made::Late => (wanted - wanted.min(most), wanted.min(most)),
            Made::Early | Made::Across => (wanted.min(usable), wanted - wanted.min(usable)),
        };
        let how = self.use_of(id, level, lived);
        let stored = if wanted >= whole {
            at - usable.nanos() + self.gap
        } else {
            (at - lived.nanos() + 2 * self.gap).min(at - self.gap)
        };
        let rest = source.rest.min(age);
        let source = Source {
            rest,
            age: age - rest,
            ..source.clone()
        };
        let asked = self.use_late(stage, how, Asked::at(at))?;
        self.links.push(bound);
        let began = self.fill(stage, way, &source, (stored, how == Use::Absent))?;
        let from = if level.rules.is_fenced() {
            began
        } else {
            stored - self.gap
        };
        let from = (from, began);
        let delay = self.promoted(bound, level).unwrap_or(Duration::ZERO);
        let promoted = self.written()? + delay.nanos() - self.gap;
        if stored < promoted && promoted < asked.at {
            self.ask(stage, &Asked::at(promoted));
            self.keep(id, Some(DelayedTo::Shared), (from, promoted));
            self.keep(id, Some(DelayedTo::Memory), ((promoted, promoted), at));
        } else {
            self.keep(id, None, (from, at));
        }
        Some(asked)
    }

    /// When the farthest tier hears of what removes all copies; others are told later.
    fn far_delay(&self, sound: &Sound, level: &Level) -> Duration {
        let policy = self.whole.policy;
        let arrivals = sound.action.and_then(|action| {
            let block = action.block(policy)?;
            match heard(policy, action.edge, block, level) {
                Heard::Arrives(arrivals) => Some(arrivals.heard),
                Heard::NotReached(_) | Heard::Lost => None,
            }
        });
        let arrivals = arrivals.unwrap_or_default();
        let is_told = |arrival: &&Arrival| matches!(arrival.place, Place::Told(_));
        let told = arrivals.iter().find(is_told);
        let later = told
            .zip(arrivals.first())
            .map(|(told, far)| told.greatest - far.greatest);
        let is_last = |later: &Duration| *later < sound.delay;
        sound.delay - later.filter(is_last).unwrap_or(Duration::ZERO)
    }

    /// Where memory hears of a write before what is shared: when that does at last.
    fn promoted(&self, bound: &KindBound, level: &Level) -> Option<Duration> {
        let missed = bound.verdict.as_ref().err()?;
        let Reason::NotReached(_) = missed.reason else {
            return None;
        };
        let bus = missed.action?.block(self.whole.policy)?.bus?;
        let bus = self.whole.policy.buses.get(bus.index())?;
        let delay = crate::lives::greatest(&bus.delay);
        (level.tiers.len() > 1 && !delay.is_forever()).then_some(delay)
    }

    /// How a copy can be used that was stored so long ago.
    fn use_of(&self, id: LevelId, level: &Level, lived: Duration) -> Use {
        if lived <= fresh(level) {
            return Use::Fresh;
        }
        match self.usable(id, level) {
            (_, Use::Absent) => {
                let stale = self.lives.get(id.index()).map(|life| life.stale);
                match stale {
                    Some(stale) if lived <= level.rules.ttl + stale => Use::OnError,
                    _ => Use::Absent,
                }
            }
            (_, how) => how,
        }
    }

    /// No invalidation may come to a level's copies in that time.
    /// `from`: from the store on, and from when a `bump` must not come.
    fn keep(
        &mut self,
        level: LevelId,
        to: Option<DelayedTo>,
        ((from, renamed_from), until): ((i64, i64), i64),
    ) {
        self.windows.push(Window {
            level,
            embedded: self.walked_from(level),
            to,
            from,
            renamed_from,
            until,
        });
    }

    /// A copy of a level from before the write; when the write can be.
    fn make(&mut self, stage: &Stage, written: i64, resides_until: i64) -> i64 {
        let at = (written - self.gap).min(resides_until - 2 * self.gap);
        self.ask(stage, &Asked::at(at));
        at + self.gap
    }

    /// A request in which the level is looked up as it was planned.
    pub(super) fn ask(&mut self, stage: &Stage, asked: &Asked) {
        let mut request = stage.request(self.whole, self.requests);
        self.requests += 1;
        request.process = Some(self.maker);
        request.failing.extend(&asked.failing);
        let timed = Timed {
            whole: self.whole,
            stage,
            path: Vec::new(),
            is_copy: true,
        };
        let at = asked.at - timed.clock(&request).looked.unwrap_or(0);
        self.push(at, request);
    }
}

/// So long a copy is used as any other.
fn fresh(level: &Level) -> Duration {
    level.rules.ttl + level.rules.stale_while_revalidate
}
