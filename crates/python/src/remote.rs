//! Entries in a Redis, which judges itself how long they live. Connections are of the thread that uses them, as
//! long as it does: a thread that waits for an answer need not be woken by another one.

use crate::entries::Value;
use crate::said;
use parking_lot::Mutex;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use redis::{
    Client, Cmd, Connection, ConnectionLike, ErrorKind, FromRedisValue, ParsingError, Pipeline,
    RedisError, RedisResult, Script, cmd,
};
use std::time::Duration;

/// How long a command may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Connections that nobody uses at the moment, of the process that opened them.
#[derive(Default)]
struct Pool {
    process: u32,
    idle: Vec<Connection>,
}

/// So many are kept while nobody uses them.
const IDLE: usize = 32;

/// The entries of one database of a Redis.
#[pyclass(frozen, module = "cachepolicy._native")]
pub(crate) struct RedisEntries {
    client: Client,
    pool: Mutex<Pool>,
}

/// Counts only where there is something to count with.
const INCREMENT: &str =
    "if redis.call('EXISTS', KEYS[1]) == 1 then return redis.call('INCRBY', KEYS[1], ARGV[1]) end";

/// Whoever has a lock gives it back, and nobody else does.
const RELEASE: &str =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

impl FromRedisValue for Value {
    fn from_redis_value(value: redis::Value) -> Result<Self, ParsingError> {
        let bytes = Vec::<u8>::from_redis_value(value)?;
        // Pickles do not begin with a digit or a sign.
        let number = std::str::from_utf8(&bytes)
            .ok()
            .and_then(|it| it.parse().ok());
        Ok(number.map_or(Self::Bytes(bytes), Self::Number))
    }
}

fn push(command: &mut Cmd, value: &Value) {
    match value {
        Value::Number(number) => command.arg(*number),
        Value::Bytes(bytes) => command.arg(bytes.as_slice()),
    };
}

/// Redis has milliseconds; less than one is one.
fn millis(seconds: f64) -> i64 {
    ((seconds * 1000.0).round() as i64).max(1)
}

fn setting(key: &str, value: &Value, seconds: Option<f64>) -> Cmd {
    let mut command = cmd("SET");
    command.arg(key);
    push(&mut command, value);
    if let Some(seconds) = seconds {
        command.arg("PX").arg(millis(seconds));
    }
    command
}

#[pymethods]
impl RedisEntries {
    #[new]
    fn new(py: Python<'_>, address: &str) -> PyResult<Self> {
        let client = Client::open(address).map_err(|error| said(py, error))?;
        Ok(Self {
            client,
            pool: Mutex::default(),
        })
    }

    fn get(&self, py: Python<'_>, key: &str) -> PyResult<Option<Value>> {
        self.ask(py, cmd("GET").arg(key))
    }

    fn get_many(&self, py: Python<'_>, keys: Vec<String>) -> PyResult<Vec<Option<Value>>> {
        match keys.is_empty() {
            true => Ok(Vec::new()),
            false => self.ask(py, cmd("MGET").arg(keys)),
        }
    }

    fn set(&self, py: Python<'_>, key: &str, value: Value, seconds: Option<f64>) -> PyResult<()> {
        if seconds.is_some_and(|it| it <= 0.0) {
            return self.delete(py, key).map(drop);
        }
        self.ask(py, &setting(key, &value, seconds))
    }

    fn set_many(
        &self,
        py: Python<'_>,
        entries: Vec<(String, Value)>,
        seconds: Option<f64>,
    ) -> PyResult<()> {
        let mut all = Pipeline::new();
        all.atomic();
        for (key, value) in &entries {
            match seconds {
                Some(seconds) if seconds <= 0.0 => all.add_command(cmd("DEL").arg(key).clone()),
                _ => all.add_command(setting(key, value, seconds)),
            };
            all.ignore();
        }
        if entries.is_empty() {
            return Ok(());
        }
        self.with(py, |connection| all.query::<()>(connection))
    }

    /// Where there is none.
    fn add(&self, py: Python<'_>, key: &str, value: Value, seconds: Option<f64>) -> PyResult<bool> {
        let mut command = setting(key, &value, seconds.filter(|it| *it > 0.0));
        let done: Option<String> = self.ask(py, command.arg("NX"))?;
        if done.is_some() && seconds.is_some_and(|it| it <= 0.0) {
            self.delete(py, key)?;
        }
        Ok(done.is_some())
    }

    /// The new value; `None`: there is none.
    fn incr(&self, py: Python<'_>, key: &str, delta: i64) -> PyResult<Option<i64>> {
        let script = Script::new(INCREMENT);
        let sum = self.with(py, |connection| {
            script.key(key).arg(delta).invoke(connection)
        });
        sum.map_err(|error: PyErr| match error.value(py).to_string() {
            said if said.contains("not an integer") => {
                PyTypeError::new_err("what is there is no whole number of 64 bits")
            }
            _ => error,
        })
    }

