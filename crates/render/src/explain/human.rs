//! Explanations for people.

use super::removal::{ActionRemoval, EdgeRemoval, Removal};
use super::walk::{DimensionValue, Explanation, Step};
use crate::output::Terminal;
use crate::output::colour::Meaning;
use crate::output::{text, units};

/// Columns of the words before what they are about.
const LABEL: usize = 10;

/// What happens to a request.
pub fn request(explanation: &Explanation, terminal: Terminal) -> String {
    let mut page = Page {
        terminal,
        text: String::new(),
    };
    page.line(
        0,
        &format!("{} {}", explanation.method, text::tame(&explanation.url)),
        Meaning::Strong,
    );
    page.text.push('\n');
    let widest = explanation
        .dimensions
        .iter()
        .map(|dimension| text::width(&dimension.name))
        .max();
    for dimension in &explanation.dimensions {
        page.labelled(
            2,
            widest.unwrap_or(0) + 2,
            &dimension.name,
            &value(dimension),
            Meaning::Plain,
        );
    }
    if !explanation.dimensions.is_empty() {
        page.text.push('\n');
    }
    if explanation.levels.is_empty() {
        page.line(
            2,
            "no site and no view answers this request: it goes to the application uncached",
            Meaning::Warning,
        );
    }
    if let Some(near) = &explanation.near {
        let near = text::tame(near);
        page.line(
            2,
            &format!("a view answers `{near}`, and not this path: a slash makes the difference"),
            Meaning::Warning,
        );
    }
    for (index, step) in explanation.levels.iter().enumerate() {
        if index > 0 {
            page.text.push('\n');
        }
        let before = explanation.levels.iter().take(index);
        let known = before
            .into_iter()
            .any(|other| (&other.level, &other.key) == (&step.level, &step.key));
        page.step(step, known);
    }
    if explanation.cut {
        page.line(
            2,
            "and so on: there are more levels than are shown here",
            Meaning::Faint,
        );
    }
    page.text
}

/// What a write removes.
pub fn removal(removal: &Removal, terminal: Terminal) -> String {
    let mut page = Page {
        terminal,
        text: String::new(),
    };
    page.line(
        0,
        &format!("{} {}", removal.model, removal.operation),
        Meaning::Strong,
    );
    if removal.edges.is_empty() {
        page.text.push('\n');
        page.line(
            2,
            "no `on` block is about this write: it removes nothing",
            Meaning::Warning,
        );
    }
    for edge in &removal.edges {
        page.text.push('\n');
        page.edge(edge);
    }
    if !removal.untouched.is_empty() {
        page.text.push('\n');
        let levels = removal.untouched.join(", ");
        let sentence = format!("not removed, though made of {}: {levels}", removal.model);
        page.line(2, &sentence, Meaning::Warning);
    }
    page.text
}

fn value(dimension: &DimensionValue) -> String {
    match (&dimension.value, &dimension.sent) {
        _ if dimension.outside => {
            let sent = dimension
                .sent
                .as_deref()
                .map(text::tame)
                .unwrap_or_default();
            format!("`{sent}`, outside its domain")
        }
        (None, _) => "none".to_owned(),
        (Some(value), None) => format!("{}  (its default)", text::tame(value)),
        (Some(value), Some(sent)) if value == sent => text::tame(value),
        (Some(value), Some(sent)) => {
            format!("{}  (from `{}`)", text::tame(value), text::tame(sent))
        }
    }
}

struct Page {
    terminal: Terminal,
    text: String,
}

impl Page {
    fn line(&mut self, indent: usize, words: &str, meaning: Meaning) {
        for line in text::wrap(words, self.terminal.width.saturating_sub(indent)) {
            let line = self.terminal.paint.text(meaning, &line);
            self.text
                .push_str(&format!("{}{line}\n", " ".repeat(indent)));
        }
    }

