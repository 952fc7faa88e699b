use super::*;
use crate::fixture::dimension;
use proptest::prelude::*;

fn header(name: &str, domain: Domain, otherwise: Option<&str>) -> Dimension {
    Dimension {
        domain,
        otherwise: otherwise.map(Into::into),
        ..dimension(name, Carrier::Header(name.into()))
    }
}

fn strings(values: &[&str]) -> Vec<String> {
    values.iter().map(|&value| value.into()).collect()
}

const ABSENT: Normalised<'static> = Normalised::Absent;
const OUTSIDE: Normalised<'static> = Normalised::Outside;

fn value(value: &str) -> Normalised<'_> {
    Normalised::Value(value)
}

#[test]
fn values_absence_and_coercion() {
    let mut currency = dimension("currency", Carrier::Cookie("currency".into()));
    assert_eq!(normalise(&currency, None), ABSENT);
    assert_eq!(normalise(&currency, Some("")), value(""));
    currency.domain = Domain::Values(strings(&["EUR", "USD"]));
    assert_eq!(normalise(&currency, None), ABSENT);
    assert_eq!(normalise(&currency, Some("USD")), value("USD"));
    for raw in ["usd", "", " USD", "GBP"] {
        assert_eq!(normalise(&currency, Some(raw)), OUTSIDE, "{raw}");
    }
    currency.otherwise = Some("EUR".into());
    assert_eq!(normalise(&currency, None), value("EUR"));
    assert_eq!(normalise(&currency, Some("GBP")), OUTSIDE);
    currency.coerce = true;
    assert_eq!(normalise(&currency, Some("GBP")), value("EUR"));
    currency.otherwise = None;
    assert_eq!(normalise(&currency, Some("GBP")), ABSENT);
}

#[test]
fn headers_lose_their_spaces_and_hosts_their_case() {
    let rsc = header("rsc", Domain::Values(strings(&["1"])), None);
    assert_eq!(normalise(&rsc, Some(" 1\t")), value("1"));
    let host = header("host", Domain::Values(strings(&["Example.org"])), None);
    assert_eq!(normalise(&host, Some("EXAMPLE.ORG")), value("Example.org"));
    assert_eq!(normalise(&host, Some("example.org:80")), OUTSIDE);
}

#[test]
fn ranges_take_the_usual_form_only() {
    let mut page = dimension("page", Carrier::Query("page".into()));
    page.domain = Domain::Range { low: -5, high: 200 };
    for raw in ["0", "1", "200", "-5", "10"] {
        assert_eq!(normalise(&page, Some(raw)), value(raw));
    }
    for raw in [
        "201",
        "-6",
        "01",
        "00",
        "-0",
        "+1",
        " 1",
        "1 ",
        "1.0",
        "1e2",
        "",
        "-",
        "--1",
        "١",
        "99999999999999999999",
    ] {
        assert_eq!(normalise(&page, Some(raw)), OUTSIDE, "{raw}");
    }
}

#[test]
fn languages() {
    let offers = strings(&["en", "fr", "de", "pt-BR", "zh-Hant"]);
    let language = header("accept-language", Domain::Negotiated(offers), Some("en"));
    for (raw, expected) in [
        ("de", "de"),
        ("de-CH, en;q=0.5", "de"),
        ("DE-ch-1901", "de"),
        ("ja", "en"),
        ("", "en"),
        ("*", "en"),
        ("ja, *;q=0.1", "en"),
        ("en;q=0, *", "fr"),
        ("fr;q=0.3, de;q=0.8, en;q=0.1", "de"),
        ("fr, de", "fr"),
        ("pt", "pt-BR"),
        ("pt-PT, fr;q=0.1", "fr"),
        ("zh-Hant-x-private", "zh-Hant"),
        ("zh-Hans", "en"),
        ("d", "en"),
        ("de;q=0, de-CH", "en"),
        ("de;q=1.5, fr;q=0.2", "fr"),
        ("de;q=, fr;q=0.2", "fr"),
        ("de ; Q = 0.100 , fr;q=0.2", "fr"),
        (";;;,,,=,q=1", "en"),
        ("é-ü;q=é", "en"),
    ] {
        assert_eq!(normalise(&language, Some(raw)), value(expected), "{raw}");
    }
    let offers = strings(&["en-GB", "de-AT", "de"]);
    let language = header("accept-language", Domain::Negotiated(offers), None);
    for (raw, expected) in [
        ("de", value("de")),
        ("de-CH", value("de")),
        ("en-GB, en;q=0", value("en-GB")),
        ("en", value("en-GB")),
        ("*", value("en-GB")),
        ("ja", OUTSIDE),
        ("de;q=0, de-AT;q=0", OUTSIDE),
    ] {
        assert_eq!(normalise(&language, Some(raw)), expected, "{raw}");
    }
    assert_eq!(normalise(&language, None), ABSENT);
}

