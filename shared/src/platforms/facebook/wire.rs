//! What the Graph API's answers have in common: pages of lists, and ids and numbers that come as text or as numbers.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// One page of a list.
#[derive(Deserialize)]
pub(in crate::platforms) struct Page<T> {
    /// What is on it.
    pub(in crate::platforms) data: Vec<T>,
    #[serde(default)]
    paging: Paging,
}

#[derive(Default, Deserialize)]
struct Paging {
    #[serde(default)]
    next: Option<String>,
    #[serde(default)]
    cursors: Cursors,
}

#[derive(Default, Deserialize)]
struct Cursors {
    #[serde(default)]
    after: Option<String>,
}

impl<T> Page<T> {
    /// The cursor of the page that follows; the last page has a cursor as well, but no link.
    pub(in crate::platforms) fn next(&self) -> Option<String> {
        self.paging.next.as_ref().and(self.paging.cursors.after.clone())
    }
}

/// An id that may be absent, null, empty, a text or a number.
pub(super) fn id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(id) if !id.is_empty() => Some(id),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    })
}

/// A count of bytes that may be absent, null, a text or a number.
pub(super) fn bytes<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(number(&Value::deserialize(from)?))
}

/// A number that may be written as text.
pub(super) fn number(value: &Value) -> Option<u64> {
    match value {
        Value::String(digits) => digits.trim().parse().ok(),
        other => other.as_u64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Read {
        #[serde(deserialize_with = "id")]
        post_id: Option<String>,
        #[serde(deserialize_with = "bytes")]
        start_offset: Option<u64>,
    }

    #[test]
    fn ids_and_offsets_are_read_in_every_spelling() {
        let cases = [
            (r#"{"post_id":"12_3","start_offset":"52428800"}"#, Some("12_3"), Some(52_428_800)),
            (r#"{"post_id":122100000000001,"start_offset":7}"#, Some("122100000000001"), Some(7)),
            (r#"{"post_id":null,"start_offset":null}"#, None, None),
            (r#"{"post_id":"","start_offset":"soon"}"#, None, None),
            ("{}", None, None),
        ];
        for (text, post_id, start_offset) in cases {
            let read: Read = serde_json::from_str(text).unwrap();

            assert_eq!(read, Read { post_id: post_id.map(str::to_owned), start_offset }, "{text}");
        }
    }
}
