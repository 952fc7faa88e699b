//! A policy's text.
#![no_main]

use cachepolicy_fuzz::named;
use cachepolicy_tests::fuzzing::Target;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static TARGET: LazyLock<Target> = LazyLock::new(|| named("policy"));

fuzz_target!(|bytes: &[u8]| TARGET.check(bytes));
