//! The `metad` command: serves one node, or a whole cluster for trying things.

#[cfg(not(madsim))]
mod command;

/// Many small records live shortly: a tenth of the time goes to glibc's allocator otherwise.
#[cfg(not(madsim))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(not(madsim))]
fn main() -> std::process::ExitCode {
    command::main()
}

#[cfg(madsim)]
fn main() {
    eprintln!("metad: built for the simulator; use `cargo sim`");
    std::process::exit(2);
}
