//! The question that a prune asks.

use std::io::{self, BufRead, Write};

use anyhow::Context;

/// Tells what is about to be done and asks whether to go on. Anything but yes is no; so is the end of the input.
pub fn confirm(warning: &str) -> anyhow::Result<bool> {
    super::output::text(&format!("WARNING! {warning}\nAre you sure you want to continue? [y/N] "))?;
    io::stdout().flush().context("write to standard output")?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).context("read the answer")?;
    if answer.is_empty() {
        super::output::line("\nnothing removed; give -f to answer yes")?;
    }
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
