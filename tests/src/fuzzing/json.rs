//! Policies as the JSON of an artefact, and changes to JSON that leave it JSON.

use super::sections;
use cachepolicy_core::Policy;
use rand::{Rng, RngExt};
use serde_json::{Map, Value};

/// The policy of an artefact, whatever its checksum says, or of JSON that is nothing but a policy.
pub(super) fn policy_in(bytes: &[u8]) -> Option<Policy> {
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return None;
    }
    let mut value: Value = serde_json::from_slice(bytes).ok()?;
    let policy = value.get_mut("policy").map_or(Value::Null, Value::take);
    let policy = if policy.is_object() { policy } else { value };
    serde_json::from_value(policy).ok()
}

/// Changes a JSON document in a section of an input, and leaves it JSON; `None` where there is none.
pub fn mutate_sections(bytes: &[u8], random: &mut impl Rng) -> Option<Vec<u8>> {
    let [first, rest] = sections::split(bytes);
    let mut value: Value = serde_json::from_slice(first).ok()?;
    if !value.is_object() {
        return None;
    }
    for _ in 0..=random.random_range(0..3) {
        mutate(&mut value, random);
    }
    let mut changed = serde_json::to_vec(&value).ok()?;
    if bytes.len() > first.len() {
        changed.extend_from_slice(sections::LINE);
        changed.extend_from_slice(rest);
    }
    Some(changed)
}

/// Numbers where something may go wrong.
const NUMBERS: [f64; 14] = [
    0.0,
    1.0,
    -1.0,
    0.5,
    1e-300,
    1e300,
    2.0,
    3.0,
    16.0,
    255.0,
    65_535.0,
    65_536.0,
    4_294_967_295.0,
    9_223_372_036_854_775_807.0,
];

/// Changes one value of the document, or puts another one of its values there.
fn mutate(document: &mut Value, random: &mut impl Rng) {
    let count = size(document);
    let other = random.random_range(0..count);
    let other = nth(document, &mut { other }).map(|value| value.clone());
    let chosen = random.random_range(0..count);
    let Some(value) = nth(document, &mut { chosen }) else {
        return;
    };
    match random.random_range(0..10) {
        0 => *value = other.unwrap_or(Value::Null),
        1 => *value = Value::Null,
        _ => change(value, other, random),
    }
}

/// A change that suits the value's kind.
fn change(value: &mut Value, other: Option<Value>, random: &mut impl Rng) {
    match value {
        Value::Null => *value = other.unwrap_or(Value::Null),
        Value::Bool(flag) => *flag = !*flag,
        Value::Number(number) => *value = number_near(number, random),
        Value::String(text) => match (other, random.random_range(0..4)) {
            (Some(Value::String(other)), 0..=2) => *text = other,
            (_, 3) => text.clear(),
            _ => text.push('x'),
        },
        Value::Array(values) => change_list(values, other, random),
        Value::Object(fields) => change_fields(fields, random),
    }
}

fn number_near(number: &serde_json::Number, random: &mut impl Rng) -> Value {
    let chosen = NUMBERS.get(random.random_range(0..NUMBERS.len()));
    let chosen = chosen.copied().unwrap_or_default();
    match (number.as_i64(), random.random_range(0..4)) {
        (Some(whole), 0) => Value::from(whole.saturating_add(random.random_range(-2..=2))),
        (Some(_), _) => Value::from(chosen as i64),
        (None, 0) => Value::from(number.as_f64().unwrap_or_default() * chosen),
        (None, _) => Value::from(chosen),
    }
}

fn change_list(values: &mut Vec<Value>, other: Option<Value>, random: &mut impl Rng) {
    let place = random.random_range(0..=values.len());
    let inside = place < values.len();
    match random.random_range(0..4) {
        0 if inside => {
            values.remove(place);
        }
        1 if inside => {
            let last = values.len() - 1;
            values.swap(place, last);
        }
        2 => values.insert(place, other.unwrap_or(Value::Null)),
        _ => {
            if let Some(again) = values.get(place).cloned() {
                values.insert(place, again);
            }
        }
    }
}

fn change_fields(fields: &mut Map<String, Value>, random: &mut impl Rng) {
    let names: Vec<String> = fields.keys().cloned().collect();
    let pick = |random: &mut dyn FnMut(usize) -> usize| names.get(random(names.len())).cloned();
    let mut draw = |count: usize| random.random_range(0..count.max(1));
    if let (Some(from), Some(to)) = (pick(&mut draw), pick(&mut draw)) {
        let value = fields.get(&from).cloned().unwrap_or(Value::Null);
        if from == to {
            fields.remove(&from);
        } else {
            fields.insert(to, value);
        }
    }
}

/// How many values there are in it, itself included.
fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(values) => values.iter().map(size).sum(),
        Value::Object(fields) => fields.values().map(size).sum(),
        _ => 0,
    }
}

/// The value of that number, counted from the outside in.
fn nth<'v>(value: &'v mut Value, left: &mut usize) -> Option<&'v mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(values) => values.iter_mut().find_map(|value| nth(value, left)),
        Value::Object(fields) => fields.values_mut().find_map(|value| nth(value, left)),
        _ => None,
    }
}
