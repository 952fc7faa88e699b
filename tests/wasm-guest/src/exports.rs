//! The functions by their names. A panic leaves its message in the output, and traps.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::replay::{Case, run};
use cachepolicy_syntax::{Diagnostic, FileId, FormatError, decode, format, parse};

static INPUT: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static OUTPUT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Formatting succeeded.
const FORMATTED: u32 = 0;
/// The text has mistakes; the output holds their codes.
const MISTAKES: u32 = 1;
/// Formatting would change the text's meaning.
const WOULD_CHANGE: u32 = 2;

fn locked(bytes: &'static Mutex<Vec<u8>>) -> MutexGuard<'static, Vec<u8>> {
    bytes.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(text: String) {
    *locked(&OUTPUT) = text.into_bytes();
}

fn codes(diagnostics: &[Diagnostic]) -> String {
    diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Makes room for an input of so many bytes. The address that the host writes them to.
#[unsafe(no_mangle)]
pub extern "C" fn input_address(length: usize) -> usize {
    let mut input = locked(&INPUT);
    input.clear();
    input.resize(length, 0);
    input.as_ptr().addr()
}

/// Reads the input; the output holds the diagnostics' codes. How many there are.
#[unsafe(no_mangle)]
pub extern "C" fn read() -> u32 {
    let input = locked(&INPUT);
    let parsed = parse(FileId(0), decode(&input).unwrap_or_default());
    answer(codes(&parsed.diagnostics));
    parsed.diagnostics.len() as u32
}

/// Copies, compares and prints the input's tree: all that recurses as deeply as the tree is.
#[unsafe(no_mangle)]
pub extern "C" fn handle() -> u32 {
    let input = locked(&INPUT);
    let file = parse(FileId(0), decode(&input).unwrap_or_default()).file;
    let copy = file.clone();
    answer(format!("{copy:?}"));
    u32::from(copy == file)
}

/// Formats the input into the output: [`FORMATTED`], [`MISTAKES`] or [`WOULD_CHANGE`].
#[unsafe(no_mangle)]
pub extern "C" fn format_input() -> u32 {
    let input = locked(&INPUT);
    match format(FileId(0), decode(&input).unwrap_or_default()) {
        Ok(text) => {
            answer(text);
            FORMATTED
        }
        Err(FormatError::Mistakes(mistakes)) => {
            answer(codes(&mistakes));
            MISTAKES
        }
        Err(FormatError::WouldChange) => WOULD_CHANGE,
    }
}

/// Runs a case, which is a line of JSON, on the trace behind it; the output holds what came of it.
#[unsafe(no_mangle)]
pub extern "C" fn replay() {
    std::panic::set_hook(Box::new(|panic| answer(panic.to_string())));
    let input = locked(&INPUT);
    let line = input.iter().position(|byte| *byte == b'\n');
    let (line, trace) = input.split_at(line.unwrap_or(input.len()));
    let outcome = match serde_json::from_slice::<Case>(line) {
        Ok(case) => run(&case, trace.get(1..).unwrap_or_default()),
        Err(error) => error.to_string().into_bytes(),
    };
    *locked(&OUTPUT) = outcome;
}

/// The address that the host reads the output from.
#[unsafe(no_mangle)]
pub extern "C" fn output_address() -> usize {
    locked(&OUTPUT).as_ptr().addr()
}

/// Bytes of the output.
#[unsafe(no_mangle)]
pub extern "C" fn output_length() -> usize {
    locked(&OUTPUT).len()
}
