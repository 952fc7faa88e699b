//! The words of a policy: values that it names itself.

use cachepolicy_core::Policy;
use cachepolicy_core::edge::{Condition, Target, TargetArg};
use cachepolicy_core::expr::Expr;
use cachepolicy_core::level::ValueSource;
use cachepolicy_core::policy::{Carrier, Domain, IgnoreQuery};
use cachepolicy_core::route::{Pattern, Segment};
use rustc_hash::FxHashSet;

/// What a policy names, in routes, domains and conditions. It can be said plainly.
#[derive(Debug, Default)]
pub(crate) struct Words(FxHashSet<String>);

impl Words {
    /// Of a policy.
    pub(crate) fn of(policy: &Policy) -> Self {
        let mut words = Self::default();
        for dimension in &policy.dimensions {
            if let Carrier::Query(name) = &dimension.carrier {
                words.add(name);
            }
            if let Domain::Values(values) | Domain::Negotiated(values) = &dimension.domain {
                values.iter().for_each(|value| words.add(value));
            }
            dimension.otherwise.iter().for_each(|it| words.add(it));
        }
        if let IgnoreQuery::Matching(patterns) = &policy.ignore_query {
            patterns.iter().for_each(|name| words.add(name));
        }
        for level in &policy.levels {
            level.skip.iter().for_each(|skip| words.expr(skip));
            if let Some(route) = &level.route {
                words.pattern(&route.pattern);
            }
            let args = level.contains.iter().flat_map(|contain| &contain.args);
            for arg in args {
                if let ValueSource::Literal(text) = arg {
                    words.add(text);
                }
            }
        }
        let rules = policy.workloads.iter().flat_map(|it| &it.write_rules);
        rules.for_each(|rule| words.pattern(&rule.pattern));
        for action in policy.edges.iter().flat_map(|block| &block.actions) {
            action.when.iter().for_each(|it| words.condition(it));
            if let Target::Level { args, .. } = &action.target {
                for arg in args {
                    if let TargetArg::Literal(text) = arg {
                        words.add(text);
                    }
                }
            }
        }
        words
    }

    /// Does the policy name it?
    pub(crate) fn has(&self, text: &str) -> bool {
        self.0.contains(text)
    }

    fn add(&mut self, text: &str) {
        self.0.insert(text.to_owned());
    }

    fn pattern(&mut self, pattern: &Pattern) {
        for segment in &pattern.segments {
            if let Segment::Text(text) = segment {
                self.add(text);
            }
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::And(all) | Expr::Or(all) => all.iter().for_each(|each| self.expr(each)),
            Expr::Not(inner) => self.expr(inner),
            Expr::Equal(_, text) => self.add(text),
            Expr::In(_, texts) => texts.iter().for_each(|text| self.add(text)),
            Expr::Path(pattern) => self.pattern(pattern),
            Expr::Present(_) | Expr::Method(_) => {}
        }
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::And(all) | Condition::Or(all) => {
                all.iter().for_each(|each| self.condition(each));
            }
            Condition::Not(inner) => self.condition(inner),
            Condition::Changed(_) => {}
            Condition::In(_, texts) => texts.iter().for_each(|text| self.add(text)),
        }
    }
}
