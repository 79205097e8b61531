//! Journals and the past that they tell of: what ended before the bound goes.
//!
//! Each line of a journal says which versions its change ended, so no other index of the
//! past is needed.

use metad_proto::planted;

use crate::{
    kv::{KvRead, KvTxn, Result, StorageFault},
    records::{
        change, decode_cursor, encode_cursor, key,
        system::{System, Trim},
    },
    types::{Change, ChangeKind, Cursor, GroupId, Name, NamespaceId, NodeId},
};

/// Whether there is anything to trim.
pub(super) fn is_needed(system: &System) -> bool {
    system.trim.done < system.compacted
}

/// Whether a round through all journals is yet to begin: the bound has moved since the last one.
pub(super) fn is_at_start(system: &System) -> bool {
    is_needed(system) && system.trim.target <= system.trim.done
}

/// Trims the journal of one namespace. Says how many records that took, at least one.
pub(super) fn trim(
    txn: &mut impl KvTxn,
    group: GroupId,
    system: &mut System,
    records_max: usize,
) -> Result<usize> {
    let Trim { done, target, next } = system.trim;
    if target <= done {
        system.trim.target = system.compacted;
        system.trim.next = NamespaceId(0);
        return Ok(1);
    }
    let Some(namespace) = namespace_from(txn, group, next)? else {
        forget_milestones(txn, group, system)?;
        system.trim.done = target;
        return Ok(1);
    };
    system.trim.next = namespace;
    // Not from its first line: all that was trimmed before would be passed over again.
    let trimmed = txn.get(&key::journal_start(group, namespace))?;
    let trimmed = trimmed.map(|record| decode_cursor("journal start", &record)).transpose()?;
    let start = key::journal_after(group, namespace, trimmed).start;
    let until = if planted!(CompactionForgetsAll) { system.revision } else { target };
    let end = key::journal(group, namespace, Cursor { revision: until, ordinal: 0 });
    let lines = txn.scan(&start, &end).take(records_max);
    let lines = lines.map(|pair| change::decode(&pair?.1)).collect::<Result<Vec<Change>>>()?;
    for line in &lines {
        forget_line(txn, group, line)?;
        txn.delete(key::journal(group, namespace, line.cursor));
    }
    if let Some(last) = lines.last() {
        let start = encode_cursor(last.cursor);
        txn.put(key::journal_start(group, namespace), start);
    }
    if lines.len() < records_max {
        system.trim.next = NamespaceId(namespace.0 + 1);
    }
    Ok(lines.len().max(1))
}

fn namespace_from(
    view: &impl KvRead,
    group: GroupId,
    from: NamespaceId,
) -> Result<Option<NamespaceId>> {
    let end = key::namespaces(group).end;
    let Some(pair) = view.scan(&key::namespace(group, from), &end).next() else {
        return Ok(None);
    };
    Ok(key::last_id(&pair?.0).map(NamespaceId))
}

/// Removes the versions that a change ended.
pub(super) fn forget_line(txn: &mut impl KvTxn, group: GroupId, line: &Change) -> Result<()> {
    let (node, until) = (&line.node, line.cursor.revision);
    let name = || {
        let name: Option<&Name> = node.name.as_ref();
        name.ok_or_else(|| StorageFault::corrupt("journal record", "a root was changed"))
    };
    let mut end = |parent: NodeId, name: &Name| {
        txn.delete(key::past_node(group, parent, name.key(), until));
    };
    match (line.kind, &line.from) {
        (ChangeKind::Created | ChangeKind::MovedIn { .. }, _) => return Ok(()),
        (ChangeKind::Moved, Some((parent, name))) => end(*parent, name),
        _ => end(node.parent, name()?),
    }
    if !matches!(line.kind, ChangeKind::Updated) {
        txn.delete(key::past_location(group, node.id, until));
    }
    if line.kind == ChangeKind::Deleted && node.is_directory() {
        txn.put(key::forget(group, node.id), Vec::new());
    }
    Ok(())
}

/// One milestone before the bound is of no use.
fn forget_milestones(txn: &mut impl KvTxn, group: GroupId, system: &System) -> Result<()> {
    let range = key::milestones(group);
    let old = txn.scan(&range.start, &range.end).map(|pair| {
        let (key, value) = pair?;
        Ok((key, crate::records::milestone::decode(&value)?.revision))
    });
    let old = old.take_while(|old| {
        old.as_ref().map_or(true, |(_, revision)| *revision <= system.trim.target)
    });
    for key in old.map(|old| Ok(old?.0)).collect::<Result<Vec<_>>>()? {
        txn.delete(key);
    }
    Ok(())
}
