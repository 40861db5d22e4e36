//! Mentions and cashtags in a text.

/// The user names that a text mentions, without the sign.
pub(super) fn mentions(text: &str) -> Vec<&str> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    signs(text, '@').filter(|(before, _)| !before.is_some_and(word)).map(|(_, rest)| start(rest, word)).collect()
}

/// Whether a text mentions a user.
pub(super) fn mentions_user(text: &str, username: &str) -> bool {
    mentions(text).iter().any(|name| name.eq_ignore_ascii_case(username))
}

/// How many cashtags a text has: a dollar sign, up to six letters, and perhaps a share class.
pub(super) fn cashtags(text: &str) -> usize {
    let tag = |(before, rest): &(Option<char>, &str)| {
        let symbol = start(rest, |c| c.is_ascii_alphabetic());
        let after = rest[symbol.len()..].chars().next();
        before.is_none_or(|c| !c.is_alphanumeric() && !"$@#_".contains(c))
            && (1..=6).contains(&symbol.len())
            && after.is_none_or(|c| !c.is_alphanumeric())
    };
    signs(text, '$').filter(tag).count()
}

/// Every place of a sign: the character before it, and the text after it.
fn signs(text: &str, sign: char) -> impl Iterator<Item = (Option<char>, &str)> {
    text.match_indices(sign).map(move |(at, _)| (text[..at].chars().next_back(), &text[at + sign.len_utf8()..]))
}

/// The longest beginning of fitting characters.
fn start(text: &str, fits: impl Fn(char) -> bool) -> &str {
    &text[..text.find(|c| !fits(c)).unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cashtags_and_mentions_are_told_from_other_signs() {
        let cases = [("$TSLA", 1), ("buy $TSLA, sell $AAPL.", 2), ("$BRK.A", 1), ("5$ or $5", 0), ("a$b $toolongone", 0)];

        for (text, expected) in cases {
            assert_eq!(cashtags(text), expected, "{text}");
        }
        assert!(mentions_user("hi @Ann, look", "ann"));
        assert!(!mentions_user("hi @annabel and me@ann", "ann"));
    }
}
