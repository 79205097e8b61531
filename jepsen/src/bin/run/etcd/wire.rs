//! The few messages of etcd's API that the test speaks, with the fields that it uses. Numbers are
//! those of etcd's documentation (`etcdserverpb`).

use prost::Message;

/// In every answer.
#[derive(Clone, PartialEq, Message)]
pub struct Header {
    #[prost(uint64, tag = "2")]
    pub member_id: u64,
    #[prost(int64, tag = "3")]
    pub revision: i64,
}

/// Reads a key; linearizable unless it says `serializable`, which is field 7.
#[derive(Clone, PartialEq, Message)]
pub struct RangeRequest {
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct RangeReply {
    #[prost(message, repeated, tag = "2")]
    pub pairs: Vec<Pair>,
}

/// A key and its value.
#[derive(Clone, PartialEq, Message)]
pub struct Pair {
    #[prost(bytes = "vec", tag = "5")]
    pub value: Vec<u8>,
}

/// Sets a key.
#[derive(Clone, PartialEq, Message)]
pub struct PutRequest {
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
}

/// An answer that says nothing else.
#[derive(Clone, PartialEq, Message)]
pub struct PutReply {}

/// Does something if all that is compared is equal.
#[derive(Clone, PartialEq, Message)]
pub struct TxnRequest {
    #[prost(message, repeated, tag = "1")]
    pub compare: Vec<Compare>,
    #[prost(message, repeated, tag = "2")]
    pub success: Vec<Operation>,
}

#[derive(Clone, PartialEq, Message)]
pub struct TxnReply {
    #[prost(bool, tag = "2")]
    pub succeeded: bool,
}

/// Compares the value of a key; with `result` left out, for equality.
#[derive(Clone, PartialEq, Message)]
pub struct Compare {
    #[prost(int32, tag = "2")]
    pub target: i32,
    #[prost(bytes = "vec", tag = "3")]
    pub key: Vec<u8>,
    /// One of several, which must be written even if it is empty.
    #[prost(bytes = "vec", optional, tag = "7")]
    pub value: Option<Vec<u8>>,
}

/// What is compared: the value.
pub const VALUE: i32 = 3;

#[derive(Clone, PartialEq, Message)]
pub struct Operation {
    #[prost(message, optional, tag = "2")]
    pub put: Option<PutRequest>,
}

/// Asks a member how it is.
#[derive(Clone, PartialEq, Message)]
pub struct StatusRequest {}

#[derive(Clone, PartialEq, Message)]
pub struct StatusReply {
    #[prost(message, optional, tag = "1")]
    pub header: Option<Header>,
    #[prost(uint64, tag = "4")]
    pub leader: u64,
    #[prost(uint64, tag = "6")]
    pub term: u64,
}

/// Asks a member for the hash of all that it holds.
#[derive(Clone, PartialEq, Message)]
pub struct HashRequest {}

#[derive(Clone, PartialEq, Message)]
pub struct HashReply {
    #[prost(message, optional, tag = "1")]
    pub header: Option<Header>,
    #[prost(uint32, tag = "2")]
    pub hash: u32,
}
