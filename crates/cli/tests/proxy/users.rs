//! Nobody gets what was made for somebody else, whoever tells the proxy who is who.

use crate::server::{Asked, Origin, Proxy, page};
use std::process::Command;

/// Those who are logged in are left to the application.
const ANONYMOUS: &str = "policy anonymous { edition 1; processes 1 }
request { user.id personal }
backend front proxy
site everything {
  route GET|HEAD \"/**\"
  store front
  ttl 1h
  skip when user.id
  stampede coalesce
}
";

/// A service that tells everybody their cookies and says nothing of it in `Vary`.
fn careless() -> Origin {
    Origin::start(|asked: &Asked| page("", &asked.head))
}

/// What a browser with this line of cookies gets.
fn page_for(proxy: &Proxy, cookies: &[u8]) -> String {
    let mut request = b"GET /me HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n".to_vec();
    if !cookies.is_empty() {
        request.extend([b"Cookie: ", cookies, b"\r\n"].concat());
    }
    request.extend(b"\r\n");
    proxy.raw(&request)
}

/// Several people ask for one page; each sees their own, and those without a name nobody's.
fn nobody_sees_anybody(proxy: &Proxy) {
    let people: [&[u8]; 5] = [
        b"sessionid=alice",
        b"theme=dark; sessionid=bob",
        // Cookies of other software may be in any encoding.
        b"city=K\xf6ln; sessionid=carol",
        b"sessionid=d\xe4ve",
        b"",
    ];
    for cookies in people.into_iter().chain(people) {
        let got = page_for(proxy, cookies);
        for name in ["alice", "bob", "carol", "sessionid=d"] {
            let is_theirs = String::from_utf8_lossy(cookies).contains(name);
            assert_eq!(got.contains(name), is_theirs, "{name}: {got}");
        }
    }
}

#[test]
fn a_cookie_says_who_is_logged_in() {
    let origin = careless();
    let proxy = Proxy::start_with(
        ANONYMOUS,
        &origin,
        &["--identify", "user.id=cookie:sessionid"],
    );
    nobody_sees_anybody(&proxy);
}

#[test]
fn each_has_copies_of_their_own_by_a_cookie() {
    let origin = careless();
    let policy = ANONYMOUS.replace("skip when user.id", "vary user.id");
    let proxy = Proxy::start_with(
        &policy,
        &origin,
        &["--identify", "user.id=cookie:sessionid"],
    );
    nobody_sees_anybody(&proxy);
}

#[test]
fn a_cookie_that_the_policy_declares_keeps_people_apart() {
    let origin = careless();
    let policy = ANONYMOUS.replace("user.id personal", "cookie sessionid personal");
    for condition in ["skip when sessionid", "vary sessionid"] {
        let policy = policy.replace("skip when user.id", condition);
        nobody_sees_anybody(&Proxy::start(&policy, &origin));
    }
}

#[test]
fn a_field_of_a_gateway_says_who_is_logged_in() {
    let origin = careless();
    let proxy = Proxy::start_with(ANONYMOUS, &origin, &["--identify", "user.id=header:x-user"]);
    let get = |field: &str| {
        let request =
            format!("GET /me HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n{field}\r\n");
        proxy.raw(request.as_bytes())
    };
    assert!(get("X-User: alice\r\n").contains("alice"));
    assert!(!get("").contains("alice"));
    assert!(!get("X-User: bob\r\n").contains("alice"));
}

#[test]
fn nobody_who_is_left_out_goes_unseen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.cachepolicy");
    let refused = |policy: &str, more: &[&str]| {
        std::fs::write(&path, policy).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_cachepolicy"))
            .current_dir(&folder)
            .args([
                "proxy",
                "site.cachepolicy",
                "--origin",
                "http://127.0.0.1:9",
            ])
            .args(["--listen", "127.0.0.1:0"])
            .args(more)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let said = refused(ANONYMOUS, &[]);
    assert!(
        said.contains("site.cachepolicy:4: site `everything` depends on `user.id`"),
        "{said}"
    );
    assert!(
        said.contains("--identify user.id=cookie:sessionid"),
        "{said}"
    );
    let said = refused(ANONYMOUS, &["--identify", "user.uid=cookie:sessionid"]);
    assert!(said.contains("did you mean `user.id`?"), "{said}");
    let said = refused(ANONYMOUS, &["--identify", "user.id"]);
    assert!(
        said.contains("such as `user.id=cookie:sessionid`"),
        "{said}"
    );
    let said = refused(ANONYMOUS, &["--identify", "user.id=query:u"]);
    assert!(
        said.contains("a `cookie` or a `header`, not in a `query`"),
        "{said}"
    );
    let redis = ANONYMOUS.replace("front proxy", "front redis");
    let said = refused(&redis, &["--identify", "user.id=cookie:sessionid"]);
    assert!(
        said.contains("site.cachepolicy:3: backend `front` is a `redis`"),
        "{said}"
    );
    assert!(said.contains("`--redis front=redis://127.0.0.1`"), "{said}");
}
