//! The optional parameters of a container, and for which kinds each counts.

use serde_json::{Map, Value};

use super::check;
use super::errors::Refusal;
use super::memory::Kind;
use super::routes::Ask;
use super::target::Host;

/// The columns of the table in the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Image,
    Child,
    Reel,
    Story,
    Carousel,
}

use Column::{Carousel, Child, Image, Reel, Story};

struct Row {
    name: &'static str,
    columns: &'static [Column],
    check: fn(Kind, &Value) -> Result<(), Refusal>,
}

const fn row(name: &'static str, columns: &'static [Column], check: fn(Kind, &Value) -> Result<(), Refusal>) -> Row {
    Row { name, columns, check }
}

const ROWS: &[Row] = &[
    row("collaborators", &[Image, Reel, Carousel], collaborators),
    row("location_id", &[Image, Reel, Carousel], location),
    row("user_tags", &[Image, Child, Reel, Story], user_tags),
    row("product_tags", &[Image, Child, Reel, Carousel], product_tags),
    row("cover_url", &[Reel], anything),
    row("thumb_offset", &[Child, Reel], offset),
    row("share_to_feed", &[Reel, Carousel], boolean),
    row("audio_name", &[Reel], anything),
    row("trial_params", &[Reel], trial),
    row("is_ai_generated", &[Image, Reel, Story, Carousel], boolean),
    row("branded_content_sponsor_ids", &[Image, Reel, Carousel], sponsors),
    row("is_paid_partnership", &[Image, Reel, Carousel], boolean),
];

/// What only the Facebook login has.
const FACEBOOK_ONLY: &[&str] = &["collaborators", "product_tags", "is_paid_partnership"];

/// Reads and checks the parameters that count for a kind; the others are ignored, as the Graph API does.
pub(super) fn read(ask: &Ask<'_>, kind: Kind, child: bool) -> Result<Map<String, Value>, Refusal> {
    let column = match kind {
        _ if child => Child,
        Kind::Image => Image,
        Kind::Video => Child,
        Kind::Reel => Reel,
        Kind::Story => Story,
        Kind::Carousel => Carousel,
    };
    let mut options = Map::new();
    for row in ROWS {
        let ignored = !row.columns.contains(&column) || ask.host == Host::Instagram && FACEBOOK_ONLY.contains(&row.name);
        let Some(value) = value_of(ask, row.name).filter(|_| !ignored) else { continue };
        (row.check)(kind, &value)?;
        options.insert(row.name.to_owned(), value);
    }
    Ok(options)
}

/// Lists, objects and booleans as what they are, everything else as text.
fn value_of(ask: &Ask<'_>, name: &str) -> Option<Value> {
    if matches!(name, "collaborators" | "branded_content_sponsor_ids") {
        let items = check::list(&ask.params, name);
        return (!items.is_empty()).then(|| Value::from(items));
    }
    let text = ask.params.text(name)?;
    match serde_json::from_str(&text) {
        Ok(value @ (Value::Array(_) | Value::Object(_) | Value::Bool(_))) => Some(value),
        _ => Some(Value::String(text)),
    }
}

fn wrong(name: &str) -> Refusal {
    Refusal::parameter(&format!("Param {name} is not valid"))
}

fn anything(_: Kind, _: &Value) -> Result<(), Refusal> {
    Ok(())
}

fn boolean(_: Kind, value: &Value) -> Result<(), Refusal> {
    let fits = value.is_boolean() || matches!(value.as_str(), Some("0" | "1"));
    if fits { Ok(()) } else { Err(Refusal::parameter("The parameter must be a boolean")) }
}

fn at_most(value: &Value, most: usize, name: &str) -> Result<(), Refusal> {
    let fits = value.as_array().is_some_and(|items| items.len() <= most);
    if fits { Ok(()) } else { Err(wrong(name)) }
}

fn collaborators(_: Kind, value: &Value) -> Result<(), Refusal> {
    at_most(value, 3, "collaborators")
}

fn sponsors(_: Kind, value: &Value) -> Result<(), Refusal> {
    at_most(value, 2, "branded_content_sponsor_ids")
}

fn location(_: Kind, value: &Value) -> Result<(), Refusal> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = value.as_str().is_some_and(digits);
    if fits { Ok(()) } else { Err(Refusal::named("INSTAGRAM_PLATFORM_API__INVALID_LOCATION_ID")) }
}

fn offset(_: Kind, value: &Value) -> Result<(), Refusal> {
    let fits = value.as_str().is_some_and(|text| text.parse::<u64>().is_ok());
    if fits { Ok(()) } else { Err(Refusal::named("1/2207057")) }
}

fn trial(_: Kind, value: &Value) -> Result<(), Refusal> {
    let fits = matches!(value["graduation_strategy"].as_str(), Some("MANUAL" | "SS_PERFORMANCE"));
    if fits { Ok(()) } else { Err(wrong("trial_params")) }
}

fn user_tags(kind: Kind, value: &Value) -> Result<(), Refusal> {
    let tags = value.as_array().ok_or_else(|| wrong("user_tags"))?;
    for tag in tags {
        if tag["username"].as_str().is_none_or(str::is_empty) {
            return Err(wrong("user_tags"));
        }
        position(kind, tag, "user_tags")?;
    }
    Ok(())
}

fn product_tags(kind: Kind, value: &Value) -> Result<(), Refusal> {
    let tags = value.as_array().ok_or_else(|| wrong("product_tags"))?;
    if tags.len() > 5 {
        return Err(Refusal::named("100/2207040"));
    }
    for tag in tags {
        if tag["product_id"].is_null() {
            return Err(Refusal::named("100/2207037"));
        }
        position(kind, tag, "product_tags")?;
    }
    Ok(())
}

/// A tag has its place on pictures, may have one in stories, and has none in films.
fn position(kind: Kind, tag: &Value, name: &str) -> Result<(), Refusal> {
    let place = [&tag["x"], &tag["y"]];
    let given = place.iter().filter(|part| !part.is_null()).count();
    match kind {
        Kind::Reel | Kind::Video if given > 0 => return Err(Refusal::named("100/2207035")),
        Kind::Image if given < 2 => return Err(Refusal::named("100/2207036")),
        _ => {}
    }
    let inside = |part: &&Value| part.is_null() || part.as_f64().is_some_and(|part| (0.0..=1.0).contains(&part));
    if place.iter().all(inside) { Ok(()) } else { Err(wrong(name)) }
}
