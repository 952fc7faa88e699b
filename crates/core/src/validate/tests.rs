use super::*;
use crate::edge::{RowImage, RowPath, TagPart, Target, TargetArg};
use crate::expectation::{Claim, Subject};
use crate::expr::Expr;
use crate::fixture::{contain, rich};
use crate::ids::{BackendId, BusId, LevelId, OriginId, WorkloadId};
use crate::level::{KeyPart, TemplatePart, ValueSource};
use crate::policy::Tracks;
use crate::workload::{Fault, Popularity};

fn tracks(backend: u16, max_keys: u32) -> Option<Tracks> {
    let backend = BackendId(backend);
    Some(Tracks { backend, max_keys })
}

/// The first inconsistency after a change.
fn broken(change: impl FnOnce(&mut Policy)) -> String {
    let mut policy = rich();
    change(&mut policy);
    validate(&policy).unwrap_err().to_string()
}

#[test]
fn the_example_is_consistent() {
    assert_eq!(validate(&rich()), Ok(()));
}

#[test]
fn every_reference_is_checked() {
    type Change = fn(&mut Policy);
    let missing: [Change; 24] = [
        |p| p.models[0].fields[1].reference.as_mut().unwrap().model.0 = 3,
        |p| p.dimensions[3].by = Some(DimensionId(4)),
        |p| p.levels[0].tiers[1].backend = BackendId(2),
        |p| p.levels[0].origin = Some(OriginId(1)),
        |p| p.levels[0].vary = vec![DimensionId(4)],
        |p| p.levels[2].uses = vec![DimensionId(4)],
        |p| p.levels[0].reads[0].model = ModelId(3),
        |p| p.levels[0].reads[0].bindings[0].field = FieldId(3),
        |p| p.levels[0].reads[0].bindings[0].value = ValueSource::Param(1),
        |p| p.levels[0].reads[0].fields = Some(vec![FieldId(3)]),
        |p| {
            p.levels[0]
                .key
                .parts
                .push(KeyPart::Value(ValueSource::Param(1)))
        },
        |p| {
            p.levels[1].tags[0]
                .parts
                .push(TemplatePart::Each(ValueSource::Data(2)))
        },
        |p| p.levels[1].contains[0].args = vec![ValueSource::Dimension(DimensionId(4))],
        |p| p.levels[2].skip = Some(Expr::Present(DimensionId(4))),
        |p| p.edges[0].model = ModelId(3),
        |p| p.edges[0].bus = Some(BusId(1)),
        |p| {
            p.edges[0].actions[1].target = Target::Level {
                level: LevelId(3),
                args: Vec::new(),
            };
        },
        |p| p.workloads[0].dimensions[0].dimension = DimensionId(4),
        |p| p.workloads[0].writes[0].fields[0].0 = FieldId(3),
        |p| p.workloads[0].write_rules[0].fields = vec![FieldId(3)],
        |p| p.workloads[0].faults[0].fault = Fault::Flush(BackendId(2)),
        |p| p.workloads[0].faults[0].fault = Fault::Restart { process: 4 },
        |p| p.expectations[0].workload = Some(WorkloadId(1)),
        |p| {
            p.expectations[0].claim = Claim::Staleness {
                subject: Subject::Level(LevelId(3)),
                model: None,
                limit_seconds: None,
            };
        },
    ];
    for (index, change) in missing.into_iter().enumerate() {
        let message = broken(change);
        assert!(
            ["does not exist", "does not declare"]
                .iter()
                .any(|words| message.contains(words)),
            "{index}: {message}"
        );
    }
}

#[test]
fn what_it_says() {
    assert_eq!(
        broken(|p| p.levels[0].tiers[0].backend = BackendId(9)),
        "level article: it is stored in a backend that does not exist"
    );
    assert_eq!(
        broken(|p| p.edges[0].actions[0].place.file = 1),
        "invalidation 1: it stands in a file that is not listed"
    );
    assert_eq!(
        broken(|p| p.processes = 0),
        "policy: its number of processes is out of range"
    );
}

