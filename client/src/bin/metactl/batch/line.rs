//! One line: the name of a step, then what it is about.

use metad_client::{
    steps,
    v1::{self, Kind, Step, check::Condition},
};

use super::{Draft, content, words::Words};
use crate::{
    cli::{Bound, Bounds, bound},
    path::NodePath,
    write,
};

/// Says what is wrong with a line that is not a step.
pub fn parse(line: &str) -> Result<Draft, String> {
    let mut words = Words::of(line)?;
    let step = match words.word("a step")?.as_str() {
        "mkdir" => mkdir(words),
        "put" => content::put(words),
        "mv" => mv(words),
        "cp" => cp(words),
        "ln" => ln(words),
        "rm" => rm(words),
        "attr" => attr(words),
        "quota" => return quota(words),
        "restore" => restore(words),
        "mount" => return mount(words),
        "unmount" => unmount(words),
        "check" => check(words),
        other => Err(format!(
            "no step is called {other:?}; there are mkdir, put, mv, cp, ln, rm, attr, quota, \
             restore, mount, unmount and check"
        )),
    };
    step.map(Draft::Whole)
}

fn mkdir(mut words: Words) -> Result<Step, String> {
    let with_parents = words.flag("-p");
    let target = words.path("PATH")?.target();
    words.end()?;
    Ok(if with_parents { steps::mkdir_all(target) } else { steps::mkdir(target) })
}

fn mv(mut words: Words) -> Result<Step, String> {
    let replace = words.flag("-f");
    let (from, to) = from_and_to(&mut words)?;
    let mut options = words.options()?;
    let rev = options.number("rev")?.unwrap_or(0);
    options.end()?;
    let (from, to) = (Some(from.target()), Some(to.target()));
    Ok(steps::move_with(v1::Move { from, to, replace, rev }))
}

fn cp(mut words: Words) -> Result<Step, String> {
    let (from, to) = from_and_to(&mut words)?;
    let mut options = words.options()?;
    let at_revision = options.number("at")?.unwrap_or(0);
    options.end()?;
    let (from, to) = (Some(from.target()), Some(to.target()));
    Ok(steps::copy_with(v1::Copy { from, to, at_revision }))
}

/// The name of an id may be another one once the steps before have been done.
fn from_and_to(words: &mut Words) -> Result<(NodePath, NodePath), String> {
    let (from, to) = (words.path("FROM")?, words.path("TO")?);
    let to = match from.name() {
        None if to.is_directory() => {
            return Err(format!("{from} does not say under which name it goes into {to}/"));
        }
        name => to.receiving(name.unwrap_or_default()),
    };
    Ok((from, to))
}

fn ln(mut words: Words) -> Result<Step, String> {
    let (to, path) = (words.word("TARGET")?, words.path("PATH")?);
    words.end()?;
    Ok(steps::symlink(write::linked(&to, &path).target(), to))
}

fn rm(mut words: Words) -> Result<Step, String> {
    let recursive = words.flag("-r");
    let target = Some(words.path("PATH")?.target());
    let mut options = words.options()?;
    let rev = options.number("rev")?.unwrap_or(0);
    options.end()?;
    Ok(steps::delete_with(v1::Delete { target, recursive, rev }))
}

/// All options come first: attributes may have any name.
fn attr(mut words: Words) -> Result<Step, String> {
    let (mut remove, mut rev, mut is_hex) = (Vec::new(), 0, false);
    loop {
        if words.flag("-d") {
            remove.push(words.word("NAME")?);
        } else if words.flag("-r") {
            rev = words.number("REV")?;
        } else if words.flag("-x") {
            is_hex = true;
        } else {
            break;
        }
    }
    let target = Some(words.path("PATH")?.target());
    let set = words.rest();
    if set.is_empty() && remove.is_empty() {
        return Err("expected NAME=VALUE at the end".to_owned());
    }
    let set =
        set.iter().map(|change| write::attribute(change, is_hex)).collect::<Result<_, _>>()?;
    Ok(steps::set_attributes(v1::SetAttributes { target, set, remove, rev }))
}

fn quota(mut words: Words) -> Result<Draft, String> {
    let target = words.path("PATH")?.target();
    let mut options = words.options()?;
    let mut take = |name: &str| -> Result<Option<Bound>, String> {
        let value = options.value(name)?;
        value.map(|value| bound(&value).map_err(|why| format!("{name}: {why}"))).transpose()
    };
    let bounds = Bounds { nodes: take("nodes")?, bytes: take("bytes")? };
    options.end()?;
    Ok(match bounds {
        Bounds { nodes: None, bytes: None } => {
            return Err("expected nodes=N, bytes=N or both".to_owned());
        }
        bounds => match bounds.whole() {
            Some(quota) => Draft::Whole(steps::set_quota(target, quota)),
            None => Draft::Quota { target, bounds },
        },
    })
}

fn restore(mut words: Words) -> Result<Step, String> {
    let (target, revision) = (words.path("PATH")?.target(), words.number("REVISION")?);
    words.end()?;
    Ok(steps::restore(target, revision))
}

fn mount(mut words: Words) -> Result<Draft, String> {
    let (target, namespace) = (words.path("PATH")?.target(), words.word("NAMESPACE")?);
    words.end()?;
    Ok(Draft::Mount { target, namespace })
}

fn unmount(mut words: Words) -> Result<Step, String> {
    let target = words.path("PATH")?.target();
    words.end()?;
    Ok(steps::unmount(target))
}

fn check(mut words: Words) -> Result<Step, String> {
    let target = words.path("PATH")?.target();
    let mut options = words.options()?;
    let exists = options.alone("exists")?.then_some(Condition::Exists(v1::check::Exists {}));
    let absent = options.alone("absent")?.then_some(Condition::Absent(v1::check::Absent {}));
    let rev = options.number("rev")?.map(Condition::Rev);
    let kind = options.value("kind")?.map(|name| kind(&name)).transpose()?;
    let unchanged = options.number("unchanged")?.map(Condition::UnchangedSince);
    options.end()?;
    let mut conditions = [exists, absent, rev, kind, unchanged].into_iter().flatten();
    match (conditions.next(), conditions.next()) {
        (Some(condition), None) => Ok(steps::check(target, condition)),
        _ => {
            Err("expected one of exists, absent, rev=N, kind=KIND and unchanged=REVISION"
                .to_owned())
        }
    }
}

fn kind(name: &str) -> Result<Condition, String> {
    let kind = match name {
        "directory" => Kind::Directory,
        "file" => Kind::File,
        "symlink" => Kind::Symlink,
        "mount" => Kind::Mount,
        _ => return Err(format!("kind is directory, file, symlink or mount, not {name:?}")),
    };
    Ok(Condition::Kind(kind.into()))
}

#[cfg(test)]
mod tests;
