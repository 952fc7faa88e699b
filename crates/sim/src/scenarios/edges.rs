//! Invalidation edges: which copies go, when, and where.

use super::{Scenario, fields, outcomes};
use cachepolicy_core::edge::Operation;

const MODELS: &str = "model Row { id; slug; title; group -> Group; labels -> many Label }
    model Group { id; name; parent -> Group }
    model Label { id; name }
    backend copies redis
    ";

fn pages(more: &str) -> Scenario {
    Scenario::new(&format!(
        "{MODELS} view page(x) {{ route GET \"/p/{{x}}\"; store copies; ttl 1h; stale-while-revalidate 10s }}\n{more}"
    ))
}

#[test]
fn a_purge_removes_and_an_expire_makes_stale() {
    for (verb, expected) in [
        ("purge", [0, 0, 2, 0, 0]),
        ("expire", [0, 1, 1, 0, 0]),
        ("bump", [0, 0, 2, 0, 0]),
    ] {
        let mut scenario = pages(&format!("on Row update {{ {verb} page(x: slug) }}"));
        scenario
            .get(0.0, "/p/a")
            .update(5.0, "Row", &[("slug", "a")])
            .get(6.0, "/p/a");
        let report = scenario.run();
        assert_eq!(outcomes(&report, "page"), expected, "{verb}");
        let row = &report.invalidation[0];
        assert_eq!(
            (row.deliveries, row.removed, row.useless, row.lost),
            (1, 1, 0, 0)
        );
    }
}

#[test]
fn what_is_bumped_stays_and_takes_room() {
    let mut scenario = pages("on Row update { bump page(*) }");
    scenario
        .get(0.0, "/p/a")
        .get(0.0, "/p/b")
        .update(5.0, "Row", &[("slug", "z")])
        .get(6.0, "/p/a");
    let report = scenario.run();
    assert_eq!(report.backends["copies"].entries, 3);
    assert_eq!(report.invalidation[0].removed, 2);
}

#[test]
fn repeating_an_expire_extends_nothing() {
    let mut scenario = pages("on Row update { expire page(x: slug) }");
    scenario
        .get(0.0, "/p/a")
        .update(5.0, "Row", &[("slug", "a")])
        .update(14.0, "Row", &[("slug", "a")])
        .get(15.0, "/p/a");
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [0, 0, 2, 0, 0]);
    assert_eq!(
        (
            report.invalidation[0].removed,
            report.invalidation[0].useless
        ),
        (1, 1)
    );
}

#[test]
fn a_bare_field_is_both_images() {
    let mut scenario = pages("on Row update { purge page(x: slug) }");
    for path in ["/p/a", "/p/b", "/p/c"] {
        scenario.get(0.0, path).get(2.0, path);
    }
    scenario.write(1.0, "Row", |write| {
        write.old = Some(fields(&[("id", "1"), ("slug", "a")]));
        write.new = Some(fields(&[("id", "1"), ("slug", "b")]));
    });
    assert_eq!(outcomes(&scenario.run(), "page"), [1, 0, 5, 0, 0]);
}

#[test]
fn conditions_are_asked() {
    let text = "on Row update { purge page(x: slug) when changed(title) }
                on Row create|delete { purge page(x: slug) }";
    for (operation, title, removed) in [
        (Operation::Update, "new", 1),
        (Operation::Update, "old", 0),
        (Operation::Create, "old", 1),
        (Operation::Delete, "old", 1),
    ] {
        let mut scenario = pages(text);
        let row = |title| fields(&[("slug", "a"), ("title", title), ("id", "1"), ("group", "2")]);
        scenario.get(0.0, "/p/a").write(1.0, "Row", |write| {
            write.operation = operation;
            write.old = (operation != Operation::Create).then(|| row("old"));
            write.new = (operation != Operation::Delete).then(|| row(title));
        });
        let report = scenario.run();
        let sum: u64 = report.invalidation.iter().map(|row| row.removed).sum();
        assert_eq!(sum, removed, "{operation:?} {title}");
    }
    // Images that only say which row it was do not say that its title is the same.
    let mut scenario = pages(text);
    scenario.get(0.0, "/p/a").write(1.0, "Row", |write| {
        write.old = Some(fields(&[("slug", "a"), ("id", "1")]));
        write.new.clone_from(&write.old);
    });
    assert_eq!(scenario.run().invalidation[0].removed, 1);
}

