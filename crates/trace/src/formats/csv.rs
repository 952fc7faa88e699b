//! CSV whose header names the fields of JSON lines. A cell of `headers`, `cookies`, `attrs`,
//! `data`, `old` and `new` holds JSON; or there is a column for each name: `headers.accept-language`,
//! `cookies.currency`, `old.slug`, and for a list of data values `data.headlines`, divided by `|`.

use crate::event::{Access, AccessKey, Event, Request, Value};
use crate::fields::{ALL, Cell, Fields};
use crate::format::{Opening, Sample, Spec};
use crate::input::{Framed, Input};
use crate::order::Moment;
use crate::reader::{Records, Times};
use crate::table::{Cells, Table, delimiter};
use crate::text::did_you_mean;
use crate::written::{EventWriter, WriteError, Written, fields};
use crate::{Source, TraceError};
use std::borrow::Cow;
use std::io;

pub(crate) const SPEC: Spec = Spec {
    name: "csv",
    about: "CSV with a header that names the fields of JSON lines",
    is_unordered: false,
    has_garbage: false,
    sniff,
    open,
    open_blocks: None,
    accesses_only: false,
};

pub(super) fn writer<'a>(out: Box<dyn io::Write + 'a>) -> Box<dyn EventWriter + 'a> {
    Box::new(CsvWriter::new(out))
}

fn sniff(sample: &Sample<'_>) -> bool {
    let Some(header) = sample.lines().next() else {
        return false;
    };
    let mut table = Table::new(delimiter(header));
    table.split(header).is_ok_and(|cells| {
        let has = |name| cells.iter().any(|cell| cell.trim() == name);
        has("at") && (has("type") || has("path") || has("key") || has("model") || has("fault"))
    })
}

/// What a column holds.
enum Column {
    /// A field, by its name.
    Field(String),
    /// One member of it: `headers.accept-language`.
    Member(Group, String),
}

/// Fields that have members.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Headers,
    Cookies,
    Attrs,
    Data,
    Old,
    New,
}

impl Group {
    const ALL: [(&'static str, Self); 6] = [
        ("headers", Self::Headers),
        ("cookies", Self::Cookies),
        ("attrs", Self::Attrs),
        ("data", Self::Data),
        ("old", Self::Old),
        ("new", Self::New),
    ];

    fn name(self) -> &'static str {
        let named = Self::ALL.iter().find(|(_, group)| *group == self);
        named.map_or("", |(name, _)| name)
    }
}

impl Column {
    /// As the header names it; names of headers have no case.
    fn name(&self) -> String {
        match self {
            Self::Field(name) => name.clone(),
            Self::Member(Group::Headers, member) => {
                format!("headers.{}", member.to_ascii_lowercase())
            }
            Self::Member(group, member) => format!("{}.{member}", group.name()),
        }
    }
}

fn column(name: &str) -> Result<Column, String> {
    let name = name.trim();
    if ALL.contains(&name) {
        return Ok(Column::Field(name.to_owned()));
    }
    let group = name.split_once('.').and_then(|(group, member)| {
        let (_, group) = Group::ALL.iter().find(|(known, _)| *known == group)?;
        Some(Column::Member(*group, member.to_owned()))
    });
    group.ok_or_else(|| {
        let close = did_you_mean(name, ALL);
        format!("the header's column `{name}` is no field of an event{close}")
    })
}

fn open<'a>(mut opening: Opening<'a, '_>) -> Result<Box<dyn Source + 'a>, TraceError> {
    let header = opening.header()?;
    let mut table = Table::new(delimiter(&header));
    let columns = table
        .split(&header)
        .and_then(|cells| cells.iter().map(column).collect::<Result<Vec<_>, _>>())
        .and_then(check)
        .map_err(|reason| opening.refuse(reason))?;
    Ok(opening.source(Csv { table, columns }))
}

/// No column twice, and one with the time.
fn check(columns: Vec<Column>) -> Result<Vec<Column>, String> {
    let mut names: Vec<String> = columns.iter().map(Column::name).collect();
    names.sort_unstable();
    let pairs = names.iter().zip(names.iter().skip(1));
    if let Some((twice, _)) = pairs.into_iter().find(|(one, other)| one == other) {
        return Err(format!("the header names the column `{twice}` twice"));
    }
    let has = |name: &str| names.iter().any(|column| column == name);
    if !has("at") {
        return Err("the header has no column `at`, the time in seconds".to_owned());
    }
    let both = columns.iter().find_map(|column| match column {
        Column::Member(group, _) if has(group.name()) => Some((group.name(), column.name())),
        Column::Field(_) | Column::Member(..) => None,
    });
    match both {
        Some((whole, member)) => Err(format!(
            "the header has both a column `{whole}` and one `{member}`: leave out one of them"
        )),
        None => Ok(columns),
    }
}

struct Csv {
    table: Table,
    columns: Vec<Column>,
}

