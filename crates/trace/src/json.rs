//! JSON as it stands in a trace: numbers keep their text, and names are not given twice.

use crate::event::{Row, Value};
use crate::text::quote;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Values nested deeper than that are refused.
pub const NESTING_MAX: usize = 16;

/// An object's members, in their order.
pub(crate) struct Object<'a>(pub(crate) Vec<(Cow<'a, str>, &'a str)>);

/// A text that borrows where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members: Vec<(Cow<'de, str>, &'de str)> = Vec::new();
                while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &RawValue>()? {
                    members.push((name, value.get()));
                }
                match given_twice(members.iter().map(|(name, _)| name.as_ref())) {
                    Some(name) => Err(de::Error::custom(format_args!("`{name}` is given twice"))),
                    None => Ok(Object(members)),
                }
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// A name that is among them more than once.
pub(crate) fn given_twice<'n>(names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    let pairs = names.iter().zip(names.iter().skip(1));
    let mut twice = pairs.filter(|(one, other)| one == other);
    twice.next().map(|(name, _)| *name)
}

/// A list's elements.
struct List<'a>(Vec<&'a str>);

impl<'de: 'a, 'a> Deserialize<'de> for List<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;

        impl<'de> Visitor<'de> for Elements {
            type Value = List<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut elements = Vec::new();
                while let Some(value) = seq.next_element::<&RawValue>()? {
                    elements.push(value.get());
                }
                Ok(List(elements))
            }
        }

        deserializer.deserialize_seq(Elements)
    }
}

/// The members of the object that a line is.
///
/// # Errors
/// What is wrong with it, and in which column.
pub(crate) fn object(line: &str) -> Result<Object<'_>, String> {
    if !line.starts_with('{') {
        return Err(format!("no JSON object: {}", quote(line.as_bytes())));
    }
    serde_json::from_str(line).map_err(|error| {
        let text = error.to_string();
        let (what, _) = text.rsplit_once(" at line ").unwrap_or((&text, ""));
        if error.is_eof() {
            "the JSON is cut off".to_owned()
        } else if error.is_data() {
            what.to_owned()
        } else {
            format!("no JSON: {what}, in column {}", error.column())
        }
    })
}

/// Text, or a number, true or false as written.
pub(crate) fn scalar(json: &str) -> Option<Cow<'_, str>> {
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str::<Name<'_>>(json)
            .ok()
            .map(|name| name.0),
        b'{' | b'[' | b'n' => None,
        _ => Some(Cow::Borrowed(json)),
    }
}

fn scalars(json: &str) -> Option<Vec<String>> {
    match scalar(json) {
        Some(text) => Some(vec![text.into_owned()]),
        None => {
            let list: List<'_> = serde_json::from_str(json).ok()?;
            let texts = list.0.into_iter().map(scalar);
            texts.map(|text| text.map(Cow::into_owned)).collect()
        }
    }
}

/// An object of texts.
pub(crate) fn texts(json: &str) -> Option<Vec<(String, String)>> {
    let object: Object<'_> = serde_json::from_str(json).ok()?;
    let members = object.0.into_iter();
    members
        .map(|(name, value)| Some((name.into_owned(), scalar(value)?.into_owned())))
        .collect()
}

/// Members that are texts, and the names of those that are null.
pub(crate) type TextsAndAbsent = (Vec<(String, String)>, Vec<String>);

/// An object of texts, and of nulls where it is known that there is none.
pub(crate) fn texts_and_absent(json: &str) -> Option<TextsAndAbsent> {
    let object: Object<'_> = serde_json::from_str(json).ok()?;
    let (mut texts, mut absent) = (Vec::new(), Vec::new());
    for (name, value) in object.0 {
        if value == "null" {
            absent.push(name.into_owned());
        } else {
            texts.push((name.into_owned(), scalar(value)?.into_owned()));
        }
    }
    Some((texts, absent))
}

/// An object of lists of texts; a single text is a list of one.
pub(crate) fn lists(json: &str) -> Option<Vec<(String, Vec<String>)>> {
    let object: Object<'_> = serde_json::from_str(json).ok()?;
    let members = object.0.into_iter();
    members
        .map(|(name, value)| Some((name.into_owned(), scalars(value)?)))
        .collect()
}

/// A field's value, `depth` levels down.
pub(crate) fn value(json: &str, depth: usize) -> Option<Value> {
    if depth > NESTING_MAX {
        return None;
    }
    match json.trim_start().as_bytes().first()? {
        b'n' => Some(Value::Null),
        b'[' => {
            let list: List<'_> = serde_json::from_str(json).ok()?;
            let elements = list.0.into_iter().map(|element| value(element, depth + 1));
            elements.collect::<Option<_>>().map(Value::List)
        }
        b'{' => {
            let object: Object<'_> = serde_json::from_str(json).ok()?;
            let fields = object.0.into_iter();
            let fields =
                fields.map(|(name, field)| Some((name.into_owned(), value(field, depth + 1)?)));
            fields.collect::<Option<Row>>().map(Value::Row)
        }
        _ => scalar(json).map(|text| Value::Text(text.into_owned())),
    }
}

/// Appends text as a JSON string.
pub(crate) fn push_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Appends an object.
pub(crate) fn push_object<T>(
    members: &[(String, T)],
    out: &mut String,
    push: impl FnMut(&T, &mut String),
) {
    let members = members.iter().map(|(name, value)| (name, value));
    push_members(members, out, push);
}

/// Appends an object of these members.
pub(crate) fn push_members<'m, T>(
    members: impl Iterator<Item = (&'m String, T)>,
    out: &mut String,
    mut push: impl FnMut(T, &mut String),
) {
    out.push('{');
    for (index, (name, value)) in members.enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_text(name, out);
        out.push(':');
        push(value, out);
    }
    out.push('}');
}

/// Appends a list.
pub(crate) fn push_list<T>(
    elements: &[T],
    out: &mut String,
    mut push: impl FnMut(&T, &mut String),
) {
    out.push('[');
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push(element, out);
    }
    out.push(']');
}

/// Appends a field's value. What is nested deeper than can be read is left out as null, so that
/// what is written can be read.
pub(crate) fn push_value(value: &Value, depth: usize, out: &mut String) {
    match value {
        _ if depth > NESTING_MAX => out.push_str("null"),
        Value::Null => out.push_str("null"),
        Value::Text(text) => push_text(text, out),
        Value::List(list) => push_list(list, out, |value, out| push_value(value, depth + 1, out)),
        Value::Row(row) => push_object(row, out, |value, out| push_value(value, depth + 1, out)),
    }
}
