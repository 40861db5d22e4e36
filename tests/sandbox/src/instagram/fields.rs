//! The `fields` parameter: parsing `a,b{c,d}` and cutting objects down to it.

use serde_json::{Map, Value};

use super::errors::Refusal;
use crate::facebook::params::Params;

/// One wanted field with the wanted fields below it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    name: String,
    below: Vec<Field>,
}

/// What a kind of object can show, and what lies below some of it.
pub(super) struct Shape {
    pub(super) fields: &'static [&'static str],
    /// Edges with the shape of their items and what these show unasked.
    pub(super) edges: &'static [(&'static str, &'static Shape, &'static str)],
}

/// The wanted fields, or the few that come without asking.
pub(super) fn wanted(params: &Params, default: &str) -> Result<Vec<Field>, Refusal> {
    parse(params.text("fields").as_deref().unwrap_or(default))
}

/// Parses a list of fields. Modifiers such as `.limit(5)` are read and ignored.
fn parse(text: &str) -> Result<Vec<Field>, Refusal> {
    let (fields, rest) = parse_list(text)?;
    if rest.is_empty() { Ok(fields) } else { Err(Refusal::query_syntax()) }
}

fn parse_list(mut text: &str) -> Result<(Vec<Field>, &str), Refusal> {
    let mut fields = Vec::new();
    loop {
        let end = text.find([',', '{', '}', '.', '(']).unwrap_or(text.len());
        let name = text[..end].trim().to_owned();
        text = &text[end..];
        while text.starts_with('.') {
            let close = text.find(')').ok_or_else(Refusal::query_syntax)?;
            text = &text[close + 1..];
        }
        let mut below = Vec::new();
        if let Some(inner) = text.strip_prefix('{') {
            let (list, rest) = parse_list(inner)?;
            below = list;
            text = rest.strip_prefix('}').ok_or_else(Refusal::query_syntax)?;
        }
        if name.is_empty() {
            return Err(Refusal::query_syntax());
        }
        fields.push(Field { name, below });
        match text.strip_prefix(',') {
            Some(rest) => text = rest,
            None => return Ok((fields, text)),
        }
    }
}

/// Cuts an object down to the wanted fields; its id always stays.
///
/// A field that is known and has no value is left out, as the Graph API does; one that is not known is an error.
pub(super) fn project(object: &Value, wanted: &[Field], shape: &Shape) -> Result<Value, Refusal> {
    let mut cut = Map::new();
    for field in wanted {
        let Some(value) = field_of(object, field, shape)? else { continue };
        cut.insert(field.name.clone(), value);
    }
    if let Some(id) = object.get("id") {
        cut.insert("id".to_owned(), id.clone());
    }
    Ok(Value::Object(cut))
}

fn field_of(object: &Value, field: &Field, shape: &Shape) -> Result<Option<Value>, Refusal> {
    let value = object.get(&field.name).filter(|value| !value.is_null());
    if let Some((_, below, default)) = shape.edges.iter().find(|(name, _, _)| *name == field.name) {
        let default = parse(default)?;
        let wanted = if field.below.is_empty() { &default } else { &field.below };
        let Some(items) = value.and_then(|list| list["data"].as_array()) else { return Ok(None) };
        let items: Result<Vec<Value>, Refusal> = items.iter().map(|item| project(item, wanted, below)).collect();
        return Ok(Some(serde_json::json!({"data": items?})));
    }
    if !shape.fields.contains(&field.name.as_str()) {
        let message = format!("Tried accessing nonexisting field ({})", field.name);
        return Err(Refusal::parameter(&message));
    }
    Ok(value.map(|value| plain(value, &field.below)))
}

/// Small objects inside an object, such as `owner{id}`; unasked they show all they have.
fn plain(value: &Value, wanted: &[Field]) -> Value {
    match value {
        Value::Object(object) if !wanted.is_empty() => {
            let kept = wanted.iter().filter_map(|field| Some((field.name.clone(), object.get(&field.name)?.clone())));
            Value::Object(kept.collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ITEM: Shape = Shape { fields: &["id", "kind"], edges: &[] };
    const ALBUM: Shape = Shape { fields: &["id", "owner"], edges: &[("children", &ITEM, "id")] };

    #[test]
    fn nested_fields_reach_into_edges() {
        let album = json!({"id": "1", "owner": {"id": "7", "name": "n"}, "children": {"data": [{"id": "2", "kind": "image"}]}});
        let cut = |text: &str| project(&album, &parse(text).unwrap(), &ALBUM);

        let bare = json!({"id": "1", "children": {"data": [{"id": "2"}]}});
        assert_eq!(cut("children").unwrap(), bare);
        let full = json!({"id": "1", "owner": {"id": "7"}, "children": {"data": [{"id": "2", "kind": "image"}]}});
        assert_eq!(cut("owner{id},children.limit(5){kind}").unwrap(), full);
        assert!(cut("children{nonsense}").is_err());
        assert!(cut("nonsense").is_err());
        assert!(parse("a{b").is_err());
        assert!(parse("a,,b").is_err());
    }
}
