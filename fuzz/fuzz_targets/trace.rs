//! A trace, of the format that the variable `FORMAT` names or of the one that its content tells.
#![no_main]

use cachepolicy_tests::fuzzing::Target;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static TARGET: LazyLock<Target> = LazyLock::new(cachepolicy_fuzz::trace);

fuzz_target!(|bytes: &[u8]| TARGET.check(bytes));
