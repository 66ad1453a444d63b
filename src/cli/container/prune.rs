//! `coracle container prune`.

use clap::Args;

use crate::{
    base::{
        filter::{self, Filter, Filters},
        size,
    },
    cli::{Run, confirm::confirm, error, exit::Exit, output},
    engine::{Engine, Error, container::prune::FILTERS},
};

#[derive(Debug, Args)]
pub(super) struct Prune {
    /// Remove containers that match: label=NAME[=VALUE], until=TIME
    #[arg(long, value_name = "KEY=VALUE", value_parser = filter::parse)]
    filter: Vec<Filter>,
    /// Ask nothing
    #[arg(short, long)]
    force: bool,
}

impl Run for Prune {
    fn run(self) -> anyhow::Result<Exit> {
        let filters = Filters::new(self.filter, FILTERS).map_err(Error::Invalid)?;
        if !self.force && !confirm("This will remove all stopped containers.")? {
            return Ok(Exit::Failure);
        }
        let (pruned, errors) = Engine::open()?.prune_containers(&filters)?;
        if !pruned.ids.is_empty() {
            let ids: String = pruned.ids.iter().map(|id| format!("{id}\n")).collect();
            output::text(&format!("Deleted Containers:\n{ids}\n"))?;
        }
        output::line(format_args!("Total reclaimed space: {}", size::decimal(pruned.bytes)))?;
        let exit = if errors.is_empty() { Exit::Success } else { Exit::Failure };
        errors.into_iter().for_each(error::print);
        Ok(exit)
    }
}
