//! Whose data folder it is.

use crate::{
    kv::{KvEngine, StorageFault, Write},
    raft::Member,
    records::{
        identity::{self, FORMAT, Identity, OtherFormat},
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
    /// Of another version of metad.
    #[error(
        "the data folder has format {0}, and this metad reads format {FORMAT}: \
         use the version of metad that wrote it"
    )]
    Format(u32),
}

/// Checks that the folder is ours. A new one becomes ours.
pub async fn claim(log: &dyn KvEngine, member: &Member) -> Result<(), ServerError> {
    let expected = Identity {
        format: FORMAT,
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
        log.write(vec![
            Write::Put(key::identity(), identity::encode(&expected)),
            Write::Put(key::standing(member.group), standing::encode(Standing::New)),
        ])?;
        return Ok(log.sync().await?);
    };
    match identity::decode(&value)? {
        Err(OtherFormat(format)) => Err(Foreign::Format(format).into()),
        Ok(found) if found == expected => Ok(()),
        Ok(found) => Err(Foreign::Server {
            found: (found.cluster, found.group, found.server),
            expected: (expected.cluster, expected.group, expected.server),
        }
        .into()),
    }
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
        claim(&disk.open(), &member("home", 1)).await.expect("a new folder");
        disk.power_loss(|_| 0);
        claim(&disk.open(), &member("home", 1)).await.expect("our folder");
        let refused = claim(&disk.open(), &member("work", 2)).await.expect_err("foreign");
        expect![[r#"the data folder is of cluster "home", group 1, node 1, not of cluster "work", group 1, node 2: use another data_dir, or correct cluster and node"#]].assert_eq(&refused.to_string());
    }
}
