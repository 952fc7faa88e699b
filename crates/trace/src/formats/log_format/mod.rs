//! Access logs of any layout, which is said in the language of nginx's `log_format`.

mod matcher;
mod syntax;
#[cfg(test)]
mod tests;

pub use syntax::LogFormatError;

use super::access_log::{Said, Wanted};
use crate::event::Event;
use crate::format::Spec;
use crate::order::Moment;
use crate::reader::{Records, Times};
use crate::text::did_you_mean;
use matcher::{Matcher, is_known};
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;
use syntax::Escaping;

pub(crate) const SPEC: Spec = Spec {
    name: "log-format",
    about: "access logs of any layout, which `--log-format` says",
    is_unordered: true,
    has_garbage: true,
    sniff: |_| false,
    open: |opening| {
        match opening.options.log_format.clone() {
        Some(format) => {
            let records = Lines::new(format, &opening.options.needs);
            Ok(opening.source(records))
        }
        None => Err(opening.refuse(
            "its layout is not said: give it with `--log-format '$remote_addr - $remote_user [$time_local] \"$request\" …'`"
                .to_owned(),
        )),
    }
    },
    open_blocks: None,
    accesses_only: false,
};

/// A layout of access logs, as in nginx's `log_format`: text with variables, perhaps with
/// `escape=json` or `escape=none` in front, or the whole directive.
#[derive(Debug, Clone)]
pub struct LogFormat {
    text: String,
    escaping: Escaping,
    matcher: Arc<Matcher>,
}

impl PartialEq for LogFormat {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// Variables with the time, one of which is needed.
const TIMES: [&str; 3] = ["time_local", "time_iso8601", "msec"];
/// Variables with what was asked for, likewise.
const TARGETS: [&str; 4] = ["request", "request_uri", "uri", "document_uri"];

impl FromStr for LogFormat {
    type Err = LogFormatError;

    fn from_str(text: &str) -> Result<Self, LogFormatError> {
        let written = syntax::read(text)?;
        let matcher = Matcher::new(text, &written.pieces, written.escaping)?;
        let misses = |names: &[&str], what: &str| {
            let has = |name: &&str| matcher.steps_to(name).is_some();
            if names.iter().any(has) {
                return None;
            }
            let mut others = matcher.variables().filter(|name| !is_known(name));
            let close = others.find_map(|written| {
                let close = did_you_mean(written, names.iter().copied());
                let name = close.strip_prefix("; did you mean `")?.strip_suffix("`?")?;
                Some(format!("; did you mean `${name}` by `${written}`?"))
            });
            let names = names.iter().map(|name| format!("`${name}`"));
            let names = names.collect::<Vec<_>>().join(", ");
            let close = close.unwrap_or_default();
            Some(format!("it has no {what}: none of {names}{close}"))
        };
        let missing = [misses(&TIMES, "time"), misses(&TARGETS, "request")];
        let missing: Vec<_> = missing.into_iter().flatten().collect();
        if !missing.is_empty() {
            return Err(LogFormatError {
                reason: missing.join("; "),
            });
        }
        Ok(Self {
            text: text.to_owned(),
            escaping: written.escaping,
            matcher: Arc::new(matcher),
        })
    }
}

struct Lines {
    matcher: Arc<Matcher>,
    said: Said,
    /// Where the value of each variable goes, by step; `None`: nobody asks for it.
    slots: Vec<Vec<Option<usize>>>,
    /// So many steps lead to the time.
    steps_to_time: usize,
    values: Vec<Range<usize>>,
}

impl Lines {
    fn new(format: LogFormat, needs: &crate::Needs) -> Self {
        let LogFormat {
            escaping, matcher, ..
        } = format;
        let mut wanted = Wanted::new(needs);
        let slots = matcher.slots(|name| wanted.slot(name));
        let times = TIMES.iter().filter_map(|name| matcher.steps_to(name));
        Self {
            steps_to_time: times.max().unwrap_or_else(|| matcher.steps()),
            matcher,
            said: Said::new(wanted, escaping != Escaping::None),
            slots,
            values: Vec::new(),
        }
    }

    /// Finds the values of the first so many steps.
    fn read(&mut self, line: &[u8], steps: usize) -> Result<(), String> {
        self.matcher.find(line, steps, &mut self.values)?;
        self.said.clear();
        for (place, (value, slots)) in self.values.iter().zip(&self.slots).enumerate() {
            let said = &mut self.said;
            self.matcher.split(line, place, value, |index, value| {
                if let Some(slot) = slots.get(index).copied().flatten() {
                    said.put(slot, line, value);
                }
            });
        }
        Ok(())
    }
}

impl Records for Lines {
    fn times(&self) -> Times {
        Times::WholeSeconds
    }

    fn moment(&mut self, line: &[u8]) -> Result<Option<Moment>, String> {
        if line.trim_ascii().is_empty() {
            return Ok(None);
        }
        self.read(line, self.steps_to_time)?;
        self.said.moment(line).map(Some)
    }

    fn fill(&mut self, line: &[u8], _: u32, event: &mut Event) -> Result<bool, String> {
        self.read(line, self.matcher.steps())?;
        self.said.fill(line, event.make_request())?;
        Ok(true)
    }
}