    fn touch(&self, py: Python<'_>, key: &str, seconds: Option<f64>) -> PyResult<bool> {
        match seconds {
            None => {
                let mut both = Pipeline::new();
                both.cmd("PERSIST").arg(key).ignore();
                both.cmd("EXISTS").arg(key);
                let (there,) = self.with(py, |connection| both.query::<(bool,)>(connection))?;
                Ok(there)
            }
            Some(seconds) if seconds <= 0.0 => self.delete(py, key),
            Some(seconds) => self.ask(py, cmd("PEXPIRE").arg(key).arg(millis(seconds))),
        }
    }

    fn delete(&self, py: Python<'_>, key: &str) -> PyResult<bool> {
        self.ask(py, cmd("DEL").arg(key))
    }

    fn delete_many(&self, py: Python<'_>, keys: Vec<String>) -> PyResult<()> {
        match keys.is_empty() {
            true => Ok(()),
            false => self.ask(py, cmd("DEL").arg(keys)),
        }
    }

    fn has(&self, py: Python<'_>, key: &str) -> PyResult<bool> {
        self.ask(py, cmd("EXISTS").arg(key))
    }

    /// The whole database.
    fn clear(&self, py: Python<'_>) -> PyResult<()> {
        self.ask(py, &cmd("FLUSHDB"))
    }

    /// Takes a lock that nobody has.
    fn lock(&self, py: Python<'_>, key: &str, token: &str, seconds: f64) -> PyResult<bool> {
        let token = Value::Bytes(token.as_bytes().to_vec());
        self.add(py, key, token, Some(seconds))
    }

    /// Gives it back.
    fn release(&self, py: Python<'_>, key: &str, token: &str) -> PyResult<bool> {
        let script = Script::new(RELEASE);
        self.with(py, |connection| {
            script.key(key).arg(token).invoke(connection)
        })
    }
}

impl RedisEntries {
    fn ask<T: FromRedisValue + Send>(&self, py: Python<'_>, command: &Cmd) -> PyResult<T> {
        self.with(py, |connection| command.query(connection))
    }

    /// Over a connection that nobody else uses meanwhile. One that was cut off while nobody used it is made
    /// anew, once.
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        ask: impl Fn(&mut Connection) -> RedisResult<T> + Sync,
    ) -> PyResult<T> {
        let taken = self.taken();
        let (answer, connection) = py.detach(|| self.asked(taken, &ask));
        if let Some(connection) = connection {
            let mut pool = self.pool.lock();
            if pool.idle.len() < IDLE && pool.process == std::process::id() {
                pool.idle.push(connection);
            }
        }
        answer.map_err(|error| match error.kind() {
            ErrorKind::Io => pyo3::exceptions::PyConnectionError::new_err(error.to_string()),
            _ => said(py, error),
        })
    }

    /// With the interpreter's lock, so that no fork comes in between.
    fn taken(&self) -> Option<Connection> {
        let mut pool = self.pool.lock();
        let process = std::process::id();
        if pool.process != process {
            // Those from before a fork are the other process's.
            pool.idle.clear();
            pool.process = process;
        }
        pool.idle.pop()
    }

    fn asked<T>(
        &self,
        taken: Option<Connection>,
        ask: &impl Fn(&mut Connection) -> RedisResult<T>,
    ) -> (RedisResult<T>, Option<Connection>) {
        if let Some(mut connection) = taken {
            match ask(&mut connection) {
                Err(error) if error.is_connection_dropped() => {}
                answer => return self.used(answer, connection),
            }
        }
        let opened = self.client.get_connection_with_timeout(TIMEOUT);
        let opened = opened.and_then(|connection| {
            connection.set_read_timeout(Some(TIMEOUT))?;
            connection.set_write_timeout(Some(TIMEOUT))?;
            Ok(connection)
        });
        match opened {
            Err(error) => (Err(error), None),
            Ok(mut connection) => {
                let answer = ask(&mut connection);
                self.used(answer, connection)
            }
        }
    }

    /// An answer may still come over one that timed out.
    #[expect(clippy::unused_self, reason = "what becomes of one of its connections")]
    fn used<T>(
        &self,
        answer: RedisResult<T>,
        connection: Connection,
    ) -> (RedisResult<T>, Option<Connection>) {
        let is_cut = |error: &RedisError| error.kind() == ErrorKind::Io;
        let is_usable = connection.is_open() && !answer.as_ref().is_err_and(is_cut);
        (answer, is_usable.then_some(connection))
    }
}
