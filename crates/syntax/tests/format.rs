//! How formatted texts look.

#![expect(clippy::unwrap_used, reason = "a failed case must say where")]

use cachepolicy_syntax::limits::MAX_NESTING;
use cachepolicy_syntax::{FileId, FormatError, format, format_with, parse, print};

fn check(text: &str) -> String {
    let formatted = format(FileId(0), text).unwrap();
    assert_eq!(
        format(FileId(0), &formatted).unwrap(),
        formatted,
        "not idempotent"
    );
    formatted
}

#[test]
fn blanks_and_blank_lines() {
    insta::assert_snapshot!(check("\u{feff}\n\n\n  model   A{id;slug}\r\n\r\n\r\n\r\nview a{\n\n\n ttl\t5m;;; cost 1ms\n\n\n store b }"), @r##"
    model A { id; slug }

    view a {
      ttl      5m
      cost     1ms

      store    b
    }
    "##);
    assert_eq!(check(""), "");
    assert_eq!(check(" \n\n# a\n\n\n\n# b   "), "# a\n\n# b\n");
}

#[test]
fn one_line_blocks() {
    let fits = format!("model A {{ {}; b }}\n", "a".repeat(85));
    assert_eq!(check(&fits), fits);
    let wide = format!("model A {{ {}; b }}\n", "a".repeat(86));
    insta::assert_snapshot!(check(&wide), @r##"
    model A {
      aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
      b
    }
    "##);
    insta::assert_snapshot!(check("a { b { c } }\nd { e {\n f } }\ng {\n}\nh { i { # j\n }\n # k\n }"), @r##"
    a { b { c } }
    d {
      e {
        f
      }
    }
    g {}
    h {
      i {  # j
      }
      # k
    }
    "##);
}

#[test]
fn columns() {
    insta::assert_snapshot!(check("view a {\nttl 5m\nstale-while-revalidate 5m\ncontains b\nfence\n\n# c\nhttp { browser 0s }\n}\nmodel A {\n id\nauthor -> Author\n in -> many B }\npolicy a {\nedition 1\n semantics http\n}"), @r##"
    view a {
      ttl      5m
      stale-while-revalidate 5m
      contains b
      fence

      # c
      http     { browser 0s }
    }
    model A {
      id
      author -> Author
      in     -> many B
    }
    policy a {
      edition   1
      semantics http
    }
    "##);
    insta::assert_snapshot!(check("origin db { slots 1 }\nbackend shared redis { capacity 1GiB }\n# c\nbus b { delay 1s } # d\n\non A create|update { purge a }\non Bb create { purge b }\n"), @r##"
    origin  db           { slots 1 }
    backend shared redis { capacity 1GiB }
    # c
    bus     b            { delay 1s }  # d

    on A  create|update { purge a }
    on Bb create        { purge b }
    "##);
    insta::assert_snapshot!(check("on A update {\npurge a(b: *) when changed(c)\nexpire tag \"d:{e}\" cascade when changed(f)\npurge g\n}\nexpect {\nprove no-leak\naccept staleness(a, *) <= 5m\nhit_ratio(a) >= 5%\nx.y <= 1\n}"), @r##"
    on A update {
      purge  a(b: *)             when changed(c)
      expire tag "d:{e}" cascade when changed(f)
      purge  g
    }
    expect {
      prove  no-leak
      accept staleness(a, *) <= 5m
      hit_ratio(a) >= 5%
      x.y          <= 1
    }
    "##);
    insta::assert_snapshot!(check("workload w {\nduration 1h\nrequests 2/s { GET|HEAD \"/\" weight 3 }\nuser.id 5% of 20\nheader accept-language choice(en 70%)\ndata a 5 of b\nwrite A update|create 5/s\nwrite Abc update 1/m\nat 5m flush a\nat 30m deploy }"), @r##"
    workload w {
      duration 1h
      requests 2/s { GET|HEAD "/" weight 3 }
      user.id                  5% of 20
      header accept-language   choice(en 70%)
      data   a                 5 of b
      write  A   update|create 5/s
      write  Abc update        1/m
      at 5m  flush a
      at 30m deploy
    }
    "##);
}

#[test]
fn long_lists() {
    insta::assert_snapshot!(check("view a {\n  contains aaaaaaaaaaaaaaaaaaaa(b: c), bbbbbbbbbbbbbbbbbbbbbbbbbbbbb(each ccccc), dddddddddddddddddddddddddd(e), f\n  uses a\n}"), @r##"
    view a {
      contains aaaaaaaaaaaaaaaaaaaa(b: c), bbbbbbbbbbbbbbbbbbbbbbbbbbbbb(each ccccc),
               dddddddddddddddddddddddddd(e), f
      uses     a
    }
    "##);
    insta::assert_snapshot!(check("request {\n  ignore query [aaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, cccccccccccccccccccc, ddddd_*, e]\n}"), @r##"
    request {
      ignore query [aaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, cccccccccccccccccccc,
                    ddddd_*, e]
    }
    "##);
    insta::assert_snapshot!(check("view a {\n  skip when (aaaaaaaaaaaaaaaaaaaaaaaa == \"bbbbbbbbbbbbbbbbbb\" or cccccccccccccccccccccc and not ddddddddddddddddd or eeeeeeeeeeeeee)\n}"), @r##"
    view a {
      skip     when (aaaaaaaaaaaaaaaaaaaaaaaa == "bbbbbbbbbbbbbbbbbb" or cccccccccccccccccccccc
                     and not ddddddddddddddddd or eeeeeeeeeeeeee)
    }
    "##);
    insta::assert_snapshot!(check("view a {\n  reads Aaaaaaaaaaaaaaaaaaaaaaaaaa(bbbbbbbbbbbbbbb: ccccccccccccccccc, ddddddddddddddddd: eeeeeeeeeee).{fffffffffff, gggggggggg}\n}"), @r##"
    view a {
      reads    Aaaaaaaaaaaaaaaaaaaaaaaaaa(bbbbbbbbbbbbbbb: ccccccccccccccccc,
                                          ddddddddddddddddd: eeeeeeeeeee).{fffffffffff, gggggggggg}
    }
    "##);
    insta::assert_snapshot!(check(&format!("a \"{}\"\nb [\"{}\"]\nc {}, d\n", "x".repeat(100), "y".repeat(100), "z".repeat(100))), @r##"
    a "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
    b ["yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"]
    c zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz,
      d
    "##);
}

#[test]
fn comments() {
    insta::assert_snapshot!(check("# a\nview b { # c\n# d\nttl 5m # e\n\n# f\nstore gggggggg # h\n# i\n} # j\n# k\n"), @r##"
    # a
    view b {  # c
      # d
      ttl      5m  # e

      # f
      store    gggggggg  # h
      # i
    }  # j
    # k
    "##);
    insta::assert_snapshot!(check("a [ # b\nc, # d\n# e\nf # g\n] # h\n"), @r##"
    a [    # b
       c,  # d
       # e
       f  # g
       ]  # h
    "##);
    insta::assert_snapshot!(check("vary a, # b\nc,\n# d\ne # f\n"), @r##"
    vary a,  # b
         c,
         # d
         e  # f
    "##);
    insta::assert_snapshot!(check("a(b: # c\nd) when (e # f\nor # g\nnot h)\n"), @r##"
    a(b:           # c
      d) when (e   # f
               or  # g
               not h)
    "##);
    insta::assert_snapshot!(check("a.{b, # c\nd}.e(# f\n)\n"), @r##"
    a.{b,     # c
       d}.e(  # f
            )
    "##);
}

#[test]
fn mistakes_are_left_as_they_are() {
    let Err(FormatError::Mistakes(mistakes)) = format(FileId(0), "a @\nb {\n") else {
        panic!("formatted")
    };
    assert_eq!(mistakes.len(), 2);
    let trailing = "view a {\n  vary b,\n  ttl 5m\n}\n";
    format_with(FileId(0), trailing, &|_, word| word == "ttl").unwrap_err();
    assert_eq!(
        FormatError::Mistakes(mistakes).to_string(),
        "this file has 2 mistakes and is left as it is"
    );
}

#[test]
fn a_tree_without_a_text_is_printed() {
    let file = parse(FileId(0), "a { b; c { d } }\ne").file;
    insta::assert_snapshot!(print(&file), @r##"
    a {
      b
      c {
        d
      }
    }

    e
    "##);
}

#[test]
fn the_deepest_tree_needs_little_stack() {
    let deep = |open: &str, close: &str| {
        format!(
            "{}a{}\n",
            open.repeat(MAX_NESTING),
            close.repeat(MAX_NESTING)
        )
    };
    let texts = [
        deep("a {\n", "\n}"),
        deep("[", "]"),
        deep("f(x: ", ")"),
        deep("a == (", ")"),
    ];
    let handle = move || {
        for text in texts {
            let file = parse(FileId(0), &text).file;
            assert!(file.clone() == file);
            assert!(format!("{file:?}").len() > MAX_NESTING);
            assert_eq!(parse(FileId(0), &print(&file)).file, file);
        }
    };
    std::thread::Builder::new()
        .stack_size(512 << 10)
        .spawn(handle)
        .unwrap()
        .join()
        .unwrap();
}
