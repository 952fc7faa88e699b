//! The policy that answers now, and how another one takes its place.

use cachepolicy_runtime::{Cache, HttpLayer};
use std::sync::{Arc, PoisonError, RwLock};

/// Reads the policy again and makes a cache of it, which takes over the copies of this one. An error: why not,
/// in words.
pub(crate) type Again = dyn Fn(&Cache) -> Result<Cache, String> + Send + Sync;

/// What answers now.
#[derive(Clone)]
pub(crate) struct Current {
    state: Arc<RwLock<(Cache, HttpLayer)>>,
    again: Arc<Again>,
    /// One at a time.
    reloading: Arc<tokio::sync::Mutex<()>>,
}

impl Current {
    /// `None`: the cache answers no requests.
    pub(crate) fn new(cache: Cache, again: Arc<Again>) -> Option<Self> {
        let layer = cache.http()?;
        Some(Self {
            state: Arc::new(RwLock::new((cache, layer))),
            again,
            reloading: Arc::default(),
        })
    }

    /// What is kept.
    pub(crate) fn cache(&self) -> Cache {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.0.clone()
    }

    /// What answers a request that comes now. It answers it to its end, whatever comes meanwhile.
    pub(super) fn layer(&self) -> HttpLayer {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.1.clone()
    }

    /// The policy as it is now answers from now on; what was done, in words. An error: why not; the one that
    /// was there stays.
    pub(super) async fn reload(&self) -> Result<String, String> {
        let _alone = self.reloading.lock().await;
        let (before, again) = (self.cache(), Arc::clone(&self.again));
        let made = tokio::task::spawn_blocking(move || again(&before)).await;
        let cache = made.map_err(|_| "the policy was not read to its end\n".to_owned())??;
        let Some(layer) = cache.http() else {
            return Err("the policy has no levels for requests\n".to_owned());
        };
        let backends = cache.policy().backends.iter();
        let kept: usize = backends.filter_map(|it| cache.entries(&it.name)).sum();
        let name = cache.policy().name.clone();
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        *state = (cache, layer);
        Ok(format!(
            "policy `{name}` was read again: {kept} copies in memory stay\n"
        ))
    }
}
