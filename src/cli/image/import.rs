//! `coracle import`.

use std::path::PathBuf;

use clap::Args;

use crate::{
    cli::{Run, exit::Exit, output, output::progress},
    engine::{Engine, Error, image::import::ImportOptions},
    store::image::Platform,
};

#[derive(Debug, Args)]
pub(super) struct Import {
    /// Apply a Dockerfile instruction to the image's config: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR
    #[arg(short, long, value_name = "INSTRUCTION")]
    change: Vec<String>,
    /// Set the comment of the image's history
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// Say what platform the image is for, as in linux/arm64
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Platform>,
    /// Print no progress, only the id
    #[arg(short, long)]
    quiet: bool,
    /// A tarball of a root file system, or - for the standard input
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    /// The image's name
    #[arg(value_name = "REPOSITORY[:TAG]")]
    name: Option<String>,
}

impl Run for Import {
    fn run(self) -> anyhow::Result<Exit> {
        let text = self.file.to_string_lossy();
        if text.starts_with("http://") || text.starts_with("https://") {
            return Err(Error::Invalid(format!("import {text}: fetch it first, and import the file")).into());
        }
        let input = (self.file.as_os_str() != "-").then_some(self.file);
        let options = ImportOptions {
            input,
            name: self.name,
            changes: self.change,
            message: self.message,
            platform: self.platform,
        };
        let (progress, bar) = progress::bar("Importing", self.quiet);
        let imported = Engine::open()?.showing(progress).import(&options)?;
        drop(bar);
        output::line(imported.id)?;
        Ok(Exit::Success)
    }
}
