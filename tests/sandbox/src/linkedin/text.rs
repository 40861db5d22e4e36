//! Little text: the format of commentary, with hashtags, mentions, and reserved characters to escape.

use super::urn::Urn;
use crate::state::{Platform, State};

const RESERVED: &str = "|{}@[]()<>#\\*_~";

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Words(String),
    Hashtag(String),
    Mention { name: String, urn: Urn },
}

/// Takes a text apart. At a reserved character that is not escaped it ends, or goes on with the
/// character as it is.
pub(super) fn parse(text: &str, truncate: bool) -> Vec<Piece> {
    let (mut pieces, mut words) = (Vec::new(), String::new());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if let Some((piece, after)) = special(rest) {
            flush(&mut pieces, &mut words);
            pieces.push(piece);
            rest = after;
            continue;
        }
        let escaped = if next == '\\' { rest.chars().nth(1).filter(|c| RESERVED.contains(*c)) } else { None };
        if escaped.is_none() && truncate && RESERVED.contains(next) {
            break;
        }
        let shown = escaped.unwrap_or(next);
        words.push(shown);
        rest = &rest[shown.len_utf8() + usize::from(escaped.is_some())..];
    }
    flush(&mut pieces, &mut words);
    pieces
}

fn flush(pieces: &mut Vec<Piece>, words: &mut String) {
    if !words.is_empty() {
        pieces.push(Piece::Words(std::mem::take(words)));
    }
}

/// The hashtag or mention that a text starts with, and what follows it.
fn special(text: &str) -> Option<(Piece, &str)> {
    if let Some(rest) = text.strip_prefix('#') {
        let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        return (end > 0).then(|| (Piece::Hashtag(rest[..end].to_owned()), &rest[end..]));
    }
    if let Some(rest) = text.strip_prefix("{hashtag|") {
        let rest = rest.strip_prefix("\\#|").or_else(|| rest.strip_prefix("＃|"))?;
        let (word, rest) = until(rest, '}')?;
        return (!word.is_empty()).then_some((Piece::Hashtag(word), rest));
    }
    let (name, rest) = until(text.strip_prefix("@[")?, ']')?;
    let (urn, rest) = rest.strip_prefix('(')?.split_once(')')?;
    let urn = Urn::read(urn, &["organization", "person"], "/commentary").ok()?;
    Some((Piece::Mention { name, urn }, rest))
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

/// Turns mentions of nobody, or by another name than theirs, into words.
pub(super) fn resolve(state: &State, pieces: Vec<Piece>) -> Vec<Piece> {
    let known = |name: &str, urn: &Urn| {
        let account = state.account(Platform::Linkedin, &urn.id);
        account.is_some_and(|account| account.name == name && Urn::of(account) == *urn)
    };
    let resolved = pieces.into_iter().map(|piece| match piece {
        Piece::Mention { name, urn } if !known(&name, &urn) => Piece::Words(name),
        other => other,
    });
    resolved.collect()
}

/// The text as a reader sees it.
pub(super) fn shown(pieces: &[Piece]) -> String {
    let parts = pieces.iter().map(|piece| match piece {
        Piece::Words(words) => words.clone(),
        Piece::Hashtag(word) => format!("#{word}"),
        Piece::Mention { name, .. } => name.clone(),
    });
    parts.collect()
}

/// The names that a reader sees as links.
pub(super) fn mentions(pieces: &[Piece]) -> Vec<&str> {
    let names = pieces.iter().filter_map(|piece| match piece {
        Piece::Mention { name, .. } => Some(name.as_str()),
        _ => None,
    });
    names.collect()
}

/// The text as the API gives it back.
pub(super) fn stored(pieces: &[Piece]) -> String {
    let parts = pieces.iter().map(|piece| match piece {
        Piece::Words(words) => escape(words),
        Piece::Hashtag(word) => format!("{{hashtag|\\#|{}}}", escape(word)),
        Piece::Mention { name, urn } => format!("@[{}]({urn})", escape(name)),
    });
    parts.collect()
}

fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if RESERVED.contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_shown_without_escapes_and_end_where_one_is_missing() {
        let cases = [
            ("plain, & fine.\nnext", "plain, & fine.\nnext"),
            ("\\(a\\) \\_b\\_ \\\\ \\#", "(a) _b_ \\ #"),
            ("see #rust and {hashtag|\\#|axum\\_web}!", "see #rust and #axum_web!"),
            ("{hashtag|＃|日本語}", "#日本語"),
            ("hi @[Ann (B)](urn:li:person:x1-_) there", "hi Ann (B) there"),
            ("cut (here)", "cut "),
            ("cut_here", "cut"),
            ("C# too", "C"),
            ("a \\n b", "a "),
            ("mail me@example.com", "mail me"),
            ("{hashtag|x|y}", ""),
        ];

        for (text, expected) in cases {
            assert_eq!(shown(&parse(text, true)), expected, "{text}");
        }
        assert_eq!(shown(&parse("not (cut) \\n", false)), "not (cut) \\n");
        assert_eq!(stored(&parse("#tag \\(x\\)", true)), "{hashtag|\\#|tag} \\(x\\)");
    }
}
