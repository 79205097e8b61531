//! What the demo says at the end.

use metad_jepsen::{Report, Verdict};

use super::Outcome;

/// The table, a line a figure.
pub fn table(outcome: &Outcome) -> String {
    let Outcome { import, load, replicas, report, .. } = outcome;
    let same = if replicas.equal { "equal" } else { "DIFFERENT" };
    let rows = [
        ("imported nodes", format!("{} in {:.1} s", import.nodes, import.seconds)),
        ("operations", format!("{} by {} clients", load.operations, outcome.clients)),
        ("throughput", format!("{:.0} ops/s", load.operations_per_second)),
        ("latency p50 / p99", format!("{:.1} / {:.1} ms", load.all.p50_ms, load.all.p99_ms)),
        ("leader kills", outcome.kills.to_string()),
        ("longest stall", format!("{:.0} ms", load.longest_stall_ms)),
        ("unknown outcomes", load.unknown.to_string()),
        (
            "replicas",
            format!(
                "{same} state {} at index {}, {} records",
                replicas.hash, replicas.applied_index, replicas.records
            ),
        ),
        ("verdict", verdict(report)),
    ];
    let line = |(name, value): &(&str, String)| format!("  {name:<18} {value}\n");
    rows.iter().map(line).collect()
}

fn verdict(report: &Report) -> String {
    let word = match report.verdict {
        Verdict::Valid => "valid",
        Verdict::Invalid => "INVALID",
        Verdict::Unknown => "unknown",
    };
    let names = report.checks.iter().map(|check| check.name.to_string()).collect::<Vec<_>>();
    format!("{word} ({})", names.join(", "))
}
