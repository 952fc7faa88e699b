//! The request to explain.

use super::key::Known;
use cachepolicy_core::DimensionId;
use cachepolicy_core::expr::RequestView;
use cachepolicy_core::policy::{Carrier, Dimension, Policy};
use cachepolicy_core::url;
use cachepolicy_core::vary::{self, Normalised};
use std::borrow::Cow;

/// A request, as the arguments describe it.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Upper case.
    pub method: String,
    /// As given: `/path?query`, or with scheme and host.
    pub target: String,
    /// Names in lower case, in the order given.
    pub headers: Vec<(String, String)>,
    /// Names and values.
    pub cookies: Vec<(String, String)>,
    /// The user's id.
    pub user: Option<String>,
    /// What the application says of the request: `user.role`, `plan`.
    pub attrs: Vec<(String, String)>,
}

impl Request {
    /// Path and query.
    pub(super) fn parts(&self) -> (&str, Option<&str>) {
        url::split_target(&self.target)
    }

    /// The `Host` header, else the host in the URL, else empty.
    pub(super) fn host(&self) -> &str {
        let header = find(&self.headers, "host");
        header.unwrap_or_else(|| {
            let rest = self.target.split_once("://").map_or("", |(_, rest)| rest);
            rest.split(['/', '?', '#']).next().unwrap_or("")
        })
    }

    /// What the request carries for a dimension.
    pub(super) fn raw(&self, dimension: &Dimension) -> Option<Cow<'_, str>> {
        match &dimension.carrier {
            Carrier::User(field) if field == "id" => self.user.as_deref().map(Cow::Borrowed),
            Carrier::User(field) => find(&self.attrs, &format!("user.{field}")).map(Cow::Borrowed),
            Carrier::Header(name) if name == "host" => Some(self.host())
                .filter(|host| !host.is_empty())
                .map(Cow::Borrowed),
            Carrier::Header(name) => find(&self.headers, name).map(Cow::Borrowed),
            Carrier::Cookie(name) => find(&self.cookies, name)
                .or_else(|| url::cookie_value(find(&self.headers, "cookie")?, name))
                .map(Cow::Borrowed),
            Carrier::Query(name) => url::query_value(self.parts().1?, name),
            Carrier::Attr(name) => find(&self.attrs, name).map(Cow::Borrowed),
        }
    }
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(own, _)| own == name)
        .map(|(_, value)| value.as_str())
}

/// The request with its dimensions normalised.
pub(super) struct Prepared<'r> {
    pub(super) request: &'r Request,
    /// For each dimension of the policy.
    pub(super) dimensions: Vec<Value>,
}

/// A dimension's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Absent,
    Inside(String),
    Outside,
}

impl<'r> Prepared<'r> {
    pub(super) fn new(request: &'r Request, policy: &Policy) -> Self {
        let value = |dimension: &Dimension| {
            let raw = request.raw(dimension);
            match vary::normalise(dimension, raw.as_deref()) {
                Normalised::Absent => Value::Absent,
                Normalised::Value(value) => Value::Inside(value.to_owned()),
                Normalised::Outside => Value::Outside,
            }
        };
        Self {
            request,
            dimensions: policy.dimensions.iter().map(value).collect(),
        }
    }

    pub(super) fn known(&self, dimension: DimensionId) -> Known {
        match self.dimensions.get(dimension.index()) {
            Some(Value::Inside(value)) => Known::Value(value.clone()),
            Some(Value::Absent | Value::Outside) | None => Known::Absent,
        }
    }

    pub(super) fn is_outside(&self, dimension: DimensionId) -> bool {
        self.dimensions.get(dimension.index()) == Some(&Value::Outside)
    }
}

impl RequestView for Prepared<'_> {
    fn dimension(&self, dimension: DimensionId) -> Normalised<'_> {
        match self.dimensions.get(dimension.index()) {
            Some(Value::Inside(value)) => Normalised::Value(value),
            Some(Value::Outside) => Normalised::Outside,
            Some(Value::Absent) | None => Normalised::Absent,
        }
    }

    fn method(&self) -> &str {
        &self.request.method
    }

    fn path(&self) -> &str {
        self.request.parts().0
    }
}
