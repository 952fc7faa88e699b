//! `wtinylfu`: a window for what is new; from there, only what was used more often than who would
//! have to leave gets into the main part. The window's share adapts to the traffic.

mod climber;

use super::list::Lists;
use super::sketch::Sketch;
use super::{Eviction, Newcomer, Setting, Victim, View};
use climber::Climber;
use rand_pcg::Pcg32;
use rand_pcg::rand_core::{Rng, SeedableRng};

const WINDOW: usize = 0;
const PROBATION: usize = 1;
const PROTECTED: usize = 2;
/// No segment is left to look into.
const NOWHERE: usize = 3;

/// The place of the newcomer among slots, before it has one.
const NEWCOMER: u32 = u32::MAX;

/// The main part's share of the capacity at first, and the protected share of the main part.
const MAIN_SHARE: f64 = 0.99;
const PROTECTED_SHARE: f64 = 0.8;

/// A candidate of at least this estimated frequency may win by chance, …
const LUCKY_FROM: u64 = 6;

/// … where these bits of a number drawn are zero: once in 128.
const LUCK_MASK: u32 = 127;

/// At most so many copies move between segments at once for the sake of a new share.
const MOVES_MAX: usize = 1_000;

/// W-TinyLFU (Einziger, Friedman, Manes, ACM TOS 13(4), 2017) as Caffeine 3.1 builds it
/// (`BoundedLocalCache`): a window in LRU order, at first 1%, before a segmented LRU, of which 80%
/// is protected. What falls out of the window goes on probation; if the store is full then, the
/// one with the lower estimated frequency leaves, who fell or the oldest on probation, and on a tie
/// the former. A candidate used 6 times or more also wins by chance, once in 128: whoever knows the
/// hash function cannot keep it out for good. Here the store's seed decides about that.
///
/// The window grows or shrinks by hill climbing (Einziger, Eytan, Friedman, Manes, "Adaptive
/// software cache management", Middleware 2018): see [`Climber`].
///
/// A copy larger than the window becomes a candidate at once, and is refused if it loses.
#[derive(Debug, Clone)]
pub(crate) struct WTinyLfu {
    segments: Lists,
    /// By slot: the segment that it is in.
    segment_of: Vec<u8>,
    weights: [u64; 3],
    capacity: u64,
    by_bytes: bool,
    window_max: u64,
    protected_max: u64,
    copies: u64,
    sketch: Sketch,
    climber: Climber,
    lots: Pcg32,
    contest: Contest,
}

/// How far the search for somebody to leave has come, for one newcomer.
#[derive(Debug, Clone, Copy)]
struct Contest {
    /// Who fell out of the window, and who would have to leave.
    candidate: Option<u32>,
    defender: Option<u32>,
    /// Where they come from.
    candidates: usize,
    defenders: usize,
    /// Is the newcomer the newest in the window?
    at_the_window: bool,
}

const NO_CONTEST: Contest = Contest {
    candidate: None,
    defender: None,
    candidates: PROBATION,
    defenders: PROBATION,
    at_the_window: false,
};

impl WTinyLfu {
    #[inline]
    fn join(&mut self, segment: usize, slot: u32, weight: u64) {
        self.segment_of[slot as usize] = segment as u8;
        self.segments.push(segment, slot);
        self.weights[segment] += weight;
    }

    #[inline]
    fn leave(&mut self, slot: u32, weight: u64) {
        let segment = usize::from(self.segment_of[slot as usize]);
        self.segments.unlink(slot);
        self.weights[segment] -= weight;
    }

    #[inline]
    fn transfer(&mut self, slot: u32, weight: u64, to: usize) {
        self.leave(slot, weight);
        self.join(to, slot, weight);
    }

    /// Moves what the window has too much of, if so much arrives, on probation. Returns the first.
    fn spill(&mut self, arriving: u64, view: View<'_>) -> Option<u32> {
        let mut first = None;
        let mut next = self.segments.oldest(WINDOW);
        while self.weights[WINDOW].saturating_add(arriving) > self.window_max
            && let Some(slot) = next
        {
            next = self.segments.newer(slot);
            let weight = view.copies.weight(slot);
            if weight > 0 {
                self.transfer(slot, weight, PROBATION);
                first = first.or(Some(slot));
            }
        }
        first
    }

    /// Who begins, once what falls out of the window has fallen.
    fn contest(&mut self, newcomer: Option<Newcomer>, view: View<'_>) {
        let at_once = newcomer.filter(|newcomer| newcomer.weight > self.window_max);
        let fell = match newcomer {
            Some(newcomer) if at_once.is_none() => self.spill(newcomer.weight, view),
            _ => self.spill(0, view),
        };
        let waiting = at_once.map(|_| NEWCOMER);
        self.contest = Contest {
            candidate: fell.or(waiting),
            defender: self.segments.oldest(PROBATION).or(waiting),
            at_the_window: newcomer.is_some() && at_once.is_none(),
            ..NO_CONTEST
        };
    }

