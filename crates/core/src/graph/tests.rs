use super::*;
use crate::expr::Expr;
use crate::fixture::{contain, dimension, level, pattern, policy, routed, stored};
use crate::level::{Contain, Read, ReadBinding};
use crate::policy::{Carrier, Place};

const USER: DimensionId = DimensionId(0);
const ROLE: DimensionId = DimensionId(1);
const LANG: DimensionId = DimensionId(2);
const PAGE: DimensionId = DimensionId(3);

fn with_dimensions(levels: Vec<Level>) -> Policy {
    let mut policy = policy(levels);
    policy.dimensions = vec![
        dimension("user.id", Carrier::User("id".into())),
        dimension("user.role", Carrier::User("role".into())),
        dimension("lang", Carrier::Header("accept-language".into())),
        dimension("page", Carrier::Query("page".into())),
    ];
    policy.dimensions[0].personal = true;
    policy.dimensions[1].by = Some(USER);
    policy
}

fn given(level: u16, args: Vec<ValueSource>) -> Contain {
    Contain {
        args,
        ..contain(level)
    }
}

fn reads(model: u16, value: ValueSource) -> Read {
    Read {
        model: ModelId(model),
        bindings: vec![ReadBinding {
            field: crate::ids::FieldId(0),
            value,
            each: false,
        }],
        fields: None,
        place: Place::default(),
    }
}

fn ids(levels: impl IntoIterator<Item = LevelId>) -> Vec<u16> {
    levels.into_iter().map(|level| level.0).collect()
}

/// `sidebar(user)` in `home` and in `me`, which the site `public` answers; `admin` is skipped by it.
fn example() -> Vec<Level> {
    let mut list = stored(level(LevelKind::Object, "list"));
    list.reads = vec![reads(1, ValueSource::Param(0))];
    let mut sidebar = stored(level(LevelKind::Fragment, "sidebar"));
    sidebar.params = vec!["user".into()];
    sidebar.key.parts = vec![KeyPart::Value(ValueSource::Param(0))];
    sidebar.contains = vec![contain(0)];
    let mut home = stored(routed(LevelKind::View, "home", "GET /"));
    home.key.parts = vec![KeyPart::Url];
    home.contains = vec![given(1, vec![ValueSource::Dimension(USER)])];
    let mut me = routed(LevelKind::View, "me", "GET /me");
    me.contains = vec![given(1, vec![ValueSource::Dimension(USER)])];
    me.uses = vec![LANG];
    let mut admin = routed(LevelKind::View, "admin", "GET /admin/{x}");
    admin.uses_csrf = true;
    let mut public = stored(routed(LevelKind::Site, "public", "GET /**"));
    public.key.parts = vec![KeyPart::Url];
    public.skip = Some(Expr::Path(pattern("/admin/**")));
    vec![list, sidebar, home, me, admin, public]
}

#[test]
fn containment() {
    let policy = with_dimensions(example());
    let graph = Graph::new(&policy);
    assert_eq!(ids(graph.contained(LevelId(1))), [0]);
    assert_eq!(ids(graph.contained(LevelId(5))), [2, 3]);
    assert_eq!(ids(graph.containers(LevelId(1))), [2, 3]);
    assert_eq!(ids(graph.all_containers(LevelId(0))), [1, 2, 3, 5]);
    assert_eq!(ids(graph.all_containers(LevelId(4))), [] as [u16; 0]);
    assert_eq!(ids(graph.containers(LevelId(77))), [] as [u16; 0]);
}

#[test]
fn dependencies_flow_up() {
    let policy = with_dimensions(example());
    let graph = Graph::new(&policy);
    let of = |level| graph.dependencies(LevelId(level)).unwrap().clone();
    assert_eq!(of(1).dimensions, BTreeSet::new());
    assert_eq!(of(1).models, BTreeSet::from([ModelId(1)]));
    assert_eq!(of(2).dimensions, BTreeSet::from([USER]));
    assert_eq!(of(5).dimensions, BTreeSet::from([USER, LANG]));
    assert!(of(4).csrf && !of(5).csrf);
    assert_eq!(
        graph
            .dependencies_with(LevelId(5), Some(LevelId(2)))
            .dimensions,
        BTreeSet::from([USER])
    );
    assert_eq!(
        graph.dependencies_with(LevelId(5), None),
        Dependencies::default()
    );
}

