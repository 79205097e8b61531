//! Histories of operations and the checkers that judge them.
//!
//! A history says what clients asked for, when, and what they were told. This crate reads
//! histories ([`history`]), knows what a register, a key-value store and a file tree
//! should answer ([`model`]), decides whether the answers fit ([`check`]) and shows why
//! they don't ([`report`]). It also makes histories ([`generate`]).
//!
//! It must not depend on the server: a model shared with the server shares its bugs. It
//! reads no clock of its own and draws no random numbers, so that a verdict can be had
//! again from the same history.

pub mod check;
pub mod generate;
pub mod history;
pub mod model;
mod names;
pub mod report;

pub use check::{Options, Report, Verdict, check_history, decide};
pub use history::History;
pub use names::Policy;
