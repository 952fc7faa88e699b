//! The policy is read again while the proxy answers.

use crate::server::{Origin, Proxy, is_hit, page, status};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

const POLICY: &str = "policy site { edition 1; processes 1 }
backend front proxy
view article(slug) { route GET \"/a/{slug}\"; store front; ttl 1h }
view image(name) { route GET \"/i/{name}\"; store front; ttl 1h }
";

fn numbered() -> Origin {
    let number = AtomicU32::new(0);
    Origin::start(move |_| {
        let number = number.fetch_add(1, Ordering::Relaxed);
        page("vary: lang\r\n", &number.to_string())
    })
}

#[test]
fn copies_stay_whose_keys_did_not_change() {
    let origin = numbered();
    let proxy = Proxy::start(POLICY, &origin);
    proxy.get("/a/1");
    proxy.get("/i/1");
    // Another level before them, another ttl, and another key of one.
    let changed = POLICY
        .replace(
            "view article",
            "view front_page { route GET \"/\"; store front; ttl 1m }\nview article",
        )
        .replace(
            "route GET \"/i/{name}\"; store front; ttl 1h",
            "route GET \"/i/{name}\"; store front; ttl 1h; key \"picture:{name}\"",
        );
    proxy.write(&changed);
    let said = proxy.admin("POST /reload");
    assert_eq!(status(&said), "200", "{said}");
    assert!(said.contains("1 copies in memory stay"), "{said}");
    assert!(is_hit(&proxy.get("/a/1")));
    assert!(!is_hit(&proxy.get("/i/1")));
    // It is removed as before.
    let removed = proxy.admin("POST /purge?url=/a/1&host=shop.example");
    assert!(removed.contains("1 removed"), "{removed}");
    assert!(!is_hit(&proxy.get("/a/1")));
}

#[test]
fn a_life_ends_when_the_new_policy_says_so() {
    let origin = numbered();
    let proxy = Proxy::start(POLICY, &origin);
    proxy.get("/a/1");
    proxy.write(&POLICY.replace("ttl 1h", "ttl 1ms"));
    assert_eq!(status(&proxy.admin("POST /reload")), "200");
    ends(&proxy);
}

/// The copy of an hour is over long before.
fn ends(proxy: &Proxy) {
    let has_ended = (0..600).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        !is_hit(&proxy.get("/a/1"))
    });
    assert!(has_ended, "it still answers by the old policy");
}

#[test]
fn a_broken_policy_is_refused_and_the_old_one_stays() {
    let origin = numbered();
    let proxy = Proxy::start(POLICY, &origin);
    proxy.get("/a/1");
    for (broken, words) in [
        (POLICY.replace("ttl 1h", "tll 1h"), "tll"),
        (POLICY.replace("store front", "store nowhere"), "nowhere"),
        (
            "policy none { edition 1 }\n".to_owned(),
            "nothing that a proxy could answer",
        ),
        (
            POLICY.replace("backend front proxy", "backend front disk"),
            "front",
        ),
    ] {
        proxy.write(&broken);
        let said = proxy.admin("POST /reload");
        assert_eq!(status(&said), "422", "{said}");
        assert!(said.contains(words), "{said}");
        assert!(is_hit(&proxy.get("/a/1")));
    }
}

#[cfg(unix)]
#[test]
fn a_hang_up_reads_it_again() {
    let origin = numbered();
    let proxy = Proxy::start(POLICY, &origin);
    proxy.get("/a/1");
    proxy.write(
        &POLICY
            .replace("policy site", "policy other")
            .replace("ttl 1h", "ttl 1ms"),
    );
    let sent = Command::new("kill")
        .args(["-HUP", &proxy.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    ends(&proxy);
}

#[test]
fn who_is_being_answered_is_answered_to_the_end() {
    let (held, asked) = (
        Arc::new(AtomicBool::new(true)),
        Arc::new(AtomicBool::new(false)),
    );
    let (hold, tell) = (Arc::clone(&held), Arc::clone(&asked));
    let origin = Origin::start(move |_| {
        tell.store(true, Ordering::Release);
        while hold.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_millis(5));
        }
        page("", "right")
    });
    let proxy = Proxy::start(POLICY, &origin);
    std::thread::scope(|scope| {
        let answer = scope.spawn(|| proxy.get("/a/1"));
        while !asked.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_millis(5));
        }
        proxy.write(&POLICY.replace("ttl 1h", "ttl 2h"));
        assert_eq!(status(&proxy.admin("POST /reload")), "200");
        held.store(false, Ordering::Release);
        assert!(answer.join().unwrap().ends_with("right"));
    });
    assert!(proxy.get("/a/1").ends_with("right"));
}
