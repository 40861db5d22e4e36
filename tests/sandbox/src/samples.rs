//! Uploaded bytes for the feed, and sample images that posts can link as media by URL.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use poem::http::StatusCode;
use poem::web::{Data, Path};
use poem::{Body, Request, Response, handler};

use crate::app::App;
use crate::call::pairs;
use crate::control::failure;
use crate::image::ImageType;

const PHOTO_1: &[u8] = include_bytes!("../samples/photo-1.jpg");
const PHOTO_2: &[u8] = include_bytes!("../samples/photo-2.jpg");
const PHOTO_3: &[u8] = include_bytes!("../samples/photo-3.jpg");
const PHOTO_4: &[u8] = include_bytes!("../samples/photo-4.jpg");
const PHOTO_1_PNG: &[u8] = include_bytes!("../samples/photo-1.png");
const BIG_BYTES: usize = 6 * 1024 * 1024;

/// A real picture followed by padding, which decoders ignore.
static BIG: LazyLock<Bytes> = LazyLock::new(|| {
    let mut bytes = PHOTO_2.to_vec();
    bytes.resize(BIG_BYTES, 0);
    bytes.into()
});

/// A sample's bytes and the content type it is served with.
pub(crate) fn find_sample(name: &str) -> Option<(Bytes, &'static str)> {
    let jpeg = |bytes| Some((Bytes::from_static(bytes), "image/jpeg"));
    match name {
        "photo-1.jpg" => jpeg(PHOTO_1),
        "photo-2.jpg" => jpeg(PHOTO_2),
        "photo-3.jpg" => jpeg(PHOTO_3),
        "photo-4.jpg" => jpeg(PHOTO_4),
        "photo-1.png" => Some((Bytes::from_static(PHOTO_1_PNG), "image/png")),
        "big-6mb.jpg" => Some((BIG.clone(), "image/jpeg")),
        "not-an-image.jpg" => jpeg(b"This file says it is a picture, and it is only text.\n"),
        _ => None,
    }
}

/// Serves a sample, after as many redirects as `?redirect=` asks for.
#[handler]
pub(crate) fn sample(Path(name): Path<String>, request: &Request) -> Response {
    let query = pairs(request.uri().query().unwrap_or_default().as_bytes());
    let redirects = query.iter().find(|(key, _)| key == "redirect");
    let redirects: u32 = redirects.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    if redirects > 0 {
        let target = format!("/_sandbox/samples/{name}?redirect={}", redirects - 1);
        return Response::builder().status(StatusCode::FOUND).header("location", target).finish();
    }
    match find_sample(&name) {
        Some((bytes, content_type)) => bytes_response(bytes, content_type),
        None => failure(StatusCode::NOT_FOUND, &format!("no sample is called `{name}`")),
    }
}

/// Serves an uploaded image.
#[handler]
pub(crate) fn media(Data(app): Data<&Arc<App>>, Path(id): Path<String>) -> Response {
    let bytes = app.state().media.get(&id).map(|media| media.bytes.clone());
    match bytes {
        Some(bytes) => {
            let kind = ImageType::of(&bytes).map(ImageType::content_type);
            bytes_response(bytes, kind.unwrap_or("application/octet-stream"))
        }
        None => failure(StatusCode::NOT_FOUND, &format!("no media has the id `{id}`")),
    }
}

fn bytes_response(bytes: Bytes, content_type: &str) -> Response {
    Response::builder().content_type(content_type).header("content-length", bytes.len()).body(Body::from(bytes))
}
