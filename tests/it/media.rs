//! Users' files: from where they may come, what is known of them before the first call, and how they stream.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::json;
use shared::clients::media::MediaClient;
use shared::content::PlatformId;
use shared::error::ErrorClass;
use tests::Stack;
use tests::kinds;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Addresses that must never be fetched from, whatever they promise. `{port}` is a server of ours that must hear nothing.
const HOSTILE: &[&str] = &[
    // Other schemes.
    "file:///etc/passwd",
    "ftp://127.0.0.1:{port}/a",
    "gopher://127.0.0.1:{port}/_GET",
    "data:image/png;base64,AAAA",
    "javascript:alert(1)",
    "//127.0.0.1:{port}/a",
    "nonsense",
    "",
    // This machine, in every spelling.
    "http://127.0.0.1:{port}/",
    "http://127.1:{port}/",
    "http://127.0.1:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f000001:{port}/",
    "http://0x7f.1:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://017700000001:{port}/",
    "http://127.0.0.1.:{port}/",
    "http://127.255.255.254:{port}/",
    "http://localhost:{port}/",
    "http://LOCALHOST.:{port}/",
    "http://0.0.0.0:{port}/",
    "http://0:{port}/",
    "http://[::1]:{port}/",
    "http://[::]:{port}/",
    "http://[0:0:0:0:0:0:0:1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[::127.0.0.1]:{port}/",
    "http://[64:ff9b::7f00:1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",
    "http://[2001:0:7f00:1::]:{port}/",
    "http://[fe80::1]:{port}/",
    "http://[fe80::1%25lo]:{port}/",
    "http://①②⑦.⓪.⓪.①:{port}/",
    "http://127。0。0。1:{port}/",
    // Names and passwords that make an address look like another.
    "http://example.com@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}@example.com/",
    "http://user:secret@example.com/",
    "http://example.com:80%40127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@example.com/",
    "http://127.0.0.1:{port}#@example.com/",
    "http://127.0.0.1:{port}?@example.com/",
    // Networks that are nobody's business, and clouds' own services.
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.170.2/v2/credentials",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[fc00::1]/",
    "http://[fec0::1]/",
    "http://192.0.0.192/",
    "http://192.0.2.1/",
    "http://198.18.0.1/",
    "http://198.51.100.1/",
    "http://203.0.113.1/",
    "http://224.0.0.1/",
    "http://239.255.255.250/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[3fff::1]/",
    "http://[100::1]/",
    "http://[5f00::1]/",
];

/// A server that counts its connections and answers each with the same bytes.
async fn server(answer: String) -> anyhow::Result<(u16, Arc<AtomicUsize>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let heard = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                // Whatever it asks for: the answer is the same, and a broken connection is the client's affair.
                let _ = socket.read(&mut request).await;
                let _ = socket.write_all(answer.as_bytes()).await;
            });
        }
    });
    Ok((port, heard))
}

#[tokio::test]
async fn hostile_addresses_are_refused_without_a_connection() -> anyhow::Result<()> {
    let (port, heard) = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi".to_owned()).await?;
    let client = MediaClient::new(&[])?;
    let mut fetched = Vec::new();
    for url in HOSTILE {
        let url = url.replace("{port}", &port.to_string());
        match client.probe(&url).await {
            Err(error) if matches!(error.class, ErrorClass::Rejected | ErrorClass::Transient) => {}
            other => fetched.push(format!("{url}: {other:?}")),
        }
    }

    assert!(HOSTILE.len() >= 40);
    assert!(fetched.is_empty(), "{fetched:#?}");
    assert_eq!(heard.load(Ordering::SeqCst), 0, "somebody got through");
    Ok(())
}

