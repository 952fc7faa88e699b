//! Building a cache: what the policy asks for, and whether there is that.

use crate::bumps::{check_bumps, is_bumped};
#[cfg(feature = "redis")]
use crate::bus::Bus;
use crate::cache::{Cache, Inner, LevelState};
use crate::codec::{AnyCodec, Codec, Typed};
use crate::counters::Counting;
use crate::deliver::Recent;
use crate::flight::Flights;
#[cfg(feature = "http")]
use crate::http::HttpOptions;
use crate::reload::{self, Same};
use crate::size::{Measure, Sizes};
use crate::start_check::check_bus;
use crate::start_error::StartError;
use crate::store::Store;
use crate::store::memory::Memory;
#[cfg(feature = "redis")]
use crate::store::redis::{Names, Redis, RedisStore};
use crate::tiers::Tiers;
use crate::time::Clock;
use cachepolicy_core::Policy;
use cachepolicy_core::graph::Graph;
#[cfg(feature = "redis")]
use cachepolicy_core::ids::BusId;
use cachepolicy_core::ids::{BackendId, LevelId};
use cachepolicy_core::key::QueryFilter;
use cachepolicy_core::level::{Level, LevelKind};
use cachepolicy_core::policy::{Backend, BackendKind};
#[cfg(feature = "redis")]
use cachepolicy_core::policy::{Bus as DeclaredBus, Delivery};
use parking_lot::Mutex;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rustc_hash::FxHashMap;
use std::sync::{Arc, OnceLock};

/// See [`Cache::builder`].
#[derive(Debug)]
pub struct Builder {
    policy: Policy,
    clock: Option<Clock>,
    seed: Option<u64>,
    /// By the name of the level.
    codecs: FxHashMap<String, Arc<dyn AnyCodec>>,
    /// By the name of the level.
    sizes: FxHashMap<String, Measure>,
    /// By the name of the backend.
    #[cfg(feature = "redis")]
    redis: FxHashMap<String, Redis>,
    /// By the name of the bus.
    #[cfg(feature = "redis")]
    buses: FxHashMap<String, Redis>,
    #[cfg(feature = "http")]
    http: Option<HttpOptions>,
    #[cfg(feature = "record")]
    recorder: Option<crate::record::Recorder>,
    earlier: Option<(Cache, Same)>,
}

impl Builder {
    pub(crate) fn new(mut policy: Policy) -> Self {
        let rules: Vec<_> = policy
            .levels
            .iter()
            .map(|level| policy.rules(level))
            .collect();
        for (level, rules) in policy.levels.iter_mut().zip(rules) {
            level.rules = rules;
        }
        Self {
            policy,
            clock: None,
            seed: None,
            codecs: FxHashMap::default(),
            sizes: FxHashMap::default(),
            #[cfg(feature = "redis")]
            redis: FxHashMap::default(),
            #[cfg(feature = "redis")]
            buses: FxHashMap::default(),
            #[cfg(feature = "http")]
            http: None,
            #[cfg(feature = "record")]
            recorder: None,
            earlier: None,
        }
    }

