//! The runs beside a run in which a backend has room for everything: one for each backend with a
//! capacity.

use crate::options::{Options, SimError};
use crate::report::{Report, Yardsticks};
use crate::sample::{Rate, scaled};
use crate::simulation::Simulation;
use cachepolicy_core::ids::BackendId;
use cachepolicy_core::policy::{Capacity, Policy};
use cachepolicy_trace::Block;

/// Said where the record of a run was full.
const FULL: &str = "more was asked for than can be looked into at once: the clairvoyant yardstick \
                    leaves out the end of the trace";

/// See the module's description.
#[derive(Debug)]
pub(crate) struct Companions(Vec<Companion>);

#[derive(Debug)]
struct Companion {
    backend: BackendId,
    capacity: Capacity,
    simulation: Simulation,
}

impl Companions {
    /// None, unless the options ask for yardsticks.
    pub(crate) fn new(policy: &Policy, options: &Options) -> Result<Self, SimError> {
        if !options.yardsticks {
            return Ok(Self(Vec::new()));
        }
        let options = Options {
            yardsticks: false,
            ..options.clone()
        };
        let scaled = scaled(policy, options.sample.unwrap_or(Rate::ALL));
        let backends = (0..).map(BackendId).zip(&scaled.backends);
        let bounded = backends.filter_map(|(id, backend)| Some((id, backend.capacity?)));
        let companions = bounded.map(|(backend, capacity)| {
            let mut roomy = policy.clone();
            if let Some(backend) = roomy.backends.get_mut(backend.index()) {
                backend.capacity = None;
            }
            let mut simulation = Simulation::new(&roomy, options.clone())?;
            simulation.watch(backend, matches!(capacity, Capacity::Bytes(_)));
            Ok(Companion {
                backend,
                capacity,
                simulation,
            })
        });
        companions.collect::<Result<_, _>>().map(Self)
    }

    /// The next events.
    pub(crate) fn push_block(&mut self, block: &Block) -> Result<(), SimError> {
        let mut companions = self.0.iter_mut();
        companions.try_for_each(|companion| companion.simulation.push_block(block))
    }

    /// Puts the yardsticks into the report of the run itself.
    pub(crate) fn finish(self, report: &mut Report) {
        let mut is_full = false;
        for companion in self.0 {
            let index = companion.backend.index();
            let (roomy, references) = companion.simulation.finish_watched();
            let asked = roomy.backends.get_index(index);
            if let (Some((_, asked)), Some(references)) = (asked, references)
                && let Some((_, figures)) = report.backends.get_index_mut(index)
            {
                let of = (asked.lookups, asked.hits);
                figures.yardsticks = Some(Yardsticks::new(&references, companion.capacity, of));
                is_full |= references.is_full();
            }
        }
        if is_full {
            report.notes.push(FULL.to_owned());
        }
    }
}
