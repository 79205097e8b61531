//! Shows what a check found to people: lines for a terminal, a page for a browser.
//!
//! Must not decide anything: every word here is already in the [`crate::check::Report`] or
//! in the history.

mod data;
mod html;
mod part;
mod text;
mod words;

pub use html::html;
pub use text::{Style, details, line};
