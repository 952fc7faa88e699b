//! A real Redis on loopback, for as long as a test needs it.
#![allow(clippy::expect_used, clippy::panic, reason = "it is for tests")]

use redis::aio::ConnectionLike;
use redis::{
    Client, Cmd, Connection, ConnectionLike as _, Pipeline, RedisFuture, RedisResult, Value,
};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tempfile::TempDir;

/// Says which program is the server, where it is no `redis-server`: one that speaks the same, such as Valkey's.
const PROGRAM: &str = "CACHEPOLICY_TEST_REDIS_SERVER";

/// A `redis-server` that keeps nothing on disk, on a port of its own.
#[derive(Debug)]
pub struct Server {
    port: u16,
    settings: Vec<String>,
    child: Option<Child>,
    folder: TempDir,
}

impl Server {
    /// Starts one with these settings, as on its command line: `["--maxmemory", "10mb"]`.
    #[must_use]
    pub fn start(settings: &[&str]) -> Self {
        let free = core::iter::repeat_with(|| {
            let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
            listener.local_addr().expect("a port").port()
        });
        // A node of a cluster takes the port 10,000 above as well.
        let mut free = free.filter(|port| *port < 55_535);
        let port = free.next().expect("one of many");
        let mut server = Self {
            port,
            settings: settings.iter().map(|&setting| setting.to_owned()).collect(),
            child: None,
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        server.run();
        server
    }

    /// Starts it again, as it was.
    pub fn run(&mut self) {
        let port = self.port.to_string();
        let program = std::env::var_os(PROGRAM).unwrap_or_else(|| "redis-server".into());
        let child = Command::new(program)
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "no"])
            .args(&self.settings)
            .current_dir(self.folder.path())
            .stdout(Stdio::null())
            .spawn();
        let child = child.unwrap_or_else(|error| {
            panic!(
                "redis-server cannot be run ({error}). Install it: `apt-get install redis-server` on Debian and Ubuntu, `brew install redis` on macOS"
            )
        });
        self.child = Some(child);
        for _ in 0..500 {
            if let Ok(mut connection) = self.try_connect()
                && redis::cmd("PING").query::<String>(&mut connection).is_ok()
            {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("redis-server does not answer");
    }

    /// `SIGKILL`.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("a process of this one");
            child.wait().expect("a process of this one");
        }
    }

    /// `SIGSTOP`: connections stay, nobody answers.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// `SIGCONT`.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let child = self.child.as_ref().expect("a running server");
        let sent = Command::new("kill")
            .args([&format!("-{signal}"), &child.id().to_string()])
            .status();
        assert!(sent.is_ok_and(|status| status.success()));
    }

    /// Its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// `redis://…`
    #[must_use]
    pub fn address(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn try_connect(&self) -> RedisResult<Connection> {
        Client::open(self.address())?.get_connection_with_timeout(Duration::from_secs(1))
    }

    /// A connection for the test's own questions.
    #[must_use]
    pub fn connect(&self) -> Connection {
        self.try_connect().expect("a running server")
    }

    /// How many commands that read or change data clients have sent so far.
    #[must_use]
    pub fn commands(&self) -> u64 {
        let stats = self.text(&["INFO", "commandstats"]);
        let calls = stats.lines().filter_map(|line| {
            let (name, counts) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
            let is_own = ["info", "client", "hello", "ping", "command"];
            let is_own = is_own.iter().any(|own| name.starts_with(own));
            let calls: u64 = counts.split(',').next()?.parse().ok()?;
            (!is_own).then_some(calls)
        });
        calls.sum()
    }

    /// The keys that match a pattern, in order.
    #[must_use]
    pub fn keys(&self, pattern: &str) -> Vec<String> {
        let found = self.command(&["KEYS", pattern]);
        let mut keys: Vec<String> = redis::from_redis_value(found).expect("texts");
        keys.sort();
        keys
    }

    /// What lies under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Vec<u8> {
        let found = self.command(&["GET", key]);
        redis::from_redis_value(found).expect("bytes")
    }

    /// Puts something under a key.
    pub fn set(&self, key: &str, value: &[u8]) {
        let mut command = redis::cmd("SET");
        command.arg(key).arg(value);
        let _: () = command.query(&mut self.connect()).expect("an answer");
    }

    /// The text that a command gives.
    #[must_use]
    pub fn text(&self, words: &[&str]) -> String {
        redis::from_redis_value(self.command(words)).expect("a text")
    }

    /// A command of the test's own.
    pub fn command(&self, words: &[&str]) -> Value {
        let mut command = Cmd::new();
        command.arg(words);
        command.query(&mut self.connect()).expect("an answer")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // A stopped one dies too.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A connection that blocks the thread until Redis has answered. Under tokio's paused clock, which goes
/// on when all tasks wait for something, no time goes by meanwhile.
#[derive(Clone)]
pub struct AtOnce {
    connection: Arc<Mutex<Connection>>,
}

impl core::fmt::Debug for AtOnce {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("AtOnce")
    }
}

impl From<Connection> for AtOnce {
    fn from(connection: Connection) -> Self {
        Self {
            connection: Arc::new(Mutex::new(connection)),
        }
    }
}

impl AtOnce {
    fn ask<T>(&self, ask: impl FnOnce(&mut Connection) -> RedisResult<T>) -> RedisResult<T> {
        let mut connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        ask(&mut connection)
    }
}

impl ConnectionLike for AtOnce {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        let answer =
            self.ask(|connection| connection.req_packed_command(&command.get_packed_command()));
        Box::pin(core::future::ready(answer))
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        let packed = pipeline.get_packed_pipeline();
        let answer = self.ask(|connection| connection.req_packed_commands(&packed, offset, count));
        Box::pin(core::future::ready(answer))
    }

    fn get_db(&self) -> i64 {
        0
    }
}
