use super::*;
use crate::edge::Timing;
use crate::level::{ReadBinding, ValueSource};
use crate::policy::Place;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Values of paths, by the number of their last field.
#[derive(Debug, Clone)]
struct Row {
    operation: Operation,
    old: BTreeMap<u16, Vec<Option<String>>>,
    new: BTreeMap<u16, Vec<Option<String>>>,
}

impl WrittenRow for Row {
    fn model(&self) -> ModelId {
        ModelId(0)
    }
    fn operation(&self) -> Operation {
        self.operation
    }
    fn changed(&self, field: FieldId) -> bool {
        self.old.get(&field.0) != self.new.get(&field.0)
    }
    fn values(&self, image: Image, path: &[FieldId], visit: &mut impl FnMut(Option<&str>)) {
        let row = match image {
            Image::Old if self.operation != Operation::Create => &self.old,
            Image::New if self.operation != Operation::Delete => &self.new,
            Image::Old | Image::New => return,
        };
        for value in row.get(&path.last().unwrap().0).into_iter().flatten() {
            visit(value.as_deref());
        }
    }
}

fn image(values: &[&[&str]]) -> BTreeMap<u16, Vec<Option<String>>> {
    let owned = |list: &&[&str]| {
        let value = |value: &&str| (*value != "null").then(|| (*value).to_owned());
        list.iter().map(value).collect()
    };
    (0..).zip(values.iter().map(owned)).collect()
}

fn update(old: &[&[&str]], new: &[&[&str]]) -> Row {
    Row {
        operation: Operation::Update,
        old: image(old),
        new: image(new),
    }
}

fn path(image: RowImage, each: bool, field: u16) -> RowPath {
    RowPath {
        image,
        each,
        path: vec![FieldId(field)],
    }
}

fn bare(field: u16) -> TargetArg {
    TargetArg::Row(path(RowImage::Both, false, field))
}

fn each(field: u16) -> TargetArg {
    TargetArg::Row(path(RowImage::Both, true, field))
}

fn level(args: Vec<TargetArg>) -> Target {
    Target::Level {
        level: LevelId(3),
        args,
    }
}

fn action(target: Target, when: Option<Condition>) -> Action {
    Action {
        place: Place::default(),
        verb: Verb::Purge,
        target,
        cascade: false,
        when,
    }
}

fn block(actions: Vec<Action>) -> EdgeBlock {
    EdgeBlock {
        place: Place::default(),
        model: ModelId(0),
        operations: vec![Operation::Create, Operation::Update, Operation::Delete],
        timing: Timing::AfterCommit,
        bus: None,
        actions,
    }
}

fn show(effect: Effect<'_>) -> String {
    match effect.target {
        EffectTarget::Tag(tag) => tag.to_owned(),
        EffectTarget::Level { args, .. } => {
            let show = |arg: &Binding<'_>| match arg {
                Binding::Any => "*".to_owned(),
                Binding::Absent => "null".to_owned(),
                Binding::Value(value) => (*value).to_owned(),
            };
            args.iter().map(show).collect::<Vec<_>>().join(",")
        }
    }
}

fn run(block: &EdgeBlock, row: &Row) -> Vec<String> {
    let mut found = Vec::new();
    effects(block, row, &mut EffectBuffer::default(), |effect| {
        found.push(show(effect))
    });
    found
}

fn named(target: Target, row: &Row) -> Vec<String> {
    run(&block(vec![action(target, None)]), row)
}

const NONE: [&str; 0] = [];

#[test]
fn a_bare_field_is_both_images() {
    let moved = update(&[&["a"], &["x"]], &[&["b"], &["y"]]);
    assert_eq!(named(level(vec![bare(0)]), &moved), ["a", "b"]);
    // One image at a time: no row ever had a and y.
    assert_eq!(named(level(vec![bare(0), bare(1)]), &moved), ["a,x", "b,y"]);
    let same = update(&[&["a"], &["x"]], &[&["a"], &["y"]]);
    assert_eq!(named(level(vec![bare(0)]), &same), ["a"]);
    let old = |field| TargetArg::Row(path(RowImage::Old, false, field));
    let new = |field| TargetArg::Row(path(RowImage::New, false, field));
    assert_eq!(named(level(vec![old(0)]), &moved), ["a"]);
    assert_eq!(named(level(vec![new(0)]), &moved), ["b"]);
    assert_eq!(named(level(vec![old(0), new(1)]), &moved), ["a,y"]);
    assert_eq!(named(level(vec![new(0), bare(1)]), &moved), ["b,x", "b,y"]);
}

