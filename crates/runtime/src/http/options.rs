//! How a layer does what the policy says.

use crate::request::RequestBuilder;
use crate::start_error::StartError;
use cachepolicy_core::Policy;
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::policy::Carrier;
use http::request::Parts;
use std::sync::Arc;

type Identify = dyn for<'p> Fn(&Parts, RequestBuilder<'p>) -> RequestBuilder<'p> + Send + Sync;

/// How the layer does what the policy says.
#[derive(Clone)]
pub struct HttpOptions {
    pub(crate) name: String,
    pub(crate) body_max: usize,
    pub(crate) identify: Option<Arc<Identify>>,
    pub(crate) is_proxy: bool,
}

impl core::fmt::Debug for HttpOptions {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("HttpOptions")
            .field("name", &self.name)
            .field("body_max", &self.body_max)
            .finish_non_exhaustive()
    }
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            name: "cachepolicy".to_owned(),
            body_max: 8 << 20,
            identify: None,
            is_proxy: false,
        }
    }
}

impl HttpOptions {
    /// Can a site or view be answered from copies?
    pub(crate) fn check(
        http: Option<&Self>,
        policy: &Policy,
        (kind, id): (&'static str, LevelId),
    ) -> Result<(), StartError> {
        let Some(table) = policy.levels.get(id.index()) else {
            return Ok(());
        };
        let level = || table.name.clone();
        let Some(http) = http else {
            let level = level();
            return Err(StartError::Response { kind, level });
        };
        let graph = Graph::new(policy);
        let dependencies = graph.dependencies(id).into_iter();
        let mut dimensions: Vec<_> = dependencies
            .flat_map(|it| &it.dimensions)
            .copied()
            .collect();
        // Who is not to be answered from copies is nobody, as long as nobody says who it is.
        if let Some(skip) = &table.skip {
            skip.visit_dimensions(&mut |dimension| dimensions.push(dimension));
        }
        let dimensions = dimensions.iter();
        let dimensions = dimensions.filter_map(|id| policy.dimensions.get(id.index()));
        let unknown = |carrier: &Carrier| matches!(carrier, Carrier::User(_) | Carrier::Attr(_));
        let mut of_application = dimensions.filter(|it| unknown(&it.carrier));
        match of_application.next().filter(|_| http.identify.is_none()) {
            Some(dimension) => Err(StartError::Unidentified {
                kind,
                level: level(),
                dimension: dimension.name.clone(),
            }),
            None => Ok(()),
        }
    }

    /// What the cache calls itself in `Cache-Status`; left out: `cachepolicy`.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Responses with more bytes than this pass through and are not kept; left out: 8 MiB.
    #[must_use]
    pub fn body_max(mut self, bytes: usize) -> Self {
        self.body_max = bytes;
        self
    }

    /// The layer stands before the application, as the policy's backends of the kind `proxy` do: their
    /// copies are in this process's memory.
    #[must_use]
    pub fn proxy(mut self) -> Self {
        self.is_proxy = true;
        self
    }

    /// What the application knows of a request: who is logged in, and what the policy declares as
    /// `attr`. Needed where routes depend on any of that; see [`crate::StartError::Unidentified`].
    #[must_use]
    pub fn identify<F>(mut self, identify: F) -> Self
    where
        F: for<'p> Fn(&Parts, RequestBuilder<'p>) -> RequestBuilder<'p> + Send + Sync + 'static,
    {
        self.identify = Some(Arc::new(identify));
        self
    }
}
