//! A policy and a trace.
#![no_main]

use cachepolicy_fuzz::named;
use cachepolicy_tests::fuzzing::Target;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use std::sync::LazyLock;

static TARGET: LazyLock<Target> = LazyLock::new(|| named("simulate"));

fuzz_target!(|bytes: &[u8]| TARGET.check(bytes));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    cachepolicy_fuzz::mutate(data, size, max_size, seed)
});
