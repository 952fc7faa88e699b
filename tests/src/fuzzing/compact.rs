//! Compact traces with their right checksums, so that what is behind them is looked at.

const HEADER_BYTES: usize = 16;
const TAIL_BYTES: usize = 24;

/// The trace with the checksums of all blocks and of the summary set right, as far as it has their
/// places. `cptrace` in `cachepolicy-trace` says where they are.
pub(super) fn with_checksums(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let Some(summary) = summary_place(&bytes) else {
        return bytes;
    };
    let mut block = HEADER_BYTES;
    while let Some(length) = number(&bytes, block) {
        let payload = block + 8..(block + 8).saturating_add(length as usize);
        if payload.end > summary.start || !set_checksum(&mut bytes, block + 4, payload.clone()) {
            break;
        }
        block = payload.end;
    }
    let place = summary.end + 12;
    set_checksum(&mut bytes, place, summary);
    bytes
}

/// Where the tail says that the summary is.
fn summary_place(bytes: &[u8]) -> Option<std::ops::Range<usize>> {
    let end = bytes.len().checked_sub(TAIL_BYTES)?;
    let begins = bytes.get(end..)?.first_chunk()?;
    let begins = usize::try_from(u64::from_le_bytes(*begins)).ok()?;
    (HEADER_BYTES..=end)
        .contains(&begins)
        .then_some(begins..end)
}

fn number(bytes: &[u8], place: usize) -> Option<u32> {
    let number = bytes.get(place..)?.first_chunk()?;
    Some(u32::from_le_bytes(*number))
}

/// `false` where there is no such place.
fn set_checksum(bytes: &mut [u8], place: usize, of: std::ops::Range<usize>) -> bool {
    let Some(checksum) = bytes.get(of).map(crc32fast::hash) else {
        return false;
    };
    let Some(written) = bytes.get_mut(place..place + 4) else {
        return false;
    };
    written.copy_from_slice(&checksum.to_le_bytes());
    true
}
