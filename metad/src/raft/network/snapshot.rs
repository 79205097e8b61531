//! Snapshots, both sides: the files of a checkpoint as a stream of chunks.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::{Stream, StreamExt as _, future::Either};
use metad_proto::v1::{self, snapshot_chunk};
use openraft::{
    errors::{ReplicationClosed, StreamingError},
    network::{NetSnapshot, RPCOption},
    raft::SnapshotResponse,
};
use tonic::{Status, Streaming};

use super::{Link, failed, late, wire};
use crate::{
    kv::{Checkpoint, FileInfo, Incoming, blocking},
    raft::{
        convert, time,
        types::{Snapshot, SnapshotMeta, StoredMembership, TypeConfig, Vote},
    },
    records::applied,
};

/// Bytes of a file in one chunk.
const CHUNK_SIZE_MAX: usize = 1 << 20;
/// How long a transfer may stand still; at its end, how long the receiver may take to
/// install what came.
pub const STALL_MAX: Duration = Duration::from_secs(20);

type Failed = StreamingError<TypeConfig>;

impl NetSnapshot<TypeConfig> for Link {
    type SnapshotData = Checkpoint;

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: Snapshot,
        cancel: impl Future<Output = ReplicationClosed> + Send + 'static,
        _option: RPCOption,
    ) -> Result<SnapshotResponse<TypeConfig>, Failed> {
        let sent = Arc::new(AtomicU64::new(0));
        let header = header(self.address.clone(), &vote, &snapshot);
        let chunks = chunks(header, snapshot.snapshot, sent.clone());
        let mut client = self.client()?;
        let transfer = async move {
            let mut reply = pin!(client.install_snapshot(chunks));
            let mut sent_before = 0;
            loop {
                if let Some(reply) = time::timeout(STALL_MAX, &mut reply).await {
                    let reply = reply.map_err(|status| failed(&status))?.into_inner();
                    let vote = wire::to_vote(reply.vote).map_err(|status| failed(&status))?;
                    return Ok(SnapshotResponse::new(vote));
                }
                let sent_now = sent.load(Ordering::Relaxed);
                if sent_now == sent_before {
                    return Err(Failed::from(late()));
                }
                sent_before = sent_now;
            }
        };
        match futures::future::select(pin!(cancel), pin!(transfer)).await {
            Either::Left((closed, _)) => Err(closed.into()),
            Either::Right((result, _)) => result,
        }
    }
}

fn header(address: v1::Address, vote: &Vote, snapshot: &Snapshot) -> v1::snapshot_chunk::Header {
    let meta = &snapshot.meta;
    let members = applied::Applied {
        last: meta.last_log_id.as_ref().map(convert::position),
        membership_at: meta.last_membership.log_id().as_ref().map(convert::position),
        membership: convert::stored_membership(meta.last_membership.membership()),
        digest: 0,
    };
    let file = |info: &FileInfo| v1::snapshot_chunk::File {
        name: info.name.clone(),
        size: info.size,
        crc32c: info.crc32c,
    };
    v1::snapshot_chunk::Header {
        address: Some(address),
        vote: Some(wire::ballot(vote)),
        last: meta.last_log_id.as_ref().map(wire::log_id),
        membership: applied::encode(&members).into(),
        files: snapshot.snapshot.0.files().iter().map(file).collect(),
    }
}

/// Header, files, end. If a file cannot be read the stream ends early, and the receiver
/// gives up; the same fault will show where this server uses its state.
fn chunks(
    header: v1::snapshot_chunk::Header,
    checkpoint: Checkpoint,
    sent: Arc<AtomicU64>,
) -> impl Stream<Item = v1::SnapshotChunk> + Send + 'static {
    let chunk = |chunk| v1::SnapshotChunk { chunk: Some(chunk) };
    async_stream::stream! {
        yield chunk(snapshot_chunk::Chunk::Header(header));
        for (index, info) in checkpoint.0.files().to_vec().iter().enumerate() {
            let mut offset = 0;
            while offset < info.size {
                let data = match read(&checkpoint, index, offset).await {
                    Ok(data) => data,
                    Err(fault) => {
                        tracing::error!(%fault, "cannot read a snapshot");
                        return;
                    }
                };
                offset += data.len() as u64;
                sent.fetch_add(1, Ordering::Relaxed);
                yield chunk(snapshot_chunk::Chunk::Data(snapshot_chunk::FileData { data }));
            }
        }
        sent.fetch_add(1, Ordering::Relaxed);
        yield chunk(snapshot_chunk::Chunk::Done(snapshot_chunk::Done {}));
    }
}