    /// The time that decides; left out: the machine's.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Jitter and early refresh are drawn by this seed, the same each time; left out: by chance.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// How the values of a level become bytes, for stores outside of the process. All that such a level
    /// gives is of this type.
    #[must_use]
    pub fn values<T: Send + Sync + 'static>(mut self, level: &str, codec: impl Codec<T>) -> Self {
        let codec = Typed::<T, _>::from(codec);
        self.codecs.insert(level.to_owned(), Arc::new(codec));
        self
    }

    /// How many bytes a value of a level takes, for a backend in memory whose capacity is in bytes; left out: as
    /// many as its codec writes, which then writes each value once to know.
    #[must_use]
    pub fn sizes<T: Send + Sync + 'static>(
        mut self,
        level: &str,
        size: impl Fn(&T) -> usize + Send + Sync + 'static,
    ) -> Self {
        self.sizes.insert(level.to_owned(), Measure::by(size));
        self
    }

    /// Where a backend of the policy is.
    #[cfg(feature = "redis")]
    #[must_use]
    pub fn redis(mut self, backend: &str, redis: Redis) -> Self {
        self.redis.insert(backend.to_owned(), redis);
        self
    }

    /// Over which Redis a bus goes; left out: over that of the policy's one backend that is a `redis`.
    #[cfg(feature = "redis")]
    #[must_use]
    pub fn bus(mut self, bus: &str, redis: Redis) -> Self {
        self.buses.insert(bus.to_owned(), redis);
        self
    }

    /// Requests are answered by the policy's sites and views: see [`Cache::http`].
    #[cfg(feature = "http")]
    #[must_use]
    pub fn http(mut self, options: HttpOptions) -> Self {
        self.http = Some(options);
        let answering = self.policy.levels.iter().filter(|it| it.route.is_some());
        let answering: Vec<_> = answering.map(|level| level.name.clone()).collect();
        for level in answering {
            self = self.sizes(&level, crate::http::stored::Made::size);
        }
        #[cfg(feature = "redis")]
        for level in self.policy.levels.iter().filter(|it| it.route.is_some()) {
            let codec = Typed::<crate::http::stored::Made, _>::from(crate::http::codec::Responses);
            self.codecs.insert(level.name.clone(), Arc::new(codec));
        }
        self
    }

    /// What happens is recorded, as a trace that the simulator reads: the requests of the HTTP layer and
    /// of [`Cache::serve`], and the writes.
    #[cfg(feature = "record")]
    #[must_use]
    pub fn record(mut self, recorder: crate::record::Recorder) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// The cache takes the place of an earlier one, of a policy that was changed: copies in memory of
    /// levels whose keys, tags and parts are the same are there from the beginning, for no longer than
    /// the new policy lets them live. What is removed by URL or tag in the earlier one from then on is
    /// removed here too. What is in a Redis is there anyway.
    #[must_use]
    pub fn after(mut self, earlier: &Cache) -> Self {
        let same = Same::new(&earlier.inner.policy, &self.policy);
        self.earlier = Some((earlier.clone(), same));
        self
    }

    /// The cache.
    ///
    /// # Errors
    /// The policy asks for something that is not there, or would be done otherwise than it says.
    pub fn build(self) -> Result<Cache, StartError> {
        let clock = self.clock.unwrap_or_else(Clock::system);
        let mut random = match self.seed {
            Some(seed) => StdRng::seed_from_u64(seed),
            None => rand::make_rng(),
        };
        self.check_names()?;
        let policy = &self.policy;
        let mut stores = Vec::new();
        for (index, backend) in policy.backends.iter().enumerate() {
            let id = BackendId(index as u16);
            let is_used = |level: &Level| level.tiers.iter().any(|tier| tier.backend == id);
            stores.push(if policy.levels.iter().any(is_used) {
                self.store(id, backend, clock, &mut random)?
            } else {
                None
            });
        }
        let levels = policy.levels.iter().enumerate();
        let levels = levels.map(|(index, level)| self.state(&stores, index, level));
        let levels = levels.collect::<Result<_, _>>()?;
        for block in &policy.edges {
            check_bus(policy, block)?;
        }
        #[cfg(feature = "redis")]
        let buses = self.buses()?;
        #[cfg(feature = "record")]
        let recording = match &self.recorder {
            Some(recorder) => Some(Arc::new(recorder.start(policy, clock, &mut random)?)),
            None => None,
        };
        let cache = Cache::from(Inner {
            filter: QueryFilter::new(policy),
            graph: Graph::new(policy),
            clock,
            random: Mutex::new(random),
            recent: Mutex::new(Recent::default()),
            stores,
            levels,
            #[cfg(feature = "redis")]
            buses,
            #[cfg(feature = "record")]
            recording,
            successor: OnceLock::new(),
            #[cfg(feature = "http")]
            http: self.http,
            policy: self.policy,
        });
        if let Some((earlier, same)) = &self.earlier {
            reload::take_over(&cache, earlier, same);
        }
        #[cfg(feature = "redis")]
        cache.listen();
        Ok(cache)
    }

    /// The buses that edges use and that leave the process.
    #[cfg(feature = "redis")]
    fn buses(&self) -> Result<Vec<Option<Arc<Bus>>>, StartError> {
        let mut buses = Vec::new();
        for (index, declared) in self.policy.buses.iter().enumerate() {
            let id = Some(BusId(index as u16));
            let is_used = self.policy.edges.iter().any(|block| block.bus == id);
            buses.push(if is_used && declared.delivery != Delivery::InProcess {
                Some(Arc::new(self.open_bus(declared)?))
            } else {
                None
            });
        }
        let has_tracked = self.check_tracking()?;
        let is_heard = has_tracked || buses.iter().any(Option::is_some);
        if is_heard && tokio::runtime::Handle::try_current().is_err() {
            return Err(StartError::NoRuntime);
        }
        Ok(buses)
    }

    /// Is a level told of changes? Of which somebody must tell.
    #[cfg(feature = "redis")]
    fn check_tracking(&self) -> Result<bool, StartError> {
        let levels = self.policy.levels.iter();
        let mut has_tracked = false;
        for (backend, bus) in levels.filter_map(|level| self.policy.tracking(level)) {
            let backend = self.policy.backends.get(backend.index());
            let redis = backend.and_then(|backend| self.redis.get(&backend.name));
            if !redis.is_some_and(Redis::can_track) {
                return Err(StartError::BusTracks {
                    bus: bus.name.clone(),
                });
            }
            has_tracked = true;
        }
        Ok(has_tracked)
    }

    #[cfg(feature = "redis")]
    fn open_bus(&self, declared: &DeclaredBus) -> Result<Bus, StartError> {
        let bus = || declared.name.clone();
        let only = match self.redis.len() {
            1 => self.redis.values().next(),
            _ => None,
        };
        let redis = self.buses.get(&declared.name).or(only);
        let redis = redis.ok_or_else(|| StartError::BusNowhere { bus: bus() })?;
        if !redis.can_listen() {
            return Err(StartError::BusDeaf { bus: bus() });
        }
        let names = Names::of(&self.policy);
        Ok(Bus::new(&self.policy.name, declared, redis, names))
    }

    /// Is everything that was said said of something in the policy?
    fn check_names(&self) -> Result<(), StartError> {
        let is_level = |name: &String| self.policy.levels.iter().any(|it| it.name == *name);
        let mut said = self.codecs.keys().chain(self.sizes.keys());
        let unknown = said.find(|name| !is_level(name));
        #[cfg(feature = "redis")]
        let unknown = {
            let is_backend = |name: &String| self.policy.backends.iter().any(|it| it.name == *name);
            let is_bus = |name: &String| self.policy.buses.iter().any(|it| it.name == *name);
            let backend = self.redis.keys().find(|name| !is_backend(name));
            let bus = self.buses.keys().find(|name| !is_bus(name));
            unknown.or(backend).or(bus)
        };
        match unknown {
            Some(name) => Err(StartError::Unknown { name: name.clone() }),
            None => Ok(()),
        }
    }

    /// `None`: it keeps nothing.
    fn store(
        &self,
        id: BackendId,
        backend: &Backend,
        clock: Clock,
        random: &mut StdRng,
    ) -> Result<Option<Store>, StartError> {
        let kind = match backend.kind {
            BackendKind::Memory => return self.memory(id, backend).map(Some),
            BackendKind::Proxy if self.is_proxy() => return self.memory(id, backend).map(Some),
            BackendKind::None => return Ok(None),
            #[cfg(feature = "redis")]
            BackendKind::Redis => {
                let Some(redis) = self.redis.get(&backend.name) else {
                    return Err(StartError::Nowhere {
                        backend: backend.name.clone(),
                    });
                };
                let levels = self.policy.levels.iter();
                let codecs: Vec<_> = levels
                    .map(|level| self.codecs.get(&level.name).cloned())
                    .collect();
                let random = StdRng::from_rng(random);
                let of = (id, backend);
                let store = RedisStore::new(&self.policy, of, redis, &codecs, clock, random);
                return Ok(Some(Store::Shared(Arc::new(store))));
            }
            #[cfg(not(feature = "redis"))]
            BackendKind::Redis => "a `redis`",
            BackendKind::Proxy => "a `proxy`",
            BackendKind::Cdn { .. } => "a `cdn`",
            BackendKind::Disk => "a `disk`",
        };
        let _ = (id, clock, random);
        Err(StartError::Backend {
            backend: backend.name.clone(),
            kind,
        })
    }

    fn memory(&self, id: BackendId, backend: &Backend) -> Result<Store, StartError> {
        let sizes = || Sizes::of(&self.policy, id, &self.sizes, &self.codecs);
        Ok(Store::Memory(Arc::new(Memory::new(backend, sizes)?)))
    }

    /// Is this the proxy that the policy has before the application?
    fn is_proxy(&self) -> bool {
        #[cfg(feature = "http")]
        let is_proxy = self.http.as_ref().is_some_and(|http| http.is_proxy);
        #[cfg(not(feature = "http"))]
        let is_proxy = false;
        is_proxy
    }

    /// Can a site or view be answered from copies?
    #[cfg(feature = "http")]
    fn check_response(&self, kind: &'static str, id: LevelId, _: &Level) -> Result<(), StartError> {
        HttpOptions::check(self.http.as_ref(), &self.policy, (kind, id))
    }

    #[cfg(not(feature = "http"))]
    fn check_response(
        &self,
        kind: &'static str,
        _: LevelId,
        level: &Level,
    ) -> Result<(), StartError> {
        Err(StartError::Response {
            kind,
            level: level.name.clone(),
        })
    }

    fn state(
        &self,
        stores: &[Option<Store>],
        index: usize,
        level: &Level,
    ) -> Result<LevelState, StartError> {
        let name = || level.name.clone();
        let kind = match level.kind {
            LevelKind::Site => Some("site"),
            LevelKind::View => Some("view"),
            LevelKind::Fragment | LevelKind::Object => None,
        };
        if let Some(kind) = kind.filter(|_| level.is_stored()) {
            self.check_response(kind, LevelId(index as u16), level)?;
        }
        let id = LevelId(index as u16);
        let tiers = Tiers::of(&self.policy, stores, level)?;
        let is_shared = tiers.shared().is_some();
        if is_shared && !self.codecs.contains_key(&level.name) {
            return Err(StartError::Codec { level: name() });
        }
        let is_bumped = is_bumped(&self.policy, id);
        if is_shared {
            check_bumps(&self.policy, id, &tiers)?;
        }
        let before = self.earlier.as_ref().and_then(|(earlier, same)| {
            let before = same.earlier(id)?;
            earlier.inner.state(before)
        });
        Ok(LevelState {
            tiers,
            flights: Arc::new(Flights::default()),
            counting: Counting::default(),
            versions: (is_bumped && !is_shared).then(|| {
                let versions = before.and_then(|before| before.versions.clone());
                versions.unwrap_or_default()
            }),
            #[cfg(feature = "http")]
            variants: before
                .map(|before| Arc::clone(&before.variants))
                .unwrap_or_default(),
        })
    }
}
