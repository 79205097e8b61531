//! Whose data folder it is.

use crate::{
    kv::{self, KvEngine, KvRead, StorageFault, Write},
    raft::Member,
    records::{
        applied, entry,
        identity::{self, FORMAT, FORMAT_BEFORE, Identity, OtherFormat},
        key,
        standing::{self, Standing},
    },
    types::{GroupId, ServerId},
};

use super::ServerError;

/// The data folder is another server's: one line that says whose, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    /// Of another cluster, group or server.
    #[error(
        "the data folder is of cluster {:?}, group {}, node {}, not of cluster {:?}, group {}, \
         node {}: use another data_dir, or correct cluster and node",
        .found.0, .found.1, .found.2, .expected.0, .expected.1, .expected.2
    )]
    Server {
        /// Whose it is.
        found: (String, GroupId, ServerId),
        /// Who we are.
        expected: (String, GroupId, ServerId),
    },
    /// One of the two stores in it was lost.
    #[error(
        "the data folder has lost its {lost} store: put it back, or move the whole data folder \
         away and start again: the node then joins its cluster anew"
    )]
    HalfLost {
        /// log or state.
        lost: &'static str,
    },
    /// Of a format that this node is told not to write.
    #[error(
        "the data folder has format {0} already, and the configuration says format = {1}: \
         take that line out"
    )]
    Upgraded(u32, u32),
    /// Of another version of metad.
    #[error(
        "the data folder has format {0}, and this metad reads formats {FORMAT_BEFORE} and {FORMAT}: \
         use the version of metad that wrote it"
    )]
    Format(u32),
}

/// Whose folder it is, and how far that server has come; None of a new one, and of one that
/// [`claim`] refuses.
pub fn known(
    log: &dyn KvEngine,
    group: GroupId,
) -> kv::Result<Option<(String, ServerId, Standing)>> {
    let view = log.view()?;
    let (Some(identity), Some(standing)) =
        (view.get(&key::identity())?, view.get(&key::standing(group))?)
    else {
        return Ok(None);
    };
    let standing = standing::decode(&standing)?;
    let identity = identity::decode(&identity)?.ok();
    Ok(identity.map(|identity| (identity.cluster, identity.server, standing)))
}

/// Checks that the folder is ours. A new one becomes ours.
pub async fn claim(
    log: &dyn KvEngine,
    state: &dyn KvEngine,
    member: &Member,
    format: u32,
) -> Result<(), ServerError> {
    let expected = Identity {
        format,
        cluster: member.cluster.clone(),
        group: member.group,
        server: member.server,
    };
    let view = log.view()?;
    let Some(value) = view.get(&key::identity())? else {
        let vote = view.get(&key::vote(member.group))?;
        if vote.is_some() {
            return Err(StorageFault::corrupt("identity", "it is missing beside a vote").into());
        }
        if applied_index(state, member.group)?.is_some() {
            return Err(Foreign::HalfLost { lost: "log" }.into());
        }
        log.write(vec![
            Write::Put(key::identity(), identity::encode(&expected)),
            Write::Put(key::standing(member.group), standing::encode(Standing::New)),
        ])?;
        return Ok(log.sync().await?);
    };
    match identity::decode(&value)? {
        Err(OtherFormat(format)) => Err(Foreign::Format(format).into()),
        Ok(found) if found == expected => check_halves(&*view, state, member.group),
        Ok(found) if found.format > format => Err(Foreign::Upgraded(found.format, format).into()),
        Ok(found) if (Identity { format, ..found.clone() }) == expected => {
            check_halves(&*view, state, member.group)?;
            // Before anything is written in the new format: the version before refuses the
            // folder from now on.
            let upgraded = Write::Put(key::identity(), identity::encode(&expected));
            log.write(vec![upgraded])?;
            log.sync().await?;
            tracing::info!(from = found.format, to = format, "the data folder is upgraded");
            Ok(())
        }
        Ok(found) => Err(Foreign::Server {
            found: (found.cluster, found.group, found.server),
            expected: (expected.cluster, expected.group, expected.server),
        }
        .into()),
    }
}

/// The log is purged only up to what the state has on disk.
fn check_halves(log: &dyn KvRead, state: &dyn KvEngine, group: GroupId) -> Result<(), ServerError> {
    let Some(purged) = log.get(&key::purged(group))? else { return Ok(()) };
    let purged = entry::decode_position(&purged)?.map(|position| position.index);
    if purged > applied_index(state, group)? {
        return Err(Foreign::HalfLost { lost: "state" }.into());
    }
    Ok(())
}

fn applied_index(state: &dyn KvEngine, group: GroupId) -> kv::Result<Option<u64>> {
    let Some(value) = state.view()?.get(&key::applied(group))? else { return Ok(None) };
    Ok(applied::decode(&value)?.last.map(|position| position.index))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::kv::mem::MemDisk;

    fn member(cluster: &str, server: u64) -> Member {
        Member { cluster: cluster.to_owned(), group: GroupId(1), server: ServerId(server) }
    }

    #[tokio::test]
    async fn a_foreign_folder_is_refused_in_one_line() {
        let disk = MemDisk::new();
        let state = MemDisk::new();
        claim(&disk.open(), &state.open(), &member("home", 1), FORMAT).await.expect("a new folder");
        disk.power_loss(|_| 0);
        claim(&disk.open(), &state.open(), &member("home", 1), FORMAT).await.expect("our folder");
        let refused = claim(&disk.open(), &state.open(), &member("work", 2), FORMAT).await;
        let refused = refused.expect_err("foreign");
        expect![[r#"the data folder is of cluster "home", group 1, node 1, not of cluster "work", group 1, node 2: use another data_dir, or correct cluster and node"#]].assert_eq(&refused.to_string());
    }

    #[tokio::test]
    async fn half_a_folder_is_refused() {
        let (log, state, member) = (MemDisk::new(), MemDisk::new(), member("home", 1));
        claim(&log.open(), &state.open(), &member, FORMAT).await.expect("a new folder");
        let last = Some(entry::Position { term: 1, index: 9 });
        let purged = Write::Put(key::purged(member.group), entry::encode_position(last));
        log.open().write(vec![purged]).expect("write");
        let refused =
            claim(&log.open(), &state.open(), &member, FORMAT).await.expect_err("no state");
        assert!(refused.to_string().contains("lost its state"), "{refused}");

        let applied = applied::Applied { last, ..applied::Applied::default() };
        let applied = Write::Put(key::applied(member.group), applied::encode(&applied));
        state.open().write(vec![applied]).expect("write");
        claim(&log.open(), &state.open(), &member, FORMAT).await.expect("both");
        let refused = claim(&MemDisk::new().open(), &state.open(), &member, FORMAT).await;
        let refused = refused.expect_err("no log");
        assert!(refused.to_string().contains("lost its log"), "{refused}");
    }
}
