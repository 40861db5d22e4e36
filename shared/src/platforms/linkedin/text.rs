//! LinkedIn's little text: plain words with hashtags and mentions, every other reserved character escaped.
//!
//! A reserved character that is not escaped makes LinkedIn drop the rest of the text without a word.

use unicode_normalization::UnicodeNormalization;

/// The characters that mean something in little text.
const RESERVED: &str = "|{}@[]()<>#\\*_~";

/// How LinkedIn writes a hashtag when a post is read.
const TEMPLATE: &str = "{hashtag|\\#|";

/// A text as little text. `#word` stays a hashtag, `@[Name](urn:li:organization:1)` and that of a person a mention.
pub(super) fn little(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 16);
    let mut before = ' ';
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if let Some(mention) = Mention::at(rest) {
            written.push_str("@[");
            mention.name.chars().for_each(|c| push(&mut written, c));
            written.push_str("](");
            written.push_str(mention.urn);
            written.push(')');
            before = ')';
            rest = &rest[mention.length..];
            continue;
        }
        let after = &rest[next.len_utf8()..];
        if next == '#' && begins_hashtag(before, after) {
            written.push('#');
        } else {
            push(&mut written, next);
        }
        before = next;
        rest = after;
    }
    written
}

/// Writes a character, escaped where it must be.
fn push(written: &mut String, c: char) {
    if RESERVED.contains(c) {
        written.push('\\');
    }
    written.push(c);
}

/// Whether a `#` between two characters begins a hashtag: not inside a word or an address, a letter or digit after it.
fn begins_hashtag(before: char, after: &str) -> bool {
    !(before.is_alphanumeric() || "_/&#".contains(before)) && after.chars().next().is_some_and(char::is_alphanumeric)
}

/// A mention as people write it.
struct Mention<'a> {
    name: &'a str,
    urn: &'a str,
    length: usize,
}

impl<'a> Mention<'a> {
    /// The mention that a text starts with.
    fn at(text: &'a str) -> Option<Self> {
        let (name, rest) = text.strip_prefix("@[")?.split_once("](")?;
        let (urn, _) = rest.split_once(')')?;
        let id = urn.strip_prefix("urn:li:person:").or_else(|| urn.strip_prefix("urn:li:organization:"))?;
        let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let is_name = !name.is_empty() && !name.contains(['\n', '[', ']']);
        (is_id && is_name).then_some(Self { name, urn, length: "@[](".len() + name.len() + urn.len() + ")".len() })
    }
}

/// Little text as a reader sees it: what is written and what is read back come to the same.
pub(super) fn plain(little: &str) -> String {
    let mut shown = String::with_capacity(little.len());
    let mut rest = little;
    while let Some(next) = rest.chars().next() {
        if let Some((word, after)) = rest.strip_prefix(TEMPLATE).and_then(|rest| until(rest, '}')) {
            shown.push('#');
            shown.push_str(&word);
            rest = after;
        } else if let Some((name, after)) = rest.strip_prefix("@[").and_then(|rest| until(rest, ']'))
            && let Some((_, after)) = after.strip_prefix('(').and_then(|after| after.split_once(')'))
        {
            shown.push_str(&name);
            rest = after;
        } else {
            let escaped = rest.chars().nth(1).filter(|escaped| next == '\\' && RESERVED.contains(*escaped));
            shown.push(escaped.unwrap_or(next));
            rest = &rest[next.len_utf8() + escaped.map_or(0, char::len_utf8)..];
        }
    }
    shown.nfc().collect::<String>().trim().to_owned()
}

/// Everything before the first `end` that is not escaped, without its backslashes, and what follows.
fn until(text: &str, end: char) -> Option<(String, &str)> {
    let mut found = String::new();
    let mut places = text.char_indices();
    while let Some((at, c)) = places.next() {
        match c {
            '\\' => found.push(places.next()?.1),
            c if c == end => return Some((found, &text[at + c.len_utf8()..])),
            c => found.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_characters_are_escaped_and_hashtags_and_mentions_are_kept() {
        let cases = [
            ("plain, & fine.\nnext", "plain, & fine.\nnext"),
            ("a (b) [c] {d} <e> f|g h*i j_k l~m n\\o", r"a \(b\) \[c\] \{d\} \<e\> f\|g h\*i j\_k l\~m n\\o"),
            ("#rust, (#axum) C# #1 # ##two", r"#rust, \(#axum\) C\# #1 \# \#\#two"),
            ("#日本 #snake_case a#b", r"#日本 #snake\_case a\#b"),
            ("https://e.com/a_b#c https://e.com/#d", r"https://e.com/a\_b\#c https://e.com/\#d"),
            ("mail me@example.com", r"mail me\@example.com"),
            ("by @[Ann (B)](urn:li:person:a-1_2)!", r"by @[Ann \(B\)](urn:li:person:a-1_2)!"),
            ("@[Acme](urn:li:organization:5)", "@[Acme](urn:li:organization:5)"),
            ("@[Acme](urn:li:share:5) @[]", r"\@\[Acme\]\(urn:li:share:5\) \@\[\]"),
            (r"{hashtag|\#|x}", r"\{hashtag\|\\\#\|x\}"),
            ("", ""),
        ];
        for (text, written) in cases {
            assert_eq!(little(text), written, "{text}");
        }
    }

    #[test]
    fn what_is_read_back_reads_as_what_was_written() {
        let text = "See #rust_lang (really), a_b \\ and @[Ann (B)](urn:li:person:a1) on https://e.com/#x: 🙂 {x}\n";
        let read_back = r"See {hashtag|\#|rust}\_lang \(really\), a\_b \\ and Ann \(B\) on https://e.com/\#x: 🙂 \{x\}";

        assert_eq!(plain(&little(text)), plain(read_back));
        assert_eq!(plain(&little(text)), "See #rust_lang (really), a_b \\ and Ann (B) on https://e.com/#x: 🙂 {x}");
        assert_eq!(plain("ends with \\"), "ends with \\");
        assert_eq!(plain("é {hashtag|"), "é {hashtag|");
    }
}
