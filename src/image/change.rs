//! `--change`: a Dockerfile instruction that changes an image's config, as `import` and `commit` take it.
//! docker's Dockerfile reference.

use anyhow::{Context as _, bail, ensure};

use super::config::RunConfig;
use crate::base::port;

/// Applies one instruction: `CMD ["sh"]`, `ENV A=b C="d e"`, `LABEL x=y`, `EXPOSE 80/tcp` ….
pub fn apply(config: &mut RunConfig, text: &str) -> anyhow::Result<()> {
    let (instruction, rest) = split(text.trim());
    ensure!(!rest.is_empty(), "apply --change {text:?}: it has no value");
    change(config, &instruction.to_ascii_uppercase(), rest)
        .with_context(|| format!("apply --change {text:?}"))
}

/// `CMD x`, or `CMD=x` as podman's manual has it.
fn split(text: &str) -> (&str, &str) {
    let is_end = |c: char| c.is_whitespace() || c == '=';
    let (instruction, rest) = text.split_at(text.find(is_end).unwrap_or(text.len()));
    (instruction, rest.strip_prefix('=').unwrap_or(rest).trim())
}

fn change(config: &mut RunConfig, instruction: &str, rest: &str) -> anyhow::Result<()> {
    match instruction {
        "CMD" => config.cmd = Some(command(rest)),
        "ENTRYPOINT" => config.entrypoint = Some(command(rest)),
        "ENV" => {
            let env = config.env.get_or_insert_default();
            for (name, value) in pairs(rest)? {
                env.retain(|entry| entry.split_once('=').is_none_or(|(other, _)| other != name));
                env.push(format!("{name}={value}"));
            }
        }
        "LABEL" => config.labels.get_or_insert_default().extend(pairs(rest)?),
        "EXPOSE" => {
            for word in words(rest)? {
                let ports = port::parse(&word).map_err(anyhow::Error::msg)?.into_iter();
                let ports = ports.map(|port| (port, serde_json::json!({})));
                config.exposed_ports.get_or_insert_default().extend(ports);
            }
        }
        "VOLUME" => {
            let paths = match exec_form(rest) {
                Some(paths) => paths,
                None => words(rest)?,
            };
            for path in paths {
                ensure!(!path.is_empty(), "a volume has no path");
                config.volumes.get_or_insert_default().insert(path, serde_json::json!({}));
            }
        }
        "USER" => config.user = Some(one_word(rest)?),
        "WORKDIR" => {
            config.working_dir = Some(work_directory(config.working_dir.as_deref(), &unquote(rest)?))
        }
        "STOPSIGNAL" => {
            let signal = one_word(rest)?;
            crate::base::signal::parse(&signal).map_err(anyhow::Error::msg)?;
            config.stop_signal = Some(signal);
        }
        "ONBUILD" => on_build(config, rest)?,
        "HEALTHCHECK" => config.healthcheck = Some(healthcheck(rest)?),
        other => bail!(
            "{other:?} is none of CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, \
             VOLUME, WORKDIR"
        ),
    }
    Ok(())
}

fn on_build(config: &mut RunConfig, trigger: &str) -> anyhow::Result<()> {
    let first = trigger.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    ensure!(
        !matches!(first.as_str(), "ONBUILD" | "FROM" | "MAINTAINER"),
        "{first} is not allowed as an ONBUILD trigger"
    );
    config.on_build.get_or_insert_default().push(trigger.to_owned());
    Ok(())
}

/// The exec form (`["a", "b"]`) as it is, everything else as a line for the shell.
fn command(text: &str) -> Vec<String> {
    exec_form(text).unwrap_or_else(|| vec!["/bin/sh".to_owned(), "-c".to_owned(), text.to_owned()])
}

fn exec_form(text: &str) -> Option<Vec<String>> {
    if text.starts_with('[') { serde_json::from_str(text).ok() } else { None }
}

/// `a=b c="d e"`, or the old form `name the whole rest`; in the order that they are in.
fn pairs(text: &str) -> anyhow::Result<Vec<(String, String)>> {
    let words = words(text)?;
    if !words.first().is_some_and(|word| word.contains('=')) {
        let (name, value) =
            text.split_once(char::is_whitespace).with_context(|| format!("{text:?} has no value"))?;
        return Ok(vec![(name.to_owned(), unquote(value.trim())?)]);
    }
    let pair = |word: &String| {
        let (name, value) = word.split_once('=').with_context(|| format!("{word:?} has no '='"))?;
        ensure!(!name.is_empty(), "{word:?} has no name");
        Ok((name.to_owned(), value.to_owned()))
    };
    words.iter().map(pair).collect()
}

fn one_word(text: &str) -> anyhow::Result<String> {
    let mut words = words(text)?;
    match words.pop() {
        Some(word) if words.is_empty() => Ok(word),
        _ => bail!("want one word, not {text:?}"),
    }
}

/// The text as one word, its blanks as they are.
fn unquote(text: &str) -> anyhow::Result<String> {
    Ok(split_words(text, |_| false)?.pop().unwrap_or_default())
}

/// The words between blanks.
fn words(text: &str) -> anyhow::Result<Vec<String>> {
    split_words(text, char::is_whitespace)
}

/// Splits at what separates words, with the shell's quotes and backslashes.
fn split_words(text: &str, separates: impl Fn(char) -> bool) -> anyhow::Result<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(open), c) if c == open => quote = None,
            (None | Some('"'), '\\') => match characters.next() {
                // Within double quotes a backslash counts before what it can quote there.
                Some(next) if quote.is_some() && !matches!(next, '"' | '\\' | '$') => {
                    word.get_or_insert_default().extend(['\\', next]);
                }
                Some(next) => word.get_or_insert_default().push(next),
                None => word.get_or_insert_default().push('\\'),
            },
            (None, c) if separates(c) => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    ensure!(quote.is_none(), "{text:?} has a quote without its end");
    words.extend(word);
    Ok(words)
}

