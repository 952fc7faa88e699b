//! There and back, and damage.

use super::*;
use crate::block::{Block, BlockSource};
use crate::testing::read;
use crate::written::EventWriter as _;
use crate::{Event, Packed, ReadOptions, Source as _, Unpacked};

const JSON_LINES: &str = r#"{"at":1,"type":"request","method":"GET","host":"a.b","path":"/x?y=1","headers":{"accept-language":"de"},"cookies":{"c":"d"},"user":"7","attrs":{"user.role":"editor"},"data":{"headlines":["a","b"]},"process":2,"status":200,"bytes":512,"cost":0.25}
{"at":1,"type":"request","method":"POST","path":"/x","headers":{"accept-language":null},"headers_known":false,"cookies":{"a":"b","c":null},"cookies_known":false,"cache_status":"hit"}
{"at":2,"type":"write","model":"Article","op":"update","old":{"slug":"a","tags":["x",null]},"new":{"slug":"b","author":{"id":3,"name":"N"}},"process":1,"delay":0.5}
{"at":2.5,"type":"fault","fault":"outage","backend":"shared","duration":30}
{"at":3,"type":"fault","fault":"flush","backend":"shared"}
{"at":3,"type":"fault","fault":"deploy"}
{"at":4,"type":"request","method":"GET","host":"a.b","path":"/x?y=1","status":304}
"#;

fn events(text: &str) -> Vec<Event> {
    read(text.as_bytes(), &ReadOptions::default()).unwrap().0
}

fn compact(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = CompactWriter::new(&mut bytes);
    let source = crate::open(Box::new(text.as_bytes()), "trace", &ReadOptions::default());
    let mut packed = Packed::new(source.unwrap(), "trace");
    let mut block = Block::default();
    while packed.next_block(&mut block).unwrap() {
        CompactWriter::write_block(&mut writer, &block).unwrap();
    }
    writer.made_from(packed.stats());
    CompactWriter::finish(&mut writer).unwrap();
    bytes
}

fn read_back(bytes: &[u8]) -> Result<Vec<Event>, String> {
    let reader = CompactReader::new(bytes, "trace").map_err(|error| error.to_string())?;
    let mut events = Unpacked::new(reader);
    let mut all = Vec::new();
    let mut event = Event::default();
    while events.next(&mut event).map_err(|error| error.to_string())? {
        all.push(event.clone());
    }
    Ok(all)
}

#[test]
fn everything_comes_back() {
    let bytes = compact(JSON_LINES);
    assert_eq!(read_back(&bytes).unwrap(), events(JSON_LINES));
    let reader = CompactReader::new(&bytes, "trace").unwrap();
    let summary = reader.summary();
    assert_eq!(
        (summary.requests, summary.writes, summary.faults),
        (3, 1, 3)
    );
    assert_eq!(summary.format.as_deref(), Some("jsonl"));
    assert!(!reader.accesses_only());
}

#[test]
fn events_and_blocks_are_written_alike() {
    let mut bytes = Vec::new();
    let mut writer = CompactWriter::new(&mut bytes);
    for event in events(JSON_LINES) {
        writer.write(&event).unwrap();
    }
    let source = crate::open(
        Box::new(JSON_LINES.as_bytes()),
        "trace",
        &ReadOptions::default(),
    );
    let mut source = source.unwrap();
    while source.next(&mut Event::default()).unwrap() {}
    writer.made_from(source.stats());
    CompactWriter::finish(&mut writer).unwrap();
    assert!(bytes == compact(JSON_LINES));
}

#[test]
fn accesses_are_known_as_such() {
    let text = "time,key,size,op,ttl\n0.5,1,100,get,0\n0.6,a,,set,60\n0.7,1,100,delete,0\n";
    let bytes = compact(text);
    assert_eq!(read_back(&bytes).unwrap(), events(text));
    assert!(CompactReader::new(&bytes, "trace").unwrap().accesses_only());
}