#[test]
fn what_a_key_does_not_tell_apart() {
    let mut levels = example();
    let uncovered = |levels: &[Level], level| {
        let policy = with_dimensions(levels.to_vec());
        Graph::new(&policy).uncovered(LevelId(level)).to_vec()
    };
    assert_eq!(uncovered(&levels, 2), [USER]);
    assert_eq!(
        uncovered(&levels, 3),
        [] as [DimensionId; 0],
        "it is not stored"
    );
    assert_eq!(uncovered(&levels, 5), [USER, LANG]);
    levels[5].vary = vec![LANG];
    levels[5].skip = Some(Expr::Or(vec![Expr::Present(PAGE), Expr::Present(USER)]));
    assert_eq!(uncovered(&levels, 5), [] as [DimensionId; 0]);
    levels[2]
        .key
        .parts
        .push(KeyPart::Value(ValueSource::Dimension(USER)));
    assert_eq!(uncovered(&levels, 2), [] as [DimensionId; 0]);
}

#[test]
fn a_site_s_copy_depends_on_its_view() {
    let policy = with_dimensions(example());
    let graph = Graph::new(&policy);
    let with = |view| graph.uncovered_with(&policy, LevelId(5), view);
    assert_eq!(with(Some(LevelId(2))), [USER]);
    assert_eq!(with(Some(LevelId(3))), [USER, LANG]);
    assert_eq!(with(None), [] as [DimensionId; 0]);
}

#[test]
fn by_urls_and_parameters_cover() {
    let mut part = stored(level(LevelKind::Fragment, "part"));
    part.params = vec!["owner".into()];
    part.uses = vec![USER, ROLE];
    part.key.parts = vec![KeyPart::Value(ValueSource::Param(0))];
    let mut outer = level(LevelKind::Fragment, "outer");
    outer.params = vec!["who".into()];
    outer.contains = vec![given(0, vec![ValueSource::Param(0)])];
    let mut page = stored(routed(LevelKind::View, "page", "GET /"));
    page.uses = vec![PAGE, ROLE];
    page.key.parts = vec![KeyPart::Url];
    page.contains = vec![given(1, vec![ValueSource::Dimension(USER)])];
    let mut levels = vec![part, outer, page];
    let uncovered = |levels: &[Level], level| {
        let policy = with_dimensions(levels.to_vec());
        Graph::new(&policy).uncovered(LevelId(level)).to_vec()
    };
    // The parameter has the user's value wherever it comes from, and the role follows from it.
    assert_eq!(uncovered(&levels, 0), [] as [DimensionId; 0]);
    assert_eq!(
        uncovered(&levels, 2),
        [USER, ROLE],
        "the URL tells pages apart only"
    );
    levels[2]
        .contains
        .push(given(0, vec![ValueSource::Literal("all".into())]));
    assert_eq!(uncovered(&levels, 0), [USER, ROLE]);
}

#[test]
fn personal_by_what_it_follows() {
    let policy = with_dimensions(Vec::new());
    assert!(is_personal(&policy, USER) && is_personal(&policy, ROLE));
    assert!(!is_personal(&policy, LANG) && !is_personal(&policy, DimensionId(9)));
    let mut cyclic = policy;
    cyclic.dimensions[2].by = Some(PAGE);
    cyclic.dimensions[3].by = Some(LANG);
    assert!(!is_personal(&cyclic, LANG));
}

#[test]
fn a_token_is_shared_where_nothing_personal_is_in_the_key() {
    let mut levels = example();
    levels[1].uses_csrf = true;
    let policy = with_dimensions(levels);
    let graph = Graph::new(&policy);
    let shares = |level| graph.shares_token(&policy, LevelId(level));
    // The sidebar's parameter is the user; the page that it stands in has no user in its key.
    assert_eq!([0, 1, 2, 3].map(shares), [false, false, true, false]);
    assert!(graph.shares_token_with(&policy, LevelId(5), Some(LevelId(2))));
}
