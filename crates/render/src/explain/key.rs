//! Keys and tags of which not every value is known before a fill.

use cachepolicy_core::key::{self, QueryFilter, Url, Values};
use cachepolicy_core::level::{KeyPart, Level, Template, TemplatePart, ValueSource};
use cachepolicy_core::{DimensionId, Policy};

/// What is known of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Known {
    /// This one.
    Value(String),
    /// There is none.
    Absent,
    /// Found while filling, or any: shown by this name.
    Open(String),
}

impl Known {
    /// For people: `launch`, `none`, `{each headlines}`.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Value(value) if value.is_empty() => "\"\"".to_owned(),
            Self::Value(value) => value.clone(),
            Self::Absent => "none".to_owned(),
            Self::Open(name) => name.clone(),
        }
    }

    /// The text, where there is one.
    pub(super) fn value(&self) -> Option<&str> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Open(_) => None,
        }
    }
}

/// What is known of the values of a level's key.
pub(super) trait KnownValues {
    /// Of a parameter.
    fn param(&self, index: u16) -> Known;
    /// Of a dimension.
    fn dimension(&self, dimension: DimensionId) -> Known;
    /// The request's URL; `None`: any.
    fn url(&self) -> Option<Url<'_>>;
}

/// A level's key, with the names of what is not known in it.
pub(super) fn key_of(policy: &Policy, level: &Level, known: &impl KnownValues) -> String {
    let filter = QueryFilter::new(policy);
    let mut text = String::new();
    for (index, part) in level.key.parts.iter().enumerate() {
        match part {
            KeyPart::Text(own) => text.push_str(own),
            KeyPart::Url => match known.url() {
                Some(url) => key::push_url(url, &filter, &mut text),
                None => text.push_str(&path_of(level, known)),
            },
            KeyPart::Value(source) => {
                let behind = level.key.parts.get(index..).unwrap_or_default();
                match of_source(level, source, known) {
                    Known::Open(name) => text.push_str(&name),
                    value => text.push_str(&encoded(behind, value.value())),
                }
            }
        }
    }
    text
}

/// The path that a level's route has with what is known of its parameters; a host and a query may
/// be around it.
fn path_of(level: &Level, known: &impl KnownValues) -> String {
    let Some(route) = &level.route else {
        return "{url}".to_owned();
    };
    let mut path = route.pattern.text.clone();
    for (index, param) in (0..).zip(&level.params) {
        let value = known.param(index).shown();
        for hole in [
            format!("{{{param}}}"),
            format!("{{{param}:int}}"),
            format!("{{{param}:**}}"),
        ] {
            path = path.replace(&hole, &value);
        }
    }
    path
}

/// The first of `parts`, encoded as what follows it demands.
fn encoded(parts: &[KeyPart], value: Option<&str>) -> String {
    let texts = parts
        .iter()
        .skip(1)
        .take_while(|part| matches!(part, KeyPart::Text(_)));
    let (mut shortened, mut length) = (parts.iter().take(1).cloned().collect::<Vec<_>>(), 0);
    for part in texts {
        if let KeyPart::Text(text) = part {
            length += text.len();
        }
        shortened.push(part.clone());
    }
    let mut text = String::new();
    key::key(&shortened, &One(value), &QueryFilter::default(), &mut text);
    text.truncate(text.len().saturating_sub(length));
    text
}

/// One value, wherever it is asked for.
struct One<'a>(Option<&'a str>);

impl Values for One<'_> {
    fn param(&self, _: u16) -> Option<&str> {
        self.0
    }

    fn dimension(&self, _: DimensionId) -> Option<&str> {
        self.0
    }

    fn url(&self) -> Url<'_> {
        Url::default()
    }
}

/// A level's tag, with the names of what is not known in it.
pub(super) fn tag_of(level: &Level, template: &Template, known: &impl KnownValues) -> String {
    let mut text = String::new();
    for part in &template.parts {
        match part {
            TemplatePart::Text(own) => text.push_str(own),
            TemplatePart::Value(source) | TemplatePart::Each(source) => {
                match of_source(level, source, known) {
                    Known::Open(name) => text.push_str(&name),
                    value => {
                        text.push_str(&encoded(&[KeyPart::Value(source.clone())], value.value()))
                    }
                }
            }
        }
    }
    text
}

/// What a level knows of a value.
pub(super) fn of_source(level: &Level, source: &ValueSource, known: &impl KnownValues) -> Known {
    match source {
        ValueSource::Param(index) => known.param(*index),
        ValueSource::Dimension(dimension) => known.dimension(*dimension),
        ValueSource::Data(index) => {
            let data = level.data.get(usize::from(*index));
            let each = if data.is_some_and(|data| data.list.is_some()) {
                "each "
            } else {
                ""
            };
            Known::Open(format!("{{{each}{}}}", data.map_or("", |data| &data.name)))
        }
        ValueSource::Literal(text) => Known::Value(text.clone()),
    }
}
