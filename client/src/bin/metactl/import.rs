//! import: a progress bar while it runs, what was left out, a summary.

use std::{fmt, process::ExitCode};

use indicatif::{
    HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle,
};
use metad_client::import::{self, Import, Skipped, Summary};

use crate::{cli, context::Context, failure::Failure, output::printable};

/// Unreadable paths that are shown one by one.
const PROBLEMS_SHOWN_MAX: usize = 5;

pub async fn run(context: &Context, options: &cli::Import) -> Result<ExitCode, Failure> {
    let ns = context.ns().await?;
    let target = options.target.target();
    let import = Import {
        start: target.id,
        target: target.path,
        in_flight: options.in_flight.into(),
        ..Import::new(ns, &options.source)
    };
    let writer = context.writer().await?;
    let bar = progress_bar(&import);
    let imported = import::import(&writer, &import, |progress| {
        bar.set_position(progress.nodes());
        bar.set_message(HumanBytes(progress.bytes).to_string());
    });
    let summary = imported.await;
    bar.finish_and_clear();
    let summary = summary?;
    let value = || serde_json::to_value(&summary).expect("a summary has only string keys");
    context.output.data(value, || sentence(&summary))?;
    if !context.output.json {
        warn(&summary.skipped);
    }
    let is_whole = summary.skipped.problem_count == 0;
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Draws on a terminal only.
fn progress_bar(import: &Import) -> ProgressBar {
    let target = ProgressDrawTarget::stderr();
    if target.is_hidden() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(
        "{bar:40} {human_pos}/{human_len} nodes  {msg}  {rate}  {eta}",
    );
    let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
        // A progress bar has nobody to tell that it cannot be drawn.
        let _ = write!(out, "{:.0} nodes/s", state.per_sec());
    };
    let bar = ProgressBar::with_draw_target(Some(import::count(&import.source)), target);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).with_key("rate", rate))
}

fn sentence(summary: &Summary) -> String {
    let imported = &summary.imported;
    let rate = imported.nodes() as f64 / summary.seconds.max(1e-9);
    let mut text = format!(
        "imported {} files and {} directories ({}) in {:.1} s, {rate:.0} nodes/s",
        HumanCount(imported.files),
        HumanCount(imported.directories),
        HumanBytes(imported.bytes),
        summary.seconds,
    );
    let skipped = &summary.skipped;
    if skipped.links > 0 {
        text += &format!("; skipped {} symbolic links", HumanCount(skipped.links));
    }
    if skipped.special > 0 {
        text += &format!("; skipped {} devices, sockets and pipes", HumanCount(skipped.special));
    }
    text
}

fn warn(skipped: &Skipped) {
    for problem in skipped.problems.iter().take(PROBLEMS_SHOWN_MAX) {
        eprintln!("metactl: not imported: {}: {}", printable(&problem.path), problem.error);
    }
    let more = skipped.problem_count.saturating_sub(PROBLEMS_SHOWN_MAX as u64);
    if more > 0 {
        eprintln!("metactl: not imported: {more} more that cannot be read");
    }
}