async fn read(checkpoint: &Checkpoint, file: usize, offset: u64) -> crate::kv::Result<Bytes> {
    let checkpoint = checkpoint.clone();
    let data = blocking(move || checkpoint.0.read(file, offset, CHUNK_SIZE_MAX)).await?;
    assert!(!data.is_empty(), "a read before the end of a file gives something");
    Ok(data)
}

/// A snapshot as it comes in: the sender's vote, what the snapshot covers, its files.
pub struct Receiving {
    pub vote: Vote,
    meta: SnapshotMeta,
    files: Vec<FileInfo>,
    incoming: Box<dyn Incoming>,
}

impl Receiving {
    /// From a header whose address was checked, into an empty place.
    pub fn new(
        header: v1::snapshot_chunk::Header,
        incoming: Box<dyn Incoming>,
    ) -> Result<Receiving, Status> {
        let invalid = |fault: crate::kv::StorageFault| Status::invalid_argument(fault.to_string());
        let members = applied::decode(&header.membership).map_err(invalid)?;
        let membership: StoredMembership =
            convert::applied_membership(&members).map_err(invalid)?;
        let meta = SnapshotMeta {
            last_log_id: header.last.map(wire::to_log_id),
            last_membership: membership,
        };
        let info = |file: v1::snapshot_chunk::File| FileInfo {
            name: file.name,
            size: file.size,
            crc32c: file.crc32c,
        };
        let files = header.files.into_iter().map(info).collect();
        Ok(Receiving { vote: wire::to_vote(header.vote)?, meta, files, incoming })
    }

    /// Takes all files up to the end of the stream.
    pub async fn receive(
        mut self,
        stream: &mut Streaming<v1::SnapshotChunk>,
    ) -> Result<Snapshot, Status> {
        let storage = |fault: crate::kv::StorageFault| Status::internal(fault.to_string());
        for info in &self.files {
            let mut missing = info.size;
            // An empty file comes without data, but is a file all the same.
            self.incoming.append(info, &[]).map_err(storage)?;
            while missing > 0 {
                let snapshot_chunk::Chunk::Data(part) = next(stream).await? else {
                    return Err(Status::invalid_argument("file data expected"));
                };
                missing = missing
                    .checked_sub(part.data.len() as u64)
                    .ok_or_else(|| Status::invalid_argument("more data than the file has"))?;
                self.incoming.append(info, &part.data).map_err(storage)?;
            }
        }
        let snapshot_chunk::Chunk::Done(_) = next(stream).await? else {
            return Err(Status::invalid_argument("the end expected"));
        };
        let (incoming, files) = (self.incoming, self.files);
        let finished = blocking(move || incoming.finish(&files)).await;
        Ok(Snapshot { meta: self.meta, snapshot: finished.map_err(storage)? })
    }
}

/// The next chunk. A stream that ends before it is an error, as is one that stands still.
pub async fn next(
    stream: &mut Streaming<v1::SnapshotChunk>,
) -> Result<snapshot_chunk::Chunk, Status> {
    let chunk = time::timeout(STALL_MAX, stream.next()).await;
    let chunk = chunk.ok_or_else(|| Status::deadline_exceeded("the transfer stands still"))?;
    let chunk = chunk.ok_or_else(|| Status::data_loss("the stream was cut"))??;
    chunk.chunk.ok_or_else(|| Status::invalid_argument("an empty chunk"))
}
