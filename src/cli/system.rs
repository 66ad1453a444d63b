//! `coracle system …`, and `coracle info`.

use std::fmt::Write as _;

use clap::Args;
use serde_json::Value;

use crate::{
    base::{
        filter::{self, Filter, Filters},
        size,
    },
    cli::{
        Noun, Run, Verb,
        confirm::confirm,
        error,
        exit::Exit,
        image::rm,
        output::{self, Field, Format, Listing, document},
    },
    engine::{
        Engine, Error,
        system::{
            df::Row,
            prune::{FILTERS, SystemPruneOptions},
        },
    },
};

pub const NOUN: Noun = Noun {
    name: "system",
    about: "Manage the store as a whole",
    verbs: &[
        Verb::new::<Df>("df", &[], "Show what the store takes on the disk"),
        Verb::new::<Info>("info", &[], "Show what is in the store, and what the host offers"),
        Verb::new::<Prune>("prune", &[], "Remove everything that is not in use"),
    ],
};

#[derive(Debug, Args)]
struct Df {
    /// Print with a template, or as json
    #[arg(long, value_name = "FORMAT", value_parser = Format::parse)]
    format: Option<Format>,
}

impl Run for Df {
    fn run(self) -> anyhow::Result<Exit> {
        DISK_USAGE.print(&Engine::open()?.disk_usage()?, &self.format.unwrap_or_default())?;
        Ok(Exit::Success)
    }
}

const DISK_USAGE: Listing<Row> = Listing {
    fields: &[
        Field { name: "Type", heading: "TYPE", value: |row| row.kind.into() },
        Field { name: "TotalCount", heading: "TOTAL", value: |row| row.total.to_string().into() },
        Field { name: "Active", heading: "ACTIVE", value: |row| row.active.to_string().into() },
        Field { name: "Size", heading: "SIZE", value: |row| size::decimal(row.size).into() },
        Field { name: "Reclaimable", heading: "RECLAIMABLE", value: reclaimable },
    ],
    columns: &["Type", "TotalCount", "Active", "Size", "Reclaimable"],
};

fn reclaimable(row: &Row) -> Value {
    let bytes = size::decimal(row.reclaimable);
    if row.size == 0 {
        return bytes.into();
    }
    format!("{bytes} ({}%)", row.reclaimable * 100 / row.size).into()
}

#[derive(Debug, Args)]
struct Prune {
    /// Remove all images that no container uses, not only those without a name
    #[arg(short, long)]
    all: bool,
    /// Remove what matches: label=NAME[=VALUE], until=TIME
    #[arg(long, value_name = "KEY=VALUE", value_parser = filter::parse)]
    filter: Vec<Filter>,
    /// Ask nothing
    #[arg(short, long)]
    force: bool,
    /// Remove all volumes that no container uses
    #[arg(long)]
    volumes: bool,
}

impl Run for Prune {
    fn run(self) -> anyhow::Result<Exit> {
        let filters = Filters::new(self.filter.clone(), FILTERS).map_err(Error::Invalid)?;
        if !self.force && !confirm(&self.warning())? {
            return Ok(Exit::Failure);
        }
        let options = SystemPruneOptions { all: self.all, volumes: self.volumes, filters };
        let (pruned, errors) = Engine::open()?.prune_system(&options)?;
        let mut text = String::new();
        let ids: Vec<String> = pruned.containers.iter().map(ToString::to_string).collect();
        section(&mut text, "Containers", &ids);
        section(&mut text, "Volumes", &pruned.volumes);
        let images = rm::lines(&pruned.images.removed, ["untagged", "deleted"]);
        section(&mut text, "Images", &images.lines().map(str::to_owned).collect::<Vec<_>>());
        output::text(&text)?;
        output::line(format_args!("Total reclaimed space: {}", size::decimal(pruned.reclaimed)))?;
        let exit = if errors.is_empty() { Exit::Success } else { Exit::Failure };
        errors.into_iter().for_each(error::print);
        Ok(exit)
    }
}

impl Prune {
    fn warning(&self) -> String {
        let mut text = "This will remove:\n  - all stopped containers".to_owned();
        if self.volumes {
            text.push_str("\n  - all volumes not used by at least one container");
        }
        text.push_str(match self.all {
            true => "\n  - all images without at least one container associated to them",
            false => "\n  - all dangling images",
        });
        text.push_str("\n  - what interrupted commands left\n");
        text
    }
}

fn section(text: &mut String, kind: &str, lines: &[String]) {
    if !lines.is_empty() {
        writeln!(text, "Deleted {kind}:\n{}\n", lines.join("\n")).expect("a string takes everything");
    }
}

#[derive(Debug, Args)]
struct Info {
    /// Print with a template, or as json
    #[arg(short, long, value_name = "FORMAT", value_parser = Format::parse)]
    format: Option<Format>,
}

impl Run for Info {
    fn run(self) -> anyhow::Result<Exit> {
        let info = Engine::open()?.info()?;
        match &self.format {
            None | Some(Format::Table) => output::text(&describe(&info))?,
            Some(Format::Json) => output::line(&info)?,
            Some(_) => document::inspect(&[info], self.format.as_ref())?,
        }
        Ok(Exit::Success)
    }
}

/// The lines of `info`: docker's words and order.
fn describe(info: &Value) -> String {
    let text = |key: &str| match &info[key] {
        Value::String(text) => text.clone(),
        Value::Array(entries) => entries.iter().map(plain).collect::<Vec<_>>().join("\n  "),
        other => other.to_string(),
    };
    let memory = size::binary(info["MemTotal"].as_u64().unwrap_or(0));
    let mut lines = String::new();
    for (heading, value) in [
        ("Containers", text("Containers")),
        (" Running", text("ContainersRunning")),
        (" Paused", text("ContainersPaused")),
        (" Stopped", text("ContainersStopped")),
        ("Images", text("Images")),
        ("Server Version", text("ServerVersion")),
        ("Storage Driver", text("Driver")),
        ("Logging Driver", text("LoggingDriver")),
        ("Cgroup Version", text("CgroupVersion")),
        ("Security Options", format!("\n  {}", text("SecurityOptions"))),
        ("Kernel Version", text("KernelVersion")),
        ("Operating System", text("OperatingSystem")),
        ("OSType", text("OSType")),
        ("Architecture", text("Architecture")),
        ("CPUs", text("NCPU")),
        ("Total Memory", memory),
        ("Name", text("Name")),
        ("Root Dir", text("DockerRootDir")),
        ("Runtime Dir", text("RuntimeDir")),
        ("User Ids", format!("\n  {}", extents(&info["UIDMap"]))),
        ("Group Ids", format!("\n  {}", extents(&info["GIDMap"]))),
    ] {
        let line = format!("{heading}: {value}");
        writeln!(lines, "{}", line.replace(": \n", ":\n")).expect("a string takes everything");
    }
    lines
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// An identity map, one run of ids a line.
fn extents(map: &Value) -> String {
    let run = |extent: &Value| {
        format!("{} is {} of the host, {} ids", extent["inside"], extent["outside"], extent["count"])
    };
    map.as_array().into_iter().flatten().map(run).collect::<Vec<_>>().join("\n  ")
}
