//! What is believed follows what was acknowledged.

use rand::{SeedableRng, rngs::ChaCha8Rng};

use super::*;
use crate::operation::{Content, NodeKind, Policy};

fn made(parent: u64, name: &str, file: bool) -> Effect {
    let kind = if file { NodeKind::File } else { NodeKind::Directory };
    let content = file.then_some(Content { hash: [1; 32], size: 1 });
    Effect::Made { parent, name: name.to_owned(), kind, content }
}

#[test]
fn paths_follow_moves_and_deletes() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut tree = Tree::new(5, 1, Policy::Exact);
    tree.acknowledge(made(1, "a", false), 2, 10);
    tree.acknowledge(made(2, "b", false), 3, 11);
    tree.acknowledge(made(3, "f", true), 4, 12);
    assert_eq!(tree.path(4).as_deref(), Some("/a/b/f"));
    tree.acknowledge(Effect::Moved { id: 3, parent: 1, name: "c".to_owned() }, 3, 13);
    assert_eq!(tree.pick_file(&mut random), Some((4, "/c/f".to_owned())));
    tree.acknowledge(Effect::Deleted { id: 3 }, 3, 13);
    assert_eq!(tree.pick_file(&mut random), None);
    assert_eq!(tree.path(1).as_deref(), Some("/"));
}

#[test]
fn an_update_of_another_node_is_the_end_of_the_one_meant() {
    let mut tree = Tree::new(5, 1, Policy::Exact);
    tree.acknowledge(made(1, "f", true), 2, 10);
    let content = Content { hash: [2; 32], size: 2 };
    tree.acknowledge(Effect::Updated { id: 2, content }, 5, 12);
    assert!(tree.get(2).is_none());
}
