//! `metad restore`: makes the data folder of the first node of a new cluster of a backup.
//!
//! All is made in a folder beside where it will be, and moved there once it is whole: a restore
//! that was cut off leaves what `metad serve` refuses.

use std::{
    fs,
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use indicatif::{HumanCount, ProgressBar};
use metad::{
    config::{Config, Setup},
    kv::{
        self, KvEngine,
        rocks::{RocksEngine, Settings},
    },
    records::identity::{FORMAT, FORMAT_BEFORE},
    restore::{Founder, Restore, Restored},
    server::GROUP,
    types::Revision,
};
use metad_backup::{Backup, Head, Manifest, Place, Record};
use serde_json::json;

use super::serve::{LOG, STATE};

pub const EXAMPLES: &str = "\
The configuration is that of the first node of a new cluster, under a new name, with an empty
data folder. All other nodes join it.

Examples:
  metactl backup list /mnt/backups
  metad restore --from /mnt/backups --config node1.toml
  metad serve --config node1.toml
  metad serve --join 10.0.0.1:7101 --listen 10.0.0.2:7101 --data /var/lib/metad --insecure
  metactl cluster add 10.0.0.2:7101      and `metactl cluster promote 2`

  metad restore --from s3://bucket/metad --backup home-123-1a2b3c4d --config node1.toml
  metad restore --from /mnt/backups --revision 4711 --config node1.toml
  metad restore --from /mnt/backups --namespace photos --config node1.toml

Of an object store: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, and AWS_ENDPOINT of one
that is not Amazon's; AWS_ALLOW_HTTP=true if it has no TLS.";

/// The folder in the data folder in which all is made.
const RESTORING: &str = "restoring";

/// What to restore, and where.
#[derive(Args)]
pub struct Options {
    /// Where the backup is: a folder, or s3://BUCKET/FOLDER.
    #[arg(long, value_name = "PLACE")]
    from: String,
    /// Its name; that of the latest, without it.
    #[arg(long, value_name = "NAME")]
    backup: Option<String>,
    /// The configuration of the new cluster's first node.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Restores what was there at this revision: one between a backup and the journals that go on
    /// from it.
    #[arg(long, value_name = "REVISION")]
    revision: Option<u64>,
    /// Restores this namespace alone.
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

/// Restores and says what to do next.
pub async fn restore(options: Options) -> anyhow::Result<()> {
    let Setup::Founding(config) = Setup::read(&options.config)? else {
        bail!("join: a restored node is the first of a new cluster: put [peers] in its place");
    };
    let place = Place::open(&options.from)?;
    let chain = chain(&place, &options).await?;
    let last = &chain.last().expect("a chain has a backup").manifest;
    check(&last.head, &config)?;
    let folder = Folder::prepare(&config.data_dir)?;
    let (log, state) = folder.open()?;
    let mut restore = Restore::new(state, GROUP);
    let until = options.revision.map(Revision);
    let bar = progress(chain.iter().map(|backup| backup.manifest.records).sum());
    for backup in &chain {
        read(backup, &mut restore, until, &bar).await?;
    }
    let restored = restore.finish(&*log, &founder(&config), options.namespace.as_deref()).await?;
    let expected = options.revision.unwrap_or(last.head.revision);
    ensure!(
        restored.revision.0 == expected,
        "revision {expected} is not in {}, whose records are of {}: back up again",
        last.name(),
        restored.revision
    );
    // The stores are closed before they move.
    drop(log);
    folder.complete()?;
    bar.finish_and_clear();
    print(&config, last, restored, options.json);
    Ok(())
}

/// The backup that is asked for, after those that it goes on from.
async fn chain(place: &Place, options: &Options) -> anyhow::Result<Vec<Backup>> {
    let last = match (&options.backup, options.revision) {
        (None, Some(revision)) => Backup::reaching(place, revision).await?,
        (name, _) => Backup::open(place, name.as_deref()).await?,
    };
    let chain = last.chain().await?;
    if let (Some(revision), [base, ..]) = (options.revision, &chain[..]) {
        let (from, to) = (&base.manifest, &chain[chain.len() - 1].manifest);
        ensure!(
            (from.head.revision..=to.head.revision).contains(&revision),
            "revision {revision} is not between {} and {}, of which every one can be restored: \
             see `metactl backup list {}`",
            from.name(),
            to.name(),
            place.shown()
        );
    }
    Ok(chain)
}

/// Takes in a state, or what a journal says came after it, up to a revision.
async fn read(
    backup: &Backup,
    restore: &mut Restore,
    until: Option<Revision>,
    bar: &ProgressBar,
) -> anyhow::Result<()> {
    let manifest = &backup.manifest;
    let mut goes_on = true;
    let mut take = |Record { key, value }: Record| -> kv::Result<()> {
        match manifest.after {
            None => restore.add(key, value)?,
            Some(_) if goes_on => goes_on = restore.replay(&key, &value, until)?,
            Some(_) => {}
        }
        Ok(())
    };
    let taken = backup.read(|records| {
        bar.inc(records.len() as u64);
        records.into_iter().try_for_each(&mut take).map_err(|fault| fault.to_string())
    });
    taken.await?;
    // Two states with the same digest have had the same changes.
    ensure!(
        !goes_on || format!("{:032x}", restore.digest()?) == manifest.head.digest,
        "{} does not lead to the state that it says: restore an earlier one",
        manifest.name()
    );
    Ok(())
}

fn founder(config: &Config) -> Founder {
    Founder {
        cluster: config.cluster.clone(),
        server: config.server,
        address: config.peers[&config.server].clone(),
        format: config.raft.format,
    }
}

/// Whether the backup can become this cluster.
fn check(head: &Head, config: &Config) -> anyhow::Result<()> {
    ensure!(
        head.cluster != config.cluster,
        "cluster: {:?} is the name of the cluster that the backup is of: nodes of it that still \
         run would take the new ones for theirs. Give the new cluster another name",
        config.cluster
    );
    ensure!(
        head.group == u64::from(GROUP.0),
        "the backup is of group {}, this metad has group {GROUP}",
        head.group
    );
    ensure!(
        (FORMAT_BEFORE..=FORMAT).contains(&head.stored_format),
        "the backup has stored format {}, this metad reads {FORMAT_BEFORE} to {FORMAT}: use the \
         version of metad that it is of",
        head.stored_format
    );
    Ok(())
}

/// A data folder in the making.
struct Folder<'f> {
    data_dir: &'f Path,
    restoring: PathBuf,
}

impl Folder<'_> {
    /// An empty one, but for what another restore has left.
    fn prepare(data_dir: &Path) -> anyhow::Result<Folder<'_>> {
        let shown = data_dir.display();
        fs::create_dir_all(data_dir).with_context(|| format!("data folder {shown}"))?;
        for entry in fs::read_dir(data_dir)? {
            let name = entry?.file_name();
            ensure!(
                name == RESTORING || name == "lost+found",
                "data folder {shown}: {} is in it: what is there is never written over. Set \
                 data_dir to an empty folder",
                name.display()
            );
        }
        let restoring = data_dir.join(RESTORING);
        match fs::remove_dir_all(&restoring) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).context(format!("remove {}", restoring.display()));
            }
            _ => {}
        }
        fs::create_dir(&restoring)?;
        Ok(Folder { data_dir, restoring })
    }

    fn open(&self) -> anyhow::Result<(Arc<dyn KvEngine>, Arc<dyn KvEngine>)> {
        let open = |part: &str, settings| RocksEngine::open(&self.restoring.join(part), settings);
        Ok((
            Arc::new(open(LOG, Settings::default())?),
            Arc::new(open(STATE, Settings::replayed())?),
        ))
    }

    /// While the folder in the making is there, nobody serves what is beside it.
    fn complete(self) -> anyhow::Result<()> {
        let complete = || -> io::Result<()> {
            let sync = |folder: &Path| fs::File::open(folder)?.sync_all();
            sync(&self.restoring)?;
            for part in [STATE, LOG] {
                fs::rename(self.restoring.join(part), self.data_dir.join(part))?;
            }
            sync(self.data_dir)?;
            fs::remove_dir(&self.restoring)?;
            sync(self.data_dir)
        };
        complete().with_context(|| format!("data folder {}", self.data_dir.display()))
    }
}

fn progress(records: u64) -> ProgressBar {
    let bar = match io::stderr().is_terminal() {
        true => ProgressBar::new(records).with_message("restoring"),
        false => ProgressBar::hidden(),
    };
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn print(config: &Config, manifest: &Manifest, restored: Restored, as_json: bool) {
    let data_dir = config.data_dir.display();
    let Restored { revision, goes_on_from } = restored;
    if as_json {
        let line = json!({
            "backup": manifest.name(),
            "cluster": config.cluster,
            "node": config.server.0,
            "data_dir": data_dir.to_string(),
            "revision": revision.0,
            "goes_on_from": goes_on_from.0,
            "records": manifest.records,
            "hash": manifest.hash,
        });
        println!("{line}");
        return;
    }
    println!(
        "{}: {} records, all with their hash, restored to {data_dir}\n\
         cluster {:?} is as {:?} was at revision {revision}, and goes on from {goes_on_from}\n\
         start it: metad serve --config FILE, the same; the other nodes join it",
        manifest.name(),
        HumanCount(manifest.records),
        config.cluster,
        manifest.head.cluster,
    );
}
