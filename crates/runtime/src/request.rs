//! What a request carries, as far as the policy asks for it.

use cachepolicy_core::Policy;
use cachepolicy_core::expr::RequestView;
use cachepolicy_core::ids::DimensionId;
use cachepolicy_core::key::Url;
use cachepolicy_core::policy::{Carrier, Dimension};
use cachepolicy_core::url::{cookie_value, query_value, split_target};
use cachepolicy_core::vary::{Normalised, normalise};
use std::sync::Arc;

/// A request: the values of the policy's dimensions, and what conditions ask of it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Request {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    method: String,
    /// With the query.
    target: String,
    host: String,
    /// By the policy's dimensions.
    values: Vec<Owned>,
}

#[derive(Debug)]
enum Owned {
    Absent,
    Value(String),
    Outside,
}

/// Gathers what a request carries: see [`crate::Cache::request`].
#[derive(Debug)]
pub struct RequestBuilder<'p> {
    policy: &'p Policy,
    method: String,
    target: String,
    host: String,
    carried: Vec<(Kind, String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    User,
    Header,
    Cookie,
    Attr,
}

impl<'p> RequestBuilder<'p> {
    pub(crate) fn new(policy: &'p Policy) -> Self {
        Self {
            policy,
            method: "GET".to_owned(),
            target: "/".to_owned(),
            host: String::new(),
            carried: Vec::new(),
        }
    }

    /// The method, in upper case; `GET` unless said.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.method);
        self
    }

    /// The path with its query.
    #[must_use]
    pub fn target(mut self, target: &str) -> Self {
        target.clone_into(&mut self.target);
        self
    }

    /// The host that is asked, for keys with a URL.
    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    /// Something of the user who is logged in, such as `id`.
    #[must_use]
    pub fn user(self, field: &str, value: &str) -> Self {
        self.with(Kind::User, field, value)
    }

    /// A header.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        self.with(Kind::Header, &name.to_ascii_lowercase(), value)
    }

    /// A cookie; those of a `cookie` header are known as well.
    #[must_use]
    pub fn cookie(self, name: &str, value: &str) -> Self {
        self.with(Kind::Cookie, name, value)
    }

    /// Something that the application knows of the request, declared as `attr`.
    #[must_use]
    pub fn attr(self, name: &str, value: &str) -> Self {
        self.with(Kind::Attr, name, value)
    }

    fn with(mut self, kind: Kind, name: &str, value: &str) -> Self {
        self.carried.push((kind, name.to_owned(), value.to_owned()));
        self
    }

    /// The request.
    #[must_use]
    pub fn build(self) -> Request {
        let values = self.policy.dimensions.iter();
        let values = values.map(|dimension| self.value(dimension)).collect();
        Request {
            inner: Arc::new(Inner {
                target: self.target,
                host: self.host,
                method: self.method,
                values,
            }),
        }
    }

    fn value(&self, dimension: &Dimension) -> Owned {
        let raw = self.raw(&dimension.carrier);
        match normalise(dimension, raw.as_deref()) {
            Normalised::Absent => Owned::Absent,
            Normalised::Value(value) => Owned::Value(value.to_owned()),
            Normalised::Outside => Owned::Outside,
        }
    }

    /// What the request has at this place.
    fn raw(&self, carrier: &Carrier) -> Option<String> {
        let find = |wanted: Kind, name: &str| {
            let mut all = self.carried.iter();
            let found = all.find(|(kind, known, _)| *kind == wanted && known == name);
            found.map(|(_, _, value)| value.clone())
        };
        match carrier {
            Carrier::User(field) => find(Kind::User, field),
            Carrier::Header(name) => find(Kind::Header, name),
            Carrier::Attr(name) => find(Kind::Attr, name),
            Carrier::Cookie(name) => find(Kind::Cookie, name).or_else(|| {
                let header = find(Kind::Header, "cookie")?;
                cookie_value(&header, name).map(str::to_owned)
            }),
            Carrier::Query(name) => {
                let (_, query) = split_target(&self.target);
                query_value(query?, name).map(std::borrow::Cow::into_owned)
            }
        }
    }
}

impl Request {
    /// The path with its query.
    #[cfg(feature = "record")]
    pub(crate) fn target(&self) -> &str {
        &self.inner.target
    }

    /// What keys take of it.
    pub(crate) fn url(&self) -> Url<'_> {
        let (path, query) = split_target(&self.inner.target);
        Url {
            host: &self.inner.host,
            path,
            query,
        }
    }
}

impl RequestView for Request {
    fn dimension(&self, dimension: DimensionId) -> Normalised<'_> {
        match self.inner.values.get(dimension.index()) {
            None | Some(Owned::Absent) => Normalised::Absent,
            Some(Owned::Value(value)) => Normalised::Value(value),
            Some(Owned::Outside) => Normalised::Outside,
        }
    }

    fn method(&self) -> &str {
        &self.inner.method
    }

    fn path(&self) -> &str {
        split_target(&self.inner.target).0
    }
}
