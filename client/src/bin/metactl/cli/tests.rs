//! The command line as a whole: every command is explained, and its examples are right.

use clap::CommandFactory;

use super::*;

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

/// All commands, those in groups too, by their whole names.
fn commands() -> Vec<(String, clap::Command)> {
    let mut all = vec![("metactl".to_owned(), Cli::command())];
    let mut next = 0;
    while let Some((name, command)) = all.get(next).cloned() {
        let inner = command.get_subcommands();
        all.extend(inner.map(|inner| (format!("{name} {}", inner.get_name()), inner.clone())));
        next += 1;
    }
    all
}

#[test]
fn every_command_and_argument_is_explained() {
    for (name, command) in commands() {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.contains("Example"), "{name} has no example");
        assert!(name == "metactl" || help.contains(&name), "{name}: an example of something else");
        assert!(command.get_about().is_some(), "{name} is not explained");
        for argument in command.get_arguments() {
            assert!(
                argument.get_help().is_some(),
                "{name}: {} is not explained",
                argument.get_id()
            );
        }
    }
}

/// A command, as it stands in an example: what comes after two spaces explains it.
fn example(line: &str) -> Option<Vec<String>> {
    let line = line.trim();
    let line = line.split_once("$(").map_or(line, |(_, inner)| inner);
    let line = line.split_once("| ").map_or(line, |(_, last)| last);
    let line = line.split(['`', ')', ';']).next()?.split("   ").next()?.split(" > ").next()?;
    let line = line.split_once("  ").map_or(line, |(command, _)| command);
    let words = shlex::split(&line.replace("$token", "17"))?;
    (words.first()? == "metactl" && words.len() > 1).then_some(words)
}

#[test]
fn examples_are_right() {
    let mut count = 0;
    for (name, command) in commands() {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let lines = help.lines().skip_while(|line| !line.starts_with("Example"));
        for words in lines.filter_map(example) {
            let parsed = Cli::try_parse_from(&words);
            assert!(parsed.is_ok(), "{name}: {words:?}: {}", parsed.err().expect("it is wrong"));
            count += 1;
        }
    }
    assert!(count > 70, "only {count} examples were found");
}