/// The row's fields; `None` where it is blank.
fn read<'a>(columns: &'a [Column], cells: Cells<'a>) -> Result<Option<Fields<'a>>, String> {
    if cells.iter().all(|cell| cell.trim().is_empty()) {
        return Ok(None);
    }
    if cells.len() > columns.len() {
        return Err(format!(
            "{} cells, but the header names {} columns",
            cells.len(),
            columns.len()
        ));
    }
    let cells = columns.iter().zip(cells.iter());
    let fields = cells.filter_map(|(column, cell)| match column {
        Column::Field(name) if !cell.is_empty() => {
            Some((Cow::Borrowed(name.as_str()), Cell::Text(cell)))
        }
        Column::Field(_) | Column::Member(..) => None,
    });
    Ok(Some(Fields(fields.collect())))
}

/// Adds what stands in columns of its own.
fn add_members(columns: &[Column], cells: Cells<'_>, event: &mut Event) -> Result<(), String> {
    for (column, cell) in columns.iter().zip(cells.iter()) {
        let Column::Member(group, name) = column else {
            continue;
        };
        let added = match event {
            Event::Request(request) => add_to_request(*group, name, cell, request),
            Event::Write(write) if !cell.is_empty() => {
                let row = match group {
                    Group::Old => &mut write.old,
                    Group::New => &mut write.new,
                    Group::Headers | Group::Cookies | Group::Attrs | Group::Data => {
                        return Err(format!("a write has no `{name}` of a request"));
                    }
                };
                let value = Value::Text(cell.to_owned());
                row.get_or_insert_default().push((name.clone(), value));
                true
            }
            Event::Write(_) | Event::Access(_) | Event::Fault(_) => cell.is_empty(),
        };
        if !added {
            return Err(format!(
                "the column of `{name}` does not belong to such an event"
            ));
        }
    }
    Ok(())
}

/// An empty cell says that there is none.
fn add_to_request(group: Group, name: &str, cell: &str, request: &mut Request) -> bool {
    let pair = || (name.to_owned(), cell.to_owned());
    let there = !cell.is_empty();
    match group {
        Group::Headers => {
            request.headers_known = true;
            let (name, value) = pair();
            request
                .headers
                .extend(there.then(|| (name.to_ascii_lowercase(), value)));
        }
        Group::Cookies => {
            request.cookies_known = true;
            request.cookies.extend(there.then(pair));
        }
        Group::Attrs => request.attrs.extend(there.then(pair)),
        Group::Data => request.data.extend(there.then(|| {
            let values = cell.split('|').map(str::to_owned).collect();
            (name.to_owned(), values)
        })),
        Group::Old | Group::New => return !there,
    }
    true
}

impl Records for Csv {
    fn times(&self) -> Times {
        Times::Exact
    }

    fn advance(&mut self, input: &mut Input<'_>) -> io::Result<Framed> {
        Table::advance(input)
    }

    fn moment(&mut self, row: &[u8]) -> Result<Option<Moment>, String> {
        let cells = self.table.split(row)?;
        let Some(fields) = read(&self.columns, cells)? else {
            return Ok(None);
        };
        Ok(Some(Moment {
            at: fields.at()?,
            whole_second: false,
            mark: 0,
        }))
    }

    fn fill(&mut self, row: &[u8], _: u32, event: &mut Event) -> Result<bool, String> {
        let cells = self.table.split(row)?;
        let Some(fields) = read(&self.columns, cells)? else {
            return Ok(false);
        };
        fields.fill(event)?;
        add_members(&self.columns, cells, event)?;
        Ok(true)
    }
}

struct CsvWriter<'a> {
    out: csv::Writer<Box<dyn io::Write + 'a>>,
    begun: bool,
}

impl<'a> CsvWriter<'a> {
    fn new(out: Box<dyn io::Write + 'a>) -> Self {
        Self {
            out: csv::Writer::from_writer(out),
            begun: false,
        }
    }

    fn begin(&mut self) -> Result<(), WriteError> {
        if !self.begun {
            self.begun = true;
            self.out.write_record(ALL).map_err(io::Error::from)?;
        }
        Ok(())
    }
}

impl EventWriter for CsvWriter<'_> {
    fn write(&mut self, event: &Event) -> Result<(), WriteError> {
        if matches!(event, Event::Access(Access { key: AccessKey::Text(key), .. }) if key.is_empty())
        {
            // An empty cell is none.
            return Err(WriteError::Unsupported {
                format: SPEC.name,
                what: "a key without any character".to_owned(),
            });
        }
        self.begin()?;
        let fields = fields(event);
        let cell = |name: &&str| {
            let field = fields.iter().find(|(field, _)| field == name);
            match field.map(|(_, value)| value) {
                Some(Written::Text(text) | Written::Plain(text) | Written::Json(text)) => text,
                // A user who is known to be nobody.
                None if *name == "user_known" && is_known_nobody(event) => "true",
                Some(Written::Null) | None => "",
            }
        };
        let row = ALL.iter().map(cell);
        Ok(self.out.write_record(row).map_err(io::Error::from)?)
    }

    fn finish(&mut self) -> Result<(), WriteError> {
        self.begin()?;
        Ok(self.out.flush()?)
    }
}

