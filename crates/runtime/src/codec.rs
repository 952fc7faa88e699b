//! How values become bytes, for stores outside of the process.

use crate::entry::Shared;
use core::fmt::Debug;
use std::any::type_name;
use std::marker::PhantomData;
use std::sync::Arc;

/// A value that cannot be written, or bytes that are none.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CodecError(pub String);

/// How the values of a level become bytes and values again.
///
/// What one version of a service wrote another one reads: bytes that are no value of the type are a miss
/// and counted. A codec that cannot tell, as [`Postcard`] with fields that changed their order, needs
/// another `version` of the backend in the policy when the type changes.
pub trait Codec<T>: Send + Sync + 'static {
    /// Its name: copies that another codec wrote are misses.
    fn name(&self) -> &'static str;

    /// A value as bytes.
    ///
    /// # Errors
    /// The value cannot be written; then it is not kept.
    fn encode(&self, value: &T) -> Result<Vec<u8>, CodecError>;

    /// Bytes as a value.
    ///
    /// # Errors
    /// They are none.
    fn decode(&self, bytes: &[u8]) -> Result<T, CodecError>;
}

/// Bytes, as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes;

impl Codec<Vec<u8>> for Bytes {
    fn name(&self) -> &'static str {
        "bytes"
    }

    fn encode(&self, value: &Vec<u8>) -> Result<Vec<u8>, CodecError> {
        Ok(value.clone())
    }

    fn decode(&self, bytes: &[u8]) -> Result<Vec<u8>, CodecError> {
        Ok(bytes.to_vec())
    }
}

/// JSON: larger and slower than [`Postcard`], can be read in the store, and fields can come and go.
#[cfg(feature = "json")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Json;

#[cfg(feature = "json")]
impl<T: serde::Serialize + serde::de::DeserializeOwned> Codec<T> for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn encode(&self, value: &T) -> Result<Vec<u8>, CodecError> {
        serde_json::to_vec(value).map_err(|error| CodecError(error.to_string()))
    }

    fn decode(&self, bytes: &[u8]) -> Result<T, CodecError> {
        serde_json::from_slice(bytes).map_err(|error| CodecError(error.to_string()))
    }
}

/// Postcard: small and fast; fields have no names.
#[cfg(feature = "postcard")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Postcard;

#[cfg(feature = "postcard")]
impl<T: serde::Serialize + serde::de::DeserializeOwned> Codec<T> for Postcard {
    fn name(&self) -> &'static str {
        "postcard"
    }

    fn encode(&self, value: &T) -> Result<Vec<u8>, CodecError> {
        postcard::to_stdvec(value).map_err(|error| CodecError(error.to_string()))
    }

    fn decode(&self, bytes: &[u8]) -> Result<T, CodecError> {
        postcard::from_bytes(bytes).map_err(|error| CodecError(error.to_string()))
    }
}

/// The codec of a level, whatever the type of its values.
pub(crate) trait AnyCodec: Send + Sync + Debug {
    /// Of the codec.
    fn name(&self) -> &'static str;
    fn encode(&self, value: &Shared) -> Result<Vec<u8>, CodecError>;
    fn decode(&self, bytes: &[u8]) -> Result<Shared, CodecError>;
}

/// A codec and the type that it is of.
pub(crate) struct Typed<T, C> {
    codec: C,
    of: PhantomData<fn() -> T>,
}

impl<T, C> From<C> for Typed<T, C> {
    fn from(codec: C) -> Self {
        Self {
            codec,
            of: PhantomData,
        }
    }
}

impl<T, C> Debug for Typed<T, C> {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str(type_name::<C>())
    }
}

impl<T: Send + Sync + 'static, C: Codec<T>> AnyCodec for Typed<T, C> {
    fn name(&self) -> &'static str {
        self.codec.name()
    }

    fn encode(&self, value: &Shared) -> Result<Vec<u8>, CodecError> {
        let Some(value) = value.downcast_ref::<T>() else {
            return Err(CodecError(format!("it is no {}", type_name::<T>())));
        };
        self.codec.encode(value)
    }

    fn decode(&self, bytes: &[u8]) -> Result<Shared, CodecError> {
        Ok(Arc::new(self.codec.decode(bytes)?))
    }
}
