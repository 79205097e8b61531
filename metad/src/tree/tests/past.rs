//! What was there: reading it, keeping it, bringing it back.

use std::{cell::Cell, collections::BTreeMap};

use expect_test::expect;

use super::script::{GROUP, Machine, NAMESPACE, check, node_ref};
use crate::{
    kv::{KvRead, Pair, Result, Scan},
    records::key,
    tree::query::{self, Retention, Source},
    types::{Action, Revision},
};

/// Counts what is read of a state.
struct Counted<'s> {
    state: &'s BTreeMap<Vec<u8>, Vec<u8>>,
    records: Cell<usize>,
}

impl KvRead for Counted<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.records.set(self.records.get() + 1);
        KvRead::get(self.state, key)
    }

    fn scan<'a>(&'a self, from: &[u8], to: &[u8]) -> Scan<'a> {
        let count = |_: &Result<Pair>| self.records.set(self.records.get() + 1);
        Box::new(KvRead::scan(self.state, from, to).inspect(count))
    }

    fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<Pair>> {
        self.records.set(self.records.get() + 1);
        KvRead::last(self.state, from, to)
    }
}

/// Does what the leader's housekeeping does, at a time.
fn keep_house(machine: &mut Machine, now_ms: u64) {
    let keep = Retention { age_ms: 10_000, changes: 1_000 };
    let due = query::compactable(&machine.state, GROUP, keep, now_ms).unwrap();
    if let Some(up_to) = due {
        machine.apply(Action::Compact { up_to });
    }
    while query::reclaimable(&machine.state, GROUP, now_ms).unwrap() {
        machine.apply(Action::Reclaim { records_max: 2 });
    }
}

/// Records of namespaces that were deleted, and of the past.
fn kept(machine: &Machine) -> usize {
    let ranges =
        [key::deleted_namespaces(GROUP), key::past_nodes(GROUP), key::past_locations(GROUP)];
    ranges.into_iter().map(|range| machine.state.range(range).count()).sum()
}

/// Whether nothing follows, or only what changes no tree.
#[test]
fn what_was_deleted_last_is_freed_as_well() {
    for then in [None, Some("request 2000 check / exists")] {
        let mut machine = Machine::new();
        for number in 2..9 {
            machine.line(&format!("create-namespace {number}"));
            machine.line(&format!("in {number} mkdir -p /a/b"));
        }
        machine.line("wait 6000");
        for number in 2..9 {
            machine.line(&format!("in {number} delete-namespace -r"));
        }
        if let Some(then) = then {
            machine.line("wait 6000");
            machine.line(then);
        }
        keep_house(&mut machine, 8_000);
        assert_eq!(kept(&machine), 7 * (1 + 2 * 2));
        keep_house(&mut machine, 30_000);
        assert_eq!(kept(&machine), 0, "{then:?}");
    }
}

/// A page of versions costs what it tells, wherever the node was and however often.
#[test]
fn versions_come_page_by_page() {
    const MOVES: u64 = 200;
    let mut machine = Machine::new();
    machine.line("commit create /a 1");
    for _ in 0..MOVES / 2 {
        machine.line("move /a /b");
        machine.line("commit overwrite /b 2");
        machine.line("move /b /a");
    }
    let view = Counted { state: &machine.state, records: Cell::new(0) };
    let page = |before: Option<u64>, limit| {
        let before = before.map(Revision);
        let source = Source::now(&view, GROUP);
        let page = query::versions(source, NAMESPACE, &node_ref("/a"), before, limit);
        page.unwrap().unwrap().iter().map(|version| version.rev.0).collect::<Vec<_>>()
    };
    let all = page(None, usize::MAX);
    assert_eq!(all.len() as u64, 1 + MOVES / 2 * 3);
    assert!(all.is_sorted_by(|one, next| one > next));
    for (index, rev) in all.iter().enumerate().skip(1) {
        view.records.set(0);
        let earlier = &all[index..];
        assert_eq!(page(Some(rev + 1), 2), &earlier[..earlier.len().min(2)]);
        assert!(view.records.get() < 30, "{} records", view.records.get());
    }
}

