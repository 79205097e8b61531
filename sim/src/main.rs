//! `sim`: runs the cluster under faults in simulated time. See `cargo sim -- --help`.

#[cfg(madsim)]
fn main() -> std::process::ExitCode {
    metad_sim::cli::main()
}

#[cfg(not(madsim))]
fn main() -> std::process::ExitCode {
    eprintln!("sim: this build has no simulated world: run `cargo sim` in the checkout instead");
    std::process::ExitCode::from(2)
}
