//! Reads JSON bodies the strict way Rest.li does: what the schema does not know is refused.

use serde_json::{Map, Value};

use super::errors;
use crate::call::Answer;

/// An object in a body, with the path to it.
pub(super) struct Record<'a> {
    fields: &'a Map<String, Value>,
    path: String,
}

impl<'a> Record<'a> {
    /// The whole body.
    pub(super) fn whole(body: Option<&'a Value>) -> Result<Self, Answer> {
        let fields = body.and_then(Value::as_object).ok_or_else(|| errors::named("400/ILLEGAL_ARGUMENT"))?;
        Ok(Self { fields, path: String::new() })
    }

    /// An object below a path.
    pub(super) fn at(value: &'a Value, path: String) -> Result<Self, Answer> {
        match value.as_object() {
            Some(fields) => Ok(Self { fields, path }),
            None => Err(errors::schema(&path, "value is not a record")),
        }
    }

    /// The path of a field.
    pub(super) fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }

    /// Refuses every field besides the known ones.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Answer> {
        match self.fields.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(errors::schema(&self.path(name), "unrecognized field found but not allowed")),
            None => Ok(()),
        }
    }

    /// A field that may be missing.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// A field that must be there.
    pub(super) fn required(&self, name: &str) -> Result<&'a Value, Answer> {
        let missing = || errors::schema(&self.path(name), "field is required but not found and has no default value");
        self.get(name).ok_or_else(missing)
    }

    /// A text that must be there.
    pub(super) fn text(&self, name: &str) -> Result<&'a str, Answer> {
        let value = self.required(name)?;
        value.as_str().ok_or_else(|| errors::schema(&self.path(name), &format!("{value} cannot be coerced to String")))
    }

    /// A text that may be missing.
    pub(super) fn maybe_text(&self, name: &str) -> Result<Option<&'a str>, Answer> {
        self.get(name).map(|_| self.text(name)).transpose()
    }

    /// A text that may be missing but is no longer than `longest` characters.
    pub(super) fn bounded(&self, name: &str, longest: usize) -> Result<Option<String>, Answer> {
        let Some(text) = self.maybe_text(name)? else { return Ok(None) };
        if text.chars().count() > longest {
            let path = self.path(name);
            let message = format!("{path} is longer than {longest} characters");
            return Err(errors::field("400/FIELD_LENGTH_TOO_LONG", &path, &message));
        }
        Ok(Some(text.to_owned()))
    }

    /// The same for a text that must be there and say something.
    pub(super) fn filled(&self, name: &str, longest: usize) -> Result<String, Answer> {
        let path = self.path(name);
        let missing = || errors::field("400/MISSING_FIELD", &path, &format!("{path} is required"));
        let text = self.bounded(name, longest)?.ok_or_else(missing)?;
        if text.trim().is_empty() {
            return Err(errors::field("400/INVALID_VALUE_BLANK_FIELD", &path, &format!("{path} must not be blank")));
        }
        Ok(text)
    }

    /// One of the words of an enumeration.
    pub(super) fn word(&self, name: &str, words: &[&str]) -> Result<&'a str, Answer> {
        let text = self.text(name)?;
        if words.contains(&text) {
            return Ok(text);
        }
        Err(errors::schema(&self.path(name), &format!("\"{text}\" is not an enum symbol")))
    }

    /// A truth value, false when missing.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Answer> {
        let Some(value) = self.get(name) else { return Ok(false) };
        value.as_bool().ok_or_else(|| errors::schema(&self.path(name), &format!("{value} cannot be coerced to Boolean")))
    }

    /// A whole number that must be there.
    pub(super) fn number(&self, name: &str) -> Result<u64, Answer> {
        let value = self.required(name)?;
        value.as_u64().ok_or_else(|| errors::schema(&self.path(name), &format!("{value} cannot be coerced to Long")))
    }

    /// An object that must be there.
    pub(super) fn record(&self, name: &str) -> Result<Self, Answer> {
        Self::at(self.required(name)?, self.path(name))
    }

    /// An object that may be missing.
    pub(super) fn maybe_record(&self, name: &str) -> Result<Option<Self>, Answer> {
        self.get(name).map(|value| Self::at(value, self.path(name))).transpose()
    }

    /// A list that must be there.
    pub(super) fn list(&self, name: &str) -> Result<&'a [Value], Answer> {
        let value = self.required(name)?;
        let list = value.as_array().map(Vec::as_slice);
        list.ok_or_else(|| errors::schema(&self.path(name), &format!("{value} cannot be coerced to Array")))
    }
}
