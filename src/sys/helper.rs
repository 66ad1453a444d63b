//! The only place that starts a helper program: newuidmap, newgidmap, getsubids. They run without a shell, with no
//! standard input, and what they say is kept for the error.

use std::{
    ffi::OsStr,
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A helper that was started.
#[derive(Debug)]
pub struct Helper {
    name: String,
    child: Child,
}

/// Where programs are looked for without a `PATH` (`env -i`): a user's ids must not depend on it.
const USUAL_PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/// Finds a program in `PATH`; relative entries do not count, since they mean the current directory.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| USUAL_PATH.into());
    std::env::split_paths(&path).filter(|dir| dir.is_absolute()).map(|dir| dir.join(name)).find(|file| {
        file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    })
}

/// Finds a program in `PATH` whose file gives it privileges.
pub fn find_privileged(name: &str) -> Option<PathBuf> {
    find(name).filter(|file| is_privileged(file))
}

/// Says whether a program's file would give it privileges: set-user-id or file capabilities, and not on a nosuid mount.
pub fn is_privileged(file: &Path) -> bool {
    use rustix::fs::StatVfsMountFlags;
    let nosuid = rustix::fs::statvfs(file).is_ok_and(|fs| fs.f_flag.contains(StatVfsMountFlags::NOSUID));
    let set_user_id = file.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o4000 != 0);
    !nosuid && (set_user_id || rustix::fs::getxattr(file, c"security.capability", &mut [0; 32][..]).is_ok())
}

impl Helper {
    /// Starts a program; several run side by side.
    pub fn start<A: AsRef<OsStr>>(
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
    ) -> io::Result<Helper> {
        #[expect(clippy::disallowed_methods, reason = "this is sys/helper.rs")]
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(Helper { name: program.display().to_string(), child: command.spawn()? })
    }

    /// Waits for its end and gives what it printed; its own message is the error.
    pub fn finish(self) -> Result<String, String> {
        let Helper { name, child } = self;
        let output = child.wait_with_output().map_err(|error| format!("{name}: {error}"))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        match said.trim() {
            "" => Err(format!("{name}: {}", output.status)),
            said => Err(said.replace('\n', "; ")),
        }
    }
}

/// Starts a program and waits for its end.
pub fn run<A: AsRef<OsStr>>(
    program: &Path,
    arguments: impl IntoIterator<Item = A>,
) -> Result<String, String> {
    Helper::start(program, arguments).map_err(|error| format!("{}: {error}", program.display()))?.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_a_helper_said() {
        let shell = find("sh").unwrap();
        assert_eq!(run(&shell, ["-c", "echo yes"]), Ok("yes\n".to_owned()));
        assert_eq!(run(&shell, ["-c", "echo no >&2; exit 3"]), Err("no".to_owned()));
        assert!(run(&shell, ["-c", "exit 3"]).unwrap_err().contains('3'));
        assert!(find("there-is-no-such-program").is_none());
    }
}
