//! Shows a report to people: lines for a terminal.
