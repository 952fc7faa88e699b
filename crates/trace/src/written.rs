//! The other direction of [`crate::fields`]: the fields of an event as JSON lines and CSV write
//! them.

use crate::ReadStats;
use crate::block::Block;
use crate::decimal::format_nanos;
use crate::event::{Access, AccessKey, Event, NamedFault, Request, Row, Write};
use crate::json::{push_list, push_members, push_object, push_text, push_value};
use cachepolicy_core::units::Duration;
use std::io;

/// Writes events in one format.
pub trait EventWriter {
    /// Writes one event.
    ///
    /// # Errors
    /// When the output cannot be written, or the format cannot express the event.
    fn write(&mut self, event: &Event) -> Result<(), WriteError>;

    /// Writes all events of a block, where the format is made of blocks; `None`: it is not. Blocks
    /// do not mix with single events.
    fn write_block(&mut self, _block: &Block) -> Option<Result<(), WriteError>> {
        None
    }

    /// Notes what the events were read from, where the format has a place for it. To be called when
    /// all have been written.
    fn made_from(&mut self, _stats: &ReadStats) {}

    /// Writes what is still buffered.
    ///
    /// # Errors
    /// When the output cannot be written.
    fn finish(&mut self) -> Result<(), WriteError>;
}

/// Why an event cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The operating system says no.
    #[error("cannot write the trace: {0}")]
    Io(#[from] io::Error),
    /// The format has no way to express it.
    #[error("`{format}` cannot express {what}: write `jsonl`")]
    Unsupported {
        /// The format's name.
        format: &'static str,
        /// What it cannot express.
        what: String,
    },
}

/// A field's value, as it is written.
#[derive(Debug)]
pub(crate) enum Written {
    /// Text; a string in JSON.
    Text(String),
    /// A number, true or false.
    Plain(String),
    /// JSON in CSV too.
    Json(String),
    /// Known to be absent; nothing in CSV.
    Null,
}

/// The fields of an event, in the order of writing.
pub(crate) fn fields(event: &Event) -> Vec<(&'static str, Written)> {
    let mut fields = Fields(Vec::with_capacity(12));
    fields.plain("at", Some(format_nanos(event.at().nanos())));
    match event {
        Event::Request(request) => fields.request(request),
        Event::Access(access) => fields.access(access),
        Event::Write(write) => fields.write(write),
        Event::Fault(event) => fields.fault(&event.fault),
    }
    fields.0
}

struct Fields(Vec<(&'static str, Written)>);

impl Fields {
    fn text(&mut self, name: &'static str, text: &str) {
        self.0.push((name, Written::Text(text.to_owned())));
    }

    fn plain(&mut self, name: &'static str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.0.push((name, Written::Plain(value.to_string())));
        }
    }

    fn json(&mut self, name: &'static str, push: impl FnOnce(&mut String)) {
        let mut json = String::new();
        push(&mut json);
        self.0.push((name, Written::Json(json)));
    }

    fn duration(&mut self, name: &'static str, duration: Option<Duration>) {
        match duration {
            Some(duration) if duration.is_forever() => self.text(name, "forever"),
            Some(duration) => self.plain(name, Some(format_nanos(duration.nanos()))),
            None => {}
        }
    }

    /// An object of texts, with nulls for what is known to be absent, and whether it is all that
    /// there was.
    fn texts(
        &mut self,
        [name, flag]: [&'static str; 2],
        texts: &[(String, String)],
        absent: &[String],
        known: bool,
    ) {
        if known || !texts.is_empty() || !absent.is_empty() {
            let texts = texts.iter().map(|(name, text)| (name, Some(text)));
            let absent = absent.iter().map(|name| (name, None));
            self.json(name, |out| {
                push_members(texts.chain(absent), out, |text, out| match text {
                    Some(text) => push_text(text, out),
                    None => out.push_str("null"),
                });
            });
            if !known {
                self.plain(flag, Some(false));
            }
        }
    }

    fn request(&mut self, request: &Request) {
        self.text("type", "request");
        self.text("method", &request.method);
        if !request.host.is_empty() {
            self.text("host", &request.host);
        }
        self.text("path", &request.path);
        let Request {
            headers,
            cookies,
            absent_headers,
            absent_cookies,
            attrs,
            ..
        } = request;
        let names = ["headers", "headers_known"];
        self.texts(names, headers, absent_headers, request.headers_known);
        let names = ["cookies", "cookies_known"];
        self.texts(names, cookies, absent_cookies, request.cookies_known);
        match &request.user {
            Some(user) => {
                self.text("user", user);
                if !request.user_known {
                    self.plain("user_known", Some(false));
                }
            }
            None if request.user_known => self.0.push(("user", Written::Null)),
            None => {}
        }
        if !attrs.is_empty() {
            self.json("attrs", |out| {
                push_object(attrs, out, |text, out| push_text(text, out));
            });
        }
        if !request.data.is_empty() {
            self.json("data", |out| {
                push_object(&request.data, out, |values, out| {
                    push_list(values, out, |value, out| push_text(value, out));
                });
            });
        }
        self.plain("process", request.process);
        self.plain("status", request.status);
        self.plain("bytes", request.bytes);
        self.duration("cost", request.cost);
        self.duration("ttl", request.ttl);
        if let Some(status) = request.cache_status {
            self.text("cache_status", status.name());
        }
    }

    fn access(&mut self, access: &Access) {
        self.text("type", "access");
        self.text("op", access.operation.name());
        match &access.key {
            AccessKey::Number(number) => self.plain("key", Some(number)),
            AccessKey::Text(text) => self.text("key", text),
        }
        self.plain("bytes", access.bytes);
        self.duration("ttl", access.ttl);
        self.duration("cost", access.cost);
    }

    fn write(&mut self, write: &Write) {
        self.text("type", "write");
        self.text("model", &write.model);
        self.text("op", write.operation.name());
        self.row("old", write.old.as_ref());
        self.row("new", write.new.as_ref());
        self.plain("process", write.process);
        self.duration("delay", write.delay);
    }

    fn row(&mut self, name: &'static str, row: Option<&Row>) {
        if let Some(row) = row {
            self.json(name, |out| {
                push_object(row, out, |value, out| push_value(value, 1, out));
            });
        }
    }

    fn fault(&mut self, fault: &NamedFault) {
        self.text("type", "fault");
        match fault {
            NamedFault::Flush { backend } => {
                self.text("fault", "flush");
                self.text("backend", backend);
            }
            NamedFault::Outage { target, duration } => {
                self.text("fault", "outage");
                self.text("target", target);
                self.duration("duration", Some(*duration));
            }
            NamedFault::Restart { process } => {
                self.text("fault", "restart");
                self.plain("process", Some(process));
            }
            NamedFault::Deploy => self.text("fault", "deploy"),
        }
    }
}
