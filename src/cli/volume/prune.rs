//! `coracle volume prune`.

use clap::Args;

use crate::{
    base::{
        filter::{self, Filter, Filters},
        size,
    },
    cli::{Run, confirm::confirm, exit::Exit, output},
    engine::{Engine, Error, volume::PRUNE_FILTERS},
};

#[derive(Debug, Args)]
pub(super) struct Prune {
    /// Remove named volumes, too
    #[arg(short, long)]
    all: bool,
    /// Remove volumes that match: label=NAME[=VALUE]
    #[arg(long, value_name = "KEY=VALUE", value_parser = filter::parse)]
    filter: Vec<Filter>,
    /// Ask nothing
    #[arg(short, long)]
    force: bool,
}

impl Run for Prune {
    fn run(self) -> anyhow::Result<Exit> {
        let filters = Filters::new(self.filter, PRUNE_FILTERS).map_err(Error::Invalid)?;
        let which = if self.all { "all" } else { "anonymous" };
        let warning = format!("This will remove {which} local volumes not used by at least one container.");
        if !self.force && !confirm(&warning)? {
            return Ok(Exit::Failure);
        }
        let all = self.all || filters.boolean("all").map_err(Error::Invalid)? == Some(true);
        let (removed, bytes) = Engine::open()?.prune_volumes(all, &filters)?;
        if !removed.is_empty() {
            let names: String = removed.iter().map(|name| format!("{name}\n")).collect();
            output::text(&format!("Deleted Volumes:\n{names}\n"))?;
        }
        output::line(format_args!("Total reclaimed space: {}", size::decimal(bytes)))?;
        Ok(Exit::Success)
    }
}
