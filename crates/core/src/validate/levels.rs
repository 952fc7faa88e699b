//! Levels and the conditions under which they are skipped.

use super::{Checked, Checker, distribution, ensure, is_positive, is_share, pattern};
use crate::decide::Rules;
use crate::expr::{Expr, MAX_DEPTH};
use crate::level::{Contain, KeyPart, Level, LevelKind, Read, Template, TemplatePart, ValueSource};
use crate::route::MAX_PARAMS;
use crate::tags::MAX_EACH;

impl Checker<'_> {
    pub(super) fn level(self, index: usize, level: &Level) -> Checked {
        ensure(
            level.params.len() <= MAX_PARAMS,
            "it has too many parameters",
        )?;
        let is_routed = matches!(level.kind, LevelKind::Site | LevelKind::View);
        ensure(
            level.route.is_some() == is_routed,
            "sites and views have routes, the others have none",
        )?;
        if let Some(route) = &level.route {
            ensure(!route.methods.is_empty(), "its route has no method")?;
            pattern(&route.pattern, level.params.len())?;
        }
        for tier in &level.tiers {
            ensure(
                tier.backend.index() < self.policy.backends.len(),
                "it is stored in a backend that does not exist",
            )?;
        }
        self.key_and_tags(level)?;
        for &dimension in level.vary.iter().chain(&level.uses) {
            self.has_dimension(dimension)?;
        }
        level
            .reads
            .iter()
            .try_for_each(|read| self.read(level, read))?;
        level
            .contains
            .iter()
            .try_for_each(|contain| self.contain(index, level, contain))?;
        ensure(
            level.batch.is_none_or(|batch| batch.max >= 1),
            "its batches hold nothing",
        )?;
        rules(&level.rules)?;
        distribution(&level.cost.otherwise)?;
        distribution(&level.size.otherwise)?;
        ensure(
            level
                .origin
                .is_none_or(|origin| origin.index() < self.policy.origins.len()),
            "it loads from an origin that does not exist",
        )?;
        match &level.skip {
            Some(skip) => self.expr(skip, MAX_DEPTH),
            None => Ok(()),
        }
    }

    fn key_and_tags(self, level: &Level) -> Checked {
        for part in &level.key.parts {
            match part {
                KeyPart::Text(_) => {}
                KeyPart::Url => ensure(level.route.is_some(), "its key has a URL, but no route")?,
                KeyPart::Value(ValueSource::Data(_)) => {
                    return Err("its key has a value that is found while filling");
                }
                KeyPart::Value(source) => self.source(level, source)?,
            }
        }
        level
            .tags
            .iter()
            .try_for_each(|tag| self.template(level, tag))
    }

    fn template(self, level: &Level, template: &Template) -> Checked {
        let mut lists = 0;
        for part in &template.parts {
            match part {
                TemplatePart::Text(_) => {}
                TemplatePart::Value(source) => self.source(level, source)?,
                TemplatePart::Each(source) => {
                    self.source(level, source)?;
                    lists += 1;
                }
            }
        }
        ensure(lists <= MAX_EACH, "a tag has too many lists")
    }

    fn read(self, level: &Level, read: &Read) -> Checked {
        self.place(read.place)?;
        self.has_model(read.model)?;
        for binding in &read.bindings {
            self.has_field(read.model, binding.field)?;
            self.source(level, &binding.value)?;
        }
        read.fields
            .iter()
            .flatten()
            .try_for_each(|&field| self.has_field(read.model, field))
    }

    fn contain(self, index: usize, level: &Level, contain: &Contain) -> Checked {
        self.place(contain.place)?;
        ensure(
            contain.level.index() < index,
            "it contains a level that does not stand before it",
        )?;
        let params = self
            .policy
            .levels
            .get(contain.level.index())
            .map_or(0, |inner| inner.params.len());
        // The values of a site's or view's own parameters come from the path.
        let is_routed = self
            .policy
            .levels
            .get(contain.level.index())
            .is_some_and(|inner| inner.route.is_some());
        ensure(
            contain.args.len() == params || (is_routed && contain.args.is_empty()),
            "it contains a level with another number of parameters",
        )?;
        ensure(
            contain
                .each
                .is_none_or(|each| usize::from(each) < contain.args.len()),
            "the list of an `each` is no argument",
        )?;
        contain
            .args
            .iter()
            .try_for_each(|source| self.source(level, source))
    }

    fn source(self, level: &Level, source: &ValueSource) -> Checked {
        match source {
            ValueSource::Param(index) => ensure(
                usize::from(*index) < level.params.len(),
                "it uses a parameter that does not exist",
            ),
            ValueSource::Dimension(dimension) => self.has_dimension(*dimension),
            ValueSource::Data(index) => ensure(
                usize::from(*index) < level.data.len(),
                "it uses data that it does not declare",
            ),
            ValueSource::Literal(_) => Ok(()),
        }
    }

    fn expr(self, expr: &Expr, depth: usize) -> Checked {
        let Some(inner) = depth.checked_sub(1) else {
            return Err("a condition is nested too deeply");
        };
        match expr {
            Expr::And(parts) | Expr::Or(parts) => {
                parts.iter().try_for_each(|part| self.expr(part, inner))
            }
            Expr::Not(part) => self.expr(part, inner),
            Expr::Present(dimension) | Expr::Equal(dimension, _) | Expr::In(dimension, _) => {
                self.has_dimension(*dimension)
            }
            Expr::Path(path) => pattern(path, MAX_PARAMS),
            Expr::Method(_) => Ok(()),
        }
    }
}

fn rules(rules: &Rules) -> Checked {
    ensure(is_share(rules.jitter), "its jitter is no share")?;
    ensure(
        rules.early_refresh.is_none_or(is_positive),
        "the beta of its early refresh is out of range",
    )
}
