//! The invalidation edges of a random policy: some reach everything in time, most miss something.

use super::levels::Levels;
use super::{Dice, Part, Plan};
use std::fmt::Write as _;

/// For each level: what reaches all of its copies, and what may miss some.
const OF_ROWS: &[(&str, &[&str], &[&str])] = &[
    (
        "item",
        &["item(*)", "item(slug)", "tag \"row:{slug}\"", "tag \"all\""],
        &[
            "item(old.slug)",
            "item(new.slug)",
            "item(slug) when changed(slug, title)",
            "item(id)",
        ],
    ),
    (
        "list",
        &["list", "list", "tag \"all\""],
        &[
            "list when changed(title)",
            "list when kind == \"a\"",
            "list when changed(title, owner, kind)",
        ],
    ),
    (
        "owned",
        &["owned(*)", "owned(owner)", "owned(each labels)"],
        &[
            "owned(owner.id)",
            "owned(old.owner)",
            "owned(owner.name)",
            "owned(each labels.id)",
            "tag \"owner:{owner}\"",
        ],
    ),
    (
        "twice",
        &["twice(*)", "twice(slug)"],
        &["twice(old.slug)", "twice(slug) when changed(kind)"],
    ),
    ("part", &["part(*)"], &["part(owner)"]),
    ("panel", &["panel(*)", "panel(slug)"], &["panel(new.slug)"]),
    (
        "page",
        &["page(*)", "page(slug)", "tag \"row:{slug}\""],
        &["page(old.slug)", "page(id)"],
    ),
    ("home", &["home"], &["home when changed(title)"]),
    (
        "everything",
        &["everything"],
        &["everything when changed(title)"],
    ),
];
const OF_OTHERS: &[(&str, &[&str], &[&str])] = &[
    ("item", &["item(*)"], &[]),
    ("list", &["list"], &["list when changed(name)"]),
    ("owned", &["owned(*)", "owned(id)"], &["owned(name)"]),
    ("twice", &["twice(*)"], &[]),
    ("part", &["part(*)", "part(id)"], &["part(old.id)"]),
    ("panel", &["panel(*)"], &[]),
    ("page", &["page(*)"], &[]),
    ("home", &["home"], &[]),
    ("everything", &["everything"], &[]),
];

impl Plan {
    pub(super) fn edges(&self, levels: &Levels, out: &mut String) {
        for block in 0..4 {
            let mut dice = self.dice(Part::Blocks, block);
            if block > 0 && !dice.is(30) {
                continue;
            }
            head("Row", &mut dice, out);
            actions(OF_ROWS, levels, block > 1, &mut dice, out);
        }
        for (more, model) in ["Owner", "Label"].iter().enumerate() {
            let mut dice = self.dice(Part::OtherBlock, more);
            if dice.is(60) {
                head(model, &mut dice, out);
                actions(OF_OTHERS, levels, false, &mut dice, out);
            }
        }
    }
}

fn head(model: &str, dice: &mut Dice<'_>, out: &mut String) {
    let operations = dice.pick(&[
        "create|update|delete",
        "create|update|delete",
        "create|update|delete",
        "create|update|delete",
        "update|delete",
        "update",
    ]);
    let timing = dice.pick(&[
        "after commit",
        "after commit",
        "after commit",
        "after commit",
        "after commit",
        "before commit by 5ms",
        "before commit by 200ms",
    ]);
    let bus = dice.pick(&[" via slow", " via fast", " via third", ""]);
    let _ = writeln!(out, "on {model} {operations} {timing}{bus} {{");
}

fn actions(
    of: &[(&str, &[&str], &[&str])],
    levels: &Levels,
    few: bool,
    dice: &mut Dice<'_>,
    out: &mut String,
) {
    for (level, all, some) in of {
        let (choice, verb, cascades) = (
            dice.roll(100),
            dice.pick(&["purge", "purge", "purge", "purge", "expire", "bump"]),
            dice.is(8),
        );
        let target = match choice {
            _ if !levels.stored.contains(level) => continue,
            0..75 if few => continue,
            0..75 => all[choice % all.len()],
            75..90 if !some.is_empty() => some[choice % some.len()],
            _ => continue,
        };
        let cascade = if cascades && !target.contains("when") {
            " cascade"
        } else {
            ""
        };
        let _ = writeln!(out, "  {verb} {target}{cascade}");
    }
    out.push_str("}\n");
}
