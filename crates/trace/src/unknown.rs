//! What to say of content that is no trace.

use crate::Advice;
use crate::format::{Format, Sample};
use crate::formats::BY_LAYOUT;
use crate::text::quote;

/// What the content seems to be, and what it would have to be.
pub(crate) fn describe(sample: &Sample<'_>, advice: Advice) -> String {
    let likeliest = |what: &str, names: &[&str]| likeliest(what, names, advice);
    if !sample.is_text() {
        return likeliest(
            "this is binary data, and no trace that is known",
            &["cptrace", "oracle-general"],
        );
    }
    let line = sample.lines().next().unwrap_or_default();
    let begins = quote(line);
    let has = |word: &[u8]| sample.lines().any(|line| line.starts_with(word));
    if has(b"policy ") || (has(b"model ") && has(b"backend ")) {
        return likeliest("this is a policy, not a trace", &["jsonl", "combined"]);
    }
    if line.starts_with(b"<") {
        let what = format!("this is HTML or XML, not a trace: it begins with {begins}");
        return likeliest(&what, &["jsonl", "combined"]);
    }
    if line.starts_with(b"{") || line.starts_with(b"[") {
        let what = format!(
            "this is JSON, but neither one event a line with `at` and `type` nor an access log with a time and a request: it begins with {begins}"
        );
        return likeliest(&what, &["jsonl", "nginx-json"]);
    }
    let commas = |line: &[u8]| line.iter().filter(|byte| **byte == b',').count();
    if commas(line) > 0 && sample.lines().all(|other| commas(other) == commas(line)) {
        let what = format!(
            "this is CSV, but its header has neither `at` and the fields of an event nor a column like `key` or `id`: it begins with {begins}"
        );
        return likeliest(&what, &["csv", "kv-csv", "twitter"]);
    }
    if sample
        .lines()
        .all(|line| !line.iter().any(|byte| matches!(byte, b' ' | b'\t' | b',')))
    {
        return likeliest(
            &format!("this could be one key a line: if so, {}", advice.keys()),
            &["jsonl", "csv"],
        );
    }
    let what = format!("this is no trace that is known: it begins with {begins}");
    likeliest(&what, &["combined", "log-format", "jsonl"])
}

/// What it is, which formats come nearest to it, and what lists all of them.
fn likeliest(what: &str, names: &[&str], advice: Advice) -> String {
    // It is what an option says.
    let is_there = |name: &&&str| advice == Advice::Options || **name != BY_LAYOUT;
    let names: Vec<String> = names
        .iter()
        .filter(is_there)
        .filter_map(|name| Format::named(name))
        .map(|format| format!("`{}` ({})", format.name(), format.about()))
        .collect();
    format!(
        "{what}; a trace is, for example, {}; {}",
        names.join(" or "),
        advice.all_formats()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ReadOptions;
    use crate::testing::{error, read};

    #[test]
    fn the_refusal_names_the_likeliest_formats() {
        for format in Format::all() {
            assert_eq!(Format::named(format.name()), Some(format));
        }
        for (bytes, names) in [
            (
                &b"Dear Ann,\nhow are you?\n"[..],
                &["combined", "log-format", "jsonl"][..],
            ),
            (
                b"\x7fELF\x02\x01\x01\0\0\0\0\0",
                &["cptrace", "oracle-general"],
            ),
            (b"policy shop {\n}\n", &["jsonl", "combined"]),
            (b"{\"a\": 1}\n", &["jsonl", "nginx-json"]),
        ] {
            let text = error(bytes, &ReadOptions::default());
            assert!(text.contains("trace info --help"), "{text}");
            for format in Format::all() {
                let is_named = text.contains(&format!("`{}` (", format.name()));
                assert_eq!(is_named, names.contains(&format.name()), "{text}");
            }
        }
    }

    #[test]
    fn where_there_are_no_options_none_is_named() {
        let dropped = ReadOptions {
            advice: Advice::Log,
            ..ReadOptions::default()
        };
        let line = |time: &str| format!("1.2.3.4 - - [{time} +0000] \"GET / HTTP/1.1\" 200 1\n");
        let (late, early) = (line("02/Jan/2024:00:10:00"), line("02/Jan/2024:00:00:00"));
        let json = "{\"at\":2,\"type\":\"fault\",\"fault\":\"deploy\"}\n{\"at\":1,\"type\":\"fault\",\"fault\":\"deploy\"}\n";
        for (text, advised) in [
            ("Dear Ann,\nhow are you?\n", "`docs/traces.md`"),
            ("anna\nberta\n", "`time,key`"),
            (&format!("{late}{early}"), "sort the trace by time"),
            (&format!("{late}{late}nonsense\n"), "correct or remove"),
            (json, "sort the trace by time"),
        ] {
            let said = error(text.as_bytes(), &dropped);
            assert!(said.contains(advised), "{said}");
            let names_options = said.contains("--") || said.contains("its format is");
            assert!(!names_options, "{said}");
        }
        let (events, _) = read(b"time,key\n1,anna\n2,berta\n", &dropped).unwrap();
        assert_eq!(events.len(), 2);
    }
}
