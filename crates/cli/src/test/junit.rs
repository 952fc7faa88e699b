//! JUnit's XML, as build servers read it: a suite for each policy, a case for each claim and for
//! each figure that is compared with a baseline.
//!
//! There are no times: the same policy and traffic give the same bytes.

use super::{Against, Case, Counts, Group, On, Suite, Tested, Trial};
use crate::output::units;
use cachepolicy_sim::baseline::Before;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use std::io;

/// An element's attributes.
type Attributes<'a> = &'a [(&'a str, &'a str)];

pub(super) fn render(trial: &Trial) -> io::Result<String> {
    let mut xml = Xml(Writer::new_with_indent(Vec::new(), b' ', 2));
    let declaration = BytesDecl::new("1.0", Some("UTF-8"), None);
    xml.0.write_event(Event::Decl(declaration))?;
    let counts = sums(trial.counts());
    let mut attributes = vec![("name", "cachepolicy")];
    attributes.extend(counts.iter().map(|(name, count)| (*name, count.as_str())));
    xml.open("testsuites", &attributes)?;
    for suite in &trial.suites {
        of_policy(&mut xml, suite, trial.tolerance)?;
    }
    xml.close("testsuites")?;
    let mut text = xml.0.into_inner();
    text.push(b'\n');
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn sums(counts: Counts) -> [(&'static str, String); 4] {
    [
        ("tests", counts.all()),
        ("failures", counts.missed + counts.worse),
        ("errors", counts.broken),
        ("skipped", counts.open),
    ]
    .map(|(name, count)| (name, count.to_string()))
}

fn of_policy(xml: &mut Xml, suite: &Suite, tolerance: f64) -> io::Result<()> {
    let counts = suite.counts(tolerance);
    let tested = suite.tested.as_ref();
    let name = tested.map_or(&suite.file, |tested| &tested.name);
    let sums = sums(counts);
    let mut attributes = vec![("name", name.as_str()), ("file", &suite.file)];
    attributes.extend(sums.iter().map(|(name, count)| (*name, count.as_str())));
    if counts.all() == 0 {
        return xml.empty("testsuite", &attributes);
    }
    xml.open("testsuite", &attributes)?;
    match tested {
        Some(tested) => of_claims(xml, tested, tolerance)?,
        None => {
            let attributes = [("name", "the policy compiles"), ("classname", name)];
            xml.open("testcase", &attributes)?;
            let sentence = "the policy has errors: `cachepolicy check` says what is wrong";
            xml.empty("error", &[("type", "errors"), ("message", sentence)])?;
            xml.close("testcase")?;
        }
    }
    xml.close("testsuite")
}

fn of_claims(xml: &mut Xml, tested: &Tested, tolerance: f64) -> io::Result<()> {
    for group in &tested.groups {
        for case in &group.cases {
            of_claim(xml, tested, group, case)?;
        }
    }
    for against in &tested.baselines {
        for figure in &against.baseline.figures {
            of_figure(xml, tested, against, figure, tolerance)?;
        }
    }
    Ok(())
}

fn of_claim(xml: &mut Xml, tested: &Tested, group: &Group, case: &Case) -> io::Result<()> {
    let result = &case.result;
    let class = match &group.on {
        On::Proof => format!("{}.proved", tested.name),
        On::Workload(name) | On::Trace(name) => format!("{}.{name}", tested.name),
        On::Nothing => tested.name.clone(),
    };
    let line = result.line.to_string();
    let attributes = [
        ("name", result.id.as_str()),
        ("classname", &class),
        ("file", &result.file),
        ("line", &line),
    ];
    xml.open("testcase", &attributes)?;
    let hint = case.hint.as_ref();
    let sentence = hint.map_or("", |hint| hint.sentence.as_str());
    match result.held {
        Some(true) => {
            let hangs_on = hint.map_or_else(String::new, |hint| {
                format!("\nhangs on {}: {sentence}", hint.property)
            });
            xml.text("system-out", &[], &format!("{}{hangs_on}", case.figure))?;
        }
        Some(false) => {
            let message = format!("missed: {}", case.figure);
            let attributes = [("type", "missed"), ("message", message.as_str())];
            let body = format!("{}\n{}:{line}\n{sentence}", result.claim, result.file);
            xml.text("failure", &attributes, body.trim_end())?;
        }
        None => {
            let reason = case.open.as_deref().unwrap_or_default();
            xml.empty("skipped", &[("message", reason)])?;
        }
    }
    xml.close("testcase")
}

fn of_figure(
    xml: &mut Xml,
    tested: &Tested,
    against: &Against,
    figure: &Before,
    tolerance: f64,
) -> io::Result<()> {
    let class = format!("{}.{}", tested.name, against.file);
    let attributes = [("name", figure.figure.as_str()), ("classname", &class)];
    xml.open("testcase", &attributes)?;
    let shown = |value| units::figure(value, figure.unit);
    let both = format!("{}, before {}", shown(figure.after), shown(figure.before));
    if figure.worse_by() > tolerance {
        let message = format!("worse: {both}");
        xml.empty("failure", &[("type", "worse"), ("message", &message)])?;
    } else {
        xml.text("system-out", &[], &both)?;
    }
    xml.close("testcase")
}

/// Writes elements.
struct Xml(Writer<Vec<u8>>);

impl Xml {
    fn open(&mut self, name: &str, attributes: Attributes<'_>) -> io::Result<()> {
        self.0.write_event(Event::Start(start(name, attributes)))
    }

    fn empty(&mut self, name: &str, attributes: Attributes<'_>) -> io::Result<()> {
        self.0.write_event(Event::Empty(start(name, attributes)))
    }

    fn text(&mut self, name: &str, attributes: Attributes<'_>, text: &str) -> io::Result<()> {
        self.open(name, attributes)?;
        let text = allowed(text);
        self.0.write_event(Event::Text(BytesText::new(&text)))?;
        self.close(name)
    }

    fn close(&mut self, name: &str) -> io::Result<()> {
        self.0.write_event(Event::End(BytesEnd::new(name)))
    }
}

fn start<'a>(name: &'a str, attributes: Attributes<'_>) -> BytesStart<'a> {
    let mut start = BytesStart::new(name);
    for (name, value) in attributes {
        start.push_attribute((*name, allowed(value).as_str()));
    }
    start
}

/// A replacement stands for each character that XML 1.0 has no way to write.
fn allowed(text: &str) -> String {
    let one = |character: char| match character {
        '\t' | '\n' | '\r' => character,
        '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        ' '.. => character,
        _ => char::REPLACEMENT_CHARACTER,
    };
    text.chars().map(one).collect()
}
