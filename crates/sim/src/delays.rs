//! Delays that a trace fixes of one write's deliveries, more closely than by one for all.

use crate::deliver::Reach;
use cachepolicy_analysis::Delayed;
use cachepolicy_core::ids::BusId;
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::Duration;
use cachepolicy_trace::event::{Row, Value};

/// A delivery that never arrives.
const FOREVER: &str = "forever";

/// As if they were fields of the written row, in seconds or `forever`, which loses the delivery:
/// `delay(BUS)`, or `delay(on N)` of the policy's N-th block of edges; with `shared`, `memory` or a
/// process's number behind it (`delay(outbox shared)`, `delay(on 2 0)`) of what goes there alone.
/// The closest one counts: where to before what, a process before all, a block before its bus.
#[derive(Debug, Clone, Default)]
pub(crate) struct FixedDelays(Vec<Fixed>);

#[derive(Debug, Clone, Copy)]
struct Fixed {
    of: Of,
    to: Option<To>,
    delay: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Bus(BusId),
    /// From 1.
    Block(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    Shared,
    /// The memory of all processes.
    Memory,
    /// Of one.
    Process(u32),
}

impl FixedDelays {
    /// Of a write's images.
    pub(crate) fn new(policy: &Policy, images: [Option<&Row>; 2]) -> Self {
        let fields = images.into_iter().flatten().flatten();
        Self(
            fields
                .filter_map(|(name, value)| fixed(policy, name, value))
                .collect(),
        )
    }

    /// Does the trace say anything?
    pub(crate) fn is_any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Of the deliveries of a block (from 0) over its bus; `all`: of those of which nothing closer is
    /// said.
    pub(crate) fn of_block(
        &self,
        block: usize,
        bus: Option<BusId>,
        all: Option<Duration>,
    ) -> BlockDelays {
        self.closest(Some(block), bus, all)
    }

    /// Of what goes over a bus, whichever block of edges it comes from.
    pub(crate) fn of_bus(&self, bus: BusId) -> BlockDelays {
        self.closest(None, Some(bus), None)
    }

    fn closest(
        &self,
        block: Option<usize>,
        bus: Option<BusId>,
        all: Option<Duration>,
    ) -> BlockDelays {
        let is_block = |fixed: &&Fixed| block.is_some_and(|block| fixed.of == Of::Block(block + 1));
        let is_bus = |fixed: &&Fixed| bus.is_some_and(|bus| fixed.of == Of::Bus(bus));
        let closest = |is_to: &dyn Fn(&&Fixed) -> bool| {
            let by_block = self.0.iter().filter(is_block).find(is_to);
            by_block.or_else(|| self.0.iter().filter(is_bus).find(is_to))
        };
        let general = closest(&|fixed| fixed.to.is_none());
        let mut delays = BlockDelays {
            general: general.map(|fixed| fixed.delay).or(all),
            ..BlockDelays::default()
        };
        let places = self
            .0
            .iter()
            .filter(|fixed| is_block(fixed) || is_bus(fixed));
        for place in places.filter_map(|fixed| fixed.to) {
            if delays.places.iter().all(|(known, _)| *known != place)
                && let Some(found) = closest(&|fixed| fixed.to == Some(place))
            {
                delays.places.push((place, found.delay));
            }
        }
        delays
    }
}

/// Of one block's deliveries.
#[derive(Debug, Clone, Default)]
pub(crate) struct BlockDelays {
    general: Option<Duration>,
    places: Vec<(To, Duration)>,
}

impl BlockDelays {
    /// Of what goes there; `None`: the bus decides.
    pub(crate) fn to(&self, reach: Reach) -> Option<Duration> {
        self.at(reach.process.map_or(To::Shared, To::Process))
    }

    /// Of what is told to a process; `None`: the bus decides.
    pub(crate) fn to_process(&self, process: u32) -> Option<Duration> {
        self.at(To::Process(process))
    }

    fn at(&self, to: To) -> Option<Duration> {
        let of = |to: To| self.places.iter().find(|(place, _)| *place == to);
        let memory = || of(To::Memory).filter(|_| to != To::Shared);
        let close = of(to).or_else(memory);
        close.map(|(_, delay)| *delay).or(self.general)
    }
}

/// What fixes the delay of what goes there: a field and its value.
pub(crate) fn field(policy: &Policy, of: Delayed, to: To, delay: Duration) -> (String, String) {
    let of = match of {
        Delayed::Block(block) => format!("on {}", block + 1),
        Delayed::Told(bus) => {
            let bus = policy.buses.get(bus.index());
            bus.map_or_else(String::new, |bus| bus.name.clone())
        }
    };
    let to = match to {
        To::Shared => "shared".to_owned(),
        To::Memory => "memory".to_owned(),
        To::Process(process) => process.to_string(),
    };
    let value = if delay.is_forever() {
        FOREVER.to_owned()
    } else {
        delay.as_secs_f64().to_string()
    };
    (format!("delay({of} {to})"), value)
}

fn fixed(policy: &Policy, name: &str, value: &Value) -> Option<Fixed> {
    let Value::Text(value) = value else {
        return None;
    };
    let mut words = name.strip_prefix("delay(")?.strip_suffix(')')?.split(' ');
    let of = match words.next()? {
        "on" => Of::Block(words.next()?.parse().ok()?),
        bus => {
            let index = policy.buses.iter().position(|known| known.name == bus)?;
            Of::Bus(BusId(index as u16))
        }
    };
    let to = match words.next() {
        None => None,
        Some("shared") => Some(To::Shared),
        Some("memory") => Some(To::Memory),
        Some(process) => Some(To::Process(process.parse().ok()?)),
    };
    let delay = match value.as_str() {
        FOREVER => Duration::FOREVER,
        seconds => Duration::from_secs_f64(seconds.parse().ok().filter(|s| *s >= 0.0)?),
    };
    words.next().is_none().then_some(Fixed { of, to, delay })
}
