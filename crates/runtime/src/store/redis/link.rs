//! The connection to a Redis: it comes again by itself, no command takes longer than it may, and while
//! Redis does not answer nobody waits for it.

use super::clock::RedisClock;
use super::config::{Redis, Target};
use super::tracking::Tracking;
use parking_lot::Mutex;
use redis::aio::ConnectionLike;
use redis::{AsyncConnectionConfig, Client, Cmd, ErrorKind, ProtocolVersion, RedisError};
use redis::{RedisResult, ServerErrorKind, Value};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Commands in a row that are not answered in time before nobody waits any more.
const PATIENCE: u32 = 3;

/// Nobody asks for so long at first; twice as long each time, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// How long a connection may take to be made.
const CONNECTING: Duration = Duration::from_secs(5);

const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Why a command has no result.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Redis does not answer, or says that it cannot answer now.
    Down,
    /// Redis refused this command.
    Refused(RedisError),
}

/// What a command gives.
pub(super) type Sent<'a> = Pin<Box<dyn Future<Output = RedisResult<Value>> + Send + 'a>>;

/// Commands go this way.
pub(crate) trait Wire: Send + Sync {
    fn send<'a>(&'a self, command: &'a Cmd) -> Sent<'a>;
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> Wire for C {
    fn send<'a>(&'a self, command: &'a Cmd) -> Sent<'a> {
        let mut connection = self.clone();
        Box::pin(async move { connection.req_packed_command(command).await })
    }
}

/// A connection, or the way to one.
pub(crate) struct Link {
    target: Target,
    timeout: Duration,
    state: Arc<Mutex<State>>,
    /// Redis tells of changes of what is read over the connection.
    tracking: Option<Arc<Tracking>>,
    /// Each connection is asked what time it is.
    times: Option<Arc<RedisClock>>,
    /// Commands that were not answered.
    failed: AtomicU64,
}

#[derive(Default)]
struct State {
    wire: Option<Arc<dyn Wire>>,
    /// Somebody makes a connection; closed: not any more.
    opening: Option<watch::Receiver<()>>,
    /// Commands in a row that were not answered.
    failures: u32,
    pause: Duration,
    /// Until then nobody asks, but for one who tries.
    paused_until: Option<Instant>,
}

impl core::fmt::Debug for Link {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("Link")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Link {
    /// No command takes longer than `timeout`, a new connection included.
    pub(crate) fn new(redis: &Redis, timeout: Option<Duration>) -> Self {
        Self {
            target: redis.target.clone(),
            timeout: timeout.unwrap_or(redis.timeout),
            state: Arc::default(),
            tracking: None,
            times: None,
            failed: AtomicU64::new(0),
        }
    }

    /// The same, over a connection that Redis tells of changes.
    pub(super) fn tracked(mut self, tracking: &Arc<Tracking>) -> Self {
        self.tracking = Some(Arc::clone(tracking));
        self
    }

    /// The same, over connections that are asked what time it is there.
    pub(super) fn timed(mut self, times: &Arc<RedisClock>) -> Self {
        self.times = Some(Arc::clone(times));
        self
    }

    /// How many commands were not answered.
    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Sends a command and waits for what it gives.
    pub(crate) async fn call(&self, command: Cmd) -> Result<Value, Fault> {
        self.call_within(command, self.timeout).await
    }

    /// The same, where Redis is asked to wait.
    pub(crate) async fn call_within(
        &self,
        command: Cmd,
        timeout: Duration,
    ) -> Result<Value, Fault> {
        if !self.may_ask() {
            self.failed.fetch_add(1, Ordering::Relaxed);
            return Err(Fault::Down);
        }
        let asked = async {
            let wire = self.wire().await?;
            let result = wire.send(&command).await;
            if !result.as_ref().is_err_and(is_cut) {
                return Ok((wire, result));
            }
            // It may have been cut off long ago. Once more: every command may come twice.
            self.drop_wire(&wire);
            let wire = self.wire().await?;
            let result = wire.send(&command).await;
            Ok((wire, result))
        };
        match tokio::time::timeout(timeout, asked).await {
            Ok(Ok((wire, result))) => self.judge(&wire, result),
            Ok(Err(Unreachable)) => Err(self.fail(true)),
            Err(_) => Err(self.fail(false)),
        }
    }

    fn judge(&self, wire: &Arc<dyn Wire>, result: RedisResult<Value>) -> Result<Value, Fault> {
        let error = match result.and_then(Value::extract_error) {
            Ok(value) => {
                self.answered();
                return Ok(value);
            }
            Err(error) => error,
        };
        if is_cut(&error) {
            self.drop_wire(wire);
            return Err(self.fail(false));
        }
        if is_down(&error) {
            return Err(self.fail(false));
        }
        self.answered();
        Err(Fault::Refused(error))
    }

    fn drop_wire(&self, wire: &Arc<dyn Wire>) {
        let mut state = self.state.lock();
        let is_it = |now: &Arc<dyn Wire>| Arc::ptr_eq(now, wire);
        let is_lost = state.wire.as_ref().is_some_and(is_it);
        if is_lost {
            state.wire = None;
        }
        drop(state);
        self.lost(is_lost);
    }

