//! A report as one HTML page that needs nothing else: no network, no other file.
//!
//! Words and tables are written here, so that they can be read without scripts; the timeline
//! is drawn by `timeline.js` from the JSON that the page carries.

use serde_json::{Value, json};

use crate::check::{Report, Violation, shorten};
use crate::history::{History, Operation, Outcome};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const TIMELINE: &str = include_str!("timeline.js");
const DETAILS: &str = include_str!("details.js");

/// Operations that a page draws. Of longer histories, it draws those around the violation.
const DRAWN_MAX: usize = 20_000;
/// Bytes of an argument or result that a page keeps.
const VALUE_BYTES_MAX: usize = 4_000;

/// A report as one HTML page.
pub fn html(report: &Report, history: &History) -> String {
    let data = timeline_data(report, history).to_string().replace('<', "\\u003c");
    let parts = [
        ("TITLE", escape(&format!("{} – {}", report.verdict.name(), report.source))),
        ("VERDICT", report.verdict.name().to_string()),
        ("SOURCE", escape(&report.source)),
        ("ABOUT", escape(&about(report, history))),
        ("CHECKS", checks(report)),
        ("COUNTS", counts(report)),
        (
            "VIOLATION",
            report.violation.as_ref().map_or_else(String::new, |it| violation(it, history)),
        ),
        ("STYLE", STYLE.to_string()),
        ("TIMELINE_SCRIPT", TIMELINE.to_string()),
        ("DETAILS_SCRIPT", DETAILS.to_string()),
        ("DATA", data),
    ];
    let mut page =
        String::with_capacity(PAGE.len() + parts.iter().map(|(_, part)| part.len()).sum::<usize>());
    // One pass, so that nothing inside a part is taken for a place.
    let mut rest = PAGE;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").expect("every place in page.html is closed");
        let part = parts.iter().find(|(known, _)| *known == name);
        page.push_str(before);
        page.push_str(&part.expect("every place in page.html has a part").1);
        rest = after;
    }
    page.push_str(rest);
    page
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn about(report: &Report, history: &History) -> String {
    let header = &report.header;
    let mut parts = vec![
        format!("model {}", report.model.name()),
        format!("{} operations", history.operations.len()),
    ];
    parts.extend(header.workload.as_ref().map(|workload| format!("workload {workload}")));
    parts.extend(header.nodes.map(|nodes| format!("{nodes} nodes")));
    parts.extend(header.seed.map(|seed| format!("seed {seed}")));
    if !header.faults.is_empty() {
        parts.push(format!("faults: {}", header.faults.join(", ")));
    }
    parts.join(" · ")
}

fn checks(report: &Report) -> String {
    let row = |check: &crate::check::Check| {
        let more: String = check
            .findings
            .iter()
            .skip(1)
            .map(|finding| format!("<div class=\"finding\">{}</div>", escape(finding)))
            .collect();
        format!(
            "<tr><th>{}</th><td class=\"{verdict}\">{verdict}</td><td>{}{more}</td></tr>",
            check.name,
            escape(&check.detail),
            verdict = check.verdict.name(),
        )
    };
    report.checks.iter().map(row).collect()
}

fn counts(report: &Report) -> String {
    let row = |count: &crate::check::Count| {
        format!(
            "<tr><th>{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(&count.function),
            count.ok,
            count.rejected,
            count.fail,
            count.unknown
        )
    };
    report.counts.iter().map(row).collect()
}

fn violation(violation: &Violation, history: &History) -> String {
    let link = |index: usize| {
        let line = history.operations[index].line;
        format!("<a href=\"#timeline\" data-operation=\"{index}\">line {line}</a>")
    };
    let candidates: String = violation
        .candidates
        .iter()
        .map(|candidate| {
            format!(
                "<li>{} <code>{}</code><div>{}</div></li>",
                link(candidate.operation),
                escape(&candidate.text),
                escape(&candidate.needs)
            )
        })
        .collect();
    let minimal: Vec<String> = violation.minimal.iter().map(|index| link(*index)).collect();
    let minimal = match minimal.is_empty() {
        true => String::new(),
        false => format!(
            "<p>A part that does not fit by itself, of {} operations: {}</p>",
            minimal.len(),
            minimal.join(", ")
        ),
    };
    format!(
        "<section><h2>The violation</h2><p>{}</p>{minimal}\
         <h3>What could come next, and why it does not fit</h3><ul>{candidates}</ul>\
         <h3>The state before it, after the longest order that fits ({} operations)</h3>\
         <pre>{}</pre></section>",
        escape(&violation.summary),
        violation.prefix.len(),
        escape(&violation.state.join("\n")),
    )
}

/// What the timeline draws.
fn timeline_data(report: &Report, history: &History) -> Value {
    let violation = report.violation.as_ref();
    let focus = violation.map(|violation| violation.position);
    let drawn = drawn_range(history, focus);
    let operations: Vec<Value> = history.operations[drawn.clone()]
        .iter()
        .zip(drawn.clone())
        .map(|(operation, index)| operation_data(operation, index))
        .collect();
    json!({
        "operations": operations,
        "total": history.operations.len(),
        "events": history.events_count,
        "faults": history.faults,
        "focus": focus,
        "prefix": violation.map(|violation| &violation.prefix),
        "minimal": violation.map(|violation| &violation.minimal),
        "candidates": violation.map(|violation| {
            violation.candidates.iter().map(|it| (it.operation, it.needs.as_str())).collect::<Vec<_>>()
        }),
    })
}

/// The operations to draw: all of them, or as many as can be around the focus.
fn drawn_range(history: &History, focus: Option<u32>) -> std::ops::Range<usize> {
    let count = history.operations.len();
    if count <= DRAWN_MAX {
        return 0..count;
    }
    let center = focus.map_or(0, |focus| {
        history.operations.partition_point(|operation| operation.invoked < focus)
    });
    let start = center.saturating_sub(DRAWN_MAX / 2).min(count - DRAWN_MAX);
    start..start + DRAWN_MAX
}

fn operation_data(operation: &Operation, index: usize) -> Value {
    let result = match &operation.outcome {
        Outcome::Ok(value) | Outcome::Fail(value) => shorten(value, VALUE_BYTES_MAX),
        Outcome::Unknown => String::new(),
    };
    json!({
        "index": index,
        "line": operation.line,
        "process": operation.process,
        "function": operation.function,
        "key": operation.key,
        "input": shorten(&operation.input, VALUE_BYTES_MAX),
        "outcome": operation.outcome.kind(),
        "result": result,
        "invoked": operation.invoked,
        "completed": operation.completed,
        "invokedNs": operation.invoked_time_ns,
        "completedNs": operation.completed_time_ns,
        "revision": operation.revision,
        "node": operation.node,
        "request": operation.request.map(|request| [request.client, request.sequence]),
    })
}
