//! Malformed, endless and slow requests.

use crate::GREEDY;
use crate::server::{Origin, Proxy, is_hit, page, status};
use std::io::{Read as _, Write as _};

fn plain() -> (Origin, Proxy) {
    let origin = Origin::start(|_| page("", "right"));
    let proxy = Proxy::start(GREEDY, &origin);
    (origin, proxy)
}

#[test]
fn what_is_no_http_gets_no_further() {
    let (origin, proxy) = plain();
    for bytes in [
        "\r\n\r\nGARBAGE\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        "GET\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        "GET / /b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
        "G\u{fc}T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n : b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nx: \x01\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nx\0y: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1x\r\n\r\na",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
    ] {
        let answer = proxy.raw(bytes.as_bytes());
        let is_refused = answer.is_empty() || status(&answer).starts_with('4');
        assert!(is_refused, "{bytes:?}: {answer}");
    }
    assert!(origin.asked().is_empty(), "{:?}", origin.asked());
    assert!(proxy.get("/").ends_with("right"));
}

#[test]
fn floods_of_fields_are_refused() {
    let (origin, proxy) = plain();
    let many: String = (0..10_000).map(|nth| format!("x{nth}: 1\r\n")).collect();
    let large = format!("x: {}\r\n", "a".repeat(4 << 20));
    let target = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(1 << 20));
    for bytes in [
        format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n"),
        format!("GET / HTTP/1.1\r\nHost: a\r\n{large}\r\n"),
        target,
    ] {
        let answer = proxy.raw(bytes.as_bytes());
        let is_refused = answer.is_empty() || status(&answer).starts_with('4');
        assert!(is_refused, "{}", answer.get(..80).unwrap_or_default());
    }
    assert!(origin.asked().is_empty());
    assert!(proxy.get("/").ends_with("right"));
}

#[test]
fn huge_contents_pass_through_piece_by_piece() {
    const SIZE: usize = 64 << 20;
    let origin = Origin::start(|asked| match asked.target() {
        "/large" => page("", &"x".repeat(SIZE)),
        _ => page("", "right"),
    });
    let proxy = Proxy::start(GREEDY, &origin);
    let mut stream = proxy.connect();
    let head = format!(
        "POST /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {SIZE}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    for _ in 0..SIZE >> 16 {
        stream.write_all(&[b'x'; 1 << 16]).unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("right"));
    assert_eq!(origin.asked().last().unwrap().body, SIZE);
    for _ in 0..2 {
        let answer = proxy.get("/large");
        assert!(answer.len() > SIZE && !is_hit(&answer));
    }
    // What it held of them it has let go, or never had.
    if let Some(peak) = peak_memory(proxy.id()) {
        assert!(peak < SIZE as u64, "{peak} bytes");
    }
}

/// The most memory that a process had, where the system says it.
fn peak_memory(id: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes << 10)
}

#[test]
fn who_is_slow_keeps_nobody_waiting() {
    let (_origin, proxy) = plain();
    let mut slow = Vec::new();
    for begun in [
        "GET / HTTP/1.1\r\nHo",
        "GET / HTTP/1.1\r\nHost: a\r\n",
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc",
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ] {
        for _ in 0..50 {
            let mut stream = proxy.connect();
            stream.write_all(begun.as_bytes()).unwrap();
            slow.push(stream);
        }
    }
    for _ in 0..20 {
        assert!(proxy.get("/").ends_with("right"));
    }
    assert!(is_hit(&proxy.get("/")));
}

#[test]
fn a_service_that_speaks_no_http_is_no_answer() {
    let origin = Origin::start(|asked| match asked.target() {
        "/none" => "GARBAGE\r\n\r\n".to_owned(),
        "/both" => {
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\nabcde".to_owned()
        }
        _ => page("", "right"),
    });
    let proxy = Proxy::start(GREEDY, &origin);
    for target in ["/none", "/both"] {
        assert_eq!(status(&proxy.get(target)), "502", "{target}");
    }
    assert!(proxy.get("/").ends_with("right"));
}
