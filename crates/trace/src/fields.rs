//! The fields of an event by name, as JSON lines and CSV give them.

use crate::block::{NONE, UNKNOWN_BYTES};
use crate::decimal::parse_nanos;
use crate::event::{
    Access, AccessKey, AccessOperation, CacheStatus, Event, FaultEvent, NamedFault, Request, Row,
    Value, Write,
};
use crate::json;
use crate::recorded::Recorded;
use crate::sample::Rate;
use crate::text::{did_you_mean, quote};
use cachepolicy_core::edge::Operation;
use cachepolicy_core::units::{Duration, Time};
use std::borrow::Cow;

/// A field's value as it stands in the file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cell<'a> {
    /// A JSON value.
    Json(&'a str),
    /// Text of a CSV cell; never empty.
    Text(&'a str),
}

/// Kinds of events, by the names of `type`, with their fields.
const KINDS: [(&str, &[&str]); 4] = [
    ("request", REQUEST),
    ("access", ACCESS),
    ("write", WRITE),
    ("fault", FAULT),
];
const REQUEST: &[&str] = &[
    "at",
    "type",
    "method",
    "host",
    "path",
    "headers",
    "cookies",
    "user",
    "attrs",
    "data",
    "process",
    "status",
    "bytes",
    "cost",
    "ttl",
    "cache_status",
    "user_known",
    "cookies_known",
    "headers_known",
];
const ACCESS: &[&str] = &["at", "type", "op", "key", "bytes", "ttl", "cost"];
const WRITE: &[&str] = &[
    "at", "type", "model", "op", "old", "new", "process", "delay",
];
const FAULT: &[&str] = &[
    "at", "type", "fault", "backend", "target", "process", "duration",
];

/// Every field, in the order of CSV's columns.
pub(crate) const ALL: [&str; 29] = [
    "at",
    "type",
    "method",
    "host",
    "path",
    "headers",
    "cookies",
    "user",
    "attrs",
    "data",
    "process",
    "status",
    "bytes",
    "cost",
    "ttl",
    "cache_status",
    "user_known",
    "cookies_known",
    "headers_known",
    "op",
    "key",
    "model",
    "old",
    "new",
    "delay",
    "fault",
    "backend",
    "target",
    "duration",
];

/// The fields of one event.
#[derive(Debug, Default)]
pub(crate) struct Fields<'a>(pub(crate) Vec<(Cow<'a, str>, Cell<'a>)>);

impl<'a> Fields<'a> {
    fn get(&self, name: &str) -> Option<Cell<'a>> {
        let field = self.0.iter().find(|(field, _)| field == name);
        field.map(|(_, cell)| *cell)
    }

    /// A field's value, read by `read`; what is wrong with it becomes a message. An empty text is
    /// none, as an empty cell is.
    fn optional<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl Fn(Cell<'a>) -> Option<T>,
    ) -> Result<Option<T>, String> {
        match self.get(name) {
            None | Some(Cell::Json("null" | "\"\"")) => Ok(None),
            Some(cell) => read(cell).map(Some).ok_or_else(|| {
                let (Cell::Json(text) | Cell::Text(text)) = cell;
                format!("`{name}` is {expected}, not {}", quote(text.as_bytes()))
            }),
        }
    }

    fn required<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl Fn(Cell<'a>) -> Option<T>,
    ) -> Result<T, String> {
        self.optional(name, expected, read)?
            .ok_or_else(|| format!("`{name}` is missing: {expected}"))
    }

    fn text(&self, name: &str) -> Result<Option<String>, String> {
        self.optional(name, "text", Cell::text)
    }

    fn number(&self, name: &str, max: u64) -> Result<Option<u64>, String> {
        let expected = format!("a whole number up to {max}");
        self.optional(name, &expected, |cell| {
            cell.scalar()?.parse().ok().filter(|number| *number <= max)
        })
    }

    fn duration(&self, name: &str) -> Result<Option<Duration>, String> {
        let expected = "a number of seconds or `forever`";
        self.optional(name, expected, |cell| match cell.scalar()?.as_ref() {
            "forever" => Some(Duration::FOREVER),
            text => parse_nanos(text)
                .filter(|nanos| *nanos >= 0)
                .map(Duration::from_nanos),
        })
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, String> {
        self.optional(name, "true or false", |cell| cell.scalar()?.parse().ok())
    }

    fn word<T: Copy>(&self, name: &str, known: &[(&str, T)]) -> Result<T, String> {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let expected = format!("one of {}", names.join(", "));
        let word = self.required(name, &expected, Cell::text)?;
        let found = known.iter().find(|(name, _)| *name == word);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let close = did_you_mean(&word, names);
            format!(
                "`{name}` is {expected}, not {}{close}",
                quote(word.as_bytes())
            )
        })
    }

    /// When the event happened.
    pub(crate) fn at(&self) -> Result<Time, String> {
        let expected = "seconds as a number, at most 292 years";
        let read = |cell: Cell<'_>| parse_nanos(cell.number()?);
        self.required("at", expected, read).map(Time::from_nanos)
    }

    /// What happened; left out, it shows from the other fields.
    fn kind(&self) -> Result<(&'static str, &'static [&'static str]), String> {
        let has = |name| self.get(name).is_some();
        let shown = [("path", 0), ("key", 1), ("model", 2), ("fault", 3)];
        let index = match shown.iter().find(|(name, _)| has(name)) {
            Some((_, index)) if !has("type") => *index,
            _ => {
                let known = [("request", 0), ("access", 1), ("write", 2), ("fault", 3)];
                self.word("type", &known)?
            }
        };
        KINDS
            .get(index)
            .copied()
            .ok_or_else(|| "`type` is missing".to_owned())
    }

    /// What a recorder says of its file, if this is that.
    pub(crate) fn recorded(&self) -> Result<Option<Recorded>, String> {
        // It is rare, and has no quotes to undo.
        if !matches!(self.get("type"), Some(Cell::Json("\"recorded\""))) {
            return Ok(None);
        }
        let known = ["at", "type", "sample", "left_out", "dropped", "late"];
        if let Some((name, _)) = self
            .0
            .iter()
            .find(|(name, _)| !known.contains(&name.as_ref()))
        {
            let name = quote(name.as_bytes());
            return Err(format!("{name} is no field of what a recorder says"));
        }
        let count = |name| Ok::<_, String>(self.number(name, u64::MAX)?.unwrap_or(0));
        let share = "a share above 0, at most 1";
        let sample = self.optional("sample", share, |cell| {
            let share = cell.number()?.parse().ok()?;
            Rate::new(share)
        })?;
        Ok(Some(Recorded {
            sample: sample.unwrap_or(Rate::ALL),
            left_out: count("left_out")?,
            dropped: count("dropped")?,
            late: count("late")?,
        }))
    }

    /// Fills the event; a field that its kind has not is an error.
    pub(crate) fn fill(&self, event: &mut Event) -> Result<(), String> {
        let (kind, known) = self.kind()?;
        for (name, _) in &self.0 {
            if !known.contains(&name.as_ref()) {
                let close = did_you_mean(name, known.iter().copied());
                let name = quote(name.as_bytes());
                let article = if kind == "access" { "an" } else { "a" };
                return Err(format!("{name} is no field of {article} {kind}{close}"));
            }
        }
        match kind {
            "access" => *event = Event::Access(self.access()?),
            "write" => *event = Event::Write(self.write()?),
            "fault" => *event = Event::Fault(self.fault()?),
            _ => self.request(event.make_request())?,
        }
        Ok(())
    }

    fn request(&self, request: &mut Request) -> Result<(), String> {
        request.at = self.at()?;
        match self.text("method")? {
            Some(method) => request.method.push_str(&method.to_ascii_uppercase()),
            None => request.method.push_str("GET"),
        }
        if let Some(host) = self.text("host")? {
            request.host.push_str(&host.to_ascii_lowercase());
        }
        request
            .path
            .push_str(&self.required("path", "text", Cell::text)?);
        let names = "an object of names and texts";
        if let Some((headers, absent)) = self.optional("headers", names, Cell::texts_and_absent)? {
            request.headers = headers;
            request.absent_headers = absent;
            let names = request.headers.iter_mut().map(|(name, _)| name);
            for name in names.chain(&mut request.absent_headers) {
                name.make_ascii_lowercase();
            }
            let mut names = request.headers.iter().map(|(name, _)| name.as_str());
            if let Some(name) = json::given_twice(&mut names) {
                return Err(format!("`headers` has `{name}` twice"));
            }
        }
        if let Some((cookies, absent)) = self.optional("cookies", names, Cell::texts_and_absent)? {
            request.cookies = cookies;
            request.absent_cookies = absent;
        }
        request.attrs = self
            .optional("attrs", names, Cell::texts)?
            .unwrap_or_default();
        let lists = "an object of names and lists of texts";
        request.data = self
            .optional("data", lists, Cell::lists)?
            .unwrap_or_default();
        request.user = self.text("user")?;
        let known = |flag, field| -> Result<bool, String> {
            Ok(self.flag(flag)?.unwrap_or(self.get(field).is_some()))
        };
        request.user_known = known("user_known", "user")?;
        request.cookies_known = known("cookies_known", "cookies")?;
        request.headers_known = known("headers_known", "headers")?;
        request.process = self.process()?;
        // Servers write 0 where nothing was answered.
        let status = self.number("status", 999)?.filter(|status| *status != 0);
        request.status = status.map(|status| status as u16);
        request.bytes = self.bytes()?;
        request.cost = self.duration("cost")?;
        request.ttl = self.duration("ttl")?;
        let statuses = CacheStatus::ALL.map(CacheStatus::name).join(", ");
        let expected = format!("one of {statuses}");
        request.cache_status = self.optional("cache_status", &expected, |cell| {
            CacheStatus::named(cell.scalar()?.as_bytes())
        })?;
        Ok(())
    }

    fn process(&self) -> Result<Option<u32>, String> {
        let process = self.number("process", u64::from(NONE) - 1)?;
        Ok(process.map(|process| process as u32))
    }

    fn bytes(&self) -> Result<Option<u64>, String> {
        self.number("bytes", UNKNOWN_BYTES - 1)
    }

    fn access(&self) -> Result<Access, String> {
        let operation = match self.get("op") {
            None => AccessOperation::Get,
            Some(_) => self.word("op", &AccessOperation::NAMES)?,
        };
        let key = match self.get("key") {
            // Redis has such a key.
            Some(Cell::Json("\"\"")) => AccessKey::Text(String::new()),
            _ => self.required("key", "text or a whole number", Cell::key)?,
        };
        Ok(Access {
            at: self.at()?,
            operation,
            key,
            bytes: self.bytes()?,
            ttl: self.duration("ttl")?,
            cost: self.duration("cost")?,
        })
    }

    fn write(&self) -> Result<Write, String> {
        let operations = [Operation::Create, Operation::Update, Operation::Delete]
            .map(|operation| (operation.name(), operation));
        let row = "an object of fields";
        Ok(Write {
            at: self.at()?,
            model: self.required("model", "text", Cell::text)?,
            operation: self.word("op", &operations)?,
            old: self.optional("old", row, Cell::row)?,
            new: self.optional("new", row, Cell::row)?,
            process: self.process()?,
            delay: self.duration("delay")?,
        })
    }

    fn fault(&self) -> Result<FaultEvent, String> {
        const FAULTS: [(&str, usize); 4] =
            [("flush", 0), ("outage", 1), ("restart", 2), ("deploy", 3)];
        let missing = |name: &str, what: &str| format!("`{name}` is missing: {what}");
        let fault = match self.word("fault", &FAULTS)? {
            0 => NamedFault::Flush {
                backend: self.required("backend", "text", Cell::text)?,
            },
            1 => NamedFault::Outage {
                target: match self.text("target")? {
                    Some(target) => target,
                    None => self.required("backend", "text", Cell::text)?,
                },
                duration: self
                    .duration("duration")?
                    .ok_or_else(|| missing("duration", "a number of seconds"))?,
            },
            2 => NamedFault::Restart {
                process: self
                    .process()?
                    .ok_or_else(|| missing("process", "a whole number from 0"))?,
            },
            _ => NamedFault::Deploy,
        };
        Ok(FaultEvent {
            at: self.at()?,
            fault,
        })
    }
}

