//! "Did you mean": the closest of the known words.

use crate::elsewhere;

/// Longer words are nobody's typing mistake, and comparing them would take long.
const MAX_LENGTH: usize = 64;

/// The known word that was probably meant: at most one edit for every three letters away, or the
/// same but for `-`, `_` and case. The first of several equally close ones.
#[must_use]
pub fn closest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    if word.len() > MAX_LENGTH {
        return None;
    }
    let allowed = (word.chars().count() / 3).max(1);
    let letters = letters(word);
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        if candidate.len().abs_diff(word.len()) > allowed || candidate.len() > MAX_LENGTH {
            continue;
        }
        let distance = if fold(candidate).eq(fold(word)) {
            0
        } else if best.is_some_and(|(least, _)| least <= 1)
            || differing(letters, candidate) > allowed
        {
            continue;
        } else {
            strsim::damerau_levenshtein(word, candidate)
        };
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn fold(word: &str) -> impl Iterator<Item = char> {
    word.chars()
        .filter(|c| !matches!(c, '-' | '_'))
        .map(|c| c.to_ascii_lowercase())
}

/// How often each byte occurs, those of one remainder by 64 together.
fn letters(word: &str) -> [i8; 64] {
    let mut letters = [0; 64];
    for byte in word.bytes() {
        if let Some(count) = letters.get_mut(usize::from(byte % 64)) {
            *count += 1;
        }
    }
    letters
}

/// At least so many letters must be replaced, added or removed, whatever their order: a bound on
/// the edit distance that takes no time. (A letter beyond ASCII is several bytes and counts for as
/// many; no known word has one.)
fn differing(mut letters: [i8; 64], candidate: &str) -> usize {
    for byte in candidate.bytes() {
        if let Some(count) = letters.get_mut(usize::from(byte % 64)) {
            *count -= 1;
        }
    }
    let more: i32 = letters
        .iter()
        .filter(|c| **c > 0)
        .map(|c| i32::from(*c))
        .sum();
    let less: i32 = letters
        .iter()
        .filter(|c| **c < 0)
        .map(|c| -i32::from(*c))
        .sum();
    more.max(less) as usize
}

/// The known word that was probably meant: what we call what others have another word for, else
/// the closest one.
pub(crate) fn meant<'k>(
    word: &str,
    known: impl Iterator<Item = &'k str> + Clone,
) -> Option<&'k str> {
    let ours = elsewhere::ours(word).find_map(|ours| known.clone().find(|known| *known == ours));
    ours.or_else(|| closest(word, known))
}

/// "`a`, `b` and `c`", or the first of more than anybody reads.
pub(crate) fn listed<'k>(names: impl Iterator<Item = &'k str>) -> String {
    const MOST: usize = 30;
    let names: Vec<String> = names
        .take(MOST + 1)
        .map(|name| format!("`{name}`"))
        .collect();
    match names.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        many if many.len() > MOST => format!("{} …", many.get(..MOST).unwrap_or(many).join(", ")),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_is_found() {
        let known = ["ttl", "tags", "store", "stampede", "surrogate-keys"];
        let closest = |word| closest(word, known.into_iter());
        assert_eq!(closest("tll"), Some("ttl"));
        assert_eq!(closest("stores"), Some("store"));
        assert_eq!(closest("surrogate_keys"), Some("surrogate-keys"));
        assert_eq!(closest("price"), None);
    }

    #[test]
    fn lists_read_like_sentences() {
        assert_eq!(listed(["a", "b", "c"].into_iter()), "`a`, `b` and `c`");
        assert_eq!(listed(std::iter::once("a")), "`a`");
    }
}
