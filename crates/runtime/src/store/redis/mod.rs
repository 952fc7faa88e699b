//! Copies in Redis, shared by all processes: one round trip for a hit, two for a fill.
//!
//! Nothing is removed by looking for it. A copy stands under [`stamps`], and an invalidation changes
//! those; so it reaches every variant, and what bears a tag, without an index that could be incomplete.
//! Fills that must know what overtook them read the list of the last deliveries, into which a delivery
//! gets before it changes a stamp: a fill that reads the stamps first and the list then misses none.

mod clock;
mod config;
mod deliver;
mod entry;
mod fill;
mod link;
mod look;
mod message;
mod names;
mod scripts;
mod stamps;
mod tracking;
mod wait;

use clock::RedisClock;
pub use config::Redis;
pub(crate) use link::{Fault, Link};
pub(crate) use message::Message;
pub(crate) use names::Names;

use crate::cache::Inner;
use crate::codec::AnyCodec;
use crate::counters::StoreCounters;
use crate::entry::{Entry, Mark};
use crate::meant::Meant;
use crate::store::shared::{
    Answer, Ask, Beginning, Begun, Checked, Down, Kept, Lasts, Putting, Seen, Shared, Token,
    Version,
};
use crate::time::Clock;
use cachepolicy_core::Policy;
use cachepolicy_core::decide::{Lifetimes, Rules};
use cachepolicy_core::ids::{BackendId, LevelId};
use cachepolicy_core::key::QueryFilter;
use cachepolicy_core::level::KeyPart;
use cachepolicy_core::policy::Backend;
use cachepolicy_core::units::{Duration, Time};
use parking_lot::Mutex;
use rand::RngExt as _;
use rand::rngs::StdRng;
use redis::Value;
use rustc_hash::FxHashMap;
use stamps::Standing;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tracking::Tracking;
use wait::Landings;

/// What is remembered beyond the life of a copy, since clocks differ.
const SLACK: Duration = Duration::from_secs(60);

/// Names of stamps.
type StampNames = Arc<[Box<str>]>;

/// A backend in Redis.
#[derive(Debug)]
pub(crate) struct RedisStore {
    link: Arc<Link>,
    names: Names,
    levels: Vec<LevelHere>,
    filter: QueryFilter,
    /// A level that is kept here is fenced.
    has_fences: bool,
    clock: Clock,
    times: Arc<RedisClock>,
    random: Mutex<StdRng>,
    /// The stamps that a copy has beside those of its own parameters, as they were last seen: they are
    /// asked for together with it.
    also: Mutex<FxHashMap<Box<str>, StampNames>>,
    landings: Landings,
    /// `None`: nobody is told of changes.
    tracking: Option<Arc<Tracking>>,
    poisoned: AtomicU64,
}

/// What is known of a level.
#[derive(Debug)]
struct LevelHere {
    codec: Option<Arc<dyn AnyCodec>>,
    rules: Rules,
    /// A copy leaves at the latest after this long.
    ceiling: Option<Duration>,
    /// What is in memory of it came from here.
    is_tracked: bool,
    /// Each name has one copy, whose key is this of its parameters.
    alone: Option<Vec<KeyPart>>,
}