    /// Fills the places of who contends from the segments that are left; is there anybody?
    fn pair(&mut self) -> bool {
        loop {
            let contest = &mut self.contest;
            let in_window = contest.at_the_window.then_some(NEWCOMER);
            if contest.candidate.is_none() && contest.candidates == PROBATION {
                contest.candidate = self.segments.oldest(WINDOW).or(in_window);
                contest.candidates = WINDOW;
            }
            if contest.candidate.is_some() || contest.defender.is_some() {
                return true;
            }
            contest.defenders = match contest.defenders {
                PROBATION => PROTECTED,
                PROTECTED => WINDOW,
                _ => NOWHERE,
            };
            if contest.defenders == NOWHERE {
                return false;
            }
            contest.defender = self.segments.oldest(contest.defenders);
            if contest.defenders == WINDOW {
                contest.defender = contest.defender.or(in_window);
            }
        }
    }

    /// The next one in the segment that a contender is in.
    fn after(&self, slot: u32) -> Option<u32> {
        if slot == NEWCOMER {
            return None;
        }
        let in_window = usize::from(self.segment_of[slot as usize]) == WINDOW;
        let last = (in_window && self.contest.at_the_window).then_some(NEWCOMER);
        self.segments.newer(slot).or(last)
    }

    fn weighs_nothing(contender: u32, view: View<'_>) -> bool {
        contender != NEWCOMER && view.copies.weight(contender) == 0
    }

    /// One of the two leaves. On a tie of nobody with somebody, somebody.
    fn judge(&mut self, newcomer: Option<Newcomer>, view: View<'_>) -> Option<u32> {
        let Contest {
            candidate,
            defender,
            ..
        } = self.contest;
        match (candidate, defender) {
            (None, None) => None,
            (_, Some(slot)) if Self::weighs_nothing(slot, view) => {
                self.contest.defender = self.after(slot);
                None
            }
            (Some(slot), _) if Self::weighs_nothing(slot, view) => {
                self.contest.candidate = self.after(slot);
                None
            }
            (Some(slot), None) => {
                self.contest.candidate = self.after(slot);
                Some(slot)
            }
            (None, Some(slot)) => {
                self.contest.defender = self.after(slot);
                Some(slot)
            }
            (Some(candidate), Some(defender)) if candidate == defender => {
                self.contest.defender = self.after(defender);
                self.contest.candidate = None;
                Some(candidate)
            }
            (Some(candidate), Some(defender)) => {
                let after = self.after(candidate);
                let leaves = if self.wins(candidate, defender, newcomer, view) {
                    self.contest.defender = self.after(defender);
                    defender
                } else {
                    candidate
                };
                self.contest.candidate = after;
                Some(leaves)
            }
        }
    }

    fn wins(
        &mut self,
        candidate: u32,
        defender: u32,
        newcomer: Option<Newcomer>,
        view: View<'_>,
    ) -> bool {
        let estimate = |slot| match newcomer {
            Some(newcomer) if slot == NEWCOMER => self.sketch.estimate(newcomer.key),
            _ => self.sketch.estimate(view.copies.key(slot)),
        };
        let (candidate, defender) = (estimate(candidate), estimate(defender));
        candidate > defender || (candidate >= LUCKY_FROM && self.lots.next_u32() & LUCK_MASK == 0)
    }

    /// What is protected beyond its share goes back on probation.
    #[inline]
    fn demote(&mut self, view: View<'_>) {
        for _ in 0..MOVES_MAX {
            if self.weights[PROTECTED] <= self.protected_max {
                return;
            }
            let Some(slot) = self.segments.oldest(PROTECTED) else {
                return;
            };
            self.transfer(slot, view.copies.weight(slot), PROBATION);
        }
    }

    /// Done after each access: demotes, and carries on with a change of the window's share.
    #[inline]
    fn maintain(&mut self, view: View<'_>) {
        self.climber.adapt(&self.sketch, self.capacity);
        self.demote(view);
        match self.climber.adjustment {
            0 => {}
            amount if amount > 0 => self.grow_window(amount.unsigned_abs(), view),
            amount => self.shrink_window(amount.unsigned_abs(), view),
        }
    }

