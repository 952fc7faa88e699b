//! Conditions on a request: `skip when user.id or path("/admin/**")`. Total and decidable.

use crate::ids::DimensionId;
use crate::route::Pattern;
use serde::{Deserialize, Serialize};

/// A condition on a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expr {
    /// All of them.
    And(Vec<Expr>),
    /// One of them.
    Or(Vec<Expr>),
    /// Not that.
    Not(Box<Expr>),
    /// The dimension is present.
    Present(DimensionId),
    /// The dimension has this value.
    Equal(DimensionId, String),
    /// The dimension has one of these values.
    In(DimensionId, Vec<String>),
    /// The path matches.
    Path(Pattern),
    /// The method is one of these.
    Method(Vec<String>),
}
