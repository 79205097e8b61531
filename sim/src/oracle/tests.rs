//! Each oracle must be able to fail.

use super::*;

fn id(term: u64, index: u64) -> LogId {
    LogId { term, index }
}

fn entry(term: u64, hash: u64) -> Entry {
    Entry { term, hash }
}

fn leader(term: u64) -> Sample {
    Sample { term, is_leader: true, ..Sample::default() }
}

fn found(oracles: &Oracles) -> &str {
    oracles.violation().map_or("nothing", |violation| violation.oracle.as_str())
}

#[test]
fn two_leaders_in_a_term() {
    let mut oracles = Oracles::default();
    oracles.samples(1, leader(3));
    oracles.samples(2, leader(4));
    oracles.samples(1, leader(3));
    assert_eq!(found(&oracles), "nothing");
    oracles.samples(2, leader(4));
    oracles.samples(3, leader(4));
    assert_eq!(found(&oracles), "election-safety");
}

#[test]
fn an_answer_that_changes() {
    let mut oracles = Oracles::default();
    oracles.answers((1, 1), 10);
    oracles.answers((1, 2), 20);
    oracles.answers((1, 1), 10);
    assert_eq!(found(&oracles), "nothing");
    oracles.answers((1, 2), 10);
    assert_eq!(found(&oracles), "exactly-once");
}

#[test]
fn entries_that_differ() {
    let mut oracles = Oracles::default();
    oracles.appends(1, 1, entry(1, 10));
    oracles.appends(2, 1, entry(1, 10));
    oracles.appends(1, 2, entry(1, 20));
    assert_eq!(found(&oracles), "nothing");
    oracles.appends(2, 2, entry(1, 21));
    assert_eq!(found(&oracles), "log-matching");
}

#[test]
fn equal_entries_after_different_ones() {
    let mut oracles = Oracles::default();
    oracles.appends(1, 1, entry(1, 10));
    oracles.appends(1, 2, entry(3, 20));
    oracles.appends(2, 1, entry(2, 11));
    assert_eq!(found(&oracles), "nothing");
    oracles.appends(2, 2, entry(3, 20));
    assert_eq!(found(&oracles), "log-matching");
}

#[test]
fn a_leader_without_a_committed_entry() {
    let mut oracles = Oracles::default();
    oracles.appends(1, 1, entry(1, 10));
    oracles.appends(2, 1, entry(1, 10));
    oracles.samples(1, Sample { committed: Some(id(1, 1)), ..leader(1) });
    oracles.samples(2, leader(2));
    assert_eq!(found(&oracles), "nothing");
    oracles.samples(3, leader(3));
    assert_eq!(found(&oracles), "leader-completeness");
}

#[test]
fn a_purged_log_holds_what_was_committed() {
    let mut oracles = Oracles::default();
    oracles.samples(1, Sample { committed: Some(id(1, 5)), ..leader(1) });
    oracles.starts(2, None, Log::new(Some(id(1, 7)), []), None);
    oracles.samples(2, leader(2));
    assert_eq!(found(&oracles), "nothing");
}

#[test]
fn two_entries_committed_at_one_index() {
    let mut oracles = Oracles::default();
    oracles.samples(1, Sample { committed: Some(id(1, 5)), ..Sample::default() });
    oracles.samples(2, Sample { committed: Some(id(2, 5)), ..Sample::default() });
    assert_eq!(found(&oracles), "leader-completeness");
}

#[test]
fn replicas_that_applied_differently() {
    let mut oracles = Oracles::default();
    oracles.applies(1, id(1, 4), 7);
    oracles.applies(2, id(1, 4), 7);
    assert_eq!(found(&oracles), "nothing");
    oracles.applies(3, id(1, 4), 8);
    assert_eq!(found(&oracles), "state-machine-safety");
}

#[test]
fn a_term_that_goes_back() {
    let mut oracles = Oracles::default();
    oracles.samples(1, Sample { term: 4, ..Sample::default() });
    oracles.samples(1, Sample { term: 3, ..Sample::default() });
    assert_eq!(found(&oracles), "monotonic");
}

#[test]
fn applied_goes_back_only_over_a_restart() {
    let mut oracles = Oracles::default();
    oracles.samples(1, Sample { applied: Some(id(1, 9)), ..Sample::default() });
    oracles.starts(1, None, Log::default(), None);
    oracles.samples(1, Sample { applied: Some(id(1, 4)), ..Sample::default() });
    assert_eq!(found(&oracles), "nothing");
    oracles.samples(1, Sample { applied: Some(id(1, 3)), ..Sample::default() });
    assert_eq!(found(&oracles), "monotonic");
}

#[test]
fn a_vote_that_was_lost() {
    let granted = Ballot { term: 2, node: 3, is_leader: false };
    let mut oracles = Oracles::default();
    oracles.samples(1, Sample { term: 2, vote: granted, ..Sample::default() });
    oracles.starts(1, Some(granted), Log::default(), None);
    assert_eq!(found(&oracles), "nothing");
    oracles.starts(1, Some(Ballot { term: 1, node: 2, is_leader: true }), Log::default(), None);
    assert_eq!(found(&oracles), "vote-durability");
}

#[test]
fn two_votes_in_a_term() {
    let vote = |node, is_leader| Sample {
        term: 2,
        vote: Ballot { term: 2, node, is_leader },
        ..Sample::default()
    };
    let mut oracles = Oracles::default();
    oracles.samples(1, vote(3, false));
    // The term's winner may be another.
    oracles.samples(1, vote(2, true));
    oracles.samples(2, vote(3, false));
    assert_eq!(found(&oracles), "nothing");
    oracles.samples(2, vote(2, false));
    assert_eq!(found(&oracles), "one-vote-a-term");
}

#[test]
fn an_entry_that_was_lost() {
    let vote = Ballot { term: 1, node: 1, is_leader: true };
    let sample =
        Sample { term: 1, vote, flushed: Some(id(1, 2)), is_leader: true, ..Sample::default() };
    let mut oracles = Oracles::default();
    oracles.samples(1, sample);
    // A later leader may truncate.
    let later = Ballot { term: 2, node: 2, is_leader: true };
    oracles.starts(1, Some(later), Log::new(None, [(1, entry(1, 1))]), None);
    assert_eq!(found(&oracles), "nothing");
    oracles.starts(1, Some(vote), Log::new(None, [(1, entry(1, 1))]), None);
    assert_eq!(found(&oracles), "log-durability");
}

#[test]
fn a_leader_that_lets_too_much_wait() {
    let mut oracles = Oracles::default();
    let ends_at = |last| Sample {
        committed: Some(id(1, 5)),
        last_index: Some(last),
        waiting_max: 3,
        ..leader(3)
    };
    // What it found in its log nobody proposed to it.
    oracles.samples(1, ends_at(50));
    oracles.samples(1, ends_at(61));
    assert_eq!(found(&oracles), "nothing");
    oracles.samples(1, ends_at(62));
    assert_eq!(found(&oracles), "queue");
}
