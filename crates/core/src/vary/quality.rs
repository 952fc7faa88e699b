//! Lists with q-values: `a, b;q=0.5` (RFC 9110, 12.4.2).

/// Elements of one header that are looked at; what follows is ignored. Browsers send up to ten.
pub(super) const MAX_ELEMENTS: usize = 64;

/// How much something is wanted, in thousandths: 0 is "not acceptable".
pub(super) type Quality = u16;

/// The elements of a header with their q-values, in order. Elements whose q-value is malformed are
/// left out, empty ones too.
pub(super) fn elements(header: &str) -> impl Iterator<Item = (&str, Quality)> {
    header.split(',').filter_map(element).take(MAX_ELEMENTS)
}

/// The value of an element with its own parameters, and its weight, which ends them.
fn element(element: &str) -> Option<(&str, Quality)> {
    let mut end = 0;
    for part in element.split(';') {
        if end > 0
            && let Some(weight) = weight_of(part)
        {
            let value = trim(element.get(..end - 1)?);
            return Some((value, parse(weight)?)).filter(|_| !value.is_empty());
        }
        end += part.len() + 1;
    }
    Some((trim(element), 1000)).filter(|(value, _)| !value.is_empty())
}

/// Without optional white space (RFC 9110, 5.6.3).
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

fn weight_of(param: &str) -> Option<&str> {
    let (name, weight) = param.split_once('=')?;
    trim(name).eq_ignore_ascii_case("q").then(|| trim(weight))
}

/// `0`, `0.5`, `1.000`: at most three digits behind the point, at most one.
fn parse(weight: &str) -> Option<Quality> {
    let (whole, fraction) = match weight.split_once('.') {
        Some((whole, fraction)) => (whole, fraction),
        None => (weight, ""),
    };
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths = fraction
        .bytes()
        .chain(core::iter::repeat(b'0'))
        .take(3)
        .fold(0, |sum, digit| sum * 10 + Quality::from(digit - b'0'));
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

/// What speaks for an offer: how much it is wanted, and how exactly it was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Score {
    pub(super) quality: Quality,
    pub(super) precision: u16,
}

/// The offer with the best score. Among equals the default one (`else`), then the first.
pub(super) fn best_offer<'a>(
    offers: &'a [String],
    otherwise: Option<&str>,
    score: impl Fn(&str) -> Option<Score>,
) -> Option<&'a str> {
    let mut best: Option<(Score, bool, &str)> = None;
    for offer in offers {
        let Some(score) = score(offer).filter(|score| score.quality > 0) else {
            continue;
        };
        let rank = (score, otherwise == Some(offer));
        if best.is_none_or(|(score, is_default, _)| rank > (score, is_default)) {
            best = Some((rank.0, rank.1, offer));
        }
    }
    best.map(|(_, _, offer)| offer)
}
