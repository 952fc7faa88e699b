//! The same blocks, the same figures and the same messages as line by line.

use crate::testing::format;
use crate::{Block, BlockSource, MaxErrors, Needs, Packed, ReadOptions, ReadStats};
use cachepolicy_core::units::Duration;
use proptest::prelude::*;
use std::io::Read;

/// Gives some bytes at a time.
struct Slowly<'a>(&'a [u8], usize);

impl Read for Slowly<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = self.1.min(buffer.len());
        self.0.read(buffer.get_mut(..most).unwrap_or_default())
    }
}

/// All blocks, how it ended, and what was met.
type Outcome = (Vec<Block>, Option<String>, ReadStats);

fn blocks(source: &mut dyn BlockSource) -> Outcome {
    let mut blocks = Vec::new();
    loop {
        let mut block = Block::default();
        match source.next_block(&mut block) {
            Ok(true) => blocks.push(block),
            Ok(false) => return (blocks, None, source.stats().clone()),
            Err(error) => return (blocks, Some(error.to_string()), source.stats().clone()),
        }
    }
}

fn both(log: &[u8], step: usize, options: &ReadOptions) -> [Outcome; 2] {
    let source = crate::open(Box::new(log), "trace", options).unwrap();
    let slowly = Box::new(Slowly(log, step));
    let mut straight = crate::open_blocks(slowly, "trace", options).unwrap();
    let [mut one, mut other] = [
        blocks(&mut Packed::new(source, "trace")),
        blocks(straight.as_mut()),
    ];
    // How far the input was read differs after an error, and by how much is read at once.
    for (_, _, stats) in [&mut one, &mut other] {
        stats.input_bytes = 0;
    }
    [one, other]
}

fn with_user() -> Needs {
    Needs {
        user: true,
        ..Needs::default()
    }
}

/// A log of `tests/data/http`.
macro_rules! log {
    ($name:literal) => {
        include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/data/http/",
            $name
        ))
        .as_slice()
    };
}

#[test]
fn logs_of_real_servers() {
    let logs = [log!("elastic_apache_logs.gz"), log!("nasa_19950701.log.gz")];
    for log in logs {
        for needs in [with_user(), Needs::default(), Needs::everything()] {
            let options = ReadOptions {
                needs,
                ..ReadOptions::default()
            };
            let [one, other] = both(log, usize::MAX, &options);
            assert!(one.1.is_none() && one.2.events > 1_000);
            assert!(one == other);
        }
    }
}

#[test]
fn a_line_that_is_too_long() {
    let line =
        |path: &str| format!("h - - [10/Oct/2000:13:55:36 +0000] \"GET /{path} HTTP/1.1\" 200 1\n");
    let log = [line("a"), line(&"x".repeat(1 << 20)), line("b"), line("a")].concat();
    let options = ReadOptions {
        max_errors: Some(MaxErrors::Count(1)),
        ..format("common")
    };
    for step in [usize::MAX, 100_000] {
        let [one, other] = both(log.as_bytes(), step, &options);
        assert_eq!((one.2.lines, one.2.errors), (4, 1));
        assert_eq!(one, other);
    }
}

/// One of some texts.
fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    (0..texts.len()).prop_map(|index| texts[index])
}

fn line() -> impl Strategy<Value = String> {
    let client = one_of(&[
        "1.2.3.4 - - ",
        "1.2.3.4 - ann ",
        "::1 - bob\\x41 ",
        "www.example.org:443 1.2.3.4 - eve ",
        "host - \"\" ",
        "[::1] - - ",
        " - - ",
        "a  - - ",
        "",
    ]);
    let time = (0_u32..70, one_of(&["+0000", "-0730", "", "x"]));
    let request = one_of(&[
        "GET /a HTTP/1.1",
        "GET /b?c=d HTTP/2.0",
        "POST /a HTTP/1.0",
        "get /a HTTP/1.1",
        "GET /a b HTTP/1.1",
        "GET /\\\\x HTTP/1.1",
        "GET /\\x HTTP/1.1",
        "GET /\\\" HTTP/1.1",
        "GET /\" HTTP/1.1",
        "GET /\u{e9} HTTP/1.1",
        "GET http://Example.org:80/a HTTP/1.1",
        "GET / x HTTP/1.1\" 200 5",
        "GET /a",
        "GET * HTTP/1.1",
        "-",
        "",
    ]);
    let end = one_of(&[
        "200 17",
        "404 -",
        "000 5 \"-\" \"agent\"",
        "301 0 \"http://referer/\" \"a \\\" b\"",
        "20 1",
        "- -",
        "200",
        "200 x",
        "200 99999999999999999999",
        "",
    ]);
    let ending = one_of(&["\n", "\n", "\r\n", "\n\n"]);
    (client, time, request, end, ending).prop_map(
        |(client, (second, zone), request, end, ending)| {
            let (minute, second) = (second / 60, second % 60);
            let time = format!("10/Oct/2000:13:{minute:02}:{second:02} {zone}");
            format!("{client}[{}] \"{request}\" {end}{ending}", time.trim_end())
        },
    )
}

proptest! {
    #[test]
    fn any_lines(
        lines in proptest::collection::vec(line(), 1..150),
        (step, seed, user) in (1_usize..5_000, 0_u64..3, any::<bool>()),
        (window, allowed) in (0_i64..40, one_of(&["none", "some", "all"])),
    ) {
        let log = lines.concat();
        let options = ReadOptions {
            needs: if user { with_user() } else { Needs::default() },
            seed,
            reorder_window: Some(Duration::from_secs(window)),
            max_errors: Some(match allowed {
                "none" => MaxErrors::Count(0),
                "some" => MaxErrors::Count(30),
                _ => MaxErrors::Share(1.0),
            }),
            ..format("combined")
        };
        let [one, other] = both(log.as_bytes(), step, &options);
        prop_assert_eq!(&one.1, &other.1);
        prop_assert_eq!(&one.2, &other.2);
        if one.1.is_none() {
            prop_assert_eq!(&one.0, &other.0);
        }
    }
}
