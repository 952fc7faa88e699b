//! What the pages of a workload find while they are filled.

use super::data::DataValues;
use crate::event::Request;
use cachepolicy_core::Router;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::policy::Policy;
use cachepolicy_core::route::Captures;
use cachepolicy_core::url::{decode, split_target};
use cachepolicy_core::workload::Workload;
use rustc_hash::FxHashMap;

/// Values that are remembered at most: popular pages come early.
const REMEMBERED_MAX: usize = 1 << 18;

/// Names and their values.
type RequestData = Vec<(String, Vec<String>)>;

/// What pages found before: the same page finds the same.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// By method and path.
    of: FxHashMap<String, RequestData>,
    values: usize,
    asked: String,
}

impl Found {
    /// Adds the data of the levels that answer the request.
    pub(super) fn add(&mut self, pages: &Pages, request: &mut Request) {
        if !pages.have_data() {
            return;
        }
        let (path, _) = split_target(&request.path);
        self.asked.clear();
        for text in [&request.method, " ", path] {
            self.asked.push_str(text);
        }
        if let Some(known) = self.of.get(&self.asked) {
            request.data.extend_from_slice(known);
            return;
        }
        let mut found = pages.find(&request.method, path);
        let count: usize = found.iter().map(|(_, values)| 1 + values.len()).sum();
        if self.values + count < REMEMBERED_MAX {
            self.values += count + 1;
            self.of.insert(self.asked.clone(), found.clone());
        }
        request.data.append(&mut found);
    }
}

/// What the levels that answer requests find while they fill.
#[derive(Debug)]
pub(super) struct Pages {
    router: Router,
    /// By level: its name, how many parameters it has, and what it finds.
    levels: Vec<(String, u16, Vec<DataValues>)>,
}

impl Pages {
    pub(super) fn new(policy: &Policy, workload: &Workload, seed: u64) -> Self {
        let levels = policy.levels.iter().map(|level| {
            let drawn = level.data.iter().filter_map(|data| {
                let draw = workload.data.iter().find(|draw| draw.name == data.name)?;
                Some(DataValues::new(seed, draw))
            });
            (
                level.name.clone(),
                level.params.len() as u16,
                drawn.collect(),
            )
        });
        Self {
            router: Router::new(policy),
            levels: levels.collect(),
        }
    }

    /// The data of the levels that answer a request.
    fn find(&self, method: &str, path: &str) -> RequestData {
        let routed = self.router.route(method, path);
        let mut found = Vec::new();
        for level in routed.view.iter().chain(routed.sites()) {
            self.add(*level, path, &mut found);
        }
        found
    }

    fn have_data(&self) -> bool {
        self.levels.iter().any(|(_, _, data)| !data.is_empty())
    }

    fn add(&self, level: LevelId, path: &str, found: &mut RequestData) {
        let Some((name, params, data)) = self.levels.get(level.index()) else {
            return;
        };
        if data.is_empty() {
            return;
        }
        let mut captures = Captures::new();
        self.router.captures(level, path, &mut captures);
        let params: Vec<_> = (0..*params)
            .map(|param| decode(captures.get(param).unwrap_or_default()))
            .collect();
        let params: Vec<&str> = params.iter().map(AsRef::as_ref).collect();
        for values in data {
            if found.iter().all(|(known, _)| known != values.name()) {
                found.push((values.name().to_owned(), values.of(name, &params)));
            }
        }
    }
}
