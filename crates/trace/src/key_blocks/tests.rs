//! The same as event by event, to the last drawn nanosecond.

use super::*;
use crate::testing::format;
use crate::{Event, Packed, ReadOptions, Source, Unpacked};
use proptest::prelude::*;

/// What a source gives, and whether it ends with an error.
fn events(source: &mut dyn Source) -> (Vec<Event>, Option<String>) {
    let mut events = Vec::new();
    let mut event = Event::default();
    loop {
        match source.next(&mut event) {
            Ok(true) => events.push(event.clone()),
            Ok(false) => return (events, None),
            Err(error) => return (events, Some(error.to_string())),
        }
    }
}

fn both(bytes: &[u8], options: &ReadOptions) -> [(Vec<Event>, Option<String>, ReadStats); 2] {
    let mut one = crate::open(Box::new(bytes), "trace", options).unwrap();
    let blocks = crate::open_blocks(Box::new(bytes), "trace", options).unwrap();
    let mut other = Unpacked::new(blocks);
    let (first, first_error) = events(one.as_mut());
    let (second, second_error) = events(&mut other);
    [
        (first, first_error, one.stats().clone()),
        (second, second_error, other.stats().clone()),
    ]
}

fn record(second: u32, key: u64, bytes: u32) -> Vec<u8> {
    let mut record = second.to_le_bytes().to_vec();
    record.extend(key.to_le_bytes());
    record.extend(bytes.to_le_bytes());
    record.extend((-1_i64).to_le_bytes());
    record
}

#[test]
fn a_second_too_large_to_be_held_leaves_in_parts() {
    let one = record(7, 1, 1);
    let bytes: Vec<u8> = one
        .iter()
        .copied()
        .cycle()
        .take(24 * (HELD_MAX + 10))
        .collect();
    let [one, other] = both(&bytes, &format("oracle-general"));
    assert_eq!(one.0.len(), HELD_MAX + 10);
    assert!(one.0 == other.0);
}

proptest! {
    #[test]
    fn records_as_event_by_event(steps in proptest::collection::vec((0_u32..3, 0_u64..40, 0_u32..3), 1..300), seed in 0_u64..3) {
        let mut second = 1_600_000_000;
        let bytes: Vec<u8> = steps.iter().flat_map(|(step, key, bytes)| {
            second += step;
            record(second, *key, *bytes)
        }).collect();
        let options = ReadOptions { seed, ..format("oracle-general") };
        let [one, other] = both(&bytes, &options);
        prop_assert_eq!(one.0, other.0);
        prop_assert_eq!(one.2.lines, other.2.lines);
        prop_assert!(other.2.spread);
    }

    #[test]
    fn rows_as_event_by_event(rows in proptest::collection::vec((0_u32..4, "[0-3]{0,1}|[.]5", "[0-9]{1,2}|a|\"b,\"|0|007| 7|", "[0-9]{0,3}|x", "get|set|delete|GET||28|scan", "0||60|1.5|-1"), 1..40), skip in any::<bool>()) {
        let mut second = 0;
        let mut text = "time,key,size,op,ttl\n".to_owned();
        for (step, fraction, key, size, op, ttl) in rows {
            second += step;
            let fraction = if fraction.starts_with('.') { fraction } else { String::new() };
            text.push_str(&format!("{second}{fraction},{key},{size},{op},{ttl}\n\n"));
        }
        let max_errors = skip.then_some(crate::MaxErrors::Share(1.0));
        let options = ReadOptions { max_errors, ..ReadOptions::default() };
        let [one, other] = both(text.as_bytes(), &options);
        if one.1.is_none() {
            prop_assert_eq!(other.1, None);
            prop_assert_eq!(one.2.lines, other.2.lines);
            // A row with a mistake may have had a place in its second.
            if one.2.errors == 0 {
                prop_assert_eq!(other.2.errors, 0);
                prop_assert_eq!(one.0, other.0);
            }
        } else {
            // Which line is met first may differ: times are looked at before the rest.
            prop_assert!(other.1.is_some());
        }
    }
}

#[test]
fn packed_and_unpacked_is_the_same() {
    let text = "key,op\n1,get\na,set\n1,delete\n";
    let source = crate::open(Box::new(text.as_bytes()), "trace", &ReadOptions::default());
    let mut source = source.unwrap();
    let packed = Packed::new(
        crate::open(Box::new(text.as_bytes()), "trace", &ReadOptions::default()).unwrap(),
        "trace",
    );
    assert_eq!(
        events(source.as_mut()).0,
        events(&mut Unpacked::new(packed)).0
    );
}
