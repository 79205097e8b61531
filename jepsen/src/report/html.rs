//! A report as one HTML page that needs nothing else: no network, no other file.
//!
//! Words and tables are written here, so that they can be read without scripts; what is drawn
//! comes from the data that the page carries ([`super::data`]), by the scripts in `page/`.

use crate::check::{Candidate, Check, Count, Part, Report, Verdict, Violation};
use crate::history::{History, Operation};

use super::data;
use super::part::{after, before, contradiction, seen, views};
use super::words::{grouped, plural};

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
/// What a model says of an operation that nothing stands in the way of.
const FITS: &str = "fits";
/// In the order in which they build on one another.
const SCRIPTS: [&str; 12] = [
    include_str!("page/run.js"),
    include_str!("page/theme.js"),
    include_str!("page/view.js"),
    include_str!("page/faults.js"),
    include_str!("page/pens.js"),
    include_str!("page/overview.js"),
    include_str!("page/timeline.js"),
    include_str!("page/latency.js"),
    include_str!("page/details.js"),
    include_str!("page/selection.js"),
    include_str!("page/controls.js"),
    include_str!("page/main.js"),
];

/// A report as one HTML page.
pub fn html(report: &Report, history: &History) -> String {
    let verdict = report.verdict.name();
    let parts = [
        ("TITLE", escape(&format!("{verdict}: {}", report.source))),
        ("VERDICT", verdict.to_string()),
        ("SIGN", sign(report.verdict).to_string()),
        ("MEANING", escape(&meaning(report, history))),
        ("SOURCE", escape(&report.source)),
        ("FACTS", facts(report, history)),
        ("CHECKS", report.checks.iter().map(|it| check_row(it, report)).collect()),
        ("COUNTS", counts(report)),
        ("VIOLATION", report.violation.as_ref().map_or(String::new(), |it| violation(it, history))),
        ("STYLE", STYLE.to_string()),
        ("SCRIPT", SCRIPTS.concat()),
        ("DATA", data::encode(report, history)),
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

fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Valid => "✓",
        Verdict::Unknown => "?",
        Verdict::Invalid => "✗",
    }
}

/// The verdict in a sentence.
fn meaning(report: &Report, history: &History) -> String {
    let failed = |verdict: Verdict| {
        let names = report.checks.iter().filter(move |check| check.verdict == verdict);
        names.map(|check| check.name).collect::<Vec<_>>().join(", ")
    };
    let asked = plural(history.operations.len(), "operation");
    match report.verdict {
        Verdict::Valid if history.operations.is_empty() => {
            "There was nothing to check: the history has no operations.".to_string()
        }
        Verdict::Valid => format!("All checks hold: every answer to {asked} can be explained."),
        Verdict::Unknown => format!(
            "No violation was found, but not everything could be checked ({}). This is not a pass.",
            failed(Verdict::Unknown)
        ),
        Verdict::Invalid => {
            format!("The system broke a promise. What does not hold: {}.", failed(Verdict::Invalid))
        }
    }
}

/// What was run, as terms and their values.
fn facts(report: &Report, history: &History) -> String {
    let header = &report.header;
    let operations = &history.operations;
    let times = |it: &Operation| it.completed_time_ns.max(it.invoked_time_ns);
    let first = operations.iter().filter_map(|it| it.invoked_time_ns).min();
    let last = operations.iter().filter_map(times).max();
    let length = first.zip(last).map(|(first, last)| seconds(last - first));
    let processes: std::collections::BTreeSet<i64> =
        operations.iter().map(|it| it.process).collect();
    let faults = Some(header.faults.join(", ")).filter(|faults| !faults.is_empty());
    let facts = [
        ("Operations", Some(grouped(operations.len()))),
        ("Processes", Some(grouped(processes.len()))),
        ("Length", length),
        ("Model", Some(report.model.name().to_string())),
        ("Workload", header.workload.clone()),
        ("Nodes", header.nodes.map(|nodes| nodes.to_string())),
        ("Faults", faults),
        ("Seed", header.seed.map(|seed| seed.to_string())),
    ];
    let fact = |(name, value): &(&str, Option<String>)| {
        let value = escape(value.as_ref()?);
        Some(format!("<div><dt>{name}</dt><dd>{value}</dd></div>"))
    };
    facts.iter().filter_map(fact).collect()
}

fn seconds(ns: i64) -> String {
    let seconds = ns as f64 / 1e9;
    match seconds {
        _ if seconds < 1.0 => format!("{:.1} ms", seconds * 1e3),
        _ if seconds < 120.0 => format!("{seconds:.1} s"),
        _ => format!("{:.1} min", seconds / 60.0),
    }
}

/// What a check asks, for who has not read the manual.
fn question(name: &str) -> &'static str {
    match name {
        "linearizable" => "Is there one order of all operations that explains every answer?",
        "journal" => "Does the change feed tell all changes, in order and once?",
        "durability" => "Is what was acknowledged still there, and did each request happen once?",
        "sessions" => "Do clients see their own writes, and never go back in time?",
        "locks" => "Was no lock held twice, and no stale token accepted?",
        "sync" => "Did all offline clients converge without losing content?",
        _ => "",
    }
}

