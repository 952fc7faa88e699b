//! `check`, `fmt`, `compile`, `graph`, `explain`: what reads a policy and writes about it.

use crate::run::{data, run, run_with, write};

const TIDY: &str = "policy a { edition 1 }\n\nbackend shared redis {}\n\nobject price(id) {\n  store    shared\n  ttl      5m\n}\n";

#[test]
fn a_good_policy_passes_in_every_format() {
    let shop = data("shop.cachepolicy");
    let checked = run(&["check", &shop])
        .fine()
        .says("nothing to complain about");
    assert_eq!(checked.stdout, "");
    let json = run(&["check", &shop, "--format", "json"]).fine().json();
    assert_eq!(json["errors"], 0);
    let sarif = run(&["check", &shop, "--format", "sarif"]).fine().json();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 0);
    assert_eq!(
        run(&["check", &shop, "--format", "github"]).fine().stdout,
        ""
    );
}

#[test]
fn every_mistake_is_reported_in_one_run() {
    let broken = data("broken.cachepolicy");
    let checked = run(&["check", &broken])
        .ended(1)
        .says("unknown-property")
        .says("broken.cachepolicy:5:3");
    assert_eq!(checked.stdout, "");
    assert!(
        !checked.stderr.contains('\u{1b}'),
        "no colours where nobody looks"
    );
    let json = run(&["check", &broken, "--format", "json"]).ended(1).json();
    assert!(json["errors"].as_u64().unwrap() >= 2);
    let github = run(&["check", &broken, "--format", "github"]).ended(1);
    assert!(
        github.stdout.starts_with("::error file="),
        "{}",
        github.stdout
    );
    assert!(github.stdout.contains(",line=5,"), "{}", github.stdout);
}

#[test]
fn several_policies_at_once() {
    let (shop, broken) = (data("shop.cachepolicy"), data("broken.cachepolicy"));
    let json = run(&["check", &shop, &broken, &broken, "--format", "json"])
        .ended(1)
        .json();
    let once = run(&["check", &broken, "--format", "json"]).ended(1).json();
    assert_eq!(
        json["errors"], once["errors"],
        "what is said twice is reported once"
    );
}

#[test]
fn what_cannot_be_read_is_exit_status_2() {
    let folder = tempfile::tempdir().unwrap();
    let folder_name = folder.path().to_str().unwrap();
    run(&["check", "nowhere.cachepolicy"])
        .ended(2)
        .says("`nowhere.cachepolicy`: there is no such file");
    run(&["check", folder_name]).ended(2).says("is a directory");
    let binary = write(folder.path(), "binary", &[0, 159, 146, 150, 0, 1]);
    run(&["check", &binary]).ended(2).says("not a text file");
    let latin = write(folder.path(), "latin", b"policy caf\xe9 { edition 1 }\n");
    run(&["check", &latin]).ended(2).says("UTF-8");
    run(&["check", "-", "-"])
        .ended(2)
        .says("standard input can be read only once");
    run(&["check"]).ended(2).says("Usage");
    run(&["chekc"]).ended(2).says("check");
    run(&["check", "--strict", "x"]).ended(2).says("--strict");
    run(&[]).ended(2).says("Usage");
}

#[test]
fn an_empty_file_is_a_policy_that_fails() {
    run_with(&["check", "-"], b"")
        .ended(1)
        .says("empty-file")
        .says("<stdin>:1:1");
}

#[test]
fn deny_and_allow() {
    let folder = tempfile::tempdir().unwrap();
    let unused = format!("{TIDY}\nbackend spare redis {{}}\n");
    let file = write(folder.path(), "a.cachepolicy", unused.as_bytes());
    let json = run(&["check", &file, "--format", "json"]).fine().json();
    assert!(json["warnings"].as_u64().unwrap() > 0, "{json}");
    run(&["check", &file, "--deny", "warnings"]).ended(1);
    run(&["check", &file, "--deny", "unused"]).ended(1);
    let allowed = run(&["check", &file, "--allow", "unused", "--format", "json"])
        .fine()
        .json();
    assert!(allowed["warnings"].as_u64() < json["warnings"].as_u64());
    run(&["check", &file, "--allow", "unsued"])
        .ended(2)
        .says("did you mean `unused`?");
}

