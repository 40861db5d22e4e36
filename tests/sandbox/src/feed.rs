//! The page that shows the visible posts the way the platforms would.

use std::sync::LazyLock;

use poem::{Response, handler};

/// Self-contained; it asks the control API for the posts.
static PAGE: LazyLock<String> = LazyLock::new(|| {
    let styles = concat!(include_str!("feed/base.css"), include_str!("feed/platforms.css"));
    let scripts = concat!(include_str!("feed/parts.js"), include_str!("feed/cards.js"), include_str!("feed/page.js"));
    include_str!("feed/page.html")
        .replace("<!-- styles -->", &format!("<style>\n{styles}</style>"))
        .replace("<!-- scripts -->", &format!("<script type=\"module\">\n{scripts}</script>"))
});

/// The live feed.
#[handler]
pub(crate) fn page() -> Response {
    html()
}

/// The same page, which shows a single post when its address is a permalink.
pub(crate) fn html() -> Response {
    Response::builder().content_type("text/html; charset=UTF-8").header("cache-control", "no-store").body(PAGE.as_str())
}
