//! What the levels of a random policy say of themselves.

use crate::sound::Dice;
use std::fmt::Write as _;

/// Where copies of what is inside the application live.
const INSIDE: &[&str] = &[
    "far",
    "far",
    "far",
    "near",
    "near ttl 2s, far",
    "near, far",
    "kept ttl 3s, far",
    "near ttl 1s, kept ttl 2s, far",
    "kept",
    "nowhere",
];
/// And of whole responses.
const RESPONSES: &[&str] = &[
    "far",
    "far",
    "near ttl 2s, far",
    "near",
    "front",
    "edge",
    "edge ttl 2s, front",
    "edge ttl 3s, far",
    "front, far",
    "nowhere",
];
const TTLS: &[&str] = &[
    "60s",
    "60s",
    "15s",
    "2s",
    "5s jitter 20%",
    "forever",
    "5s sliding",
    "from trace else 4s",
];
const RESPONSE_TTLS: &[&str] = &[
    "60s",
    "60s",
    "15s",
    "3s",
    "5s jitter 20%",
    "forever",
    "10s sliding",
    "from response else 5s max 9s",
    "from response else 3s",
];
const COSTS: &[&str] = &[
    "20ms on db",
    "20ms on db",
    "300ms",
    "uniform(5ms..900ms)",
    "exp(mean 100ms) max 4s on db",
    "uniform(0s..2s) on db",
    "0s",
];

/// A level that is being written.
pub(super) struct Writer<'o, 'd> {
    pub(super) out: &'o mut String,
    pub(super) dice: Dice<'d>,
    pub(super) is_response: bool,
    pub(super) is_for_people: bool,
}

impl Writer<'_, '_> {
    pub(super) fn line(&mut self, line: &str) {
        let _ = writeln!(self.out, "  {line}");
    }

    /// What its own work reads.
    pub(super) fn reads(&mut self, of: &[&'static str]) -> &'static str {
        let reads = self.dice.pick(of);
        if !reads.is_empty() {
            self.line(&format!("reads {reads}"));
        }
        reads
    }

    pub(super) fn stored(&mut self) {
        let (tiers, ttls) = if self.is_response {
            (RESPONSES, RESPONSE_TTLS)
        } else {
            (INSIDE, TTLS)
        };
        let (tiers, ttl) = (self.dice.pick(tiers), self.dice.pick(ttls));
        self.line(&format!("store {tiers}"));
        self.line(&format!("ttl {ttl}"));
        let windows = self.dice.pick(&[
            "",
            "",
            "",
            "stale-while-revalidate 3s",
            "stale-if-error 6s",
            "stale-while-revalidate 2s\n  stale-if-error 4s",
        ]);
        let negative = self
            .dice
            .pick(&["", "", "", "negative ttl 20s", "negative ttl 3s"]);
        let stampede = self.dice.pick(&[
            "",
            "stampede coalesce",
            "stampede lock 500ms wait 200ms",
            "stampede lease 1s wait 300ms",
            "stampede lock 3s",
            "stampede lease 3s wait 2s",
        ]);
        let fence = if self.dice.is(55) { "fence" } else { "" };
        let early = if self.dice.is(12) {
            "early-refresh xfetch beta 2"
        } else {
            ""
        };
        for line in [windows, negative, stampede, fence, early] {
            if !line.is_empty() {
                self.line(line);
            }
        }
    }

    pub(super) fn work(&mut self) {
        let timeout = self.dice.pick(&[
            "",
            "timeout 1s",
            "timeout 3s",
            "timeout 100ms",
            "timeout 10s",
        ]);
        let cost = self.dice.pick(COSTS);
        if !timeout.is_empty() {
            self.line(timeout);
        }
        self.line(&format!("cost {cost}"));
    }

    /// Whom it is for.
    pub(super) fn people(&mut self, name: &str, params: &[&str]) {
        let before = self.dice;
        if self.is_for_people {
            self.dice = self.dice.between(80, 256);
        }
        let uses = self.dice.pick(&[
            "",
            "",
            "",
            "",
            "",
            "uses lang",
            "uses user.id",
            "uses user.role",
            "uses csrf",
            "uses session",
            "uses plan",
            "uses n",
            "uses user.team",
        ]);
        let vary = self.dice.pick(&[
            "",
            "",
            "",
            "",
            "vary lang",
            "vary plan",
            "vary user.id",
            "vary user.role",
            "vary session",
            "vary n",
            "vary user.team",
            "vary lang, user.id, session",
        ]);
        let skip = self.dice.pick(&[
            "",
            "",
            "",
            "",
            "",
            "",
            "skip when user.id",
            "skip when user.id and lang == de",
            "skip when session or plan == pro",
            "skip when user.id or session",
            "skip when n == 2",
        ]);
        for line in [uses, vary, skip] {
            if !line.is_empty() {
                self.line(line);
            }
        }
        // A key of one's own has all parameters, and all that the variants are told apart by.
        if self.dice.is(12) && vary.is_empty() {
            let more =
                self.dice
                    .pick(&["", "{user.id}:", "{session}:{user.id}:", "{lang}:", "{n}:"]);
            let params: Vec<String> = params.iter().map(|param| format!("{{{param}}}")).collect();
            let key = format!("key \"{name}:{more}{}\"", params.join(":"));
            self.line(&key);
        }
        self.dice = self.dice.between(before.low, before.high);
    }
}
