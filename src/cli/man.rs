//! `coracle man DIRECTORY`: writes the manual pages, made from the command tree. Those in the repository's `man/` and
//! the scripts in `completions/` are checked in; a test here fails when they are stale, and writes them anew with
//! `UPDATE=1 cargo test --lib cli::man`.

use std::{fs, path::PathBuf};

use anyhow::Context;
use clap::{Args, Command};
use clap_mangen::Man;

use super::{Run, Verb, exit::Exit, help};

pub const VERB: Verb = Verb::new::<Pages>("man", &[], "Write the manual pages to a directory").hidden();

#[derive(Debug, Args)]
pub struct Pages {
    directory: PathBuf,
}

impl Run for Pages {
    fn run(self) -> anyhow::Result<Exit> {
        for (name, page) in pages()? {
            let path = self.directory.join(name);
            fs::write(&path, page).with_context(|| format!("write {}", path.display()))?;
        }
        Ok(Exit::Success)
    }
}

/// All pages by their file names. A command's second name has a whole page too: `man -l` follows no reference.
fn pages() -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut pages = Vec::new();
    collect(help::tree(), "coracle".to_owned(), &mut pages)?;
    Ok(pages)
}

fn collect(command: Command, name: String, pages: &mut Vec<(String, Vec<u8>)>) -> anyhow::Result<()> {
    for child in command.get_subcommands() {
        let child_name = format!("{name}-{}", child.get_name());
        collect(child.clone(), child_name, pages)?;
    }
    let mut page = Vec::new();
    let source = format!("coracle {}", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.display_name(&name)).title(&name).source(source);
    man.render(&mut page).context("write a manual page")?;
    page.extend(sections(&name).iter().flat_map(|section| section.bytes()));
    pages.push((format!("{name}.1"), page));
    Ok(())
}

/// What clap knows nothing of.
fn sections(name: &str) -> &'static [&'static str] {
    match name.strip_prefix("coracle-").map(|verb| verb.trim_start_matches("container-")) {
        None => &[EXIT_STATUS, ENVIRONMENT, FILES, SEE_ALSO],
        Some("run") => &[EXIT_STATUS_OF_RUN, PROGRAMS_END, SEE_COMMAND],
        Some("exec") => &[EXIT_STATUS_OF_EXEC, PROGRAMS_END, SEE_COMMAND],
        Some("start") => &[EXIT_STATUS_OF_START, SEE_COMMAND],
        Some(_) => &[SEE_COMMAND],
    }
}

const EXIT_STATUS: &str = r#".SH "EXIT STATUS"
0 if all was done, 1 if something was not, 125 for a wrong option, and 125 from
.BR coracle\-load (1),
.BR coracle\-import (1)
and
.BR coracle\-pull (1)
for input that they cannot take. With
.BR coracle\-run (1),
.BR coracle\-exec (1)
and
.B coracle start \-a
it is that of the container's program.
"#;

const EXIT_STATUS_OF_RUN: &str = r#".SH "EXIT STATUS"
The program's own; with \-d, 0 once it runs. Else:
.TP
.B 125
There is no container, or an option is wrong.
"#;

const EXIT_STATUS_OF_EXEC: &str = r#".SH "EXIT STATUS"
The program's own; with \-d, 0 once it runs. Else:
.TP
.B 1
There is no such container, or it does not run.
.TP
.B 125
An option is wrong, or the container could not be entered.
"#;

/// How an exit status tells of a program, behind what is particular to `run` and `exec`.
const PROGRAMS_END: &str = r#".TP
.B 126
The program cannot be executed.
.TP
.B 127
The program was not found.
.TP
.B 128+n
Signal n ended the program.
"#;

const EXIT_STATUS_OF_START: &str = r#".SH "EXIT STATUS"
With \-a or \-i the program's own, 128+n if signal n ended it. Else 0, or 1 if a container could not be found; 125 if its
program could not be started, 126 if that cannot be executed, 127 if it was not found.
"#;

const ENVIRONMENT: &str = r#".SH ENVIRONMENT
.TP
.B CORACLE_ROOT
The state directory, where \-\-root does not name one.
.TP
.B XDG_DATA_HOME
The state directory is coracle in this one, where CORACLE_ROOT is not set; ~/.local/share if this is not set either.
.TP
.B XDG_RUNTIME_DIR
Sockets are kept in its directory coracle. Where there is none, they are kept in the state directory.
.TP
.B CORACLE_WITHOUT
Features of the kernel to do without, with commas in between (openat2,overlay): it shows what a host does that lacks them.
.TP
.B NO_COLOR
Messages have no colour if it is set.
"#;

const FILES: &str = r#".SH FILES
.TP
.I ~/.local/share/coracle
The state directory: blobs of images, unpacked layers, containers, volumes.
.TP
.I $XDG_RUNTIME_DIR/coracle
Sockets of running containers.
.TP
.IR /etc/subuid ", " /etc/subgid
The ids that a container's users have besides the caller's own.
"#;

const SEE_ALSO: &str = r#".SH "SEE ALSO"
.BR user_namespaces (7),
.BR subuid (5),
.BR newuidmap (1)
"#;

const SEE_COMMAND: &str = r#".SH "SEE ALSO"
.BR coracle (1)
"#;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap_complete::Shell;

    use super::*;
    use crate::cli::completion;

    /// The files that are made from the command tree, by their paths in the repository.
    fn reference() -> Vec<(String, Vec<u8>)> {
        let pages = pages().unwrap().into_iter().map(|(name, page)| (format!("man/{name}"), page));
        let scripts =
            [(Shell::Bash, "coracle.bash"), (Shell::Zsh, "_coracle"), (Shell::Fish, "coracle.fish")];
        let scripts = scripts.map(|(shell, name)| (format!("completions/{name}"), completion::script(shell)));
        pages.chain(scripts).collect()
    }

    #[test]
    fn every_page_is_whole_and_about_its_command() {
        for (name, page) in pages().unwrap() {
            let text =
                String::from_utf8(page).unwrap().replace("\\-", "-").replace("\\fB", "").replace("\\fR", "");
            let command = name.trim_end_matches(".1");
            let title = format!("NAME\n{command} - ");
            let synopsis = format!("SYNOPSIS\n{}", command.replace('-', " "));
            assert!(text.contains(&title) && text.contains(&synopsis), "{name}: {text}");
            assert!(text.contains("SEE ALSO"), "{name}");
        }
    }

    #[test]
    fn what_is_checked_in_is_what_the_tree_gives() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let reference = reference();
        if std::env::var_os("UPDATE").is_some() {
            for directory in ["man", "completions"] {
                let _ = fs::remove_dir_all(root.join(directory));
                fs::create_dir(root.join(directory)).unwrap();
            }
            for (path, content) in &reference {
                fs::write(root.join(path), content).unwrap();
            }
        }
        let mut stale: Vec<String> = Vec::new();
        for (path, content) in &reference {
            if fs::read(root.join(path)).ok().as_ref() != Some(content) {
                stale.push(path.clone());
            }
        }
        for directory in ["man", "completions"] {
            for entry in fs::read_dir(root.join(directory)).into_iter().flatten() {
                let path = format!("{directory}/{}", entry.unwrap().file_name().display());
                if !reference.iter().any(|(known, _)| *known == path) {
                    stale.push(path);
                }
            }
        }
        assert!(
            stale.is_empty(),
            "stale: {stale:?}; write them anew with UPDATE=1 cargo test --lib cli::man"
        );
    }
}
