//! batch: steps from a file, one a line, as one mutation.
//!
//! Nothing is sent unless every line can be read: what a person wrote is done whole, or not
//! at all.

mod content;
mod line;
mod words;

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use metad_client::{
    Error,
    errors::{self, Reason},
    steps,
    v1::{self, NodeRef, Step, StepResult},
};
use metad_proto::limits::STEPS_MAX;
use serde_json::{Value, json};

use crate::{
    cli::Bounds,
    context::Context,
    failure::Failure,
    output::printable,
    write::{self, quota},
};

/// Bytes of the text: more than what a mutation may have, quotes and comments included.
const INPUT_BYTES_MAX: u64 = 16 << 20;
/// Characters of a line that a message shows.
const SHOWN_CHARACTERS_MAX: usize = 80;

/// A line that is a step.
struct Line {
    /// From 1, as editors count.
    number: usize,
    text: String,
    draft: Draft,
}

/// A step, as far as a line tells.
#[derive(Debug, PartialEq)]
enum Draft {
    Whole(Step),
    /// The name is still to be looked up.
    Mount {
        target: NodeRef,
        namespace: String,
    },
    /// What is not said stays, and is still to be read.
    Quota {
        target: NodeRef,
        bounds: Bounds,
    },
}

impl Line {
    /// The first word of the step.
    fn name(&self) -> &str {
        self.text.split_whitespace().next().unwrap_or_default()
    }

    fn failure(&self, error: Error) -> Failure {
        Failure::Line { line: self.number, text: shown(&self.text), error }
    }
}

pub async fn run(context: &Context, file: &Path) -> Result<(), Failure> {
    let text =
        read(file).map_err(|error| Failure::Read { path: file.display().to_string(), error })?;
    let lines = parse(&text)?;
    let ns = context.ns().await?;
    let mut steps = Vec::with_capacity(lines.len());
    for line in &lines {
        steps.push(complete(context, ns, line).await?);
    }
    let reply = context.writer().await?.mutate(ns, steps).await;
    let reply = reply.map_err(|error| blame(&lines, error))?;
    let results = || lines.iter().zip(&reply.value);
    let value = || {
        let results: Vec<_> = results().map(|(line, result)| to_json(line, result)).collect();
        json!({"revision": reply.revision, "results": results})
    };
    let renamed = || {
        let renamed = results().filter(|(_, result)| !result.renamed.is_empty());
        let line = |(line, result): (&Line, &StepResult)| {
            format!("line {}: kept as {}", line.number, printable(&result.renamed))
        };
        renamed.map(line).collect::<Vec<_>>().join("\n")
    };
    Ok(context.output.data(value, renamed)?)
}

fn read(file: &Path) -> io::Result<String> {
    let source: Box<dyn Read> = match file.to_str() {
        Some("-") => Box::new(io::stdin()),
        _ => Box::new(File::open(file)?),
    };
    let mut text = String::new();
    source.take(INPUT_BYTES_MAX + 1).read_to_string(&mut text)?;
    match text.len() as u64 > INPUT_BYTES_MAX {
        true => Err(io::Error::other("it is too long for one batch")),
        false => Ok(text),
    }
}

fn parse(text: &str) -> Result<Vec<Line>, Failure> {
    let mut lines = Vec::new();
    for (number, text) in (1..).zip(text.lines()) {
        let text = text.trim();
        if text.is_empty() || text == "#" || text.starts_with("# ") {
            continue;
        }
        let refused = |why| {
            let error = Error::Invalid(why);
            Failure::Line { line: number, text: shown(text), error }
        };
        if lines.len() == STEPS_MAX {
            return Err(refused(format!("a batch has {STEPS_MAX} steps at most")));
        }
        let draft = line::parse(text).map_err(refused)?;
        lines.push(Line { number, text: text.to_owned(), draft });
    }
    match lines.is_empty() {
        true => Err(Error::Invalid("the batch has no steps".to_owned()).into()),
        false => Ok(lines),
    }
}

