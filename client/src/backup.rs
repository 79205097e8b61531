//! What backups are made of: all records of one node's state, as it tells them.

use metad_proto::v1::{
    BackupBegin, BackupEnd, BackupRecord, BackupReply, BackupRequest, backup_reply::Part,
};
use tonic::{Status, Streaming};

use crate::{Client, Error};

/// Bytes of a message: more than the largest record takes.
const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// A state that is told. Dropped, the node stops.
pub struct Backup {
    client: Client,
    address: String,
    stream: Streaming<BackupReply>,
    begin: BackupBegin,
}

/// What comes next.
#[derive(Debug)]
pub enum Told {
    /// Records, in the order of their keys.
    Records(Vec<BackupRecord>),
    /// There are no more: so many there were, and this is their hash.
    End(BackupEnd),
}

impl Client {
    /// Has the node at an address tell its whole state, which reflects a revision at least. Not
    /// retried: who got a part of it asks again for all.
    pub async fn backup(&self, address: &str, revision: u64) -> Result<Backup, Error> {
        self.tell(address, BackupRequest { revision, after_index: None }).await
    }

    /// The same, but for the entries of its log that lead there from the one of an index.
    pub async fn backup_journal(
        &self,
        address: &str,
        revision: u64,
        after_index: u64,
    ) -> Result<Backup, Error> {
        let after_index = Some(after_index);
        self.tell(address, BackupRequest { revision, after_index }).await
    }

    async fn tell(&self, address: &str, request: BackupRequest) -> Result<Backup, Error> {
        let mut cluster = self.cluster(address)?.max_decoding_message_size(MESSAGE_BYTES_MAX);
        let begun = async {
            let mut stream = cluster.backup(request).await?.into_inner();
            match stream.message().await?.and_then(|reply| reply.part) {
                Some(Part::Begin(begin)) => Ok((stream, begin)),
                _ => Err(cut()),
            }
        };
        let patience = self.shared.options.attempt_timeout;
        let (stream, begin) = self.once(address, patience, begun).await?;
        Ok(Backup { client: self.clone(), address: address.to_owned(), stream, begin })
    }
}

impl Backup {
    /// Whose state it is, and of which revision.
    pub fn begin(&self) -> &BackupBegin {
        &self.begin
    }

    /// Waits for what comes next. After the end, nothing does.
    pub async fn told(&mut self) -> Result<Told, Error> {
        let Backup { client, address, stream, .. } = self;
        let told = async {
            match stream.message().await?.and_then(|reply| reply.part) {
                Some(Part::Records(told)) => Ok(Told::Records(told.records)),
                Some(Part::End(end)) => Ok(Told::End(end)),
                Some(Part::Begin(_)) | None => Err(cut()),
            }
        };
        client.once(address, client.shared.options.attempt_timeout, told).await
    }
}

fn cut() -> Status {
    Status::unavailable("the backup was cut")
}
