//! Which addresses users' files may be fetched from: the public internet, by http(s), and what a setting names.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Why an address can't be fetched from, judged by the address alone.
pub(super) fn check(url: &Url, allow: &HashSet<String>) -> Result<(), &'static str> {
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
        // A name that a setting frees for one port is free for no other.
        Host::Domain(name) if allow.iter().any(|pair| pair.rsplit_once(':').is_some_and(|(free, _)| free == name)) => {
            Err("this port of it is not allowed")
        }
        Host::Domain(_) => Ok(()),
        Host::Ipv4(ip) if is_public(IpAddr::V4(ip)) => Ok(()),
        Host::Ipv6(ip) if is_public(IpAddr::V6(ip)) => Ok(()),
        Host::Ipv4(_) | Host::Ipv6(_) => Err("its address is not public"),
    }
}

/// Resolves names to public addresses only. It gives the addresses that are really connected to, so that a name can't
/// show one address to a check and another to the connection.
pub(super) struct PublicResolver {
    /// Names that may resolve to any address.
    pub(super) names: HashSet<String>,
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
    use super::super::media::MediaClient;

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
