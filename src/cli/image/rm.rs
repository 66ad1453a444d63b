//! `coracle rmi`.

use std::fmt::Write as _;

use clap::Args;

use crate::{
    cli::{Run, error, exit::Exit, output},
    engine::{Engine, Error, image::rm::Removed},
};

#[derive(Debug, Args)]
pub(super) struct Rm {
    /// Remove an image that has several names or that a stopped container uses
    #[arg(short, long)]
    force: bool,
    /// Keep nothing of the image; nothing is ever kept
    #[arg(long, hide = true)]
    no_prune: bool,
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<String>,
}

impl Run for Rm {
    fn run(self) -> anyhow::Result<Exit> {
        let (removed, errors) = Engine::open()?.remove_images(&self.images, self.force)?;
        output::text(&lines(&removed, ["Untagged", "Deleted"]))?;
        // docker: what is not there is said, and with -f it is no failure.
        let forgiven =
            |error: &anyhow::Error| self.force && matches!(error.downcast_ref(), Some(Error::NoSuch { .. }));
        let exit = if errors.iter().all(forgiven) { Exit::Success } else { Exit::Failure };
        errors.into_iter().for_each(error::print);
        Ok(exit)
    }
}

/// A line for each thing that went, under docker's two words.
pub(in crate::cli) fn lines(removed: &[Removed], [untagged, deleted]: [&str; 2]) -> String {
    let mut text = String::new();
    for gone in removed {
        let written = match gone {
            Removed::Untagged(name) => writeln!(text, "{untagged}: {name}"),
            Removed::Deleted(id) => writeln!(text, "{deleted}: {id}"),
        };
        written.expect("a string takes everything");
    }
    text
}
