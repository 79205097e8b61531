//! The page.
use crate::check::Report;
use crate::history::History;

/// A report as one HTML page.
pub fn html(_report: &Report, _history: &History) -> String {
    String::new()
}
