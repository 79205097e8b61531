//! `sim`: runs the cluster under faults in simulated time. See `cargo sim -- --help`.

/// Small blocks come and go all the time: a quarter of a run's time with the C library's.
#[cfg(madsim)]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(madsim)]
fn main() -> std::process::ExitCode {
    metad_sim::cli::main()
}

#[cfg(not(madsim))]
fn main() -> std::process::ExitCode {
    eprintln!("sim: this build has no simulated world: run `cargo sim` in the checkout instead");
    std::process::ExitCode::from(2)
}
