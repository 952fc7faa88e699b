//! What the paths of requests begin with that no level answers: which part of a site the policy
//! says nothing of.

use crate::intern::NONE;
use indexmap::IndexSet;
use rustc_hash::FxHashMap;

/// Beginnings that are told apart; whatever comes new after them is one.
const BEGINNINGS_MAX: usize = 1_000;

/// What that one is called.
const ELSEWHERE: &str = "elsewhere";

/// Beginnings of paths, each with a dense number, and that of each target that no level answers.
#[derive(Debug, Default)]
pub(crate) struct Unrouted {
    beginnings: IndexSet<String>,
    by_target: FxHashMap<u32, u32>,
}

impl Unrouted {
    /// A target that no level answers.
    pub(crate) fn add(&mut self, target: u32, method: &str, path: &str) {
        let name = beginning(method, path);
        let number = match self.beginnings.get_index_of(&name) {
            Some(number) => number,
            None if self.beginnings.len() < BEGINNINGS_MAX => self.beginnings.insert_full(name).0,
            None => self.beginnings.insert_full(ELSEWHERE.to_owned()).0,
        };
        self.by_target.insert(target, number as u32);
    }

    /// The number of what a target begins with.
    pub(crate) fn of(&self, target: u32) -> u32 {
        self.by_target.get(&target).copied().unwrap_or(NONE)
    }

    /// What is said of a number.
    pub(crate) fn name(&self, number: u32) -> &str {
        let name = self.beginnings.get_index(number as usize);
        name.map_or(ELSEWHERE, String::as_str)
    }
}

/// `/products/…` of `/products/7/reviews`, `POST /cart` of a `POST` of `/cart`.
fn beginning(method: &str, path: &str) -> String {
    let first = path.strip_prefix('/').unwrap_or(path);
    let end = first.find('/').map(|end| path.len() - first.len() + end);
    let (shown, rest) = match end.and_then(|end| path.split_at_checked(end + 1)) {
        Some((folder, rest)) if !rest.is_empty() => (folder, "…"),
        _ => (path, ""),
    };
    match method {
        "GET" => format!("{shown}{rest}"),
        method => format!("{method} {shown}{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_apart_by_their_first_folder() {
        let cases = [
            ("GET", "/", "/"),
            ("GET", "/robots.txt", "/robots.txt"),
            ("GET", "/static/", "/static/"),
            ("GET", "/static/css/site.css", "/static/…"),
            ("POST", "/cart", "POST /cart"),
            ("POST", "/cart/add/7", "POST /cart/…"),
            ("GET", "//evil", "//…"),
            ("OPTIONS", "*", "OPTIONS *"),
            ("GET", "", ""),
        ];
        for (method, path, expected) in cases {
            assert_eq!(beginning(method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn there_are_only_so_many() {
        let mut unrouted = Unrouted::default();
        for target in 0..5_000 {
            unrouted.add(target, "GET", &format!("/{target}.php"));
        }
        assert_eq!(unrouted.name(unrouted.of(0)), "/0.php");
        assert_eq!(unrouted.name(unrouted.of(4_999)), ELSEWHERE);
        assert_eq!(unrouted.of(4_998), unrouted.of(4_999));
    }
}