#[test]
fn creates_and_deletes_have_one_image() {
    for operation in [Operation::Create, Operation::Delete] {
        let row = Row {
            operation,
            ..update(&[&["a"]], &[&["a"]])
        };
        assert_eq!(named(level(vec![bare(0)]), &row), ["a"]);
        let other = if operation == Operation::Create {
            RowImage::Old
        } else {
            RowImage::New
        };
        assert_eq!(
            named(level(vec![TargetArg::Row(path(other, false, 0))]), &row),
            NONE
        );
    }
}

#[test]
fn each_names_every_combination_once() {
    let row = update(
        &[&["a", "b", "a"], &["x", "y"]],
        &[&["b", "c"], &["x", "y"]],
    );
    assert_eq!(named(level(vec![each(0)]), &row), ["a", "b", "c"]);
    assert_eq!(
        named(level(vec![each(0), each(1)]), &row),
        ["a,x", "a,y", "b,x", "b,y", "c,x", "c,y"]
    );
    assert_eq!(
        named(level(vec![each(0), TargetArg::Any]), &row),
        ["a,*", "b,*", "c,*"]
    );
    let empty = update(&[&[], &["x"]], &[&[], &["x"]]);
    assert_eq!(named(level(vec![each(0), bare(1)]), &empty), NONE);
}

#[test]
fn literals_nulls_and_no_parameters() {
    let row = update(&[&["null"]], &[&["null"]]);
    let literal = TargetArg::Literal("en".into());
    assert_eq!(named(level(vec![bare(0), literal]), &row), ["null,en"]);
    assert_eq!(named(level(vec![]), &row), [""]);
    assert_eq!(named(level(vec![TargetArg::Any]), &row), ["*"]);
    assert_eq!(named(level(vec![bare(7)]), &row), NONE);
}

#[test]
fn tags_are_encoded_as_a_level_s() {
    let row = update(&[&["a b"], &["1", "2"]], &[&["null"], &["2", "3"]]);
    let tag = |parts| named(Target::Tag(parts), &row);
    let text = |text: &str| TagPart::Text(text.into());
    let value = TagPart::Row(path(RowImage::Both, false, 0));
    let every = TagPart::Row(path(RowImage::Both, true, 1));
    assert_eq!(tag(vec![text("home page")]), ["home page"]);
    assert_eq!(tag(vec![text("p:"), value.clone()]), ["p:a%20b", "p:%"]);
    assert_eq!(tag(vec![text("t:"), every.clone()]), ["t:1", "t:2", "t:3"]);
    assert_eq!(
        tag(vec![value, text("/"), every]),
        ["a%20b/1", "a%20b/2", "%/2", "%/3"]
    );
}

