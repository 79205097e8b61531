//! The measurements. What is compared is measured in turns, large and small one after the
//! other, so that a disturbance hits both.

use std::time::Duration;

use anyhow::Context as _;
use metad_client::{steps, v1};
use metad_proto::{transport, v1::files_client::FilesClient};
use tokio::time::Instant;

use super::{Bench, build::file, figures::Figures, progress};

/// Listings of the whole large directory.
const LISTINGS: usize = 5;
/// Between two looks at the server's memory.
const LOOK: Duration = Duration::from_millis(20);

/// Samples of something large and of the same thing small.
#[derive(Default)]
pub struct Pairs {
    pub large: Vec<Duration>,
    pub small: Vec<Duration>,
}

async fn timed<T, E: Into<anyhow::Error>>(
    samples: &mut Vec<Duration>,
    call: impl Future<Output = Result<T, E>>,
) -> anyhow::Result<T> {
    let started = Instant::now();
    let value = call.await.map_err(Into::into)?;
    samples.push(started.elapsed());
    Ok(value)
}

impl Bench {
    /// The first page, and the whole of it, as a stream that is read and thrown away.
    pub async fn measure_listing(
        &self,
        ns: u64,
        entries: u64,
        figures: &mut Figures,
    ) -> anyhow::Result<()> {
        let mut pages = Vec::new();
        for _ in 0..self.samples.min(100) {
            let page = v1::ListRequest { ns, limit: 1_000, ..v1::ListRequest::default() };
            let page = timed(&mut pages, self.client.list_page(page)).await?;
            anyhow::ensure!(page.value.len() as u64 == entries.min(1_000), "a whole page");
        }
        figures.latency("first page of 1,000", &pages);
        figures.memory_mib("server before listings", self.servers.memory_mib()?);
        let (mut whole, mut memory_mib) = (Vec::new(), Vec::new());
        for _ in 0..LISTINGS {
            let mut most_mib = 0.0;
            let listed = timed(&mut whole, self.list_whole(ns, &mut most_mib)).await?;
            anyhow::ensure!(listed == entries, "{listed} of {entries} entries were listed");
            memory_mib.push(most_mib);
        }
        for (number, most_mib) in (1..).zip(memory_mib) {
            figures.memory_mib(&format!("server during listing {number}, most"), most_mib);
        }
        figures.throughput("entries listed", entries, &whole);
        Ok(())
    }

    /// Reads a listing to its end; says how many entries it had.
    async fn list_whole(&self, ns: u64, memory_mib: &mut f64) -> anyhow::Result<u64> {
        let channel = transport::connect(&self.servers.endpoints()[0])?;
        let mut files = FilesClient::new(channel);
        let request = v1::ListRequest { ns, ..v1::ListRequest::default() };
        let mut stream = files.list(request).await?.into_inner();
        let (mut listed, mut looked) = (0, Instant::now());
        while let Some(message) = stream.message().await? {
            listed += message.entries.len() as u64;
            if looked.elapsed() > LOOK {
                looked = Instant::now();
                *memory_mib = memory_mib.max(self.servers.memory_mib()?);
            }
            if message.done {
                return Ok(listed);
            }
        }
        anyhow::bail!("the listing was cut")
    }

    /// Files made in the large namespace, and in an empty one.
    pub async fn measure_creates(
        &self,
        large: u64,
        empty: u64,
        figures: &mut Figures,
    ) -> anyhow::Result<()> {
        let mut pairs = Pairs::default();
        let bar = progress("create", self.samples as u64);
        for ns in [large, empty] {
            self.client.mkdir(ns, "/made").await?;
        }
        for number in 0..self.samples as u64 {
            let step = || steps::create(steps::at(format!("/made/{number}")), file(number));
            timed(&mut pairs.large, self.client.mutate(large, vec![step()])).await?;
            timed(&mut pairs.small, self.client.mutate(empty, vec![step()])).await?;
            bar.inc(1);
        }
        bar.finish_and_clear();
        figures.ratio("create: large namespace ÷ empty", &pairs);
        Ok(())
    }

    /// A path of ten levels, and one of one.
    pub async fn measure_depth(&self, ns: u64, figures: &mut Figures) -> anyhow::Result<()> {
        let deep = (0..9).map(|level| format!("/level-{level}")).collect::<String>();
        self.client.mutate(ns, vec![steps::mkdir_all(steps::at(&deep))]).await?;
        let (deep, flat) = (format!("{deep}/file"), "/file");
        for path in [deep.as_str(), flat] {
            self.client.mutate(ns, vec![steps::create(steps::at(path), file(1))]).await?;
        }
        let mut pairs = Pairs::default();
        for _ in 0..self.samples {
            timed(&mut pairs.large, self.client.stat(ns, steps::at(&deep))).await?;
            timed(&mut pairs.small, self.client.stat(ns, steps::at(flat))).await?;
        }
        figures.ratio("stat: 10 levels ÷ 1", &pairs);
        Ok(())
    }

    /// How much is in the large namespace: one read.
    pub async fn measure_du(&self, ns: u64, figures: &mut Figures) -> anyhow::Result<()> {
        let mut samples = Vec::new();
        for _ in 0..self.samples {
            timed(&mut samples, self.client.stat(ns, steps::at("/"))).await?;
        }
        figures.latency("du of the large namespace", &samples);
        Ok(())
    }

    /// A large directory renamed, and an empty one.
    pub async fn measure_moves(&self, ns: u64, figures: &mut Figures) -> anyhow::Result<()> {
        let mut pairs = Pairs::default();
        self.client.mkdir(ns, "/empty").await?;
        let rename = |from: &str, to: &str| steps::rename(steps::at(from), steps::at(to));
        for number in 0..self.samples {
            let (there, back) = [("", "-moved"), ("-moved", "")][number % 2];
            let step = |name: &str| rename(&format!("/{name}{there}"), &format!("/{name}{back}"));
            timed(&mut pairs.large, self.client.mutate(ns, vec![step("tree-0")])).await?;
            timed(&mut pairs.small, self.client.mutate(ns, vec![step("empty")])).await?;
        }
        if !self.samples.is_multiple_of(2) {
            let step = rename("/tree-0-moved", "/tree-0");
            self.client.mutate(ns, vec![step]).await.context("move it back")?;
        }
        figures.ratio("move: large directory ÷ empty", &pairs);
        Ok(())
    }

    /// Large directories deleted, and empty ones, while what went before is being reclaimed.
    pub async fn measure_deletes(
        &self,
        ns: u64,
        trees: u64,
        figures: &mut Figures,
    ) -> anyhow::Result<()> {
        let mut pairs = Pairs::default();
        for tree in 0..trees {
            self.client.mkdir(ns, &format!("/nothing-{tree}")).await?;
        }
        for tree in 0..trees {
            let step = |name: &str| steps::delete_all(steps::at(format!("/{name}-{tree}")));
            timed(&mut pairs.large, self.client.mutate(ns, vec![step("tree")])).await?;
            timed(&mut pairs.small, self.client.mutate(ns, vec![step("nothing")])).await?;
        }
        figures.ratio("delete: large directory ÷ empty", &pairs);
        let mut reclaiming = Vec::new();
        for number in 0..self.samples as u64 {
            let step = steps::create(steps::at(format!("/during-{number}")), file(number));
            timed(&mut reclaiming, self.client.mutate(ns, vec![step])).await?;
        }
        figures.latency("create while all that is reclaimed", &reclaiming);
        Ok(())
    }
}