impl RedisStore {
    pub(crate) fn new(
        policy: &Policy,
        (id, backend): (BackendId, &Backend),
        redis: &Redis,
        codecs: &[Option<Arc<dyn AnyCodec>>],
        clock: Clock,
        random: StdRng,
    ) -> Self {
        let after = backend.on_failure.after;
        let timeout = (after > Duration::ZERO && !after.is_forever()).then(|| {
            let nanos = u64::try_from(after.nanos()).unwrap_or(u64::MAX);
            std::time::Duration::from_nanos(nanos)
        });
        let here = policy.levels.iter().map(|level| {
            let tier = level.tiers.iter().find(|tier| tier.backend == id);
            (level, tier)
        });
        let has_fences = here
            .clone()
            .any(|(level, tier)| tier.is_some() && level.rules.is_fenced());
        let levels = here.zip(codecs).map(|((level, tier), codec)| LevelHere {
            codec: codec.clone(),
            rules: level.rules,
            ceiling: tier.and_then(|tier| tier.ceiling),
            is_tracked: policy
                .tracking(level)
                .is_some_and(|(backend, _)| backend == id),
            alone: deliver::is_alone(level).then(|| level.key.parts.clone()),
        });
        let levels: Vec<LevelHere> = levels.collect();
        let is_tracked = levels.iter().any(|level| level.is_tracked);
        let tracking = is_tracked.then(Arc::<Tracking>::default);
        let names = Names::new(policy, id, backend);
        let times = Arc::new(RedisClock::new(clock, names.log()));
        let link = Link::new(redis, timeout).timed(&times);
        let link = match &tracking {
            Some(tracking) => link.tracked(tracking),
            None => link,
        };
        Self {
            link: Arc::new(link),
            tracking,
            names,
            times,
            levels,
            filter: QueryFilter::new(policy),
            has_fences,
            clock,
            random: Mutex::new(random),
            also: Mutex::default(),
            landings: Landings::default(),
            poisoned: AtomicU64::new(0),
        }
    }

    fn level(&self, id: LevelId) -> Result<&LevelHere, Down> {
        self.levels.get(id.index()).ok_or(Down)
    }

    fn draw(&self) -> u64 {
        self.random.lock().random()
    }

    /// How long something lives in Redis that dies at `end`, in milliseconds; 0: for ever.
    fn ttl(&self, end: Time) -> u64 {
        if end == Time::NEVER {
            return 0;
        }
        let left = end.since(self.clock.now()).nanos();
        u64::try_from(left).unwrap_or(0).div_ceil(1_000_000).max(1)
    }

    /// How long what a copy of a level depends on must live, in milliseconds; 0: for ever. `said`: what
    /// the copy says of itself.
    fn stamp_ttl(&self, level: &LevelHere, said: Lasts) -> u64 {
        let rules = &level.rules;
        let fresh = rules.ttl.max(rules.negative_ttl.unwrap_or(Duration::ZERO));
        let fresh = fresh.max(said.fresh);
        let window = rules.stale_while_revalidate.max(rules.stale_if_error);
        let window = window.max(said.window);
        let longest = fresh + window;
        let longest = level.ceiling.map_or(longest, |most| longest.min(most));
        if longest.is_forever() {
            return 0;
        }
        let longest = longest + said.grace + rules.timeout + SLACK;
        self.ttl(self.clock.now() + longest)
    }

    async fn get(&self, keys: &[&str]) -> Result<Vec<Option<Vec<u8>>>, Down> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut command = redis::cmd(if keys.len() == 1 { "GET" } else { "MGET" });
        for key in keys {
            command.arg(*key);
        }
        let found = self.link.call(command).await.map_err(down)?;
        let found = match found {
            Value::Array(found) => found,
            one => vec![one],
        };
        Ok(found.into_iter().map(text).collect())
    }

    /// The stamp of this name, which is made where there is none.
    async fn ensure(&self, name: &str, ttl: u64) -> Result<Standing, Down> {
        let token = format!("{:x}", self.draw());
        let ttl = ttl.to_string();
        let args = [token.as_bytes(), ttl.as_bytes()];
        let stands = scripts::ENSURE.run(&self.link, &[name], &args).await;
        let stands = text(stands.map_err(down)?).ok_or(Down)?;
        Standing::read(&stands).ok_or(Down)
    }
}

impl Shared for RedisStore {
    fn look<'a>(&'a self, ask: Ask<'a>, with_lock: bool) -> Answer<'a, Seen> {
        Box::pin(self.look_for(ask, with_lock))
    }