#[test]
fn joins_follow_references() {
    // By what the trace nests, by what earlier writes showed, and by convention.
    let mut scenario =
        pages("on Row update { purge page(x: group.name); purge page(x: group.parent.name) }");
    for path in ["/p/nested", "/p/shown", "/p/7", "/p/8", "/p/other"] {
        scenario.get(0.0, path).get(10.0, path);
    }
    use cachepolicy_trace::event::Value;
    let with_group = |group: Value| {
        Some(vec![
            ("id".to_owned(), Value::Text("1".into())),
            ("group".to_owned(), group),
        ])
    };
    scenario.write(1.0, "Row", |write| {
        write.new = with_group(Value::Row(fields(&[
            ("id", "5"),
            ("name", "nested"),
            ("parent", "6"),
        ])));
    });
    scenario.update(2.0, "Group", &[("id", "6"), ("name", "shown")]);
    scenario.write(3.0, "Row", |write| {
        write.new = with_group(Value::Text("6".into()))
    });
    scenario.write(4.0, "Row", |write| {
        write.new = with_group(Value::Row(fields(&[("id", "7"), ("parent", "8")])));
    });
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [1, 0, 9, 0, 0]);
}

#[test]
fn each_of_many() {
    let mut scenario = pages("on Row update { purge page(x: each labels.name) }");
    for path in ["/p/a", "/p/b", "/p/c"] {
        scenario.get(0.0, path).get(10.0, path);
    }
    scenario.update(1.0, "Label", &[("id", "2"), ("name", "b")]);
    scenario.update(2.0, "Row", &[("id", "1"), ("labels", "a|2")]);
    assert_eq!(outcomes(&scenario.run(), "page"), [1, 0, 5, 0, 0]);
}

