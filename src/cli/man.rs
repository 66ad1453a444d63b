//! `coracle man DIRECTORY`: writes the manual pages, made from the command tree. Those in the repository's `man/` and
//! the scripts in `completions/` are checked in; a test here fails when they are stale, and writes them anew with
//! `UPDATE=1 cargo test --lib cli::man`.

use std::{fs, path::PathBuf};

use anyhow::Context;
use clap::{Args, Command};
use clap_mangen::Man;

use super::{Run, TOP, Verb, exit::Exit, help};

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

/// All pages by their file names. A command's second name has a page that refers to the first's.
fn pages() -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut pages = Vec::new();
    collect(help::tree(), "coracle".to_owned(), &mut pages)?;
    Ok(pages)
}

fn collect(command: Command, name: String, pages: &mut Vec<(String, Vec<u8>)>) -> anyhow::Result<()> {
    for child in command.get_subcommands() {
        let child_name = format!("{name}-{}", child.get_name());
        match TOP.iter().find(|(word, ..)| child_name == format!("coracle-{word}")) {
            Some((_, noun, verb)) => {
                let page = format!(".so man1/coracle-{noun}-{verb}.1\n");
                pages.push((format!("{child_name}.1"), page.into_bytes()));
            }
            None => collect(child.clone(), child_name, pages)?,
        }
    }
    let mut page = Vec::new();
    let source = format!("coracle {}", env!("CARGO_PKG_VERSION"));
    Man::new(command.display_name(&name)).source(source).render(&mut page).context("write a manual page")?;
    pages.push((format!("{name}.1"), page));
    Ok(())
}

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