#[test]
fn every_damaged_byte_is_noticed() {
    let bytes = compact(JSON_LINES);
    let whole = read_back(&bytes).unwrap();
    for index in 0..bytes.len() {
        // The zeros of the header mean nothing.
        if (12..16).contains(&index) {
            continue;
        }
        let mut damaged = bytes.clone();
        damaged[index] ^= 0x10;
        match read_back(&damaged) {
            Err(_) => {}
            // A lower version than any that there was.
            Ok(events) => assert!(events == whole && (8..12).contains(&index), "byte {index}"),
        }
    }
}

/// What its checksums say is right, and what no reader gives.
#[test]
fn what_contradicts_itself_is_damaged() {
    let of = |changed: &dyn Fn(&mut Block)| {
        let source = crate::open(
            Box::new(JSON_LINES.as_bytes()),
            "trace",
            &ReadOptions::default(),
        );
        let mut block = Block::default();
        Packed::new(source.unwrap(), "trace")
            .next_block(&mut block)
            .unwrap();
        changed(&mut block);
        let mut bytes = Vec::new();
        let mut writer = CompactWriter::new(&mut bytes);
        CompactWriter::write_block(&mut writer, &block).unwrap();
        CompactWriter::finish(&mut writer).unwrap();
        bytes
    };
    assert!(read_back(&of(&|_| {})).is_ok());
    let disordered = of(&|block| block.requests.at.swap(0, 2));
    assert!(read_back(&disordered).unwrap_err().contains("is damaged"));

    let whole = of(&|_| {});
    let text = String::from_utf8_lossy(&whole);
    assert!(text.contains("\"writes\":1"));
    let summary = whole.len() - TAIL_BYTES;
    let begins = u64::from_le_bytes(whole[summary..summary + 8].try_into().unwrap()) as usize;
    let mut more = whole.clone();
    let place = begins
        + String::from_utf8_lossy(&whole[begins..summary])
            .find("\"writes\":1")
            .unwrap();
    more[place + 9] = b'0';
    let checksum = crc32fast::hash(&more[begins..summary]);
    more[summary + 12..summary + 16].copy_from_slice(&checksum.to_le_bytes());
    assert!(read_back(&more).unwrap_err().contains("is damaged"));
}

#[test]
fn every_cut_is_noticed() {
    let bytes = compact(JSON_LINES);
    for length in 0..bytes.len() {
        assert!(read_back(&bytes[..length]).is_err(), "{length}");
    }
    let error = read_back(&bytes[..100]).unwrap_err();
    assert!(error.contains("cut off"), "{error}");
}

/// As the first version was written, of the events beside it.
#[test]
fn the_first_version_is_read() {
    let first = include_bytes!("../../../../tests/data/traces/version1.cptrace");
    let text = include_str!("../../../../tests/data/traces/version1.jsonl");
    assert_eq!(first[8], 1);
    assert_eq!(read_back(first).unwrap(), events(text));
}

#[test]
fn a_later_version_is_named() {
    let mut bytes = compact(JSON_LINES);
    bytes[8] = 9;
    let error = read_back(&bytes).unwrap_err();
    assert!(error.contains("version 9"), "{error}");
}

/// Any payload with its right checksum, as somebody might make who wants to see it panic.
#[test]
fn any_payload_is_read_or_refused() {
    use proptest::prelude::*;
    proptest!(|(bytes in proptest::collection::vec(any::<u8>(), 0..120), cut in 0_usize..200, flip in any::<(usize, u8)>())| {
        let _ = decode::decode(&bytes, COMPACT_VERSION, codec::Known::default(), &mut Block::default());
        let whole = compact(JSON_LINES);
        let mut payload = whole[HEADER_BYTES + BLOCK_HEADER_BYTES..].to_vec();
        let place = flip.0 % payload.len();
        payload[place] ^= flip.1;
        payload.truncate(payload.len().saturating_sub(cut));
        let _ = decode::decode(&payload, COMPACT_VERSION, codec::Known::default(), &mut Block::default());
    });
}
