use super::*;
use crate::fixture::{policy, rich};
use proptest::prelude::*;

#[test]
fn what_is_written_is_read() {
    for policy in [policy(Vec::new()), rich()] {
        let text = encode(&policy).unwrap();
        assert_eq!(decode(text.as_bytes()).unwrap(), policy);
        assert_eq!(encode(&policy).unwrap(), text);
    }
}

#[test]
fn it_begins_with_what_it_is() {
    let text = encode(&rich()).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("{"));
    assert_eq!(lines.next(), Some("  \"cachepolicy\": 1,"));
    assert!(lines.next().unwrap().starts_with("  \"tool\": \""));
    assert!(text.ends_with("}\n"));
}

#[test]
fn another_layout_is_the_same_artefact() {
    let text = encode(&rich()).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    // Sorted keys, no white space.
    assert_eq!(decode(value.to_string().as_bytes()).unwrap(), rich());
}

fn message(bytes: &[u8]) -> String {
    decode(bytes).unwrap_err().to_string()
}

#[test]
fn each_mistake_has_its_name() {
    let text = encode(&rich()).unwrap();
    let nothing = "is no artefact of cachepolicy: `cachepolicy compile` makes one from a policy";
    for other in [
        &b""[..],
        b"{}",
        b"[1]",
        b"policy news {}",
        b"\x00\xff",
        b"{\"cachepolicy\":1}",
    ] {
        assert_eq!(message(other), nothing);
    }
    let newer = text.replacen("\"cachepolicy\": 1", "\"cachepolicy\": 2", 1);
    assert_eq!(
        message(newer.as_bytes()),
        "was compiled by a newer version of cachepolicy (artefact schema 2, this one reads 1): \
         compile again or upgrade"
    );
    // A newer one may look quite different.
    assert!(message(b"{\"cachepolicy\": 7, \"graph\": []}").contains("schema 7"));
    let unknown = text.replacen("\"cachepolicy\": 1", "\"cachepolicy\": 0", 1);
    assert!(message(unknown.as_bytes()).contains("schema 0, which does not exist"));
    let line = text.lines().count() / 2;
    let half: Vec<&str> = text.lines().take(line).collect();
    assert_eq!(
        message(half.join("\n").as_bytes()),
        format!("is truncated: it ends within the policy (line {line}); compile again")
    );
    let changed = text.replacen("\"processes\": 4", "\"processes\": 5", 1);
    assert_eq!(
        message(changed.as_bytes()),
        "is damaged: its checksum does not match its content; compile again"
    );
    let broken = text.replacen("\"processes\": 4", "\"processes\": four", 1);
    assert!(message(broken.as_bytes()).starts_with("is damaged (line "));
    let negative = text.replacen(
        "\"stale_while_revalidate\": 0",
        "\"stale_while_revalidate\": -1",
        1,
    );
    assert!(message(negative.as_bytes()).contains("a duration is negative"));
}

#[test]
fn an_inconsistent_policy_is_refused_both_ways() {
    let mut policy = rich();
    policy.processes = 0;
    let expected =
        "is inconsistent (policy: its number of processes is out of range); compile again";
    assert_eq!(encode(&policy).unwrap_err().to_string(), expected);
    let forged = serde_json::to_string(&Written {
        cachepolicy: SCHEMA,
        tool: "t",
        checksum: checksum("t", &policy).unwrap(),
        policy: &policy,
    });
    assert_eq!(message(forged.unwrap().as_bytes()), expected);
}

#[test]
fn nesting_is_bounded() {
    let text = encode(&rich()).unwrap();
    let cases = [
        ("{\"not\":", "}", "recursion limit"),
        ("[", "]", "expected value"),
    ];
    for (open, close, reason) in cases {
        let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        let bomb = text.replacen("\"skip\": null", &format!("\"skip\": {deep}"), 1);
        let message = message(bomb.as_bytes());
        assert!(message.contains(reason), "{message}");
    }
}

#[test]
fn size_is_bounded() {
    assert_eq!(message(&vec![b' '; MAX_BYTES + 1]), "has more than 64 MiB");
}

/// A small artefact: every byte, every bit.
#[test]
fn no_flip_goes_unnoticed() {
    let policy = policy(Vec::new());
    let text = encode(&policy).unwrap();
    for at in 0..text.len() {
        for bit in 0..8 {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            if let Ok(read) = decode(&bytes) {
                assert_eq!(read, policy, "byte {at}, bit {bit}");
            }
        }
    }
    for end in 0..text.trim_end().len() {
        assert!(
            decode(&text.as_bytes()[..end]).is_err(),
            "first {end} bytes"
        );
    }
}

proptest! {
    #[test]
    fn any_bytes_are_safe(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode(&bytes).is_err());
    }

    #[test]
    fn any_end_is_safe(tail in "[ -~]{0,40}", cut in any::<prop::sample::Index>()) {
        let text = encode(&policy(Vec::new())).unwrap();
        let bytes = [&text.as_bytes()[..cut.index(text.len())], tail.as_bytes()].concat();
        if let Ok(read) = decode(&bytes) {
            prop_assert_eq!(read, policy(Vec::new()));
        }
    }

    #[test]
    fn flips_in_a_large_one_are_noticed(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let policy = rich();
        let mut bytes = encode(&policy).unwrap().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Ok(read) = decode(&bytes) {
            prop_assert_eq!(read, policy);
        }
    }
}
