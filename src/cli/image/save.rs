//! `coracle save`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::{
    cli::{Run, exit::Exit},
    engine::{
        Engine,
        image::save::{SaveFormat, SaveOptions},
    },
    store::image::Platform,
};

#[derive(Debug, Args)]
pub(super) struct Save {
    /// Write in this format
    #[arg(long, value_name = "FORMAT", default_value = "docker-archive")]
    format: Format,
    /// Write to FILE instead of the standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Save the image for this platform alone, as in linux/arm64
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Platform>,
    /// Print no progress; there is none
    #[arg(short, long, hide = true)]
    quiet: bool,
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<String>,
}

/// `--format`.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// What docker load, podman load and skopeo read
    DockerArchive,
    /// A tar archive of an OCI layout
    OciArchive,
    /// An OCI layout, in the directory that --output names
    OciDir,
}

impl Run for Save {
    fn run(self) -> anyhow::Result<Exit> {
        let format = match self.format {
            Format::DockerArchive => SaveFormat::DockerArchive,
            Format::OciArchive => SaveFormat::OciArchive,
            Format::OciDir => SaveFormat::OciDirectory,
        };
        Engine::open()?.save(&SaveOptions {
            images: self.images,
            format,
            output: self.output,
            platform: self.platform,
        })?;
        Ok(Exit::Success)
    }
}
