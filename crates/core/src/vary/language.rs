//! `Accept-Language` (RFC 9110, 12.5.4) by the look-up of RFC 4647, 3.4: ranges in the order of
//! their q-values, each shortened from its end until an offer has that name (`de-CH` finds `de`);
//! and, since an offer may be finer than the range, by basic filtering (3.3.1: `de` finds `de-AT`).

use super::quality::{MAX_ELEMENTS, Quality, elements};

pub(super) fn best<'a>(
    header: &str,
    offers: &'a [String],
    otherwise: Option<&str>,
) -> Option<&'a str> {
    let ranges = Ranges::of(header);
    let acceptable = |offer: &&'a str| !ranges.refuses(offer);
    let find = |matches: &dyn Fn(&str) -> bool| {
        offers
            .iter()
            .map(String::as_str)
            .filter(acceptable)
            .find(|offer| matches(offer))
    };
    ranges
        .as_slice()
        .iter()
        .take_while(|(_, quality)| *quality > 0)
        .find_map(|(range, _)| {
            if *range == "*" {
                return find(&|offer| otherwise == Some(offer)).or_else(|| find(&|_| true));
            }
            core::iter::successors(Some(*range), |range| shortened(range))
                .find_map(|range| find(&|offer| offer.eq_ignore_ascii_case(range)))
                .or_else(|| find(&|offer| filters(range, offer)))
        })
}

/// Does the basic range match the tag: is it the same, or its beginning up to a hyphen?
fn filters(range: &str, tag: &str) -> bool {
    tag.get(..range.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(range))
        && matches!(tag.as_bytes().get(range.len()), None | Some(b'-'))
}

/// Without its last subtag, and without a single letter that introduced it.
fn shortened(range: &str) -> Option<&str> {
    let (rest, _) = range.rsplit_once('-')?;
    match rest.rsplit_once('-') {
        Some((before, single)) if single.len() == 1 => Some(before),
        _ => Some(rest),
    }
}

/// The ranges of a header by falling q-value, as written among equals.
struct Ranges<'h> {
    list: [(&'h str, Quality); MAX_ELEMENTS],
    len: usize,
}

impl<'h> Ranges<'h> {
    fn of(header: &'h str) -> Self {
        let mut ranges = Self {
            list: [("", 0); MAX_ELEMENTS],
            len: 0,
        };
        for (range, quality) in elements(header) {
            let position = ranges
                .as_slice()
                .partition_point(|(_, earlier)| *earlier >= quality);
            ranges.len += 1;
            if let Some(tail) = ranges.list.get_mut(position..ranges.len) {
                tail.rotate_right(1);
                if let Some(first) = tail.first_mut() {
                    *first = (range, quality);
                }
            }
        }
        ranges
    }

    fn as_slice(&self) -> &[(&'h str, Quality)] {
        self.list.get(..self.len).unwrap_or_default()
    }

    /// Is the longest range that matches the tag one with q=0?
    fn refuses(&self, tag: &str) -> bool {
        self.as_slice()
            .iter()
            .filter(|(range, _)| filters(range, tag))
            .max_by_key(|(range, _)| range.len())
            .is_some_and(|(_, quality)| *quality == 0)
    }
}
