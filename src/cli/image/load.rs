//! `coracle image load`, `coracle load`.

use std::path::PathBuf;

use clap::Args;

use crate::{
    cli::{Run, exit::Exit, output, output::progress},
    engine::{Engine, image::load::LoadOptions},
    store::image::Platform,
};

/// Options of `load`.
#[derive(Debug, Args)]
pub(super) struct Load {
    /// Read from the archive FILE instead of the standard input
    #[arg(short, long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Print no progress, only the names
    #[arg(short, long)]
    quiet: bool,
    /// Load the image for this platform alone, as in linux/arm64
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Platform>,
}

impl Run for Load {
    fn run(self) -> anyhow::Result<Exit> {
        let input = self.input.filter(|path| path.as_os_str() != "-");
        let (progress, bar) = progress::bar("Loading", self.quiet);
        let loaded =
            Engine::open()?.showing(progress).load(&LoadOptions { input, platform: self.platform })?;
        drop(bar);
        for image in loaded {
            if image.names.is_empty() {
                output::line(format_args!("Loaded image ID: {}", image.id))?;
            }
            for name in &image.names {
                output::line(format_args!("Loaded image: {}", name.familiar()))?;
            }
        }
        Ok(Exit::Success)
    }
}
