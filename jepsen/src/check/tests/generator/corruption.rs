//! Histories that are wrong somewhere.

use serde_json::{Value, json};

use super::Random;

/// Changes one answer a little. The history may stay valid, but mostly it does not.
pub(in crate::check::tests) fn corrupt(lines: &mut [Value], random: &mut Random) {
    for _ in 0..200 {
        let slot = random.below(lines.len() as u64) as usize;
        let other = random.below(lines.len() as u64) as usize;
        let replacement = lines[other].clone();
        let event = &mut lines[slot];
        if event["type"] != "ok" {
            continue;
        }
        let is_alike = replacement["type"] == "ok" && replacement["f"] == event["f"];
        let value = &mut event["value"];
        match random.below(9) {
            0 if value["id"].is_u64() => value["id"] = json!(1 + random.below(30)),
            1 if value["rev"].is_u64() => value["rev"] = json!(1 + random.below(30)),
            2 => match value["entries"].as_array_mut() {
                Some(entries) if !entries.is_empty() => {
                    entries.pop();
                }
                _ => continue,
            },
            3 if value.get("rejected").is_some() => value["rejected"] = json!("CYCLE"),
            4 if is_alike => *value = replacement["value"].clone(),
            5 => {
                let revision = event["revision"].as_u64().unwrap_or(1);
                event["revision"] = json!((revision + random.below(3)).saturating_sub(1).max(1));
            }
            6 if value["kind"].is_string() => value["attributes"] = json!({"color": "01"}),
            7 if value["kind"] == "symlink" => value["symlink"] = json!("elsewhere"),
            8 => match value["renamed"].as_str() {
                Some(name) => {
                    let other = ["ann", "bob", "2", "-02-03"][random.below(4) as usize];
                    value["renamed"] = json!(name.replacen(other, "3", 1));
                }
                None => continue,
            },
            _ => continue,
        }
        return;
    }
}