    fn grow_window(&mut self, amount: u64, view: View<'_>) {
        if self.protected_max == 0 {
            return;
        }
        let mut quota = amount.min(self.protected_max);
        self.protected_max -= quota;
        self.window_max += quota;
        self.demote(view);
        for _ in 0..MOVES_MAX {
            let fits = |slot: &u32| view.copies.weight(*slot) <= quota;
            let on_probation = self.segments.oldest(PROBATION).filter(fits);
            let Some(slot) = on_probation.or_else(|| self.segments.oldest(PROTECTED).filter(fits))
            else {
                break;
            };
            let weight = view.copies.weight(slot);
            quota -= weight;
            self.transfer(slot, weight, WINDOW);
        }
        self.protected_max += quota;
        self.window_max -= quota;
        self.climber.adjustment = quota as i64;
    }

    fn shrink_window(&mut self, amount: u64, view: View<'_>) {
        if self.window_max <= 1 {
            return;
        }
        let mut quota = amount.min(self.window_max - 1);
        self.protected_max += quota;
        self.window_max -= quota;
        for _ in 0..MOVES_MAX {
            let fits = |slot: &u32| view.copies.weight(*slot) <= quota;
            let Some(slot) = self.segments.oldest(WINDOW).filter(fits) else {
                break;
            };
            let weight = view.copies.weight(slot);
            quota -= weight;
            self.transfer(slot, weight, PROBATION);
        }
        self.protected_max -= quota;
        self.window_max += quota;
        self.climber.adjustment = -(quota as i64);
    }

    /// Moves the copy of a slot as a use of it does.
    #[inline]
    fn promote(&mut self, slot: u32, weight: u64) {
        match usize::from(self.segment_of[slot as usize]) {
            PROBATION if weight <= self.protected_max => self.transfer(slot, weight, PROTECTED),
            segment => self.segments.renew(segment, slot),
        }
    }
}

impl Eviction for WTinyLfu {
    fn new(setting: Setting) -> Self {
        let capacity = setting.capacity;
        let window_max = capacity - (MAIN_SHARE * capacity as f64) as u64;
        let protected_max = (PROTECTED_SHARE * (capacity - window_max) as f64) as u64;
        Self {
            segments: Lists::new(3),
            segment_of: Vec::new(),
            weights: [0; 3],
            capacity,
            by_bytes: setting.by_bytes,
            window_max,
            protected_max,
            copies: 0,
            sketch: Sketch::default(),
            climber: Climber::new(capacity),
            lots: Pcg32::seed_from_u64(setting.seed),
            contest: NO_CONTEST,
        }
    }

    #[inline]
    fn arriving(&mut self, newcomer: Newcomer, view: View<'_>) {
        let weight: u64 = self.weights.iter().sum();
        if weight.saturating_add(newcomer.weight) >= self.capacity / 2 {
            self.sketch.fit(if self.by_bytes {
                self.copies + 1
            } else {
                self.capacity
            });
        }
        self.sketch.count(newcomer.key);
        self.climber.missed();
        self.contest(Some(newcomer), view);
    }

    #[inline]
    fn inserted(&mut self, slot: u32, view: View<'_>) {
        let weight = view.copies.weight(slot);
        let segment = if weight > self.window_max {
            PROBATION
        } else {
            WINDOW
        };
        super::put(&mut self.segment_of, slot, segment as u8);
        self.join(segment, slot, weight);
        self.copies += 1;
        self.maintain(view);
    }

    #[inline]
    fn touched(&mut self, slot: u32, view: View<'_>) {
        if self.sketch.is_empty() {
            return;
        }
        self.sketch.count(view.copies.key(slot));
        self.climber.hit();
        self.promote(slot, view.copies.weight(slot));
        self.maintain(view);
    }

    fn replaced(&mut self, slot: u32, weight_before: u64, view: View<'_>) {
        let weight = view.copies.weight(slot);
        let segment = usize::from(self.segment_of[slot as usize]);
        self.weights[segment] = self.weights[segment] - weight_before + weight;
        if segment == WINDOW && weight > self.window_max {
            self.transfer(slot, weight, PROBATION);
        }
        self.touched(slot, view);
    }

    #[inline]
    fn removed(&mut self, slot: u32, view: View<'_>) {
        self.leave(slot, view.copies.weight(slot));
        self.copies -= 1;
    }

    fn victim(&mut self, newcomer: Option<Newcomer>, view: View<'_>) -> Victim {
        if newcomer.is_none() {
            self.contest(None, view);
        }
        while self.pair() {
            match self.judge(newcomer, view) {
                None => {}
                Some(NEWCOMER) => break,
                Some(slot) => {
                    self.removed(slot, view);
                    return Victim::Slot(slot);
                }
            }
        }
        self.maintain(view);
        Victim::Newcomer
    }
}
