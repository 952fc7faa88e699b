use super::*;
use cachepolicy_compiler::{Options, Override, compile, compile_text};
use cachepolicy_core::expectation::{Claim, Subject};
use cachepolicy_core::policy::{BackendKind, Capacity};
use cachepolicy_core::{Bytes, Duration};
use cachepolicy_syntax::Severity;

#[test]
fn claims() {
    let policy = policy(
        "view v(id) { route GET|HEAD \"/v/{id:int}\"; reads Page(id); cost 1ms on db }
         workload w { duration 1h }
         expect {
           prove no-leak
           accept staleness(v, *) <= forever
           prove staleness(GET \"/v/{id}\", Page) <= 1m30s
         }
         expect for w {
           latency(requests).p99 <= 250ms
           origin(db).rate.peak_1s < 60/m
           latency(requests).p99   <= 250ms
           backend(shared).bytes_peak <= 1KiB
           recovery(restart process 2) <= 5s
         }",
    );
    let claims: Vec<&Claim> = policy
        .expectations
        .iter()
        .map(|expectation| &expectation.claim)
        .collect();
    assert_eq!(claims.first(), Some(&&Claim::NoLeak));
    assert!(matches!(
        claims.get(1),
        Some(Claim::Staleness {
            model: None,
            limit_seconds: None,
            ..
        })
    ));
    let Some(Claim::Staleness {
        subject,
        limit_seconds,
        ..
    }) = claims.get(2)
    else {
        panic!()
    };
    assert_eq!(*subject, Subject::Route("GET /v/{id:int}".to_owned()));
    assert_eq!(*limit_seconds, Some(90.0));
    let figures: Vec<(&str, f64)> = claims
        .iter()
        .filter_map(|claim| match claim {
            Claim::Figure { figure, limit, .. } => Some((figure.as_str(), *limit)),
            _ => None,
        })
        .collect();
    assert_eq!(
        figures,
        [
            ("latency.p99", 0.25),
            ("rate.peak_1s", 1.0),
            ("latency.p99", 0.25),
            ("bytes_peak", 1_024.0),
            ("recovery", 5.0)
        ]
    );
    let ids: Vec<&str> = policy
        .expectations
        .iter()
        .skip(5)
        .map(|expectation| expectation.id.as_str())
        .collect();
    assert_eq!(ids.first(), Some(&"latency(requests).p99 <= 250ms (2)"));
    assert!(policy.expectations.get(3).unwrap().workload.is_some());
}

#[test]
fn overrides_replace_and_add_properties() {
    let text = format!(
        "{BASE}object a {{ store shared; ttl 5m }}\nworkload w {{ duration 1h; requests 5/s {{ GET \"/\" }} }}"
    );
    let options = Options {
        overrides: [
            "a.ttl=10m jitter 5%",
            "a.negative ttl=15s",
            "shared.capacity=5MiB",
            "policy.processes=2",
            "w.requests=7/s",
            "a.fence=",
        ]
        .map(Override::new)
        .to_vec(),
    };
    let compiled = compile("p", &text, &mut cachepolicy_compiler::NoImports, &options);
    assert!(
        compiled
            .diagnostics
            .iter()
            .all(|found| found.severity != Severity::Error),
        "{:#?}",
        compiled.diagnostics
    );
    let policy = compiled.policy.unwrap();
    let a = level(&policy, "a");
    assert_eq!(
        (a.rules.ttl, a.rules.jitter),
        (Duration::from_secs(600), 0.05)
    );
    assert_eq!(a.rules.negative_ttl, Some(Duration::from_secs(15)));
    assert!(a.rules.fence);
    assert_eq!(policy.processes, 2);
    assert_eq!(
        policy.backends.first().unwrap().capacity,
        Some(Capacity::Bytes(Bytes(5 << 20)))
    );
    let stream = policy.workloads.first().unwrap().requests.first().unwrap();
    assert_eq!(
        (stream.arrivals.per_second, stream.routes.len()),
        (7.0, 1),
        "the block stays"
    );
    assert_eq!(policy.files.len(), 7);
    let plain = compile_text("p", &text).policy.unwrap();
    assert_ne!(plain.hash, policy.hash);
}

#[test]
fn imports_bring_in_items_where_they_stand() {
    let mut loaded = Vec::new();
    let mut loader = |path: &str, from: &str| {
        loaded.push((path.to_owned(), from.to_owned()));
        match path {
            "shop/shared/models.cachepolicy" => {
                Ok("import \"../backends.cachepolicy\"\nmodel Cart { id }\n".to_owned())
            }
            "shop/backends.cachepolicy" => Ok("backend edge cdn { pops 12 }\n".to_owned()),
            _ => Err("no".to_owned()),
        }
    };
    let text = "import \"shared/models.cachepolicy\"\npolicy p { edition 1 }\nobject o { store edge; ttl 1m; reads Cart }\n";
    let compiled = compile(
        "shop/main.cachepolicy",
        text,
        &mut loader,
        &Options::default(),
    );
    assert!(
        compiled.diagnostics.is_empty(),
        "{:#?}",
        compiled.diagnostics
    );
    let policy = compiled.policy.unwrap();
    assert_eq!(
        policy.files,
        [
            "shop/main.cachepolicy",
            "shop/shared/models.cachepolicy",
            "shop/backends.cachepolicy"
        ]
    );
    let edge = policy.backends.first().unwrap();
    assert_eq!(
        (edge.kind, edge.place.file),
        (BackendKind::Cdn { pops: 12 }, 2)
    );
    assert_eq!(loaded.first().unwrap().1, "shop/main.cachepolicy");
}
