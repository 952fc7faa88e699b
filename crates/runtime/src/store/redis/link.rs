//! The connection to a Redis: it comes again by itself, no command takes longer than it may, and while
//! Redis does not answer nobody waits for it.

use super::config::{Redis, Target};
use parking_lot::Mutex;
use redis::aio::ConnectionLike;
use redis::{
    AsyncConnectionConfig, Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value,
};
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

/// Commands go this way.
pub(crate) trait Wire: Send + Sync {
    fn send(&self, command: Cmd) -> Pin<Box<dyn Future<Output = RedisResult<Value>> + Send>>;
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> Wire for C {
    fn send(&self, command: Cmd) -> Pin<Box<dyn Future<Output = RedisResult<Value>> + Send>> {
        let mut connection = self.clone();
        Box::pin(async move { connection.req_packed_command(&command).await })
    }
}

/// A connection, or the way to one.
pub(crate) struct Link {
    target: Target,
    timeout: Duration,
    state: Arc<Mutex<State>>,
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
            failed: AtomicU64::new(0),
        }
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
            let result = wire.send(command.clone()).await;
            if !result.as_ref().is_err_and(is_cut) {
                return Ok((wire, result));
            }
            // It may have been cut off long ago. Once more: every command may come twice.
            self.drop_wire(&wire);
            let wire = self.wire().await?;
            let result = wire.send(command).await;
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
        if state
            .wire
            .as_ref()
            .is_some_and(|now| Arc::ptr_eq(now, wire))
        {
            state.wire = None;
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
        let mut state = self.state.lock();
        state.failures = state.failures.saturating_add(1);
        if is_unreachable || state.failures >= PATIENCE {
            // What does not answer may be gone without a word.
            state.wire = None;
            state.pause = (state.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
            state.paused_until = Instant::now().checked_add(state.pause);
        }
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
        tokio::spawn(async move {
            let open = tokio::time::timeout(CONNECTING, target.open()).await;
            if let Ok(Ok(wire)) = open {
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
    async fn open(&self) -> RedisResult<Arc<dyn Wire>> {
        Ok(match self {
            Self::Single(client) => {
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
