//! Imports: parents before children, links left out, problems told.

use std::{collections::BTreeSet, fs, os::unix::fs::symlink};

use metad_client::{
    import::{self, Import, ImportError},
    v1::{MutateRequest, mutate_request::Mutation, step::Op},
};

use crate::fake::{Node, Plot, client};

/// The paths that were sent, with "/" after directories.
fn paths(mutations: &[MutateRequest]) -> Vec<String> {
    let steps = |request: &MutateRequest| match &request.mutation {
        Some(Mutation::Steps(steps)) => steps.steps.clone(),
        other => panic!("unexpected {other:?}"),
    };
    let path = |op: Option<Op>| match op {
        Some(Op::Mkdir(mkdir)) => mkdir.target.expect("it has a target").path + "/",
        Some(Op::CommitFile(commit)) => commit.target.expect("it has a target").path,
        other => panic!("unexpected {other:?}"),
    };
    mutations.iter().flat_map(steps).map(|step| path(step.op)).collect()
}

#[tokio::test]
async fn a_tree_is_imported_parents_first() {
    let source = tempfile::tempdir().expect("make a directory");
    let mut expected = BTreeSet::from(["/doc/".to_owned()]);
    for directory in ["a", "a/b", "a/b/c", "d"] {
        fs::create_dir(source.path().join(directory)).expect("make a directory");
        expected.insert(format!("/doc/{directory}/"));
        for file in 0..10 {
            let file = format!("{directory}/{file}.txt");
            fs::write(source.path().join(&file), &file).expect("write a file");
            expected.insert(format!("/doc/{file}"));
        }
    }
    symlink("/etc/passwd", source.path().join("link")).expect("make a link");
    let node = Node::start(1, Plot::default()).await;
    let import =
        Import { target: "/doc".to_owned(), batch_steps: 3, ..Import::new(1, source.path()) };
    let mut told = Vec::new();
    let client = client(&[&node]);
    let imported = import::import(&client, &import, |progress| told.push(progress.nodes()));
    let summary = imported.await.expect("all is answered");
    assert_eq!((summary.imported.directories, summary.imported.files), (4, 40));
    assert_eq!((summary.skipped.links, summary.skipped.problem_count), (1, 0));
    assert_eq!((told.last(), import::count(source.path())), (Some(&44), 44));
    let sent = node.plot(|plot| paths(&plot.mutations));
    assert_eq!(sent.iter().cloned().collect::<BTreeSet<_>>(), expected);
    for (position, path) in sent.iter().enumerate() {
        let (parent, _) = path.trim_end_matches('/').rsplit_once('/').expect("it is absolute");
        let is_made = parent.is_empty() || sent[..position].contains(&format!("{parent}/"));
        assert!(is_made, "{path} came before its parent");
    }
}

#[tokio::test]
async fn a_source_that_is_not_there_is_said() {
    let node = Node::start(1, Plot::default()).await;
    let import = Import::new(1, "/no/such/directory");
    let imported = import::import(&client(&[&node]), &import, |_| {}).await;
    assert!(matches!(imported, Err(ImportError::Source { .. })), "{imported:?}");
}
