//! What came of a run.

use std::collections::BTreeMap;

use anyhow::Result;
use metad_jepsen::{Report, Verdict, check::Check};
use serde::Serialize;
use serde_json::{Value, json};

/// What the test of a cluster found, apart from the history.
#[derive(Default)]
pub struct Tested {
    /// Checks of what no history tells.
    pub checks: Vec<Check>,
    /// How often each fault came.
    pub faults: BTreeMap<&'static str, u64>,
    /// Figures of the clients' work.
    load: Value,
    rows: Vec<(&'static str, String)>,
}

/// A check of ours.
pub fn checked(
    name: &'static str,
    verdict: Verdict,
    detail: String,
    findings: Vec<String>,
) -> Check {
    Check { name, verdict, detail, findings }
}

impl Tested {
    /// One more line of the table.
    pub fn row(&mut self, name: &'static str, value: String) {
        self.rows.push((name, value));
    }

    /// The figures of metad's clients.
    pub fn load(&mut self, load: &metad_workload::Report) -> Result<()> {
        let rate = load.operations_per_second;
        self.row("operations", format!("{}, {rate:.0}/s", load.operations));
        self.row(
            "latency p50 / p99",
            format!("{:.1} / {:.1} ms", load.all.p50_ms, load.all.p99_ms),
        );
        self.row("longest stall", format!("{:.0} ms", load.longest_stall_ms));
        self.row("unknown outcomes", load.unknown.to_string());
        self.set_load(load)
    }

    /// The same for programs.
    pub fn set_load(&mut self, load: &impl Serialize) -> Result<()> {
        self.load = serde_json::to_value(load)?;
        Ok(())
    }

    /// Adds the checks to the report of the history.
    pub fn judge(&self, report: &mut Report) {
        report.checks.extend(self.checks.iter().cloned());
        let worst = report.checks.iter().map(|check| check.verdict).max();
        report.verdict = worst.unwrap_or(Verdict::Unknown);
    }

    /// For people, a line a figure.
    pub fn table(&self) -> String {
        let count = |(name, count): (&&str, &u64)| format!("{name} {count}");
        let faults = self.faults.iter().map(count).collect::<Vec<_>>().join(", ");
        let faults = ("faults", if faults.is_empty() { "none".to_owned() } else { faults });
        let line = |(name, value): &(&str, String)| format!("  {name:<18} {value}\n");
        self.rows.iter().chain([&faults]).map(line).collect()
    }

    /// For programs.
    pub fn json(&self, report: &Report) -> Value {
        json!({ "report": report, "load": self.load, "faults": self.faults })
    }
}
