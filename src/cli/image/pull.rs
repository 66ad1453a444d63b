//! `coracle pull`.

use clap::Args;

use crate::{
    cli::{Run, exit::Exit, output, output::progress},
    engine::Engine,
    store::image::Platform,
};

#[derive(Debug, Args)]
pub(super) struct Pull {
    /// Take the image for this platform alone, as in linux/arm64
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Platform>,
    /// Print nothing but the image's name
    #[arg(short, long)]
    quiet: bool,
    /// oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE[:NAME]; registries come with a later release
    #[arg(value_name = "SOURCE")]
    source: String,
}

impl Run for Pull {
    fn run(self) -> anyhow::Result<Exit> {
        let (progress, bar) = progress::bar("Pulling", self.quiet);
        let pulled = Engine::open()?.showing(progress).pull(&self.source, self.platform.as_ref())?;
        drop(bar);
        let name = pulled.names.first().map_or_else(|| pulled.id.to_string(), ToString::to_string);
        if !self.quiet {
            let status =
                if pulled.is_known { "Image is up to date for" } else { "Downloaded newer image for" };
            let familiar = pulled.names.first().map_or_else(|| name.clone(), |name| name.familiar());
            output::line(format_args!("Digest: {}\nStatus: {status} {familiar}", pulled.manifest))?;
        }
        output::line(name)?;
        Ok(Exit::Success)
    }
}
