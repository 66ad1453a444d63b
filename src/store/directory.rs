//! Makes the store's directories: as late as possible, and closed to everybody else whatever the umask is.
//! mkdir(2), chmod(2).

use std::{
    fs::{self, DirBuilder, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::Path,
};

use anyhow::Context;

/// Makes a directory of the store, mode 0700, and those above it that are missing. One that is there is left alone.
pub fn make(path: &Path) -> anyhow::Result<()> {
    make_all(path, 0o700).with_context(|| format!("make the directory {}", path.display()))
}

/// Makes a directory that must not be there yet, below one that must.
pub fn make_new(path: &Path, mode: u32) -> io::Result<()> {
    DirBuilder::new().mode(mode).create(path)?;
    // mkdir(2) takes the umask's bits away; a umask of 0777 would lock us out of our own directory.
    fs::set_permissions(path, Permissions::from_mode(mode))
}

fn make_all(path: &Path, mode: u32) -> io::Result<()> {
    match make_new(path, mode) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let parent = path.parent().ok_or(error)?;
            make_all(parent, mode)?;
            // Once more and no oftener: in /proc, and above a link that leads nowhere, nothing can be made.
            unless_there(make_new(path, mode))
        }
        result => unless_there(result),
    }
}

fn unless_there(made: io::Result<()>) -> io::Result<()> {
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_what_is_missing_and_keeps_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/c");
        make(&path).unwrap();
        for made in ["a", "a/b", "a/b/c"] {
            let mode = fs::metadata(dir.path().join(made)).unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, 0o700, "{made}");
        }
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        make(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o755);
        assert!(make_new(&path, 0o700).is_err());
        assert!(make(Path::new("/proc/no/such")).is_err());
    }

    #[test]
    fn a_link_that_leads_nowhere_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        let path = link.join("a/b");
        let error = make(&path).unwrap_err();
        assert_eq!(format!("{}", error.root_cause()), "No such file or directory (os error 2)");
    }
}
