//! Texts with places for the parts of a notice: `{title}`, `{text}`, `{hint}`, `{link}`, `{flow}`, `{trouble}`,
//! `{state}`, `{since}`, `{at}`. Other braces stay as they are, so that a template may be JSON.

use super::alert::{Notice, Turn};

/// What a place is filled with.
fn part(notice: &Notice, name: &str) -> Option<String> {
    let raised = &notice.raised;
    let text = match name {
        "title" => raised.title.clone(),
        "text" => raised.text.clone(),
        "hint" => raised.hint.clone(),
        "link" => raised.link.clone(),
        "flow" => raised.flow.clone(),
        "trouble" => raised.trouble.word().to_owned(),
        "state" => match notice.state {
            Turn::Raised => "raised".into(),
            Turn::Cleared => "cleared".into(),
        },
        "since" => raised.since.to_string(),
        "at" => notice.at.to_string(),
        _ => return None,
    };
    Some(text)
}

/// `template` with its places filled; `escape` makes a value fit for where it stands.
fn filled(template: &str, notice: &Notice, escape: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let name = from.get(1..).and_then(|inner| inner.split_once('}')).map(|(name, _)| name);
        if let Some((name, value)) = name.and_then(|name| Some((name, part(notice, name)?))) {
            out.push_str(&escape(&value));
            rest = from.get(name.len() + 2..).unwrap_or_default();
        } else {
            out.push('{');
            rest = from.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}

/// For people.
pub(crate) fn text(template: &str, notice: &Notice) -> String {
    filled(template, notice, str::to_owned)
}

/// On one line: a subject or an argument must not smuggle in another one.
pub(crate) fn line(template: &str, notice: &Notice) -> String {
    filled(template, notice, |value| value.replace(char::is_control, " "))
}

/// Inside of strings of JSON.
pub(crate) fn json(template: &str, notice: &Notice) -> String {
    filled(template, notice, |value| {
        let quoted = serde_json::Value::from(value).to_string();
        quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::alert::{Raised, Trouble};

    fn notice(title: &str) -> Notice {
        let raised = Raised {
            trouble: Trouble::Failing,
            link: "acme".into(),
            flow: "suppliers".into(),
            title: title.into(),
            text: "no route".into(),
            hint: "plug it in".into(),
            since: jiff::Timestamp::UNIX_EPOCH,
        };
        Notice { state: Turn::Raised, raised, at: jiff::Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn places_are_filled_and_other_braces_stay() {
        let notice = notice("3 runs have failed");
        assert_eq!(
            text("{link}/{flow} {state}: {title} {x} {", &notice),
            "acme/suppliers raised: 3 runs have failed {x} {"
        );
    }

    #[test]
    fn a_value_cannot_leave_its_string_or_its_line() {
        let notice = notice("a\"b\\c\nBcc: x\"");
        let body = json("{\"text\":\"{title}\"}", &notice);
        let parsed: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(parsed["text"], "a\"b\\c\nBcc: x\"");
        assert_eq!(line("{title}", &notice), "a\"b\\c Bcc: x\"");
    }
}
