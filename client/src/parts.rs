//! Answers in several messages of one revision: all of them, or an error.

use metad_proto::v1::{
    DiffReply, Difference, ListLocksReply, ListNamespacesReply, Lock, Namespace,
};
use tonic::{Code, Status, Streaming};

use crate::stamped::Stamped;

/// A message of several.
pub trait Part: Stamped {
    type Item;

    /// Takes what it tells.
    fn take(&mut self) -> Vec<Self::Item>;

    /// Whether it is the last one.
    fn done(&self) -> bool;
}

macro_rules! parts {
    ($($message:ident { $items:ident: $item:ident })+) => {$(
        impl Part for $message {
            type Item = $item;

            fn take(&mut self) -> Vec<$item> {
                std::mem::take(&mut self.$items)
            }

            fn done(&self) -> bool {
                self.done
            }
        }
    )+};
}

parts! {
    DiffReply { differences: Difference }
    ListLocksReply { locks: Lock }
    ListNamespacesReply { namespaces: Namespace }
}

/// Reads the stream to its end. Anything but all of it is a status that is retried from the
/// start.
pub async fn collect<P: Part>(mut stream: Streaming<P>) -> Result<(P, Vec<P::Item>), Status> {
    let broken = |message: &str| Status::new(Code::Unavailable, message);
    let mut items = Vec::new();
    let mut revision = None;
    while let Some(mut message) = stream.message().await? {
        if *revision.get_or_insert(message.revision()) != message.revision() {
            return Err(broken("the answer changed its revision on the way"));
        }
        items.append(&mut message.take());
        if message.done() {
            return Ok((message, items));
        }
    }
    Err(broken("the answer was cut"))
}

/// Several messages, one answer, from whoever can give it.
macro_rules! whole {
    ($client:expr, $method:ident, $message:expr) => {{
        let mut message = $message;
        message.consistency = $client.consistency(message.consistency);
        let aim = $crate::level::Aim::of(message.consistency.as_ref());
        let sent = $client.call(aim, $client.deadline(), |attempt: $crate::call::Attempt| {
            let request = attempt.request(message.clone());
            let mut files = attempt.files;
            async move { $crate::parts::collect(files.$method(request).await?.into_inner()).await }
        });
        let whole = sent.await.map_err($crate::call::Ended::of_read)?;
        $crate::stamped::Stamped::reply(whole, |(_, items)| items)
    }};
}
pub(crate) use whole;
