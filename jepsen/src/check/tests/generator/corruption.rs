//! Histories that are wrong somewhere.

use serde_json::{Value, json};

use super::Random;

/// Changes one answer a little, swaps two, or has a read happen earlier. The history may stay
/// valid, but mostly it does not.
pub(in crate::check::tests) fn corrupt(lines: &mut Vec<Value>, random: &mut Random) {
    for _ in 0..200 {
        let done = match random.below(6) {
            0 => swap_effects(lines, random),
            1 => move_back(lines, random),
            _ => false,
        };
        if done {
            return;
        }
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

/// Has two mutations of one kind take effect each in the other's place.
fn swap_effects(lines: &mut [Value], random: &mut Random) -> bool {
    let left = random.below(lines.len() as u64) as usize;
    let near = left + 1 + random.below(12) as usize;
    let is_effect = |line: &Value| line["type"] == "ok" && line["value"]["rev"].is_u64();
    let Some(right) = (near..lines.len())
        .find(|slot| lines[*slot]["f"] == lines[left]["f"] && is_effect(&lines[*slot]))
    else {
        return false;
    };
    if !is_effect(&lines[left]) {
        return false;
    }
    let (earlier, later) = lines.split_at_mut(right);
    for field in ["value", "revision"] {
        let right = later[0][field].take();
        later[0][field] = earlier[left][field].take();
        earlier[left][field] = right;
    }
    true
}

/// Has a read be asked and answered some events earlier.
fn move_back(lines: &mut Vec<Value>, random: &mut Random) -> bool {
    let slot = random.below(lines.len() as u64) as usize;
    let is_read = ["stat", "list", "lookup"].iter().any(|read| lines[slot]["f"] == *read);
    if lines[slot]["type"] != "ok" || !is_read {
        return false;
    }
    let process = lines[slot]["process"].clone();
    let is_invoke = |line: &Value| line["process"] == process && line["type"] == "invoke";
    let Some(invoke) = lines[..slot].iter().rposition(is_invoke) else { return false };
    let to = invoke.saturating_sub(2 + random.below(10) as usize).max(1);
    // Its process has nothing else open.
    if lines[to..invoke].iter().any(|line| line["process"] == process) {
        return false;
    }
    let answer = lines.remove(slot);
    let invoke = lines.remove(invoke);
    lines.insert(to, invoke);
    lines.insert(to + 1, answer);
    true
}
