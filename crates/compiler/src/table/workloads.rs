//! The properties of workloads.

use super::{Row, Rule};
use crate::lower::workloads::WorkloadDraft;
use crate::lower::{draws, faults, workloads, writes};

/// How often values are drawn.
const DRAW: &str =
    "NAME [PERCENT of] COUNT | zipf(ALPHA, COUNT) | uniform(COUNT) | choice(VALUE PERCENT, …)";

pub(crate) static WORKLOAD: &[Rule<WorkloadDraft>] = &[
    Rule::new(
        Row::new("duration", "DURATION", "How long it lasts", "duration 1h").always(),
        workloads::duration,
    ),
    Rule::new(
        Row::new(
            "requests",
            "RATE [poisson | constant] { METHOD \"/path\" [weight NUMBER] [NAME POPULARITY …] }",
            "A stream of requests: how many, independent of each other or evenly spaced, and what they ask for",
            "requests 200/s poisson { GET \"/articles/{slug}\" slug zipf(1.0, 50_000) }",
        )
        .left_out("`poisson`; a weight is 1")
        .repeats()
        .block(),
        workloads::requests,
    ),
    Rule::new(
        Row::new(
            "user",
            ".FIELD [PERCENT of] COUNT | zipf(ALPHA, COUNT) | uniform(COUNT) | choice(VALUE PERCENT, …)",
            "Who is logged in: the share of the requests that are, and of how many users",
            "user.id 5% of 20_000",
        )
        .left_out("nobody")
        .repeats(),
        draws::user,
    ),
    Rule::new(
        Row::new(
            "header",
            DRAW,
            "The values of a request header; the name alone will do, too",
            "header accept-language choice(en 70%, de 30%)",
        )
        .left_out("absent")
        .repeats(),
        draws::carried,
    ),
    Rule::new(
        Row::new(
            "cookie",
            DRAW,
            "The values of a cookie",
            "cookie currency choice(EUR 80%, USD 20%)",
        )
        .left_out("absent")
        .repeats(),
        draws::carried,
    ),
    Rule::new(
        Row::new(
            "query",
            DRAW,
            "The values of a query parameter",
            "query page zipf(1.5, 20)",
        )
        .left_out("absent")
        .repeats(),
        draws::carried,
    ),
    Rule::new(
        Row::new(
            "attr",
            DRAW,
            "The values of an attribute",
            "attr plan choice(free 90%, pro 10%)",
        )
        .left_out("absent")
        .repeats(),
        draws::carried,
    ),
    Rule::new(
        Row::new(
            "data",
            "NAME [COUNT of] POPULARITY",
            "The values of a `data` name; a route's parameter stands for its own popularity",
            "data headlines 10 of slug",
        )
        .repeats(),
        draws::data,
    ),
    Rule::new(
        Row::new(
            "write",
            "MODEL create | update | delete RATE [poisson | constant] [FIELD POPULARITY …] [changes FIELD, …] | MODEL OPERATION from METHOD \"/path\"",
            "A stream of writes: which rows, and which fields an update changes (left out: all that are not drawn); or which requests of a log are writes",
            "write Article update 0.2/s slug zipf(1.2, 50_000)",
        )
        .repeats(),
        writes::write,
    ),
    Rule::new(
        Row::new(
            "at",
            "DURATION surge FACTOR [over DURATION] for DURATION [on METHOD \"/path\"] | flush BACKEND | outage BACKEND for DURATION | outage ORIGIN for DURATION | restart process NUMBER | deploy",
            "Something that happens so long after the beginning",
            "at 20m surge 10x over 30s for 2m",
        )
        .repeats(),
        faults::at,
    ),
];
