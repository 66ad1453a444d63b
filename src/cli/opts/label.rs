//! `--label NAME[=value]`, `--label-file FILE`, `--annotation NAME=value`.

use std::{collections::BTreeMap, fs, path::PathBuf};

use anyhow::{Context, anyhow};

use super::list_file;

/// The options, for whatever takes labels.
#[derive(Debug, Default, clap::Args)]
#[group(skip)]
pub struct LabelOptions {
    /// Set a label
    #[arg(short, long = "label", value_name = "NAME[=VALUE]", value_parser = parse)]
    label: Vec<(String, String)>,
    /// Read labels from a file of NAME=VALUE lines
    #[arg(long, value_name = "FILE")]
    label_file: Vec<PathBuf>,
}

/// Reads one label; without `=` its value is empty.
pub fn parse(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    if name.trim().is_empty() {
        return Err(format!("invalid label '{text}': empty name"));
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// Reads one annotation, which needs a value.
pub fn annotation(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err(format!("invalid annotation {text:?}: want NAME=VALUE")),
    }
}

impl LabelOptions {
    /// All labels; those of the command line win over those of files.
    pub fn labels(self) -> anyhow::Result<BTreeMap<String, String>> {
        let mut labels = BTreeMap::new();
        for path in &self.label_file {
            let text = fs::read(path).with_context(|| format!("read label file {}", path.display()))?;
            let entries = list_file::parse(&text)
                .map_err(|why| anyhow!(why).context(format!("read label file {}", path.display())))?;
            labels.extend(entries.into_iter().map(|entry| (entry.name, entry.value.unwrap_or_default())));
        }
        labels.extend(self.label);
        Ok(labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_be_left_out_and_names_may_not() {
        for (text, name, value) in [("a=b", "a", "b"), ("a", "a", ""), ("a=b=c", "a", "b=c"), ("a=", "a", "")]
        {
            assert_eq!(parse(text), Ok((name.to_owned(), value.to_owned())));
        }
        assert_eq!(parse("=b").unwrap_err(), "invalid label '=b': empty name");
        assert!(annotation("a").is_err() && annotation("=b").is_err());
        assert_eq!(annotation("a=b"), Ok(("a".to_owned(), "b".to_owned())));
    }

    #[test]
    fn the_command_line_wins() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("labels");
        fs::write(&path, "a=file\nb\n").unwrap();
        let options = LabelOptions { label: vec![parse("a=flag").unwrap()], label_file: vec![path] };
        let labels: Vec<_> = options.labels().unwrap().into_iter().collect();
        assert_eq!(labels, [("a", "flag"), ("b", "")].map(|(n, v)| (n.to_owned(), v.to_owned())));
    }
}
