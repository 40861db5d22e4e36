//! Text the way X counts it and shows it: weights, links, and the t.co form in answers.

use serde_json::{Value, json};

/// Weight of any link, whatever its length.
const LINK_WEIGHT: u32 = 23;
const TRAILING: &[char] = &['.', ',', ';', ':', '!', '?', '\'', '"', ')', ']', '}'];
/// Endings that make a bare domain a link; with a scheme any alphabetic ending does.
const KNOWN_ENDINGS: &[&str] = &[
    "app", "at", "biz", "ch", "co", "com", "de", "dev", "edu", "eu", "fr", "gov", "info", "io", "it", "jp", "net", "nl", "org",
    "uk", "us",
];

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Words(&'a str),
    Link(&'a str),
}

/// Splits a text into links and what stands between them.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut words_from, mut at) = (0, 0);
    let mut previous = ' ';
    while let Some(next) = text[at..].chars().next() {
        // A link cannot start within a word, a mention, a tag or an e-mail address.
        let inside = previous.is_ascii_alphanumeric() || "@#$_-./".contains(previous);
        let length = if inside { 0 } else { link_length(&text[at..]) };
        if length == 0 {
            previous = next;
            at += next.len_utf8();
            continue;
        }
        if words_from < at {
            pieces.push(Piece::Words(&text[words_from..at]));
        }
        pieces.push(Piece::Link(&text[at..at + length]));
        at += length;
        words_from = at;
        previous = 'x';
    }
    if words_from < text.len() {
        pieces.push(Piece::Words(&text[words_from..]));
    }
    pieces
}

/// How many bytes of a link `text` starts with.
fn link_length(text: &str) -> usize {
    let lower: String = text.chars().take(8).collect::<String>().to_ascii_lowercase();
    let scheme = ["https://", "http://"].into_iter().find(|scheme| lower.starts_with(scheme));
    let from = scheme.map_or(0, str::len);
    let rest = &text[from..];
    let host_char = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.' || scheme.is_some() && c.is_alphanumeric();
    let host = &rest[..rest.find(|c| !host_char(c)).unwrap_or(rest.len())];
    let host = host.trim_end_matches('.');
    let Some((name, ending)) = host.rsplit_once('.') else { return 0 };
    let ending_fits = match scheme {
        Some(_) => ending.len() >= 2 && ending.bytes().all(|byte| byte.is_ascii_alphabetic()),
        None => KNOWN_ENDINGS.contains(&ending.to_ascii_lowercase().as_str()),
    };
    let after = &rest[host.len()..];
    if name.is_empty() || !ending_fits || after.starts_with('@') {
        return 0;
    }
    from + host.len() + tail_length(after)
}

/// Port, path and query after the host, without closing punctuation.
fn tail_length(after: &str) -> usize {
    if !after.starts_with(['/', ':', '?']) {
        return 0;
    }
    let end = after.find(|c: char| !c.is_ascii_graphic() || "<>\"".contains(c));
    after[..end.unwrap_or(after.len())].trim_end_matches(TRAILING).len()
}

/// The weighted length; above 280 a post is refused.
pub(super) fn weighted_length(text: &str) -> u32 {
    pieces(text)
        .iter()
        .map(|piece| match piece {
            Piece::Link(_) => LINK_WEIGHT,
            Piece::Words(words) => words_weight(words),
        })
        .sum()
}

fn words_weight(words: &str) -> u32 {
    let chars: Vec<char> = words.chars().collect();
    let mut weight = 0;
    let mut index = 0;
    while index < chars.len() {
        let sequence = emoji_length(&chars[index..]);
        if sequence > 0 {
            weight += 2;
            index += sequence;
        } else {
            weight += char_weight(chars[index]);
            index += if composes(&chars[index..]) { 2 } else { 1 };
        }
    }
    weight
}

/// Letters that become one character with the mark after them when X normalises the text (NFC).
const COMPOSED: &[(char, &str)] = &[
    ('\u{300}', "AEINOUWYaeinouwy"),
    ('\u{301}', "ACEGIKLMNOPRSUWYZacegiklmnoprsuwyz"),
    ('\u{302}', "ACEGHIJOSUWYZaceghijosuwyz"),
    ('\u{303}', "AEINOUVYaeinouvy"),
    ('\u{308}', "AEHIOUWXYaehiotuwxy"),
    ('\u{30a}', "AUauwy"),
    ('\u{30c}', "ACDEGHIKLNORSTUZacdeghijklnorstuz"),
    ('\u{327}', "CDEGHKLNRSTcdeghklnrst"),
];

fn composes(chars: &[char]) -> bool {
    let [letter, mark, ..] = chars else { return false };
    COMPOSED.iter().any(|(known, letters)| known == mark && letters.contains(*letter))
}

