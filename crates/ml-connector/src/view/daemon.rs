//! What a running daemon answers, for people.

use serde_json::Value;

use crate::terminal::paint::Paint;
use crate::view::parked::{bare_table, trimmed};
use crate::view::words::{count, lasting, safe};

/// All links and flows, and what is wrong.
pub(crate) fn page(status: &Value, paint: Paint) -> String {
    let mut table = bare_table(&["link", "flow", "state", "last run", "next run", "why", "age", "waiting"]);
    let mut below = Vec::new();
    for link in array(status, "links") {
        let name = text(link, "link");
        if let Some(wrong) = link.get("wrong").and_then(Value::as_str) {
            below.push(format!("{} {}: {}", paint.bad("wrong"), safe(&name), wrong));
            if let Some(hint) = link.get("hint").and_then(Value::as_str) {
                below.push(format!("{} {}", paint.good("  hint:"), safe(hint)));
            }
        }
        if let Some(who) = link.get("lent_to").and_then(Value::as_str) {
            let words = format!("{name} to {who}: its runs wait until that ends");
            below.push(format!("{} {}", paint.warn("lent"), safe(&words)));
        }
        for flow in array(link, "flows") {
            table.add_row(row(&name, flow));
            if let Some(error) = flow.get("error").and_then(Value::as_str) {
                let words = format!("{}/{}: {}", name, text(flow, "flow"), error);
                below.push(format!("{} {}", paint.bad("failed"), safe(&words)));
                below.push(format!("{} {}", paint.good("  hint:"), safe(&text(flow, "hint"))));
            }
        }
    }
    for alert in array(status, "alerts") {
        below.push(format!(
            "{} {} (since {})",
            paint.warn("alert"),
            safe(&text(alert, "title")),
            text(alert, "since")
        ));
    }
    let lines = trimmed(&table);
    if below.is_empty() { lines } else { format!("{lines}\n\n{}", below.join("\n")) }
}

/// All flows, by link and name.
pub(crate) fn flows(status: &Value) -> impl Iterator<Item = (String, &Value)> {
    array(status, "links").iter().flat_map(|link| {
        let name = text(link, "link");
        array(link, "flows").iter().map(move |flow| (format!("{name}/{}", text(flow, "flow")), flow))
    })
}

/// Whether a flow runs, or will as soon as it may.
pub(crate) fn is_under_way(flow: &Value) -> bool {
    flow.get("running").is_some() || flow.get("asked").and_then(Value::as_bool) == Some(true)
}

/// How far a run has come.
pub(crate) fn progress(flow: &Value) -> Option<String> {
    let progress = flow.get("running")?.get("progress")?;
    let number = |name: &str| progress.get(name).and_then(Value::as_u64);
    let read = count(number("read")?);
    let of = number("total").map(|total| format!(" of {}", count(total))).unwrap_or_default();
    Some(format!("{read}{of} read, {} written", count(number("written")?)))
}

fn row(link: &str, flow: &Value) -> [String; 8] {
    let next = flow.get("next");
    let plan = next.and_then(|next| next.get("next"));
    let running = flow.get("running");
    let why = running.or(next).map(|what| text(what, "why")).unwrap_or_default();
    let age = flow.get("age_seconds").and_then(Value::as_u64);
    let age = age.map(|seconds| lasting(std::time::Duration::from_secs(seconds))).unwrap_or_default();
    let waiting = flow.get("waiting").and_then(Value::as_object);
    let waiting: Vec<String> =
        waiting.into_iter().flatten().map(|(class, number)| format!("{number} {class}")).collect();
    [
        safe(link),
        safe(&text(flow, "flow")),
        text(flow, "state"),
        moment(flow.get("ended")),
        plan.map(|plan| moment(plan.get("at"))).unwrap_or_default(),
        safe(&why),
        age,
        waiting.join(", "),
    ]
}

fn array<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A moment, to the second.
fn moment(value: Option<&Value>) -> String {
    let at = value.and_then(Value::as_str).and_then(|text| text.parse().ok());
    at.map(crate::view::words::moment).unwrap_or_default()
}