#[test]
fn colours_when_asked_for() {
    let broken = data("broken.cachepolicy");
    let coloured = run(&["check", &broken, "--color", "always"]).ended(1);
    assert!(coloured.stderr.contains('\u{1b}'));
    let mut forced = crate::run::command(&["check", &broken]);
    let forced = forced.env("FORCE_COLOR", "1").output().unwrap();
    assert!(forced.stderr.contains(&0x1b));
    let mut refused = crate::run::command(&["check", &broken]);
    let refused = refused
        .env("FORCE_COLOR", "1")
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    assert!(!refused.stderr.contains(&0x1b));
}

#[test]
fn fix_changes_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = TIDY.replace("store    shared\n", "store    shared,\n");
    let file = write(folder.path(), "a.cachepolicy", wrong.as_bytes());
    run(&["check", &file]).ended(1);
    run(&["check", &file, "--fix"])
        .fine()
        .says("1 mistake mended");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), TIDY);
    run(&["check", "-", "--fix"])
        .ended(2)
        .says("standard input");
}

#[test]
fn imports_are_found_beside_their_file() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "backends.cachepolicy",
        b"backend shared redis {}\n",
    );
    let text = TIDY.replace("backend shared redis {}", "import \"backends.cachepolicy\"");
    let file = write(folder.path(), "a.cachepolicy", text.as_bytes());
    run(&["check", &file]).fine();
    let text = text.replace("backends.", "missing.");
    let file = write(folder.path(), "b.cachepolicy", text.as_bytes());
    run(&["check", &file])
        .ended(1)
        .says("there is no such file");
}

#[test]
fn fmt_writes_the_one_layout() {
    let folder = tempfile::tempdir().unwrap();
    let untidy = TIDY.replace("{ edition 1 }", "{edition 1}");
    let file = write(folder.path(), "a.cachepolicy", untidy.as_bytes());
    let named = run(&["fmt", "--check", &file]).ended(1);
    assert_eq!(named.stdout.trim_end(), file);
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        untidy,
        "only checked"
    );
    run(&["fmt", &file]).fine();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), TIDY);
    run(&["fmt", "--check", &file]).fine();
    assert_eq!(
        run_with(&["fmt", "-"], untidy.as_bytes()).fine().stdout,
        TIDY
    );
}

#[test]
fn fmt_leaves_a_file_with_mistakes_alone() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = "policy a {\n  edition   = = 1 }}\n";
    let file = write(folder.path(), "a.cachepolicy", wrong.as_bytes());
    run(&["fmt", &file]).ended(1).says("left as it is");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), wrong);
}

#[test]
fn compile_writes_the_artefact() {
    let folder = tempfile::tempdir().unwrap();
    let shop = data("shop.cachepolicy");
    let artefact = run(&["compile", &shop]).fine();
    assert!(artefact.json().is_object());
    let file = folder.path().join("shop.json");
    run(&["compile", &shop, "-o", file.to_str().unwrap()]).fine();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), artefact.stdout);
    let changed = run(&["compile", &shop, "--set", "product.ttl=5m"]).fine();
    assert_ne!(changed.stdout, artefact.stdout);
    run(&["compile", &shop, "--set", "product.tll=5m"])
        .ended(1)
        .says("--set product.tll=5m");
    run(&["compile", &data("broken.cachepolicy"), "-o", "never.json"])
        .ended(1)
        .says("2 errors");
    assert!(!std::path::Path::new("never.json").exists());
}

