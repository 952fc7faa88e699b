//! Whole responses as bytes, for stores that several processes share.
//!
//! ```text
//! 1 · status · came · age · fresh for · windows · never stale · selected · headers · content
//! 2 · names of the fields that tell variants apart
//! ```
//!
//! Whoever writes to the store can write anything: what cannot be a response is none.

use crate::codec::{Codec, CodecError};
use crate::http::stored::{Answer, Made, Stored};
use crate::wire::{Reader, put_bytes, put_text};
use cachepolicy_core::units::Time;
use cachepolicy_http::Selected;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::sync::Arc;

const RESPONSE: u8 = 1;
const VARIANTS: u8 = 2;

/// "It does not say", of a number of seconds.
const UNSAID: u64 = u64::MAX;

/// How the layer's levels are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Responses;

impl Codec<Made> for Responses {
    fn name(&self) -> &'static str {
        "cachepolicy-response-1"
    }

    fn encode(&self, made: &Made) -> Result<Vec<u8>, CodecError> {
        let written = match &made.answer {
            Answer::Whole(stored) => write(stored),
            Answer::Varies(names) => write_names(names),
            Answer::Passing(_) => None,
        };
        written.ok_or_else(|| CodecError("it is no response that can be kept".to_owned()))
    }

    fn decode(&self, bytes: &[u8]) -> Result<Made, CodecError> {
        let mut reader = Reader::new(bytes);
        let answer = match reader.u8() {
            Some(RESPONSE) => read(&mut reader).map(|it| Answer::Whole(Arc::new(it))),
            Some(VARIANTS) => read_names(&mut reader).map(Answer::Varies),
            _ => None,
        };
        let answer = answer.ok_or_else(|| CodecError("that is no response".to_owned()))?;
        Ok(Made::from_store(answer))
    }
}

fn write(stored: &Stored) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(stored.body.len() + 1024);
    bytes.push(RESPONSE);
    bytes.extend(stored.status.as_u16().to_le_bytes());
    bytes.extend(stored.came.nanos().to_le_bytes());
    bytes.extend(stored.age.to_le_bytes());
    for seconds in [stored.fresh_for, stored.while_revalidate, stored.if_error] {
        bytes.extend(seconds.unwrap_or(UNSAID).to_le_bytes());
    }
    bytes.push(u8::from(stored.never_stale));
    let selected = stored.selected.fields();
    bytes.extend(u32::try_from(selected.len()).ok()?.to_le_bytes());
    for (name, values) in selected {
        put_text(&mut bytes, name)?;
        bytes.push(u8::from(values.is_some()));
        let values = values.as_deref().unwrap_or_default();
        bytes.extend(u32::try_from(values.len()).ok()?.to_le_bytes());
        for value in values {
            put_text(&mut bytes, value)?;
        }
    }
    bytes.extend(u32::try_from(stored.headers.len()).ok()?.to_le_bytes());
    for (name, value) in &stored.headers {
        put_text(&mut bytes, name.as_str())?;
        put_bytes(&mut bytes, value.as_bytes())?;
    }
    bytes.extend_from_slice(&stored.body);
    Some(bytes)
}

fn read(reader: &mut Reader<'_>) -> Option<Stored> {
    let status = StatusCode::from_u16(reader.u16()?).ok()?;
    let came = Time::from_nanos(reader.i64()?);
    let age = reader.u64()?;
    let mut said = || Some(Some(reader.u64()?).filter(|it| *it != UNSAID));
    let (fresh_for, while_revalidate, if_error) = (said()?, said()?, said()?);
    let never_stale = reader.u8()? != 0;
    let mut selected = Vec::new();
    for _ in 0..reader.u32()? {
        let name = reader.text()?.to_owned();
        let is_there = reader.u8()? != 0;
        let mut values = Vec::new();
        for _ in 0..reader.u32()? {
            values.push(reader.text()?.to_owned());
        }
        selected.push((name, is_there.then_some(values)));
    }
    let mut headers = HeaderMap::new();
    for _ in 0..reader.u32()? {
        let name = HeaderName::from_bytes(reader.bytes()?).ok()?;
        let value = HeaderValue::from_bytes(reader.bytes()?).ok()?;
        headers.try_append(name, value).ok()?;
    }
    Some(Stored {
        status,
        headers,
        body: reader.rest().to_vec().into(),
        selected: Selected::from_fields(selected),
        came,
        age,
        fresh_for,
        never_stale,
        while_revalidate,
        if_error,
    })
}

fn write_names(names: &[String]) -> Option<Vec<u8>> {
    let mut bytes = vec![VARIANTS];
    bytes.extend(u32::try_from(names.len()).ok()?.to_le_bytes());
    for name in names {
        put_text(&mut bytes, name)?;
    }
    Some(bytes)
}

fn read_names(reader: &mut Reader<'_>) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for _ in 0..reader.u32()? {
        names.push(reader.text()?.to_owned());
    }
    reader.rest().is_empty().then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use proptest::prelude::*;

    fn stored() -> Stored {
        let mut headers = HeaderMap::new();
        headers.append("vary", HeaderValue::from_static("lang, currency"));
        headers.append("x", HeaderValue::from_static("1"));
        headers.append(
            "x",
            HeaderValue::from_bytes(b"\xff\"").unwrap_or(HeaderValue::from_static("")),
        );
        let mut request = HeaderMap::new();
        request.append("lang", HeaderValue::from_static("en, fr"));
        Stored {
            status: StatusCode::NOT_FOUND,
            selected: Selected::of(&headers, &request).unwrap_or_default(),
            headers,
            body: Bytes::from_static(b"\0whole"),
            came: Time::from_nanos(-7),
            age: 3,
            fresh_for: None,
            never_stale: true,
            while_revalidate: Some(7),
            if_error: None,
        }
    }

    fn again(bytes: &[u8]) -> Option<Vec<u8>> {
        let made = Responses.decode(bytes).ok()?;
        Responses.encode(&made).ok()
    }

    #[test]
    fn a_response_comes_back_as_it_was() {
        let bytes = write(&stored()).unwrap_or_default();
        let back = read(&mut Reader::new(&bytes[1..]));
        assert_eq!(format!("{back:?}"), format!("{:?}", Some(stored())));
        let names = write_names(&["lang".to_owned()]).unwrap_or_default();
        assert_eq!(again(&names), Some(names));
    }

    #[test]
    fn what_is_cut_off_is_no_response_or_a_shorter_one() {
        let bytes = write(&stored()).unwrap_or_default();
        let content = b"\0whole".len();
        for cut in 0..bytes.len() {
            assert_eq!(again(&bytes[..cut]).is_some(), cut >= bytes.len() - content);
        }
        assert_eq!(again(&[3]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(
            place in any::<prop::sample::Index>(),
            with in proptest::collection::vec(any::<u8>(), 0..9),
        ) {
            let mut bytes = write(&stored()).unwrap_or_default();
            let place = place.index(bytes.len());
            let end = (place + with.len()).min(bytes.len());
            bytes.splice(place..end, with);
            if let Some(same) = again(&bytes) {
                prop_assert_eq!(again(&same), Some(same));
            }
        }
    }
}
