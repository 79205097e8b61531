//! Is each run the same when it is run again? Two processes a seed, not
//! forked from the same one; the hashes of their whole traces, and all that they counted, must
//! be equal.

use crate::{
    child::{Job, run_all},
    cli::VerifyArgs,
    report::Report,
    sweep::progress,
};

/// Compares them all. True if none differs and none fails.
pub fn verify(arguments: &VerifyArgs) -> anyhow::Result<bool> {
    let seeds = arguments.seeds();
    let bar = progress(seeds.count());
    let (mut differing, mut failing) = (0, 0);
    let mut trouble = None;
    let shape = &arguments.shape;
    let work = |seed| -> anyhow::Result<(Report, Report)> {
        let limits = &arguments.limits;
        let job = Job { seed, shape, limits, traced: true };
        Ok((job.run()?.comparable(), job.run_afresh()?.comparable()))
    };
    run_all(seeds.0.clone(), arguments.limits.jobs(), work, |result| {
        bar.inc(1);
        match result {
            Ok((one, other)) => {
                differing += u64::from(one != other);
                failing += u64::from(one.violation.is_some());
                bar.suspend(|| show(&one, &other));
            }
            Err(error) => trouble = Some(error),
        }
    });
    bar.finish_and_clear();
    if let Some(error) = trouble {
        return Err(error);
    }
    println!("{} seeds twice: {differing} differ, {failing} fail", seeds.count());
    if arguments.shape.canary {
        return Ok(differing == seeds.count());
    }
    Ok(differing == 0 && failing == 0)
}

fn show(one: &Report, other: &Report) {
    let trace = |report: &Report| report.trace.clone().unwrap_or_else(|| "-".to_owned());
    if one == other {
        let verdict = one.violation.as_ref().map_or("", |violation| violation.oracle.as_str());
        println!("seed {}  {}  same  {verdict}", one.seed, trace(one));
        return;
    }
    println!("seed {}  DIFFERS in {}", one.seed, differences(one, other).join(", "));
    println!("  to see where: {0} --trace one; {0} --trace other; diff one other", one.replay);
}

/// What of two reports differs, by name.
fn differences(one: &Report, other: &Report) -> Vec<String> {
    let fields = |report: &Report| match serde_json::to_value(report) {
        Ok(serde_json::Value::Object(fields)) => fields,
        _ => unreachable!("a report is plain data with names"),
    };
    let (one, other) = (fields(one), fields(other));
    one.into_iter()
        .filter(|(name, value)| other.get(name) != Some(value))
        .map(|(name, _)| name)
        .collect()
}
