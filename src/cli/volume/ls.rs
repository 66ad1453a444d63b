//! `coracle volume ls`.

use clap::Args;
use serde_json::json;

use crate::{
    base::filter::{self, Filter, Filters},
    cli::{
        Run, error,
        exit::Exit,
        output::{self, Field, Format, Listing},
    },
    engine::{
        Engine, Error,
        volume::{LIST_FILTERS, Volume},
    },
};

#[derive(Debug, Args)]
pub(super) struct Ls {
    /// Show volumes that match: dangling, driver, label, name
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = filter::parse)]
    filter: Vec<Filter>,
    /// Print with a template, or as json
    #[arg(long, value_name = "FORMAT", value_parser = Format::parse)]
    format: Option<Format>,
    /// Show names alone
    #[arg(short, long)]
    quiet: bool,
}

const NOT_KNOWN: &str = "N/A";

const LISTING: Listing<Volume> = Listing {
    fields: &[
        Field { name: "Driver", heading: "DRIVER", value: |_| "local".into() },
        Field { name: "Name", heading: "VOLUME NAME", value: |volume| volume.record.name.as_str().into() },
        Field { name: "Scope", heading: "SCOPE", value: |_| "local".into() },
        Field { name: "Mountpoint", heading: "MOUNTPOINT", value: |volume| json!(volume.mountpoint) },
        Field { name: "Labels", heading: "LABELS", value: |volume| labels(volume).into() },
        Field { name: "Label", heading: "", value: |volume| json!(volume.record.labels) },
        // docker's fields of clusters, and those that only its `system df` fills.
        Field { name: "Availability", heading: "AVAILABILITY", value: |_| NOT_KNOWN.into() },
        Field { name: "Group", heading: "GROUP", value: |_| NOT_KNOWN.into() },
        Field { name: "Links", heading: "LINKS", value: |_| NOT_KNOWN.into() },
        Field { name: "Size", heading: "SIZE", value: |_| NOT_KNOWN.into() },
        Field { name: "Status", heading: "STATUS", value: |_| NOT_KNOWN.into() },
    ],
    columns: &["Driver", "Name"],
};

fn labels(volume: &Volume) -> String {
    let labels = volume.record.labels.iter().map(|(name, value)| format!("{name}={value}"));
    labels.collect::<Vec<_>>().join(",")
}

impl Run for Ls {
    fn run(self) -> anyhow::Result<Exit> {
        let filters = Filters::new(self.filter, LIST_FILTERS).map_err(Error::Invalid)?;
        let (volumes, damaged) = Engine::open()?.list_volumes(&filters)?;
        damaged.into_iter().for_each(error::warn);
        if self.quiet {
            let names: String = volumes.iter().map(|volume| format!("{}\n", volume.record.name)).collect();
            output::text(&names)?;
        } else {
            LISTING.print(&volumes, &self.format.unwrap_or_default())?;
        }
        Ok(Exit::Success)
    }
}
