//! The `fields` parameter: parsing `a,b{c,d}` and cutting objects down to it.

use serde_json::{Map, Value};

use super::errors::GraphError;

/// One wanted field with the wanted fields below it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    name: String,
    below: Vec<Field>,
}

/// Parses a list of fields. Modifiers such as `.limit(5)` are read and ignored.
pub(super) fn parse(text: &str) -> Result<Vec<Field>, GraphError> {
    let (fields, rest) = parse_list(text)?;
    if rest.is_empty() { Ok(fields) } else { Err(syntax_error()) }
}

fn syntax_error() -> GraphError {
    GraphError::query_syntax()
}

fn parse_list(mut text: &str) -> Result<(Vec<Field>, &str), GraphError> {
    let mut fields = Vec::new();
    loop {
        let end = text.find([',', '{', '}', '.', '(']).unwrap_or(text.len());
        let name = text[..end].trim().to_owned();
        text = &text[end..];
        while text.starts_with('.') {
            let close = text.find(')').ok_or_else(syntax_error)?;
            text = &text[close + 1..];
        }
        let mut below = Vec::new();
        if let Some(inner) = text.strip_prefix('{') {
            let (list, rest) = parse_list(inner)?;
            below = list;
            text = rest.strip_prefix('}').ok_or_else(syntax_error)?;
        }
        if name.is_empty() {
            return Err(syntax_error());
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
/// `known` names what the kind of object has. A field that is known and has no value is left out, as
/// the Graph API does; one that is not known is an error.
pub(super) fn project(object: &Value, wanted: &[Field], known: &[&str]) -> Result<Value, GraphError> {
    if let Some(unknown) = wanted.iter().find(|field| !known.contains(&field.name.as_str())) {
        let message = format!("(#100) Tried accessing nonexisting field ({})", unknown.name);
        return Err(GraphError::parameter(message));
    }
    let mut projected = cut(object, wanted);
    if let Some(id) = object.get("id") {
        projected["id"] = id.clone();
    }
    Ok(projected)
}

fn cut(value: &Value, wanted: &[Field]) -> Value {
    if wanted.is_empty() {
        return value.clone();
    }
    match value {
        Value::Array(items) => items.iter().map(|item| cut(item, wanted)).collect(),
        // A list below an object: the fields are those of its items.
        Value::Object(object) if object.get("data").is_some_and(Value::is_array) => {
            let mut list = Map::new();
            list.insert("data".to_owned(), cut(&object["data"], wanted));
            Value::Object(list)
        }
        // A picture and such: the fields are those of the object inside.
        Value::Object(object) if object.len() == 1 && object.get("data").is_some_and(Value::is_object) => {
            Value::Object(Map::from_iter([("data".to_owned(), cut(&object["data"], wanted))]))
        }
        Value::Object(object) => {
            let present = |field: &Field| {
                let value = object.get(&field.name).filter(|value| !value.is_null())?;
                Some((field.name.clone(), cut(value, &field.below)))
            };
            Value::Object(wanted.iter().filter_map(present).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nested_fields_reach_into_lists() {
        let wanted = parse("id,attachments.limit(5){media_type,target{id}}").unwrap();
        let post = json!({"id": "1", "message": "m", "attachments": {"data": [
            {"media_type": "photo", "target": {"id": "7", "url": "u"}, "title": "t"},
        ]}});

        let cut = project(&post, &wanted, &["id", "attachments"]).unwrap();

        let expected = json!({"id": "1", "attachments": {"data": [
            {"media_type": "photo", "target": {"id": "7"}},
        ]}});
        assert_eq!(cut, expected);
    }

    #[test]
    fn unknown_fields_and_broken_syntax_are_errors() {
        let wanted = parse("id,nonsense").unwrap();

        assert!(project(&json!({"id": "1"}), &wanted, &["id"]).is_err());
        assert!(parse("a{b").is_err());
        assert!(parse("a,,b").is_err());
    }
}
