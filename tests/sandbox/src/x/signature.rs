//! OAuth 1.0a signatures, written from RFC 5849 alone so that they check the client's own code.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// The pairs of an `Authorization: OAuth …` header, decoded.
pub(super) fn parse(header: &str) -> Option<Vec<(String, String)>> {
    let rest = header.strip_prefix("OAuth ")?;
    let mut pairs = Vec::new();
    for item in rest.split(',') {
        let (name, value) = item.trim().split_once('=')?;
        let value = value.strip_prefix('"')?.strip_suffix('"')?;
        pairs.push((decode(name)?, decode(value)?));
    }
    Some(pairs)
}

/// The value of one parameter.
pub(super) fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// The text that is signed.
pub(crate) fn base_string(method: &str, url: &str, parameters: &[(String, String)]) -> String {
    let signed = |name: &str| name != "oauth_signature" && name != "realm";
    let mut encoded: Vec<(String, String)> =
        parameters.iter().filter(|(name, _)| signed(name)).map(|(name, value)| (encode(name), encode(value))).collect();
    encoded.sort();
    let joined: Vec<String> = encoded.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{}&{}&{}", method.to_ascii_uppercase(), encode(url), encode(&joined.join("&")))
}

/// The signature of a base string in base64.
pub(crate) fn sign(base: &str, consumer_secret: &str, token_secret: &str) -> String {
    let key = format!("{}&{}", encode(consumer_secret), encode(token_secret));
    let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(base.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    encoded
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' {
            let hex = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(hex, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = concat!(
        "OAuth oauth_consumer_key=\"xvz1evFS4wEEPTGEFPHBog\", ",
        "oauth_nonce=\"kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg\", ",
        "oauth_signature=\"ignored%3D\", oauth_signature_method=\"HMAC-SHA1\", ",
        "oauth_timestamp=\"1318622958\", ",
        "oauth_token=\"370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb\", ",
        "oauth_version=\"1.0\"",
    );

    #[test]
    fn published_example_is_signed_as_published() {
        let cases =
            [("https://api.x.com", "Ls93hJiZbQ3akF3HF3x1Bz8/zU4="), ("https://api.twitter.com", "hCtSmYh+iHYCEqBWrE7C7hYmtUk=")];
        let mut parameters = parse(HEADER).unwrap();
        parameters.push(("include_entities".to_owned(), "true".to_owned()));
        let status = "Hello Ladies + Gentlemen, a signed OAuth request!";
        parameters.push(("status".to_owned(), status.to_owned()));

        for (host, expected) in cases {
            let url = format!("{host}/1.1/statuses/update.json");
            let base = base_string("post", &url, &parameters);
            let signature =
                sign(&base, "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw", "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE");

            assert_eq!(signature, expected, "{host}");
        }
    }
}
