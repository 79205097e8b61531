//! Names and sizes as people's trees have them, now and then such that differ only in case
//! or in Unicode form.

use rand::{Rng, RngExt, seq::IndexedRandom};
use rand_distr::{Distribution, LogNormal, Pareto};

const STEMS: &[&str] = &[
    "report", "notes", "draft", "budget", "photo", "scan", "invoice", "slides", "summary", "plan",
    "design", "minutes", "contract", "proposal", "index", "backup",
];
const EXTENSIONS: &[&str] = &["txt", "md", "docx", "pdf", "jpg", "png", "xlsx", "csv", "zip"];
const DIRECTORIES: &[&str] = &[
    "projects", "archive", "photos", "clients", "drafts", "shared", "team", "assets", "exports",
    "music",
];
/// Pairs that look the same: composed and decomposed, or of equal case folding.
const TWINS: &[(&str, &str)] = &[
    ("caf\u{e9}.txt", "cafe\u{301}.txt"),
    ("stra\u{df}e.md", "STRASSE.md"),
    ("\u{c5}ngstr\u{f6}m.pdf", "A\u{30a}ngstro\u{308}m.pdf"),
    ("\u{3c3}\u{3ac}\u{3c2}.txt", "\u{3a3}\u{386}\u{3a3}.txt"),
];
/// How often a name is a variant of another one.
const VARIANT_SHARE: f64 = 0.01;

/// A name for a file; `sibling` is a name that is there already.
pub fn file(random: &mut impl Rng, sibling: Option<&str>) -> String {
    if random.random_bool(VARIANT_SHARE) {
        return variant(random, sibling);
    }
    let stem = STEMS.choose(random).expect("not empty");
    let extension = EXTENSIONS.choose(random).expect("not empty");
    format!("{stem}-{}.{extension}", random.random_range(0..400))
}

/// A name for a directory.
pub fn directory(random: &mut impl Rng) -> String {
    let stem = DIRECTORIES.choose(random).expect("not empty");
    format!("{stem}-{}", random.random_range(0..200))
}

/// Another spelling of a name: the same but for case or Unicode form, where there is one.
pub fn respelled(random: &mut impl Rng, name: &str) -> String {
    for (composed, decomposed) in TWINS {
        if name == *composed {
            return (*decomposed).to_owned();
        }
        if name == *decomposed {
            return (*composed).to_owned();
        }
    }
    match random.random_bool(0.5) {
        true => name.to_uppercase(),
        false => name.chars().enumerate().map(alternating).collect(),
    }
}

fn alternating((position, letter): (usize, char)) -> char {
    match position % 2 {
        0 => letter.to_ascii_uppercase(),
        _ => letter.to_ascii_lowercase(),
    }
}

fn variant(random: &mut impl Rng, sibling: Option<&str>) -> String {
    match sibling {
        Some(sibling) if random.random_bool(0.5) => {
            let upper = sibling.to_uppercase();
            if upper == sibling { sibling.to_lowercase() } else { upper }
        }
        _ => {
            let (composed, decomposed) = TWINS.choose(random).expect("not empty");
            if random.random_bool(0.5) { (*composed).to_owned() } else { (*decomposed).to_owned() }
        }
    }
}

/// A file's size in bytes: lognormal, with a Pareto tail of large ones.
pub fn size_bytes(random: &mut impl Rng) -> u64 {
    const TAIL_SHARE: f64 = 0.000_1;
    const TAIL_MIN_BYTES: f64 = 512.0 * 1024.0 * 1024.0;
    const BYTES_MAX: f64 = (1u64 << 42) as f64;
    let size = if random.random_bool(TAIL_SHARE) {
        Pareto::new(TAIL_MIN_BYTES, 0.91).expect("parameters are positive").sample(random)
    } else {
        LogNormal::new(9.48, 2.46).expect("the deviation is finite").sample(random)
    };
    size.min(BYTES_MAX) as u64
}

/// Is this the name of a namespace of a family?
pub fn is_of_family(name: &str, family: &str) -> bool {
    let rest = name.strip_prefix(family);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::ChaCha8Rng};

    #[test]
    fn names_are_valid_and_repeat_by_seed() {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let names: Vec<_> = (0..5_000).map(|_| file(&mut random, Some("draft-1.md"))).collect();
        assert!(names.iter().all(|name| name.len() < 64 && !name.contains('/')));
        let variants = names.iter().filter(|name| !name.is_ascii() || *name == "DRAFT-1.MD");
        assert!(variants.count() > 10);
        let mut again = ChaCha8Rng::seed_from_u64(3);
        assert!(names.iter().all(|name| *name == file(&mut again, Some("draft-1.md"))));
    }
}
