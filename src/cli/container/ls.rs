//! `coracle ps`.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use crate::{
    base::{
        duration,
        filter::{self, Filter, Filters},
        size,
        time::Time,
    },
    cli::{
        Run, error,
        exit::Exit,
        output::{self, Field, Format, Listing},
    },
    engine::{
        Engine, Error,
        container::ls::{self, ListOptions, Listed, network_word, status_word},
    },
    store::container::{MountSource, Status},
};

#[derive(Debug, Args)]
pub(super) struct Ls {
    /// Show containers that do not run, too
    #[arg(short, long)]
    all: bool,
    /// Show containers that match: id, name, label, status, exited, ancestor, before, since, volume, network, health,
    /// expose, publish
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = filter::parse)]
    filter: Vec<Filter>,
    /// Print with a template, or as json
    #[arg(long, value_name = "FORMAT", value_parser = Format::parse)]
    format: Option<Format>,
    /// Show the newest containers, running or not
    #[arg(short = 'n', long, value_name = "NUMBER", allow_negative_numbers = true)]
    last: Option<i64>,
    /// Show the newest container, running or not
    #[arg(short, long)]
    latest: bool,
    /// Show whole ids and commands
    #[arg(long)]
    no_trunc: bool,
    /// Show ids alone
    #[arg(short, long)]
    quiet: bool,
    /// Show the size of the containers' files
    #[arg(short, long)]
    size: bool,
}

impl Run for Ls {
    fn run(self) -> anyhow::Result<Exit> {
        let format = self.format.unwrap_or_default();
        let last = self.last.and_then(|count| usize::try_from(count).ok());
        let options = ListOptions {
            all: self.all,
            last: if self.latest { Some(1) } else { last },
            filters: Filters::new(self.filter, ls::FILTERS).map_err(Error::Invalid)?,
            sizes: self.size || !self.quiet && format.uses("Size") && !matches!(format, Format::Json),
        };
        let (listed, damaged) = Engine::open()?.list(&options)?;
        damaged.into_iter().for_each(error::warn);
        let now = Time::now();
        let rows: Vec<Row> =
            listed.into_iter().map(|listed| Row { listed, now, whole: self.no_trunc }).collect();
        if self.quiet {
            let lines: String = rows.iter().map(|row| format!("{}\n", row.id())).collect();
            output::text(&lines)?;
        } else if self.size {
            LISTING.print_columns(&rows, &format, WITH_SIZE)?;
        } else {
            LISTING.print(&rows, &format)?;
        }
        Ok(Exit::Success)
    }
}

const LISTING: Listing<Row> = Listing {
    fields: &[
        Field { name: "ID", heading: "CONTAINER ID", value: |row| row.id().into() },
        Field { name: "Image", heading: "IMAGE", value: |row| row.image().into() },
        Field { name: "Command", heading: "COMMAND", value: |row| row.command().into() },
        Field { name: "RunningFor", heading: "CREATED", value: |row| row.ago(row.config().created).into() },
        Field { name: "CreatedAt", heading: "CREATED AT", value: |row| row.config().created.local().into() },
        Field { name: "Status", heading: "STATUS", value: |row| row.status().into() },
        Field { name: "State", heading: "STATE", value: |row| status_word(row.listed.state.status).into() },
        Field { name: "Ports", heading: "PORTS", value: |_| "".into() },
        Field { name: "Names", heading: "NAMES", value: |row| row.config().name.as_str().into() },
        Field { name: "Size", heading: "SIZE", value: |row| row.size().into() },
        Field { name: "Labels", heading: "LABELS", value: |row| row.labels().into() },
        Field { name: "Label", heading: "", value: |row| json!(row.config().labels) },
        Field { name: "Mounts", heading: "MOUNTS", value: |row| row.mounts().into() },
        Field { name: "LocalVolumes", heading: "LOCAL VOLUMES", value: Row::volumes },
        Field {
            name: "Networks",
            heading: "NETWORKS",
            value: |row| network_word(&row.config().namespaces.network).into(),
        },
        Field { name: "Platform", heading: "PLATFORM", value: |_| "".into() },
    ],
    columns: &["ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names"],
};

const WITH_SIZE: &[&str] = &["ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names", "Size"];

/// A container in the table.
struct Row {
    listed: Listed,
    now: Time,
    /// `--no-trunc`.
    whole: bool,
}

impl Row {
    fn config(&self) -> &crate::store::container::ContainerConfig {
        &self.listed.container.config
    }

    fn id(&self) -> &str {
        let id = &self.config().id;
        if self.whole { id.as_str() } else { id.short() }
    }

    fn image(&self) -> &str {
        self.config().image.as_ref().map_or("<no image>", |image| image.name.as_str())
    }

    fn command(&self) -> String {
        let process = &self.config().process;
        let mut words = process.entrypoint.iter().chain(&process.command);
        let mut command = words.next().cloned().unwrap_or_default();
        for word in words {
            // Quotes as docker puts them: they show where an argument ends, they are no shell's.
            let quote = if word.contains(' ') { "'" } else { "" };
            command.extend([" ", quote, word, quote]);
        }
        format!("{:?}", if self.whole { command } else { shortened(&command, 20) })
    }

    fn ago(&self, time: Time) -> String {
        format!("{} ago", self.since(time))
    }

    fn since(&self, time: Time) -> String {
        let seconds = self.now.seconds().saturating_sub(time.seconds());
        duration::human(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
    }

    fn status(&self) -> String {
        let state = &self.listed.state;
        let up = || state.started.map_or_else(|| "Up".to_owned(), |time| format!("Up {}", self.since(time)));
        match (state.status, state.finished) {
            (Status::Created, _) => "Created".to_owned(),
            (Status::Running, _) => up(),
            (Status::Paused, _) => format!("{} (Paused)", up()),
            (Status::Exited, Some(time)) => format!("Exited ({}) {}", state.exit_code, self.ago(time)),
            (Status::Exited, None) => format!("Exited ({})", state.exit_code),
        }
    }

    fn size(&self) -> String {
        match self.listed.size {
            Some(bytes) => {
                format!("{} (virtual {})", size::decimal(bytes.writable), size::decimal(bytes.total))
            }
            None => "0B".to_owned(),
        }
    }

    fn labels(&self) -> String {
        let labels = self.config().labels.iter().map(|(name, value)| format!("{name}={value}"));
        labels.collect::<Vec<_>>().join(",")
    }

    fn mounts(&self) -> String {
        let name = |source: &MountSource| match source {
            MountSource::Bind { path, .. } => Some(path.display().to_string()),
            MountSource::Volume { name, .. } => Some(name.clone()),
            MountSource::Tmpfs => None,
        };
        let names = self.config().mounts.iter().filter_map(|mount| name(&mount.source));
        let names = names.map(|name| if self.whole { name } else { shortened(&name, 15) });
        names.collect::<Vec<_>>().join(",")
    }

    fn volumes(&self) -> Value {
        let mounts = self.config().mounts.iter();
        mounts.filter(|mount| matches!(mount.source, MountSource::Volume { .. })).count().to_string().into()
    }
}

/// The text in this many characters, the last an ellipsis where some are missing.
fn shortened(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_owned();
    }
    text.chars().take(length - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_end_with_an_ellipsis() {
        assert_eq!(shortened("sh -c 'sleep 1000'", 20), "sh -c 'sleep 1000'");
        assert_eq!(shortened("sh -c 'sleep 1000 && true'", 20), "sh -c 'sleep 1000 &…");
        assert_eq!(shortened("ääää", 3), "ää…");
    }
}
