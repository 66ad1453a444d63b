//! `coracle image prune`.

use clap::Args;

use crate::{
    base::{
        filter::{self, Filter, Filters},
        size,
    },
    cli::{Run, confirm::confirm, exit::Exit, output},
    engine::{
        Engine, Error,
        image::prune::{PRUNE_FILTERS, PruneOptions},
    },
};

#[derive(Debug, Args)]
pub(super) struct Prune {
    /// Remove all images that no container uses, not only those without a name
    #[arg(short, long)]
    all: bool,
    /// Remove images that match: label=NAME[=VALUE], until=TIME
    #[arg(long, value_name = "KEY=VALUE", value_parser = filter::parse)]
    filter: Vec<Filter>,
    /// Ask nothing
    #[arg(short, long)]
    force: bool,
}

impl Run for Prune {
    fn run(self) -> anyhow::Result<Exit> {
        let filters = Filters::new(self.filter, PRUNE_FILTERS).map_err(Error::Invalid)?;
        let warning = match self.all {
            true => "This will remove all images without at least one container associated to them.",
            false => "This will remove all dangling images.",
        };
        if !self.force && !confirm(warning)? {
            return Ok(Exit::Failure);
        }
        let pruned = Engine::open()?.prune_images(&PruneOptions { all: self.all, filters })?;
        if !pruned.removed.is_empty() {
            let lines = super::rm::lines(&pruned.removed, ["untagged", "deleted"]);
            output::text(&format!("Deleted Images:\n{lines}\n"))?;
        }
        output::line(format_args!("Total reclaimed space: {}", size::decimal(pruned.reclaimed)))?;
        Ok(Exit::Success)
    }
}
