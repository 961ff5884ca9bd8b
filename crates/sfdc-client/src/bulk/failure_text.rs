//! The errors in a row of failed results: `CODE:message:Field1,Field2 --`, several behind each other.

use crate::ApiError;

/// What ends one error.
const END: &str = "--";

/// Reads the text of `sf__Error`; there is always at least one error.
pub fn read(text: &str) -> Vec<ApiError> {
    let mut errors = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = ends(rest);
        let (one, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        errors.push(error(one.trim_end().trim_end_matches(END).trim_end()));
        rest = after.trim_start();
    }
    if errors.is_empty() {
        errors.push(error(text));
    }
    errors
}

/// Length of the first error: up to a `--` that the text's end or another code follows.
fn ends(text: &str) -> usize {
    text.match_indices(END)
        .map(|(place, _)| place + END.len())
        .find(|end| {
            text.get(*end..)
                .is_some_and(|after| after.trim_start().is_empty() || code(after.trim_start()).is_some())
        })
        .unwrap_or(text.len())
}

/// The code that `text` begins with: capitals, digits and underscores before a colon.
fn code(text: &str) -> Option<&str> {
    let (code, _) = text.split_once(':')?;
    let code = code.trim();
    let good = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    (code.len() > 2 && code.bytes().all(good)).then_some(code)
}

fn error(text: &str) -> ApiError {
    let Some(code) = code(text) else {
        return ApiError { message: text.to_owned(), ..ApiError::default() };
    };
    let after = text.split_once(':').map_or("", |(_, after)| after);
    let (message, fields) = match after.rsplit_once(':') {
        Some((message, names)) if are_fields(names) => (message, names),
        _ => (after, ""),
    };
    ApiError {
        code: code.to_owned(),
        message: message.trim().to_owned(),
        fields: fields.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        ..ApiError::default()
    }
}

fn are_fields(text: &str) -> bool {
    let name =
        |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
    text.split(',').all(|part| name(part.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_messages_and_fields_are_told_apart() {
        for (text, expected) in [
            (
                "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --",
                &[("REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]", &["Name"][..])][..],
            ),
            ("ENTITY_IS_DELETED:entity is deleted:--", &[("ENTITY_IS_DELETED", "entity is deleted", &[])]),
            (
                "DUPLICATE_VALUE:duplicate value found: K__c duplicates value on record with id: 0015e00000AbCdE:--",
                &[(
                    "DUPLICATE_VALUE",
                    "duplicate value found: K__c duplicates value on record with id: 0015e00000AbCdE",
                    &[],
                )],
            ),
            (
                "FIELD_CUSTOM_VALIDATION_EXCEPTION:a -- b: use 3:1:A__c,B__c --STRING_TOO_LONG:too long:Name --",
                &[
                    ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "a -- b: use 3:1", &["A__c", "B__c"]),
                    ("STRING_TOO_LONG", "too long", &["Name"]),
                ],
            ),
            (
                "InvalidBatch : Field name not found : Foo",
                &[("", "InvalidBatch : Field name not found : Foo", &[])],
            ),
            ("UNABLE_TO_LOCK_ROW", &[("", "UNABLE_TO_LOCK_ROW", &[])]),
            ("X_1:", &[("X_1", "", &[])]),
            ("", &[("", "", &[])]),
            ("--", &[("", "", &[])]),
        ] {
            let read = read(text);
            let read: Vec<(&str, &str, Vec<&str>)> = read
                .iter()
                .map(|error| {
                    (&*error.code, &*error.message, error.fields.iter().map(String::as_str).collect())
                })
                .collect();
            let expected: Vec<(&str, &str, Vec<&str>)> =
                expected.iter().map(|(code, message, fields)| (*code, *message, fields.to_vec())).collect();
            assert_eq!(read, expected, "{text}");
        }
    }
}