#[test]
fn levels_stand_behind_what_they_contain() {
    let message = broken(|p| p.levels[1].contains[0].level = LevelId(1));
    assert!(message.contains("does not stand before it"), "{message}");
    let message = broken(|p| p.levels[0].contains = vec![contain(2)]);
    assert!(message.contains("does not stand before it"), "{message}");
}

#[test]
fn targets_bind_every_parameter() {
    let message = broken(|p| {
        if let Target::Level { args, .. } = &mut p.edges[0].actions[0].target {
            args.push(TargetArg::Any);
        }
    });
    assert!(
        message.contains("another number of parameters"),
        "{message}"
    );
    let row = |fields: &[u16]| RowPath {
        image: RowImage::New,
        each: true,
        path: fields.iter().copied().map(FieldId).collect(),
    };
    for (fields, problem) in [
        (&[][..], "no field"),
        (&[0, 0], "no reference"),
        (&[1, 2], "field that"),
    ] {
        let message = broken(|p| {
            p.edges[0].actions[3].target = Target::Tag(vec![TagPart::Row(row(fields))]);
        });
        assert!(message.contains(problem), "{message}");
    }
    let twice = vec![TagPart::Row(row(&[2, 0])), TagPart::Row(row(&[2, 0]))];
    let message = broken(|p| p.edges[0].actions[3].target = Target::Tag(twice));
    assert!(message.contains("more than one `each`"), "{message}");
}

#[test]
fn nesting_and_paths_are_bounded() {
    let deep = (0..40).fold(Expr::Method(Vec::new()), |inner, _| {
        Expr::Not(Box::new(inner))
    });
    assert!(broken(|p| p.levels[2].skip = Some(deep)).contains("nested too deeply"));
    let rest = || Segment::Rest { param: None };
    let route =
        |segments| broken(|p| p.levels[2].route.as_mut().unwrap().pattern.segments = segments);
    assert!(route(vec![rest(), rest()]).contains("behind its rest"));
    assert!(route(vec![]).contains("segments"));
    assert!(route(vec![Segment::Text(String::new()); 65]).contains("segments"));
    assert!(route(vec![Segment::Rest { param: Some(0) }]).contains("no parameter"));
}

#[test]
fn numbers_are_in_their_range() {
    type Change = fn(&mut Policy);
    let wrong: [Change; 15] = [
        |p| p.levels[0].rules.jitter = 1.5,
        |p| p.levels[0].rules.jitter = f64::NAN,
        |p| p.levels[0].rules.early_refresh = Some(0.0),
        |p| p.origins[0].failure_rate = -0.1,
        |p| p.origins[0].slots = Some(0),
        |p| p.origins[0].replica_lag.max = Some(f64::INFINITY),
        |p| p.origins[0].replica_lag.shape = Shape::LogNormal { p50: 2.0, p99: 1.0 },
        |p| p.origins[0].replica_lag.min = Some(2e9),
        |p| p.buses[0].delivery = Delivery::AtMostOnce { loss: 2.0 },
        |p| p.buses[0].tracks = tracks(u16::MAX, 1),
        |p| p.buses[0].tracks = tracks(0, 0),
        |p| {
            p.backends[0].kind = BackendKind::Memory;
            p.buses[0].tracks = tracks(0, 1);
        },
        |p| p.dimensions[2].domain = Domain::Range { low: 2, high: 1 },
        |p| p.workloads[0].dimensions[0].value = Popularity::Uniform { n: 0 },
        |p| p.backends[0].kind = BackendKind::Cdn { pops: u32::MAX },
    ];
    for (index, change) in wrong.into_iter().enumerate() {
        let message = broken(change);
        assert!(!message.contains("exist"), "{index}: {message}");
    }
}

#[test]
fn a_bus_that_tracks_a_backend_carries_no_edges() {
    let message = broken(|p| p.buses[0].tracks = tracks(0, 1));
    assert!(message.contains("tracks a backend"), "{message}");
}

#[test]
fn a_dimension_does_not_follow_from_itself() {
    let message = broken(|p| p.dimensions[0].by = Some(DimensionId(3)));
    assert_eq!(message, "dimension user.id: it follows from itself");
}
