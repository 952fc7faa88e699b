//! Writes commit, and their invalidations travel.

use crate::delays::BlockDelays;
use crate::engine::Engine;
use crate::events::What;
use crate::intern::NONE;
use crate::metrics::ActionIx;
use crate::named_effects::{Arg, Named, NamedTarget};
use crate::patterns::KeysByPattern;
use crate::queue::{Class, Todo};
use crate::random::{Sampler, Stream};
use crate::rows::{RowView, Rows, WrittenImages};
use crate::selections::Selections;
use crate::state::Slab;
use crate::tables::Tables;
use cachepolicy_core::LevelId;
use cachepolicy_core::edge::{Timing, Verb};
use cachepolicy_core::effects::EffectBuffer;
use cachepolicy_core::ids::BusId;
use cachepolicy_core::policy::{Delivery, Reaches};
use cachepolicy_core::units::{Duration, Time};
use std::sync::Arc;

/// Any value of a parameter.
pub(crate) const ANY: u32 = NONE - 1;

/// What is on its way.
#[derive(Debug)]
pub(crate) struct Deliveries {
    pub(crate) writes: Slab<Option<PendingWrite>>,
    pub(crate) payloads: Slab<Payload>,
    pub(crate) pending: Slab<PendingDelivery>,
    buses: Vec<BusState>,
    pub(crate) rows: Rows,
    pub(crate) keys: KeysByPattern,
    pub(crate) buffer: EffectBuffer,
    /// What an edge does for a write; empty but for its memory.
    named: Vec<Named>,
    /// Of the write that commits now.
    selections: Selections,
    /// What was delivered at this very instant: payload and reach.
    pub(crate) now: (Time, Vec<(u32, Reach)>),
}

#[derive(Debug)]
struct BusState {
    delay: Sampler,
    loss: Stream,
}

/// A write that has not committed.
#[derive(Debug)]
pub(crate) struct PendingWrite {
    pub(crate) images: Arc<WrittenImages>,
    pub(crate) process: u32,
    pub(crate) delay: Option<Duration>,
}

/// All that one block of edges does for one write.
#[derive(Debug, Default)]
pub(crate) struct Payload {
    /// Deliveries that carry it.
    held: u32,
    pub(crate) effects: Vec<Effect>,
    pub(crate) args: Vec<u32>,
    bus: Option<BusId>,
    delays: BlockDelays,
}

/// One thing to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effect {
    pub(crate) action: u32,
    pub(crate) verb: Verb,
    pub(crate) cascade: bool,
    pub(crate) target: EffectOn,
}

/// To which copies.
#[derive(Debug, Clone, Copy)]
pub(crate) enum EffectOn {
    /// Of a level, with parameters at this place of the payload's.
    Level(LevelId, u32),
    /// With a tag.
    Tag(u32),
}

/// Which instances a delivery arrives at.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reach {
    /// Shared backends.
    pub(crate) shared: bool,
    /// The memory of this process.
    pub(crate) process: Option<u32>,
    /// Only this backend: it was down the first time.
    pub(crate) only: Option<u16>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PendingDelivery {
    pub(crate) payload: u32,
    pub(crate) reach: Reach,
}

impl Deliveries {
    pub(crate) fn new(t: &Tables, seed: u64) -> Self {
        Self {
            writes: Slab::default(),
            payloads: Slab::default(),
            pending: Slab::default(),
            buses: t
                .policy
                .buses
                .iter()
                .map(|bus| BusState {
                    delay: Sampler::new(bus.delay, seed, "delay", &bus.name),
                    loss: Stream::new(seed, &["loss", &bus.name]),
                })
                .collect(),
            rows: Rows::default(),
            keys: KeysByPattern::new(&t.policy),
            buffer: EffectBuffer::default(),
            named: Vec::new(),
            selections: Selections::default(),
            now: (Time::DISTANT_PAST, Vec::new()),
        }
    }

    /// How long a message takes over a bus, and whether it is lost.
    pub(crate) fn draw(&mut self, t: &Tables, bus: BusId) -> (Duration, bool) {
        let state = &mut self.buses[bus.index()];
        let delay = state.delay.duration();
        let is_lost = match t.policy.buses[bus.index()].delivery {
            Delivery::AtMostOnce { loss } => loss > 0.0 && state.loss.unit() < loss,
            Delivery::InProcess | Delivery::AtLeastOnce => false,
        };
        (delay, is_lost)
    }
}

impl Engine {
    /// A write of the trace: it commits at `at`. What is fired before that is on its way already.
    pub(crate) fn take_write(
        &mut self,
        t: &Tables,
        at: Time,
        images: Arc<WrittenImages>,
        process: Option<u32>,
        delay: Option<Duration>,
    ) {
        let process = self.processes.assign_writer(process);
        let write = PendingWrite {
            images,
            process,
            delay,
        };
        for (block, edge) in t.policy.edges.iter().enumerate() {
            if let Timing::BeforeCommit { by } = edge.timing {
                let fired = at.before(by).max(self.now);
                self.fire(t, block, &write, fired);
            }
        }
        let slot = self.deliveries.writes.take();
        self.deliveries.writes[slot] = Some(write);
        self.queue.push(at, Class::Commit, Todo::Commit(slot));
    }

