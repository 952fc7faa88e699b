//! What a person reads about a text with mistakes.

use cachepolicy_syntax::{FileId, Parsed, parse_with};

#[path = "support/render.rs"]
mod render;

use render::{apply_fixes, render};

const PROPERTIES: [&str; 5] = ["store", "key", "ttl", "cost", "route"];

fn read(text: &str) -> Parsed {
    parse_with(FileId(0), text, &|owner, word| {
        owner == "view" && PROPERTIES.contains(&word)
    })
}

/// The diagnostics of a text.
fn check(text: &str) -> String {
    render(text, &read(text).diagnostics)
}

/// The text of each item that was read, and of each statement in it.
fn survivors(text: &str) -> String {
    let slice = |span: cachepolicy_syntax::Span| {
        text.get(span.start as usize..span.end as usize)
            .unwrap_or_default()
    };
    let mut out = String::new();
    for item in read(text).file.items {
        let header = item
            .phrases
            .first()
            .map(|phrase| slice(phrase.span))
            .unwrap_or_default();
        out.push_str(&format!("{header}\n"));
        for statement in item.block.iter().flat_map(|block| &block.statements) {
            out.push_str(&format!("  {}\n", slice(statement.span)));
        }
    }
    out
}

const TWELVE: &str = include_str!("twelve_mistakes.cachepolicy");

#[test]
fn twelve_mistakes_are_twelve_diagnostics() {
    insta::assert_snapshot!("twelve_mistakes", check(TWELVE));
    assert_eq!(read(TWELVE).diagnostics.len(), 12);
}

#[test]
fn what_has_no_mistake_survives() {
    insta::assert_snapshot!("twelve_mistakes_survivors", survivors(TWELVE));
}

#[test]
fn fixes_mend_what_they_say() {
    let before = read(TWELVE).diagnostics;
    let fixed = apply_fixes(TWELVE, &before);
    let after = read(&fixed).diagnostics;
    let unfixable: Vec<_> = before
        .iter()
        .filter(|diagnostic| diagnostic.fix.is_none())
        .map(|diagnostic| diagnostic.code)
        .collect();
    let left: Vec<_> = after.iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(left, unfixable, "{fixed}");
}

