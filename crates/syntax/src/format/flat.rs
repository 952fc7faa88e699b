//! Terms as text.

use crate::tree::{Hole, Op, Part, Template};

pub(super) fn op(op: Op) -> &'static str {
    match op {
        Op::Arrow => "->",
        Op::Equal => "==",
        Op::NotEqual => "!=",
        Op::AtMost => "<=",
        Op::AtLeast => ">=",
        Op::Less => "<",
        Op::Greater => ">",
        Op::Or => "|",
        Op::Assign => "=",
    }
}

pub(super) fn template(template: &Template) -> String {
    let mut out = String::from("\"");
    for part in &template.parts {
        match part {
            Part::Text(text) => escape(text, &mut out),
            Part::Hole(written) => hole(&written.value, &mut out),
        }
    }
    out.push('"');
    out
}

fn escape(text: &str, out: &mut String) {
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '{' => out.push_str("{{"),
            '}' => out.push_str("}}"),
            _ => out.push(char),
        }
    }
}

fn hole(hole: &Hole, out: &mut String) {
    out.push('{');
    if hole.each {
        out.push_str("each ");
    }
    out.push_str(&hole.path.join("."));
    if let Some(kind) = &hole.kind {
        out.push(':');
        out.push_str(kind);
    }
    out.push('}');
}
