//! `coracle completion SHELL`: writes a completion script, made from the command tree.

use clap::Args;
use clap_complete::Shell;

use super::{Run, Verb, exit::Exit, help, output};

pub const VERB: Verb = Verb::new::<Completion>("completion", &[], "Print a completion script for a shell");

#[derive(Debug, Args)]
pub struct Completion {
    /// bash, zsh or fish
    #[arg(value_name = "SHELL", value_parser = shell)]
    shell: Shell,
}

fn shell(text: &str) -> Result<Shell, String> {
    match text {
        "bash" => Ok(Shell::Bash),
        "zsh" => Ok(Shell::Zsh),
        "fish" => Ok(Shell::Fish),
        _ => Err("must be bash, zsh or fish".to_owned()),
    }
}

impl Run for Completion {
    fn run(self) -> anyhow::Result<Exit> {
        output::bytes(&script(self.shell))?;
        Ok(Exit::Success)
    }
}

/// The script for a shell.
pub fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut help::tree(), "coracle", &mut script);
    script
}