    /// A write commits: copies made before miss it from now on.
    pub(crate) fn commit(&mut self, t: &Tables, slot: u32) {
        let Some(write) = self.deliveries.writes[slot].take() else {
            return;
        };
        self.deliveries.writes.give_back(slot);
        let view = RowView {
            policy: &t.policy,
            texts: &self.values,
            rows: &self.deliveries.rows,
            write: &write.images,
        };
        let (model, operation) = {
            use cachepolicy_core::effects::WrittenRow;
            (view.model(), view.operation())
        };
        let mut selections = core::mem::take(&mut self.deliveries.selections);
        selections.set(t, &view);
        self.log_write(t, &selections);
        self.deliveries.selections = selections;
        if write.images.delays.is_any() {
            self.tracking.fix_delays(t, &write.images.delays);
        }
        self.note(NONE, What::Write { model, operation });
        for (block, edge) in t.policy.edges.iter().enumerate() {
            if edge.timing == Timing::AfterCommit {
                self.fire(t, block, &write, self.now);
            }
        }
        self.deliveries.rows.learn(&write.images);
    }

    /// What a block of edges does for a write goes on its way at `at`.
    fn fire(&mut self, t: &Tables, block: usize, write: &PendingWrite, at: Time) {
        let mut named = core::mem::take(&mut self.deliveries.named);
        self.name_effects(t, block, write, &mut named);
        if !named.is_empty() {
            self.fill_payload(t, block, write, named.drain(..), at);
        }
        self.deliveries.named = named;
    }

    /// Effects become a payload, which is sent.
    fn fill_payload(
        &mut self,
        t: &Tables,
        block: usize,
        write: &PendingWrite,
        named: impl Iterator<Item = Named>,
        at: Time,
    ) {
        let edge = &t.policy.edges[block];
        let payload = self.deliveries.payloads.take();
        let mut filled = core::mem::take(&mut self.deliveries.payloads[payload]);
        filled.held = 1;
        filled.effects.clear();
        filled.args.clear();
        filled.bus = edge.bus;
        filled.delays = write.images.delays.of_block(block, edge.bus, write.delay);
        for effect in named {
            let target = match effect.target {
                NamedTarget::Level(level, args) => {
                    let first = filled.args.len() as u32;
                    filled.args.extend(args.into_iter().map(|arg| match arg {
                        Arg::Known(number) => number,
                        Arg::New(text) => self.values.intern(&text),
                    }));
                    EffectOn::Level(level, first)
                }
                NamedTarget::Tag(tag) => EffectOn::Tag(self.tags.named(&tag)),
            };
            filled.effects.push(Effect {
                action: t.first_action[block] + effect.action as u32,
                verb: effect.verb,
                cascade: effect.cascade,
                target,
            });
        }
        self.deliveries.payloads[payload] = filled;
        self.send(t, payload, write.process, at);
        self.drop_payload(payload);
    }

    /// Sends a payload to everything that its bus reaches: shared backends, and each process's
    /// memory separately.
    fn send(&mut self, t: &Tables, payload: u32, writer: u32, at: Time) {
        let bus = self.deliveries.payloads[payload].bus;
        let declared = bus.map(|bus| &t.policy.buses[bus.index()]);
        let shared = Reach {
            shared: true,
            ..Reach::default()
        };
        let everywhere = declared.is_some_and(|bus| bus.reaches == Reaches::AllProcesses);
        let Some(bus) =
            bus.filter(|_| declared.is_some_and(|bus| bus.delivery != Delivery::InProcess))
        else {
            // A call in the writer's process: one instant, its own memory included.
            let own = Reach {
                process: Some(writer),
                ..shared
            };
            self.send_one(payload, own, at);
            for process in (0..self.processes.count()).filter(|&p| everywhere && p != writer) {
                let reach = Reach {
                    process: Some(process),
                    ..Reach::default()
                };
                self.send_one(payload, reach, at);
            }
            return;
        };
        self.send_over(t, bus, payload, shared, at);
        if everywhere {
            for process in 0..self.processes.count() {
                let reach = Reach {
                    process: Some(process),
                    ..Reach::default()
                };
                self.send_over(t, bus, payload, reach, at);
            }
        }
    }

    fn send_over(&mut self, t: &Tables, bus: BusId, payload: u32, reach: Reach, at: Time) {
        let (drawn, is_lost) = self.deliveries.draw(t, bus);
        if is_lost {
            self.lose(payload);
            return;
        }
        let fixed = self.deliveries.payloads[payload].delays.to(reach);
        self.send_one(payload, reach, at + fixed.unwrap_or(drawn));
    }

    fn send_one(&mut self, payload: u32, reach: Reach, at: Time) {
        self.deliveries.payloads[payload].held += 1;
        let slot = self.deliveries.pending.take();
        self.deliveries.pending[slot] = PendingDelivery { payload, reach };
        if at == Time::NEVER {
            self.lose(payload);
            self.deliveries.pending.give_back(slot);
            self.drop_payload(payload);
            return;
        }
        self.queue.push(at, Class::Delivery, Todo::Delivery(slot));
    }