/// Reads what a step needs that its line does not tell.
async fn complete(context: &Context, ns: u64, line: &Line) -> Result<Step, Failure> {
    match &line.draft {
        Draft::Whole(step) => Ok(step.clone()),
        Draft::Mount { target, namespace } => match context.ns_of(namespace).await {
            Ok(shown) => Ok(steps::mount(target.clone(), shown)),
            Err(Failure::NoNamespace { name, error }) => {
                Err(line.failure(said(error, |_| format!("no namespace {name:?}"))))
            }
            Err(other) => Err(other),
        },
        Draft::Quota { target, bounds } => {
            let quota = match quota(context, ns, target.clone(), *bounds).await {
                Ok(quota) => quota,
                // An earlier step may make it: then it has no bounds yet.
                Err(Error::Rejected { .. }) => bounds.after(None),
                Err(error) => return Err(line.failure(error)),
            };
            Ok(steps::set_quota(target.clone(), quota))
        }
    }
}

/// Gives a refusal another message.
fn said(mut error: Error, words: impl FnOnce(&str) -> String) -> Error {
    if let Error::Rejected { message, .. } = &mut error {
        *message = words(message);
    }
    error
}

/// Says which line was refused. The service counts steps from 0, which would only confuse.
fn blame(lines: &[Line], error: Error) -> Failure {
    let step = match error.number(errors::STEP) {
        Some(step) => usize::try_from(step).ok(),
        // Of a single step there is no need to say which, unless it is not about a step.
        None => match (error.reason(), lines.len()) {
            (Some(Reason::TokenStale | Reason::SessionExpired) | None, _) => None,
            (Some(_), count) => (count == 1).then_some(0),
        },
    };
    match step.and_then(|step| lines.get(step)) {
        Some(line) => line.failure(said(error, |message| match message.split_once(": ") {
            Some((start, rest)) if start.starts_with("step ") => rest.to_owned(),
            _ => message.to_owned(),
        })),
        None => error.into(),
    }
}

fn to_json(line: &Line, result: &v1::StepResult) -> Value {
    let mut value = write::result(result);
    (value["line"], value["step"]) = (json!(line.number), json!(line.name()));
    value
}

fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_CHARACTERS_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str) -> Result<Vec<usize>, String> {
        let lines = parse(text).map_err(|failure| failure.to_string())?;
        Ok(lines.iter().map(|line| line.number).collect())
    }

    #[test]
    fn lines_are_counted_and_comments_left_out() {
        assert_eq!(numbers("mkdir /a\n\n# rm /b\n#\n  rm #17\r\n"), Ok(vec![1, 5]));
        assert_eq!(numbers("# nothing\n"), Err("the batch has no steps".to_owned()));
        let wrong = numbers("mkdir /a\n\nmkdri /b\n").expect_err("no such step");
        assert!(wrong.starts_with("line 3: mkdri /b: "), "{wrong}");
    }

    #[test]
    fn a_batch_is_bounded() {
        let steps = "mkdir /a\n".repeat(STEPS_MAX);
        assert_eq!(numbers(&steps).map(|lines| lines.len()), Ok(STEPS_MAX));
        let wrong = numbers(&(steps + "\nmkdir /b")).expect_err("one too many");
        assert_eq!(wrong, "line 1002: mkdir /b: a batch has 1000 steps at most");
    }

    #[test]
    fn a_single_line_is_named_if_it_was_refused() {
        let lines = parse("mkdir /a").expect("a step");
        let failure = |reason| {
            let (info, message) = (errors::Info::new(reason), "no".to_owned());
            blame(&lines, Error::Rejected { info, message }).to_string()
        };
        assert_eq!(failure(Reason::AlreadyExists), "line 1: mkdir /a: no (ALREADY_EXISTS)");
        assert_eq!(failure(Reason::TokenStale), "no (TOKEN_STALE)");
    }

    #[test]
    fn the_refused_line_is_named() {
        let lines = parse("# two\nmkdir /a\nmkdir '/b c'").expect("steps");
        let info = errors::Info::new(Reason::AlreadyExists).with(errors::STEP, 1);
        let error = Error::Rejected { info, message: "step 1: taken: x".to_owned() };
        let failure = blame(&lines, error).to_string();
        assert_eq!(failure, "line 3: mkdir '/b c': taken: x (ALREADY_EXISTS)");
    }
}
