//! `coracle images`.

use std::time::Duration;

use clap::Args;
use serde_json::json;

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
        image::ls::{LIST_FILTERS, ListOptions, Listed},
    },
    image::reference::Reference,
};

#[derive(Debug, Args)]
pub(super) struct Ls {
    /// Show all images; there are no hidden ones
    #[arg(short, long)]
    all: bool,
    /// Show the digests of manifests
    #[arg(long)]
    digests: bool,
    /// Show images that match: before, dangling, label, reference, since, until
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = filter::parse)]
    filter: Vec<Filter>,
    /// Print with a template, or as json
    #[arg(long, value_name = "FORMAT", value_parser = Format::parse)]
    format: Option<Format>,
    /// Show whole ids
    #[arg(long)]
    no_trunc: bool,
    /// Show ids alone
    #[arg(short, long)]
    quiet: bool,
    /// Show the images of this repository, or with this name
    #[arg(value_name = "REPOSITORY[:TAG]")]
    name: Option<String>,
}

impl Run for Ls {
    fn run(self) -> anyhow::Result<Exit> {
        let filters = Filters::new(self.filter, LIST_FILTERS).map_err(Error::Invalid)?;
        let (images, errors) = Engine::open()?.images(&ListOptions { name: self.name, filters })?;
        let rows: Vec<Row> = images.into_iter().flat_map(|listed| rows(&listed, self.no_trunc)).collect();
        let format = self.format.unwrap_or_default();
        if self.quiet {
            let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
            output::text(&ids.iter().map(|id| format!("{id}\n")).collect::<String>())?;
        } else if self.digests {
            LISTING.print_columns(&rows, &format, WITH_DIGESTS)?;
        } else {
            LISTING.print(&rows, &format)?;
        }
        let exit = if errors.is_empty() { Exit::Success } else { Exit::Failure };
        errors.into_iter().for_each(error::print);
        Ok(exit)
    }
}

/// A name of an image in the table.
struct Row {
    id: String,
    digest: String,
    name: Option<Reference>,
    created: Option<Time>,
    size: u64,
    labels: std::collections::BTreeMap<String, String>,
}

fn rows(listed: &Listed, whole: bool) -> Vec<Row> {
    let image = &listed.image;
    let row = |name: Option<&Reference>| Row {
        id: if whole { image.id.to_string() } else { image.id.short() },
        digest: listed.descriptor.digest.to_string(),
        name: name.cloned(),
        created: image.config.created(),
        size: image.size,
        labels: listed.labels(),
    };
    match listed.names.as_slice() {
        [] => vec![row(None)],
        names => names.iter().map(|name| row(Some(name))).collect(),
    }
}

const NONE: &str = "<none>";

const LISTING: Listing<Row> = Listing {
    fields: &[
        Field { name: "Repository", heading: "REPOSITORY", value: |row| row.repository().into() },
        Field { name: "Tag", heading: "TAG", value: |row| row.tag().into() },
        Field { name: "Digest", heading: "DIGEST", value: |row| row.digest.as_str().into() },
        Field { name: "ID", heading: "IMAGE ID", value: |row| row.id.as_str().into() },
        Field { name: "CreatedSince", heading: "CREATED", value: |row| ago(row.created).into() },
        Field { name: "CreatedAt", heading: "CREATED AT", value: |row| at(row.created).into() },
        Field { name: "Size", heading: "SIZE", value: |row| size::decimal(row.size).into() },
        Field { name: "Containers", heading: "CONTAINERS", value: |_| "N/A".into() },
        Field { name: "SharedSize", heading: "SHARED SIZE", value: |_| "N/A".into() },
        Field { name: "UniqueSize", heading: "UNIQUE SIZE", value: |_| "N/A".into() },
        Field { name: "Label", heading: "", value: |row| json!(row.labels) },
    ],
    columns: &["Repository", "Tag", "ID", "CreatedSince", "Size"],
};

const WITH_DIGESTS: &[&str] = &["Repository", "Tag", "Digest", "ID", "CreatedSince", "Size"];

impl Row {
    fn repository(&self) -> String {
        self.name.as_ref().map_or_else(|| NONE.to_owned(), Reference::familiar_repository)
    }

    fn tag(&self) -> &str {
        self.name.as_ref().and_then(Reference::tag).unwrap_or(NONE)
    }
}

/// How long ago, in docker's words; `N/A` for what does not say.
pub(super) fn ago(time: Option<Time>) -> String {
    let Some(time) = time else { return "N/A".to_owned() };
    let seconds = Time::now().seconds().saturating_sub(time.seconds());
    format!("{} ago", duration::human(Duration::from_secs(u64::try_from(seconds).unwrap_or(0))))
}

/// When, in the caller's time zone.
fn at(time: Option<Time>) -> String {
    time.map_or_else(|| "N/A".to_owned(), Time::local)
}
