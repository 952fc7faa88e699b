//! Names of the policy as names of Rust.

use std::collections::BTreeSet;

/// Words that no name may be, and those of 2024 and later that it may not be without `r#`.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// Words that no name may be, with `r#` neither.
const NEVER: &[&str] = &["Self", "_", "crate", "self", "super"];

/// Names that are taken in one scope.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    taken: BTreeSet<String>,
}

impl Scope {
    /// In which these are taken.
    pub(crate) fn with(taken: &[&str]) -> Self {
        let taken = taken.iter().map(|name| (*name).to_owned());
        Self {
            taken: taken.collect(),
        }
    }

    /// A name of Rust for one of the policy: the same where that is possible, with as many `_` behind it
    /// as it takes otherwise.
    pub(crate) fn name(&mut self, name: &str) -> String {
        let mut name = plain(name);
        while NEVER.contains(&name.as_str()) || !self.taken.insert(name.clone()) {
            name.push('_');
        }
        if KEYWORDS.contains(&name.as_str()) {
            name.insert_str(0, "r#");
        }
        name
    }
}

/// For a module, and the files that it is in: `a-shop` is `a_shop`.
pub(crate) fn module(stem: &str) -> String {
    let name = plain(stem);
    match name.chars().next() {
        Some(first) if !first.is_ascii_digit() => name,
        _ => format!("policy_{name}"),
    }
}

fn plain(name: &str) -> String {
    let letters = name.chars();
    letters
        .map(|it| if it.is_ascii_alphanumeric() { it } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_policy_where_rust_has_them() {
        let mut scope = Scope::with(&["write"]);
        let names = ["article", "type", "self", "write", "a-b", "a_b", "_"];
        let names = names.map(|name| scope.name(name));
        let expected = ["article", "r#type", "self_", "write_", "a_b", "a_b_", "__"];
        assert_eq!(names, expected);
        assert_eq!(module("my-shop.v2"), "my_shop_v2");
        assert_eq!(module("2024"), "policy_2024");
    }
}
