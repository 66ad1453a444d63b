//! `coracle version`: what this program is, and what it runs on.

use clap::Args;
use serde_json::{Value, json};

use super::{
    Run, Verb,
    exit::Exit,
    output::{self, Format, document},
};
use crate::store::image::Platform;

pub const VERB: Verb = Verb::new::<Version>("version", &[], "Show the version");

#[derive(Debug, Args)]
pub struct Version {
    /// Print with a template, or as json
    #[arg(short, long, value_name = "FORMAT", value_parser = Format::parse)]
    format: Option<Format>,
}

impl Run for Version {
    fn run(self) -> anyhow::Result<Exit> {
        let document = document();
        match &self.format {
            Some(Format::Json) => output::line(document)?,
            Some(format @ (Format::Template(_) | Format::Columns(_))) => {
                document::inspect(&[document], Some(format))?;
            }
            None | Some(Format::Table) => output::text(&text(&document["Client"]))?,
        }
        Ok(Exit::Success)
    }
}

/// docker's document. There is no server; scripts that ask for its version get that of the one program there is.
fn document() -> Value {
    let platform = Platform::host();
    let uname = rustix::system::uname();
    let side = json!({
        "Version": env!("CARGO_PKG_VERSION"),
        "Os": platform.os,
        "Arch": platform.architecture,
        "KernelVersion": uname.release().to_string_lossy(),
    });
    json!({ "Client": side, "Server": side })
}

fn text(side: &Value) -> String {
    let field = |name: &str| side[name].as_str().unwrap_or_default().to_owned();
    format!(
        "Coracle:\n Version:         {}\n OS/Arch:         {}/{}\n Kernel version:  {}\n",
        field("Version"),
        field("Os"),
        field("Arch"),
        field("KernelVersion")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::template::Template;

    #[test]
    fn templates_for_docker_find_what_they_ask_for() {
        let rendered = |text| Template::parse(text).unwrap().render(&document()).unwrap();
        for text in ["{{.Client.Version}}", "{{.Server.Version}}"] {
            assert_eq!(rendered(text), env!("CARGO_PKG_VERSION"));
        }
        assert_eq!(rendered("{{.Server.Os}}"), "linux");
        assert!(text(&document()["Client"]).contains("\n Kernel version:  "));
    }
}