    fn begin<'a>(
        &'a self,
        ask: Ask<'a>,
        version: &'a Version,
        beginning: Beginning<'a>,
    ) -> Answer<'a, Begun> {
        Box::pin(self.begin_fill(ask, version, beginning))
    }

    fn check<'a>(
        &'a self,
        ask: Ask<'a>,
        token: &'a Token,
        version: &'a Version,
        made: (&'a [Mark], Lasts),
    ) -> Answer<'a, Checked> {
        Box::pin(self.check_fill(ask, token, version, made))
    }

    fn put<'a>(&'a self, ask: Ask<'a>, token: &'a Token, put: Putting<'a>) -> Answer<'a, Kept> {
        Box::pin(self.put_copy(ask, token, put))
    }

    fn may_be_near(&self, ask: Ask<'_>) -> bool {
        let is_tracked = |level: &&LevelHere| level.is_tracked;
        let level = self.levels.get(ask.name.level.index()).filter(is_tracked);
        let (Some(tracking), Some(_)) = (&self.tracking, level) else {
            return true;
        };
        let entry = self.names.entry(ask.name, ask.text);
        let also = self.also.lock().get(&*entry).cloned();
        let own: Vec<Box<str>> = self.names.own(ask.name).collect();
        let stamps = own.iter().chain(also.iter().flat_map(|also| also.iter()));
        let keys = core::iter::once(&*entry).chain(stamps.map(|stamp| &**stamp));
        tracking.is_unchanged(keys, ask.text)
    }

    fn is_tracked(&self, level: LevelId) -> bool {
        self.levels
            .get(level.index())
            .is_some_and(|level| level.is_tracked)
    }

    fn begin_to_listen(&self, inner: &Arc<Inner>) {
        if let Some(tracking) = &self.tracking {
            tracking.begin(inner, &self.link);
        }
    }

    fn release<'a>(&'a self, ask: Ask<'a>, token: &'a Token) -> Answer<'a, ()> {
        Box::pin(self.let_go(ask, token))
    }

    fn landed<'a>(&'a self, ask: Ask<'a>) -> Answer<'a, ()> {
        let key = self.names.lock(ask.name, ask.text);
        let landed = self.landings.of(wait::Watch {
            link: Arc::clone(&self.link),
            clock: self.clock,
            times: Arc::clone(&self.times),
            key,
        });
        Box::pin(async move {
            landed.await;
            Ok(())
        })
    }

    fn slide<'a>(&'a self, ask: Ask<'a>, entry: &'a Entry, before: Lifetimes) -> Answer<'a, ()> {
        Box::pin(self.slide_copy(ask, entry, before))
    }

    fn counters(&self) -> StoreCounters {
        StoreCounters {
            unanswered: self.link.failed(),
            unreadable: self.poisoned.load(Ordering::Relaxed),
        }
    }

    fn apply<'a>(&'a self, delivery: &'a [Arc<Meant>]) -> Answer<'a, ()> {
        Box::pin(self.apply_delivery(delivery))
    }
}

/// What Redis refuses, this store cannot do now.
fn down(_: Fault) -> Down {
    Down
}

/// Until when a lock is held by Redis's clock, by who fills this version, if it is said which.
fn holds_until(lock: &[u8], version: Option<&Version>) -> Option<Time> {
    let mut words = core::str::from_utf8(lock).ok()?.split_ascii_whitespace();
    let millis: i64 = words.nth(1)?.parse().ok()?;
    let held = words.next().map(str::to_owned);
    if version.is_some_and(|version| version.text() != held) {
        return None;
    }
    Some(match millis {
        0 => Time::NEVER,
        millis => Time::from_nanos(millis.saturating_mul(1_000_000)),
    })
}

/// The bytes of an answer.
pub(crate) fn text(value: Value) -> Option<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        Value::SimpleString(text) => Some(text.into_bytes()),
        _ => None,
    }
}

/// The messages of a part of a stream, each with its place.
pub(crate) fn entries(range: Value) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let Value::Array(all) = range else {
        return None;
    };
    let one = |value: Value| {
        let Value::Array(parts) = value else {
            return None;
        };
        let [id, Value::Array(fields)] = <[Value; 2]>::try_from(parts).ok()? else {
            return None;
        };
        Some((text(id)?, text(fields.into_iter().nth(1)?)?))
    };
    all.into_iter().map(one).collect()
}
