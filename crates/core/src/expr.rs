//! Conditions on a request: `skip when user.id or path("/admin/**")`. Total and decidable.

use crate::ids::DimensionId;
use crate::route::Pattern;
use crate::vary::Normalised;
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

/// Nesting of a condition at most; deeper ones are refused when a policy is compiled or decoded.
pub const MAX_DEPTH: usize = 32;

/// What a condition can ask of a request.
pub trait RequestView {
    /// A dimension's normalised value.
    fn dimension(&self, dimension: DimensionId) -> Normalised<'_>;
    /// Is there a value, within the dimension's domain or outside?
    fn has(&self, dimension: DimensionId) -> bool {
        self.dimension(dimension) != Normalised::Absent
    }
    /// In upper case.
    fn method(&self) -> &str;
    /// Without the query.
    fn path(&self) -> &str;
}

impl Expr {
    /// Does the condition hold?
    ///
    /// A dimension is present when the request carries it, with a value inside its domain or
    /// outside; one with an `else` always is. A value outside the domain equals nothing. Methods
    /// compare as they are: `HEAD` is not `GET` here.
    #[must_use]
    pub fn holds(&self, request: &impl RequestView) -> bool {
        match self {
            Self::And(all) => all.iter().all(|each| each.holds(request)),
            Self::Or(any) => any.iter().any(|each| each.holds(request)),
            Self::Not(inner) => !inner.holds(request),
            Self::Present(dimension) => request.has(*dimension),
            Self::Equal(dimension, text) => {
                request.dimension(*dimension) == Normalised::Value(text)
            }
            Self::In(dimension, texts) => match request.dimension(*dimension) {
                Normalised::Value(value) => texts.iter().any(|text| text == value),
                Normalised::Absent | Normalised::Outside => false,
            },
            Self::Path(pattern) => pattern.is_match(request.path()),
            Self::Method(methods) => methods.iter().any(|method| method == request.method()),
        }
    }

    /// Calls `visit` for each dimension that it asks for, in the order written.
    pub fn visit_dimensions(&self, visit: &mut impl FnMut(DimensionId)) {
        match self {
            Self::And(parts) | Self::Or(parts) => {
                for part in parts {
                    part.visit_dimensions(visit);
                }
            }
            Self::Not(inner) => inner.visit_dimensions(visit),
            Self::Present(dimension) | Self::Equal(dimension, _) | Self::In(dimension, _) => {
                visit(*dimension);
            }
            Self::Path(_) | Self::Method(_) => {}
        }
    }

    /// Does it hold for every request in which this dimension is present? True only where that
    /// follows from the condition's form: `user.id`, or one alternative of an `or`.
    #[must_use]
    pub fn follows_from_presence(&self, dimension: DimensionId) -> bool {
        match self {
            Self::Present(own) => *own == dimension,
            Self::And(all) => all.iter().all(|each| each.follows_from_presence(dimension)),
            Self::Or(any) => any.iter().any(|each| each.follows_from_presence(dimension)),
            Self::Not(inner) => inner.fails_from_presence(dimension),
            Self::Equal(..) | Self::In(..) | Self::Path(_) | Self::Method(_) => false,
        }
    }

    /// Does it fail for every request in which this dimension is present?
    fn fails_from_presence(&self, dimension: DimensionId) -> bool {
        match self {
            Self::And(all) => all.iter().any(|each| each.fails_from_presence(dimension)),
            Self::Or(any) => any.iter().all(|each| each.fails_from_presence(dimension)),
            Self::Not(inner) => inner.follows_from_presence(dimension),
            Self::Present(_) | Self::Equal(..) | Self::In(..) | Self::Path(_) | Self::Method(_) => {
                false
            }
        }
    }

    /// Does it hold for every request whose path this pattern matches? True only where that follows
    /// from the condition's form.
    #[must_use]
    pub fn follows_from_path(&self, paths: &Pattern) -> bool {
        match self {
            Self::Path(own) => own.shadows(paths),
            Self::And(all) => all.iter().all(|each| each.follows_from_path(paths)),
            Self::Or(any) => any.iter().any(|each| each.follows_from_path(paths)),
            Self::Not(_) | Self::Present(_) | Self::Equal(..) | Self::In(..) | Self::Method(_) => {
                false
            }
        }
    }