    /// Has a connection been lost, with all that it would have told?
    fn lost(&self, is_lost: bool) {
        if let Some(tracking) = self.tracking.as_ref().filter(|_| is_lost) {
            tracking.lost();
        }
    }

    /// Is Redis asked at all? After a pause the first one tries.
    fn may_ask(&self) -> bool {
        let mut state = self.state.lock();
        let Some(until) = state.paused_until else {
            return true;
        };
        let now = Instant::now();
        if now < until {
            return false;
        }
        state.paused_until = now.checked_add(self.timeout);
        true
    }

    fn answered(&self) {
        let mut state = self.state.lock();
        state.failures = 0;
        state.pause = Duration::ZERO;
        state.paused_until = None;
    }

    fn fail(&self, is_unreachable: bool) -> Fault {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let mut is_lost = false;
        let mut state = self.state.lock();
        state.failures = state.failures.saturating_add(1);
        if is_unreachable || state.failures >= PATIENCE {
            // What does not answer may be gone without a word.
            is_lost = state.wire.take().is_some();
            state.pause = (state.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
            state.paused_until = Instant::now().checked_add(state.pause);
        }
        drop(state);
        self.lost(is_lost);
        Fault::Down
    }

    /// The connection. It is made by a task of its own, which goes on when whoever asked first has lost
    /// patience.
    async fn wire(&self) -> Result<Arc<dyn Wire>, Unreachable> {
        let mut opened = {
            let mut state = self.state.lock();
            if let Some(wire) = &state.wire {
                return Ok(Arc::clone(wire));
            }
            if let Target::Given(wire) = &self.target {
                return Ok(Arc::clone(state.wire.insert(Arc::clone(wire))));
            }
            match state.opening.as_ref().filter(|it| it.has_changed().is_ok()) {
                Some(opening) => opening.clone(),
                None => state.opening.insert(self.open()).clone(),
            }
        };
        // It ends by closing.
        while opened.changed().await.is_ok() {}
        self.known().ok_or(Unreachable)
    }

    fn open(&self) -> watch::Receiver<()> {
        let (opening, opened) = watch::channel(());
        let (target, state) = (self.target.clone(), Arc::clone(&self.state));
        let (tracking, times) = (self.tracking.clone(), self.times.clone());
        tokio::spawn(async move {
            let open = async {
                let wire = target.open(tracking).await?;
                if let Some(times) = &times {
                    times.ask(&*wire).await?;
                }
                Ok::<_, RedisError>(wire)
            };
            if let Ok(Ok(wire)) = tokio::time::timeout(CONNECTING, open).await {
                if let Some(times) = times {
                    tokio::spawn(times.follow(Arc::downgrade(&wire)));
                }
                state.lock().wire = Some(wire);
            }
            drop(opening);
        });
        opened
    }

    fn known(&self) -> Option<Arc<dyn Wire>> {
        self.state.lock().wire.clone()
    }
}

/// No connection can be made.
struct Unreachable;

impl Target {
    async fn open(&self, tracking: Option<Arc<Tracking>>) -> RedisResult<Arc<dyn Wire>> {
        Ok(match self {
            Self::Single(client) => {
                if let Some(tracking) = tracking {
                    return open_tracked(client, tracking).await;
                }
                let config = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(CONNECTING))
                    .set_response_timeout(None);
                let open = client.get_multiplexed_async_connection_with_config(&config);
                Arc::new(open.await?)
            }
            Self::Cluster(client, _) => Arc::new(client.get_async_connection().await?),
            Self::Given(wire) => Arc::clone(wire),
        })
    }
}

async fn open_tracked(client: &Client, tracking: Arc<Tracking>) -> RedisResult<Arc<dyn Wire>> {
    let info = client.get_connection_info().clone();
    let settings = info.redis_settings().clone();
    let settings = settings.set_protocol(ProtocolVersion::RESP3);
    let client = Client::open(info.set_redis_settings(settings))?;
    // Whatever was known before came over another connection.
    tracking.lost();
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECTING))
        .set_response_timeout(None)
        .set_push_sender(move |info| {
            tracking.hear(info);
            Ok::<(), redis::aio::SendError>(())
        });
    let open = client.get_multiplexed_async_connection_with_config(&config);
    let mut connection = open.await?;
    let mut command = redis::cmd("CLIENT");
    command.arg("TRACKING").arg("ON").arg("NOLOOP");
    connection
        .send_packed_command(&command)
        .await?
        .extract_error()?;
    Ok(Arc::new(connection))
}

/// Is the connection of no use any more?
fn is_cut(error: &RedisError) -> bool {
    error.is_io_error() || error.is_connection_dropped() || error.is_unrecoverable_error()
}

/// Does Redis say that it cannot answer anybody now?
fn is_down(error: &RedisError) -> bool {
    error.is_timeout()
        || matches!(
            error.kind(),
            ErrorKind::Server(
                ServerErrorKind::BusyLoading
                    | ServerErrorKind::ClusterDown
                    | ServerErrorKind::MasterDown
                    | ServerErrorKind::TryAgain
                    | ServerErrorKind::ReadOnly
            ) | ErrorKind::ClusterConnectionNotFound
        )
}
