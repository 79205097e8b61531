//! What is measured against: a large directory, and a large namespace.

use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use metad_client::{steps, v1};
use tokio::time::Instant;

use super::{Bench, Scale, progress};

/// Nodes that one copy makes.
pub const COPY_NODES: u64 = 10_000;

/// Files of each directory of a tree.
const FILES: u64 = 99;
/// Steps of one batch.
const STEPS: u64 = 1_000;
/// Batches under way at a time.
const IN_FLIGHT: usize = 4;

/// A file like any other.
pub fn file(number: u64) -> v1::Content {
    let mut hash = vec![0; 32];
    hash[..8].copy_from_slice(&number.to_be_bytes());
    v1::Content { size: number % 100_000, hash: hash.into(), ..v1::Content::default() }
}

impl Bench {
    /// Files in the root.
    pub async fn build_directory(&self, ns: u64, entries: u64) -> anyhow::Result<Duration> {
        let (bar, started) = (progress("build a directory", entries), Instant::now());
        let batches = (0..entries).step_by(STEPS as usize).map(|first| {
            let numbers = first..entries.min(first + STEPS);
            let step = |number| steps::create(steps::at(format!("file-{number:08}")), file(number));
            let (client, steps) = (&self.client, numbers.clone().map(step).collect());
            let bar = &bar;
            async move {
                client.mutate(ns, steps).await?;
                bar.inc(numbers.end - numbers.start);
                anyhow::Ok(())
            }
        });
        stream::iter(batches).buffer_unordered(IN_FLIGHT).try_collect::<()>().await?;
        bar.finish_and_clear();
        Ok(started.elapsed())
    }

    /// Directories `tree-N`, each with as many nodes under it: copies of one of 10,000 nodes.
    pub async fn build_trees(&self, ns: u64, scale: &Scale) -> anyhow::Result<Duration> {
        let (total, started) = (scale.tree * scale.trees, Instant::now());
        let bar = progress("build a namespace", total);
        self.build_part(ns).await?;
        for tree in 0..scale.trees {
            self.client.mkdir(ns, &format!("/tree-{tree}")).await?;
            for part in 0..scale.tree / COPY_NODES {
                let copy = steps::copy(
                    steps::at("/part"),
                    steps::at(format!("/tree-{tree}/part-{part:04}")),
                );
                self.client.mutate(ns, vec![copy]).await?;
                bar.inc(COPY_NODES);
            }
        }
        bar.finish_and_clear();
        Ok(started.elapsed())
    }

    /// `part`: itself, directories, and files in each.
    async fn build_part(&self, ns: u64) -> anyhow::Result<()> {
        self.client.mkdir(ns, "/part").await?;
        let directories = (COPY_NODES - 1) / (FILES + 1);
        let left = COPY_NODES - 1 - directories * (FILES + 1);
        for directory in 0..directories {
            let path = format!("/part/directory-{directory:03}");
            let mut batch = vec![steps::mkdir(steps::at(&path))];
            let file =
                |number| steps::create(steps::at(format!("{path}/file-{number:03}")), file(number));
            batch.extend((0..FILES).map(file));
            self.client.mutate(ns, batch).await?;
        }
        let file =
            |number| steps::create(steps::at(format!("/part/file-{number:03}")), file(number));
        self.client.mutate(ns, (0..left).map(file).collect()).await?;
        Ok(())
    }
}
