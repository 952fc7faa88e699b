//! Where output goes: files, full disks, closed pipes; help, completions, manual pages.

use crate::run::{command, data, run};
use std::process::Stdio;

#[test]
fn help_and_version() {
    let help = run(&["--help"]).fine().stdout;
    assert!(
        help.contains("simulate") && help.contains("Examples:"),
        "{help}"
    );
    assert!(
        run(&["--version"])
            .fine()
            .stdout
            .starts_with("cachepolicy ")
    );
    for name in [
        "check",
        "fmt",
        "graph",
        "explain",
        "compile",
        "simulate",
        "completions",
        "man",
    ] {
        let help = run(&[name, "--help"]).fine().stdout;
        assert!(
            help.contains("Usage: cachepolicy") && help.contains("Examples:"),
            "{help}"
        );
    }
    for name in ["info", "generate", "convert"] {
        assert!(
            run(&["trace", name, "--help"])
                .fine()
                .stdout
                .contains("Examples:")
        );
    }
}

#[test]
fn completions_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&["completions", shell]).fine().stdout;
        assert!(script.contains("simulate"), "{shell}");
    }
    run(&["completions", "tcsh"]).ended(2).says("tcsh");
}

#[test]
fn manual_pages() {
    let page = run(&["man", "simulate"]).fine().stdout;
    assert!(page.contains(".TH") && page.contains("warmup"), "{page}");
    assert!(run(&["man"]).fine().stdout.contains("cachepolicy"));
    run(&["man", "trace", "conver"]).ended(2).says("`conver`");
    let folder = tempfile::tempdir().unwrap();
    run(&["man", "-o", folder.path().to_str().unwrap()]).fine();
    let mut pages: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    assert!(
        pages.contains(&"cachepolicy-simulate.1".to_owned()),
        "{pages:?}"
    );
    assert!(
        pages.contains(&"cachepolicy-trace-convert.1".to_owned()),
        "{pages:?}"
    );
}

#[test]
fn output_is_whole_or_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let shop = data("shop.cachepolicy");
    let missing = folder.path().join("no/such/folder.json");
    run(&["compile", &shop, "-o", missing.to_str().unwrap()])
        .ended(2)
        .says("there is no folder");
    run(&["compile", &shop, "-o", folder.path().to_str().unwrap()])
        .ended(2)
        .says("is a directory");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let shop = data("shop.cachepolicy");
    for arguments in [
        ["compile", &shop, "-o", "/dev/full"],
        ["graph", &shop, "-o", "/dev/full"],
        ["simulate", &shop, "-o", "/dev/full"],
        ["simulate", &shop, "--events", "/dev/full"],
    ] {
        run(&arguments)
            .ended(2)
            .says("cannot write `/dev/full`: the disk is full");
    }
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = command(&["compile", &shop]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("the disk is full")
    );
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_ends_it_quietly() {
    let shop = data("shop.cachepolicy");
    let long: [&[&str]; 3] = [
        &["trace", "generate", &shop],
        &["compile", &shop],
        &["completions", "zsh"],
    ];
    for arguments in long {
        let mut child = command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        let messages = String::from_utf8(output.stderr).unwrap();
        assert_eq!(messages, "", "{arguments:?}");
    }
}

#[test]
fn endings_that_no_format_has_are_refused() {
    let shop = data("shop.cachepolicy");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for (command, name, known) in [
        (&["graph", &shop][..], "g.png", "`.svg`"),
        (&["simulate", &shop], "r.pdf", "`.html`"),
        (
            &["compare", &shop, "--with", "price.ttl=1m"],
            "r.pdf",
            "`.md`",
        ),
        (&["curve", &shop], "c.xlsx", "`.csv`"),
        (&["test", &shop], "t.html", "`.xml`"),
        (&["trace", "generate", &shop], "a.parquet", "`.cptrace`"),
    ] {
        let path = file(name);
        let arguments = [command, &["-o", &path]].concat();
        run(&arguments)
            .ended(2)
            .says("nothing is written as")
            .says(known);
        assert!(!std::path::Path::new(&path).exists(), "{path}");
    }
    run(&["graph", &shop, "-o", &file("g.txt")]).fine();
    run(&["graph", &shop, "--format", "svg", "-o", &file("g.picture")]).fine();
}
