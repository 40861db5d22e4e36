//! Takes a `multipart/related` upload apart: a JSON document, and the file behind it.

use serde_json::Value;

use crate::blob::Blob;

/// The two parts of an upload in one call.
pub(super) struct Related {
    pub(super) resource: Value,
    /// Type that the file claims to have.
    pub(super) content_type: String,
    pub(super) file: Blob,
}

/// Reads the parts. Lines may end in either way, since Python's library sends bare line feeds.
pub(super) fn parse(content_type: &str, body: &Blob) -> Result<Related, String> {
    let delimiter = format!("--{}", boundary(content_type).ok_or("the content type names no boundary")?);
    let kept = body.kept();
    let first = find(kept, delimiter.as_bytes()).ok_or("the body holds no part")? + delimiter.len();
    let (kind, start) = head(kept, first).ok_or("the first part has no end of headers")?;
    if !kind.starts_with("application/json") {
        return Err(format!("the first part must be JSON, not `{kind}`"));
    }
    let end = start + find(&kept[start..], delimiter.as_bytes()).ok_or("the body holds a single part")?;
    let resource = serde_json::from_slice(&kept[start..end]).map_err(|error| error.to_string())?;
    let (content_type, start) = head(kept, end + delimiter.len()).ok_or("the second part has no end of headers")?;
    let end = file_end(body, start, &delimiter)?;
    Ok(Related { resource, content_type, file: body.part(start as u64, end) })
}

fn boundary(content_type: &str) -> Option<&str> {
    let parameters = content_type.split(';').map(str::trim);
    let value = parameters.into_iter().find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.eq_ignore_ascii_case("boundary").then_some(value)
    })?;
    Some(value.trim_matches('"')).filter(|value| !value.is_empty())
}

/// The content type that a part's headers give, and where its content begins.
fn head(bytes: &[u8], at: usize) -> Option<(String, usize)> {
    let rest = bytes.get(at..)?;
    let ends = [find(rest, b"\r\n\r\n").map(|end| (end, end + 4)), find(rest, b"\n\n").map(|end| (end, end + 2))];
    let (end, after) = ends.into_iter().flatten().min()?;
    let headers = String::from_utf8_lossy(&rest[..end]).into_owned();
    let kind = headers.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-type").then(|| value.trim().to_ascii_lowercase())
    });
    Some((kind.unwrap_or_default(), at + after))
}

/// Where the file ends: before the closing line, which a large body no longer holds but still counts.
fn file_end(body: &Blob, start: usize, delimiter: &str) -> Result<u64, String> {
    let (kept, closing) = (body.kept(), format!("{delimiter}--"));
    if body.length() > kept.len() as u64 {
        return Ok(body.length() - closing.len() as u64 - 2);
    }
    let mut places = kept[start..].windows(closing.len());
    let end = start + places.rposition(|place| place == closing.as_bytes()).ok_or("the body has no closing line")?;
    let line_end = if kept[start..end].ends_with(b"\r\n") { 2 } else { 1 };
    Ok(end.saturating_sub(line_end).max(start) as u64)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|place| place == wanted)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn both_line_ends_and_quoted_boundaries_are_read() {
        let cases = [
            (
                "multipart/related; boundary=x",
                "--x\r\nContent-Type: application/json\r\n\r\n{\"a\":1}\r\n--x\r\ncontent-type: video/mp4\r\n\r\nfilm\r\n\r\n--x--",
            ),
            (
                "multipart/related; boundary=\"=x=\"",
                "--=x=\nContent-Type: application/json\nMIME-Version: 1.0\n\n{\"a\":1}\n--=x=\nContent-Type: video/mp4\n\nfilm\r\n\n--=x=--\n",
            ),
        ];

        for (kind, body) in cases {
            let related = parse(kind, &Blob::from(Bytes::from(body))).unwrap();
            assert_eq!(related.resource["a"], 1);
            assert_eq!(related.content_type, "video/mp4");
            assert_eq!(related.file.kept(), b"film\r\n");
        }
    }

    #[test]
    fn bodies_without_boundary_parts_or_end_are_refused() {
        let whole = Blob::from(Bytes::from("--x\r\nContent-Type: application/json\r\n\r\n{}\r\n--x\r\n\r\nfilm"));
        for kind in ["multipart/related", "multipart/related; boundary=y", "multipart/related; boundary=x"] {
            assert!(parse(kind, &whole).is_err(), "{kind}");
        }
    }
}
