//! The runtime over a cluster of three nodes on loopback.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use cachepolicy_runtime::{Cache, Hit, Outcome, Redis};
use cachepolicy_tests::redis_server::Server;
use support::{eventually, get, over, write};

const HIT: Outcome = Outcome::Hit(Hit::Fresh);

fn is_filled(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Filled {
            not_stored: None,
            ..
        }
    )
}

/// Three nodes that know each other, each with a third of the slots.
async fn cluster() -> Vec<Server> {
    let settings = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
    let nodes: Vec<Server> = (0..3).map(|_| Server::start(&settings)).collect();
    let slots = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];
    for (node, (from, to)) in nodes.iter().zip(slots) {
        node.command(&["CLUSTER", "ADDSLOTSRANGE", from, to]);
        let port = nodes[0].port().to_string();
        node.command(&["CLUSTER", "MEET", "127.0.0.1", &port]);
    }
    for node in &nodes {
        eventually(async || {
            let info = node.text(&["CLUSTER", "INFO"]);
            info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
        })
        .await;
    }
    nodes
}

fn open(policy: &str, nodes: &[Server]) -> Cache {
    over(
        policy,
        Redis::cluster(nodes.iter().map(Server::address)).unwrap(),
    )
}

fn policy(properties: &str, edges: &str) -> String {
    format!(
        "policy spread {{ edition 1; processes 2 }}
         model Row {{ id; slug }}
         origin db {{ }}
         backend near memory
         backend far redis {{ on-failure bypass after 5s }}
         bus told {{ delivery at-most-once; reaches all-processes }}
         bus outbox {{ delivery at-least-once; reaches all-processes }}
         object item(slug) {{ cost 1ms on db; ttl 1h; {properties} }}
         on Row update {{ {edges} }}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_are_as_one() {
    let nodes = cluster().await;
    let rows: Vec<String> = (0..50).map(|row| row.to_string()).collect();
    // How many of the rows does a write of row 7 reach?
    for (number, (edges, reached)) in [
        ("purge item(slug)", 1),
        ("purge item(*)", 50),
        ("expire item(slug)", 1),
        ("bump item(slug)", 1),
        ("bump item(*)", 50),
        ("purge tag \"row:{slug}\"", 1),
        ("purge tag \"all\"", 50),
    ]
    .into_iter()
    .enumerate()
    {
        for protection in ["fence", "stampede lease 5s wait 5s"] {
            let properties = format!("store far; tags \"row:{{slug}}\", \"all\"; {protection}");
            let text = policy(&properties, edges).replace(
                "backend far redis {",
                &format!(
                    "backend far redis {{ prefix \"{number}{}\";",
                    protection.len()
                ),
            );
            let (one, other) = (open(&text, &nodes), open(&text, &nodes));
            for row in &rows {
                assert!(is_filled(get(&one, row, 1).await.outcome), "{edges}: {row}");
                assert_eq!(get(&other, row, 2).await.outcome, HIT, "{edges}: {row}");
            }
            assert_eq!(write(&other, "7").await.unwrap().lost, 0);
            let mut filled = 0;
            for row in &rows {
                filled += usize::from(is_filled(get(&one, row, 3).await.outcome));
            }
            assert_eq!(filled, reached, "{edges}, {protection}");
        }
    }
    for node in &nodes {
        assert!(!node.keys("*").is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn buses_go_over_a_cluster() {
    for bus in ["told", "outbox"] {
        let nodes = cluster().await;
        let text = policy("store near, far", "purge item(slug)")
            .replace("on Row update", &format!("on Row update via {bus}"));
        let (one, other) = (open(&text, &nodes), open(&text, &nodes));
        for value in 1..=4 {
            eventually(async || {
                // Until both listen they forget what they have.
                write(&one, "a").await.unwrap();
                let is_new =
                    async |cache| get(cache, "a", value).await.value.as_deref() == Some(&value);
                is_new(&one).await && is_new(&other).await
            })
            .await;
        }
    }
}
