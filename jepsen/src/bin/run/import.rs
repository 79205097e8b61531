//! A real tree, before the clients begin.

use std::{io::IsTerminal, path::Path};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use metad_client::{Client, import};
use tokio::time::Instant;

/// Imports a directory tree into a namespace of its own, and says how much that was.
pub async fn import_tree(client: &Client, source: &Path) -> Result<String> {
    let namespace = client.create_namespace("import").await?.value;
    let start = Instant::now();
    let bar = match std::io::stderr().is_terminal() {
        true => ProgressBar::new_spinner(),
        false => ProgressBar::hidden(),
    };
    let style = "{spinner} importing {msg}: {pos} nodes, {per_sec}";
    bar.set_style(ProgressStyle::with_template(style).expect("the template is well-formed"));
    bar.set_message(source.display().to_string());
    let what = import::Import::new(namespace.id, source);
    let summary = import::import(client, &what, |progress| bar.set_position(progress.nodes()));
    let nodes = summary.await?.imported.nodes();
    bar.finish_and_clear();
    Ok(format!("{nodes} in {:.1} s", start.elapsed().as_secs_f64()))
}
