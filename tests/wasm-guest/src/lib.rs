//! What the tests run in WebAssembly. The host needs no glue: it writes the input into memory and
//! reads the output from there. Natively the same functions are called as they are.

pub mod replay;

#[cfg(target_family = "wasm")]
mod exports;
