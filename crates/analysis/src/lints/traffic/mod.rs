//! What a workload asks of each level: how often, and how unevenly over its keys. No copy is taken
//! for granted: a container asks for what it contains with each request.

mod routes;
mod spread;

pub(crate) use routes::{answering, levels_of};
pub(crate) use spread::Spread;

use cachepolicy_core::expr::Expr;
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::{DimensionId, LevelId};
use cachepolicy_core::level::{Contain, KeyPart, Level, LevelKind, ValueSource};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::sorting;
use cachepolicy_core::workload::Workload;

/// What is asked of one level.
#[derive(Debug, Clone)]
pub(crate) struct Demand {
    /// Look-ups a second.
    pub(crate) per_second: f64,
    /// How they spread over the keys.
    pub(crate) keys: Spread,
}

/// What is asked of the levels of a policy; nothing is known without a workload.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    levels: Vec<Option<Demand>>,
}

/// What is known of the values of a level's parameters; `None`: nothing.
type Values = Vec<Option<Spread>>;

impl Traffic {
    pub(crate) fn new(policy: &Policy, graph: &Graph) -> Self {
        let Some(workload) = policy.workloads.first() else {
            return Self::default();
        };
        let mut flow = Flow {
            policy,
            workload,
            asked: vec![None; policy.levels.len()],
        };
        for (rate, level, values) in routes::draws(policy, workload) {
            flow.ask(level, rate, values);
        }
        let mut levels = vec![None; policy.levels.len()];
        for index in (0..policy.levels.len()).rev() {
            if let Some(slot) = levels.get_mut(index) {
                *slot = flow.through(LevelId(index as u16), graph);
            }
        }
        Self { levels }
    }

    /// `None`: nothing is asked of it, or its values are not known.
    pub(crate) fn of(&self, level: LevelId) -> Option<&Demand> {
        self.levels.get(level.index())?.as_ref()
    }
}

/// Requests on their way from coarse levels to fine ones.
struct Flow<'p> {
    policy: &'p Policy,
    workload: &'p Workload,
    asked: Vec<Option<(f64, Values)>>,
}

impl Flow<'_> {
    /// Adds to what is asked of a level.
    fn ask(&mut self, level: LevelId, rate: f64, values: Values) {
        let Some(slot) = self.asked.get_mut(level.index()) else {
            return;
        };
        *slot = Some(match slot.take() {
            None => (rate, values),
            Some((before, known)) => {
                let both = known.into_iter().zip(values);
                let both = both.map(|(known, new)| Some(known?.merged(before, &new?, rate)));
                (before + rate, both.collect())
            }
        });
    }

    /// What a level is asked for; and what it asks of others.
    fn through(&mut self, id: LevelId, graph: &Graph) -> Option<Demand> {
        let level = self.policy.levels.get(id.index())?;
        let (rate, values) = self.asked.get(id.index())?.clone()?;
        // What a site contains by its route is asked for by the requests themselves.
        let is_routed = |inner: &Level| level.kind == LevelKind::Site && inner.route.is_some();
        for contain in &level.contains {
            let inner = self.policy.levels.get(contain.level.index())?;
            if !is_routed(inner) && graph.contained(id).any(|known| known == contain.level) {
                let given = contain.args.iter();
                let given = given.map(|value| self.value(level, &values, value));
                let given = given.collect();
                let count = self.times(level, contain);
                self.ask(contain.level, rate * count, given);
            }
        }
        let asking = rate * (1.0 - self.skipped(level));
        let keys = self.keys(level, &values)?;
        Some(Demand {
            per_second: asking,
            keys,
        })
    }

    /// How the look-ups of a level spread over its keys.
    fn keys(&self, level: &Level, values: &[Option<Spread>]) -> Option<Spread> {
        let mut spread = Spread::single();
        let has_url = level.key.parts.contains(&KeyPart::Url);
        let of_params = (0u16..).zip(values).filter(|(index, _)| {
            has_url
                || level
                    .key
                    .parts
                    .contains(&KeyPart::Value(ValueSource::Param(*index)))
        });
        for (_, value) in of_params {
            spread = spread.times(value.as_ref()?);
        }
        let mut dimensions: Vec<DimensionId> = level.vary.clone();
        dimensions.extend(level.key.parts.iter().filter_map(|part| match part {
            KeyPart::Value(ValueSource::Dimension(dimension)) => Some(*dimension),
            _ => None,
        }));
        sorting::ascending(&mut dimensions);
        dimensions.dedup();
        for dimension in dimensions {
            spread = spread.times(&self.dimension(dimension));
        }
        Some(spread)
    }

    fn value(
        &self,
        level: &Level,
        values: &[Option<Spread>],
        source: &ValueSource,
    ) -> Option<Spread> {
        match source {
            ValueSource::Param(index) => values.get(usize::from(*index))?.clone(),
            ValueSource::Dimension(dimension) => Some(self.dimension(*dimension)),
            ValueSource::Literal(_) => Some(Spread::single()),
            ValueSource::Data(index) => {
                let name = &level.data.get(usize::from(*index))?.name;
                let draw = self.workload.data.iter().find(|draw| draw.name == *name)?;
                Some(Spread::of(&draw.value))
            }
        }
    }

    fn dimension(&self, dimension: DimensionId) -> Spread {
        let draws = &self.workload.dimensions;
        match draws.iter().find(|draw| draw.dimension == dimension) {
            Some(draw) => Spread::of(&draw.value).or_absent(draw.share),
            None => Spread::single(),
        }
    }

    /// How many copies one `contains` asks for.
    fn times(&self, level: &Level, contain: &Contain) -> f64 {
        let each = contain
            .each
            .and_then(|each| contain.args.get(usize::from(each)));
        let Some(ValueSource::Data(data)) = each else {
            return 1.0;
        };
        let name = level.data.get(usize::from(*data)).map(|data| &data.name);
        let draw = self
            .workload
            .data
            .iter()
            .find(|draw| Some(&draw.name) == name);
        draw.map_or(1.0, |draw| f64::from(draw.count))
    }

    /// The share of the requests that a level's `skip` leaves out, where its form says so.
    fn skipped(&self, level: &Level) -> f64 {
        level.skip.as_ref().map_or(0.0, |skip| self.share(skip))
    }

    fn share(&self, condition: &Expr) -> f64 {
        match condition {
            Expr::Present(dimension) => {
                let draws = &self.workload.dimensions;
                let draw = draws.iter().find(|draw| draw.dimension == *dimension);
                draw.map_or(0.0, |draw| draw.share)
            }
            Expr::Or(any) => {
                let none: f64 = any.iter().map(|each| 1.0 - self.share(each)).product();
                1.0 - none
            }
            _ => 0.0,
        }
    }
}

/// How many copies one `contains` embeds at most; of an unbounded list, as many as of a short one.
pub(crate) fn how_many(level: &Level, contain: &Contain) -> f64 {
    const UNBOUNDED: u32 = 10;
    let each = contain
        .each
        .and_then(|each| contain.args.get(usize::from(each)));
    let Some(ValueSource::Data(data)) = each else {
        return 1.0;
    };
    let list = level
        .data
        .get(usize::from(*data))
        .and_then(|data| data.list);
    list.map_or(1.0, |list| f64::from(list.max.unwrap_or(UNBOUNDED)))
}