#[test]
fn every_variant_is_reached() {
    let mut scenario = Scenario::new(&format!(
        "{MODELS} request {{ cookie currency in [EUR, USD] else EUR }}
         view page(x) {{ route GET \"/p/{{x}}\"; store copies; ttl 1h; uses currency; vary currency }}
         on Row update {{ purge page(x: slug) }}"
    ));
    for (seconds, currency) in [
        (0.0, "EUR"),
        (0.0, "USD"),
        (2.0, "EUR"),
        (2.0, "USD"),
        (3.0, "USD"),
        (4.0, "GBP"),
    ] {
        scenario.request(seconds, "/p/a", |request| {
            request.cookies_known = true;
            request.cookies.push(("currency".into(), currency.into()));
        });
        scenario.request(seconds, "/p/a?page=2", |request| {
            request.cookies_known = true;
            request.cookies.push(("currency".into(), currency.into()));
        });
    }
    scenario.update(1.0, "Row", &[("slug", "a")]);
    let report = scenario.run();
    assert_eq!(report.invalidation[0].removed, 4);
    // Pounds are outside the domain.
    assert_eq!(outcomes(&report, "page"), [2, 0, 8, 0, 2]);
}

#[test]
fn tags_lead_to_their_bearers() {
    let mut scenario = Scenario::new(&format!(
        "{MODELS} view page(x) {{ route GET \"/p/{{x}}\"; store copies; ttl 1h; tags \"all\", \"row:{{x}}\" }}
         view shelf(x) {{ route GET \"/s/{{x}}\"; store copies; ttl 1h; data rows list max 9; tags \"row:{{each rows}}\" }}
         on Row update {{ purge tag \"row:{{slug}}\" }}
         on Row delete {{ purge tag \"all\" }}"
    ));
    for seconds in [0.0, 2.0] {
        scenario.get(seconds, "/p/a").get(seconds, "/p/b");
        for (path, rows) in [("/s/1", ["a", "c"]), ("/s/2", ["b", "c"])] {
            scenario.request(seconds, path, |request| {
                request
                    .data
                    .push(("rows".into(), rows.map(str::to_owned).to_vec()));
            });
        }
    }
    scenario.update(1.0, "Row", &[("slug", "a")]);
    scenario.write(3.0, "Row", |write| {
        write.operation = Operation::Delete;
        write.old = Some(fields(&[("slug", "z")]));
    });
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page"), [1, 0, 3, 0, 0]);
    assert_eq!(outcomes(&report, "shelf"), [1, 0, 3, 0, 0]);
    let removed: Vec<u64> = report.invalidation.iter().map(|row| row.removed).collect();
    assert_eq!(removed, [2, 2]);
}

#[test]
fn a_cascade_reaches_whatever_embeds_the_target() {
    // Directly, through a level that is not stored, and two levels up; not what embeds another one.
    let text = |cascade: &str| {
        format!(
            "{MODELS} object item(x) {{ store copies; ttl 1h }}
         fragment part(x) {{ store copies; ttl 1h; contains item(x) }}
         view page(x) {{ route GET \"/p/{{x}}\"; contains part(x) }}
         site all {{ route GET \"/**\"; store copies; ttl 1h }}
         on Row update {{ purge item(x: slug) {cascade} }}"
        )
    };
    for (cascade, removed) in [("", 1), ("cascade", 3)] {
        let mut scenario = Scenario::new(&text(cascade));
        scenario
            .get(0.0, "/p/a")
            .get(0.0, "/p/b")
            .update(1.0, "Row", &[("slug", "a")]);
        let report = scenario.run();
        assert_eq!(report.invalidation[0].removed, removed, "{cascade}");
    }
    // Also when the target itself is gone.
    let mut scenario = Scenario::new(&text("cascade").replace(
        "object item(x) { store copies; ttl 1h",
        "object item(x) { store copies; ttl 1s",
    ));
    scenario
        .get(0.0, "/p/a")
        .update(10.0, "Row", &[("slug", "a")]);
    assert_eq!(scenario.run().invalidation[0].removed, 2);
}

#[test]
fn a_cascade_of_a_tag_reaches_whatever_embeds_a_bearer() {
    let mut scenario = Scenario::new(&format!(
        "{MODELS} view page(x) {{ route GET \"/p/{{x}}\"; tags \"row:{{x}}\" }}
         site all {{ route GET \"/**\"; store copies; ttl 1h; stale-while-revalidate 10s }}
         on Row update {{ expire tag \"row:{{slug}}\" cascade }}"
    ));
    scenario
        .get(0.0, "/p/a")
        .get(0.0, "/p/b")
        .update(1.0, "Row", &[("slug", "a")])
        .get(2.0, "/p/a")
        .get(2.0, "/p/b");
    assert_eq!(outcomes(&scenario.run(), "all"), [1, 1, 2, 0, 0]);
}

#[test]
fn requests_of_a_log_can_be_writes() {
    let mut scenario = pages(
        "on Row update { purge page(x: slug) }
         workload log { duration 1m; requests 1/s { GET \"/p/{x}\" x uniform(9) }; write Row update from PUT \"/p/{slug}\" }",
    );
    scenario
        .get(0.0, "/p/a")
        .request(1.0, "/p/a", |request| request.method = "PUT".into())
        .get(2.0, "/p/a")
        .request(3.0, "/p/a", |request| {
            request.method = "PUT".into();
            request.status = Some(403);
        })
        .get(4.0, "/p/a");
    assert_eq!(outcomes(&scenario.run(), "page"), [1, 0, 2, 0, 0]);
}
