//! What edges name with `*` in some of its places: keys by the parameters that are not `*`, so that
//! an invalidation looks at those it means and not at all of their level.

use crate::deliver::ANY;
use crate::intern::Tuples;
use cachepolicy_core::edge::{Action, Target, TargetArg};
use cachepolicy_core::policy::Policy;

/// By level: the patterns of the edges' actions on it. Of each parameter, is it bound?
#[derive(Debug, Default)]
pub(crate) struct Patterns(Vec<Vec<Vec<bool>>>);

impl Patterns {
    /// Of those actions of a policy that are wanted.
    pub(crate) fn new(policy: &Policy, wanted: impl Fn(&Action, &[bool]) -> bool) -> Self {
        let mut of_levels: Vec<Vec<Vec<bool>>> = vec![Vec::new(); policy.levels.len()];
        for action in policy.edges.iter().flat_map(|edge| &edge.actions) {
            let Target::Level { level, args } = &action.target else {
                continue;
            };
            let bound: Vec<bool> = args.iter().map(|arg| *arg != TargetArg::Any).collect();
            let Some(known) = of_levels.get_mut(level.index()) else {
                continue;
            };
            if wanted(action, &bound) && !known.contains(&bound) {
                known.push(bound);
            }
        }
        Self(of_levels)
    }

    /// Writes what an action of each pattern names that means these parameters: the values, [`ANY`]
    /// for `*`, and the level.
    pub(crate) fn each(
        &self,
        level: u16,
        params: &[u32],
        name: &mut Vec<u32>,
        mut visit: impl FnMut(&[u32]),
    ) {
        for bound in self.0.get(level as usize).into_iter().flatten() {
            name.clear();
            let values = params.iter().zip(bound);
            name.extend(values.map(|(value, bound)| if *bound { *value } else { ANY }));
            name.push(u32::from(level));
            visit(name);
        }
    }
}

/// Keys of levels that edges name with some parameters bound and others not.
#[derive(Debug)]
pub(crate) struct KeysByPattern {
    patterns: Patterns,
    names: Tuples,
    keys: Vec<Vec<u32>>,
    scratch: Vec<u32>,
}

impl KeysByPattern {
    /// None yet.
    pub(crate) fn new(policy: &Policy) -> Self {
        let in_part = |_: &Action, bound: &[bool]| bound.contains(&true) && bound.contains(&false);
        Self {
            patterns: Patterns::new(policy, in_part),
            names: Tuples::default(),
            keys: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// A key that was never asked for, with its parameters.
    pub(crate) fn add(&mut self, level: u16, params: &[u32], key: u32) {
        let Self {
            patterns,
            names,
            keys,
            scratch,
        } = self;
        patterns.each(level, params, scratch, |name| {
            let (number, is_new) = names.intern(name);
            if is_new {
                keys.push(Vec::new());
            }
            if let Some(keys) = keys.get_mut(number as usize) {
                keys.push(key);
            }
        });
    }

    /// Those keys that arguments with `*` mean, in the order in which they were added; those that
    /// are not current are forgotten.
    pub(crate) fn find(
        &mut self,
        level: u16,
        args: &[u32],
        is_current: impl Fn(u32) -> bool,
    ) -> Vec<u32> {
        self.scratch.clear();
        self.scratch.extend_from_slice(args);
        self.scratch.push(u32::from(level));
        let number = self.names.find(&self.scratch);
        let keys = number.and_then(|number| self.keys.get_mut(number as usize));
        keys.map_or_else(Vec::new, |keys| {
            keys.retain(|&key| is_current(key));
            keys.clone()
        })
    }
}
