use super::*;
use crate::testing::{error, format, read};
use crate::{MaxErrors, ReadOptions, ReadStats};
use proptest::prelude::*;

fn of(lines: &str) -> (Vec<Access>, ReadStats) {
    let (events, stats) = read(lines.as_bytes(), &ReadOptions::default()).unwrap();
    let known = stats.format.map(|format| format.name());
    assert_eq!(known, Some("redis-monitor"));
    let accesses = events.into_iter().map(|event| match event {
        Event::Access(access) => access,
        other => panic!("{other:?}"),
    });
    (accesses.collect(), stats)
}

/// What commands do, as words: operation, key, size, ttl in seconds.
fn done(commands: &[&str]) -> Vec<String> {
    let lines = commands
        .iter()
        .zip(0..)
        .map(|(command, micros)| format!("1700000000.{micros:06} [0 127.0.0.1:50000] {command}\n"));
    let (accesses, _) = of(&lines.collect::<String>());
    let words = accesses.iter().map(|access| {
        let mut words = access.operation.name().to_owned();
        match &access.key {
            AccessKey::Number(number) => words.push_str(&format!(" #{number}")),
            AccessKey::Text(text) => words.push_str(&format!(" {text}")),
        }
        if let Some(bytes) = access.bytes {
            words.push_str(&format!(" {bytes}B"));
        }
        if let Some(ttl) = access.ttl {
            words.push_str(&format!(" {}s", ttl.as_secs_f64()));
        }
        words
    });
    words.collect()
}

/// The same of one command whose arguments need no escapes.
fn one(command: &str) -> Vec<String> {
    let quoted: Vec<String> = command
        .split(' ')
        .map(|word| format!("\"{word}\""))
        .collect();
    done(&[&quoted.join(" ")])
}

#[test]
fn heads_of_all_kinds() {
    let text = "OK\n\
        1339518083.107412 [0 127.0.0.1:60866] \"get\" \"a\"\r\n\
        +1339518083.107413 [0 [::1]:60866] \"get\" \"b\"\n\
        1339518083.107414 [3 unix:/run/redis dir/r.sock] \"get\" \"c\"\n\
        1339518083.107415 [0 lua] \"get\" \"17\"\n\n";
    let (accesses, stats) = of(text);
    let expected = [
        (107_412, AccessKey::Text("a".to_owned())),
        (107_413, AccessKey::Text("b".to_owned())),
        (107_414, AccessKey::Text("[3] c".to_owned())),
        (107_415, AccessKey::Number(17)),
    ];
    let read: Vec<_> = accesses
        .iter()
        .map(|access| (access.at.nanos() / 1_000 % 1_000_000, access.key.clone()))
        .collect();
    assert_eq!(read, expected);
    assert_eq!((stats.lines, stats.events, stats.spread), (6, 4, false));
    assert!(stats.others.is_empty());
}

#[test]
fn reads_writes_and_removals() {
    assert_eq!(one("GET k"), ["get k"]);
    assert_eq!(one("mget a b a"), ["get a", "get b", "get a"]);
    assert_eq!(one("HGET k field"), ["get k"]);
    assert_eq!(one("SET k value"), ["set k 5B"]);
    assert_eq!(one("MSET a 1 b 22"), ["set a 1B", "set b 2B"]);
    assert_eq!(one("SETNX k v"), ["set k 1B"]);
    assert_eq!(one("INCR k"), ["set k"]);
    assert_eq!(one("HSET k f v"), ["set k"]);
    assert_eq!(one("DEL a b"), ["delete a", "delete b"]);
    assert_eq!(one("GETDEL k"), ["get k", "delete k"]);
    assert_eq!(one("RENAME a b"), ["delete a", "set b"]);
    assert_eq!(one("COPY a b"), ["get a", "set b"]);
    assert_eq!(
        one("ZUNIONSTORE d 2 a b WEIGHTS 1 2"),
        ["get a", "get b", "set d"]
    );
    assert_eq!(one("SINTERCARD 2 a b LIMIT 5"), ["get a", "get b"]);
    assert_eq!(one("SINTERCARD 900 a b"), ["get a", "get b"]);
    assert_eq!(one("BITOP AND d a b"), ["get a", "get b", "set d"]);
}

