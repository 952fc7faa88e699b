//! Random policies as text, with a workload and faults: every feature of the language that the
//! simulator knows, in combinations that nobody would write.

use proptest::prelude::*;
use proptest::sample::select;
use std::fmt::Write as _;

/// How a level is stored.
#[derive(Debug, Clone)]
pub struct Storage {
    tiers: &'static str,
    ttl: &'static str,
    windows: Vec<&'static str>,
    negative: bool,
    stampede: &'static str,
    fence: bool,
    early: bool,
    timeout: &'static str,
}

/// One level.
#[derive(Debug, Clone)]
pub struct LevelSpec {
    storage: Option<Storage>,
    cost: &'static str,
    size: &'static str,
    vary: bool,
    reads_any: bool,
    tags: bool,
    skip: bool,
    contains: [bool; 3],
    each: bool,
    batch: bool,
}

/// A whole policy.
#[derive(Debug, Clone)]
pub struct Spec {
    processes: u32,
    threads: Option<u32>,
    origin: &'static str,
    backends: [&'static str; 2],
    latency: bool,
    on_failure: &'static str,
    bus: Option<&'static str>,
    tracking: Option<&'static str>,
    before_commit: bool,
    objects: Vec<LevelSpec>,
    fragment: LevelSpec,
    view: LevelSpec,
    site: Option<LevelSpec>,
    actions: Vec<&'static str>,
    rate: &'static str,
    faults: Vec<&'static str>,
}

fn storage() -> impl Strategy<Value = Storage> {
    let windows = ["stale-while-revalidate 5s", "stale-if-error 20s"];
    (
        select(vec!["near", "far", "near ttl 2s, far", "far"]),
        select(vec!["3s", "10s jitter 20%", "20s sliding", "2m", "forever"]),
        proptest::sample::subsequence(windows.to_vec(), 0..=2),
        any::<bool>(),
        select(vec![
            "none",
            "coalesce",
            "lock 500ms wait 200ms",
            "lease 1s wait 300ms",
            "lease 5s",
        ]),
        any::<bool>(),
        proptest::bool::weighted(0.2),
        select(vec!["100ms", "1s", "30s"]),
    )
        .prop_map(
            |(tiers, ttl, windows, negative, stampede, fence, early, timeout)| Storage {
                tiers,
                ttl,
                windows,
                negative,
                stampede,
                fence,
                early,
                timeout,
            },
        )
}

fn level(storage: impl Strategy<Value = Option<Storage>>) -> impl Strategy<Value = LevelSpec> {
    (
        storage,
        select(vec![
            "0s",
            "20ms on db",
            "exp(mean 50ms) max 2s on db",
            "uniform(5ms..300ms)",
            "lognormal(p50 40ms, p99 900ms) on db",
        ]),
        select(vec!["100B", "uniform(10B..4KiB)"]),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        proptest::bool::weighted(0.2),
        any::<[bool; 3]>(),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |(storage, cost, size, vary, reads_any, tags, skip, contains, each, batch)| LevelSpec {
                storage,
                cost,
                size,
                vary,
                reads_any,
                tags,
                skip,
                contains,
                each,
                batch,
            },
        )
}

/// Random policies.
pub fn spec() -> impl Strategy<Value = Spec> {
    let faults = vec![
        "at 20s flush far",
        "at 30s outage far for 5s",
        "at 40s restart process 1",
        "at 50s deploy",
        "at 55s outage db for 4s",
        "at 60s surge 5x over 2s for 10s",
        "at 70s flush near",
    ];
    let actions = vec![
        "purge item0(slug)",
        "expire item0(slug) when changed(title)",
        "purge page(slug)",
        "expire page(*)",
        "bump item0(*)",
        "purge tag \"t:{slug}\" cascade",
        "expire tag \"t:{slug}\"",
        "purge part(*)",
        "purge item0(slug) cascade",
    ];
    let places = (
        select(vec![
            "",
            "slots 1",
            "slots 3",
            "slots 2; failure-rate 10%",
            "slots 4; replica-lag 50ms max 300ms",
            "rate 20/s burst 5",
        ]),
        [
            select(vec![
                "",
                "capacity 20 entries; evict lru",
                "capacity 3KiB; evict fifo",
            ]),
            select(vec![
                "",
                "capacity 30 entries; evict fifo",
                "capacity 10KiB; evict lru",
                "capacity 1 entries",
            ]),
        ],
        any::<bool>(),
        select(vec!["", "on-failure bypass after 20ms", "on-failure error"]),
        proptest::option::of(select(vec![
            "delivery at-least-once; delay exp(mean 40ms) max 2s",
            "delivery at-most-once loss 20%; delay 100ms; reaches all-processes",
            "delivery in-process",
        ])),
        proptest::option::of(select(vec![
            "tracks far; delivery at-least-once; delay 5ms",
            "tracks far; delivery at-most-once loss 10%; delay exp(mean 40ms) max 1s",
            "tracks far max 3; delivery at-most-once",
        ])),
        any::<bool>(),
    );
    let levels = (
        proptest::collection::vec(level(storage().prop_map(Some)), 1..3),
        level(storage().prop_map(Some)),
        level(proptest::option::weighted(0.7, storage())),
        proptest::option::of(level(storage().prop_map(Some))),
    );
    (
        (1u32..4, proptest::option::of(1u32..6)),
        places,
        levels,
        proptest::sample::subsequence(actions, 0..=4),
        select(vec!["2/s poisson", "20/s poisson", "10/s constant"]),
        proptest::sample::subsequence(faults, 0..=3),
    )
        .prop_map(
            |(
                (processes, threads),
                places,
                (objects, fragment, view, site),
                actions,
                rate,
                faults,
            )| {
                let (origin, backends, latency, on_failure, bus, tracking, before_commit) = places;
                Spec {
                    processes,
                    threads,
                    origin,
                    backends,
                    latency,
                    on_failure,
                    bus,
                    tracking,
                    before_commit,
                    objects,
                    fragment,
                    view,
                    site,
                    actions,
                    rate,
                    faults,
                }
            },
        )
}

impl Spec {
    /// The policy's text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.places(&mut out);
        for (index, object) in self.objects.iter().enumerate() {
            let _ = writeln!(out, "object item{index}(slug) {{");
            object.body(&mut out, "Row(slug)", "slug");
            out.push_str("}\n");
        }
        out.push_str("fragment part(user) {\n  uses user\n");
        self.fragment.children(&mut out, &["item0(user)"]);
        self.fragment.body(&mut out, "Row.title", "user");
        out.push_str("}\nview page(slug) {\n  route GET \"/p/{slug}\"\n  data others max 3\n");
        let each = if self.view.each {
            "item0(each others)"
        } else {
            "item0(slug)"
        };
        let second = format!("item{}(slug)", self.objects.len() - 1);
        let second = if second == "item0(slug)" {
            "part(user.id)"
        } else {
            second.as_str()
        };
        self.view
            .children(&mut out, &["part(user.id)", each, second]);
        self.view.body(&mut out, "Row(slug)", "slug");
        out.push_str("}\n");
        if let Some(site) = &self.site {
            out.push_str("site everything {\n  route GET|HEAD \"/**\"\n");
            site.body(&mut out, "Row", "lang");
            out.push_str("}\n");
        }
        self.edges_and_workload(&mut out);
        out
    }

