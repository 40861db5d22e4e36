//! Files that users name by address: fetched through one guarded client and streamed on in bounded memory.
//!
//! Only public addresses are reached. The guard sits in the resolver, so the address that is checked is the one that is
//! connected to, and literal addresses are checked in every URL, redirects included.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::multipart::Part;
use reqwest::redirect::Policy;
use url::{Host, Url};

use crate::clients::http::chain;
use crate::error::{ErrorClass, JobError};

/// Fetches users' files.
#[derive(Clone)]
pub struct MediaClient {
    http: reqwest::Client,
    allow: Arc<HashSet<String>>,
}

/// Redirects that are followed.
const REDIRECTS_MAX: usize = 5;

/// How long a file's host may be silent.
const SILENCE_MAX: Duration = Duration::from_secs(20);

impl MediaClient {
    /// A client that reaches public addresses, and those of `allow` (`host:port`) whatever they are.
    pub fn new(allow: &[String]) -> reqwest::Result<Self> {
        let allow: Arc<HashSet<String>> = Arc::new(allow.iter().cloned().collect());
        let names = allow.iter().filter_map(|pair| pair.rsplit_once(':')).map(|(host, _)| host.to_owned()).collect();
        let redirect_allow = Arc::clone(&allow);
        let policy = Policy::custom(move |attempt| match check(attempt.url(), &redirect_allow) {
            _ if attempt.previous().len() > REDIRECTS_MAX => attempt.error("too many redirects"),
            Ok(()) => attempt.follow(),
            Err(reason) => attempt.error(reason),
        });
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(policy)
            .connect_timeout(SILENCE_MAX)
            .read_timeout(SILENCE_MAX)
            .dns_resolver(Arc::new(PublicResolver { names }))
            .user_agent(concat!("pressroom/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http, allow })
    }

    /// Why a URL can't be fetched from at all, in words for its author.
    pub fn check(&self, url: &str) -> Result<(), &'static str> {
        check(&Url::parse(url).map_err(|_| "not a URL")?, &self.allow)
    }

    /// Begins to fetch a file of at most `limit` bytes.
    pub async fn open(&self, url: &str, limit: u64) -> Result<MediaFile, JobError> {
        self.check(url).map_err(|reason| rejected("media_url_refused", format!("`{url}` is refused: {reason}")))?;
        let response = self.http.get(url).send().await.map_err(|error| unreachable_file(url, &error))?;
        let status = response.status();
        if !status.is_success() {
            let message = format!("`{url}` answered with status {}", status.as_u16());
            let retry = status.is_server_error() || status.as_u16() == 429;
            return Err(if retry { transient(message) } else { rejected("media_unavailable", message) });
        }
        let length = response.content_length();
        if length.is_some_and(|length| length > limit) {
            return Err(too_large(url, limit));
        }
        MediaFile::begin(url, limit, length, response.bytes_stream()).await
    }
}

/// A file on its way: its first bytes are here, the rest streams.
pub struct MediaFile {
    /// The type by its content, such as `image/png`; empty when unknown. What its host claims does not count.
    pub content_type: &'static str,
    length: Option<u64>,
    body: reqwest::Body,
    fault: Arc<OnceLock<JobError>>,
}

/// Bytes that tell a file's type.
const HEAD_BYTES: usize = 64;

impl MediaFile {
    async fn begin<S>(url: &str, limit: u64, length: Option<u64>, source: S) -> Result<Self, JobError>
    where
        S: Stream<Item = reqwest::Result<Bytes>> + Send + 'static,
    {
        let mut source = Box::pin(source);
        let mut head = Vec::new();
        while head.len() < HEAD_BYTES
            && let Some(chunk) = source.next().await
        {
            head.extend_from_slice(&chunk.map_err(|error| unreachable_file(url, &error))?);
        }
        let content_type = infer::get(&head).map_or("", |kind| kind.mime_type());
        let fault = Arc::new(OnceLock::new());
        let rest = stream::once(async { Ok(Bytes::from(head)) }).chain(source);
        let body = reqwest::Body::wrap_stream(limited(rest, url.to_owned(), limit, Arc::clone(&fault)));
        Ok(Self { content_type, length, body, fault })
    }

