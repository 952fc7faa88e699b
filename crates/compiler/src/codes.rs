//! Every diagnostic that the language has.

/// A diagnostic.
#[derive(Debug)]
pub struct CodeDoc {
    /// Its stable code.
    pub code: &'static str,
}

/// All.
pub static CODES: [CodeDoc; 0] = [];
