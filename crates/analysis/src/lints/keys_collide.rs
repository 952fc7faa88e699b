//! Two families whose keys can be the same text.

use super::finding::{Finding, Place, Severity};
use super::{Lint, Study};
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::level::{KeyPart, Level, ValueSource};
use cachepolicy_core::policy::{Domain, Policy};
use cachepolicy_core::sorting;
use std::collections::BTreeSet;

pub(super) static LINT: Lint = Lint {
    code: "keys-collide",
    severity: Severity::Error,
    what: "Two levels can build one key in one backend.",
    why: "One then serves the other's copies: an article where a product should be, or an error where the form differs. \
          A purge of one removes the other. Begin each key with its level's name, or leave `key` out: keys that are \
          made for you never meet. It is an error where the two keys have the same form, and a warning where \
          a value would have to be one certain text.",
    allow: "The values never are that text.",
    failing: "object product(id) { store shared; key \"item:{id}:v1\"; ttl 5m }\nobject bundle(id) { store shared; key \"item:{id}:v1\"; ttl 5m }",
    mended: "object product(id) { store shared; key \"item:{id}:v1\"; ttl 5m }\nobject bundle(id) { store shared; key \"bundle:{id}:v1\"; ttl 5m }",
    run,
};

/// Pairs that are compared at most.
const MAX_PAIRS: usize = 100_000;

/// A key's template, letter by letter.
struct Form<'p> {
    id: LevelId,
    level: &'p Level,
    parts: Vec<Part>,
    /// The text before the first value.
    head: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Letter(u8),
    /// Any encoded value.
    Value,
    /// Any URL.
    Url,
}

impl Part {
    /// Can this letter stand in it?
    fn holds(self, letter: u8) -> bool {
        let in_value =
            letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'.' | b'_' | b'~' | b'%');
        match self {
            Self::Letter(own) => own == letter,
            Self::Value => in_value,
            Self::Url => {
                letter.is_ascii_graphic()
                    && !matches!(letter, b'#' | b'|' | b'"' | b'<' | b'>' | b'{' | b'}')
            }
        }
    }

    const fn is_value(self) -> bool {
        matches!(self, Self::Value | Self::Url)
    }
}

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    let stored = study.levels().filter(|(_, level)| level.is_stored());
    let mut forms: Vec<Form<'_>> = stored.map(|(id, level)| form(id, level)).collect();
    sorting::by(&mut forms, |a, b| a.head.cmp(&b.head).then(a.id.cmp(&b.id)));
    let (mut pairs, mut told) = (0, BTreeSet::new());
    for (index, first) in forms.iter().enumerate() {
        let behind = forms.get(index + 1..).unwrap_or_default();
        // Keys that begin differently never meet.
        for second in behind
            .iter()
            .take_while(|other| other.head.starts_with(&first.head))
        {
            pairs += 1;
            if pairs > MAX_PAIRS {
                return;
            }
            let is_by_hand = first.level.key.explicit || second.level.key.explicit;
            let backend = first.level.tiers.iter().find_map(|tier| {
                let tiers = &second.level.tiers;
                tiers
                    .iter()
                    .any(|other| other.backend == tier.backend)
                    .then_some(tier.backend)
            });
            let Some(backend) = backend.filter(|_| is_by_hand) else {
                continue;
            };
            if !meet(study.policy, first, second) || !told.insert((first.id, second.id)) {
                continue;
            }
            let (one, other) = if second.level.key.explicit {
                (first, second)
            } else {
                (second, first)
            };
            let (known, name) = (&one.level.name, &other.level.name);
            let words = study.words();
            let message = format!(
                "`{known}` and `{name}` can have the same key in {}, and then serve each other's copies",
                words.backend(backend)
            );
            let help = format!(
                "begin this key with `{name}:`, or leave it out: then it is made from the level's name"
            );
            let mut finding = Finding::new(lint, Place::Property(other.id, "key"), message, help)
                .related(
                    Place::Property(one.id, "key"),
                    format!("the key of `{known}`"),
                );
            if first.parts != second.parts {
                finding.severity = Severity::Warning;
            }
            found.push(finding);
        }
    }
}

fn form(id: LevelId, level: &Level) -> Form<'_> {
    let mut parts = Vec::new();
    for part in &level.key.parts {
        match part {
            KeyPart::Text(text) => parts.extend(text.bytes().map(Part::Letter)),
            KeyPart::Value(_) => parts.push(Part::Value),
            KeyPart::Url => parts.push(Part::Url),
        }
    }
    let head = parts.iter().map_while(|part| match part {
        Part::Letter(letter) => Some(*letter),
        Part::Value | Part::Url => None,
    });
    Form {
        id,
        level,
        head: head.collect(),
        parts,
    }
}

/// Is there a text that both make? A search through pairs of places in the two templates.
fn meet(policy: &Policy, first: &Form<'_>, second: &Form<'_>) -> bool {
    if differ_by_domain(policy, first, second) || differ_by_domain(policy, second, first) {
        return false;
    }
    let (rows, columns) = (first.parts.len(), second.parts.len());
    let mut seen = vec![false; (rows + 1) * (columns + 1)];
    let mut todo = vec![(0, 0)];
    while let Some((i, j)) = todo.pop() {
        if (i, j) == (rows, columns) {
            return true;
        }
        let Some(slot) = seen.get_mut(i * (columns + 1) + j).filter(|seen| !**seen) else {
            continue;
        };
        *slot = true;
        let (one, other) = (first.parts.get(i).copied(), second.parts.get(j).copied());
        // A value may end here, or be empty.
        if one.is_some_and(Part::is_value) {
            todo.push((i + 1, j));
        }
        if other.is_some_and(Part::is_value) {
            todo.push((i, j + 1));
        }
        match (one, other) {
            (Some(Part::Letter(a)), Some(Part::Letter(b))) if a == b => todo.push((i + 1, j + 1)),
            (Some(value), Some(Part::Letter(letter)))
                if value.is_value() && value.holds(letter) =>
            {
                todo.push((i, j + 1));
            }
            (Some(Part::Letter(letter)), Some(value))
                if value.is_value() && value.holds(letter) =>
            {
                todo.push((i + 1, j));
            }
            _ => {}
        }
    }
    false
}

/// One is a text, and the other has the same text around one value, which never is what stands there.
fn differ_by_domain(policy: &Policy, text: &Form<'_>, template: &Form<'_>) -> bool {
    if text.head.len() != text.parts.len() {
        return false;
    }
    let Some(at) = template.parts.iter().position(|part| part.is_value()) else {
        return false;
    };
    let behind = template.parts.len() - at - 1;
    let is_only = template.parts.iter().filter(|part| part.is_value()).count() == 1;
    let value = template.level.key.parts.iter().find_map(|part| match part {
        KeyPart::Value(ValueSource::Dimension(dimension)) => {
            policy.dimensions.get(dimension.index())
        }
        _ => None,
    });
    let (true, Some(dimension)) = (is_only, value) else {
        return false;
    };
    let end = text.head.len().saturating_sub(behind).max(at);
    let middle = text.head.get(at..end).unwrap_or_default();
    match &dimension.domain {
        Domain::Values(values) | Domain::Negotiated(values) => {
            let all = values.iter().chain(&dimension.otherwise);
            !all.map(|value| value.as_bytes())
                .any(|value| value == middle)
        }
        Domain::Any | Domain::Range { .. } => false,
    }
}