fn is_known_nobody(event: &Event) -> bool {
    matches!(event, Event::Request(request) if request.user_known && request.user.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{error, events, format, read, written};
    use crate::{MaxErrors, ReadOptions};
    use proptest::prelude::*;

    #[test]
    fn a_table_of_requests() {
        let text = "at,path,cookies.currency,headers.Accept-Language,data.headlines,user\n\
                    1.5,/a,EUR,,x|y,17\n\
                    2,\"/b,c\",,en,,\n";
        let (events, stats) = read(text.as_bytes(), &ReadOptions::default()).unwrap();
        assert_eq!(stats.format.map(|format| format.name()), Some("csv"));
        assert!(!stats.spread);
        let [Event::Request(first), Event::Request(second)] = events.as_slice() else {
            panic!("{events:?}");
        };
        assert_eq!(
            (first.at.nanos(), first.method.as_str()),
            (1_500_000_000, "GET")
        );
        assert_eq!(first.cookies, [("currency".to_owned(), "EUR".to_owned())]);
        assert_eq!(
            first.data,
            [("headlines".to_owned(), vec!["x".to_owned(), "y".to_owned()])]
        );
        assert!(first.headers.is_empty() && first.headers_known && first.cookies_known);
        assert_eq!(
            (first.user.as_deref(), first.user_known),
            (Some("17"), true)
        );
        assert_eq!((second.path.as_str(), second.user_known), ("/b,c", false));
        assert_eq!(
            second.headers,
            [("accept-language".to_owned(), "en".to_owned())]
        );
    }

    #[test]
    fn no_column_twice() {
        let refused = |header: &str| error(format!("{header}\n1,/a\n").as_bytes(), &format("csv"));
        assert_eq!(
            refused("at,path,headers.Accept,headers.accept"),
            "`trace`: the header names the column `headers.accept` twice"
        );
        assert_eq!(
            refused("at,path,cookies,cookies.a"),
            "`trace`: the header has both a column `cookies` and one `cookies.a`: leave out one of them"
        );
    }

    #[test]
    fn a_table_of_writes() {
        let text = "at,model,op,old.slug,new.slug\n1,Article,update,a,b\n2,Article,create,,c\n";
        let (events, _) = read(text.as_bytes(), &ReadOptions::default()).unwrap();
        let [Event::Write(first), Event::Write(second)] = events.as_slice() else {
            panic!("{events:?}");
        };
        let row = |value: &str| Some(vec![("slug".to_owned(), Value::Text(value.to_owned()))]);
        assert_eq!((&first.old, &first.new), (&row("a"), &row("b")));
        assert_eq!((&second.old, &second.new), (&None, &row("c")));
    }

    #[test]
    fn mistakes_are_named() {
        let of = |text: &str| {
            let text = error(text.as_bytes(), &format("csv"));
            text.split(" (1 of 1").next().map(str::to_owned).unwrap()
        };
        assert_eq!(
            of("at,path,stauts\n"),
            "`trace`: the header's column `stauts` is no field of an event; did you mean `status`?"
        );
        assert_eq!(
            of("at,at,path\n"),
            "`trace`: the header names the column `at` twice"
        );
        assert_eq!(
            of("path\n"),
            "`trace`: the header has no column `at`, the time in seconds"
        );
        assert_eq!(
            of("at,path\n1,/,2\n"),
            "`trace`, line 2: 3 cells, but the header names 2 columns"
        );
        assert_eq!(
            of("at,path,status\n1,/,\"2\n0\"\n"),
            "`trace`, line 2: `status` is a whole number up to 999, not `2\\n0`"
        );
        assert_eq!(
            of("at,path\n,/\n"),
            "`trace`, line 2: `at` is missing: seconds as a number, at most 292 years"
        );
        assert_eq!(
            of("at,key,old.slug\n1,7,x\n"),
            "`trace`, line 2: the column of `slug` does not belong to such an event"
        );
    }

    #[test]
    fn line_numbers_count_the_lines_in_quotes() {
        let text = "at,path\n1,\"/a\nb\"\nx,/\n";
        assert!(error(text.as_bytes(), &format("csv")).starts_with("`trace`, line 4:"));
        let open = "at,path\n1,\"/a\n2,/b\n";
        let (events, _) = read(open.as_bytes(), &format("csv")).unwrap();
        assert_eq!(events.len(), 1);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(events in events()) {
            let text = written("csv", &events);
            let (read, _) = read(&text, &format("csv")).unwrap();
            prop_assert_eq!(read, events);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), rows in "[0-9a,\"\n{}:.-]{0,80}") {
            let options = ReadOptions { max_errors: Some(MaxErrors::Share(1.0)), ..format("csv") };
            let _ = read(&bytes, &options);
            let _ = read(format!("at,path,key,old,user\n{rows}").as_bytes(), &options);
        }
    }
}
