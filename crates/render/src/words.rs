//! What is said to who named something that is not there.

use cachepolicy_compiler::{closest, codes};

/// `there is no diagnostic …; did you mean …?`
pub fn unknown_code(code: &str) -> String {
    let meant = closest(code, codes::codes().map(|doc| doc.code));
    let advice = meant.map_or_else(
        || "`cachepolicy explain` lists all".to_owned(),
        |meant| format!("did you mean `{meant}`?"),
    );
    format!("there is no diagnostic with the code `{code}`; {advice}")
}

/// `; did you mean `x`?`, or what there is.
pub fn did_you_mean<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match closest(word, known.clone()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => {
            let all: Vec<_> = known.map(|name| format!("`{name}`")).collect();
            format!("there is {}", all.join(", "))
        }
    }
}
