//! Key-value CSV: what its columns are taken for, and what is refused.

use super::*;
use crate::input::Counted;
use crate::testing::{error, format, read};
use crate::{Block, MaxErrors, ReadOptions, ReadStats};
use proptest::prelude::*;

fn accesses(text: &str) -> Vec<Access> {
    let (events, stats) = read(text.as_bytes(), &ReadOptions::default()).unwrap();
    assert_eq!(stats.format.map(|format| format.name()), Some("kv-csv"));
    let accesses = events.into_iter().map(|event| match event {
        Event::Access(access) => access,
        other => panic!("{other:?}"),
    });
    accesses.collect()
}

#[test]
fn columns_by_their_names() {
    let [first, second] = accesses(
        "Time_ms, Key ,Value Size,op,ttl,extra\n1500,17,100,get,0,x\n1501.5,a b,,set,60\n",
    )
    .try_into()
    .unwrap();
    assert_eq!(
        (first.at.nanos(), &first.key),
        (1_500_000_000, &AccessKey::Number(17))
    );
    assert_eq!((first.bytes, first.ttl), (Some(100), None));
    assert_eq!(
        (second.at.nanos(), second.operation),
        (1_501_500_000, AccessOperation::Set)
    );
    assert_eq!(second.key, AccessKey::Text("a b".to_owned()));
    assert_eq!(
        (second.bytes, second.ttl),
        (None, Some(Duration::from_secs(60)))
    );
    let large = accesses("time_us;id\n1431857103123456;1\n");
    assert_eq!(large[0].at.nanos(), 1_431_857_103_123_456_000);
}

#[test]
fn whole_seconds_are_spread_and_missing_times_are_made() {
    let text = "# time, object, size\n5, 1, 2\n5, 2, 2\n6, 1, 2\n";
    let (events, stats) = read(text.as_bytes(), &ReadOptions::default()).unwrap();
    assert!(stats.spread && events.len() == 3);
    assert!(
        events
            .iter()
            .all(|event| event.at().nanos() % 1_000_000_000 != 0)
    );
    let made = accesses("key,size\n1,1\n2,1\n");
    assert_eq!(
        made.iter()
            .map(|access| access.at.nanos())
            .collect::<Vec<_>>(),
        [0, 1_000_000]
    );
}

#[test]
fn mistakes_are_named() {
    let reason = |row: &str| {
        let text = error(
            format!("time,key,size,op\n{row}\n").as_bytes(),
            &ReadOptions::default(),
        );
        text.split(" (1 of 1").next().map(str::to_owned).unwrap()
    };
    assert_eq!(
        reason("x,1,1,get"),
        "`trace`, line 2: the time `x` is no number"
    );
    assert_eq!(reason("1,,1,get"), "`trace`, line 2: the key is missing");
    assert_eq!(
        reason("1,1,1.5,get"),
        "`trace`, line 2: the size `1.5` is no whole number"
    );
    assert_eq!(
        reason("1,1,18446744073709551615,get"),
        "`trace`, line 2: the size 18446744073709551615 is too large"
    );
    assert_eq!(
        reason("1,1,1,scan"),
        "`trace`, line 2: the operation `scan` is none of get, set, delete and their like"
    );
    assert!(error(b"a,b\n1,2\n", &format("kv-csv")).contains("names no column of keys"));
}

#[test]
fn quotes_in_a_column_that_is_left_alone() {
    let text = "note,more,time,key\n\"x,1\",5,7,9\n";
    let options = ReadOptions::default();
    let blocks = crate::open_blocks(Box::new(text.as_bytes()), "trace", &options);
    let mut source = crate::Unpacked::new(blocks.unwrap());
    let mut event = Event::default();
    assert!(source.next(&mut event).unwrap());
    assert_eq!(event, Event::Access(accesses(text)[0].clone()));
    assert_eq!(accesses(text)[0].key, AccessKey::Number(9));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), rows in "[0-9a,\"\n;.-]{0,80}") {
        let options = ReadOptions { max_errors: Some(MaxErrors::Share(1.0)), ..format("kv-csv") };
        let _ = read(&bytes, &options);
        let _ = read(format!("time,key,size,op,ttl\n{rows}").as_bytes(), &options).unwrap();
    }

    /// Where they stand in memory, and cell by cell.
    #[test]
    fn rows_are_the_same_however_they_are_read(
        rows in proptest::collection::vec(cells(), 0..40),
        (header, ending) in (0_usize..5, one_of(&["\n", "\r\n", "\r\n\r\n"])),
    ) {
        let header = [
            "time_us,key,size,op,ttl",
            "note,key,time,more,x",
            "time,key,x,y,size",
            "ttl,op,key,size,time_ms,end",
            "time;id",
        ][header];
        let mut text = header.to_owned();
        for (number, cells) in rows.iter().enumerate() {
            text.push_str(ending);
            let mut cells = cells.iter();
            let row: Vec<String> = header.split([',', ';']).map(|column| {
                if column.starts_with("time") {
                    (1_000 + number / 3).to_string()
                } else {
                    cells.next().cloned().unwrap_or_default()
                }
            }).collect();
            text.push_str(&row.join(if header.contains(',') { "," } else { ";" }));
        }
        prop_assert_eq!(blocks(&text, true), blocks(&text, false));
    }
}

/// The blocks of a text, and what was met.
fn blocks(text: &str, is_plain: bool) -> (Vec<Block>, ReadStats) {
    let options = ReadOptions {
        max_errors: Some(MaxErrors::Share(1.0)),
        ..format("kv-csv")
    };
    let (counted, count) = Counted::new(Box::new(text.as_bytes()));
    let mut opening = Opening {
        input: Input::new(Box::new(counted), count),
        format: options.format.unwrap(),
        name: "trace",
        options: &options,
    };
    let mut rows = rows(&mut opening).unwrap();
    if !is_plain {
        rows.plain = None;
    }
    let mut source = KeyBlocks::open(opening, rows);
    let mut blocks = Vec::new();
    loop {
        let mut block = Block::default();
        if !source.next_block(&mut block).unwrap() {
            return (blocks, source.stats().clone());
        }
        blocks.push(block);
    }
}

/// One of some texts.
fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    (0..texts.len()).prop_map(|index| texts[index])
}

/// Cells of a row.
fn cells() -> impl Strategy<Value = Vec<String>> {
    let odd = one_of(&[
        "",
        "00",
        "007",
        " 5",
        "5 ",
        "1.5",
        "-1",
        "get",
        "GET",
        "set",
        "28",
        "é",
        "a",
        "\"7\"",
        "\"a,b\"",
        "\"a\nb\"",
        "a\"b",
        "\"",
        "\r",
        "a\rb",
        "18446744073709551615",
        "18446744073709551616",
        "9999999999",
        "#",
    ]);
    let cell = prop_oneof![3 => "[0-9]{1,20}", 1 => "[0-9]{1,2}", 1 => odd.prop_map(str::to_owned)];
    proptest::collection::vec(cell, 1..6)
}
