//! `coracle volume create`.

use clap::Args;

use crate::{
    cli::{
        Run,
        exit::Exit,
        opts::{self, label::LabelOptions},
        output,
    },
    engine::{Engine, Error, volume::VolumeOptions},
};

#[derive(Debug, Args)]
pub(super) struct Create {
    /// Choose the volume's driver; there is one
    #[arg(short, long, value_name = "DRIVER", default_value = "local")]
    driver: String,
    #[command(flatten)]
    labels: LabelOptions,
    /// Set an option of the driver: type=none, o=bind and device=DIR bind a directory
    #[arg(short, long = "opt", value_name = "NAME=VALUE", value_parser = opts::label::parse)]
    options: Vec<(String, String)>,
    #[arg(value_name = "VOLUME", value_parser = opts::name)]
    name: Option<String>,
}

impl Run for Create {
    fn run(self) -> anyhow::Result<Exit> {
        if self.driver != "local" {
            return Err(Error::Invalid(format!(
                "unknown volume driver {:?}: there is local alone",
                self.driver
            ))
            .into());
        }
        let options = VolumeOptions {
            name: self.name,
            labels: self.labels.labels()?,
            options: self.options.into_iter().collect(),
        };
        output::line(Engine::open()?.create_volume(options)?)?;
        Ok(Exit::Success)
    }
}
