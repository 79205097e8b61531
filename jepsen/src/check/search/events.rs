//! The invocations and returns that are not linearized yet, in the order of time.
//!
//! A doubly linked list in arrays, after Lowe: taking an operation out and putting it back
//! are constant, as long as they are undone in reverse order. Operations of unknown outcome
//! are not in it, since they have no return.

use crate::model::Entry;

/// A place in the list.
pub(super) type Position = usize;

pub(super) struct EventList {
    entries_count: usize,
    next: Vec<Position>,
    previous: Vec<Position>,
    /// Position of each return among the events of the history.
    completed: Vec<u32>,
}

impl EventList {
    pub(super) fn new<O>(entries: &[Entry<O>]) -> EventList {
        let entries_count = entries.len();
        let mut order: Vec<(u32, Position)> = Vec::with_capacity(2 * entries_count);
        for (index, entry) in entries.iter().enumerate() {
            if let Some(completed) = entry.completed {
                order.push((entry.invoked, index));
                order.push((completed, entries_count + index));
            }
        }
        order.sort_unstable();
        let head = 2 * entries_count;
        let mut list = EventList {
            entries_count,
            next: vec![head; head + 1],
            previous: vec![head; head + 1],
            completed: entries.iter().map(|entry| entry.completed.unwrap_or(u32::MAX)).collect(),
        };
        let mut last = head;
        for (_, position) in order {
            list.next[last] = position;
            list.previous[position] = last;
            last = position;
        }
        list.previous[head] = last;
        list
    }

    pub(super) fn first(&self) -> Position {
        self.next[2 * self.entries_count]
    }

    pub(super) fn next(&self, position: Position) -> Position {
        self.next[position]
    }

    /// What follows the invocation of an operation that was lifted last.
    pub(super) fn next_of_lifted(&self, entry: usize) -> Position {
        let next = self.next[entry];
        if next == self.entries_count + entry { self.next[next] } else { next }
    }

    /// The operation invoked here; none at a return and at the end of the list.
    pub(super) fn invoked_at(&self, position: Position) -> Option<usize> {
        (position < self.entries_count).then_some(position)
    }

    /// The operation that returned here; none at an invocation and at the end of the list.
    pub(super) fn returned_at(&self, position: Position) -> Option<usize> {
        position.checked_sub(self.entries_count).filter(|entry| *entry < self.entries_count)
    }

    /// When the first missing operation returned; what was invoked later must wait for it.
    pub(super) fn first_return(&self) -> u32 {
        let mut position = self.first();
        while position < self.entries_count {
            position = self.next[position];
        }
        let returned = position.checked_sub(self.entries_count);
        returned.and_then(|entry| self.completed.get(entry)).copied().unwrap_or(u32::MAX)
    }

    /// Takes an operation's invocation and return out of the list.
    pub(super) fn lift(&mut self, entry: usize) {
        for position in [entry, self.entries_count + entry] {
            let (previous, next) = (self.previous[position], self.next[position]);
            self.next[previous] = next;
            self.previous[next] = previous;
        }
    }

    /// Puts back what was taken out last.
    pub(super) fn restore(&mut self, entry: usize) {
        for position in [self.entries_count + entry, entry] {
            let (previous, next) = (self.previous[position], self.next[position]);
            self.next[previous] = position;
            self.previous[next] = position;
        }
    }
}
