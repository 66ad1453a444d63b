//! `-e NAME[=value]` and `--env-file FILE`: what is added to a program's environment.

use std::{fs, path::PathBuf};

use anyhow::{Context, anyhow};

use super::list_file;

/// The options, for the commands that start a program.
#[derive(Debug, Default, clap::Args)]
#[group(skip)]
pub struct EnvOptions {
    /// Set an environment variable; without a value, the one it has here
    #[arg(short, long = "env", value_name = "NAME[=VALUE]", value_parser = variable)]
    env: Vec<Variable>,
    /// Read environment variables from a file of NAME=VALUE lines
    #[arg(long, value_name = "FILE")]
    env_file: Vec<PathBuf>,
}

/// A variable as the user gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    /// None for a name alone: the caller's value, and where the caller has none, no such variable.
    pub value: Option<String>,
}

/// A variable to set, or (`None`) to take out of the image's.
pub type Setting = (String, Option<String>);

/// Reads one `--env`.
pub fn variable(text: &str) -> Result<Variable, String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    if name.is_empty() {
        return Err(format!("invalid environment variable: {text}"));
    }
    if name.contains(char::is_control) {
        return Err("the name of an environment variable cannot have control characters".to_owned());
    }
    Ok(Variable { name: name.to_owned(), value })
}

impl EnvOptions {
    /// All settings in the order in which they apply: the files' first.
    pub fn settings(&self) -> anyhow::Result<Vec<Setting>> {
        let mut settings = Vec::new();
        for path in &self.env_file {
            let text = fs::read(path).with_context(|| format!("read env file {}", path.display()))?;
            let entries = list_file::parse(&text)
                .map_err(|why| anyhow!(why).context(format!("read env file {}", path.display())))?;
            for entry in entries {
                // docker: a file's name without a value is left out where the caller has none.
                match entry.value.map_or_else(|| caller(&entry.name), |value| Ok(Some(value)))? {
                    None => {}
                    value => settings.push((entry.name, value)),
                }
            }
        }
        for variable in &self.env {
            let value = match &variable.value {
                Some(value) => Some(value.clone()),
                None => caller(&variable.name)?,
            };
            settings.push((variable.name.clone(), value));
        }
        Ok(settings)
    }
}

/// What a variable is in our own environment.
fn caller(name: &str) -> anyhow::Result<Option<String>> {
    match std::env::var_os(name).map(|value| value.into_string()) {
        None => Ok(None),
        Some(Ok(value)) => Ok(Some(value)),
        Some(Err(_)) => Err(anyhow!("take {name} from the environment: its value is not UTF-8")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values() {
        for (text, name, value) in [
            ("A=1", "A", Some("1")),
            ("A=", "A", Some("")),
            ("A", "A", None),
            ("A=b=c\nd", "A", Some("b=c\nd")),
        ] {
            let want = Variable { name: name.to_owned(), value: value.map(str::to_owned) };
            assert_eq!(variable(text), Ok(want));
        }
        assert_eq!(variable("=x").unwrap_err(), "invalid environment variable: =x");
        assert!(variable("").is_err() && variable("A\nB=1").is_err());
    }

    #[test]
    fn files_come_first_and_the_caller_fills_names() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("env");
        fs::write(&path, "A=file\nPATH\nCORACLE_TEST_NOT_SET\n").unwrap();
        let options = EnvOptions {
            env: ["A=flag", "PATH", "CORACLE_TEST_NOT_SET"].map(|v| variable(v).unwrap()).to_vec(),
            env_file: vec![path.clone()],
        };
        let path_here = std::env::var("PATH").ok();
        let want = [
            ("A", Some("file".to_owned())),
            ("PATH", path_here.clone()),
            ("A", Some("flag".to_owned())),
            ("PATH", path_here),
            ("CORACLE_TEST_NOT_SET", None),
        ];
        assert_eq!(options.settings().unwrap(), want.map(|(name, value)| (name.to_owned(), value)));

        fs::write(&path, "A=1\nB C=2\n").unwrap();
        let error = format!("{:#}", options.settings().unwrap_err());
        assert!(error.contains("env: line 2: variable 'B C' contains whitespaces"), "{error}");
    }
}
