//! Parts of a policy in the words of the language.

use cachepolicy_core::edge::{
    Action, Condition, EdgeBlock, RowImage, RowPath, TagPart, Target, TargetArg, Verb,
};
use cachepolicy_core::level::{Read, ValueSource};
use cachepolicy_core::policy::{BackendKind, Delivery};
use cachepolicy_core::route::Route;
use cachepolicy_core::{Duration, FieldId, Level, ModelId, Policy};

pub(super) const fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Purge => "purge",
        Verb::Expire => "expire",
        Verb::Bump => "bump",
    }
}

pub(super) fn route(route: &Route) -> String {
    format!("{} {}", route.methods.join("|"), route.pattern.text)
}

pub(super) fn backend_kind(kind: BackendKind) -> String {
    match kind {
        BackendKind::Memory => "memory".to_owned(),
        BackendKind::Redis => "redis".to_owned(),
        BackendKind::Proxy => "proxy".to_owned(),
        BackendKind::Cdn { pops } => format!("cdn, pops {pops}"),
        BackendKind::Disk => "disk".to_owned(),
        BackendKind::None => "none".to_owned(),
    }
}

pub(super) fn delivery(delivery: Delivery) -> String {
    match delivery {
        Delivery::InProcess => "in-process",
        Delivery::AtMostOnce { .. } => "at-most-once",
        Delivery::AtLeastOnce => "at-least-once",
    }
    .to_owned()
}

/// In the largest unit that gives a whole number.
pub(super) fn duration(duration: Duration) -> String {
    if duration.is_forever() {
        return "forever".to_owned();
    }
    let nanos = duration.nanos();
    let units = [
        (86_400_000_000_000, "d"),
        (3_600_000_000_000, "h"),
        (60_000_000_000, "m"),
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
    ];
    units
        .iter()
        .find(|(unit, _)| nanos >= *unit && nanos % unit == 0)
        .map_or_else(
            || format!("{}us", nanos / 1_000),
            |(unit, name)| format!("{}{name}", nanos / unit),
        )
}

/// A value of a level.
pub(super) fn value(policy: &Policy, level: &Level, source: &ValueSource) -> String {
    match source {
        ValueSource::Param(index) => level.params.get(usize::from(*index)).cloned(),
        ValueSource::Data(index) => level
            .data
            .get(usize::from(*index))
            .map(|data| data.name.clone()),
        ValueSource::Dimension(dimension) => policy
            .dimensions
            .get(dimension.index())
            .map(|dimension| dimension.name.clone()),
        ValueSource::Literal(text) => Some(format!("{text:?}")),
    }
    .unwrap_or_default()
}

/// `Article(slug: slug).{title, author}`
pub(super) fn read(policy: &Policy, level: &Level, read: &Read) -> String {
    let Some(model) = policy.models.get(read.model.index()) else {
        return String::new();
    };
    let mut text = model.name.clone();
    if !read.bindings.is_empty() {
        let bindings: Vec<String> = read
            .bindings
            .iter()
            .map(|binding| {
                let each = if binding.each { "each " } else { "" };
                let field = field(policy, read.model, binding.field);
                format!("{field}: {each}{}", value(policy, level, &binding.value))
            })
            .collect();
        text = format!("{text}({})", bindings.join(", "));
    }
    let fields: Vec<&str> = read
        .fields
        .iter()
        .flatten()
        .map(|id| field(policy, read.model, *id))
        .collect();
    match fields.as_slice() {
        [] => text,
        [only] => format!("{text}.{only}"),
        several => format!("{text}.{{{}}}", several.join(", ")),
    }
}

fn field(policy: &Policy, model: ModelId, field: FieldId) -> &str {
    policy
        .models
        .get(model.index())
        .and_then(|model| model.fields.get(field.index()))
        .map_or("", |field| field.name.as_str())
}

/// `article(slug: slug) cascade when changed(title)`
pub(super) fn binding(policy: &Policy, edge: &EdgeBlock, action: &Action) -> String {
    let mut text = match &action.target {
        Target::Tag(parts) => {
            let parts: String = parts
                .iter()
                .map(|part| match part {
                    TagPart::Text(text) => text.clone(),
                    TagPart::Row(path) => format!("{{{}}}", row(policy, edge.model, path)),
                })
                .collect();
            format!("tag \"{parts}\"")
        }
        Target::Level { level, args } => {
            let Some(level) = policy.levels.get(level.index()) else {
                return String::new();
            };
            let args: Vec<String> = level
                .params
                .iter()
                .zip(args)
                .map(|(param, arg)| match arg {
                    TargetArg::Any => format!("{param}: *"),
                    TargetArg::Literal(text) => format!("{param}: {text:?}"),
                    TargetArg::Row(path) => format!("{param}: {}", row(policy, edge.model, path)),
                })
                .collect();
            if args.is_empty() {
                level.name.clone()
            } else {
                format!("{}({})", level.name, args.join(", "))
            }
        }
    };
    if action.cascade {
        text.push_str(" cascade");
    }
    if let Some(when) = &action.when {
        text.push_str(" when ");
        text.push_str(&condition(policy, edge.model, when));
    }
    text
}

/// `each categories.slug`
fn row(policy: &Policy, model: ModelId, path: &RowPath) -> String {
    let mut text = String::new();
    if path.each {
        text.push_str("each ");
    }
    match path.image {
        RowImage::Old => text.push_str("old."),
        RowImage::New => text.push_str("new."),
        RowImage::Both => {}
    }
    let mut at = Some(model);
    let mut names = Vec::new();
    for id in &path.path {
        let Some(model) = at.and_then(|model| policy.models.get(model.index())) else {
            break;
        };
        let Some(field) = model.fields.get(id.index()) else {
            break;
        };
        names.push(field.name.as_str());
        at = field.reference.map(|reference| reference.model);
    }
    text.push_str(&names.join("."));
    text
}

fn condition(policy: &Policy, model: ModelId, when: &Condition) -> String {
    let nested = |condition: &Condition| match condition {
        Condition::And(_) | Condition::Or(_) => {
            format!("({})", self::condition(policy, model, condition))
        }
        _ => self::condition(policy, model, condition),
    };
    let joined = |conditions: &[Condition], word: &str| {
        let conditions: Vec<String> = conditions.iter().map(nested).collect();
        conditions.join(word)
    };
    match when {
        Condition::And(all) => joined(all, " and "),
        Condition::Or(any) => joined(any, " or "),
        Condition::Not(inner) => format!("not {}", nested(inner)),
        Condition::Changed(fields) => {
            let fields: Vec<&str> = fields.iter().map(|id| field(policy, model, *id)).collect();
            format!("changed({})", fields.join(", "))
        }
        Condition::In(path, values) => match values.as_slice() {
            [only] => format!("{} == {only}", row(policy, model, path)),
            several => format!("{} in [{}]", row(policy, model, path), several.join(", ")),
        },
    }
}