#[test]
fn what_is_no_longer_told_was_a_change() {
    check(
        "mkdir /a
         mkdir /b
         quota / nodes=100
         compact 99
         reclaim 100
         batch check / unchanged=2; mkdir /d
         batch check / unchanged=3; mkdir /d",
        expect![[r#"
            mkdir /a: @2 #2 rev 2
            mkdir /b: @3 #3 rev 3
            quota / nodes=100: @4 #1 rev 1
            compact 99: @4 Compacted(Revision(4))
            reclaim 100: @4 Reclaimed { more: false }
            batch check / unchanged=2; mkdir /d: @4 step 0: a precondition does not hold
            batch check / unchanged=3; mkdir /d: @5 #1 rev 1, #4 rev 5
        "#]],
    );
}

#[test]
fn the_past() {
    check(
        "mkdir -p /a/b
         commit create /a/b/f 1
         commit overwrite /a/b/f 2
         move /a/b /c
         delete -r /a
         delete -r /c
         mkdir /a
         at 3 stat /a/b/f
         at 4 stat /a/b/f
         at 5 stat /a/b/f
         at 5 stat /c/f
         at 5 lookup #4
         at 4 lookup #4
         at 2 list /a
         at 5 list /
         at 7 list /
         at 9 list /
         reclaim 100
         at 5 list /c
         at 7 list /c
         compact 5
         at 4 list /
         at 5 list /c
         compact 4
         journal
         reclaim 100
         journal
         at 5 stat /c/f
         compact 99
         reclaim 100
         at 8 list /",
        expect![[r#"
            mkdir -p /a/b: @2 #3 rev 2
            commit create /a/b/f 1: @3 #4 rev 3
            commit overwrite /a/b/f 2: @4 #4 rev 4
            move /a/b /c: @5 #3 rev 5
            delete -r /a: @6 #2 rev 2
            delete -r /c: @7 #3 rev 5
            mkdir /a: @8 #5 rev 8
            at 3 stat /a/b/f: File #4 rev 3 nodes 0 bytes 1
            at 4 stat /a/b/f: File #4 rev 4 nodes 0 bytes 2
            at 5 stat /a/b/f: no such namespace or node
            at 5 stat /c/f: File #4 rev 4 nodes 0 bytes 2
            at 5 lookup #4: #4 /c/f in 1
            at 4 lookup #4: #4 /a/b/f in 1
            at 2 list /a: b #3 rev 2
            at 5 list /: a #2 rev 2, c #3 rev 5
            at 7 list /: 
            at 9 list /: no such revision: it is yet to come, or from before the namespace was made
            reclaim 100: @8 Reclaimed { more: false }
            at 5 list /c: f #4 rev 4
            at 7 list /c: no such namespace or node
            compact 5: @8 Compacted(Revision(5))
            at 4 list /: what was there before revision 5 is no longer kept
            at 5 list /c: f #4 rev 4
            compact 4: @8 Compacted(Revision(5))
            journal: 
                2.0 Created #2 a in #1
                2.1 Created #3 b in #2
                3.0 Created #4 f in #3
                4.0 Updated #4 f in #3
                5.0 Moved #3 c in #1, was b in #2
                6.0 Deleted #2 a in #1
                7.0 Deleted #3 c in #1
                8.0 Created #5 a in #1
            reclaim 100: @8 Reclaimed { more: false }
            journal: the journal does not go on from this cursor, which is older than what is kept or ahead of what has happened here: list at 8, and read on from there
            at 5 stat /c/f: File #4 rev 4 nodes 0 bytes 2
            compact 99: @8 Compacted(Revision(8))
            reclaim 100: @8 Reclaimed { more: true }
            at 8 list /: a #5 rev 8
        "#]],
    );
}

#[test]
fn snapshots_and_restoring() {
    check(
        "commit create /f 1
         mkdir /d
         commit create /d/g 2
         snapshot monday
         snapshot monday
         commit overwrite /f 5
         move /f /h
         commit overwrite /h 6
         versions /h
         at 5 versions /f
         delete -r /d
         compact 99
         at 5 list /
         restore@5 /d
         list /d
         restore@5 /d
         restore@5 /f
         restore@6 /h
         restore@7 /h
         stat /h
         copy@5 /d/g /g
         copy@5 / /x
         copy@3 /f /x
         restore@99 /g
         mkdir -p /p/q
         commit create /p/q/f 3
         delete -r /p/q
         move /p /r
         restore@16 #14
         restore@16 #14
         list /r/q
         delete -r /r
         restore@16 #14
         unsnapshot monday
         unsnapshot monday
         compact 99
         reclaim 100
         at 5 list /
         list /",
        expect![[r#"
            commit create /f 1: @2 #2 rev 2
            mkdir /d: @3 #3 rev 3
            commit create /d/g 2: @4 #4 rev 4
            snapshot monday: @5 Snapshot(Snapshot { name: Name("monday"), revision: Revision(5), time_ms: 1000 })
            snapshot monday: @5 the name is taken
            commit overwrite /f 5: @6 #2 rev 6
            move /f /h: @7 #2 rev 7
            commit overwrite /h 6: @8 #2 rev 8
            versions /h: rev 8 h 6, rev 7 h 5, rev 6 f 5, rev 2 f 1
            at 5 versions /f: rev 8 h 6, rev 7 h 5, rev 6 f 5, rev 2 f 1
            delete -r /d: @9 #3 rev 3
            compact 99: @9 Compacted(Revision(5))
            at 5 list /: d #3 rev 3, f #2 rev 2
            restore@5 /d: @10 #5 rev 10
            list /d: g #6 rev 10
            restore@5 /d: @10 the name is taken
            restore@5 /f: @11 #7 rev 11
            restore@6 /h: @11 no such namespace or node
            restore@7 /h: @12 #2 rev 12
            stat /h: File #2 rev 12 nodes 0 bytes 5
            copy@5 /d/g /g: @13 #8 rev 13
            copy@5 / /x: @14 #9 rev 14
            copy@3 /f /x: @14 what was there before revision 5 is no longer kept
            restore@99 /g: @14 no such revision: it is yet to come, or from before the namespace was made
            mkdir -p /p/q: @15 #14 rev 15
            commit create /p/q/f 3: @16 #15 rev 16
            delete -r /p/q: @17 #14 rev 15
            move /p /r: @18 #13 rev 18
            restore@16 #14: @19 #16 rev 19
            restore@16 #14: @19 the name is taken
            list /r/q: f #17 rev 19
            delete -r /r: @20 #13 rev 18
            restore@16 #14: @20 no such namespace or node
            unsnapshot monday: @21 Snapshot(Snapshot { name: Name("monday"), revision: Revision(5), time_ms: 1000 })
            unsnapshot monday: @21 no such namespace or node
            compact 99: @21 Compacted(Revision(21))
            reclaim 100: @21 Reclaimed { more: true }
            at 5 list /: what was there before revision 21 is no longer kept
            list /: d #5 rev 10, f #7 rev 11, g #8 rev 13, h #2 rev 12, x #9 rev 14
        "#]],
    );
}

/// A cursor inside a revision, of which the first lines are gone.
#[test]
fn a_cursor_inside_what_was_trimmed_is_reset() {
    check(
        "batch mkdir /a; mkdir /b; mkdir /c; mkdir /d
         quota / nodes=9
         journal after 2.0
         compact 3
         reclaim 1
         reclaim 1
         reclaim 1
         journal after 2.0
         journal after 2.2
         reclaim 100
         journal after 1.4294967295
         journal after 2.0
         journal after 2.2
         journal after 2.3
         journal after 3.0",
        expect![[r#"
            batch mkdir /a; mkdir /b; mkdir /c; mkdir /d: @2 #2 rev 2, #3 rev 2, #4 rev 2, #5 rev 2
            quota / nodes=9: @3 #1 rev 1
            journal after 2.0: 
                2.1 Created #3 b in #1
                2.2 Created #4 c in #1
                2.3 Created #5 d in #1
            compact 3: @3 Compacted(Revision(3))
            reclaim 1: @3 Reclaimed { more: true }
            reclaim 1: @3 Reclaimed { more: true }
            reclaim 1: @3 Reclaimed { more: true }
            journal after 2.0: the journal does not go on from this cursor, which is older than what is kept or ahead of what has happened here: list at 3, and read on from there
            journal after 2.2: 
                2.3 Created #5 d in #1
            reclaim 100: @3 Reclaimed { more: false }
            journal after 1.4294967295: the journal does not go on from this cursor, which is older than what is kept or ahead of what has happened here: list at 3, and read on from there
            journal after 2.0: the journal does not go on from this cursor, which is older than what is kept or ahead of what has happened here: list at 3, and read on from there
            journal after 2.2: the journal does not go on from this cursor, which is older than what is kept or ahead of what has happened here: list at 3, and read on from there
            journal after 2.3: 
            journal after 3.0: 
        "#]],
    );
}