fn char_weight(c: char) -> u32 {
    match u32::from(c) {
        0..=0x10ff | 0x2000..=0x200d | 0x2010..=0x201f | 0x2032..=0x2037 => 1,
        _ => 2,
    }
}

/// How many characters of one emoji the slice starts with: flags, keycaps, skin tones, joins.
fn emoji_length(chars: &[char]) -> usize {
    let flag = |c: &char| ('\u{1f1e6}'..='\u{1f1ff}').contains(c);
    match chars {
        [first, second, ..] if flag(first) && flag(second) => return 2,
        ['0'..='9' | '#' | '*', '\u{fe0f}', '\u{20e3}', ..] => return 3,
        [first, '\u{fe0f}', ..] if char_weight(*first) == 2 => {}
        [first, ..] if pictograph(*first) => {}
        _ => return 0,
    }
    let mut length = 1;
    while let Some(next) = chars.get(length) {
        match next {
            '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' => length += 1,
            '\u{200d}' if chars.get(length + 1).is_some_and(|c| char_weight(*c) == 2) => {
                length += 2;
            }
            _ => break,
        }
    }
    length
}

fn pictograph(c: char) -> bool {
    matches!(u32::from(c), 0x1f000..=0x1faff | 0x2600..=0x27bf)
}

/// Whether a text holds a character that X never accepts.
pub(super) fn has_invalid_characters(text: &str) -> bool {
    text.contains(['\u{fffe}', '\u{feff}', '\u{ffff}'])
}

/// A text the way X gives it back.
pub(super) struct Shown {
    pub(super) text: String,
    /// `entities.urls`, with positions counted in characters of the shown text.
    pub(super) urls: Vec<Value>,
}

/// Escapes a text, replaces its links, and appends the link to the media, if any.
pub(super) fn show(text: &str, post_id: &str, media_link: Option<&str>) -> Shown {
    let mut shown = Shown { text: String::new(), urls: Vec::new() };
    for piece in pieces(text) {
        match piece {
            Piece::Words(words) => shown.text.push_str(&escape(words)),
            Piece::Link(link) => {
                let has_scheme = link.to_ascii_lowercase().starts_with("http");
                let expanded = if has_scheme { link.to_owned() } else { format!("http://{link}") };
                push_link(&mut shown, post_id, &expanded);
            }
        }
    }
    if let Some(media_link) = media_link {
        if !shown.text.is_empty() {
            shown.text.push(' ');
        }
        push_link(&mut shown, post_id, media_link);
    }
    shown
}

fn push_link(shown: &mut Shown, post_id: &str, expanded: &str) {
    let seed = format!("{post_id} {}", shown.urls.len());
    let short = format!("https://t.co/{}", &crate::control::made_up("link", &seed)[..10]);
    let start = shown.text.chars().count();
    let display = expanded.split_once("://").map_or(expanded, |(_, rest)| rest);
    let display: String =
        if display.chars().count() > 27 { display.chars().take(26).chain(['…']).collect() } else { display.to_owned() };
    shown.urls.push(json!({
        "start": start,
        "end": start + short.chars().count(),
        "url": short,
        "expanded_url": expanded,
        "display_url": display,
    }));
    shown.text.push_str(&short);
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_agree_with_the_contract() {
        let cases = [
            ("a\u{301}", 1),
            ("日本語", 6),
            ("한국어", 6),
            ("👍🏽", 2),
            ("👨‍👩‍👧‍👦", 2),
            ("🇨🇭", 2),
            ("1️⃣", 2),
            ("‼️", 2),
            ("example.com", 23),
            ("https://example.com.", 24),
            ("see http://a.co ok", 30),
            ("中文example.com中文", 31),
            ("http://例え.jp/ab", 23),
            ("user@example.com", 16),
            ("foo.notatld", 11),
            ("https://localhost:3000/x", 24),
            ("#hashtag @user", 14),
            ("…", 2),
            ("’", 1),
            ("€", 2),
            ("ก", 1),
        ];

        for (text, expected) in cases {
            assert_eq!(weighted_length(text), expected, "{text}");
        }
        assert_eq!(weighted_length(&"a".repeat(281)), 281);
    }

    #[test]
    fn shown_text_is_escaped_and_its_links_are_replaced() {
        let shown = show("a & b https://example.com/x?y=1 <c>", "1", Some("https://x.com/p"));

        assert!(shown.text.starts_with("a &amp; b https://t.co/"));
        assert!(shown.text.contains(" &lt;c&gt; https://t.co/"));
        assert_eq!(shown.urls[0]["expanded_url"], "https://example.com/x?y=1");
        assert_eq!(shown.urls[0]["start"], 10);
        assert_eq!(shown.urls[0]["end"], 33);
    }
}
