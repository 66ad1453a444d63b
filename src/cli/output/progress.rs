//! The bar that shows how far an image has come in: on a terminal alone, on standard error, gone when the command ends.

use std::{io::IsTerminal, sync::OnceLock};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::image::layer::progress::Progress;

/// One a process: layers come in on several threads, and all of them move it.
static BAR: OnceLock<ProgressBar> = OnceLock::new();

/// A bar that is shown from the first byte on, until the value goes.
#[derive(Debug)]
pub struct Bar(());

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = BAR.get() {
            bar.finish_and_clear();
        }
    }
}

/// What to tell of the layers, and the bar that shows it; neither where nobody would see it, or asked not to.
pub fn bar(verb: &'static str, quiet: bool) -> (Progress, Option<Bar>) {
    if quiet || !std::io::stderr().is_terminal() || std::env::var_os("TERM").is_none_or(|term| term == "dumb")
    {
        return (Progress::NONE, None);
    }
    BAR.get_or_init(|| new_bar(verb, ProgressDrawTarget::stderr()));
    let expect = |bytes| BAR.get().into_iter().for_each(|bar| lengthen(bar, bytes));
    let advance = |bytes| BAR.get().into_iter().for_each(|bar| bar.inc(bytes));
    (Progress { expect, advance }, Some(Bar(())))
}

fn new_bar(verb: &'static str, target: ProgressDrawTarget) -> ProgressBar {
    ProgressBar::with_draw_target(None, target).with_style(style(UNKNOWN)).with_message(verb)
}

/// Adds a layer's bytes to what there will be; before the first, nobody knows how much that is.
fn lengthen(bar: &ProgressBar, bytes: u64) {
    match bar.length() {
        Some(_) => bar.inc_length(bytes),
        None => {
            bar.set_style(style(KNOWN));
            bar.set_length(bytes);
        }
    }
}

const UNKNOWN: &str = "{msg} {bytes} {bytes_per_sec}";
const KNOWN: &str = "{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec}";

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).expect("both templates are good: a test makes them");
    style.progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_grows_with_each_layer() {
        let bar = new_bar("Loading", ProgressDrawTarget::hidden());
        bar.inc(60);
        assert_eq!((bar.position(), bar.length()), (60, None));
        lengthen(&bar, 100);
        lengthen(&bar, 50);
        assert_eq!((bar.position(), bar.length()), (60, Some(150)));
    }
}