#[test]
fn media_types() {
    let offers = strings(&["text/html", "application/json", "text/csv;header=present"]);
    let accept = header(
        "accept",
        Domain::Negotiated(offers),
        Some("application/json"),
    );
    for (raw, expected) in [
        // Firefox, curl, jQuery.
        (
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "text/html",
        ),
        ("*/*", "application/json"),
        (
            "application/json, text/javascript, */*; q=0.01",
            "application/json",
        ),
        ("text/*", "text/html"),
        ("TEXT/HTML;level=1, */*;q=0.1", "application/json"),
        (
            "text/csv;header=present, text/html;q=0.9",
            "text/csv;header=present",
        ),
        ("text/csv", "text/csv;header=present"),
        // RFC 9110, 12.5.1: the most specific range decides.
        (
            "text/*;q=0.3, text/html;q=0.7, application/*;q=0.5",
            "text/html",
        ),
        ("text/html;q=0.2, */*;q=0.9", "application/json"),
        ("*/*, application/json;q=0", "text/html"),
        ("image/png", "application/json"),
        ("text", "application/json"),
        ("", "application/json"),
        ("text/html;q=0.5;ext=1", "text/html"),
    ] {
        assert_eq!(normalise(&accept, Some(raw)), value(expected), "{raw}");
    }
}

#[test]
fn codings() {
    let offers = strings(&["br", "gzip", "identity"]);
    let encoding = header(
        "accept-encoding",
        Domain::Negotiated(offers),
        Some("identity"),
    );
    for (raw, expected) in [
        ("gzip, deflate, br", "br"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("deflate", "identity"),
        ("", "identity"),
        ("gzip;q=0.5, identity", "identity"),
        ("gzip;q=0.001", "gzip"),
        ("gzip;q=0", "identity"),
        ("*;q=0, gzip", "gzip"),
        ("*", "identity"),
        ("*, identity;q=0", "br"),
    ] {
        assert_eq!(normalise(&encoding, Some(raw)), value(expected), "{raw}");
    }
    let offers = strings(&["gzip", "identity"]);
    let strict = header("accept-encoding", Domain::Negotiated(offers), None);
    assert_eq!(normalise(&strict, Some("identity;q=0")), OUTSIDE);
    assert_eq!(normalise(&strict, Some("*;q=0")), OUTSIDE);
    let charset = header(
        "accept-charset",
        Domain::Negotiated(strings(&["UTF-8"])),
        None,
    );
    assert_eq!(normalise(&charset, Some("utf-8;q=0.1")), value("UTF-8"));
    assert_eq!(normalise(&charset, Some("latin1")), OUTSIDE);
}

fn any_dimension() -> impl Strategy<Value = Dimension> {
    let name = prop::sample::select(vec!["accept", "accept-language", "accept-encoding", "x"]);
    let values = prop::collection::vec("[a-z]{1,2}(-[a-z]{1,2})?|[a-z]/[a-z]", 0..4);
    let domain = (any::<bool>(), values).prop_map(|(negotiated, values)| {
        if negotiated {
            Domain::Negotiated(values)
        } else {
            Domain::Values(values)
        }
    });
    (name, domain, prop::option::of("[a-z]{1,2}"), any::<bool>()).prop_map(
        |(name, domain, otherwise, coerce)| Dimension {
            coerce,
            ..header(name, domain, otherwise.as_deref())
        },
    )
}

proptest! {
    #[test]
    fn any_header_gives_a_value_of_the_domain(
        dimension in any_dimension(),
        raw in prop::option::of("\\PC{0,40}|([a-z*]{1,2}[-/;,q=01. *]{1,4}){0,12}"),
    ) {
        let domain = match &dimension.domain {
            Domain::Values(values) | Domain::Negotiated(values) => values,
            Domain::Any | Domain::Range { .. } => unreachable!(),
        };
        match normalise(&dimension, raw.as_deref()) {
            Normalised::Value(value) => prop_assert!(
                domain.iter().any(|own| own == value) || dimension.otherwise.as_deref() == Some(value)
            ),
            Normalised::Absent => prop_assert!(dimension.otherwise.is_none()),
            Normalised::Outside => prop_assert!(raw.is_some() && !dimension.coerce),
        }
    }

    #[test]
    fn more_elements_than_are_read_do_no_harm(count in 0usize..200) {
        let offers = strings(&["de"]);
        let language = header("accept-language", Domain::Negotiated(offers), Some("en"));
        let raw = format!("de;q=0.1{}", ", fr".repeat(count));
        prop_assert_eq!(normalise(&language, Some(&raw)), value("de"));
    }
}
