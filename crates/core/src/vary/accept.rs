//! `Accept` (RFC 9110, 12.5.1): media ranges; the most specific one that matches a type decides
//! about it.

use super::quality::{Score, best_offer, elements, trim};

pub(super) fn best<'a>(
    header: &str,
    offers: &'a [String],
    otherwise: Option<&str>,
) -> Option<&'a str> {
    best_offer(offers, otherwise, |offer| {
        elements(header)
            .filter_map(|(range, quality)| {
                let precision = precision(range, offer)?;
                Some(Score { quality, precision })
            })
            // The first of the most precise ones.
            .reduce(|best, next| {
                if next.precision > best.precision {
                    next
                } else {
                    best
                }
            })
    })
}

/// How exactly a range names a type; `None`: not at all.
fn precision(range: &str, offer: &str) -> Option<u16> {
    let mut range = range.split(';');
    let (kind, subtype) = range.next()?.split_once('/')?;
    let (kind, subtype) = (trim(kind), trim(subtype));
    let (offer_type, offer_params) = match offer.split_once(';') {
        Some((offer_type, params)) => (offer_type, params),
        None => (offer, ""),
    };
    let (offer_kind, offer_subtype) = trim(offer_type).split_once('/')?;
    if (kind, subtype) == ("*", "*") {
        return Some(1);
    }
    if !kind.eq_ignore_ascii_case(offer_kind) {
        return None;
    }
    if subtype == "*" {
        return Some(2);
    }
    if !subtype.eq_ignore_ascii_case(offer_subtype) {
        return None;
    }
    let mut precision: u16 = 3;
    for param in range.map(trim).filter(|param| !param.is_empty()) {
        offer_params
            .split(';')
            .find(|own| trim(own).eq_ignore_ascii_case(param))?;
        precision = precision.saturating_add(1);
    }
    Some(precision)
}
