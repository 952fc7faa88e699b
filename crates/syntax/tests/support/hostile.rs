//! Texts that are hard to read, of any size.

/// Pieces that are repeated up to the size.
const REPEATED: [&str; 57] = [
    "a\n",
    "a;",
    "a ",
    "a,",
    "a,\n",
    "a.",
    "a-",
    "a:",
    "a|",
    "a {}\n",
    "a{}",
    "a {\n}\n",
    "a\n{\n}\n",
    "a\n}\n",
    "on ",
    "on;",
    "on\n",
    "on,",
    "on,\n",
    "on{}",
    "on a,",
    "on \"",
    "view a {\n}\n",
    "\"",
    "\"\\",
    "\\\"",
    "\"}",
    "\"{\n",
    "\"{a\n",
    "\"{a}\" ",
    "\"} ",
    "\"a\"\n",
    "\"\n",
    "#",
    "#\n",
    " ",
    "\t",
    "\n",
    "\r\n",
    ";",
    ",",
    ")",
    "]",
    "}",
    "{}",
    "@",
    "@ ",
    "%",
    "é",
    "1",
    "1_",
    "1h",
    "1..",
    "1.",
    "*",
    "->",
    "|| ",
];

/// Openings, what they hold, and what closes them.
const NESTED: [(&str, &str, &str); 9] = [
    ("{", "a", "}"),
    ("a {\n", "a", "}\n"),
    ("(", "a", ")"),
    ("[", "a", "]"),
    ("f(", "a", ")"),
    ("f(x: ", "a", ")"),
    ("f(x).{", "a", "}"),
    ("view a {\n", "b\n", "}\n"),
    ("a {\n  b {\n", "c", "\n}\n }\n"),
];

/// Brackets in one of [`NESTED`]: less than the limit.
const DEPTH: usize = 30;

/// Texts of about `size` bytes, each with a name.
pub(crate) fn texts(size: usize) -> Vec<(String, String)> {
    let repeated = REPEATED
        .iter()
        .map(|piece| (format!("{piece:?} again and again"), fill(piece, size)));
    let nested = NESTED.iter().map(|(open, inside, close)| {
        let once = format!("{}{inside}{}", open.repeat(DEPTH), close.repeat(DEPTH));
        (
            format!("{open:?} nested, again and again"),
            fill(&format!("{once}\n"), size),
        )
    });
    let wide = NESTED.iter().flat_map(|(open, _, close)| {
        ["a,\n", " ", "\n", "#\n", "a ", "on,\n"].map(|inside| {
            let text = format!(
                "{}{}{}",
                open.repeat(DEPTH),
                fill(inside, size),
                close.repeat(DEPTH)
            );
            (
                format!("{inside:?} again and again, deep in {open:?}"),
                text,
            )
        })
    });
    let unclosed = NESTED.iter().map(|(open, inside, _)| {
        let once = format!("{}{inside}{}", open.repeat(DEPTH), "}".repeat(2 * DEPTH));
        (format!("{open:?} closed by braces"), fill(&once, size))
    });
    let long = [
        "a", "{", "}", "{a}", "{a.", "{each ", "\\", "\\\\", "{{", "é",
    ]
    .map(|piece| {
        (
            format!("a string of {piece:?}"),
            format!("key \"{}\"", fill(piece, size)),
        )
    });
    repeated
        .chain(nested)
        .chain(wide)
        .chain(unclosed)
        .chain(long)
        .collect()
}

fn fill(piece: &str, size: usize) -> String {
    piece.repeat(size / piece.len())
}
