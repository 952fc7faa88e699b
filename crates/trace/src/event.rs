//! What a trace is made of. Readers fill one event again and again, so that its buffers are reused.

use crate::block::Target;
use cachepolicy_core::edge::Operation;
use cachepolicy_core::units::{Duration, Time};

/// One event of a trace.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// An HTTP request.
    Request(Request),
    /// An operation on a key-value cache.
    Access(Access),
    /// A committed write to a model.
    Write(Write),
    /// Something goes wrong.
    Fault(FaultEvent),
}

impl Event {
    /// When it happens.
    #[must_use]
    pub fn at(&self) -> Time {
        match self {
            Self::Request(request) => request.at,
            Self::Access(access) => access.at,
            Self::Write(write) => write.at,
            Self::Fault(fault) => fault.at,
        }
    }

    /// Moves it to another time.
    pub fn set_at(&mut self, at: Time) {
        match self {
            Self::Request(request) => request.at = at,
            Self::Access(access) => access.at = at,
            Self::Write(write) => write.at = at,
            Self::Fault(fault) => fault.at = at,
        }
    }

    /// The request in it, cleared and ready to be filled; its buffers are kept where it was one.
    pub fn make_request(&mut self) -> &mut Request {
        if !matches!(self, Self::Request(_)) {
            *self = Self::Request(Request::default());
        }
        match self {
            Self::Request(request) => {
                request.clear();
                request
            }
            Self::Access(_) | Self::Write(_) | Self::Fault(_) => {
                unreachable!("made a request above")
            }
        }
    }
}

impl Default for Event {
    fn default() -> Self {
        Self::Request(Request::default())
    }
}

/// An HTTP request, as far as the trace tells.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Request {
    /// When it arrived.
    pub at: Time,
    /// Upper case.
    pub method: String,
    /// Lower case; empty: not said.
    pub host: String,
    /// Path and query, as sent.
    pub path: String,
    /// Names in lower case. Only those that were asked for, see [`crate::Needs`].
    pub headers: Vec<(String, String)>,
    /// By name.
    pub cookies: Vec<(String, String)>,
    /// The user's id; `None`: anonymous or not said.
    pub user: Option<String>,
    /// Whether the trace says who the user is at all (an access log without users does not).
    pub user_known: bool,
    /// Whether the trace has cookies, and headers, at all: absent is then really absent.
    pub cookies_known: bool,
    /// See `cookies_known`.
    pub headers_known: bool,
    /// Headers that the request is known not to have, where the trace tells of some alone.
    pub absent_headers: Vec<String>,
    /// See `absent_headers`.
    pub absent_cookies: Vec<String>,
    /// Other properties of the user and the request: `user.role`, `plan`.
    pub attrs: Vec<(String, String)>,
    /// Values that a fill would find.
    pub data: Vec<(String, Vec<String>)>,
    /// The process that served it, from 0.
    pub process: Option<u32>,
    /// The response's status.
    pub status: Option<u16>,
    /// The response's body, in bytes.
    pub bytes: Option<u64>,
    /// How long its own work took.
    pub cost: Option<Duration>,
    /// The lifetime that the response named.
    pub ttl: Option<Duration>,
    /// What the cache did that was there when the trace was recorded.
    pub cache_status: Option<CacheStatus>,
}

/// What a cache did with a request, by the names of nginx's `$upstream_cache_status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CacheStatus {
    /// Answered from the cache.
    Hit,
    /// Not in the cache.
    Miss,
    /// In the cache and too old: the origin answered.
    Expired,
    /// Too old, and served since the origin failed.
    Stale,
    /// Too old, and served while another request refreshes it.
    Updating,
    /// Too old, and the origin said that it is still good.
    Revalidated,
    /// The cache was not asked.
    Bypass,
}

impl CacheStatus {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Hit,
        Self::Miss,
        Self::Expired,
        Self::Stale,
        Self::Updating,
        Self::Revalidated,
        Self::Bypass,
    ];

    /// Its name in a trace.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Expired => "expired",
            Self::Stale => "stale",
            Self::Updating => "updating",
            Self::Revalidated => "revalidated",
            Self::Bypass => "bypass",
        }
    }

    /// The one of that name, in any case.
    #[must_use]
    pub fn named(name: &[u8]) -> Option<Self> {
        let is = |status: &Self| name.eq_ignore_ascii_case(status.name().as_bytes());
        Self::ALL.into_iter().find(is)
    }

    /// Was the origin left alone?
    #[must_use]
    pub const fn is_hit(self) -> bool {
        match self {
            Self::Hit | Self::Stale | Self::Updating => true,
            Self::Miss | Self::Expired | Self::Revalidated | Self::Bypass => false,
        }
    }
}

impl Request {
    /// What it is for.
    #[must_use]
    pub fn target(&self) -> Target<'_> {
        Target {
            method: &self.method,
            host: &self.host,
            path: &self.path,
        }
    }

    /// Forgets everything but the buffers.
    pub fn clear(&mut self) {
        self.at = Time::ZERO;
        self.method.clear();
        self.host.clear();
        self.path.clear();
        self.headers.clear();
        self.cookies.clear();
        self.user = None;
        self.user_known = false;
        self.cookies_known = false;
        self.headers_known = false;
        self.absent_headers.clear();
        self.absent_cookies.clear();
        self.attrs.clear();
        self.data.clear();
        self.process = None;
        self.status = None;
        self.bytes = None;
        self.cost = None;
        self.ttl = None;
        self.cache_status = None;
    }
}

/// An operation on a key-value cache.
#[derive(Debug, Clone, PartialEq)]
pub struct Access {
    /// When.
    pub at: Time,
    /// What.
    pub operation: AccessOperation,
    /// On which key.
    pub key: AccessKey,
    /// The value's size in bytes.
    pub bytes: Option<u64>,
    /// The ttl that was set.
    pub ttl: Option<Duration>,
    /// How long a miss took.
    pub cost: Option<Duration>,
}

/// Operations on a key-value cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccessOperation {
    /// A read.
    Get,
    /// A store.
    Set,
    /// A removal.
    Delete,
}

/// A key: binary traces have numbers, others text. The number 7 and the text "7" are one key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AccessKey {
    /// As a number.
    Number(u64),
    /// As text.
    Text(String),
}

/// A committed write.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// When it committed.
    pub at: Time,
    /// The model's name.
    pub model: String,
    /// What happened to the row.
    pub operation: Operation,
    /// The row before; of a create: nothing.
    pub old: Option<Row>,
    /// The row after; of a delete: nothing.
    pub new: Option<Row>,
    /// The process that wrote it, from 0.
    pub process: Option<u32>,
    /// Fixes the delay of its deliveries.
    pub delay: Option<Duration>,
}

/// A row's fields, as far as the trace tells.
pub type Row = Vec<(String, Value)>;

/// A field's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Null.
    Null,
    /// A scalar, as text: `true`, `17`, `a title`. For a reference: the other row's id.
    Text(String),
    /// For a reference to many.
    List(Vec<Value>),
    /// For a reference: the other row itself.
    Row(Row),
}

/// A fault, by the names of the policy.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultEvent {
    /// When.
    pub at: Time,
    /// What.
    pub fault: NamedFault,
}

/// What goes wrong, by the names of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamedFault {
    /// A backend loses everything.
    Flush {
        /// Its name.
        backend: String,
    },
    /// A backend or an origin is down.
    Outage {
        /// Its name.
        target: String,
        /// How long.
        duration: Duration,
    },
    /// A process starts anew.
    Restart {
        /// From 0.
        process: u32,
    },
    /// A new release.
    Deploy,
}