fn check_row(check: &Check, report: &Report) -> String {
    let verdict = check.verdict.name();
    let is_told_below = report.violation.as_ref().is_some_and(|it| it.summary == check.detail);
    let detail = match is_told_below {
        true => "No: see what went wrong, below.".to_string(),
        false => escape(&check.detail),
    };
    let found: Vec<String> = check
        .findings
        .iter()
        .filter(|finding| **finding != check.detail)
        .map(|finding| format!("<li>{}</li>", escape(finding)))
        .collect();
    let found = match found.len() {
        0 => String::new(),
        _ => format!("<ul>{}</ul>", found.concat()),
    };
    format!(
        "<li class=\"{verdict}\"><span class=\"sign\" aria-hidden=\"true\">{}</span>\
         <div><h3>{} <b>{verdict}</b></h3><p class=\"faint\">{}</p><p>{}</p>{found}</div></li>",
        sign(check.verdict),
        check.name,
        question(check.name),
        detail,
    )
}

fn counts(report: &Report) -> String {
    let total = |it: &Count| it.ok + it.rejected + it.fail + it.unknown;
    let most = report.counts.iter().map(total).max().unwrap_or(1).max(1);
    let row = |it: &Count| {
        let parts =
            [("ok", it.ok), ("rejected", it.rejected), ("fail", it.fail), ("unknown", it.unknown)];
        let bar: String = parts
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(kind, count)| {
                let share = *count as f64 * 100.0 / most as f64;
                format!(
                    "<i class=\"{kind}\" style=\"width:{share:.2}%\" title=\"{count} {kind}\"></i>"
                )
            })
            .collect();
        let cell = |(_, count): &(&str, u64)| match count {
            0 => "<td class=\"none\">–</td>".to_string(),
            _ => format!("<td>{}</td>", grouped(*count as usize)),
        };
        let cells: String = parts.iter().map(cell).collect();
        let name = escape(&it.function);
        format!(
            "<tr><th scope=\"row\">{name}</th><td class=\"bar\">{bar}</td>{cells}<td>{}</td></tr>",
            grouped(total(it) as usize)
        )
    };
    report.counts.iter().map(row).collect()
}

/// Links and candidates that are shown without being asked for.
const SHOWN_MAX: usize = 4;
const LINKS_MAX: usize = 24;

fn violation(violation: &Violation, history: &History) -> String {
    let link = |index: usize| link(index, history);
    let minimal = violation.minimal.as_ref().map_or(String::new(), |it| contradicting(it, history));
    let candidates = candidates(&violation.candidates, link);
    let shown = candidates[..candidates.len().min(SHOWN_MAX)].concat();
    let hidden = &candidates[candidates.len().min(SHOWN_MAX)..];
    let hidden = match hidden.len() {
        0 => String::new(),
        count => format!(
            "<details><summary>{count} more</summary><ul>{}</ul></details>",
            hidden.concat()
        ),
    };
    format!(
        "<section class=\"card violation\" id=\"violation\"><h2>What went wrong</h2>\
         <p class=\"summary\">{}</p>{minimal}\
         <h3>What could come next after the longest order that fits, of {}</h3>\
         <ul>{shown}</ul>{hidden}\
         <details><summary>The state at that point</summary><pre>{}</pre></details></section>",
        escape(&violation.summary),
        plural(violation.prefix.len(), "operation"),
        escape(&violation.state.join("\n")),
    )
}

fn link(index: usize, history: &History) -> String {
    format!("<a href=\"#op={index}\">line {}</a>", history.operations[index].line)
}

/// The part that contradicts itself: as each client saw it, what was before, and what would have
/// been needed.
fn contradicting(part: &Part, history: &History) -> String {
    let row = |index: &usize| {
        let it = &history.operations[*index];
        format!(
            "<tr><th scope=\"row\">process {}</th><td>{}</td><td><code>{}</code></td></tr>",
            it.process,
            link(*index, history),
            escape(&seen(it))
        )
    };
    let views = views(part, history);
    let rows: String = views.values().flatten().take(LINKS_MAX).map(row).collect();
    let more = match part.operations.len().saturating_sub(LINKS_MAX) {
        0 => String::new(),
        count => format!("<p class=\"faint\">and {} more</p>", grouped(count)),
    };
    let state = match part.before.is_empty() {
        true => String::new(),
        false => format!("<h3>{}</h3><pre>{}</pre>", before(part), escape(&part.before.join("\n"))),
    };
    format!(
        "<p>{}</p><h3>As each client saw it</h3><table class=\"views\">{rows}</table>{more}{state}\
         <h3>{}</h3><ul>{}</ul>",
        contradiction(part),
        after(part, history),
        candidates(&part.next, |index| link(index, history)).concat(),
    )
}

/// A line for each operation that could come next: first those that cannot.
fn candidates(candidates: &[Candidate], link: impl Fn(usize) -> String) -> Vec<String> {
    let fits = |it: &&Candidate| it.needs == FITS;
    let (fitting, others): (Vec<_>, Vec<_>) = candidates.iter().partition(fits);
    let line = |it: &Candidate| {
        let why = match it.needs == FITS {
            true => "<p class=\"faint\">· fits here, but no order leads on from it</p>".to_string(),
            false => format!("<p class=\"why\">✗ {}</p>", escape(&it.needs)),
        };
        format!("<li>{} <code>{}</code>{why}</li>", link(it.operation), escape(&it.text))
    };
    others.into_iter().chain(fitting).map(line).collect()
}
