//! The HTML of consent pages, in the colours of the feed. They need no script.

use std::fmt::Write;
use std::sync::LazyLock;

use poem::Response;
use poem::http::StatusCode;

use super::dialog::{Asked, Login, Query};
use super::people::Person;
use crate::call::pairs;

static FRAME: LazyLock<String> = LazyLock::new(|| {
    let styles = concat!(include_str!("../feed/base.css"), include_str!("../feed/platforms.css"), include_str!("consent.css"));
    include_str!("consent.html").replace("<!-- styles -->", &format!("<style>\n{styles}</style>"))
});
/// What is drawn on the platforms' badges; the feed page has the drawings.
static SYMBOLS: LazyLock<String> = LazyLock::new(|| {
    let feed = include_str!("../feed/page.html");
    let drawings = feed.split_once("<svg hidden").and_then(|(_, rest)| rest.split_once("</svg>"));
    drawings.map(|(drawings, _)| format!("<svg hidden{drawings}</svg>")).unwrap_or_default()
});

/// A page as an answer.
pub(super) fn html(status: StatusCode, body: &str) -> Response {
    Response::builder()
        .status(status)
        .content_type("text/html; charset=UTF-8")
        .header("cache-control", "no-store")
        .header("referrer-policy", "no-referrer")
        .body(body.to_owned())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A whole page: the login that an address belongs to gives its colours.
fn framed(address: &str, title: &str, main: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let query = pairs(query.as_bytes());
    let (name, class) = Login::of(path, &query).map_or(("Sandbox", "x"), Login::names);
    FRAME
        .replace("<!-- symbols -->", &SYMBOLS)
        .replace("{title}", &escape(title))
        .replace("{platform}", name)
        .replace("{class}", class)
        .replace("<!-- main -->", main)
}

/// The page of a login that cannot begin.
pub(super) fn refusal(address: &str, title: &str, message: &str) -> String {
    let main = format!(
        "<div class=\"wrong\" id=\"error\"><h2>{}</h2><p>{}</p><p class=\"soft\">The app sent you here with an address that this \
         platform does not take, so you cannot go on or back from here.</p></div>",
        escape(title),
        escape(message),
    );
    framed(address, title, &main)
}

/// The page that shows the number to type into the app.
pub(super) fn pin(address: &str, pin: &str) -> String {
    let main = format!(
        "<div class=\"wrong\"><h2>You can go back to the app now</h2><p>Enter this number there to complete the login:</p>\
         <p><code id=\"pin\">{}</code></p></div>",
        escape(pin),
    );
    framed(address, "Enter a number", &main)
}

/// The page on which a person decides.
pub(super) fn consent(address: &str, asked: &Asked, people: &[Person]) -> String {
    let (platform, _) = asked.login.names();
    let query = address.split_once('?').map_or("", |(_, query)| query);
    let query = pairs(query.as_bytes());
    let query = Query(&query);
    let app = query.text("client_id").or_else(|| query.text("client_key")).unwrap_or(&asked.client_id);
    let mut main = format!(
        "<form method=\"post\" action=\"/_sandbox/consent\">\n<input type=\"hidden\" name=\"authorizeUrl\" value=\"{}\">\n\
         <h2>The app <b>{}</b> wants to use your {platform} account</h2>\n",
        escape(address),
        escape(app),
    );
    main += &who(asked, people);
    main += &what(asked);
    let none = if people.is_empty() { " disabled" } else { "" };
    write!(
        main,
        "<div class=\"choice\"><button id=\"deny\" name=\"decision\" value=\"deny\">Deny</button>\
         <button id=\"allow\" name=\"decision\" value=\"allow\"{none}>Allow</button></div>\n\
         <p class=\"soft goes\">You will be sent to <span>{}</span></p>\n</form>",
        escape(&asked.redirect_uri),
    )
    .expect("writing to a string cannot fail");
    framed(address, &format!("Log in with {platform}"), &main)
}

/// The accounts to log in with, and those that come along.
fn who(asked: &Asked, people: &[Person]) -> String {
    if people.is_empty() {
        return "<p class=\"wrong\">The sandbox has no account that could log in here.</p>\n".to_owned();
    }
    let mut html = "<fieldset><legend>Continue as</legend>\n".to_owned();
    for (n, person) in people.iter().enumerate() {
        let checked = if n == 0 { " checked" } else { "" };
        let initial = person.name.chars().next().unwrap_or('?').to_uppercase().to_string();
        // Spreads the colours of the badges by the golden angle.
        let hue = n * 137 % 360;
        writeln!(
            html,
            "<div class=\"person\"><label><input type=\"radio\" name=\"person\" value=\"{}\"{checked}>\
             <span class=\"avatar\" style=\"--hue:{hue}\">{}</span>\
             <span class=\"who\"><b class=\"name\">{}</b><span class=\"soft\">{}</span></span></label>",
            escape(&person.key),
            escape(&initial),
            escape(&person.name),
            escape(&person.handle),
        )
        .expect("writing to a string cannot fail");
        for offer in &person.offers {
            let (name, handle) = (escape(&offer.name), escape(&offer.handle));
            let line =
                format!("<span class=\"who\"><span class=\"name\">{name}</span><span class=\"soft\">{handle}</span></span>");
            html += &if asked.login.lets_choose() {
                let id = escape(&offer.id);
                format!(
                    "<label class=\"offer\"><input type=\"checkbox\" name=\"account\" value=\"{id}\" checked>{line}</label>\n"
                )
            } else {
                format!("<div class=\"offer\">{line}</div>\n")
            };
        }
        html += "</div>\n";
    }
    html + "</fieldset>\n"
}

/// The scopes, each of which can be left out.
fn what(asked: &Asked) -> String {
    let boxes: String = asked
        .scopes
        .iter()
        .map(|scope| {
            let scope = escape(scope);
            format!("<label><input type=\"checkbox\" name=\"scope\" value=\"{scope}\" checked><code>{scope}</code></label>\n")
        })
        .collect();
    format!("<fieldset class=\"scopes\"><legend>The app may use</legend>\n{boxes}</fieldset>\n")
}
