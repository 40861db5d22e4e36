//! The page that shows the visible posts the way the platforms would.

use poem::{Response, handler};

/// Self-contained; it asks the control API for the posts.
const PAGE: &str = include_str!("feed.html");

/// The live feed.
#[handler]
pub(crate) fn page() -> Response {
    html()
}

/// The same page, which shows a single post when its address is a permalink.
pub(crate) fn html() -> Response {
    Response::builder().content_type("text/html; charset=UTF-8").header("cache-control", "no-store").body(PAGE)
}
