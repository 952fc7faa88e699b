//! "Did you mean": the closest of the known words.

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
    let folded = fold(word);
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        if candidate.len().abs_diff(word.len()) > allowed || candidate.len() > MAX_LENGTH {
            continue;
        }
        let distance = if fold(candidate) == folded {
            0
        } else {
            strsim::damerau_levenshtein(word, candidate)
        };
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn fold(word: &str) -> String {
    word.chars()
        .filter(|c| !matches!(c, '-' | '_'))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// "`a`, `b` and `c`", or the first eight of many.
pub(crate) fn listed<'k>(names: impl Iterator<Item = &'k str>) -> String {
    const MOST: usize = 14;
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
