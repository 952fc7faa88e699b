//! The artefact: a compiled policy as a file, which a service loads without the compiler.
//!
//! JSON, so that it can be looked at and compared:
//! `{"cachepolicy": <schema>, "tool": <version>, "checksum": <hash>, "policy": …}`. The checksum is
//! [`crate::hash`] of the tool's version and the policy in its own compact form: laying the file out
//! anew does not change it, anything else does. It finds damage, not forgery.

use crate::hash::StableHasher;
use crate::policy::Policy;
use crate::validate::{Inconsistency, validate};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

/// The schema that this version writes, and the only one that it reads.
pub const SCHEMA: u64 = 1;

/// Bytes of an artefact at most.
pub const MAX_BYTES: usize = 64 << 20;

/// Why an artefact cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ArtefactError {
    /// Something else.
    #[error("is no artefact of cachepolicy: `cachepolicy compile` makes one from a policy")]
    NotAnArtefact,
    /// Of a later schema.
    #[error(
        "was compiled by a newer version of cachepolicy (artefact schema {schema}, this one reads \
         {SCHEMA}): compile again or upgrade"
    )]
    Newer {
        /// Its schema.
        schema: u64,
    },
    /// Of a schema that was never released.
    #[error("names the artefact schema {schema}, which does not exist: compile again")]
    UnknownSchema {
        /// Its schema.
        schema: u64,
    },
    /// It ends too early.
    #[error("is truncated: it ends within the policy (line {line}); compile again")]
    Truncated {
        /// Its last line.
        line: usize,
    },
    /// It is no JSON, or not of an artefact's form.
    #[error("is damaged (line {line}, column {column}: {reason}); compile again")]
    Malformed {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What the reader says.
        reason: String,
    },
    /// The content is not what was written.
    #[error("is damaged: its checksum does not match its content; compile again")]
    Checksum,
    /// Its parts do not fit together.
    #[error("is inconsistent ({0}); compile again")]
    Inconsistent(#[from] Inconsistency),
    /// Longer than [`MAX_BYTES`].
    #[error("has more than {} MiB", MAX_BYTES >> 20)]
    TooLarge,
}

#[derive(Serialize)]
struct Written<'p> {
    cachepolicy: u64,
    tool: &'p str,
    checksum: String,
    policy: &'p Policy,
}

#[derive(Deserialize)]
struct Read {
    tool: String,
    checksum: String,
    policy: Policy,
}

/// What all schemas have in common.
#[derive(Deserialize)]
struct Head {
    cachepolicy: Option<u64>,
    policy: Option<IgnoredAny>,
}

/// A policy as an artefact; the same policy always gives the same text.
///
/// # Errors
/// If the policy is inconsistent, which one from the compiler is not.
pub fn encode(policy: &Policy) -> Result<String, ArtefactError> {
    validate(policy)?;
    let tool = env!("CARGO_PKG_VERSION");
    let written = Written {
        cachepolicy: SCHEMA,
        tool,
        checksum: checksum(tool, policy)?,
        policy,
    };
    let mut text = serde_json::to_string_pretty(&written).map_err(malformed)?;
    text.push('\n');
    if text.len() > MAX_BYTES {
        return Err(ArtefactError::TooLarge);
    }
    Ok(text)
}

/// The policy of an artefact. Whatever the bytes are: the policy that was written, or an error.
///
/// # Errors
/// If it is no artefact, of another schema, truncated, damaged or inconsistent.
pub fn decode(bytes: &[u8]) -> Result<Policy, ArtefactError> {
    if bytes.len() > MAX_BYTES {
        return Err(ArtefactError::TooLarge);
    }
    if !looks_like_one(bytes) {
        return Err(ArtefactError::NotAnArtefact);
    }
    let head: Head = serde_json::from_slice(bytes).map_err(malformed)?;
    match (head.cachepolicy, head.policy) {
        (Some(SCHEMA), Some(_)) => {}
        (Some(schema), _) if schema > SCHEMA => return Err(ArtefactError::Newer { schema }),
        (Some(schema), _) if schema < SCHEMA => {
            return Err(ArtefactError::UnknownSchema { schema });
        }
        _ => return Err(ArtefactError::NotAnArtefact),
    }
    let read: Read = serde_json::from_slice(bytes).map_err(malformed)?;
    if checksum(&read.tool, &read.policy)? != read.checksum {
        return Err(ArtefactError::Checksum);
    }
    validate(&read.policy)?;
    Ok(read.policy)
}

/// Does it begin as an artefact does? The name of the format is the first key; a JSON tool may have
/// put other white space before it, or other keys.
fn looks_like_one(bytes: &[u8]) -> bool {
    let start = bytes.get(..bytes.len().min(4096)).unwrap_or_default();
    let is_object = start
        .iter()
        .find(|byte| !byte.is_ascii_whitespace())
        .is_some_and(|byte| *byte == b'{');
    let name = b"\"cachepolicy\"";
    is_object && start.windows(name.len()).any(|window| window == name)
}

fn checksum(tool: &str, policy: &Policy) -> Result<String, ArtefactError> {
    let mut hasher = StableHasher::new();
    hasher.write_text(tool);
    serde_json::to_writer(&mut hasher, policy).map_err(malformed)?;
    Ok(hasher.to_hex())
}

fn malformed(error: serde_json::Error) -> ArtefactError {
    if error.is_eof() {
        return ArtefactError::Truncated { line: error.line() };
    }
    // The reader names the place itself, behind its reason.
    let text = error.to_string();
    let reason = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(reason, _)| reason);
    ArtefactError::Malformed {
        line: error.line(),
        column: error.column(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests;
