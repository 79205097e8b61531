//! Which writes the values of a key were made of.

use std::collections::BTreeMap;

use super::{Action, Operation};
use crate::model::Entry;
use crate::model::foresight::{Foreseen, Foresight, Leads, Place};

/// What is known if all operations are on one key and each value that was got can have been made
/// in one way only.
pub(super) fn foresee(entries: &[Entry<Operation>]) -> Option<Foresight> {
    let key = entries.first()?.operation.key;
    if entries.iter().any(|entry| entry.operation.key != key) {
        return None;
    }
    let writes = Writes::of(entries);
    let mut values = Values::default();
    for (index, entry) in entries.iter().enumerate() {
        let Action::Get(value) = &entry.operation.action else { continue };
        match writes.parse(value) {
            Parse::Impossible => {}
            Parse::Only(pieces) => values.add(index, &pieces),
            Parse::Ambiguous => return None,
        }
    }
    Some(values.foresight(entries))
}

/// How a value came about.
enum Parse {
    /// Nothing that was written makes it.
    Impossible,
    /// First the put, if there was one, and the appends in their order.
    Only(Vec<usize>),
    Ambiguous,
}

/// The writes of a key by their texts.
struct Writes<'a> {
    puts: BTreeMap<&'a str, Vec<usize>>,
    appends: BTreeMap<&'a str, Vec<usize>>,
    /// Of texts that were appended.
    lengths: Vec<usize>,
}

/// One place within a value that pieces reach.
#[derive(Clone, Copy)]
struct Reached {
    /// In so many ways: one, or more.
    ways: usize,
    last: Option<usize>,
    from: usize,
}

impl<'a> Writes<'a> {
    fn of(entries: &'a [Entry<Operation>]) -> Writes<'a> {
        let mut writes =
            Writes { puts: BTreeMap::new(), appends: BTreeMap::new(), lengths: Vec::new() };
        for (index, entry) in entries.iter().enumerate() {
            match &entry.operation.action {
                Action::Put(text) => writes.puts.entry(&**text).or_default().push(index),
                Action::Append(text) if !text.is_empty() => {
                    writes.appends.entry(&**text).or_default().push(index);
                }
                Action::Append(_) | Action::Get(_) => {}
            }
        }
        writes.lengths = writes.appends.keys().map(|text| text.len()).collect();
        writes.lengths.sort_unstable();
        writes.lengths.dedup();
        writes
    }

    fn parse(&self, value: &str) -> Parse {
        let mut reached: BTreeMap<usize, Reached> = BTreeMap::new();
        reached.insert(0, Reached { ways: 1, last: None, from: 0 });
        for (text, puts) in &self.puts {
            if value.starts_with(text) {
                reach(
                    &mut reached,
                    text.len(),
                    Reached { ways: puts.len(), last: Some(puts[0]), from: 0 },
                );
            }
        }
        let mut next = Some(0);
        while let Some(from) = next {
            let ways = reached[&from].ways;
            for length in &self.lengths {
                let text = value.get(from..from + length);
                let Some(appends) = text.and_then(|text| self.appends.get(text)) else { continue };
                let ways = ways.saturating_mul(appends.len());
                reach(&mut reached, from + length, Reached { ways, last: Some(appends[0]), from });
            }
            next = reached.range(from + 1..).next().map(|(place, _)| *place);
        }
        match reached.get(&value.len()) {
            None => Parse::Impossible,
            Some(end) if end.ways > 1 => Parse::Ambiguous,
            Some(_) => Parse::Only(pieces(&reached, value.len())),
        }
    }
}

fn reach(reached: &mut BTreeMap<usize, Reached>, place: usize, found: Reached) {
    reached
        .entry(place)
        .and_modify(|known| known.ways = known.ways.saturating_add(found.ways))
        .or_insert(found);
}

fn pieces(reached: &BTreeMap<usize, Reached>, end: usize) -> Vec<usize> {
    let mut pieces = Vec::new();
    let mut place = reached[&end];
    while let Some(last) = place.last {
        pieces.push(last);
        place = reached[&place.from];
    }
    pieces.reverse();
    pieces
}

/// The values that were got. Each is named by its last piece, since a piece is written once; the
/// empty one by none.
#[derive(Default)]
struct Values {
    /// What each piece that was seen follows; a put follows nothing.
    before: BTreeMap<usize, Option<usize>>,
    /// The last piece of what each get saw.
    got: BTreeMap<usize, Option<usize>>,
}

impl Values {
    fn add(&mut self, get: usize, pieces: &[usize]) {
        let mut last = None;
        for piece in pieces {
            // Two gets that saw it behind different pieces cannot both be right, whichever is.
            self.before.entry(*piece).or_insert(last);
            last = Some(*piece);
        }
        self.got.insert(get, last);
    }

    /// The values in an order in which those that grew from one put follow one another, with the
    /// number behind the last of those.
    fn places(&self, entries: &[Entry<Operation>]) -> (BTreeMap<Option<usize>, Place>, Vec<Place>) {
        let is_put = |piece: usize| matches!(entries[piece].operation.action, Action::Put(_));
        let mut longer: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
        for (piece, before) in self.before.iter().filter(|(piece, _)| !is_put(**piece)) {
            longer.entry(*before).or_default().push(*piece);
        }
        let puts = self.before.keys().filter(|piece| is_put(**piece));
        let mut places = BTreeMap::new();
        let mut lost_until = Vec::new();
        for first in std::iter::once(None).chain(puts.map(|put| Some(*put))) {
            let mut to_number = vec![first];
            let start = lost_until.len();
            while let Some(value) = to_number.pop() {
                places.insert(value, number(lost_until.len()));
                lost_until.push(0);
                to_number
                    .extend(longer.get(&value).into_iter().flatten().map(|piece| Some(*piece)));
            }
            let end = number(lost_until.len());
            lost_until[start..].fill(end);
        }
        (places, lost_until)
    }

    fn foresight(&self, entries: &[Entry<Operation>]) -> Foresight {
        let (places, lost_until) = self.places(entries);
        let place = |value: Option<usize>| places.get(&value).copied();
        let foreseen = |(index, entry): (usize, &Entry<Operation>)| {
            let seen = self.before.get(&index);
            let (needs, leads) = match &entry.operation.action {
                Action::Get(_) => {
                    (self.got.get(&index).and_then(|last| place(*last)), Leads::Nowhere)
                }
                Action::Put(_) => (None, Leads::Over(place(Some(index)))),
                Action::Append(text) if text.is_empty() => (None, Leads::Nowhere),
                Action::Append(_) => match seen {
                    Some(before) => (place(*before), Leads::On(place(Some(index)))),
                    None => (None, Leads::Astray),
                },
            };
            Foreseen { needs, leads }
        };
        Foresight {
            initial: place(None),
            operations: entries.iter().enumerate().map(foreseen).collect(),
            lost_until,
        }
    }
}

fn number(place: usize) -> Place {
    Place::try_from(place).expect("fewer values than events, which are numbered in 32 bits")
}