#[test]
fn lifetimes() {
    assert_eq!(one("SET k v EX 60"), ["set k 1B 60s"]);
    assert_eq!(one("set k v px 1500 nx get"), ["set k 1B 1.5s"]);
    assert_eq!(one("SET k v EXAT 1700000010"), ["set k 1B 10s"]);
    assert_eq!(one("SET k v PXAT 1700000000250"), ["set k 1B 0.25s"]);
    assert_eq!(one("SET k v EXAT 5"), ["delete k"]);
    assert_eq!(one("SET k v KEEPTTL XX"), ["set k 1B"]);
    assert_eq!(one("SET k v IFEQ EX PX 1000"), ["set k 1B 1s"]);
    assert_eq!(one("SETEX k 30 value"), ["set k 5B 30s"]);
    assert_eq!(one("PSETEX k 30 value"), ["set k 5B 0.03s"]);
    assert_eq!(one("RESTORE k 0 value"), ["set k 5B"]);
    assert_eq!(one("GETEX k EX 5"), ["get k 5s"]);
    assert_eq!(one("GETEX k PERSIST"), ["get k"]);
    assert_eq!(one("GETEX k EXAT 5"), ["get k", "delete k"]);
    assert_eq!(one("EXPIRE k 0"), ["delete k"]);
    assert_eq!(one("PEXPIREAT k 5"), ["delete k"]);
}

