//! The service, what its requests carry, and what its levels rest on.

use super::{Row, Rule};
use crate::lower::backends::BackendDraft;
use crate::lower::requests::RequestDraft;
use crate::lower::service::Service;
use crate::lower::{backends, requests, service};
use cachepolicy_core::policy::{Bus, Origin};

pub(crate) static POLICY: &[Rule<Service>] = &[
    Rule::new(
        Row::new(
            "edition",
            "NUMBER",
            "The edition of the language that the file is written in; there is one, 1",
            "edition 1",
        )
        .left_out("1"),
        service::edition,
    ),
    Rule::new(
        Row::new(
            "semantics",
            "http | django \"X.Y\"",
            "Whose rules apply for what may be stored and how keys are encoded: RFC 9111's, or those of Django's cache framework in that version",
            "semantics django \"5.2\"",
        )
        .left_out("`http`"),
        service::semantics,
    ),
    Rule::new(
        Row::new(
            "processes",
            "COUNT",
            "Application processes on all servers together; a `memory` or `disk` backend exists once in each",
            "processes 8",
        )
        .left_out("1"),
        service::processes,
    ),
    Rule::new(
        Row::new(
            "threads",
            "COUNT",
            "Requests that one process serves at the same time; others wait",
            "threads 16",
        )
        .left_out("any number"),
        service::threads,
    ),
];

/// How a dimension is written.
const DIMENSION: &str = "NAME [as ALIAS] [in [VALUE, …] | in A..B | negotiated [VALUE, …]] [else VALUE] [coerce] [personal] [by DIMENSION]";

pub(crate) static REQUEST: &[Rule<RequestDraft>] = &[
    Rule::new(
        Row::new(
            "user",
            ".FIELD [as ALIAS] [in [VALUE, …] | in A..B] [else VALUE] [coerce] [personal] [by DIMENSION]",
            "`user.id` is who is logged in, absent for anonymous requests; `user.FIELD` is another property of theirs",
            "user.id personal",
        )
        .repeats(),
        requests::user,
    ),
    Rule::new(
        Row::new(
            "header",
            DIMENSION,
            "A request header; `negotiated` picks the best of the values by the header's q-values, as RFC 9110, 12.5 says",
            "header accept-language negotiated [en, fr, de] else en",
        )
        .repeats(),
        requests::header,
    ),
    Rule::new(
        Row::new(
            "cookie",
            DIMENSION,
            "A cookie; a real name that is no word stands in quotes and gets an alias",
            "cookie \"__Host-session\" as session personal",
        )
        .repeats(),
        requests::cookie,
    ),
    Rule::new(
        Row::new(
            "query",
            DIMENSION,
            "A query parameter",
            "query page in 1..100 else 1",
        )
        .repeats(),
        requests::query,
    ),
    Rule::new(
        Row::new(
            "attr",
            DIMENSION,
            "Something else that the application, or the trace, says of a request before any look-up",
            "attr plan in [free, pro] else free",
        )
        .repeats(),
        requests::attr,
    ),
    Rule::new(
        Row::new(
            "ignore query",
            "[NAME, PREFIX*, …] | *",
            "Query parameters that no key contains; `*` ignores all that are not declared",
            "ignore query [utm_*, fbclid]",
        )
        .left_out("every parameter is in the key of a level with a route"),
        requests::ignore,
    ),
];

pub(crate) static ORIGIN: &[Rule<Origin>] = &[
    Rule::new(
        Row::new(
            "slots",
            "COUNT",
            "Units of work that it does at the same time; others queue, first come, first served",
            "slots 20",
        )
        .left_out("any number"),
        backends::slots,
    ),
    Rule::new(
        Row::new(
            "rate",
            "RATE [burst COUNT]",
            "How much work may begin: a token bucket that fills at this rate and holds so many tokens",
            "rate 50/s burst 100",
        )
        .left_out("no limit; `burst` is 1"),
        backends::rate,
    ),
    Rule::new(
        Row::new(
            "replica-lag",
            "DURATIONS",
            "How old the data is that it reads, as a replica of a database is behind its primary",
            "replica-lag 50ms max 400ms",
        )
        .left_out("0s"),
        backends::replica_lag,
    ),
    Rule::new(
        Row::new(
            "failure-rate",
            "PERCENT",
            "Share of its work that fails",
            "failure-rate 0.1%",
        )
        .left_out("0%"),
        backends::failure_rate,
    ),
];

pub(crate) static BACKEND: &[Rule<BackendDraft>] = &[
    Rule::new(
        Row::new(
            "capacity",
            "SIZE | COUNT entries",
            "How much each instance of it holds",
            "capacity 2GiB",
        )
        .left_out("no limit"),
        backends::capacity,
    ),
    Rule::new(
        Row::new(
            "evict",
            "lru | fifo | clock | lfu | sieve | s3fifo | arc | wtinylfu | random | redis-lru | redis-lfu | django-locmem | none",
            "Which copies leave when it is full",
            "evict lru",
        )
        .left_out("`lru`"),
        backends::evict,
    ),
    Rule::new(
        Row::new(
            "latency",
            "DURATIONS",
            "How long one look-up takes",
            "latency 400us",
        )
        .left_out("0s"),
        backends::latency,
    ),
    Rule::new(
        Row::new(
            "on-failure",
            "bypass | error [after DURATION]",
            "While it is down: go on without it, or answer with an error; after waiting so long for it",
            "on-failure bypass after 20ms",
        )
        .left_out("`bypass`, at once"),
        backends::on_failure,
    ),
    Rule::new(
        Row::new("prefix", "\"TEXT\"", "Stands before every key", "prefix \"shop\"")
            .left_out("none"),
        backends::prefix,
    ),
    Rule::new(
        Row::new(
            "version",
            "NUMBER",
            "Is part of every key: another number makes every copy unreachable",
            "version 2",
        )
        .left_out("1"),
        backends::version,
    ),
    Rule::new(
        Row::new(
            "pops",
            "COUNT",
            "(`cdn`) points of presence, each with a store of its own",
            "pops 12",
        )
        .left_out("1"),
        backends::pops,
    ),
];

pub(crate) static BUS: &[Rule<Bus>] = &[
    Rule::new(
        Row::new(
            "delivery",
            "in-process | at-most-once [loss PERCENT] | at-least-once",
            "What it promises: a call in the writer's own process; a message that may be lost; one that comes again until it has arrived",
            "delivery at-least-once",
        )
        .always(),
        backends::delivery,
    ),
    Rule::new(
        Row::new(
            "delay",
            "DURATIONS",
            "From the commit to the delivery",
            "delay exp(mean 40ms) max 2s",
        )
        .left_out("0s"),
        backends::delay,
    ),
    Rule::new(
        Row::new(
            "reaches",
            "shared | all-processes",
            "Whether it reaches shared backends only, or the memory of every process too",
            "reaches all-processes",
        )
        .left_out("`shared`"),
        backends::reaches,
    ),
    Rule::new(
        Row::new(
            "tracks",
            "BACKEND [max N]",
            "Carries no edges, but what a `redis` tells its clients (`CLIENT TRACKING`): of each change of a key there, those processes that read it since the last one, for a memory tier above; a message that is lost takes the connection with it, and the process empties that memory. The readers of N keys are remembered (`tracking-table-max-keys`), 1_000_000 if nothing is said",
            "tracks shared",
        )
        .left_out("it carries the deliveries of edges"),
        backends::tracks,
    ),
];
