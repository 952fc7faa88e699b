//! JSON lines, the full form: one event a line, times in seconds.

use crate::event::Event;
use crate::fields::{Cell, Fields};
use crate::format::{Sample, Spec};
use crate::json;
use crate::order::Moment;
use crate::reader::{Records, Times};
use crate::recorded::Recorded;
use crate::written::{EventWriter, WriteError, Written, fields};
use std::io;

pub(crate) const SPEC: Spec = Spec {
    name: "jsonl",
    about: "JSON lines, one event each",
    is_unordered: false,
    has_garbage: false,
    sniff,
    open: |opening| Ok(opening.source(JsonLines::default())),
    open_blocks: None,
    accesses_only: false,
};

/// What writes events as JSON lines.
pub fn json_lines<'a>(out: Box<dyn io::Write + 'a>) -> Box<dyn EventWriter + 'a> {
    Box::new(JsonLinesWriter {
        out,
        line: String::new(),
    })
}

fn sniff(sample: &Sample<'_>) -> bool {
    sample.lines().next().is_some_and(|line| {
        line.starts_with(b"{") && memchr::memmem::find(line, b"\"at\"").is_some()
    })
}

#[derive(Default)]
struct JsonLines {
    recorded: Option<Recorded>,
}

fn read(line: &[u8]) -> Result<Option<Fields<'_>>, String> {
    let line = line.trim_ascii();
    if line.is_empty() {
        return Ok(None);
    }
    let text = std::str::from_utf8(line).map_err(|_| "the line is no UTF-8 text".to_owned())?;
    let members = json::object(text)?.0.into_iter();
    let cells = members.map(|(name, value)| (name, Cell::Json(value)));
    Ok(Some(Fields(cells.collect())))
}

impl Records for JsonLines {
    fn times(&self) -> Times {
        Times::Exact
    }

    fn moment(&mut self, line: &[u8]) -> Result<Option<Moment>, String> {
        let Some(fields) = read(line)? else {
            return Ok(None);
        };
        if let Some(recorded) = fields.recorded()? {
            self.note(recorded);
            return Ok(None);
        }
        Ok(Some(Moment {
            at: fields.at()?,
            whole_second: false,
            mark: 0,
        }))
    }

    fn fill(&mut self, line: &[u8], _: u32, event: &mut Event) -> Result<bool, String> {
        let Some(fields) = read(line)? else {
            return Ok(false);
        };
        if let Some(recorded) = fields.recorded()? {
            self.note(recorded);
            return Ok(false);
        }
        fields.fill(event)?;
        Ok(true)
    }

    fn recorded(&self) -> Option<Recorded> {
        self.recorded
    }
}

impl JsonLines {
    fn note(&mut self, recorded: Recorded) {
        let before = self.recorded.take();
        self.recorded = Some(before.map_or(recorded, |before| before.and(recorded)));
    }
}

struct JsonLinesWriter<'a> {
    out: Box<dyn io::Write + 'a>,
    line: String,
}

