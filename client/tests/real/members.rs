//! `metactl cluster`: nodes join, vote, are replaced and leave.

use crate::servers::Servers;
use serde_json::{Value, json};

/// The members, however far each one has come.
fn who(status: &Value) -> Vec<[Value; 3]> {
    let member = |member: &Value| ["node", "address", "voter"].map(|key| member[key].clone());
    status["members"].as_array().expect("members").iter().map(member).collect()
}

#[test]
fn a_node_joins_by_an_address_votes_and_takes_the_place_of_another() {
    let Some(mut servers) = Servers::start(3) else { return };
    servers.until("leader", |status| status["voters_answering"] == 3);
    servers.told(&["ns", "create", "main"]);
    servers.told(&["mkdir", "/before"]);

    let fourth = servers.join("fourth").expect("it starts");
    let added = servers.told(&["cluster", "add", &fourth]);
    assert_eq!(added["members"][3]["node"], 4, "{added}");
    assert_eq!(added["members"][3]["voter"], false);
    assert_eq!(added["voters"], json!([[1, 2, 3]]));
    // Whoever died after it had asked asks again.
    assert_eq!(who(&servers.told(&["cluster", "add", &fourth])), who(&added));
    let promoted = servers.told(&["cluster", "promote", "4"]);
    assert_eq!(promoted["voters"], json!([[1, 2, 3, 4]]));
    assert_eq!(servers.told(&["cluster", "promote", "4"])["voters"], promoted["voters"]);

    // A dead one is replaced; the leader may be the one that goes.
    servers.kill(2);
    let fifth = servers.join("fifth").expect("it starts");
    let replaced = servers.told(&["cluster", "replace", "2", &fifth]);
    assert_eq!(replaced["voters"], json!([[1, 3, 4, 5]]), "{replaced}");
    assert_eq!(servers.told(&["cluster", "replace", "2", &fifth])["voters"], replaced["voters"]);
    let leader = replaced["leader"].to_string();
    let removed = servers.told(&["cluster", "remove", &leader]);
    assert_eq!(removed["members"].as_array().map(Vec::len), Some(3));
    assert_ne!(removed["leader"].to_string(), leader);
    servers.told(&["cluster", "remove", &leader]);
    servers.told(&["mkdir", "/after"]);
    let top = servers.told(&["top", "-n", "1"]);
    assert!(top["nodes"].as_array().is_some_and(|nodes| nodes.len() >= 3), "{top}");
}

#[test]
fn what_would_lose_the_quorum_or_double_a_node_is_refused() {
    let Some(mut servers) = Servers::start(3) else { return };
    let status = servers.until("leader", |status| status["voters_answering"] == 3);
    let leader = status["leader"].as_u64().expect("a number");
    let [dead, other] = [1, 2].map(|step| (leader + step - 1) % 3 + 1);
    let transferred = servers.told(&["cluster", "transfer-leader", &other.to_string()]);
    assert_eq!(transferred["leader"], other);
    servers.told(&["cluster", "transfer-leader", &leader.to_string()]);

    servers.kill(usize::try_from(dead).expect("small"));
    servers.until("silence", |status| status["voters_answering"] == 2);
    // It is taken for gone once it has been silent for a while.
    let refused = |arguments: &[&str]| {
        let began = crate::servers::now();
        while began.elapsed() < std::time::Duration::from_secs(3) {
            servers.told(&["cluster", "status"]);
        }
        servers.refused(arguments)
    };
    let why = refused(&["cluster", "remove", &other.to_string()]);
    assert!(why.contains("lose the quorum"), "{why}");
    let why = servers.refused(&["cluster", "promote", "9"]);
    assert!(why.contains("no member"), "{why}");
    let left = servers.told(&["cluster", "remove", &dead.to_string()]);
    assert_eq!(left["voters"][0].as_array().map(Vec::len), Some(2));
}

#[test]
fn one_identity_is_one_node() {
    let Some(mut servers) = Servers::start(1) else { return };
    servers.until("leader", |status| status["voters_answering"] == 1);
    let (second, third) = (servers.join("a"), servers.join("b"));
    let (second, third) = (second.expect("it starts"), third.expect("it starts"));
    // Both took the number that was free.
    servers.told(&["cluster", "add", &second]);
    let why = servers.refused(&["cluster", "add", &third]);
    assert!(why.contains("node 2 is a member already"), "{why}");
    // What is in its folder says who it is; that one runs.
    servers.kill(3);
    let why = servers.join("b").expect_err("it must not start");
    assert!(why.contains("runs at") && why.contains(&second), "{why}");
    // At its address, with its folder, it is itself.
    servers.kill(2);
    servers.join_at("a", &second).expect("it starts");
    servers.until("learner", |status| status["members"][1]["role"] == "learner");
}
