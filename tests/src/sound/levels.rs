//! The levels of a random policy.

mod writer;

use super::{Dice, Focus, Part, Plan};
use std::fmt::Write as _;
use writer::Writer;

/// What edges have to know of the levels.
#[derive(Debug, Clone, Default)]
pub(super) struct Levels {
    /// Those that are stored.
    pub(super) stored: Vec<&'static str>,
    /// Rows are read by their `id`.
    pub(super) by_id: bool,
}

impl Plan {
    fn level<'o>(&self, out: &'o mut String, part: Part, head: &str) -> Writer<'o, '_> {
        let _ = writeln!(out, "{head} {{");
        Writer {
            out,
            dice: self.dice(part, 0),
            is_response: matches!(part, Part::Page | Part::Home | Part::Site),
            is_for_people: self.focus == Focus::People,
        }
    }

    pub(super) fn levels(&self, out: &mut String) -> Levels {
        let mut contains = self.dice(Part::Contains, 0);
        let mut levels = Levels::default();
        self.objects(out, &mut contains, &mut levels);
        self.fragments(out, &mut contains);
        levels.stored.extend(["part", "panel"]);
        self.views(out, &mut contains, &mut levels);
        if contains.is(30) {
            let mut site = self.level(out, Part::Site, "site everything");
            site.line("route GET|HEAD \"/**\"");
            if contains.is(30) {
                site.line("contains list");
            }
            site.stored();
            site.work();
            site.people("site", &["url"]);
            out.push_str("}\n");
            levels.stored.push("everything");
        }
        levels
    }

    fn objects(&self, out: &mut String, contains: &mut Dice<'_>, levels: &mut Levels) {
        let mut item = self.level(out, Part::Item, "object item(slug)");
        let reads = item.reads(&[
            "Row(slug)",
            "Row(slug)",
            "Row(slug).title",
            "Row(slug).{title, owner}",
            "Row(slug), Owner.name",
            "Row(slug: slug, kind: \"a\")",
            "Row(id: slug)",
            "Row(id: slug).{title, slug}",
        ]);
        levels.by_id = reads.contains("id:");
        item.line("tags \"row:{slug}\", \"all\"");
        item.stored();
        item.work();
        item.people("item", &["slug"]);
        let batch = item
            .dice
            .pick(&["", "", "batch max 2 each 50ms", "batch max 10 each 10ms"]);
        if !batch.is_empty() {
            item.line(batch);
        }
        out.push_str("}\n");
        let mut list = self.level(out, Part::List, "object list");
        list.reads(&[
            "Row.title",
            "Row",
            "Row(kind: \"a\")",
            "Row.owner, Owner.name",
            "Row(kind: \"a\").title",
            "Label, Row.labels",
        ]);
        list.line("tags \"all\"");
        list.stored();
        list.work();
        list.people("list", &[]);
        out.push_str("}\n");
        let mut owned = self.level(out, Part::Owned, "object owned(who)");
        owned.reads(&[
            "Row(owner: who)",
            "Row(owner: who).title",
            "Owner(id: who), Row(owner: who)",
            "Row(labels: who)",
            "Label(id: who), Row(labels: who).title",
        ]);
        owned.line("tags \"owner:{who}\"");
        owned.stored();
        owned.work();
        owned.people("owned", &["who"]);
        out.push_str("}\n");
        let mut twice = self.level(out, Part::Twice, "object twice(slug)");
        let inside = inside(contains, &["item(slug)", "list", "owned(\"1\")"]);
        if !inside.is_empty() {
            twice.line(&inside);
        }
        twice.reads(&["", "", "Row(slug).kind", "Row(slug)", "Label"]);
        twice.stored();
        twice.work();
        twice.people("twice", &["slug"]);
        let batch = twice
            .dice
            .pick(&["", "batch max 2 each 50ms", "batch max 10 each 10ms"]);
        if !batch.is_empty() {
            twice.line(batch);
        }
        out.push_str("}\n");
        levels.stored.extend(["item", "list", "owned", "twice"]);
    }

    fn fragments(&self, out: &mut String, contains: &mut Dice<'_>) {
        let mut part = self.level(out, Part::Fragment, "fragment part(user)");
        let choice = inside(contains, &["list", "owned(user)", "item(\"1\")"]);
        if !choice.is_empty() {
            part.line(&choice);
        }
        part.reads(&["", "", "Owner(id: user)", "Row(owner: user).title"]);
        part.stored();
        part.work();
        part.people("part", &["user"]);
        out.push_str("}\n");
        let mut panel = self.level(out, Part::Panel, "fragment panel(slug)");
        let choice = inside(contains, &["item(slug)", "list", "twice(slug)"]);
        if !choice.is_empty() {
            panel.line(&choice);
        }
        panel.reads(&["", "", "", "Row(slug)"]);
        panel.stored();
        panel.work();
        panel.people("panel", &["slug"]);
        out.push_str("}\n");
    }

    fn views(&self, out: &mut String, contains: &mut Dice<'_>, levels: &mut Levels) {
        let mut page = self.level(out, Part::Page, "view page(slug)");
        page.line("route GET \"/p/{slug}\"");
        page.line(contains.pick(&["data others max 3", "data others max 3", "data others list"]));
        let choice = inside(
            contains,
            &[
                "panel(slug)",
                "item(slug)",
                "item(each others)",
                "list",
                "twice(each others)",
                "part(user.id)",
                "owned(each others)",
                "owned(n)",
            ],
        );
        if !choice.is_empty() {
            page.line(&choice);
        }
        page.reads(&[
            "",
            "",
            "Owner",
            "Row(slug).title",
            "Row(slug: each others)",
            "Owner(id: user.id)",
        ]);
        if page.dice.is(85) {
            page.line("tags \"row:{slug}\", \"row:{each others}\"");
            page.stored();
            page.people("page", &["url"]);
            levels.stored.push("page");
        }
        page.work();
        out.push_str("}\n");
        if contains.is(40) {
            let mut home = self.level(out, Part::Home, "view home");
            home.line("route GET \"/\"");
            home.line("data others max 3");
            let choice = inside(
                contains,
                &[
                    "list",
                    "item(each others)",
                    "panel(\"1\")",
                    "part(\"1\")",
                    "owned(user.id)",
                    "twice(\"2\")",
                    "page(\"1\")",
                    "item(n)",
                ],
            );
            if !choice.is_empty() {
                home.line(&choice);
            }
            home.reads(&[
                "",
                "Row.kind",
                "Owner(name: \"x\")",
                "Row(owner: user.id).title",
            ]);
            if home.dice.is(80) {
                home.stored();
                home.people("home", &["url"]);
                levels.stored.push("home");
            }
            home.work();
            out.push_str("}\n");
        }
    }
}

/// Some of these, in an order of their own.
fn inside(dice: &mut Dice<'_>, of: &[&str]) -> String {
    let mut chosen: Vec<&str> = of.iter().copied().filter(|_| dice.is(45)).collect();
    if dice.is(30) {
        chosen.reverse();
    }
    if chosen.is_empty() {
        return String::new();
    }
    format!("contains {}", chosen.join(", "))
}