/// A relative directory follows the one before; `.` and `..` are taken out, as docker does.
fn work_directory(before: Option<&str>, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let before = if path.starts_with('/') { "" } else { before.unwrap_or_default() };
    for part in before.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// `NONE`, or `[--interval=… --timeout=… --start-period=… --start-interval=… --retries=…] CMD …`.
fn healthcheck(text: &str) -> anyhow::Result<serde_json::Value> {
    let mut check = serde_json::Map::new();
    let mut rest = text;
    while let Some(option) = rest.strip_prefix("--") {
        let (option, after) =
            option.split_once(char::is_whitespace).context("HEALTHCHECK needs CMD or NONE")?;
        let (name, value) = option.split_once('=').with_context(|| format!("--{option} has no value"))?;
        let (key, number) = match name {
            "interval" => ("Interval", nanoseconds(value)?),
            "timeout" => ("Timeout", nanoseconds(value)?),
            "start-period" => ("StartPeriod", nanoseconds(value)?),
            "start-interval" => ("StartInterval", nanoseconds(value)?),
            "retries" => ("Retries", value.parse().with_context(|| format!("{value:?} is no number"))?),
            other => bail!("HEALTHCHECK has no option --{other}"),
        };
        check.insert(key.to_owned(), number.into());
        rest = after.trim_start();
    }
    let (kind, arguments) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let test = match (kind.to_ascii_uppercase().as_str(), arguments.trim()) {
        ("NONE", "") => vec!["NONE".to_owned()],
        ("CMD", arguments) if !arguments.is_empty() => match exec_form(arguments) {
            Some(argv) => [vec!["CMD".to_owned()], argv].concat(),
            None => vec!["CMD-SHELL".to_owned(), arguments.to_owned()],
        },
        _ => bail!("HEALTHCHECK needs CMD or NONE"),
    };
    check.insert("Test".to_owned(), test.into());
    Ok(check.into())
}

fn nanoseconds(text: &str) -> anyhow::Result<u64> {
    let duration = crate::base::duration::parse(text).map_err(anyhow::Error::msg)?;
    u64::try_from(duration.as_nanos()).context("the duration is too long")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_instruction_changes_its_key() {
        for (changes, want) in [
            (&["CMD [\"a\", \"b c\"]"][..], json!({"Cmd": ["a", "b c"]})),
            (&["cmd echo hi"], json!({"Cmd": ["/bin/sh", "-c", "echo hi"]})),
            (&["ENTRYPOINT [\"/x\"]"], json!({"Entrypoint": ["/x"]})),
            (&["ENV A=1 B=\"2 3\"", "ENV A=4", "ENV C 5 6"], json!({"Env": ["B=2 3", "A=4", "C=5 6"]})),
            (&["ENV C \"5  6\"", "ENV B=1 A=2"], json!({"Env": ["C=5  6", "B=1", "A=2"]})),
            (&["LABEL a=b 'c d'=e\\ f"], json!({"Labels": {"a": "b", "c d": "e f"}})),
            (&["LABEL \"a b\"=c"], json!({"Labels": {"a b": "c"}})),
            (&["EXPOSE 80 53/UDP"], json!({"ExposedPorts": {"80/tcp": {}, "53/udp": {}}})),
            (&["EXPOSE 8-9"], json!({"ExposedPorts": {"8/tcp": {}, "9/tcp": {}}})),
            (&["VOLUME /a /b", "VOLUME [\"/c d\"]"], json!({"Volumes": {"/a": {}, "/b": {}, "/c d": {}}})),
            (&["USER 1:2"], json!({"User": "1:2"})),
            (&["WORKDIR /a", "WORKDIR b  c/."], json!({"WorkingDir": "/a/b  c"})),
            (&["WORKDIR /a/../../b/"], json!({"WorkingDir": "/b"})),
            (&["USER=1"], json!({"User": "1"})),
            (&["STOPSIGNAL SIGINT"], json!({"StopSignal": "SIGINT"})),
            (&["ONBUILD RUN x"], json!({"OnBuild": ["RUN x"]})),
            (&["HEALTHCHECK NONE"], json!({"Healthcheck": {"Test": ["NONE"]}})),
            (
                &["HEALTHCHECK --interval=1s --retries=2 CMD a b"],
                json!({"Healthcheck": {"Interval": 1_000_000_000, "Retries": 2, "Test": ["CMD-SHELL", "a b"]}}),
            ),
        ] {
            let mut config = RunConfig::default();
            changes.iter().for_each(|text| apply(&mut config, text).unwrap());
            assert_eq!(serde_json::to_value(&config).unwrap(), want, "{changes:?}");
        }
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for text in [
            "",
            "CMD",
            "RUN x",
            "ENV",
            "ENV A",
            "ENV =b",
            "LABEL 'a=b",
            "EXPOSE x",
            "EXPOSE 70000",
            "EXPOSE 9-8",
            "CMD=",
            "EXPOSE 1/ip",
            "USER a b",
            "STOPSIGNAL SIGFOO",
            "ONBUILD FROM x",
            "HEALTHCHECK",
            "HEALTHCHECK --x=1 CMD a",
            "HEALTHCHECK CMD",
        ] {
            assert!(apply(&mut RunConfig::default(), text).is_err(), "{text:?}");
        }
    }
}