impl EventWriter for JsonLinesWriter<'_> {
    fn write(&mut self, event: &Event) -> Result<(), WriteError> {
        self.line.clear();
        self.line.push('{');
        for (index, (name, value)) in fields(event).iter().enumerate() {
            if index > 0 {
                self.line.push(',');
            }
            json::push_text(name, &mut self.line);
            self.line.push(':');
            match value {
                Written::Text(text) => json::push_text(text, &mut self.line),
                Written::Plain(text) | Written::Json(text) => self.line.push_str(text),
                Written::Null => self.line.push_str("null"),
            }
        }
        self.line.push_str("}\n");
        Ok(self.out.write_all(self.line.as_bytes())?)
    }

    fn finish(&mut self) -> Result<(), WriteError> {
        Ok(self.out.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Access, AccessKey, AccessOperation, FaultEvent, NamedFault, Value, Write};
    use crate::testing::{error, events, format, read, written};
    use crate::{MaxErrors, ReadOptions};
    use cachepolicy_core::edge::Operation;
    use cachepolicy_core::units::{Duration, Time};
    use proptest::prelude::*;

    fn one(line: &str) -> Event {
        let (mut events, _) = read(line.as_bytes(), &ReadOptions::default()).unwrap();
        events.pop().unwrap()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    fn text(name: &str, value: &str) -> (String, Value) {
        (name.to_owned(), Value::Text(value.to_owned()))
    }

    #[test]
    fn a_request_in_full() {
        let line = r#"{"at":12.25,"type":"request","method":"get","host":"A.example","path":"/articles/x?page=2","headers":{"Accept-Language":"en"},"cookies":{},"user":17,"attrs":{"plan":"pro"},"data":{"headlines":["a","b"],"id":7},"process":3,"status":200,"bytes":5123,"cost":0.041,"ttl":"forever"}"#;
        let Event::Request(request) = one(line) else {
            panic!("{line}");
        };
        assert_eq!(request.at, Time::from_nanos(12_250_000_000));
        assert_eq!(
            (request.method.as_str(), request.host.as_str()),
            ("GET", "a.example")
        );
        assert_eq!(request.path, "/articles/x?page=2");
        assert_eq!(request.headers, [pair("accept-language", "en")]);
        assert!(request.cookies.is_empty() && request.cookies_known && request.headers_known);
        assert_eq!(
            (request.user.as_deref(), request.user_known),
            (Some("17"), true)
        );
        assert_eq!(request.attrs, [pair("plan", "pro")]);
        assert_eq!(
            request.data,
            [
                ("headlines".to_owned(), vec!["a".to_owned(), "b".to_owned()]),
                ("id".to_owned(), vec!["7".to_owned()])
            ]
        );
        assert_eq!(
            (request.process, request.status, request.bytes),
            (Some(3), Some(200), Some(5123))
        );
        assert_eq!(
            (request.cost, request.ttl),
            (Some(Duration::from_millis(41)), Some(Duration::FOREVER))
        );
    }

    #[test]
    fn what_is_not_said_is_not_known() {
        let known = |line: &str| match one(line) {
            Event::Request(request) => (
                request.user_known,
                request.cookies_known,
                request.headers_known,
            ),
            other => panic!("{other:?}"),
        };
        assert_eq!(known(r#"{"at":1,"path":"/"}"#), (false, false, false));
        assert_eq!(
            known(r#"{"at":1,"path":"/","user":null,"cookies":{}}"#),
            (true, true, false)
        );
        assert_eq!(
            known(r#"{"at":1,"path":"/","headers":{"referer":"x"},"headers_known":false}"#),
            (false, false, false)
        );
        let Event::Request(request) = one(
            r#"{"at":1,"path":"/","headers":{"Accept-Language":null,"referer":"x"},"cookies":{"a":null},"cookies_known":false}"#,
        ) else {
            panic!("no request");
        };
        assert_eq!(request.absent_headers, ["accept-language"]);
        assert_eq!(request.headers, [pair("referer", "x")]);
        assert_eq!(request.absent_cookies, ["a"]);
        assert!(request.headers_known && !request.cookies_known);
    }

    #[test]
    fn writes_faults_and_accesses() {
        assert_eq!(
            one(
                r#"{"at":13,"type":"write","model":"Article","op":"update","old":{"slug":"a","author":{"id":7},"tags":["x",null]},"new":{"id":1.50},"process":0,"delay":0.5}"#
            ),
            Event::Write(Write {
                at: Time::from_nanos(13_000_000_000),
                model: "Article".to_owned(),
                operation: Operation::Update,
                old: Some(vec![
                    text("slug", "a"),
                    ("author".to_owned(), Value::Row(vec![text("id", "7")])),
                    (
                        "tags".to_owned(),
                        Value::List(vec![Value::Text("x".to_owned()), Value::Null])
                    ),
                ]),
                new: Some(vec![text("id", "1.50")]),
                process: Some(0),
                delay: Some(Duration::from_millis(500)),
            })
        );
        let Event::Access(nameless) = one(r#"{"at":1,"type":"access","key":""}"#) else {
            panic!("no access");
        };
        assert_eq!(nameless.key, AccessKey::Text(String::new()));
        let fault = |line: &str| match one(line) {
            Event::Fault(FaultEvent { fault, .. }) => fault,
            other => panic!("{other:?}"),
        };
        let shared = || "shared".to_owned();
        assert_eq!(
            fault(r#"{"at":20,"type":"fault","fault":"flush","backend":"shared"}"#),
            NamedFault::Flush { backend: shared() }
        );
        let outage = NamedFault::Outage {
            target: shared(),
            duration: Duration::from_secs(30),
        };
        assert_eq!(
            fault(r#"{"at":20,"fault":"outage","target":"shared","duration":30}"#),
            outage
        );
        assert_eq!(
            fault(r#"{"at":20,"fault":"outage","backend":"shared","duration":30}"#),
            outage
        );
        assert_eq!(
            fault(r#"{"at":20,"fault":"restart","process":2}"#),
            NamedFault::Restart { process: 2 }
        );
        assert_eq!(fault(r#"{"at":20,"fault":"deploy"}"#), NamedFault::Deploy);
        assert_eq!(
            one(r#"{"at":-1,"type":"access","op":"set","key":"7","bytes":10}"#),
            Event::Access(Access {
                at: Time::from_nanos(-1_000_000_000),
                operation: AccessOperation::Set,
                key: AccessKey::Text("7".to_owned()),
                bytes: Some(10),
                ttl: None,
                cost: None,
            })
        );
    }

    #[test]
    fn an_empty_text_is_none() {
        let Event::Request(request) = one(r#"{"at":1,"path":"/","user":"","status":0}"#) else {
            panic!("a request");
        };
        assert_eq!((request.user, request.user_known), (None, true));
        assert_eq!(request.status, None);
    }

    #[test]
    fn mistakes_are_named() {
        let of = |line: &str| {
            let text = error(line.as_bytes(), &format("jsonl"));
            let text = text.strip_prefix("`trace`, line 1: ").unwrap();
            text.split(" (1 of 1").next().map(str::to_owned).unwrap()
        };
        assert_eq!(
            of(r#"{"at":1,"path":"/","stauts":2}"#),
            "`stauts` is no field of a request; did you mean `status`?"
        );
        assert_eq!(
            of(r#"{"at":1,"type":"access","key":1,"path":"/"}"#),
            "`path` is no field of an access"
        );
        assert_eq!(
            of(r#"{"at":1,"type":"requst","path":"/"}"#),
            "`type` is one of request, access, write, fault, not `requst`; did you mean `request`?"
        );
        assert_eq!(
            of(r#"{"at":1}"#),
            "`type` is missing: one of request, access, write, fault"
        );
        assert_eq!(
            of(r#"{"path":"/"}"#),
            "`at` is missing: seconds as a number, at most 292 years"
        );
        assert_eq!(
            of(r#"{"at":"1","path":"/"}"#),
            "`at` is seconds as a number, at most 292 years, not `\"1\"`"
        );
        assert_eq!(
            of(r#"{"at":1e99,"path":"/"}"#),
            "`at` is seconds as a number, at most 292 years, not `1e99`"
        );
        assert_eq!(
            of(r#"{"at":1,"path":"/","status":20000}"#),
            "`status` is a whole number up to 999, not `20000`"
        );
        assert_eq!(
            of(r#"{"at":1,"path":"/","cache_status":"hot"}"#),
            "`cache_status` is one of hit, miss, expired, stale, updating, revalidated, bypass, not `\"hot\"`"
        );
        assert_eq!(
            of(r#"{"at":1,"path":"/","cost":-1}"#),
            "`cost` is a number of seconds or `forever`, not `-1`"
        );
        assert_eq!(
            of(r#"{"at":1,"path":"/","path":"/"}"#),
            "`path` is given twice"
        );
        assert_eq!(
            of(r#"{"at":1,"path":"/","headers":{"A":"1","a":"2"}}"#),
            "`headers` has `a` twice"
        );
        assert_eq!(of(r#"{"at":1,"path":""}"#), "`path` is missing: text");
        assert_eq!(
            of(r#"{"at":1,"path":"/","process":4294967295}"#),
            "`process` is a whole number up to 4294967294, not `4294967295`"
        );
        assert_eq!(of(r#"{"at":1,"#), "the JSON is cut off");
        assert_eq!(of(r#"[1]"#), "no JSON object: `[1]`");
        assert_eq!(
            of(r#"{"at":1,"model":"A","op":"upsert"}"#),
            "`op` is one of create, update, delete, not `upsert`"
        );
        let deep = format!(
            r#"{{"at":1,"model":"A","op":"create","new":{{"f":{}1{}}}}}"#,
            "[".repeat(60),
            "]".repeat(60)
        );
        assert!(of(&deep).starts_with("`new` is an object of fields, not `{\"f\":[[["));
    }

    #[test]
    fn disorder_stops_unless_a_window_is_set() {
        let lines = b"{\"at\":2,\"path\":\"/\"}\n{\"at\":1.5,\"path\":\"/\"}\n";
        assert_eq!(
            error(lines, &ReadOptions::default()),
            "`trace`, line 2: out of order: 500ms before an earlier line; sort the trace by time, or set a window with `--reorder` (1 of 2 lines cannot be read, none may be: see `--max-errors`)"
        );
        let wide = ReadOptions {
            reorder_window: Some(Duration::SECOND),
            ..ReadOptions::default()
        };
        let (events, stats) = read(lines, &wide).unwrap();
        assert_eq!(
            events
                .iter()
                .map(|event| event.at().nanos())
                .collect::<Vec<_>>(),
            [1_500_000_000, 2_000_000_000]
        );
        assert_eq!((stats.reordered, stats.spread), (1, false));
    }

    proptest! {
        #[test]
        fn any_times_are_put_in_order(events in events()) {
            let mut shuffled = events.clone();
            shuffled.reverse();
            let wide = ReadOptions {
                reorder_window: Some(Duration::FOREVER),
                max_errors: Some(MaxErrors::Share(1.0)),
                ..format("jsonl")
            };
            let (read, stats) = read(&written("jsonl", &shuffled), &wide).unwrap();
            // A window is no longer than a duration can be.
            prop_assert_eq!(read.len() as u64 + stats.errors, events.len() as u64);
            prop_assert!(read.is_sorted_by_key(Event::at));
        }

        #[test]
        fn what_is_written_is_read(events in events()) {
            let text = written("jsonl", &events);
            let (read, _) = read(&text, &format("jsonl")).unwrap();
            prop_assert_eq!(&read, &events);
            prop_assert_eq!(written("jsonl", &read), text);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), line in "[{}\\[\\]\":,0-9eatyp\\\\-]{0,60}") {
            let options = ReadOptions { max_errors: Some(MaxErrors::Share(1.0)), ..format("jsonl") };
            let _ = read(&bytes, &options);
            let _ = read(format!("{{\"at\":1,\"path\":{line}").as_bytes(), &options).unwrap();
        }
    }
}