    /// `label     words`, the words wrapped below each other.
    fn labelled(&mut self, indent: usize, room: usize, label: &str, words: &str, meaning: Meaning) {
        let width = self.terminal.width.saturating_sub(indent + room).max(20);
        for (index, line) in text::wrap(words, width).into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            let gap = " ".repeat(room.saturating_sub(text::width(label)));
            let paint = self.terminal.paint;
            let label = paint.text(Meaning::Faint, label);
            self.text.push_str(&format!(
                "{}{label}{gap}{}\n",
                " ".repeat(indent),
                paint.text(meaning, &line)
            ));
        }
    }

    /// One level; of one that was `known` before, only its key.
    fn step(&mut self, step: &Step, known: bool) {
        let indent = 2 + 2 * step.depth.min(8);
        let paint = self.terminal.paint;
        let params: Vec<_> = step
            .params
            .iter()
            .map(|(name, value)| format!("{name} = {}", text::tame(value)))
            .collect();
        let params = if params.is_empty() {
            String::new()
        } else {
            format!("({})", params.join(", "))
        };
        let place = format!("{}:{}", step.file, step.line);
        let title = format!("{} {}{params}", step.kind, step.level);
        let gap = self
            .terminal
            .width
            .saturating_sub(indent + text::width(&title) + text::width(&place));
        let place = if gap >= 2 {
            format!("{}{}", " ".repeat(gap), paint.text(Meaning::Faint, &place))
        } else {
            String::new()
        };
        let title = paint.text(Meaning::Heading, &title);
        self.text
            .push_str(&format!("{}{title}{place}\n", " ".repeat(indent)));
        match &step.key {
            Some(key) if known => {
                let words = format!("{}, as above", text::tame(key));
                self.labelled(indent + 2, LABEL, "looks up", &words, Meaning::Plain);
            }
            _ => self.details(step, indent + 2),
        }
    }

    fn details(&mut self, step: &Step, indent: usize) {
        if let Some(reason) = &step.bypass {
            self.labelled(indent, LABEL, "left out", reason, Meaning::Warning);
        } else if let Some(key) = &step.key {
            let words = format!("{}  in {}", text::tame(key), step.store.join(", then "));
            self.labelled(indent, LABEL, "looks up", &words, Meaning::Plain);
        } else {
            self.labelled(
                indent,
                LABEL,
                "stored",
                "no: only what it contains is",
                Meaning::Plain,
            );
        }
        if !step.leaks.is_empty() {
            let words = format!(
                "it depends on {}, and its key does not: one user gets another's copy",
                step.leaks.join(", ")
            );
            self.labelled(indent, LABEL, "leaks", &words, Meaning::Bad);
        }
        if step.bypass.is_none() {
            for (label, words) in [
                ("lives", &step.lifetime),
                ("absent", &step.absence),
                ("on a miss", &step.protection),
            ] {
                if let Some(words) = words {
                    self.labelled(indent, LABEL, label, words, Meaning::Plain);
                }
            }
            if !step.tags.is_empty() {
                self.labelled(
                    indent,
                    LABEL,
                    "tags",
                    &text::tame(&step.tags.join(", ")),
                    Meaning::Plain,
                );
            }
        }
        if !step.contains.is_empty() {
            self.labelled(
                indent,
                LABEL,
                "contains",
                &step.contains.join(", "),
                Meaning::Plain,
            );
        }
        if step.bypass.is_none() && step.key.is_some() {
            self.writes(step, indent);
        }
    }

    fn writes(&mut self, step: &Step, indent: usize) {
        let mut label = "writes";
        for model in &step.writes {
            if model.edges.is_empty() {
                let words = format!("to {}: nothing removes it", model.model);
                self.labelled(indent, LABEL, label, &words, Meaning::Warning);
                label = "";
            }
            for edge in &model.edges {
                let words = format!("{}: {}, {}", edge.on, edge.action, edge.when);
                self.labelled(indent, LABEL, label, &words, Meaning::Plain);
                label = "";
            }
            let at_most = model
                .at_most
                .map_or_else(|| "without limit".to_owned(), units::at_most);
            let words = format!("{at_most} out of date at most: {}", model.because);
            self.labelled(indent, LABEL, "", &words, Meaning::Faint);
        }
    }

    fn edge(&mut self, edge: &EdgeRemoval) {
        self.line(2, &format!("on {}", edge.on), Meaning::Heading);
        let words = format!("{}  ({}:{})", edge.when, edge.file, edge.line);
        self.labelled(4, LABEL, "when", &words, Meaning::Plain);
        for action in &edge.actions {
            self.action(action);
        }
    }

    fn action(&mut self, action: &ActionRemoval) {
        self.labelled(4, LABEL, "does", &action.action, Meaning::Strong);
        if action.skipped {
            self.labelled(
                6,
                LABEL,
                "not now",
                "its condition does not hold for this write",
                Meaning::Faint,
            );
        }
        for (label, names) in [("key", &action.keys), ("tag", &action.tags)] {
            for name in names {
                self.labelled(6, LABEL, label, &text::tame(name), Meaning::Plain);
            }
        }
        if !action.cascade.is_empty() {
            self.labelled(
                6,
                LABEL,
                "and in",
                &action.cascade.join(", "),
                Meaning::Plain,
            );
        }
    }
}