#[test]
fn blocks() {
    insta::assert_snapshot!(check("view a {\n  ttl 5m\nview b {\n}\n"), @r##"
    1:8 unclosed-block: the block of `view a` is not closed
        | {  ← opened here
        3:1 another item begins here
        help: write a `}` where it ends
    "##);
    insta::assert_snapshot!(check("view a {\n  http {\n    browser 0s\n  ttl 5m\n}\n\nview b { ttl 5m }\n"), @r##"
    2:8 unclosed-block: the block of `http` is not closed
        | {  ← opened here
        5:1 by its indentation, this closes the block around it
        help: write a `}` where it ends
    "##);
    insta::assert_snapshot!(check("workload w {\n  requests 1/s {\n    GET \"/\"\n  duration 5m\n}\nexpect {\n}\n"), @r##"
    2:16 unclosed-block: the block of `requests 1/s` is not closed
        | {  ← opened here
        5:1 by its indentation, this closes the block around it
        help: write a `}` where it ends
    "##);
    insta::assert_snapshot!(check("view a {\n  ttl 5m\n  }\n  key \"a\"\n}\n"), @r##"
    5:1 stray-brace: there is no open block that this `}` closes
        | }
        3:3 `view a` was closed here
        help: remove one of the braces
    "##);
    insta::assert_snapshot!(check("view a\n# why\n{\n  ttl 5m\n}\n"), @r##"
    3:1 brace-on-next-line: the `{` of `view a` stands below its header
        | {
        1:1 this header
        help: write the `{` on the header's line
        fix: move the `{` up
    "##);
    insta::assert_snapshot!(check("{ ttl 5m }\nview a { } ttl 5m\nview b { } { }"), @r##"
    1:1 block-without-header: this block has no header
        | {
        help: write what it belongs to before the `{`, or remove the block
    2:12 missing-line-break: a statement begins on the line of the `}` before it
        | 
        help: begin it on a line of its own
        fix: break the line
    3:12 block-without-header: this block has no header
        | {
        help: write what it belongs to before the `{`, or remove the block
    "##);
}

#[test]
fn a_brace_too_many_moves_statements_back() {
    assert_eq!(
        survivors("view a {\n  ttl 5m\n  }\n  key \"a\"\n}\nview b { x }\n"),
        "view a\n  ttl 5m\n  key \"a\"\nview b\n  x\n"
    );
}

#[test]
fn brackets() {
    insta::assert_snapshot!(check("a [b, c\nd e(f\ng (h\n"), @r##"
    1:3 unclosed-bracket: this `[` is not closed
        | [
        1:8 no `]` up to here
        help: write a `]` where it ends; a list goes on in the next line after a comma only
    2:4 unclosed-bracket: this `(` is not closed
        | (
        2:6 no `)` up to here
        help: write a `)` where it ends; a list goes on in the next line after a comma only
    3:2 space-before-call: there is a space between `g` and its `(`
        |  
        help: write the `(` right after the name
        fix: remove the space
    3:3 unclosed-bracket: this `(` is not closed
        | (
        3:5 no `)` up to here
        help: write a `)` where it ends; a list goes on in the next line after a comma only
    "##);
    insta::assert_snapshot!(check("a [b, c)\nd (e]\nf g)\n"), @r##"
    1:3 unclosed-bracket: this `[` is not closed
        | [
        1:8 no `]` up to here
        help: write a `]` where it ends; a list goes on in the next line after a comma only
    2:2 space-before-call: there is a space between `d` and its `(`
        |  
        help: write the `(` right after the name
        fix: remove the space
    2:3 unclosed-bracket: this `(` is not closed
        | (
        2:5 no `)` up to here
        help: write a `)` where it ends; a list goes on in the next line after a comma only
    3:4 stray-bracket: there is no open bracket that this `)` closes
        | )
        help: remove it
    "##);
    insta::assert_snapshot!(check("reads A.{b, c\nreads A.{}\nreads A.{b c}\n"), @r##"
    1:9 unclosed-bracket: this `{` is not closed
        | {
        1:14 no `}` up to here
        help: write a `}` where it ends; a list goes on in the next line after a comma only
    2:9 empty-brackets: there is no field between these braces
        | {}
        help: name the fields: `.{title, slug}`
    3:10 missing-comma: two fields stand side by side
        | b c
        help: write a comma between them
    "##);
    insta::assert_snapshot!(check("a ()\nb == (c, d)\ne(f: )\n"), @r##"
    1:2 space-before-call: there is a space between `a` and its `(`
        |  
        help: write the `(` right after the name
        fix: remove the space
    2:6 not-one-expression: parentheses without a name before them hold one expression
        | (c, d)
        help: write a list as `[a, b]`, and a call with its name: `f(a, b)`
    3:3 missing-value: nothing is given for `f`
        | f
        help: write its value after the colon: `f: …`
    "##);
}

#[test]
fn calls_and_connectives() {
    insta::assert_snapshot!(check("reads Article (slug)\nskip when not(a) and (b)\nskip when a && b || c\nx => y\n"), @r##"
    1:14 space-before-call: there is a space between `Article` and its `(`
        |  
        help: write the `(` right after the name
        fix: remove the space
    2:14 missing-space: `not` cannot be called
        | 
        help: write a space between `not` and the `(`
        fix: insert a space
    3:13 unknown-operator: `&&` is not an operator here
        | &&
        help: write `and`
        fix: write `and`
    3:18 unknown-operator: `||` is not an operator here
        | ||
        help: write `or`
        fix: write `or`
    4:3 unknown-operator: `=>` is not an operator here
        | =>
        help: write `->`
    "##);
}

#[test]
fn commas() {
    insta::assert_snapshot!(check("view a {\n  vary b,\n  ttl 5m\n  uses c,\n}\n"), @r##"
    2:9 trailing-comma: the list goes on after this comma, into `ttl`
        | ,
        3:3 taken into the list
        help: remove the comma
        fix: remove the comma
    4:9 misplaced-comma: this comma separates nothing
        | ,
        help: remove the comma, or write what it separates
        fix: remove the comma
    "##);
    insta::assert_snapshot!(check("a ,, b\n, c\nd [, e]\nf(g,, h)\n"), @r##"
    1:3 misplaced-comma: this comma separates nothing
        | ,
        help: remove the comma, or write what it separates
        fix: remove the comma
    2:1 misplaced-comma: this comma separates nothing
        | ,
        help: a list goes on in the next line after a comma at the end of the line
    3:4 misplaced-comma: this comma separates nothing
        | ,
        help: remove the comma, or write what it separates
        fix: remove the comma
    4:5 misplaced-comma: this comma separates nothing
        | ,
        help: remove the comma, or write what it separates
        fix: remove the comma
    "##);
    assert_eq!(
        check("view a {\n  vary b,\n\n    c, # and\n    # then\n    d\n}\n"),
        ""
    );
}

#[test]
fn strings() {
    insta::assert_snapshot!(check("key \"a:{b}\nkey \"{ b }:{}:{b\"\nkey \"}\\n\"\n"), @r##"
    1:5 unclosed-string: this string is not closed
        | \"a:{b}
        help: close it with `"` on the same line; a quote in the text is written `\"`
    2:6 bad-hole: `{ b }` is not a hole
        | { b }
        help: a hole is a path: `{slug}`, `{author.id}`, `{each tags.id}`, in a route also `{id:int}`, `{path:**}`
        fix: remove the blanks
    2:12 bad-hole: this hole is empty
        | {}
        help: name what it stands for: `{slug}`; write `{{}}` for braces in the text
    2:15 bad-hole: this hole is not closed
        | {b
        help: close it with `}`, or write `{{` for a brace in the text
    3:6 bad-hole: this `}` closes no hole
        | }
        help: write `}}` for a brace in the text
        fix: double it
    3:7 bad-escape: `\n` means nothing in a string
        | \\n
        help: a string knows `\"` and `\\`; write `\\` for a backslash
        fix: double the backslash
    "##);
    insta::assert_snapshot!(check("http { a \"b }\nview c { d \"{e} }  # f\nview g { h }\n"), @r##"
    1:10 unclosed-string: this string is not closed
        | \"b 
        help: close it with `"` on the same line; a quote in the text is written `\"`
    2:12 unclosed-string: this string is not closed
        | \"{e} 
        help: close it with `"` on the same line; a quote in the text is written `\"`
    "##);
    insta::assert_snapshot!(check("key ‘a’\nkey 'it{x}'\nkey ‘a\n"), @r##"
    1:5 unexpected-character: `‘` begins no string
        | ‘a’
        help: strings stand between straight double quotes: `"…"`
        fix: write double quotes
    2:5 unexpected-character: `'` begins no string
        | \'it{x}\'
        help: strings stand between straight double quotes: `"…"`
    3:5 unexpected-character: `‘` begins no string
        | ‘
        help: strings stand between straight double quotes: `"…"`
    "##);
}

#[test]
fn characters() {
    insta::assert_snapshot!(check("a @b\nc % d\nttl: 5m\njitter 10 %\n"), @r##"
    1:3 unexpected-character: `@` means nothing here
        | @
        help: remove it, or put text between double quotes
    2:3 unexpected-character: `%` means nothing here
        | %
        help: remove it, or put text between double quotes
    3:4 unexpected-character: there is a colon after `ttl`
        | :
        help: a word and its value stand side by side: `ttl 5m`
        fix: remove the colon
    4:11 unexpected-character: there is a space before this `%`
        | %
        help: write the figure and its unit together: `10%`
        fix: remove the space
    "##);
    insta::assert_snapshot!(check("a\u{a0}b\nc\u{200b}\n// d\ne. f\ng !h\ni ..5\nj -5m\ngröße\nk \u{1}\n"), @r##"
    1:2 unexpected-character: this blank is not a plain space
        | \u{a0}
        help: it often comes with text copied from a web page
        fix: write a plain space
    2:2 unexpected-character: there is an invisible character (U+200B) here
        | \u{200b}
        fix: remove it
    3:1 unexpected-character: `//` begins no comment here
        | //
        help: a comment begins with `#` and ends with its line
    4:2 unexpected-character: a word must follow this `.`
        | .
        help: write `model.field`, or `model.{a, b}` for several
    5:3 unexpected-character: `!` means nothing here
        | !
        help: write `not`
    6:3 unexpected-character: a range needs its lower end right before the `..`
        | ..
        help: write it without spaces: `1..500`, or `1..` without an upper end
    7:3 unexpected-character: this `-` belongs to no word and no number
        | -
        help: join words as in `replica-lag`; there are no negative figures
    8:3 unexpected-character: `öß` cannot stand in a name
        | öß
        help: names have the letters a to z, digits, `_` and `-`; other text goes between double quotes
    9:3 unexpected-character: there is a control character (U+0001) here
        | \u{1}
        help: remove it
    "##);
    insta::assert_snapshot!(check("a 5m3\nb 1__0\nc 2fa_x\n"), @r##"
    1:3 bad-number: `5m3` is neither a figure nor a name
        | 5m3
        help: a figure ends with its unit: `1h30m`, `2_000`, `10%`, `5/s`; a name does not begin with a digit
    2:3 bad-number: `1__0` is neither a figure nor a name
        | 1__0
        help: a figure ends with its unit: `1h30m`, `2_000`, `10%`, `5/s`; a name does not begin with a digit
    3:3 bad-number: `2fa_x` is neither a figure nor a name
        | 2fa_x
        help: a figure ends with its unit: `1h30m`, `2_000`, `10%`, `5/s`; a name does not begin with a digit
    "##);
}

#[test]
fn limits() {
    let deep = format!("a {}b", "(".repeat(65));
    insta::assert_snapshot!(check(&deep), @r##"
    1:67 nesting-too-deep: more than 64 brackets are open here
        | (
        help: close the brackets above, or nest less deeply
    "##);
    let large = "a\n".repeat(600_000);
    insta::assert_snapshot!(check(&large), @r##"
    1:1 file-too-large: this file has 1200000 bytes, and a policy may have 524288
        | 
        help: split it into files that one file imports
    "##);
    let many = "@\n".repeat(1_000);
    let diagnostics = read(&many).diagnostics;
    assert_eq!(diagnostics.len(), 201);
    insta::assert_snapshot!(render(&many, diagnostics.get(200..).unwrap_or_default()), @r##"
    200:2 too-many-mistakes: this text has 800 more mistakes
        | 
        help: mend those above first
    "##);
}

#[test]
fn an_item_with_a_mistake_is_damaged_and_its_neighbour_is_not() {
    let parsed = read("view a {\n  ttl @\n}\nview b {\n  ttl 5m\n}\n");
    let damaged: Vec<bool> = parsed
        .file
        .items
        .iter()
        .map(|item| parsed.is_damaged(item.span))
        .collect();
    assert_eq!(damaged, [true, false]);
}