#[tokio::test]
async fn redirects_to_hostile_addresses_are_refused() -> anyhow::Result<()> {
    let (port, heard) = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi".to_owned()).await?;
    for url in HOSTILE.iter().filter(|url| url.starts_with("http") && url.is_ascii()) {
        let target = url.replace("{port}", &port.to_string());
        let answer = format!("HTTP/1.1 302 Found\r\nlocation: {target}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let (door, _) = server(answer).await?;
        let client = MediaClient::new(&[format!("127.0.0.1:{door}")])?;

        let found = client.probe(&format!("http://127.0.0.1:{door}/")).await;

        assert!(found.is_err(), "{target}: {found:?}");
    }
    assert_eq!(heard.load(Ordering::SeqCst), 0, "somebody got through");
    Ok(())
}

#[tokio::test]
async fn a_host_that_a_setting_allows_is_allowed_on_its_port_alone() -> anyhow::Result<()> {
    let (port, heard) = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi".to_owned()).await?;
    for allowed in ["127.0.0.1:1".to_owned(), "localhost:1".to_owned()] {
        let client = MediaClient::new(&[allowed])?;
        assert!(client.probe(&format!("http://127.0.0.1:{port}/")).await.is_err());
        assert!(client.probe(&format!("http://localhost:{port}/")).await.is_err());
    }
    assert_eq!(heard.load(Ordering::SeqCst), 0);
    let client = MediaClient::new(&[format!("localhost:{port}")])?;
    assert!(client.probe(&format!("http://localhost:{port}/")).await.is_ok());
    Ok(())
}

#[tokio::test]
async fn files_are_known_by_their_content_wherever_their_header_stands() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let probe = async |name: &str| stack.app.media.probe(&stack.sandbox.sample(name)).await;

    let jpeg = probe("photo-1.jpg").await?;
    let webp = probe("photo-1.webp").await?;
    let gif = probe("animated.gif").await?;
    let film = probe("vertical.mp4").await?;
    let padded = probe("landscape.mp4?size=300000000").await?;
    let pdf = probe("slides.pdf").await?;
    let lie = probe("not-an-image.jpg").await?;

    assert_eq!(
        (jpeg.content_type.as_str(), jpeg.width, jpeg.height, jpeg.animated),
        ("image/jpeg", Some(1200), Some(800), Some(false))
    );
    assert_eq!((webp.content_type.as_str(), webp.width), ("image/webp", Some(1200)));
    assert_eq!((gif.content_type.as_str(), gif.animated, gif.width), ("image/gif", Some(true), Some(240)));
    assert_eq!((film.width, film.height, film.duration_ms.map(|ms| ms / 100)), (Some(540), Some(960), Some(40)));
    assert_eq!((film.video_codec.as_deref(), film.fps.map(f64::round)), (Some("h264"), Some(30.0)));
    assert_eq!((padded.bytes, padded.width), (Some(300_000_000), Some(640)));
    assert_eq!((pdf.content_type.as_str(), pdf.pages), ("application/pdf", Some(3)));
    assert_eq!(lie.content_type, "");
    Ok(())
}

/// A host that serves no parts of files, and says no lengths, with a film whose header comes last.
#[tokio::test]
async fn a_host_without_ranges_or_lengths_is_read_just_the_same() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let film = reqwest::get(stack.sandbox.sample("vertical.mp4")).await?.bytes().await?;
    let film = header_last(&film);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let served = Arc::new(Mutex::new(film.clone()));
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let film = served.lock().expect("nobody panics with it").clone();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = socket.read(&mut request).await;
                let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await;
                let _ = socket.write_all(&film).await;
            });
        }
    });
    let client = MediaClient::new(&[format!("127.0.0.1:{port}")])?;
    let url = format!("http://127.0.0.1:{port}/film");

    let probe = client.probe(&url).await?;
    let length = film.len() as u64;
    let mut reader = client.reader(&url, 1000, length).await?;
    let mut read = Vec::new();
    loop {
        let piece = reader.next(50_000).await?;
        if piece.is_empty() {
            break;
        }
        read.extend_from_slice(&piece);
    }

    assert_eq!((probe.bytes, probe.width, probe.height), (Some(length), Some(540), Some(960)));
    assert_eq!(read, film[1000..]);
    Ok(())
}

/// The same film with its `moov` box behind everything else.
fn header_last(film: &[u8]) -> Vec<u8> {
    let (mut moov, mut rest, mut at) = (Vec::new(), Vec::new(), 0);
    while at + 8 <= film.len() {
        let length = u32::from_be_bytes(film[at..at + 4].try_into().expect("four bytes")) as usize;
        let target = if &film[at + 4..at + 8] == b"moov" { &mut moov } else { &mut rest };
        target.extend_from_slice(&film[at..at + length]);
        at += length;
    }
    rest.extend(moov);
    rest
}

/// Pains 39 and 42, and the promise that a failed file never becomes another kind of post.
#[tokio::test]
async fn a_file_that_does_not_fit_is_refused_before_the_first_call_to_any_platform() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    for (platform, kind) in kinds::all() {
        let mut body = kinds::post_of(platform, kind, &stack.sandbox, stack.account(platform), &format!("{kind} on {platform}"));
        let Some(media) = body["content"]["media"].as_array_mut().and_then(|media| media.last_mut()) else { continue };
        media["url"] = json!(stack.sandbox.sample("not-an-image.jpg"));
        let job = stack.submit(&body).await?.remove(0).job;

        let ended = stack.run_to_the_end(&job).await?;

        let found = (ended["status"].as_str(), ended["error"]["code"].as_str());
        assert_eq!(found, (Some("failed"), Some("media_type_refused")), "{kind} on {platform}: {ended}");
    }
    for platform in PlatformId::ALL {
        assert_eq!(stack.sandbox.requests(&platform.to_string()).await?, Vec::<serde_json::Value>::new(), "{platform}");
    }
    assert!(stack.sandbox.posts().await?.is_empty());
    Ok(())
}
