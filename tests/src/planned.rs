//! Random policies whose invalidation is planned, more or less well: several models, edges and
//! buses, so that some levels are bounded by their edges and others miss one condition.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::fmt::Write as _;

/// A level that is stored.
#[derive(Debug, Clone)]
struct Store {
    tiers: &'static str,
    ttl: &'static str,
    window: &'static str,
    negative: bool,
    stampede: &'static str,
    fence: bool,
    timeout: &'static str,
    cost: &'static str,
    vary: bool,
}

/// One block of edges.
#[derive(Debug, Clone)]
struct Block {
    operations: &'static str,
    timing: &'static str,
    bus: &'static str,
    actions: Vec<&'static str>,
}

/// A policy and its traffic.
#[derive(Debug, Clone)]
pub struct Plan {
    processes: u32,
    origin: &'static str,
    near: &'static str,
    far: &'static str,
    buses: [&'static str; 2],
    tracking: Option<&'static str>,
    item: Store,
    list: Store,
    part: Store,
    page: Option<Store>,
    site: Option<Store>,
    contains: [bool; 4],
    blocks: Vec<Block>,
    cascade: bool,
    faults: Vec<&'static str>,
    rate: &'static str,
}

fn store() -> impl Strategy<Value = Store> {
    (
        (
            select(vec![
                "far",
                "far",
                "far",
                "near",
                "near ttl 2s, far",
                "near, far",
            ]),
            select(vec!["2s", "5s jitter 20%", "15s", "60s", "60s"]),
            select(vec![
                "",
                "",
                "stale-while-revalidate 3s",
                "stale-if-error 6s",
            ]),
            proptest::bool::weighted(0.2),
            select(vec![
                "none",
                "coalesce",
                "lock 500ms wait 200ms",
                "lease 1s wait 300ms",
            ]),
            proptest::bool::weighted(0.6),
        ),
        select(vec!["100ms", "1s", "3s"]),
        select(vec![
            "0s",
            "20ms on db",
            "300ms",
            "exp(mean 100ms) max 4s on db",
            "uniform(5ms..900ms)",
        ]),
        any::<bool>(),
    )
        .prop_map(
            |((tiers, ttl, window, negative, stampede, fence), timeout, cost, vary)| Store {
                tiers,
                ttl,
                window,
                negative,
                stampede,
                fence,
                timeout,
                cost,
                vary,
            },
        )
}

fn block() -> impl Strategy<Value = Block> {
    let actions = vec![
        "purge item(slug)",
        "purge item(slug) when changed(slug, title)",
        "expire item(slug)",
        "bump item(*)",
        "purge item(old.slug)",
        "purge list",
        "expire list when changed(title)",
        "purge part(*)",
        "purge page(*)",
        "purge page(slug)",
        "purge tag \"row:{slug}\"",
        "purge tag \"all\"",
        "purge everything",
    ];
    (
        select(vec![
            "create|update|delete",
            "create|update|delete",
            "create|update|delete",
            "update",
            "update|delete",
        ]),
        select(vec![
            "after commit",
            "after commit",
            "after commit",
            "before commit by 5ms",
        ]),
        select(vec!["", " via slow", " via fast"]),
        subsequence(actions, 2..=9),
    )
        .prop_map(|(operations, timing, bus, actions)| Block {
            operations,
            timing,
            bus,
            actions,
        })
}

/// Random plans.
pub fn plan() -> impl Strategy<Value = Plan> {
    let bus = || {
        select(vec![
            "delivery at-least-once; delay 50ms",
            "delivery at-least-once; delay exp(mean 200ms) min 100ms max 2s; reaches all-processes",
            "delivery at-least-once; delay 5s; reaches all-processes",
            "delivery at-least-once; delay uniform(1s..3s)",
            "delivery in-process; reaches all-processes",
            "delivery at-most-once; delay 400ms; reaches all-processes",
        ])
    };
    let faults = vec![
        "at 20s flush far",
        "at 30s restart process 1",
        "at 40s deploy",
        "at 45s outage db for 3s",
        "at 60s surge 5x over 2s for 10s",
        "at 70s flush near",
        "at 50s outage far for 4s",
        "at 65s outage near for 3s",
    ];
    let capacity = || select(vec!["", "", "capacity 20 entries; evict lru"]);
    (
        (
            1u32..4,
            select(vec![
                "",
                "slots 3",
                "slots 2; failure-rate 10%",
                "replica-lag 50ms max 300ms",
            ]),
            capacity(),
            (
                capacity(),
                select(vec!["", "; latency 1ms", "; on-failure error"]),
            )
                .prop_map(|(capacity, more)| match (capacity, more) {
                    ("", "; latency 1ms") => "latency 1ms",
                    ("", "; on-failure error") => "on-failure error",
                    ("", _) => "",
                    (_, "; latency 1ms") => "capacity 20 entries; evict lru; latency 1ms",
                    _ => "capacity 20 entries; evict lru",
                }),
            [bus(), bus()],
            proptest::option::weighted(
                0.4,
                select(vec![
                    "tracks far; delivery at-least-once; delay uniform(1ms..700ms)",
                    "tracks far; delivery at-most-once loss 10%; delay 300ms",
                    "tracks far max 3; delivery at-least-once; delay exp(mean 200ms) max 3s",
                ]),
            ),
        ),
        (
            store(),
            store(),
            store(),
            proptest::option::weighted(0.8, store()),
            proptest::option::weighted(0.4, store()),
        ),
        any::<[bool; 4]>(),
        proptest::collection::vec(block(), 1..3),
        proptest::bool::weighted(0.2),
        subsequence(faults, 0..=2),
        select(vec!["5/s poisson", "30/s poisson"]),
    )
        .prop_map(
            |(places, levels, contains, blocks, cascade, faults, rate)| {
                let (processes, origin, near, far, buses, tracking) = places;
                let (item, list, part, page, site) = levels;
                Plan {
                    processes,
                    origin,
                    near,
                    far,
                    buses,
                    tracking,
                    item,
                    list,
                    part,
                    page,
                    site,
                    contains,
                    blocks,
                    cascade,
                    faults,
                    rate,
                }
            },
        )
}

impl Plan {
    /// The policy's text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(
            out,
            "policy planned {{ edition 1; processes {} }}",
            self.processes
        );
        out.push_str("model Row { id; slug; title }\nmodel Other { id; name }\n");
        out.push_str("request {\n  user.id personal\n  header lang in [en, de] else en\n}\n");
        let _ = writeln!(out, "origin db {{ {} }}", self.origin);
        let _ = writeln!(out, "backend near memory {{ {} }}", self.near);
        let _ = writeln!(out, "backend far redis {{ {} }}", self.far);
        let _ = writeln!(out, "bus slow {{ {} }}", self.buses[0]);
        let _ = writeln!(out, "bus fast {{ {} }}", self.buses[1]);
        if let Some(tracking) = self.tracking {
            let _ = writeln!(out, "bus told {{ {tracking} }}");
        }
        out.push_str("object item(slug) {\n  reads Row(slug)\n  tags \"row:{slug}\", \"all\"\n");
        self.item.write(&mut out);
        out.push_str("}\nobject list {\n  reads Row.title\n  tags \"all\"\n");
        self.list.write(&mut out);
        out.push_str("}\nfragment part(user) {\n  uses user\n  contains list\n");
        self.part.write(&mut out);
        out.push_str("}\nview page(slug) {\n  route GET \"/p/{slug}\"\n  data others max 3\n");
        let children = ["part(user.id)", "item(slug)", "item(each others)", "list"];
        let chosen = children
            .iter()
            .zip(self.contains)
            .filter(|(_, chosen)| *chosen);
        let mut chosen: Vec<&str> = chosen.map(|(child, _)| *child).collect();
        if chosen.contains(&"item(slug)") {
            chosen.retain(|child| *child != "item(each others)");
        }
        if !chosen.is_empty() {
            let _ = writeln!(out, "  contains {}", chosen.join(", "));
        }
        out.push_str("  reads Other\n");
        let tags = ["tags \"row:{slug}\", \"row:{each others}\""];
        write_or_cost(self.page.as_ref(), &mut out, &tags);
        out.push_str("}\n");
        if let Some(site) = &self.site {
            out.push_str("site everything {\n  route GET|HEAD \"/**\"\n");
            site.write(&mut out);
            out.push_str("}\n");
        }
        self.edges(&mut out);
        self.workload(&mut out);
        out
    }

    fn edges(&self, out: &mut String) {
        for block in &self.blocks {
            let _ = writeln!(
                out,
                "on Row {} {}{} {{",
                block.operations, block.timing, block.bus
            );
            for action in &block.actions {
                if (action.contains("everything") && self.site.is_none())
                    || (action.contains("page") && self.page.is_none())
                {
                    continue;
                }
                let cascade =
                    self.cascade && action.contains("item(slug)") && !action.contains("when");
                let _ = writeln!(out, "  {action}{}", if cascade { " cascade" } else { "" });
            }
            out.push_str("}\n");
        }
        if self.page.is_some() {
            out.push_str("on Other create|update|delete after commit via fast { purge page(*) }\n");
        }
    }

    fn workload(&self, out: &mut String) {
        let _ = writeln!(
            out,
            "workload w {{\n  duration 90s\n  requests {} {{\n    GET \"/p/{{slug}}\" weight 9 slug zipf(0.9, 12)\n    GET \"/other\" weight 1\n  }}",
            self.rate
        );
        out.push_str("  user.id 30% of 5\n  header lang choice(en 70%, de 20%, xx 10%)\n");
        out.push_str("  data others 3 of slug\n");
        out.push_str("  write Row update 0.5/s slug zipf(0.9, 12)\n  write Row create 6/m slug zipf(0.9, 12)\n");
        out.push_str("  write Row delete 3/m slug zipf(0.9, 12)\n  write Other update 6/m\n");
        for fault in &self.faults {
            let _ = writeln!(out, "  {fault}");
        }
        out.push_str("}\n");
    }
}

fn write_or_cost(store: Option<&Store>, out: &mut String, more: &[&str]) {
    match store {
        Some(store) => {
            store.write(out);
            for line in more {
                let _ = writeln!(out, "  {line}");
            }
        }
        None => out.push_str("  cost 30ms\n"),
    }
}

impl Store {
    fn write(&self, out: &mut String) {
        let _ = writeln!(
            out,
            "  store {}\n  ttl {}\n  stampede {}\n  timeout {}\n  cost {}",
            self.tiers, self.ttl, self.stampede, self.timeout, self.cost
        );
        if !self.window.is_empty() {
            let _ = writeln!(out, "  {}", self.window);
        }
        if self.negative {
            out.push_str("  negative ttl 20s\n");
        }
        if self.fence {
            out.push_str("  fence\n");
        }
        if self.vary {
            out.push_str("  vary lang\n");
        }
    }
}
