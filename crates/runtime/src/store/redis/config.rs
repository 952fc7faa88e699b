//! Where a Redis is.

use super::link::Wire;
use redis::aio::ConnectionLike;
use redis::cluster::ClusterClient;
use redis::{Client, ErrorKind, RedisError, RedisResult};
use std::sync::Arc;
use std::time::Duration;

/// Where a Redis, a Redis Cluster or a Valkey is. Nobody connects before it is needed.
#[derive(Clone)]
pub struct Redis {
    pub(crate) target: Target,
    pub(crate) timeout: Duration,
}

#[derive(Clone)]
pub(crate) enum Target {
    Single(Box<Client>),
    Cluster(Box<ClusterClient>, Vec<String>),
    Given(Arc<dyn Wire>),
}

/// How long a command may take where the policy does not say it.
const TIMEOUT: Duration = Duration::from_millis(500);

impl core::fmt::Debug for Redis {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // Addresses may have passwords in them.
        let kind = match self.target {
            Target::Single(_) => "single",
            Target::Cluster(..) => "cluster",
            Target::Given(_) => "given",
        };
        let mut debug = formatter.debug_struct("Redis");
        debug.field("kind", &kind).field("timeout", &self.timeout);
        debug.finish()
    }
}

impl Redis {
    /// One server: `redis://user:password@host:port/database`.
    ///
    /// # Errors
    /// That is no address.
    pub fn at(address: &str) -> RedisResult<Self> {
        Ok(Self::to(Target::Single(Box::new(Client::open(address)?))))
    }

    /// A cluster, by the addresses of some of its nodes.
    ///
    /// # Errors
    /// One of them is no address.
    pub fn cluster<A: AsRef<str>>(nodes: impl IntoIterator<Item = A>) -> RedisResult<Self> {
        let nodes = nodes.into_iter().map(|node| node.as_ref().to_owned());
        let nodes: Vec<String> = nodes.collect();
        let client = ClusterClient::new(nodes.clone())?;
        Ok(Self::to(Target::Cluster(Box::new(client), nodes)))
    }

    /// Over a connection that is there already. Whoever gives it sees to it that it comes again, and that the clocks
    /// of all processes go alike: over such a connection Redis is not asked what time it is there.
    pub fn over<C: ConnectionLike + Clone + Send + Sync + 'static>(connection: C) -> Self {
        Self::to(Target::Given(Arc::new(connection)))
    }

    /// A client for a connection that listens. In a cluster each node hears what is published at any.
    pub(crate) fn listener(&self) -> RedisResult<Client> {
        match &self.target {
            Target::Single(client) => Ok((**client).clone()),
            Target::Cluster(_, nodes) => {
                let mut last = Err(RedisError::from((
                    ErrorKind::InvalidClientConfig,
                    "a cluster without nodes",
                )));
                for node in nodes {
                    last = Client::open(node.as_str());
                    if last.is_ok() {
                        break;
                    }
                }
                last
            }
            Target::Given(_) => Err(RedisError::from((
                ErrorKind::InvalidClientConfig,
                "over a given connection nobody can listen",
            ))),
        }
    }

    /// Does it tell of changes over the connection that reads?
    pub(crate) fn can_track(&self) -> bool {
        matches!(self.target, Target::Single(_))
    }

    /// Can one listen?
    pub(crate) fn can_listen(&self) -> bool {
        !matches!(self.target, Target::Given(_))
    }

    fn to(target: Target) -> Self {
        Self {
            target,
            timeout: TIMEOUT,
        }
    }

    /// How long a command may take, a new connection included, where the policy's `on-failure … after`
    /// does not say it; half a second unless said.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}
