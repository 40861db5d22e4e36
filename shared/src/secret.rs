//! Secrets in memory and at rest: a wrapper that never prints, and the key ring that encrypts platform grants.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD as URL_SAFE};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A value that must never reach a log, an error or a `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for the one place that needs it.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Why sealing or opening failed. The text never holds key material or plain text.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SecretError {
    /// A key setting is not `id:base64 of 32 bytes`.
    #[error("key {0} is not of the form `id:base64 of 32 bytes`")]
    BadKey(usize),
    /// No key was given.
    #[error("no key was given")]
    NoKey,
    /// The sealed text names a key that the ring does not hold.
    #[error("the key `{0}` is not in the key ring")]
    UnknownKey(String),
    /// The sealed text was cut, changed, or sealed for another place.
    #[error("the sealed value cannot be opened")]
    Broken,
}

/// Keys for secrets at rest: the first one seals, all of them open.
#[derive(Clone)]
pub struct KeyRing(Vec<(String, XChaCha20Poly1305)>);

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(id, _)| id)).finish()
    }
}

/// XChaCha20's nonce length in bytes: long enough to be drawn at random.
const NONCE_BYTES: usize = 24;

impl KeyRing {
    /// Reads `id:base64,id:base64`, each key 32 bytes long.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let keys = text.split(',').map(str::trim).filter(|part| !part.is_empty()).enumerate();
        let keys = keys.map(|(n, part)| parse_key(part).ok_or(SecretError::BadKey(n + 1))).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(SecretError::NoKey) } else { Ok(Self(keys)) }
    }

    /// The ids of the keys; the first one seals.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(id, _)| id.as_str())
    }

    /// Encrypts `plain` for one `place` (such as a table, column and row id): moved elsewhere it will not open.
    ///
    /// The result is `v1.<key id>.<base64 of nonce and cipher text>`.
    pub fn seal(&self, plain: &[u8], place: &str) -> Result<String, SecretError> {
        let (id, cipher) = self.0.first().ok_or(SecretError::NoKey)?;
        let nonce: [u8; NONCE_BYTES] = random();
        let sealed = cipher
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: place.as_bytes() })
            .map_err(|_| SecretError::Broken)?;
        Ok(format!("{}{}", sealed_by(id), BASE64.encode([&nonce[..], &sealed].concat())))
    }

    /// Decrypts what [`KeyRing::seal`] made for the same `place`, with whichever key sealed it.
    pub fn open(&self, sealed: &str, place: &str) -> Result<Vec<u8>, SecretError> {
        let (id, body) = split(sealed).ok_or(SecretError::Broken)?;
        let (_, cipher) = self.0.iter().find(|(known, _)| known == id).ok_or_else(|| SecretError::UnknownKey(id.to_owned()))?;
        let bytes = BASE64.decode(body).map_err(|_| SecretError::Broken)?;
        let (nonce, text) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or(SecretError::Broken)?;
        cipher.decrypt(&XNonce::from(*nonce), Payload { msg: text, aad: place.as_bytes() }).map_err(|_| SecretError::Broken)
    }
}

/// The key's id and the body of a sealed text.
fn split(sealed: &str) -> Option<(&str, &str)> {
    sealed.strip_prefix("v1.").and_then(|rest| rest.split_once('.'))
}

/// The id of the key that sealed a text, without opening it; `None` when it is no sealed text.
pub fn key_of(sealed: &str) -> Option<&str> {
    split(sealed).map(|(id, _)| id)
}

/// What every text begins with that the key `id` sealed.
pub fn sealed_by(id: &str) -> String {
    format!("v1.{id}.")
}

fn parse_key(part: &str) -> Option<(String, XChaCha20Poly1305)> {
    let (id, key) = part.split_once(':')?;
    let key: [u8; 32] = BASE64.decode(key).ok()?.try_into().ok()?;
    let well_named = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    well_named.then(|| (id.to_owned(), XChaCha20Poly1305::new(&key.into())))
}

/// Bytes from the system's random source.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system's random source always answers once booted");
    bytes
}

/// A new API key: `prk_` and 64 hexadecimal digits, 256 random bits. Shown once; only its hash is stored.
pub fn new_api_key() -> Secret<String> {
    Secret(format!("prk_{}", hex(&random::<32>())))
}

/// What a login's return is known by: 32 random bytes that are safe in a URL. It travels through browsers; only its hash is
/// stored.
pub fn new_state() -> Secret<String> {
    Secret(URL_SAFE.encode(random::<32>()))
}

/// The form in which an API key is stored and looked up.
///
/// A plain SHA-256 is enough: the key is random, so there is nothing to guess.
pub fn hash_api_key(key: &str) -> String {
    sha256_hex(key.as_bytes())
}

/// The SHA-256 of `bytes` in hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hexadecimal digits of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, byte: u8) -> String {
        format!("{id}:{}", BASE64.encode([byte; 32]))
    }

    #[test]
    fn an_older_key_still_opens_after_rotation() {
        let old = KeyRing::parse(&key("k1", 1)).unwrap();
        let both = KeyRing::parse(&format!("{},{}", key("k2", 2), key("k1", 1))).unwrap();

        let sealed = old.seal(b"token", "accounts:grant:acc_1").unwrap();

        assert_eq!(both.open(&sealed, "accounts:grant:acc_1").unwrap(), b"token");
        assert_eq!((key_of(&sealed), key_of("token")), (Some("k1"), None));
        assert_eq!(both.ids().collect::<Vec<_>>(), ["k2", "k1"]);
        assert!(both.seal(b"token", "x").unwrap().starts_with("v1.k2."));
        assert!(!sealed.contains("token"));
    }

    #[test]
    fn a_value_moved_or_changed_does_not_open() {
        let ring = KeyRing::parse(&key("k1", 1)).unwrap();
        let sealed = ring.seal(b"token", "accounts:grant:acc_1").unwrap();
        let other = KeyRing::parse(&key("k9", 1)).unwrap();

        assert_eq!(ring.open(&sealed, "accounts:grant:acc_2"), Err(SecretError::Broken));
        assert_eq!(ring.open(&sealed[..sealed.len() - 4], "accounts:grant:acc_1"), Err(SecretError::Broken));
        assert_eq!(other.open(&sealed, "accounts:grant:acc_1"), Err(SecretError::UnknownKey("k1".into())));
    }

    #[test]
    fn a_ring_without_a_usable_key_is_refused() {
        assert!(KeyRing::parse("").is_err());
        assert!(KeyRing::parse("k1:short").is_err());
    }

    #[test]
    fn secrets_do_not_print() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "***");
    }
}