    /// How deeply it is nested; a plain question is 1.
    #[must_use]
    pub fn depth(&self) -> usize {
        match self {
            Self::And(parts) | Self::Or(parts) => {
                1 + parts.iter().map(Self::depth).max().unwrap_or(0)
            }
            Self::Not(inner) => 1 + inner.depth(),
            _ => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::pattern;
    use proptest::prelude::*;

    struct Given(Vec<Normalised<'static>>, &'static str, &'static str);

    impl RequestView for Given {
        fn dimension(&self, dimension: DimensionId) -> Normalised<'_> {
            self.0[dimension.index()]
        }
        fn method(&self) -> &str {
            self.1
        }
        fn path(&self) -> &str {
            self.2
        }
    }

    const USER: DimensionId = DimensionId(0);
    const PLAN: DimensionId = DimensionId(1);

    #[test]
    fn questions() {
        use Normalised::{Absent, Outside, Value};
        let request = |user, plan| Given(vec![user, plan], "GET", "/admin");
        let present = Expr::Present(USER);
        assert!(present.holds(&request(Value("1"), Absent)));
        assert!(present.holds(&request(Value(""), Absent)));
        assert!(present.holds(&request(Outside, Absent)));
        assert!(!present.holds(&request(Absent, Value("x"))));
        let equal = Expr::Equal(PLAN, "pro".into());
        assert!(equal.holds(&request(Absent, Value("pro"))));
        for plan in [Value("Pro"), Absent, Outside] {
            assert!(!equal.holds(&request(Absent, plan)));
        }
        let among = Expr::In(PLAN, vec!["a".into(), "b".into()]);
        assert!(among.holds(&request(Absent, Value("b"))));
        assert!(!among.holds(&request(Absent, Absent)));
        let request = request(Absent, Absent);
        assert!(Expr::Path(pattern("/admin/**")).holds(&request));
        assert!(!Expr::Path(pattern("/admin/{x}")).holds(&request));
        assert!(Expr::Method(vec!["GET".into()]).holds(&request));
        assert!(!Expr::Method(vec!["HEAD".into()]).holds(&request));
        assert!(Expr::And(vec![]).holds(&request));
        assert!(!Expr::Or(vec![]).holds(&request));
    }

    fn any_expr() -> impl Strategy<Value = Expr> {
        let leaf = prop_oneof![
            (0..2u16).prop_map(|d| Expr::Present(DimensionId(d))),
            (0..2u16).prop_map(|d| Expr::Equal(DimensionId(d), "a".into())),
            Just(Expr::Path(pattern("/a/**"))),
            Just(Expr::Method(vec!["GET".into()])),
        ];
        leaf.prop_recursive(4, 16, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Expr::And),
                prop::collection::vec(inner.clone(), 0..3).prop_map(Expr::Or),
                inner.prop_map(|inner| Expr::Not(Box::new(inner))),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_follows_from_presence_holds_then(
            expr in any_expr(),
            plan in prop::sample::select(vec![Normalised::Absent, Normalised::Value("a")]),
            method in prop::sample::select(vec!["GET", "POST"]),
            path in prop::sample::select(vec!["/a", "/b"]),
        ) {
            if expr.follows_from_presence(USER) {
                for user in [Normalised::Value("a"), Normalised::Value("b"), Normalised::Outside] {
                    prop_assert!(expr.holds(&Given(vec![user, plan], method, path)));
                }
            }
            prop_assert!(expr.depth() <= 6);
        }

        #[test]
        fn what_follows_from_a_path_holds_there(expr in any_expr()) {
            let request = Given(vec![Normalised::Absent; 2], "POST", "/a/b");
            if expr.follows_from_path(&pattern("/a/{x}")) {
                prop_assert!(expr.holds(&request));
            }
        }

        #[test]
        fn de_morgan(expr in any_expr(), other in any_expr()) {
            let request = Given(vec![Normalised::Value("a"), Normalised::Absent], "GET", "/a/b");
            let not = |expr: &Expr| Expr::Not(Box::new(expr.clone()));
            prop_assert_eq!(
                not(&Expr::And(vec![expr.clone(), other.clone()])).holds(&request),
                Expr::Or(vec![not(&expr), not(&other)]).holds(&request)
            );
        }
    }
}
