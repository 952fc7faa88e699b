//! What the fuzzer's programs share.

use cachepolicy_tests::fuzzing::{Target, mutate_sections, target};
use rand_pcg::Pcg64;
use rand_pcg::rand_core::SeedableRng as _;

/// The target of that name.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn named(name: &str) -> Target {
    target(name).unwrap_or_else(|| panic!("there is no target `{name}`"))
}

/// The target that reads traces of the format that the variable `FORMAT` names; without it, of the
/// format that their content tells.
#[must_use]
pub fn trace() -> Target {
    match std::env::var("FORMAT") {
        Ok(format) => named(&format!("trace-{format}")),
        Err(_) => named("trace"),
    }
}

/// Changes an input whose first section is JSON so that it stays JSON, every other time; all others
/// as libFuzzer does.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let changed = data
        .get(..size)
        .filter(|_| seed.is_multiple_of(2))
        .and_then(|bytes| mutate_sections(bytes, &mut Pcg64::seed_from_u64(u64::from(seed))));
    match changed {
        Some(changed) if changed.len() <= max_size.min(data.len()) => {
            data[..changed.len()].copy_from_slice(&changed);
            changed.len()
        }
        _ => libfuzzer_sys::fuzzer_mutate(data, size, max_size),
    }
}
