//! put: a file that is not here, by its size and hash.

use metad_client::{
    steps,
    v1::{
        CommitFile, Content, Step,
        commit_file::{Create, Mode, Overwrite, Update},
    },
};
use metad_proto::limits::HASH_BYTES;
use prost::bytes::Bytes;

use super::words::{Options, Words};
use crate::write::from_hex;

/// PATH SIZE HASH, and options.
pub fn put(mut words: Words) -> Result<Step, String> {
    let path = words.path("PATH")?;
    if path.is_directory() {
        return Err("expected the path of the file, not of its directory".to_owned());
    }
    let size = words.number("SIZE")?;
    let hash = hash(&words.word("HASH")?)?;
    let mut options = words.options()?;
    let mode = mode(&mut options)?;
    let renamed = options.any("autorename");
    let content = Content {
        size,
        hash,
        media_type: options.value("type")?.unwrap_or_default(),
        mtime_ms: mtime_ms(&mut options)?,
        blocks: blocks(&mut options)?,
        manifest: options.value("manifest")?.unwrap_or_default(),
    };
    options.end()?;
    Ok(steps::commit_with(CommitFile {
        target: Some(path.target()),
        content: Some(content),
        mode: Some(mode),
        autorename: renamed.is_some(),
        client: renamed.flatten().unwrap_or_default(),
    }))
}

fn mode(options: &mut Options) -> Result<Mode, String> {
    let create = options.alone("create")?.then_some(Mode::Create(Create {}));
    let overwrite = options.alone("overwrite")?.then_some(Mode::Overwrite(Overwrite {}));
    let update = options.number("update")?.map(|rev| Mode::Update(Update { rev }));
    let mut modes = [create, overwrite, update].into_iter().flatten();
    match (modes.next(), modes.next()) {
        (mode, None) => Ok(mode.unwrap_or(Mode::Overwrite(Overwrite {}))),
        (_, Some(_)) => Err("only one of create, update=REV and overwrite".to_owned()),
    }
}

fn mtime_ms(options: &mut Options) -> Result<i64, String> {
    let Some(text) = options.value("mtime")? else { return Ok(0) };
    text.parse().map_err(|_| format!("mtime is milliseconds since 1970, not {text:?}"))
}

fn blocks(options: &mut Options) -> Result<Vec<Bytes>, String> {
    let Some(text) = options.value("blocks")? else { return Ok(Vec::new()) };
    text.split(',').map(hash).collect()
}

fn hash(text: &str) -> Result<Bytes, String> {
    let hash = from_hex(text).filter(|hash| hash.len() == HASH_BYTES);
    let digits = 2 * HASH_BYTES;
    hash.map(Bytes::from)
        .ok_or_else(|| format!("a hash has {digits} hexadecimal digits, not {text:?}"))
}
