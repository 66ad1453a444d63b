//! Extended attributes by descriptor, and by O_PATH descriptor where the file itself cannot be opened. xattr(7).

use std::{
    ffi::{CStr, CString},
    os::fd::{AsFd, AsRawFd},
    path::Path,
};

use rustix::{fs::XattrFlags, io::Errno};

use super::error::{During, SyscallError};

/// What an attribute is read from or written to.
#[derive(Debug, Clone, Copy)]
pub enum Of<'a> {
    /// An open file.
    File(std::os::fd::BorrowedFd<'a>),
    /// An O_PATH descriptor: reached through /proc/self/fd, which follows it and nothing else. (A symbolic link opened
    /// so answers ELOOP: use [`Of::Link`].)
    PathFd(std::os::fd::BorrowedFd<'a>),
    /// A path, of which a symbolic link at its end is not followed.
    Link(&'a Path),
}

/// An attribute's value, or `None` where the file has no such attribute or the file system knows none.
pub fn get(of: Of<'_>, name: &CStr) -> Result<Option<Vec<u8>>, SyscallError> {
    let mut value = vec![0; 256];
    loop {
        let answer = match of {
            Of::File(fd) => rustix::fs::fgetxattr(fd, name, value.as_mut_slice()),
            Of::PathFd(fd) => rustix::fs::getxattr(proc_path(fd), name, value.as_mut_slice()),
            Of::Link(path) => rustix::fs::lgetxattr(path, name, value.as_mut_slice()),
        };
        match answer {
            Ok(length) => {
                value.truncate(length);
                return Ok(Some(value));
            }
            Err(Errno::NODATA | Errno::OPNOTSUPP) => return Ok(None),
            // A value has 64 KiB at most.
            Err(Errno::RANGE) if value.len() < 1 << 16 => value.resize(1 << 16, 0),
            Err(errno) => return Err(SyscallError::new(format!("getxattr({name:?})"), errno)),
        }
    }
}

/// Sets an attribute, new or not.
pub fn set(of: Of<'_>, name: &CStr, value: &[u8]) -> Result<(), SyscallError> {
    let none = XattrFlags::empty();
    match of {
        Of::File(fd) => rustix::fs::fsetxattr(fd, name, value, none),
        Of::PathFd(fd) => rustix::fs::setxattr(proc_path(fd), name, value, none),
        Of::Link(path) => rustix::fs::lsetxattr(path, name, value, none),
    }
    .during(|| format!("setxattr({name:?})"))
}

/// Removes an attribute; one that is not there is no error.
pub fn remove(of: Of<'_>, name: &CStr) -> Result<(), SyscallError> {
    let answer = match of {
        Of::File(fd) => rustix::fs::fremovexattr(fd, name),
        Of::PathFd(fd) => rustix::fs::removexattr(proc_path(fd), name),
        Of::Link(path) => rustix::fs::lremovexattr(path, name),
    };
    match answer {
        Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(()),
        answer => answer.during(|| format!("removexattr({name:?})")),
    }
}

/// The names of all attributes; none where the file system knows none.
pub fn list(of: Of<'_>) -> Result<Vec<CString>, SyscallError> {
    let mut names = vec![0; 1024];
    loop {
        let answer = match of {
            Of::File(fd) => rustix::fs::flistxattr(fd, names.as_mut_slice()),
            Of::PathFd(fd) => rustix::fs::listxattr(proc_path(fd), names.as_mut_slice()),
            Of::Link(path) => rustix::fs::llistxattr(path, names.as_mut_slice()),
        };
        match answer {
            Ok(length) => {
                let each = names[..length].split_inclusive(|byte| *byte == 0);
                return Ok(each
                    .filter_map(|name| CStr::from_bytes_with_nul(name).ok().map(CStr::to_owned))
                    .collect());
            }
            Err(Errno::OPNOTSUPP) => return Ok(Vec::new()),
            Err(Errno::RANGE) if names.len() < 1 << 16 => names.resize(1 << 16, 0),
            Err(errno) => return Err(SyscallError::new("listxattr()", errno)),
        }
    }
}

fn proc_path(fd: impl AsFd) -> String {
    format!("/proc/self/fd/{}", fd.as_fd().as_raw_fd())
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn each_way_to_a_file_sees_the_same_attributes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let file = std::fs::File::create(&path).unwrap();
        let name = c"user.coracle.test";
        let long = vec![b'x'; 900];
        if let Err(error) = set(Of::File(file.as_fd()), name, &long) {
            return eprintln!("skipped: each_way_to_a_file_sees_the_same_attributes: {error}");
        }
        let handle = crate::sys::fd::open_path(&path).unwrap();
        for of in [Of::File(file.as_fd()), Of::PathFd(handle.as_fd()), Of::Link(&path)] {
            assert_eq!(get(of, name).unwrap(), Some(long.clone()));
            assert!(list(of).unwrap().contains(&name.to_owned()));
        }
        remove(Of::Link(&path), name).unwrap();
        remove(Of::File(file.as_fd()), name).unwrap();
        assert_eq!(get(Of::PathFd(handle.as_fd()), name).unwrap(), None);
    }
}