    fn places(&self, out: &mut String) {
        let threads = self
            .threads
            .map_or(String::new(), |threads| format!("; threads {threads}"));
        let latency = if self.latency {
            "; latency uniform(100us..2ms)"
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "policy random {{ edition 1; processes {}{threads} }}",
            self.processes
        );
        out.push_str("model Row { id; slug; title }\n");
        out.push_str("request {\n  user.id personal\n  header lang in [en, de] else en\n}\n");
        let _ = writeln!(out, "origin db {{ {} }}", self.origin);
        let _ = writeln!(out, "backend near memory {{ {} }}", self.backends[0]);
        let failure = if self.on_failure.is_empty() {
            String::new()
        } else {
            format!("; {}", self.on_failure)
        };
        let _ = writeln!(
            out,
            "backend far redis {{ {}{latency}{failure} }}",
            self.backends[1]
        );
        if let Some(bus) = self.bus {
            let _ = writeln!(out, "bus wire {{ {bus} }}");
        }
        if let Some(tracking) = self.tracking {
            let _ = writeln!(out, "bus told {{ {tracking} }}");
        }
    }

    fn edges_and_workload(&self, out: &mut String) {
        if !self.actions.is_empty() {
            let timing = if self.before_commit {
                " before commit by 5ms"
            } else {
                " after commit"
            };
            let via = if self.bus.is_some() { " via wire" } else { "" };
            let _ = writeln!(
                out,
                "on Row create|update|delete{timing}{via} {{\n  {}\n}}",
                self.actions.join("\n  ")
            );
        }
        let _ = writeln!(
            out,
            "workload w {{\n  duration 90s\n  requests {} {{\n    GET \"/p/{{slug}}\" weight 9 slug zipf(0.9, 40)\n    GET \"/other\" weight 1\n  }}",
            self.rate
        );
        out.push_str("  user.id 30% of 5\n  header lang choice(en 70%, de 20%, xx 10%)\n  data others 3 of slug\n");
        out.push_str("  write Row update 0.5/s slug zipf(0.9, 40)\n  write Row create 3/m\n");
        for fault in &self.faults {
            let _ = writeln!(out, "  {fault}");
        }
        out.push_str("}\n");
    }
}

impl LevelSpec {
    fn children(&self, out: &mut String, children: &[&str]) {
        let mut chosen: Vec<&str> = children
            .iter()
            .zip(self.contains)
            .filter(|(_, chosen)| *chosen)
            .map(|(child, _)| *child)
            .collect();
        chosen.dedup();
        if !chosen.is_empty() {
            let _ = writeln!(out, "  contains {}", chosen.join(", "));
        }
    }

    fn body(&self, out: &mut String, reads: &str, tag: &str) {
        let _ = writeln!(out, "  cost {}\n  size {}", self.cost, self.size);
        let _ = writeln!(
            out,
            "  reads {}",
            if self.reads_any { "Row" } else { reads }
        );
        if self.batch {
            out.push_str("  batch max 5 each 1ms\n");
        }
        if self.vary {
            out.push_str("  vary lang\n");
        }
        if self.skip {
            out.push_str("  skip when user.id and lang == de\n");
        }
        let Some(storage) = &self.storage else { return };
        if self.tags && tag != "lang" {
            let _ = writeln!(out, "  tags \"t:{{{tag}}}\"");
        }
        let _ = writeln!(
            out,
            "  store {}\n  ttl {}\n  stampede {}",
            storage.tiers, storage.ttl, storage.stampede
        );
        let _ = writeln!(out, "  timeout {}", storage.timeout);
        for window in &storage.windows {
            let _ = writeln!(out, "  {window}");
        }
        if storage.negative {
            out.push_str("  negative ttl 2s\n");
        }
        if storage.fence {
            out.push_str("  fence\n");
        }
        if storage.early {
            out.push_str("  early-refresh xfetch beta 1\n");
        }
    }
}