#[test]
fn graph_in_every_format() {
    let shop = data("shop.cachepolicy");
    let tree = run(&["graph", &shop]).fine().stdout;
    assert!(tree.contains("view product_page"), "{tree}");
    assert!(tree.contains("└─ purge"), "{tree}");
    assert!(
        run(&["graph", &shop, "--format", "dot"])
            .fine()
            .stdout
            .starts_with("digraph")
    );
    assert!(
        run(&["graph", &shop, "--format", "mermaid"])
            .fine()
            .stdout
            .starts_with("flowchart")
    );
    let svg = run(&["graph", &shop, "--format", "svg"]).fine().stdout;
    assert!(
        svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"),
        "{svg}"
    );
    let json = run(&["graph", &shop, "--format", "json"]).fine().json();
    let relations: Vec<_> = json["edges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| &edge["relation"])
        .collect();
    for relation in ["contains", "reads", "invalidates", "stored-in", "costs-on"] {
        assert!(
            relations.contains(&&relation.into()),
            "{relation} in {relations:?}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.svg");
    run(&["graph", &shop, "-o", file.to_str().unwrap()]).fine();
    assert_eq!(
        std::fs::read_to_string(file).unwrap(),
        svg,
        "by the ending of its name"
    );
}

#[test]
fn explain_a_diagnostic() {
    let page = run(&["explain", "unknown-property"]).fine().stdout;
    assert!(page.starts_with("unknown-property (error)"), "{page}");
    assert!(run(&["explain"]).fine().stdout.contains("unknown-property"));
    assert_eq!(
        run(&["explain", "unused", "--format", "json"])
            .fine()
            .json()["code"],
        "unused"
    );
    run(&["explain", "unknown-propety"])
        .ended(2)
        .says("did you mean `unknown-property`?");
    run(&["explain", &data("shop.cachepolicy")])
        .ended(2)
        .says("Give a URL");
}

#[test]
fn explain_a_request() {
    let shop = data("shop.cachepolicy");
    let arguments = [
        "explain",
        &shop,
        "/p/teapot?utm_source=x",
        "--cookie",
        "currency=USD",
    ];
    let text = run(&arguments).fine().stdout;
    assert!(text.contains("slug = teapot"), "{text}");
    let json = run(&[&arguments[..], &["--format", "json"]].concat())
        .fine()
        .json();
    let page = &json["levels"][0];
    assert_eq!(page["level"], "product_page");
    assert!(page["key"].as_str().unwrap().contains("USD"), "{page}");
    assert!(
        !page["key"].as_str().unwrap().contains("utm_source"),
        "{page}"
    );
    assert_eq!(page["tags"][0], "product:teapot");
    assert_eq!(json["levels"][1]["level"], "product");
    assert_eq!(json["levels"][1]["params"][0][1], "teapot");

    for near in ["p/teapot", "/p/teapot/"] {
        let text = run(&["explain", &shop, near]).fine().stdout;
        assert!(
            text.contains("a view answers `/p/teapot`, and not this path"),
            "{text}"
        );
    }

    let known = run(&["explain", &shop, "/p/x", "--user", "17", "--format", "json"])
        .fine()
        .json();
    assert!(
        known["levels"][0]["bypass"]
            .as_str()
            .unwrap()
            .contains("skip"),
        "{known}"
    );
    let outside = [
        "explain",
        &shop,
        "/p/x",
        "--header",
        "Cookie: currency=GBP",
        "--format",
        "json",
    ];
    let outside = run(&outside).fine().json();
    assert_eq!(outside["dimensions"][1]["outside"], true);
    assert!(
        outside["levels"][0]["bypass"]
            .as_str()
            .unwrap()
            .contains("domain"),
        "{outside}"
    );
    assert!(
        run(&["explain", &shop, "/elsewhere"])
            .fine()
            .stdout
            .contains("no view answers")
    );
    run(&["explain", &shop, "/p/x", "--header", "nonsense"])
        .ended(2)
        .says("a header is");
}

#[test]
fn explain_a_write() {
    let shop = data("shop.cachepolicy");
    let arguments = ["explain", &shop, "--write", "Product update slug=cup:mug"];
    let json = run(&[&arguments[..], &["--format", "json"]].concat())
        .fine()
        .json();
    let actions = json["edges"][0]["actions"].as_array().unwrap();
    let keys: Vec<_> = actions
        .iter()
        .flat_map(|action| action["keys"].as_array().unwrap())
        .collect();
    assert_eq!(keys.len(), 2, "{json}");
    assert!(keys[0].as_str().unwrap().contains("cup") && keys[1].as_str().unwrap().contains("mug"));
    let tags: Vec<_> = actions
        .iter()
        .flat_map(|action| action["tags"].as_array().unwrap())
        .collect();
    assert_eq!(tags, ["product:cup", "product:mug"]);
    let open = run(&["explain", &shop, "--write", "Product delete price=3"])
        .fine()
        .stdout;
    assert!(open.contains("{slug}"), "{open}");
    run(&["explain", &shop, "--write", "Produkt update"])
        .ended(2)
        .says("did you mean `Product`?");
    run(&["explain", &shop, "--write", "Product drop"])
        .ended(2)
        .says("`drop`");
    run(&["explain", &shop, "--write", "Product update slgu=a"])
        .ended(2)
        .says("did you mean `slug`?");
}
