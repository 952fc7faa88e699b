//! How long the work of a level lasts after it knows something.

use crate::lives::{Life, greatest, is_queued, is_unsaid, latency, times};
use crate::structure::Structure;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::level::{Contain, Level};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::Duration;

/// How long the work of a level lasts after it read, or took in, what makes its result old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rest {
    /// After it read rows itself: its own work begins with that, when all that it embeds is there.
    pub(crate) own: Duration,
    /// After it took in the first copy of a level that it embeds.
    contained: Vec<After>,
}

/// What is left of the work of a level behind one `contains`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct After {
    inner: LevelId,
    rest: Duration,
    /// Whatever is filled on the way is over by then, counted from what made it old: elements are
    /// loaded in batches, of which all time is in `rest`.
    is_all: bool,
}

/// From the beginning of work to its end, without regard to `timeout`.
pub(crate) struct Work {
    pub(crate) all: Duration,
    /// Without waiting for a batch, and of one that is not loaded in one.
    pub(crate) alone: Duration,
}

/// One `contains`.
struct Child {
    inner: LevelId,
    /// From the look-up of one element to its result.
    each: Duration,
    /// How many elements; `None`: any number.
    count: Option<u32>,
    /// They are loaded in batches.
    is_batch: bool,
}

impl Rest {
    /// Of a level; `finer`: the lives of those before it.
    pub(crate) fn of(
        whole: Structure<'_>,
        id: LevelId,
        level: &Level,
        finer: &[Life],
    ) -> (Self, Work) {
        let policy = whole.policy;
        let children: Vec<Child> = children(whole, level, finer).collect();
        // Of the views that a site answers for, each request has one, behind what is written.
        let is_written = |view: &LevelId| level.contains.iter().any(|own| own.level == *view);
        let routed: Vec<_> = whole
            .contained(id)
            .filter(|view| !is_written(view))
            .collect();
        let longest = routed.iter().map(|view| through(finer, *view)).max();
        let longest = longest.unwrap_or(Duration::ZERO);
        let embedded = children
            .iter()
            .map(|child| times(child.each, child.count))
            .fold(longest, |sum, all| sum + all);
        let cost = if level.cost.from_trace || is_unsaid(level) {
            Duration::FOREVER
        } else {
            greatest(&level.cost.otherwise)
        };
        let (parked, rows) = batched(policy, id, level, embedded);
        let queued = if is_queued(policy, level) {
            Duration::FOREVER
        } else {
            Duration::ZERO
        };
        let mut later = parked + queued + cost + rows;
        let mut contained = Vec::new();
        contained.extend(routed.iter().map(|inner| After {
            inner: *inner,
            rest: later,
            is_all: false,
        }));
        later = later + longest;
        for child in children.iter().rev() {
            let all = times(child.each, child.count);
            // What is filled in one batch is read at its beginning.
            let others = if child.is_batch {
                all
            } else {
                times(child.each, child.count.map(|count| count.saturating_sub(1)))
            };
            let life = finer.get(child.inner.index());
            contained.push(After {
                inner: child.inner,
                rest: later + others,
                // The result of somebody else's fill can be older than the list's beginning.
                is_all: child.is_batch && life.is_some_and(|life| !life.shares),
            });
            later = later + all;
        }
        let work = Work {
            all: later,
            alone: embedded + queued + cost,
        };
        let own = cost + rows;
        (Self { own, contained }, work)
    }

    /// After the first copy of a contained level, wherever it stands.
    pub(crate) fn after(&self, inner: LevelId) -> Duration {
        let rests = self.behind(inner).map(|after| after.rest);
        rests.max().unwrap_or(Duration::FOREVER)
    }

    /// After what made the result of a contained level old that is filled on the way and takes this
    /// long from then on.
    pub(crate) fn after_filled(&self, inner: LevelId, own: Duration) -> Duration {
        let rests = self.behind(inner).map(|after| {
            if after.is_all {
                after.rest
            } else {
                own + after.rest
            }
        });
        rests.max().unwrap_or(Duration::FOREVER)
    }

    fn behind(&self, inner: LevelId) -> impl Iterator<Item = &After> {
        let contained = self.contained.iter();
        contained.filter(move |after| after.inner == inner)
    }
}

/// From the look-up of a contained level to its result.
fn through(finer: &[Life], inner: LevelId) -> Duration {
    let life = finer.get(inner.index());
    life.map_or(Duration::FOREVER, |life| life.look_up + life.alone)
}

fn children<'s>(
    whole: Structure<'s>,
    level: &'s Level,
    finer: &'s [Life],
) -> impl Iterator<Item = Child> + 's {
    level.contains.iter().map(move |contain| {
        let batch = whole.level(contain.level).and_then(|level| level.batch);
        let batch = batch.filter(|_| contain.each.is_some());
        let row = batch.map_or(Duration::ZERO, |batch| batch.each);
        Child {
            inner: contain.level,
            each: through(finer, contain.level) + row,
            count: how_many(level, contain),
            is_batch: batch.is_some(),
        }
    })
}

/// What an element of a list that is loaded in batches takes in addition: before its batch, when the
/// other elements are looked up, with what they embed (the batch is worked on before any of them waits
/// for somebody else), and in its batch, for the other rows.
fn batched(
    policy: &Policy,
    id: LevelId,
    level: &Level,
    embedded: Duration,
) -> (Duration, Duration) {
    let (Some(batch), Some(others)) = (level.batch, others_in_lists(policy, id)) else {
        return (Duration::ZERO, Duration::ZERO);
    };
    let members = others.map_or(u32::MAX, |others| others.saturating_add(1));
    let rows = times(batch.each, Some(batch.max.max(1).min(members)));
    (times(latency(policy, level) + embedded, others), rows)
}

/// How many other elements the longest list has that names a level; within, `None`: any number.
fn others_in_lists(policy: &Policy, id: LevelId) -> Option<Option<u32>> {
    let lists = policy.levels.iter().flat_map(|level| {
        let names = move |contain: &&Contain| contain.level == id && contain.each.is_some();
        let of_level = level.contains.iter().filter(names);
        of_level.map(move |contain| how_many(level, contain))
    });
    let others = lists.map(|count| count.map_or(u32::MAX, |count| count.saturating_sub(1)));
    let longest = others.max()?;
    Some((longest < u32::MAX).then_some(longest))
}

/// How many copies one `contains` embeds; `None`: any number.
fn how_many(level: &Level, contain: &Contain) -> Option<u32> {
    use cachepolicy_core::level::ValueSource;
    let Some(each) = contain.each else {
        return Some(1);
    };
    match contain.args.get(usize::from(each)) {
        Some(ValueSource::Data(data)) => level.data.get(usize::from(*data))?.list?.max,
        _ => Some(1),
    }
}
