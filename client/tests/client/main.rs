//! The client against scripted nodes: real gRPC over loopback, with failures at chosen
//! places.

mod cluster;
mod fake;
mod import;
mod metactl;
mod mutations;
mod reads;
mod streams;
mod subscriptions;
