//! Changes that no signal tells of.

use super::finding::{Finding, Place, Severity};
use super::{Lint, Study};
use cachepolicy_core::edge::{EdgeBlock, Operation};
use cachepolicy_core::ids::{FieldId, LevelId, ModelId};
use cachepolicy_core::policy::{Delivery, Semantics};
use std::collections::BTreeSet;

pub(super) static LINT: Lint = Lint {
    code: "silent-write",
    severity: Severity::Warning,
    what: "A level shows a many-to-many field, and Django changes that without the signal that purges the level.",
    why: "`article.tags.add(…)` writes a row of the table in between. The article is not saved, so `post_save` does not \
          fire, and the copy stays. (`QuerySet.update()`, `bulk_create`, `bulk_update` and raw SQL fire no signal \
          either: purge where you call them.) Connect the same purge to `m2m_changed`, or take the writes from the \
          database itself, by an outbox or change data capture, and declare the bus that they come by.",
    allow: "The purge is connected to `m2m_changed`, too, and the code saves what it writes in bulk.",
    failing: "policy blog { edition 1; semantics django \"5.2\" }\nmodel Article { id; slug; tags -> many Tag }\nmodel Tag { id; name }\nbackend shared redis { capacity 1GiB }\nobject article(slug) { store shared; reads Article(slug).tags; ttl 5m; fence }\non Article create|update|delete after commit { purge article(slug) }",
    mended: "policy blog { edition 1; semantics django \"5.2\" }\nmodel Article { id; slug; tags -> many Tag }\nmodel Tag { id; name }\nbackend shared redis { capacity 1GiB }\nbus outbox { delivery at-least-once; delay 50ms }\nobject article(slug) { store shared; reads Article(slug).tags; ttl 5m; fence }\non Article create|update|delete after commit via outbox { purge article(slug) }",
    run,
};

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    if !matches!(study.policy.semantics, Semantics::Django(_)) {
        return;
    }
    let mut told: BTreeSet<(usize, FieldId)> = BTreeSet::new();
    for (level, model, actions) in study.acted.pairs() {
        for action in actions {
            let Some(block) = study.block(*action).filter(|block| is_signal(study, block)) else {
                continue;
            };
            let Some((read, field)) = many_field(study, level, model) else {
                continue;
            };
            if !block.operations.contains(&Operation::Update)
                || study.accepted.has(level, model)
                || !told.insert((action.edge, field))
            {
                continue;
            }
            let declared = study.policy.models.get(model.index());
            let model_name = declared.map_or("", |model| &model.name);
            let field = declared.and_then(|model| model.fields.get(field.index()));
            let field = field.map_or("", |field| &field.name);
            let message = format!(
                "`{model_name}.{field}` holds many, and Django changes it without saving the `{model_name}`: this signal \
                 does not see it, and `{}` stays old",
                study.name(level)
            );
            let help = format!(
                "connect the purge to `m2m_changed` of `{model_name}.{field}` as well, or take the writes from the \
                 database by an outbox (`via` a bus)"
            );
            found.push(
                Finding::new(lint, Place::Edge(action.edge), message, help)
                    .related(Place::Read(level, read), "this is what changes unseen"),
            );
        }
    }
}

/// Does a signal in the writer's process do it?
fn is_signal(study: &Study<'_>, block: &EdgeBlock) -> bool {
    let bus = block
        .bus
        .and_then(|bus| study.policy.buses.get(bus.index()));
    bus.is_none_or(|bus| bus.delivery == Delivery::InProcess)
}

/// A field with many values that a level says to read.
fn many_field(study: &Study<'_>, level: LevelId, model: ModelId) -> Option<(usize, FieldId)> {
    let declared = study.policy.models.get(model.index())?;
    let is_many = |field: &FieldId| {
        let field = declared.fields.get(field.index());
        field.is_some_and(|field| field.reference.is_some_and(|reference| reference.many))
    };
    let reads = study.level(level)?.reads.iter().enumerate();
    let mut reads = reads.filter(|(_, read)| read.model == model);
    reads.find_map(|(number, read)| {
        let bound = read.bindings.iter().map(|binding| &binding.field);
        let named = read.fields.iter().flatten().chain(bound);
        let field = named.copied().find(is_many)?;
        Some((number, field))
    })
}