    /// A delivery does not arrive.
    fn lose(&mut self, payload: u32) {
        let mut last = NONE;
        for index in 0..self.deliveries.payloads[payload].effects.len() {
            let action = self.deliveries.payloads[payload].effects[index].action;
            if action != last {
                last = action;
                let action = ActionIx(action);
                self.metrics.lost(action);
                self.note(NONE, What::Lost { action });
            }
        }
    }

    pub(crate) fn drop_payload(&mut self, payload: u32) {
        let of = &mut self.deliveries.payloads[payload];
        of.held -= 1;
        if of.held == 0 {
            self.deliveries.payloads.give_back(payload);
        }
    }

    /// A delivery arrives.
    pub(crate) fn deliver(&mut self, t: &Tables, slot: u32) {
        let PendingDelivery { payload, reach } = self.deliveries.pending[slot];
        self.deliveries.pending.give_back(slot);
        self.forget_earlier_instants();
        self.deliveries.payloads[payload].held += 1;
        self.deliveries.now.0 = self.now;
        self.deliveries.now.1.push((payload, reach));
        self.put_off(t, payload, reach);
        self.apply(t, payload, reach);
        self.drop_payload(payload);
    }

    /// The same of one that was not spelt out: see [`crate::lane`].
    pub(crate) fn deliver_plain(&mut self, t: &Tables, edge: u16, row: u32) {
        let plain = self.plain.as_mut().filter(|_| cfg!(feature = "lanes"));
        let (Some(plain), Some(lane)) = (plain, self.lane) else {
            return;
        };
        let Some((verb, action, bus)) = plain.action(edge) else {
            return;
        };
        let (_, _, id) = plain.id_of(&mut self.values, row);
        let payload = self.deliveries.payloads.take();
        let filled = &mut self.deliveries.payloads[payload];
        filled.held = 1;
        filled.effects.clear();
        filled.effects.push(Effect {
            action,
            verb,
            cascade: false,
            target: EffectOn::Level(lane.level, 0),
        });
        filled.args.clear();
        filled.args.push(id);
        filled.bus = bus;
        filled.delays = BlockDelays::default();
        let reach = Reach {
            shared: true,
            ..Reach::default()
        };
        let slot = self.deliveries.pending.take();
        self.deliveries.pending[slot] = PendingDelivery { payload, reach };
        self.deliver(t, slot);
    }

    /// Deliveries of earlier instants overtake no fill that begins now.
    pub(crate) fn forget_earlier_instants(&mut self) {
        if self.deliveries.now.0 == self.now {
            return;
        }
        while let Some((payload, _)) = self.deliveries.now.1.pop() {
            self.drop_payload(payload);
        }
    }

    /// Backends that are down: an at-least-once bus comes again, others do not.
    fn put_off(&mut self, t: &Tables, payload: u32, reach: Reach) {
        let mut is_lost = false;
        for backend in 0..t.backends.len() as u16 {
            let up_at = self.backends[backend as usize].down_until;
            if self.now >= up_at || !self.concerns_backend(t, payload, backend, reach) {
                continue;
            }
            let bus = self.deliveries.payloads[payload].bus;
            match bus.map(|bus| (bus, t.policy.buses[bus.index()].delivery)) {
                Some((bus, Delivery::AtLeastOnce)) => {
                    let drawn = self.deliveries.buses[bus.index()].delay.duration();
                    let delay = self.deliveries.payloads[payload].delays.to(reach);
                    let delay = delay.unwrap_or(drawn);
                    let only = Some(backend);
                    self.send_one(payload, Reach { only, ..reach }, up_at + delay);
                }
                _ => is_lost = true,
            }
        }
        if is_lost {
            self.lose(payload);
        }
    }

    /// Would this payload do anything in a backend?
    fn concerns_backend(&self, t: &Tables, payload: u32, backend: u16, reach: Reach) -> bool {
        if !reach.has(t, backend) {
            return false;
        }
        let effects = &self.deliveries.payloads[payload].effects;
        effects.iter().any(|effect| match effect.target {
            EffectOn::Level(level, _) => {
                let tiers = &t.levels[level.index()].tiers;
                effect.cascade || tiers.iter().any(|tier| tier.backend == backend)
            }
            EffectOn::Tag(_) => {
                let levels = t.policy.levels.iter().zip(&t.levels);
                let mut bearing =
                    levels.filter(|(level, _)| effect.cascade || !level.tags.is_empty());
                bearing.any(|(_, table)| table.tiers.iter().any(|tier| tier.backend == backend))
            }
        })
    }
}

impl Reach {
    /// Does it arrive at an instance of this backend?
    pub(crate) fn has(self, t: &Tables, backend: u16) -> bool {
        use crate::tables::Sharing;
        self.only.is_none_or(|only| only == backend)
            && match t.backends[backend as usize].sharing {
                Sharing::Process => self.process.is_some(),
                Sharing::All | Sharing::Pop => self.shared,
            }
    }
}