#[test]
fn a_ttl_may_come_in_a_second_command() {
    let commands = [
        r#""HSET" "a" "f" "v""#,
        r#""SET" "b" "vv""#,
        r#""EXPIRE" "a" "10""#,
        r#""PEXPIRE" "b" "1500""#,
        r#""GET" "b""#,
        r#""EXPIRE" "b" "20""#,
    ];
    assert_eq!(done(&commands), ["set a 10s", "set b 2B 1.5s", "get b 20s"]);
    // Too far from what it belongs to, or of nothing.
    let far = [r#""SET" "a" "v""#]
        .into_iter()
        .chain([r#""GET" "b""#; HELD])
        .chain([r#""EXPIRE" "a" "10""#, r#""EXPIRE" "c" "10""#]);
    let lines = far
        .zip(0..)
        .map(|(command, micros)| format!("1700000000.{micros:06} [0 127.0.0.1:50000] {command}\n"));
    let (accesses, stats) = of(&lines.collect::<String>());
    assert_eq!((accesses.len(), accesses[0].ttl), (HELD + 1, None));
    assert_eq!(stats.others, BTreeMap::from([("EXPIRE".to_owned(), 2)]));
}

#[test]
fn keys_and_values_of_any_bytes() {
    // As Redis 7.0 wrote them.
    assert_eq!(
        done(&[r#""set" "k\"\\" "\x00\x01\xff bin \"q\" \\ \n\t\a\b""#]),
        ["set k\"\\ 18B"]
    );
    assert_eq!(
        done(&[
            r#""get" "\xff\x00k""#,
            r#""get" "caf\xc3\xa9""#,
            r#""get" "a b\n""#
        ]),
        [r#"get "\xff\x00k""#, "get café", "get a b\n"]
    );
}

#[test]
fn other_commands_are_counted() {
    let text = "1.000000 [0 lua] \"ping\"\n\
        1.000001 [0 a:1] \"PING\"\n\
        1.000002 [0 a:1] \"eval\" \"return redis.call(\\\"get\\\", KEYS[1])\" \"1\" \"k\"\n\
        1.000003 [0 a:1] \"set\" \"k\" \"v\" \"EX\" \"0\"\n\
        1.000004 [0 a:1] \"set\" \"k\" \"v\" \"SOON\"\n\
        1.000005 [0 a:1] \"get\"\n\
        1.000006 [0 a:1] \"get\" \"k\"\n";
    let (accesses, stats) = of(text);
    assert_eq!(accesses.len(), 1);
    let expected = [("PING", 2), ("EVAL", 1), ("SET", 2), ("GET", 1)];
    let expected = expected.map(|(name, count)| (name.to_owned(), count));
    assert_eq!(stats.others, BTreeMap::from(expected));
    assert_eq!(stats.errors, 0);
}

#[test]
fn long_values_are_read_and_a_cut_end_is_forgiven() {
    let mut text = format!(
        "1.000000 [0 a:1] \"SET\" \"k\" \"{}\"\n",
        "\\x00".repeat(1 << 20)
    );
    text.push_str(&"1.000001 [0 a:1] \"GET\" \"k\"\n".repeat(100));
    text.push_str("1.000002 [0 a:1] \"SET\" \"k\" \"val");
    let (accesses, stats) = of(&text);
    assert_eq!((accesses.len(), accesses[0].bytes), (101, Some(1 << 20)));
    assert_eq!(stats.errors, 1);
    assert_eq!(
        stats.samples[0].reason,
        "the command is cut off: a quote is not closed"
    );
}

#[test]
fn disorder_is_put_in_order_on_request() {
    let text = "2.000000 [0 a:1] \"GET\" \"b\"\n1.500000 [0 a:1] \"MGET\" \"a\" \"c\"\n";
    let mut options = format("redis-monitor");
    assert!(error(text.as_bytes(), &options).contains("out of order: 500ms before"));
    options.reorder_window = Some(Duration::SECOND);
    let (events, stats) = read(text.as_bytes(), &options).unwrap();
    let times: Vec<i64> = events.iter().map(|event| event.at().nanos()).collect();
    assert_eq!(times, [1_500_000_000, 1_500_000_000, 2_000_000_000]);
    assert_eq!(stats.reordered, 1);
}

#[test]
fn mistakes_are_named() {
    let reason = |line: &str| {
        let text = error(line.as_bytes(), &format("redis-monitor"));
        let text = text.strip_prefix("`trace`, line 1: ").unwrap();
        text.split(" (1 of 1").next().map(str::to_owned).unwrap()
    };
    assert_eq!(
        reason("hello"),
        "no time and client in front, as in `1339518083.107412 [0 127.0.0.1:60866] \"get\" \"key\"`: the line begins with `hello`"
    );
    assert_eq!(
        reason("1.0 [0 a:1] \"get\" key"),
        "an argument without quotes: `key`"
    );
    assert_eq!(
        reason("1.0 [0 a:1] \"get\"\"key\""),
        "behind an argument stands `\"key\"` and no space"
    );
}

proptest! {
    /// Redis' own way of writing arguments.
    #[test]
    fn any_key_comes_back(keys in proptest::collection::vec("[a-c\\x00-\\x1f\"\\\\é\u{1f600}]{1,8}x", 1..5)) {
        let mut line = "1.000000 [0 a:1] \"MGET\"".to_owned();
        for key in &keys {
            line.push_str(" \"");
            for byte in key.bytes() {
                match byte {
                    b'"' | b'\\' => line.extend(['\\', char::from(byte)]),
                    b'\n' => line.push_str("\\n"),
                    b'\r' => line.push_str("\\r"),
                    b'\t' => line.push_str("\\t"),
                    0x07 => line.push_str("\\a"),
                    0x08 => line.push_str("\\b"),
                    0x20..0x7f => line.push(char::from(byte)),
                    _ => line.push_str(&format!("\\x{byte:02x}")),
                }
            }
            line.push('"');
        }
        let (accesses, _) = of(&line);
        let read: Vec<_> = accesses.into_iter().map(|access| access.key).collect();
        let expected: Vec<_> = keys.into_iter().map(AccessKey::Text).collect();
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), pieces in proptest::collection::vec(
        prop_oneof![
            Just("\n"), Just("1.5 [0 a:1] "), Just("\""), Just("\"get\" "), Just("\"mset\" "),
            Just("\"zunion\" \"9\" "), Just("\"set\" \"k\" \"v\" \"px\" "), Just("\"5\""), Just("\\x"),
            Just("\"expire\" \"k\" "), Just("\"9223372036854775807\" "), Just(" "), Just("[2 lua] "),
        ],
        0..30,
    )) {
        let options = ReadOptions { max_errors: Some(MaxErrors::Share(1.0)), ..format("redis-monitor") };
        for bytes in [bytes, pieces.concat().into_bytes()] {
            if !bytes.trim_ascii().is_empty() {
                read(&bytes, &options).unwrap();
            }
        }
    }
}

/// A command with many keys that comes too late is one unreadable line, whatever it would have been.
#[test]
fn a_late_line_counts_once() {
    let text = "1700000005.0 [0 127.0.0.1:1] \"get\" \"a\"\n\
        1700000001.0 [0 127.0.0.1:1] \"mget\" \"a\" \"b\" \"c\"\n\
        1700000006.0 [0 127.0.0.1:1] \"get\" \"b\"\n";
    let options = ReadOptions {
        max_errors: Some(MaxErrors::Count(1)),
        ..ReadOptions::default()
    };
    let (events, stats) = read(text.as_bytes(), &options).unwrap();
    assert_eq!((events.len(), stats.lines, stats.errors), (2, 3, 1));
    assert_eq!(stats.samples.len(), 1);
}
