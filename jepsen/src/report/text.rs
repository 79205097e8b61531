//! A report as lines of text.

use crate::check::{Candidate, Part, Report, Verdict, Violation};
use crate::history::History;

use super::part::{after, before, contradiction, seen, views};

/// Operations that a listing shows.
const LISTED_MAX: usize = 12;

/// Whether to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// For files and pipes.
    Plain,
    /// For terminals.
    Colour,
}

impl Style {
    fn paint(self, verdict: Verdict, text: &str) -> String {
        let code = match verdict {
            Verdict::Valid => "32",
            Verdict::Unknown => "33",
            Verdict::Invalid => "31",
        };
        match self {
            Style::Plain => text.to_string(),
            Style::Colour => format!("\u{1b}[1;{code}m{text}\u{1b}[0m"),
        }
    }
}

/// A whole report in one line: the verdict, the file and the reason.
pub fn line(report: &Report, style: Style) -> String {
    let worst = report.checks.iter().max_by_key(|check| check.verdict);
    let detail = match worst {
        Some(check) if check.verdict == Verdict::Valid => {
            report.checks.first().map_or("", |check| check.detail.as_str()).to_string()
        }
        Some(check) => format!("{}: {}", check.name, check.detail),
        None => String::new(),
    };
    let verdict = style.paint(report.verdict, &format!("{:<7}", report.verdict.name()));
    format!("{verdict}  {}  {}  {detail}", report.source, report.model.name())
}

/// A report in full.
pub fn details(report: &Report, history: &History, style: Style) -> Vec<String> {
    let verdict = style.paint(report.verdict, report.verdict.name());
    let mut lines = vec![format!("{}: {verdict} as {}", report.source, report.model.name())];
    for check in &report.checks {
        let verdict = style.paint(check.verdict, &format!("{:<7}", check.verdict.name()));
        lines.push(format!("  {:<12} {verdict} {}", check.name, check.detail));
        for finding in check.findings.iter().skip(1) {
            lines.push(format!("{:23}{finding}", ""));
        }
    }
    lines.push(String::new());
    lines.push(format!(
        "  {:<18}{:>9}{:>10}{:>8}{:>9}",
        "operation", "ok", "rejected", "fail", "unknown"
    ));
    for count in &report.counts {
        lines.push(format!(
            "  {:<18}{:>9}{:>10}{:>8}{:>9}",
            count.function, count.ok, count.rejected, count.fail, count.unknown
        ));
    }
    if let Some(violation) = &report.violation {
        lines.push(String::new());
        push_violation(violation, history, &mut lines);
    }
    lines
}

fn push_violation(violation: &Violation, history: &History, lines: &mut Vec<String>) {
    if let Some(part) = &violation.minimal {
        push_part(part, history, lines);
    }
    lines.push(format!(
        "  The longest order that fits has {} operations. What holds after it:",
        violation.prefix.len()
    ));
    push_state(&violation.state, lines);
    lines.push("  What could come next, and why it does not fit:".to_string());
    push_candidates(&violation.candidates, history, lines);
}

fn push_part(part: &Part, history: &History, lines: &mut Vec<String>) {
    lines.push(format!("  {}", contradiction(part)));
    lines.push("  As each client saw it:".to_string());
    for (process, seen_by) in views(part, history) {
        lines.push(format!("    process {process}"));
        let shown = seen_by.iter().take(LISTED_MAX);
        lines.extend(shown.map(|index| {
            let operation = &history.operations[*index];
            format!("      line {}, {}", operation.line, seen(operation))
        }));
        push_more(seen_by.len(), lines);
    }
    lines.push(format!("  {}", before(part)));
    push_state(&part.before, lines);
    lines.push(format!("  {}", after(part, history)));
    push_candidates(&part.next, history, lines);
    lines.push(String::new());
}

fn push_candidates(candidates: &[Candidate], history: &History, lines: &mut Vec<String>) {
    for candidate in candidates.iter().take(LISTED_MAX) {
        let at = history.operations[candidate.operation].line;
        lines.push(format!("    line {at}: {}", candidate.text));
        lines.push(format!("      {}", candidate.needs));
    }
    push_more(candidates.len(), lines);
}

fn push_state(state: &[String], lines: &mut Vec<String>) {
    lines.extend(state.iter().take(LISTED_MAX).map(|thing| format!("    {thing}")));
    push_more(state.len(), lines);
}

fn push_more(count: usize, lines: &mut Vec<String>) {
    if count > LISTED_MAX {
        lines.push(format!("    … {} more", count - LISTED_MAX));
    }
}
