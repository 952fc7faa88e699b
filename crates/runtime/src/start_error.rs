//! Why a policy is refused.

/// A policy that asks for something that this version does not do, or does not do as the policy says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A backend of a kind for which there is no store.
    #[error("backend `{backend}` is {kind}, for which there is no store")]
    Backend {
        /// Its name.
        backend: String,
        /// Its kind, with its article.
        kind: &'static str,
    },
    /// A `redis` of which nobody said where it is.
    #[error("backend `{backend}` is a `redis`: say where it is, by `Builder::redis`")]
    Nowhere {
        /// Its name.
        backend: String,
    },
    /// A level outside of the process whose values nobody can write.
    #[error(
        "level `{level}` is stored outside of the process: say how its values are written, by `Builder::values`"
    )]
    Codec {
        /// The level.
        level: String,
    },
    /// What happens cannot be recorded there.
    #[error("`{file}` cannot be recorded to: {reason}")]
    Record {
        /// The file.
        file: String,
        /// Why not.
        reason: String,
    },
    /// Another share of what happens than there is.
    #[error("what is recorded is a share above 0 and at most 1")]
    RecordSample,
    /// Keys with other than one parameter cannot be recorded as accesses.
    #[error(
        "look-ups of level `{level}` cannot be recorded as accesses of keys: it takes {takes} parameters, and an access has one"
    )]
    RecordAccesses {
        /// The level.
        level: String,
        /// How many it takes.
        takes: usize,
    },
    /// Something was said of a level or backend that the policy does not have.
    #[error("the policy has no `{name}`")]
    Unknown {
        /// What was named.
        name: String,
    },
    /// A version that is raised in a shared store, while copies in memory would have to ask for it.
    #[error(
        "level `{level}` is in memory before a shared store, and an edge bumps it: each look-up would have to ask that store for the version; use `purge`"
    )]
    BumpBehindMemory {
        /// The level.
        level: String,
    },
    /// A version that is raised by a tag, or by what embeds a copy, in a shared store.
    #[error(
        "an edge bumps copies of level `{level}` by a tag or by `cascade`, which a shared store cannot do: use `purge`"
    )]
    BumpOfTags {
        /// The level.
        level: String,
    },
    /// An eviction policy that the store does not have.
    #[error(
        "backend `{backend}` evicts by `{evict}`, which the store does not do: use `lru`, `fifo`, `s3fifo`, `sieve` or `wtinylfu`"
    )]
    Evict {
        /// The backend.
        backend: String,
        /// The eviction policy.
        evict: &'static str,
    },
    /// A level in a backend with a capacity in bytes, and nobody knows how large its values are.
    #[error(
        "backend `{backend}` has a capacity in bytes: say how large the values of level `{level}` are, by \
         `Builder::sizes`, or how they are written, by `Builder::values`"
    )]
    Size {
        /// The level.
        level: String,
        /// The backend.
        backend: String,
    },
    /// A level in a backend behind one that is shared by the processes.
    #[error(
        "level `{level}` is stored in `{backend}` behind a shared backend: a shared one can be the last tier only"
    )]
    Tiers {
        /// The level.
        level: String,
        /// The backend that is too far.
        backend: String,
    },
    /// A stored level that answers requests.
    #[error(
        "{kind} `{level}` is stored: say how requests are answered, by `Builder::http` (feature `http`)"
    )]
    Response {
        /// `view` or `site`.
        kind: &'static str,
        /// The level.
        level: String,
    },
    /// What a response depends on is known to the application alone.
    #[error(
        "{kind} `{level}` depends on `{dimension}`, which only the application knows: say it by `HttpOptions::identify`"
    )]
    Unidentified {
        /// `view` or `site`.
        kind: &'static str,
        /// The level.
        level: String,
        /// The dimension.
        dimension: String,
    },
    /// A bus of which nobody said over which Redis it goes.
    #[cfg(feature = "redis")]
    #[error("bus `{bus}` leaves the process: say over which Redis, by `Builder::bus`")]
    BusNowhere {
        /// The bus.
        bus: String,
    },
    /// A bus over a connection on which nobody can listen.
    #[cfg(feature = "redis")]
    #[error("bus `{bus}` goes over a connection that was given, on which nobody can listen")]
    BusDeaf {
        /// The bus.
        bus: String,
    },
    /// A bus that tracks what is no single server.
    #[cfg(feature = "redis")]
    #[error(
        "bus `{bus}` tracks a Redis that is a cluster or was given as a connection: only one server, by its address, tells of changes"
    )]
    BusTracks {
        /// The bus.
        bus: String,
    },
    /// Who listens to a bus does so in a task.
    #[error(
        "the policy has buses that somebody must listen to: build the cache within a tokio runtime"
    )]
    NoRuntime,
    /// A bus that needs a connection.
    #[error("bus `{bus}` is not `in-process`: invalidations travel within this process only")]
    Bus {
        /// The bus.
        bus: String,
    },
    /// Several processes, of which the others would not hear.
    #[error(
        "bus `{bus}` reaches all processes, and there are {processes}: invalidations travel within this process only"
    )]
    Processes {
        /// The bus.
        bus: String,
        /// How many there are.
        processes: u32,
    },
}
