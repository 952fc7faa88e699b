//! What is written.

use super::times::extreme;
use super::{NAMES, Traffic};
use cachepolicy_core::edge::Operation;
use cachepolicy_core::policy::Delivery;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::Event;
use cachepolicy_trace::event::{Row, Value, Write};

/// A row of the first model.
#[derive(Debug, Clone)]
pub(super) struct Fields {
    pub(super) id: String,
    slug: String,
    title: u64,
    kind: &'static str,
    owner: &'static str,
    labels: Vec<&'static str>,
}

impl Fields {
    fn row(&self) -> Row {
        let text = |text: &str| Value::Text(text.to_owned());
        let labels = self.labels.iter().map(|label| text(label));
        [
            ("id", text(&self.id)),
            ("slug", text(&self.slug)),
            ("title", text(&self.title.to_string())),
            ("kind", text(self.kind)),
            ("owner", text(self.owner)),
            ("labels", Value::List(labels.collect())),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

impl Traffic<'_> {
    pub(super) fn new_row(&mut self, slug: &str, id: String) -> Fields {
        let labels = NAMES[..3]
            .iter()
            .copied()
            .filter(|_| self.random.below(2) == 0)
            .collect();
        Fields {
            id,
            slug: slug.to_owned(),
            title: self.below(1000),
            kind: self.one(&["a", "b"]),
            owner: self.one(&NAMES[..3]),
            labels,
        }
    }

    pub(super) fn write(&mut self, at: Time, name: &'static str) -> Time {
        // No two writes at one instant: it tells which one a serve misses.
        let at = at + Duration::from_nanos(7 * self.events.len() as i64 + 1);
        let model = match self.only {
            Some(only) => only,
            None => self.one(&[0, 0, 1, 2]),
        };
        let (operation, old, new) = if model == 0 {
            self.change_row(name, at)
        } else {
            let text = |text: &str| Value::Text(text.to_owned());
            let id = self.one(&NAMES[..3]);
            let mut row = |number: u64| -> Option<Row> {
                let value = format!("{}", self.random.below(3) + number);
                Some(vec![
                    ("id".to_owned(), text(id)),
                    ("name".to_owned(), text(&value)),
                ])
            };
            (Operation::Update, row(0), row(10))
        };
        let process = Some(self.below(u64::from(self.policy.processes)) as u32);
        let delay = self.delay();
        self.events.push(Event::Write(Write {
            at,
            model: self.policy.models[model as usize].name.clone(),
            operation,
            old,
            new,
            process,
            delay,
        }));
        at
    }

    fn change_row(
        &mut self,
        name: &'static str,
        at: Time,
    ) -> (Operation, Option<Row>, Option<Row>) {
        let Some(old) = self.rows.remove(name) else {
            let number = self.ids.len();
            let row = self.new_row(name, format!("n{number}"));
            let new = Some(row.row());
            self.ids.push((row.id.clone(), at));
            self.rows.insert(name.to_owned(), row);
            return (Operation::Create, None, new);
        };
        if self.is(20) {
            return (Operation::Delete, Some(old.row()), None);
        }
        let mut new = old.clone();
        let free = NAMES
            .iter()
            .find(|slug| **slug != name && !self.rows.contains_key(**slug));
        for _ in 0..1 + self.below(2) {
            match (self.below(8), free) {
                (0 | 1, Some(free)) => new.slug = (*free).to_owned(),
                (2, _) => new.kind = self.one(&["a", "b"]),
                (3, _) => new.owner = self.one(&NAMES[..3]),
                (4, _) => new.labels = self.new_row(name, String::new()).labels,
                _ => new.title += 1,
            }
        }
        let images = (Some(old.row()), Some(new.row()));
        self.rows.insert(new.slug.clone(), new);
        (Operation::Update, images.0, images.1)
    }

    /// One delay for all deliveries of a write, which all buses allow; `None`: as drawn.
    fn delay(&mut self) -> Option<Duration> {
        let buses = self.policy.buses.iter();
        let used = buses.filter(|bus| bus.tracks.is_none() && bus.delivery != Delivery::InProcess);
        let ends = used.map(|bus| (extreme(&bus.delay, 0.0), extreme(&bus.delay, 1.0)));
        let (least, greatest) =
            ends.reduce(|one, other| (one.0.max(other.0), one.1.min(other.1)))?;
        (least <= greatest && self.is(70)).then(|| if self.is(60) { greatest } else { least })
    }
}