    /// The file as a part of a form, and the place where its own failure, if any, will be found.
    pub fn into_part(self) -> Result<(Part, Fault), JobError> {
        let part = match self.length {
            Some(length) => Part::stream_with_length(self.body, length),
            None => Part::stream(self.body),
        };
        let extension = self.content_type.rsplit('/').next().unwrap_or("bin");
        let part = part.file_name(format!("file.{extension}")).mime_str(self.content_type).map_err(|error| {
            JobError::new(ErrorClass::Bug, "media_type_unusable", format!("`{}`: {error}", self.content_type))
        })?;
        Ok((part, Fault(self.fault)))
    }
}

/// Why a file's stream broke off, known once the call that carried it has failed.
pub struct Fault(Arc<OnceLock<JobError>>);

impl Fault {
    /// The file's own failure when there was one, else what the call said.
    pub fn or(&self, error: JobError) -> JobError {
        self.0.get().cloned().unwrap_or(error)
    }
}

fn limited<S>(
    source: S,
    url: String,
    limit: u64,
    fault: Arc<OnceLock<JobError>>,
) -> impl Stream<Item = Result<Bytes, std::io::Error>>
where
    S: Stream<Item = reqwest::Result<Bytes>>,
{
    let mut seen = 0;
    source.map(move |chunk| {
        let problem = match chunk {
            Err(error) => unreachable_file(&url, &error),
            Ok(bytes) => {
                seen += bytes.len() as u64;
                if seen <= limit {
                    return Ok(bytes);
                }
                too_large(&url, limit)
            }
        };
        let text = problem.message.clone();
        // Only the first failure counts; the stream ends with it.
        let _ = fault.set(problem);
        Err(std::io::Error::other(text))
    })
}

fn rejected(code: &'static str, message: String) -> JobError {
    JobError::new(ErrorClass::Rejected, code, message)
}

fn transient(message: String) -> JobError {
    JobError::new(ErrorClass::Transient, "media_unavailable", message)
}

fn too_large(url: &str, limit: u64) -> JobError {
    rejected("media_too_large", format!("`{url}` is larger than {limit} bytes")).remedy("use a smaller file")
}

fn unreachable_file(url: &str, error: &reqwest::Error) -> JobError {
    let message = format!("`{url}` could not be fetched: {}", chain(error));
    if error.is_redirect() { rejected("media_url_refused", message) } else { transient(message) }
}

fn check(url: &Url, allow: &HashSet<String>) -> Result<(), &'static str> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err("only http and https are fetched");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a user name or password in the address is not sent");
    }
    let host = url.host().ok_or("it names no host")?;
    let port = url.port_or_known_default().unwrap_or_default();
    if allow.contains(&format!("{host}:{port}")) {
        return Ok(());
    }
    match host {
        Host::Domain(_) => Ok(()),
        Host::Ipv4(ip) if is_public(IpAddr::V4(ip)) => Ok(()),
        Host::Ipv6(ip) if is_public(IpAddr::V6(ip)) => Ok(()),
        Host::Ipv4(_) | Host::Ipv6(_) => Err("its address is not public"),
    }
}

struct PublicResolver {
    /// Names that may resolve to any address.
    names: HashSet<String>,
}

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let free = self.names.contains(name.as_str());
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| free || is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(format!("`{}` has no public address", name.as_str()).into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address belongs to the public internet (IANA's special-purpose registries say which do not).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19));
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    if let Some(v4) = ip.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    let [a, b, ..] = ip.segments();
    let global_unicast = (0x2000..=0x3fff).contains(&a);
    // Teredo, ORCHID and the like (2001:0::/23), documentation, 6to4, which all may hide another address.
    let special = (a == 0x2001 && (b < 0x0200 || b == 0x0db8)) || a == 0x2002 || (a == 0x3fff && b < 0x1000);
    global_unicast && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_addresses_are_refused_before_any_connection() {
        let client = MediaClient::new(&["127.0.0.1:4000".to_owned()]).unwrap();
        for url in [
            "file:///etc/passwd",
            "ftp://example.com/a",
            "http://user:pw@example.com/",
            "http://127.0.0.1/",
            "http://127.0.0.1:4001/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://10.0.0.1/",
            "http://169.254.169.254/latest",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[fd00::1]/",
            "http://[fe80::1]/",
            "http://0.0.0.0/",
            "http://224.0.0.1/",
            "http://100.64.0.1/",
            "http://[2002:7f00:1::]/",
            "http://[64:ff9b::7f00:1]/",
            "nonsense",
        ] {
            assert!(client.check(url).is_err(), "{url}");
        }
        for url in
            ["https://example.com/a.jpg", "http://127.0.0.1:4000/a.jpg", "http://93.184.216.34/", "http://[2606:2800:220:1::1]/"]
        {
            assert_eq!(client.check(url), Ok(()), "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_this_machine_is_refused() {
        let client = MediaClient::new(&[]).unwrap();

        let error = client.open("http://localhost:9/", 10).await.err().unwrap();

        assert!(error.message.contains("no public address"), "{}", error.message);
    }
}