impl AccessOperation {
    /// All of them with their names.
    pub(crate) const NAMES: [(&'static str, Self); 3] = [
        ("get", Self::Get),
        ("set", Self::Set),
        ("delete", Self::Delete),
    ];

    /// Its name in a trace.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Set => "set",
            Self::Delete => "delete",
        }
    }
}

impl<'a> Cell<'a> {
    /// Text, or what can be written as text: a number, true, false.
    fn text(self) -> Option<String> {
        self.scalar().map(Cow::into_owned)
    }

    fn scalar(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Json(json) => json::scalar(json),
        }
    }

    /// A number as written; in JSON it must not be text.
    fn number(self) -> Option<&'a str> {
        let (Self::Text(text) | Self::Json(text)) = self;
        Some(text)
    }

    fn key(self) -> Option<AccessKey> {
        match self {
            Self::Text(text) => Some(crate::formats::key(text)),
            Self::Json(json) if json.starts_with('"') => {
                json::scalar(json).map(|text| AccessKey::Text(text.into_owned()))
            }
            Self::Json(json) => json.parse().ok().map(AccessKey::Number),
        }
    }

    /// The JSON value; a CSV cell holds one as text.
    fn json(self) -> &'a str {
        let (Self::Text(text) | Self::Json(text)) = self;
        text
    }

    fn texts(self) -> Option<Vec<(String, String)>> {
        json::texts(self.json())
    }

    fn texts_and_absent(self) -> Option<json::TextsAndAbsent> {
        json::texts_and_absent(self.json())
    }

    fn lists(self) -> Option<Vec<(String, Vec<String>)>> {
        json::lists(self.json())
    }

    fn row(self) -> Option<Row> {
        match json::value(self.json(), 0)? {
            Value::Row(row) => Some(row),
            Value::Null | Value::Text(_) | Value::List(_) => None,
        }
    }
}
