use super::*;
use cachepolicy_compiler::compile_text;
use cachepolicy_core::decide::Stampede;
use cachepolicy_core::edge::{Condition, RowImage, Target, TargetArg, Timing};
use cachepolicy_core::expr::Expr;
use cachepolicy_core::level::{KeyPart, LifetimeSource, TemplatePart, ValueSource};
use cachepolicy_core::policy::{Domain, IgnoreQuery};
use cachepolicy_core::workload::{Fault, Popularity};
use cachepolicy_core::{DimensionId, Duration, FieldId, LevelId};

#[test]
fn levels_stand_behind_what_they_contain_finest_kind_first() {
    let policy = policy(
        "site all { route GET \"/**\"; store shared; ttl 1m }
         view b { route GET \"/b\"; contains f2; cost 1ms }
         fragment f1 { store shared; ttl 1m; contains f2 }
         fragment f2 { store shared; ttl 1m; contains o }
         object o { store shared; ttl 1m }
         object early { store shared; ttl 1m }
         view a { route GET \"/a\"; contains f1, early; cost 1ms }",
    );
    let names: Vec<&str> = policy
        .levels
        .iter()
        .map(|level| level.name.as_str())
        .collect();
    assert_eq!(names, ["o", "early", "f2", "f1", "b", "a", "all"]);
    let contained: Vec<LevelId> = level(&policy, "a")
        .contains
        .iter()
        .map(|contain| contain.level)
        .collect();
    assert_eq!(contained, [LevelId(3), LevelId(1)]);
}

#[test]
fn defaults() {
    let policy = policy("object o { store shared; ttl 1m }");
    let o = level(&policy, "o");
    assert_eq!(o.rules.timeout, Duration::from_secs(30));
    assert_eq!(o.status, [200, 203, 301, 308]);
    assert!(o.size.from_trace);
    assert_eq!(o.size.otherwise.as_constant(), Some(1_024.0));
    assert!(!o.cost.from_trace);
    assert_eq!(o.rules.stampede, Stampede::None);
    assert_eq!(policy.threads, None);
    assert_eq!(policy.backends.first().unwrap().version, 1);
    let place = o.place;
    assert_eq!(
        (place.file, place.line),
        (0, BASE.lines().count() as u32 + 1)
    );
    assert_eq!(policy.files, ["p.cachepolicy"]);
}

#[test]
fn lifetimes_and_protection() {
    let policy = policy(
        "object a { store hot ttl 5s, shared; ttl 10m jitter 10% sliding; stampede lease 5s wait 2s }
         object b { store shared; ttl from trace else forever; stampede lock 5s }
         view c { route GET \"/c\"; store shared; ttl from response else 1m max 1h; status [200]; early-refresh xfetch }",
    );
    let a = level(&policy, "a");
    assert!(a.rules.sliding && a.rules.fence);
    assert_eq!(a.rules.jitter, 0.1);
    assert_eq!(
        a.tiers.first().unwrap().ceiling,
        Some(Duration::from_secs(5))
    );
    let seconds = Duration::from_secs;
    assert_eq!(
        a.rules.stampede,
        Stampede::Lease {
            expires: seconds(5),
            wait: seconds(2)
        }
    );
    let b = level(&policy, "b");
    assert_eq!(b.lifetime, LifetimeSource::Trace);
    assert!(b.rules.ttl.is_forever() && !b.rules.fence);
    assert_eq!(
        b.rules.stampede,
        Stampede::Lock {
            expires: seconds(5),
            wait: seconds(5)
        }
    );
    let c = level(&policy, "c");
    assert_eq!(
        c.lifetime,
        LifetimeSource::Response {
            max: Some(seconds(3_600))
        }
    );
    assert_eq!(c.rules.ttl, seconds(60));
    assert_eq!(c.rules.early_refresh, Some(1.0));
}

#[test]
fn django_stores_what_django_stores() {
    let text = format!("{BASE}object o {{ store shared; ttl 1m }}")
        .replace("edition 1;", "semantics django \"5.2\";");
    let policy = compile_text("p", &text).policy.unwrap();
    assert_eq!(level(&policy, "o").status, [200, 304]);
}

#[test]
fn dimensions() {
    let policy = policy("");
    let names: Vec<&str> = policy
        .dimensions
        .iter()
        .map(|dimension| dimension.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "user.id",
            "user.customer_group",
            "accept-language",
            "session",
            "page"
        ]
    );
    let group = policy.dimensions.get(1).unwrap();
    assert_eq!(group.by, Some(DimensionId(0)));
    assert_eq!(group.otherwise.as_deref(), Some("retail"));
    assert_eq!(
        policy.dimensions.get(4).unwrap().domain,
        Domain::Range { low: 1, high: 200 }
    );
    assert_eq!(
        policy.ignore_query,
        IgnoreQuery::Matching(vec!["utm_*".to_owned(), "fbclid".to_owned()])
    );
}

#[test]
fn names_in_a_level_are_parameters_then_data_then_dimensions() {
    let policy = policy(
        "object cart(session) { store shared; uses session; ttl 1m }
         fragment card(user) { store shared; uses user, customer_group; vary customer_group; ttl 1m }
         view v(slug) {
           route GET \"/{slug}\"
           data ids max 5, owner
           uses csrf
           reads Page(slug).{id, title}, Page(id: each ids), Site(hostname: session)
           contains cart(session), card(user), card(user: owner), cart(each ids), cart(\"7\")
           tags \"page:{slug}\", \"part:{each ids}\"
           cost 1ms
         }",
    );
    let card = level(&policy, "card");
    // The parameter hides the user: it is in the key, and what contains it passes it.
    assert_eq!(card.uses, [dimension(&policy, "user.customer_group")]);
    let v = level(&policy, "v");
    assert!(v.uses_csrf);
    assert_eq!(v.uses, [dimension(&policy, "session")]);
    let args: Vec<&ValueSource> = v
        .contains
        .iter()
        .filter_map(|contain| contain.args.first())
        .collect();
    let session = ValueSource::Dimension(dimension(&policy, "session"));
    let user = ValueSource::Dimension(dimension(&policy, "user.id"));
    let literal = ValueSource::Literal("7".to_owned());
    assert_eq!(
        args,
        [
            &session,
            &user,
            &ValueSource::Data(1),
            &ValueSource::Data(0),
            &literal
        ]
    );
    assert_eq!(v.contains.get(3).unwrap().each, Some(0));
    let reads = v.reads.first().unwrap();
    assert_eq!(reads.bindings.first().unwrap().field, FieldId(2));
    assert_eq!(reads.bindings.first().unwrap().value, ValueSource::Param(0));
    assert_eq!(reads.fields, Some(vec![FieldId(0), FieldId(3)]));
    assert!(v.reads.get(1).unwrap().bindings.first().unwrap().each);
    assert_eq!(
        v.tags.get(1).unwrap().parts.get(1),
        Some(&TemplatePart::Each(ValueSource::Data(0)))
    );
}

#[test]
fn keys() {
    let policy = policy(
        "object a(x, y) { store shared; vary session; ttl 1m }
         object b { store shared; key \"b:v1\"; ttl 1m }
         view c { route GET \"/c/**\"; store shared; key \"c:{url}\"; ttl 1m }",
    );
    let text = |text: &str| KeyPart::Text(text.to_owned());
    let a = level(&policy, "a");
    assert!(!a.key.explicit);
    assert_eq!(a.key.parts.first(), Some(&text("object:a")));
    assert_eq!(a.key.parts.len(), 7);
    assert_eq!(level(&policy, "b").key.parts, [text("b:v1")]);
    assert_eq!(level(&policy, "c").key.parts, [text("c:"), KeyPart::Url]);
}

#[test]
fn conditions_on_requests() {
    let policy = policy(
        "view v { route GET \"/v\"; store shared; ttl 1m
           skip when user.id and not (session or page in [1, 2]) or path(\"/x/**\") or method != POST }",
    );
    let Some(Expr::Or(any)) = &level(&policy, "v").skip else {
        panic!()
    };
    let [Expr::And(all), Expr::Path(path), Expr::Not(method)] = any.as_slice() else {
        panic!("{any:?}")
    };
    assert_eq!(path.text, "/x/**");
    assert_eq!(**method, Expr::Method(vec!["POST".to_owned()]));
    let [Expr::Present(user), Expr::Not(not)] = all.as_slice() else {
        panic!("{all:?}")
    };
    assert_eq!(*user, dimension(&policy, "user.id"));
    assert!(matches!(&**not, Expr::Or(any) if any.len() == 2));
}

#[test]
fn edges() {
    let policy = policy(
        "object o(slug) { store shared; ttl 1m }
         object pair(slug, host) { store shared; ttl 1m }
         view v(path) { route GET \"/{path:**}\"; store shared; ttl 1m; contains o(path); tags \"page:{path}\"; cost 1ms }
         on Page delete|create after commit via queue {
           purge v(path: old.url_path) when changed(title, slug) and not (title == draft)
           purge pair(host: site.hostname, slug)
           expire o(slug: each ancestors.slug)
           purge tag \"page:{parent.url_path}\" cascade
           bump pair(*)
         }
         on Page update before commit by 5ms { purge o(slug) }",
    );
    let [first, second] = policy.edges.as_slice() else {
        panic!()
    };
    assert_eq!(
        second.timing,
        Timing::BeforeCommit {
            by: Duration::from_millis(5)
        }
    );
    assert_eq!(first.bus.map(|bus| bus.0), Some(0));
    // Finest level first; a tag with the finest level that bears it; else as written.
    let lines: Vec<u32> = first
        .actions
        .iter()
        .map(|action| action.place.line - first.place.line)
        .collect();
    assert_eq!(lines, [3, 2, 5, 1, 4]);
    let Target::Level { args, .. } = &first.actions.get(1).unwrap().target else {
        panic!()
    };
    let [TargetArg::Row(slug), TargetArg::Row(host)] = args.as_slice() else {
        panic!("{args:?}")
    };
    assert_eq!(
        (slug.path.as_slice(), slug.image),
        ([FieldId(2)].as_slice(), RowImage::Both)
    );
    assert_eq!(host.path, [FieldId(6), FieldId(1)]);
    let Target::Level { args, .. } = &first.actions.first().unwrap().target else {
        panic!()
    };
    assert!(matches!(args.first(), Some(TargetArg::Row(path)) if path.each));
    let Target::Level { args, .. } = &first.actions.get(2).unwrap().target else {
        panic!()
    };
    assert_eq!(args, &[TargetArg::Any, TargetArg::Any]);
    let view = first.actions.get(3).unwrap();
    assert!(matches!(&view.when, Some(Condition::And(all)) if all.len() == 2));
    assert!(first.actions.get(4).unwrap().cascade);
}

#[test]
fn workloads() {
    let policy = policy(
        "object o(slug) { store shared; ttl 1m; reads Page(url_path: slug); data headlines max 10 }
         view v(lang, slug) { route GET \"/{lang}/{slug}\"; contains o(slug); cost 1ms }
         workload w {
           duration 1h
           requests 60/m constant { GET \"/{lang}/{slug}\" slug zipf(1.0, 50); GET \"/\" weight 3 }
           lang choice(en 80%, ja 20%)
           user.id 5% of 20_000
           session zipf(0.2, 50)
           headlines 10 of slug
           write Page update 2/s slug 5, title 6
           write Page update 1/h changes title, slug
           write Page create from PUT \"/pages/{slug}\"
           at 5m surge 8x over 30s for 10m on GET \"/x\"
           at 6m restart process 3
           at 7m outage db for 1m
           at 8m outage shared for 1m
         }",
    );
    let workload = policy.workloads.first().unwrap();
    let stream = workload.requests.first().unwrap();
    assert!(!stream.arrivals.poisson);
    assert_eq!(stream.arrivals.per_second, 1.0);
    let route = stream.routes.first().unwrap();
    let names: Vec<&str> = route.params.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["lang", "slug"], "in the order of the holes");
    assert_eq!(workload.dimensions.len(), 2);
    assert_eq!(
        workload.data.first().unwrap().value,
        Popularity::Zipf { alpha: 1.0, n: 50 }
    );
    let [first, second] = workload.writes.as_slice() else {
        panic!()
    };
    assert_eq!(first.fields.len(), 2);
    assert_eq!(first.changes, None);
    assert_eq!(second.changes, Some(vec![FieldId(3), FieldId(2)]));
    assert_eq!(workload.write_rules.first().unwrap().fields, [FieldId(2)]);
    let faults: Vec<&Fault> = workload.faults.iter().map(|fault| &fault.fault).collect();
    assert!(matches!(
        faults.as_slice(),
        [
            Fault::Surge {
                factor: 8.0,
                only: Some(_),
                ..
            },
            Fault::Restart { process: 2 },
            Fault::OriginOutage { .. },
            Fault::Outage { .. },
        ]
    ));
}

/// `path` is no field of the model, but a level's `reads` says which one it stands for.
#[test]
fn a_parameter_stands_for_the_field_that_it_is_bound_to() {
    let policy = policy(
        "view v(path) { route GET \"/{path:**}\"; reads Page(url_path: path); cost 1ms }
         workload w { duration 1h; write Page update 1/h path 5 }",
    );
    let write = policy.workloads.first().unwrap().writes.first().unwrap();
    assert_eq!(write.fields.first().unwrap().0, FieldId(1));
}