#[test]
fn too_many_combinations_become_any() {
    let many: Vec<String> = (0..200).map(|number| number.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let row = update(&[&many, &["x"]], &[&many, &["x"]]);
    let found = named(level(vec![each(0), bare(1), each(0)]), &row);
    assert_eq!(found, ["*,x,*"]);
    assert_eq!(named(level(vec![each(0)]), &row).len(), 200);
}

#[test]
fn conditions() {
    let changed = |field| Condition::Changed(vec![FieldId(field)]);
    let run = |when, row: &Row| run(&block(vec![action(level(vec![]), Some(when))]), row).len();
    let row = update(&[&["a"], &["x"]], &[&["b"], &["x"]]);
    assert_eq!(run(changed(0), &row), 1);
    assert_eq!(run(changed(1), &row), 0);
    assert_eq!(run(Condition::Not(Box::new(changed(1))), &row), 1);
    assert_eq!(run(Condition::And(vec![changed(0), changed(1)]), &row), 0);
    assert_eq!(run(Condition::Or(vec![changed(0), changed(1)]), &row), 1);
    let is = |image, text: &str| Condition::In(path(image, false, 0), vec![text.into()]);
    assert_eq!(run(is(RowImage::Both, "a"), &row), 1);
    assert_eq!(run(is(RowImage::Both, "b"), &row), 1);
    assert_eq!(run(is(RowImage::New, "a"), &row), 0);
    for operation in [Operation::Create, Operation::Delete] {
        let row = Row {
            operation,
            ..row.clone()
        };
        assert_eq!(run(changed(1), &row), 1);
    }
}

#[test]
fn blocks_of_other_operations_and_models_do_nothing() {
    let row = update(&[&["a"]], &[&["b"]]);
    let mut block = block(vec![
        action(level(vec![]), None),
        action(level(vec![]), None),
    ]);
    let mut seen = Vec::new();
    effects(&block, &row, &mut EffectBuffer::default(), |effect| {
        seen.push(effect.action)
    });
    assert_eq!(seen, [0, 1]);
    block.operations = vec![Operation::Create];
    assert_eq!(run(&block, &row), NONE);
    block.operations = vec![Operation::Update];
    block.model = ModelId(1);
    assert_eq!(run(&block, &row), NONE);
}

#[test]
fn which_reads_a_write_concerns() {
    let read = |fields: Option<Vec<u16>>| Read {
        model: ModelId(0),
        bindings: vec![ReadBinding {
            field: FieldId(0),
            value: ValueSource::Param(0),
            each: false,
        }],
        fields: fields.map(|fields| fields.into_iter().map(FieldId).collect()),
        place: Place::default(),
    };
    let title = update(&[&["a"], &["x"], &["1"]], &[&["a"], &["y"], &["1"]]);
    assert!(concerns(&read(None), &title));
    assert!(concerns(&read(Some(vec![1])), &title));
    assert!(!concerns(&read(Some(vec![2])), &title));
    // Moved to another slug: the row appears under it.
    assert!(concerns(
        &read(Some(vec![2])),
        &update(&[&["a"]], &[&["b"]])
    ));
    let created = Row {
        operation: Operation::Create,
        ..title
    };
    assert!(concerns(&read(Some(vec![2])), &created));
}

fn any_row() -> impl Strategy<Value = Row> {
    let list = || prop::collection::vec(prop::option::of("[ab]{0,2}"), 0..4);
    let image = || prop::collection::btree_map(0..3u16, list(), 0..4);
    let operations = vec![Operation::Create, Operation::Update, Operation::Delete];
    (prop::sample::select(operations), image(), image()).prop_map(|(operation, old, new)| Row {
        operation,
        old,
        new,
    })
}

fn any_arg() -> impl Strategy<Value = TargetArg> {
    let images = vec![RowImage::Old, RowImage::New, RowImage::Both];
    prop_oneof![
        Just(TargetArg::Any),
        Just(TargetArg::Literal("l".into())),
        (prop::sample::select(images), any::<bool>(), 0..3u16)
            .prop_map(|(image, each, field)| TargetArg::Row(path(image, each, field))),
    ]
}

proptest! {
    /// Against the definition: for each image the product of the values, without repetition.
    #[test]
    fn names_the_product_of_each_image(row in any_row(), args in prop::collection::vec(any_arg(), 0..4)) {
        let mut expected: Vec<String> = Vec::new();
        for image in [Image::Old, Image::New] {
            let mut rows: Vec<Vec<String>> = vec![Vec::new()];
            for arg in &args {
                let values = match arg {
                    TargetArg::Any => vec!["*".to_owned()],
                    TargetArg::Literal(text) => vec![text.clone()],
                    TargetArg::Row(path) => {
                        let image = match path.image {
                            RowImage::Old => Image::Old,
                            RowImage::New => Image::New,
                            RowImage::Both => image,
                        };
                        let mut values = Vec::new();
                        row.values(image, &path.path, &mut |value| {
                            values.push(value.unwrap_or("null").to_owned());
                        });
                        values.truncate(if path.each { usize::MAX } else { 1 });
                        values
                    }
                };
                rows = rows
                    .iter()
                    .flat_map(|row| values.iter().map(move |value| [&row[..], core::slice::from_ref(value)].concat()))
                    .collect();
            }
            for row in rows {
                let text = row.join(",");
                if !expected.contains(&text) {
                    expected.push(text);
                }
            }
        }
        prop_assert_eq!(named(level(args), &row), expected);
    }
}
